//! The directory that every path starts from: `/`, or a fixture tree.
//!
//! Absence is a value here: a file that is not there, or whose process or cgroup ended while it
//! was read, is `None`. Any other failure carries the path.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::base::id::Uid;
use crate::base::units::Bytes;

/// Where the machine's files are.
#[derive(Clone, Debug)]
pub struct Root {
    dir: PathBuf,
    live: bool,
}

/// A file that could not be read, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct ReadError {
    path: PathBuf,
    source: io::Error,
}

impl ReadError {
    /// Whether the caller lacks the right to read it.
    #[must_use]
    pub fn denied(&self) -> bool {
        self.source.kind() == io::ErrorKind::PermissionDenied
    }
}

/// Why a directory cannot be looked at as a host.
#[derive(Debug, thiserror::Error)]
#[error("--root {}: {reason}; give a directory that holds a host's files, with proc/ in it", dir.display())]
pub struct BadRoot {
    dir: PathBuf,
    reason: &'static str,
}

impl Root {
    /// This very host.
    #[must_use]
    pub fn live() -> Self {
        Self {
            dir: PathBuf::from("/"),
            live: true,
        }
    }

    /// A fixture tree, looked at and never changed.
    ///
    /// # Errors
    /// When it is no directory, or has no `proc` in it.
    pub fn fixture(dir: &Path) -> Result<Self, BadRoot> {
        let reason = if !dir.is_dir() {
            "it is not a directory"
        } else if !dir.join("proc").is_dir() {
            "it has no proc directory"
        } else {
            return Ok(Self {
                dir: dir.to_owned(),
                live: false,
            });
        };
        Err(BadRoot {
            dir: dir.to_owned(),
            reason,
        })
    }

    /// Whether this is the running machine, so that system calls speak of the same host.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Where an absolute path of the host lies.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.join(path.trim_start_matches('/'))
    }

    /// A whole file.
    ///
    /// # Errors
    /// For anything but absence.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let mut bytes = Vec::new();
        Ok(self.read_into(path, &mut bytes)?.then_some(bytes))
    }

    /// A whole file into a buffer that is used again; tells whether it was there.
    ///
    /// # Errors
    /// For anything but absence.
    pub fn read_into(&self, path: &str, bytes: &mut Vec<u8>) -> Result<bool, ReadError> {
        self.read_start(path, usize::MAX, bytes)
    }

    /// The first bytes of a file whose length is somebody else's choice.
    ///
    /// # Errors
    /// For anything but absence.
    pub fn read_start(
        &self,
        path: &str,
        limit: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<bool, ReadError> {
        bytes.clear();
        let path = self.path(path);
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let read = std::fs::File::open(&path).and_then(|file| file.take(limit).read_to_end(bytes));
        match read {
            Ok(_) => Ok(true),
            Err(source) if is_absence(&source) => Ok(false),
            Err(source) => Err(ReadError { path, source }),
        }
    }

    /// The last bytes of a file that may be long.
    ///
    /// # Errors
    /// For anything but absence.
    pub fn read_end(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let path = self.path(path);
        let read = || -> io::Result<Vec<u8>> {
            #[expect(clippy::disallowed_methods, reason = "this is the one place")]
            let mut file = std::fs::File::open(&path)?;
            let length = file.seek(SeekFrom::End(0))?;
            file.seek(SeekFrom::Start(length.saturating_sub(limit)))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        match read() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(source) if is_absence(&source) => Ok(None),
            Err(source) => Err(ReadError { path, source }),
        }
    }

    /// What can be seen of a file: `None` when it is absent, refused or unreadable.
    #[must_use]
    pub fn peek(&self, path: &str) -> Option<String> {
        let bytes = self.read(path).ok().flatten()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Names in a directory, sorted; empty when it is absent or refused.
    #[must_use]
    pub fn list(&self, path: &str) -> Vec<OsString> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let Ok(entries) = std::fs::read_dir(self.path(path)) else {
            return Vec::new();
        };
        let mut names: Vec<OsString> = entries.flatten().map(|e| e.file_name()).collect();
        names.sort();
        names
    }

    /// Whether a directory can be listed; an absent one can, and is empty.
    ///
    /// # Errors
    /// When it is there and cannot.
    pub fn may_list(&self, path: &str) -> Result<(), ReadError> {
        let path = self.path(path);
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        match std::fs::read_dir(&path) {
            Ok(_) => Ok(()),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(ReadError { path, source }),
        }
    }

    /// How many entries a directory has; `None` when it is absent or refused.
    #[must_use]
    pub fn count(&self, path: &str) -> Option<u64> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let entries = std::fs::read_dir(self.path(path)).ok()?;
        Some(entries.count() as u64)
    }

    /// Names in a directory that are text, sorted.
    pub fn list_names(&self, path: &str) -> impl Iterator<Item = String> + use<> {
        let text = |name: OsString| name.into_string().ok();
        self.list(path).into_iter().filter_map(text)
    }

    /// Names of the directories in a directory, in no order.
    pub fn subdirectories(&self, path: &str) -> impl Iterator<Item = String> + use<> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let entries = std::fs::read_dir(self.path(path))
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .filter_map(|entry| entry.file_name().into_string().ok())
    }

    /// The link count of a directory: two and one for each directory in it, on file systems that
    /// count; `None` when it is absent.
    #[must_use]
    pub fn links(&self, path: &str) -> Option<u64> {
        rustix::fs::stat(self.path(path))
            .ok()
            .map(|stat| stat.st_nlink)
    }

    /// Who owns a file or directory.
    #[must_use]
    pub fn owner(&self, path: &str) -> Option<Uid> {
        rustix::fs::stat(self.path(path))
            .ok()
            .map(|stat| Uid(stat.st_uid))
    }

    /// When a directory or file was last changed: seconds and nanoseconds.
    #[must_use]
    pub fn modified(&self, path: &str) -> Option<(i64, u64)> {
        let stat = rustix::fs::stat(self.path(path)).ok()?;
        Some((stat.st_mtime, stat.st_mtime_nsec))
    }

    /// When a terminal was last typed on, in seconds since 1970.
    #[must_use]
    pub fn accessed(&self, path: &str) -> Option<i64> {
        let stat = rustix::fs::stat(self.path(path)).ok()?;
        Some(stat.st_atime)
    }

    /// What is used of a file system and what an ordinary user may still write. It waits for as
    /// long as the file system takes to answer.
    #[must_use]
    pub fn space(&self, mount: &str) -> Option<(Bytes, Bytes)> {
        let fs = rustix::fs::statvfs(self.path(mount)).ok()?;
        let bytes = |blocks: u64| Bytes(blocks.saturating_mul(fs.f_frsize));
        let used = bytes(fs.f_blocks.saturating_sub(fs.f_bfree));
        Some((used, bytes(fs.f_bavail)))
    }

    /// Whether something is there; a link counts when what it points to does.
    #[must_use]
    pub fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// Whether it is a directory.
    #[must_use]
    pub fn is_dir(&self, path: &str) -> bool {
        self.path(path).is_dir()
    }

    /// Whether it is a regular file that someone may execute.
    #[must_use]
    pub fn is_executable(&self, path: &str) -> bool {
        use std::os::unix::fs::PermissionsExt as _;
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let Ok(meta) = std::fs::metadata(self.path(path)) else {
            return false;
        };
        meta.is_file() && meta.permissions().mode() & 0o111 != 0
    }

    /// Where a symbolic link points, as it is written.
    #[must_use]
    pub fn link(&self, path: &str) -> Option<OsString> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let target = std::fs::read_link(self.path(path)).ok()?;
        Some(target.into_os_string())
    }

    /// The first of several executables that is there.
    #[must_use]
    pub fn find_executable(&self, name: &str) -> Option<String> {
        [
            "/usr/bin",
            "/usr/sbin",
            "/bin",
            "/sbin",
            "/usr/local/bin",
            "/usr/local/sbin",
        ]
        .iter()
        .map(|dir| format!("{dir}/{name}"))
        .find(|path| self.is_executable(path))
    }
}

/// Not there, or gone while it was read: a process (`ESRCH`), a cgroup (`ENODEV`).
fn is_absence(error: &io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    error.kind() == io::ErrorKind::NotFound
        || matches!(
            errno,
            Some(
                rustix::io::Errno::SRCH
                    | rustix::io::Errno::NODEV
                    | rustix::io::Errno::NOTDIR
                    | rustix::io::Errno::OPNOTSUPP
            )
        )
}

/// A directory entry that is a number, as process directories are.
#[must_use]
pub(super) fn numeric(name: &OsStr) -> Option<u32> {
    let text = name.to_str()?;
    text.as_bytes()
        .first()
        .is_some_and(u8::is_ascii_digit)
        .then(|| text.parse().ok())?
}
