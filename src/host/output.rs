//! What the caller takes away: new files, by the path they name.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, OFlags, statat, unlink};

/// Whether there is anything of that name, a link that leads nowhere included.
#[must_use]
pub fn is_there(path: &str) -> bool {
    statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

/// Writes a new file, for its owner alone; returns where it is. What is there already, be it a
/// link, is neither followed nor replaced.
///
/// # Errors
/// When something is there, or it cannot be written whole; then nothing is left of it.
pub fn new_file(path: &str, text: &str) -> io::Result<PathBuf> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(no_follow())
        .open(path)?;
    if let Err(error) = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
    {
        // Half a note is none; the error that counts is the first one.
        let _ = unlink(path);
        return Err(error);
    }
    // Where it is can be told by another name too.
    Ok(std::path::absolute(path).unwrap_or_else(|_| Path::new(path).to_owned()))
}

#[expect(clippy::cast_possible_wrap, reason = "a flag of open(2)")]
fn no_follow() -> i32 {
    OFlags::NOFOLLOW.bits() as i32
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_new_file_is_its_owners_alone_and_nothing_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("note.txt");
        let name = path.to_str().unwrap();
        assert!(!is_there(name));
        assert_eq!(new_file(name, "hello\n").unwrap(), path);
        assert!(is_there(name));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let again = new_file(name, "other\n").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello\n");
    }

    #[test]
    fn no_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        let target = dir.path().join("target");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let name = link.to_str().unwrap();
        assert!(is_there(name));
        assert_eq!(
            new_file(name, "x").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert!(!target.exists());
    }
}
