//! What was not changed, though it is somebody's: told as what stays, or as a mere remark.

use rustix::io::Errno;

use crate::base::text::{counted, printable};
use crate::host::change::ActionError;

/// So many of those that stay are named.
const NAMED: usize = 5;

/// Some entries: how many, and the first of them.
#[derive(Default)]
struct Few {
    count: u64,
    named: Vec<String>,
}

impl Few {
    fn adds(&mut self, path: &[u8], why: impl std::fmt::Display) {
        self.count += 1;
        if self.named.len() < NAMED {
            self.named.push(format!("{}: {why}", printable(path, 200)));
        }
    }
}

/// What was not changed.
#[derive(Default)]
pub(super) struct Stays {
    /// It should have been.
    theirs: Few,
    /// Somebody else's, in which nobody could look: no reason for them to hold up a removal.
    unseen: Few,
    /// It is left to them on purpose.
    left: Few,
}

impl Stays {
    /// Something of theirs that could not be changed.
    pub(super) fn adds(&mut self, path: &[u8], why: impl std::fmt::Display) {
        self.theirs.adds(path, why);
    }

    /// Something of theirs that nobody else should receive.
    pub(super) fn leaves(&mut self, path: &[u8], why: &str) {
        self.left.adds(path, why);
    }

    /// Something that could not be looked at, and whose it is where that is known.
    pub(super) fn cannot(&mut self, path: &[u8], owner: (Option<u32>, u32), why: Errno) {
        let kind = match owner {
            (Some(owner), uid) if owner == uid => &mut self.theirs,
            _ => &mut self.unseen,
        };
        match why {
            Errno::NAMETOOLONG => kind.adds(path, "it is too deep"),
            why => kind.adds(path, why),
        }
    }

    /// What is to be said of it where all that should have been changed was.
    pub(super) fn end(self, done: &str) -> Result<Vec<String>, ActionError> {
        let Few { count, named } = &self.theirs;
        if *count == 0 {
            return Ok(self.remarks(done));
        }
        let what = counted(*count, "file or directory was", "files or directories were");
        let mut told = format!(
            "{what} not {done}: {}; immutable ones need `chattr -i`, those too deep or with too \
             long a name have to be moved or deleted by hand, then `benchwarden finish` does the \
             rest",
            named.join("; ")
        );
        for remark in self.remarks(done) {
            told += "; ";
            told += &remark;
        }
        Err(ActionError::Other(told))
    }

    fn remarks(&self, done: &str) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.left.count > 0 {
            let what = counted(self.left.count, "file was", "files were");
            remarks.push(format!(
                "{what} left alone and not {done}: {}",
                self.left.named.join("; ")
            ));
        }
        if self.unseen.count > 0 {
            let what = counted(self.unseen.count, "directory", "directories");
            remarks.push(format!(
                "{what} of others could not be looked into: {}",
                self.unseen.named.join("; ")
            ));
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_theirs_is_a_failure() {
        let mut stays = Stays::default();
        stays.cannot(b"/srv/bob", (Some(1002), 1001), Errno::NAMETOOLONG);
        stays.leaves(b"/tmp/link", "a link");
        let said = stays.end("given away").unwrap();
        assert_eq!(
            said,
            [
                "1 file was left alone and not given away: /tmp/link: a link",
                "1 directory of others could not be looked into: /srv/bob: it is too deep",
            ]
        );
        let mut stays = Stays::default();
        stays.cannot(b"/srv/bob", (Some(1002), 1001), Errno::IO);
        stays.cannot(b"/srv/ada", (Some(1001), 1001), Errno::NAMETOOLONG);
        let why = stays.end("deleted").unwrap_err().to_string();
        let begin = "1 file or directory was not deleted: /srv/ada: it is too deep; ";
        assert!(why.starts_with(begin), "{why}");
        assert!(why.ends_with("1 directory of others could not be looked into: /srv/bob: Input/output error (os error 5)"), "{why}");
    }
}
