//! Files in places where others may put things: looked at without following a link, waiting at
//! a pipe or reading more than is asked for.
//!
//! Whoever names such a file by somebody's name goes through [`inside`], since a name may hold
//! `..` and `/`.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{FileType, Mode, OFlags, fstat, lstat, open};
use rustix::io::Errno;

use crate::base::id::Uid;
use crate::base::units::Bytes;

use super::root::Root;

/// What can be seen of a directory entry from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) owner: Uid,
    pub(super) size: Bytes,
    pub(super) kind: FileType,
}

/// The entry itself, not what it points to; `None` when it is absent or may not be seen.
pub(super) fn look(root: &Root, path: &str) -> Option<Entry> {
    let stat = lstat(root.path(path)).ok()?;
    Some(Entry {
        owner: Uid(stat.st_uid),
        size: Bytes(u64::try_from(stat.st_size).unwrap_or_default()),
        kind: FileType::from_raw_mode(stat.st_mode),
    })
}

/// Where an entry of a directory is; `None` for a name that would lead elsewhere.
pub(super) fn inside(dir: &str, name: &str) -> Option<String> {
    let leads_away = name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']);
    (!leads_away).then(|| format!("{dir}/{name}"))
}

/// A regular file, open for reading; `None` when it is absent or something else.
pub(super) fn file(root: &Root, path: &str) -> Result<Option<File>, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match open(root.path(path), flags, Mode::empty()) {
        Ok(fd) => {
            let regular = FileType::from_raw_mode(fstat(&fd)?.st_mode) == FileType::RegularFile;
            Ok(regular.then(|| File::from(fd)))
        }
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The beginning of a regular file.
pub(super) fn start(root: &Root, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Errno> {
    let Some(file) = file(root, path)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    let read = file.take(limit).read_to_end(&mut bytes);
    read.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    Ok(Some(bytes))
}

/// One record of a file of records, by its number; `None` beyond the end.
pub(super) fn record<const N: usize>(file: &File, number: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let at = number.checked_mul(N as u64)?;
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        assert_eq!(inside("/var/mail", "alice").unwrap(), "/var/mail/alice");
        for name in ["", ".", "..", "../shadow", "a/b", "a\0b"] {
            assert_eq!(inside("/var/mail", name), None, "{name:?}");
        }
    }

    #[test]
    fn links_and_pipes_are_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("proc")).unwrap();
        let root = Root::fixture(dir.path()).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_eq!(start(&root, "/link", 9), Ok(None));
        assert_eq!(start(&root, "/pipe", 9), Ok(None));
        assert_eq!(start(&root, "/nothing", 9), Ok(None));
        assert_eq!(look(&root, "/link").unwrap().kind, FileType::Symlink);
    }
}
