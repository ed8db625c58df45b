//! A home from the skeleton: made behind a closed door, and deleted again only while nobody has
//! put anything in it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, RenameFlags, Uid};

use crate::host::root::Root;

use super::{ActionError, tree};

/// Makes a home: a copy of the skeleton, its owner's, closed to others.
pub(super) fn create(
    root: &Root,
    path: &str,
    (uid, gid): (u32, u32),
    skel: &str,
) -> Result<(), ActionError> {
    let (home, skel) = (root.path(path), root.path(skel));
    let failed = |error: io::Error| ActionError::Other(format!("cannot make {path}: {error}"));
    let owner = (Uid::from_raw(uid), Gid::from_raw(gid));
    // Beside its place until everything is in it: a power cut leaves a whole home or none.
    let beside = beside(path).ok_or_else(|| failed(io::Error::other("it is no path of a home")))?;
    let new = root.path(&beside);
    let own = rustix::process::geteuid().as_raw();
    // One that a power cut left here is nobody's.
    let _ = tree::delete(root, &beside, own);
    rustix::fs::mkdir(&new, Mode::RWXU).map_err(|error| failed(error.into()))?;
    // Root's until it is in its place: its owner cannot interfere.
    let made = copy_tree(&skel, &new, owner).and_then(|()| {
        rustix::fs::chmod(&new, Mode::RWXU)?;
        let cwd = rustix::fs::CWD;
        rustix::fs::chown(&new, Some(owner.0), Some(owner.1))?;
        Ok(rustix::fs::renameat_with(
            cwd,
            &new,
            cwd,
            &home,
            RenameFlags::NOREPLACE,
        )?)
    });
    if made.is_err() {
        // Nobody has put anything in it. The error that counts is the first one.
        let _ = rustix::fs::chown(&new, Some(Uid::from_raw(own)), None);
        let _ = tree::delete(root, &beside, own);
    }
    made.map_err(failed)
}

/// Where a home is made before it is put in its place.
fn beside(path: &str) -> Option<String> {
    let (parent, name) = path.rsplit_once('/')?;
    (!name.is_empty()).then(|| format!("{parent}/.{name}.benchwarden"))
}

/// A skeleton has a few files; a link to a large tree is copied as a link.
fn copy_tree(from: &Path, to: &Path, owner: (Uid, Gid)) -> io::Result<()> {
    for name in names(from)? {
        let (source, target) = (from.join(&name), to.join(&name));
        let stat = rustix::fs::lstat(&source)?;
        let mode = Mode::from_raw_mode(stat.st_mode & 0o777);
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                rustix::fs::mkdir(&target, Mode::RWXU)?;
                copy_tree(&source, &target, owner)?;
                rustix::fs::chmod(&target, mode)?;
            }
            FileType::RegularFile => {
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
                let mut copy = File::from(rustix::fs::open(&target, flags, mode)?);
                io::copy(&mut open(&source)?, &mut copy)?;
                rustix::fs::fchmod(&copy, mode)?;
            }
            FileType::Symlink => {
                let pointed = rustix::fs::readlink(&source, Vec::new())?;
                rustix::fs::symlink(pointed, &target)?;
            }
            _ => continue,
        }
        rustix::fs::chownat(
            rustix::fs::CWD,
            &target,
            Some(owner.0),
            Some(owner.1),
            AtFlags::SYMLINK_NOFOLLOW,
        )?;
    }
    Ok(())
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// Names in a directory; a skeleton that is not there is an empty one.
fn names(dir: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    #[expect(clippy::disallowed_methods, reason = "the path starts from Root")]
    match std::fs::read_dir(dir) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Deletes a home in which nothing is but what the skeleton put there.
pub(super) fn delete_unused(
    root: &Root,
    path: &str,
    uid: u32,
    skel: &str,
) -> Result<(), ActionError> {
    let (home, skel) = (root.path(path), root.path(skel));
    let failed = |why: String| ActionError::Other(format!("{path} stays: {why}"));
    match used_by(&home, &skel) {
        Ok(None) => tree::delete(root, path, uid),
        Ok(Some(name)) => Err(failed(format!("somebody has put {name} in it"))),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// The first thing in a home that the skeleton did not put there.
fn used_by(home: &Path, skel: &Path) -> io::Result<Option<String>> {
    for name in names(home)? {
        let (here, there) = (home.join(&name), skel.join(&name));
        let shown = || Some(crate::base::text::printable(name.as_encoded_bytes(), 80));
        let stat = rustix::fs::lstat(&here)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        let same = match (kind, rustix::fs::lstat(&there)) {
            (FileType::Directory, Ok(_)) => used_by(&here, &there)?.is_none(),
            // What is left when the keys that were put there are taken out again.
            (FileType::Directory, Err(_)) => name == ".ssh" && has_no_keys(&here)?,
            (FileType::RegularFile, Ok(other)) => {
                stat.st_size == other.st_size && content(&here)? == content(&there)?
            }
            (FileType::Symlink, Ok(_)) => true,
            _ => false,
        };
        if !same {
            return Ok(shown());
        }
    }
    Ok(None)
}

fn has_no_keys(dir: &Path) -> io::Result<bool> {
    let names = names(dir)?;
    Ok(match names.as_slice() {
        [] => true,
        [one] if one == "authorized_keys" => rustix::fs::lstat(dir.join(one))?.st_size == 0,
        _ => false,
    })
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(1 << 20).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;

    fn fixture() -> (tempfile::TempDir, Root, (u32, u32)) {
        let dir = tempfile::tempdir().unwrap();
        for name in ["proc", "home", "etc/skel/.config"] {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        std::fs::write(dir.path().join("etc/skel/.bashrc"), "umask 077\n").unwrap();
        std::os::unix::fs::symlink("/srv", dir.path().join("etc/skel/shared")).unwrap();
        let root = Root::fixture(dir.path()).unwrap();
        let own = (rustix::process::getuid(), rustix::process::getgid());
        (dir, root, (own.0.as_raw(), own.1.as_raw()))
    }

    #[test]
    fn a_home_is_a_closed_copy_of_the_skeleton() {
        let (dir, root, own) = fixture();
        create(&root, "/home/ada", own, "/etc/skel").unwrap();
        let home = dir.path().join("home/ada");
        assert_eq!(rustix::fs::stat(&home).unwrap().st_mode & 0o7777, 0o700);
        assert_eq!(
            std::fs::read_to_string(home.join(".bashrc")).unwrap(),
            "umask 077\n"
        );
        assert!(home.join("shared").is_symlink() && home.join(".config").is_dir());
        create(&root, "/home/ada", own, "/etc/skel").unwrap_err();
        let homes = std::fs::read_dir(dir.path().join("home")).unwrap();
        assert_eq!(homes.count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_a_power_cut_left_of_a_home_is_no_obstacle() {
        let (dir, root, own) = fixture();
        let left = dir.path().join("home/.ada.benchwarden/.config");
        std::fs::create_dir_all(left).unwrap();
        create(&root, "/home/ada", own, "/etc/skel").unwrap();
        assert!(!dir.path().join("home/.ada.benchwarden").exists());
        assert!(dir.path().join("home/ada/.bashrc").exists());
    }

    #[test]
    fn an_unused_home_goes_and_a_used_one_stays() {
        let (dir, root, own) = fixture();
        create(&root, "/home/ada", own, "/etc/skel").unwrap();
        let home = dir.path().join("home/ada");
        std::fs::create_dir(home.join(".ssh")).unwrap();
        std::fs::write(home.join(".ssh/authorized_keys"), "").unwrap();
        std::fs::write(home.join("thesis"), "x").unwrap();
        let error = delete_unused(&root, "/home/ada", own.0, "/etc/skel").unwrap_err();
        assert!(
            error.to_string().ends_with("somebody has put thesis in it"),
            "{error}"
        );
        std::fs::remove_file(home.join("thesis")).unwrap();
        delete_unused(&root, "/home/ada", own.0, "/etc/skel").unwrap();
        assert!(!home.exists());
    }
}
