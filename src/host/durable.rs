//! Files of root's that have to be there, whole, after a power cut: replaced atomically, appended
//! with a sync, moved without a moment in which they are nowhere.
//!
//! Only for directories that root alone can write; homes are for [`super::as_user`].

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Gid, Mode, OFlags, RenameFlags, Uid};

use super::root::Root;

/// A file that could not be written, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} {}: {source}", path.display())]
pub struct WriteError {
    verb: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl WriteError {
    /// Something that was tried on a path.
    pub(super) fn new(verb: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self {
            verb,
            path: path.to_owned(),
            source: source.into(),
        }
    }
}

/// Makes a directory and those above it, for root alone.
///
/// # Errors
/// When it cannot be made, or something else is in its place.
pub fn directory(root: &Root, path: &str, mode: u32) -> Result<(), WriteError> {
    let full = root.path(path);
    let failed = |error: io::Error| WriteError::new("make", &full, error);
    if full.is_dir() {
        return Ok(());
    }
    if let Some(above) = Path::new(path).parent().and_then(Path::to_str)
        && above != "/"
    {
        directory(root, above, 0o755)?;
    }
    match rustix::fs::mkdir(&full, Mode::from_raw_mode(mode)) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => {}
        Err(error) => return Err(failed(error.into())),
    }
    sync_directory(full.parent().unwrap_or(&full)).map_err(failed)
}

/// Puts a file in place, whole or not at all; what was there stays until the new one is on disk.
///
/// # Errors
/// When it cannot be written: then what was there is untouched, and nothing is left beside it.
pub fn replace(root: &Root, path: &str, content: &[u8], mode: u32) -> Result<(), WriteError> {
    let full = root.path(path);
    let failed = |error: io::Error| WriteError::new("write", &full, error);
    let (dir, name) = split(&full).map_err(failed)?;
    let temporary = dir.join(format!(".{name}.benchwarden"));
    let written = write_new(&temporary, content, mode)
        .and_then(|()| Ok(rustix::fs::rename(&temporary, &full)?))
        .and_then(|()| sync_directory(dir));
    if written.is_err() {
        // It may not be there; the error that counts is the first one.
        let _ = rustix::fs::unlink(&temporary);
    }
    written.map_err(failed)?;
    let mut back = Vec::new();
    open(&full)
        .and_then(|mut file| file.read_to_end(&mut back))
        .map_err(failed)?;
    if back == content {
        Ok(())
    } else {
        Err(failed(io::Error::other("it reads back as something else")))
    }
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    // One that a power cut left here is nobody's.
    let _ = rustix::fs::unlink(path);
    let mut file = create(path, mode)?;
    file.write_all(content)?;
    // Whatever the umask took away.
    rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
    file.sync_all()
}

fn create(path: &Path, mode: u32) -> io::Result<File> {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .custom_flags(no_follow())
        .open(path)
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

#[expect(clippy::cast_possible_wrap, reason = "a flag of open(2)")]
fn no_follow() -> i32 {
    OFlags::NOFOLLOW.bits() as i32
}

/// Appends to a file of root's and waits until it is on disk; makes it where it is not.
///
/// # Errors
/// When it cannot be written.
pub fn append(root: &Root, path: &str, line: &str, mode: u32) -> Result<(), WriteError> {
    let full = root.path(path);
    let failed = |error: io::Error| WriteError::new("append to", &full, error);
    let (dir, _) = split(&full).map_err(failed)?;
    let flags =
        OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let new = !full.exists();
    let mut file = rustix::fs::open(&full, flags, Mode::from_raw_mode(mode))
        .map(File::from)
        .map_err(|error| failed(error.into()))?;
    let length = file.metadata().map_err(failed)?.len();
    let written = file
        .write_all(line.as_bytes())
        .and_then(|()| file.sync_data());
    if written.is_err() {
        // Half a line on a full disk would make one with the next; the error that counts is the
        // first one.
        let _ = file.set_len(length);
    }
    written.map_err(failed)?;
    if new {
        sync_directory(dir).map_err(failed)?;
    }
    Ok(())
}

/// Removes a file; one that is not there is removed already.
///
/// # Errors
/// When it is there and stays.
pub fn remove(root: &Root, path: &str) -> Result<(), WriteError> {
    let full = root.path(path);
    let failed = |error: io::Error| WriteError::new("remove", &full, error);
    match rustix::fs::unlink(&full) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => {}
        Err(error) => return Err(failed(error.into())),
    }
    let (dir, _) = split(&full).map_err(failed)?;
    sync_directory(dir).map_err(failed)
}

/// Removes a directory that nothing is in; one with something in it stays.
///
/// # Errors
/// When it is empty and stays.
pub fn remove_empty(root: &Root, path: &str) -> Result<(), WriteError> {
    let full = root.path(path);
    let failed = |error: io::Error| WriteError::new("remove", &full, error);
    match rustix::fs::rmdir(&full) {
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTEMPTY) => Ok(()),
        Err(error) => Err(failed(error.into())),
        Ok(()) => {
            let (dir, _) = split(&full).map_err(failed)?;
            sync_directory(dir).map_err(failed)
        }
    }
}

/// Puts a symbolic link in place, whatever file or link is there; what was there stays until the
/// new one is.
///
/// # Errors
/// When it cannot be made, or a directory is there: then nothing has changed.
pub fn place_link(root: &Root, path: &str, target: &str) -> Result<(), WriteError> {
    let full = root.path(path);
    let failed = |error: io::Error| WriteError::new("link", &full, error);
    let (dir, name) = split(&full).map_err(failed)?;
    let temporary = dir.join(format!(".{name}.benchwarden"));
    // One that a power cut left here is nobody's.
    let _ = rustix::fs::unlink(&temporary);
    let placed = rustix::fs::symlink(target, &temporary)
        .and_then(|()| rustix::fs::rename(&temporary, &full))
        .map_err(io::Error::from)
        .and_then(|()| sync_directory(dir));
    if placed.is_err() {
        // It may not be there; the error that counts is the first one.
        let _ = rustix::fs::unlink(&temporary);
    }
    placed.map_err(failed)
}

/// Lets two files of one directory change names, in one moment.
///
/// # Errors
/// When one is missing, or the file system cannot: then nothing has changed.
pub fn exchange(root: &Root, path: &str, with: &str) -> Result<(), WriteError> {
    let (full, other) = (root.path(path), root.path(with));
    let failed = |error: io::Error| WriteError::new("exchange", &full, error);
    let (dir, _) = split(&full).map_err(failed)?;
    let cwd = rustix::fs::CWD;
    rustix::fs::renameat_with(cwd, &full, cwd, &other, RenameFlags::EXCHANGE)
        .map_err(io::Error::from)
        .and_then(|()| sync_directory(dir))
        .map_err(failed)
}

/// Moves a regular file to where nothing is, owner and permissions kept, onto another file system
/// where it must.
///
/// # Errors
/// When it is no regular file, when something is in its place, or it cannot be written.
pub fn move_file(root: &Root, from: &str, to: &str) -> Result<(), WriteError> {
    let (from, to) = (root.path(from), root.path(to));
    let failed = |error: io::Error| WriteError::new("move", &from, error);
    let (from_dir, _) = split(&from).map_err(failed)?;
    let (to_dir, _) = split(&to).map_err(failed)?;
    let cwd = rustix::fs::CWD;
    match rustix::fs::renameat_with(cwd, &from, cwd, &to, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(rustix::io::Errno::XDEV) => copy_over(&from, &to).map_err(failed)?,
        Err(error) => return Err(failed(error.into())),
    }
    sync_directory(from_dir)
        .and_then(|()| sync_directory(to_dir))
        .map_err(failed)
}

fn copy_over(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = open(from)?;
    let stat = rustix::fs::fstat(&source)?;
    let mut target = create(to, 0o600)?;
    io::copy(&mut source, &mut target)?;
    rustix::fs::fchown(
        &target,
        Some(Uid::from_raw(stat.st_uid)),
        Some(Gid::from_raw(stat.st_gid)),
    )?;
    rustix::fs::fchmod(&target, Mode::from_raw_mode(stat.st_mode & 0o7777))?;
    target.sync_all()?;
    Ok(rustix::fs::unlink(from)?)
}

/// Writes everything that was changed on a file system to its disk.
pub fn sync_file_system(root: &Root, path: &str) {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    if let Ok(dir) = rustix::fs::open(root.path(path), flags, Mode::empty()) {
        // What cannot be synced is found by what is read back.
        let _ = rustix::fs::syncfs(dir);
    }
}

/// A lock that lasts as long as the file is held.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock; `None` while somebody else has it.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn take(root: &Root, path: &str) -> Result<Option<Self>, WriteError> {
        let full = root.path(path);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::open(&full, flags, Mode::from_raw_mode(0o600))
            .map(File::from)
            .map_err(|error| WriteError::new("lock", &full, error))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(WriteError::new("lock", &full, error)),
        }
    }

    /// Says who holds it, for whoever waits. It is only a courtesy: a failure changes nothing.
    pub fn say(&mut self, who: &str) {
        let _ = self.file.set_len(0);
        let _ = self.file.write_all(who.as_bytes());
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = rustix::fs::open(path, flags, Mode::empty())?;
    Ok(rustix::fs::fsync(dir)?)
}

fn split(path: &Path) -> io::Result<(&Path, &str)> {
    let name = path.file_name().and_then(|name| name.to_str());
    path.parent()
        .zip(name)
        .ok_or_else(|| io::Error::other("it is no path of a file"))
}

/// What a file is, without following a link: for what is compared before and after a step.
#[must_use]
pub fn stat(root: &Root, path: &str) -> Option<rustix::fs::Stat> {
    rustix::fs::statat(rustix::fs::CWD, root.path(path), AtFlags::SYMLINK_NOFOLLOW).ok()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;

    fn fixture() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("proc")).unwrap();
        std::fs::create_dir_all(dir.path().join("etc")).unwrap();
        let root = Root::fixture(dir.path()).unwrap();
        (dir, root)
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_stays_beside_it() {
        let (dir, root) = fixture();
        replace(&root, "/etc/x", b"one", 0o644).unwrap();
        replace(&root, "/etc/x", b"two", 0o600).unwrap();
        assert_eq!(root.peek("/etc/x").as_deref(), Some("two"));
        let mode = stat(&root, "/etc/x").unwrap().st_mode & 0o7777;
        assert_eq!(mode, 0o600);
        assert_eq!(
            std::fs::read_dir(dir.path().join("etc")).unwrap().count(),
            1
        );
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_the_old_one() {
        let (dir, root) = fixture();
        std::fs::create_dir_all(dir.path().join("etc/x/full")).unwrap();
        let error = replace(&root, "/etc/x", b"new", 0o644).unwrap_err();
        assert!(error.to_string().starts_with("cannot write "), "{error}");
        assert!(dir.path().join("etc/x/full").is_dir());
        assert_eq!(
            std::fs::read_dir(dir.path().join("etc")).unwrap().count(),
            1
        );
    }

    #[test]
    fn a_link_is_never_written_through() {
        let (dir, root) = fixture();
        std::fs::write(dir.path().join("precious"), "kept").unwrap();
        std::os::unix::fs::symlink("../precious", dir.path().join("etc/log")).unwrap();
        append(&root, "/etc/log", "line\n", 0o600).unwrap_err();
        replace(&root, "/etc/log", b"new", 0o600).unwrap();
        assert_eq!(std::fs::read(dir.path().join("precious")).unwrap(), b"kept");
    }

    #[test]
    fn a_file_is_not_moved_over_another() {
        let (dir, root) = fixture();
        for name in ["a", "b"] {
            std::fs::write(dir.path().join("etc").join(name), name).unwrap();
        }
        move_file(&root, "/etc/a", "/etc/b").unwrap_err();
        move_file(&root, "/etc/a", "/etc/c").unwrap();
        assert_eq!(root.peek("/etc/b").as_deref(), Some("b"));
        assert_eq!(root.peek("/etc/c").as_deref(), Some("a"));
        assert!(!root.exists("/etc/a"));
    }

    #[test]
    fn a_link_takes_the_place_of_a_file_and_two_files_change_names() {
        let (dir, root) = fixture();
        std::fs::write(dir.path().join("etc/R"), "old").unwrap();
        place_link(&root, "/etc/.kept", "/usr/bin/x").unwrap();
        exchange(&root, "/etc/R", "/etc/.kept").unwrap();
        assert_eq!(root.link("/etc/R").unwrap(), "/usr/bin/x");
        assert_eq!(root.peek("/etc/.kept").as_deref(), Some("old"));
        exchange(&root, "/etc/R", "/etc/.kept").unwrap();
        assert_eq!(root.peek("/etc/R").as_deref(), Some("old"));
        place_link(&root, "/etc/R", "/usr/bin/y").unwrap();
        assert_eq!(root.link("/etc/R").unwrap(), "/usr/bin/y");
        std::fs::create_dir(dir.path().join("etc/dir")).unwrap();
        place_link(&root, "/etc/dir", "/usr/bin/y").unwrap_err();
        exchange(&root, "/etc/R", "/etc/nothing").unwrap_err();
        let left = std::fs::read_dir(dir.path().join("etc")).unwrap().count();
        assert_eq!(left, 3, "R, .kept and dir");
    }

    #[test]
    fn one_holds_the_lock_at_a_time() {
        let (_dir, root) = fixture();
        let mut first = Lock::take(&root, "/etc/lock").unwrap().unwrap();
        first.say("ada");
        assert!(Lock::take(&root, "/etc/lock").unwrap().is_none());
        assert_eq!(root.peek("/etc/lock").as_deref(), Some("ada"));
        drop(first);
        assert!(Lock::take(&root, "/etc/lock").unwrap().is_some());
    }
}
