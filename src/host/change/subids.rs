//! Ranges of `subuid(5)` and `subgid(5)` under an owner that is no account, so that useradd does
//! not hand them to the next person.

use std::fs::File;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags};

use crate::host::root::Root;
use crate::host::{clock, durable};

use super::ActionError;

/// What shadow's own tools hold while they change account files, see lckpwdf(3).
const LOCK: &str = "/etc/.pwd.lock";
/// They wait 15 seconds for it.
const LOOKS: u32 = 150;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Adds ranges, each as `first+count`.
pub(super) fn reserve(
    root: &Root,
    path: &str,
    owner: &str,
    ranges: &str,
) -> Result<(), ActionError> {
    change(root, path, |mut text| {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        for range in ranges.split(' ') {
            text.push_str(&format!("{owner}:{}\n", range.replace('+', ":")));
        }
        text
    })
}

/// Takes an owner's ranges out.
pub(super) fn free(root: &Root, path: &str, owner: &str) -> Result<(), ActionError> {
    let mark = format!("{owner}:");
    change(root, path, |text| {
        let others = text.lines().filter(|line| !line.starts_with(&mark));
        others.fold(String::new(), |kept, line| kept + line + "\n")
    })
}

fn change(root: &Root, path: &str, edit: impl FnOnce(String) -> String) -> Result<(), ActionError> {
    let other = |why: String| ActionError::Other(format!("cannot change {path}: {why}"));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let lock = rustix::fs::open(root.path(LOCK), flags, Mode::from_raw_mode(0o600))
        .map(File::from)
        .map_err(|error| other(format!("{LOCK}: {error}")))?;
    let mut waits = 0..LOOKS;
    while rustix::fs::fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        if waits.next().is_none() {
            return Err(other(
                "another program is changing accounts: try again when it has ended".to_owned(),
            ));
        }
        clock::pause(LOOK_AGAIN);
    }
    let bytes = root.read(path).map_err(|error| other(error.to_string()))?;
    let text = String::from_utf8(bytes.unwrap_or_default())
        .map_err(|_| other("it is not text".to_owned()))?;
    let mode = durable::stat(root, path).map_or(0o644, |stat| stat.st_mode & 0o7777);
    Ok(durable::replace(root, path, edit(text).as_bytes(), mode)?)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_kept_under_another_name_and_freed_again() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["proc", "etc"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        let before = "bob:200000:65536\n";
        std::fs::write(dir.path().join("etc/subuid"), before).unwrap();
        let root = Root::fixture(dir.path()).unwrap();
        reserve(&root, "/etc/subuid", "~removed-7", "1+2 5+6").unwrap();
        let text = root.peek("/etc/subuid").unwrap();
        assert_eq!(text, format!("{before}~removed-7:1:2\n~removed-7:5:6\n"));
        free(&root, "/etc/subuid", "~removed-7").unwrap();
        assert_eq!(root.peek("/etc/subuid").as_deref(), Some(before));
    }
}
