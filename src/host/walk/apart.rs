//! Trees that a walk leaves out: by what they are, so that no link, no second name and no mount
//! leads into them, and by where they are, so that nothing mounted in them is entered either.

use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{AtFlags, CWD, statat};
use rustix::io::Errno;

use crate::host::root::Root;

use super::mounts::{PASSED_OVER, is_within};

/// Trees that are left out.
#[derive(Clone, Debug, Default)]
pub(in crate::host) struct Apart {
    /// Devices and inodes of their directories.
    known: Vec<(u64, u64)>,
    /// Where they really are.
    paths: Vec<Vec<u8>>,
    /// What cannot be told of them: a walk that changes something must not begin.
    pub(in crate::host) unknown: Option<String>,
}

impl Apart {
    /// A home, and every tree whose uids are not this host's own. Looks at disks, which may hang.
    pub(in crate::host) fn of(root: &Root, home: &str) -> Self {
        let mut apart = Self::default();
        for path in PASSED_OVER.iter().copied().chain([home]) {
            // An account without a home leaves nothing out; "" would be all there is.
            if path.starts_with('/')
                && let Err(why) = apart.adds(root, path)
            {
                apart.unknown.get_or_insert_with(|| {
                    format!("cannot tell where {path} is, which is to be left alone: {why}")
                });
            }
        }
        apart
    }

    fn adds(&mut self, root: &Root, path: &str) -> Result<(), Errno> {
        let stat = match rustix::fs::stat(root.path(path)) {
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
            other => other?,
        };
        self.known.push((stat.st_dev, stat.st_ino));
        self.paths.push(really(root, path).ok_or(Errno::IO)?);
        Ok(())
    }

    /// Whether this is one of their directories.
    pub(super) fn is(&self, device: u64, inode: u64) -> bool {
        self.known.contains(&(device, inode))
    }

    /// Whether a path lies in one of them, as far as its text tells.
    pub(super) fn has(&self, path: &[u8]) -> bool {
        self.paths.iter().any(|dir| is_within(path, dir))
    }

    /// Whether a walk must not begin at a mount, which may lie in one of them under another name.
    pub(super) fn holds(&self, root: &Root, start: &[u8]) -> bool {
        let text = String::from_utf8_lossy(start);
        let above = text.match_indices('/').map(|(at, _)| &text[..at.max(1)]);
        self.has(start)
            || above.chain([&*text]).any(|dir| {
                let stat = statat(CWD, root.path(dir), AtFlags::SYMLINK_NOFOLLOW);
                stat.is_ok_and(|stat| self.is(stat.st_dev, stat.st_ino))
            })
    }
}

/// Where a path leads on this host; its own text where that is outside of a fixture tree.
fn really(root: &Root, path: &str) -> Option<Vec<u8>> {
    let real = |path: &str| std::fs::canonicalize(root.path(path)).ok();
    let (top, full) = (real("/")?, real(path)?);
    let inner = full.strip_prefix(&top).ok();
    let bytes = inner.map_or(path.as_bytes(), |inner| inner.as_os_str().as_bytes());
    let mut whole = vec![b'/'];
    whole.extend_from_slice(bytes.strip_prefix(b"/").unwrap_or(bytes));
    Some(whole)
}
