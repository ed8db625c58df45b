//! What an account may be given: the bounds of `login.defs(5)` and the shells of `shells(5)`.

use super::local::Problem;
use super::parse::number;

/// From which ids `useradd` and `groupadd` choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginDefs {
    /// `UID_MIN`.
    pub uid_min: u32,
    /// `UID_MAX`.
    pub uid_max: u32,
    /// `GID_MIN`.
    pub gid_min: u32,
    /// `GID_MAX`.
    pub gid_max: u32,
}

impl Default for LoginDefs {
    fn default() -> Self {
        Self {
            uid_min: 1000,
            uid_max: 60_000,
            gid_min: 1000,
            gid_max: 60_000,
        }
    }
}

/// The bounds of ids from the bytes of `/etc/login.defs`.
#[must_use]
pub fn login_defs(file: &'static str, bytes: &[u8], problems: &mut Vec<Problem>) -> LoginDefs {
    let mut defs = LoginDefs::default();
    let text = String::from_utf8_lossy(bytes);
    for (at, line) in text.lines().enumerate() {
        let mut words = line.split_ascii_whitespace();
        let place = match words.next() {
            Some("UID_MIN") => &mut defs.uid_min,
            Some("UID_MAX") => &mut defs.uid_max,
            Some("GID_MIN") => &mut defs.gid_min,
            Some("GID_MAX") => &mut defs.gid_max,
            _ => continue,
        };
        match words.next().map(number) {
            Some(Ok(value)) => *place = value,
            _ => problems.push(Problem {
                file,
                line: at + 1,
                why: "the value is not a number",
            }),
        }
    }
    defs
}

/// Login shells from the bytes of `/etc/shells`.
#[must_use]
pub fn shells(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| line.starts_with('/'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds_and_shells_are_read() {
        let mut problems = Vec::new();
        let text = b"# UID_MIN 7\nUID_MIN\t500\nGID_MAX soon\n";
        let defs = login_defs("/etc/login.defs", text, &mut problems);
        assert_eq!((defs.uid_min, defs.gid_max), (500, 60_000));
        assert_eq!((problems.len(), problems[0].line), (1, 3));
        let found = shells(b"# x\n/bin/sh\n\n/bin/bash\n");
        assert_eq!(found, ["/bin/sh", "/bin/bash"]);
    }

    proptest! {
        #[test]
        fn no_bytes_break_a_parser(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = login_defs("d", &bytes, &mut Vec::new());
            let _ = shells(&bytes);
        }
    }
}
