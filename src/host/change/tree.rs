//! Deleting a tree that somebody else filled: by descriptors alone, so that no link and no rename
//! in the middle of it leads elsewhere, and never onto another file system.

use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat, unlinkat};
use rustix::io::Errno;

use crate::base::text::printable;
use crate::host::root::Root;

use super::ActionError;

/// Deeper than this nothing is deleted: each level holds a descriptor open.
const DEPTH: usize = 512;

/// Deletes a directory of a uid with everything in it.
///
/// # Errors
/// When it is not a directory of that uid's, when something is mounted in it, or when something
/// of it cannot be deleted.
pub(super) fn delete(root: &Root, path: &str, uid: u32) -> Result<(), ActionError> {
    let failed = |what: &str| ActionError::Other(format!("cannot delete {path}: {what}"));
    let full = root.path(path);
    let (Some(parent), Some(name)) = (full.parent(), full.file_name()) else {
        return Err(failed("it is no path of a home"));
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parent = rustix::fs::open(parent, flags, Mode::empty())
        .map_err(|error| failed(&error.to_string()))?;
    let dir = open_dir(&parent, name).map_err(|error| failed(&error.to_string()))?;
    let stat = rustix::fs::fstat(&dir).map_err(|error| failed(&error.to_string()))?;
    if stat.st_uid != uid {
        return Err(failed(&format!(
            "it belongs to uid {}, not to {uid}",
            stat.st_uid
        )));
    }
    empty(&dir, stat.st_dev, DEPTH).map_err(|error| failed(&error))?;
    unlinkat(&parent, name, AtFlags::REMOVEDIR).map_err(|error| failed(&error.to_string()))
}

fn open_dir(at: impl AsFd, name: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

fn empty(dir: &OwnedFd, device: u64, depth: usize) -> Result<(), String> {
    let shown = |name: &CStr| printable(name.to_bytes(), 80);
    let Some(depth) = depth.checked_sub(1) else {
        return Err(format!("it has more than {DEPTH} levels"));
    };
    let entries = Dir::read_from(dir).map_err(|error| error.to_string())?;
    for entry in entries {
        let entry = entry.map_err(|error| error.to_string())?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let told = |error: Errno| format!("{}: {error}", shown(name));
        let stat = match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(told(error)),
        };
        if stat.st_dev != device {
            return Err(format!(
                "something is mounted on {}; unmount it first",
                shown(name)
            ));
        }
        let flags = if FileType::from_raw_mode(stat.st_mode).is_dir() {
            let inner = open_dir(dir, name).map_err(told)?;
            empty(&inner, device, depth).map_err(|why| format!("{}/{why}", shown(name)))?;
            AtFlags::REMOVEDIR
        } else {
            AtFlags::empty()
        };
        match unlinkat(dir, name, flags) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(told(error)),
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;

    fn own() -> u32 {
        rustix::process::getuid().as_raw()
    }

    #[test]
    fn a_tree_goes_and_what_its_links_point_to_stays() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("proc")).unwrap();
        std::fs::create_dir_all(at("home/ada/a/b")).unwrap();
        std::fs::write(at("home/ada/a/b/file"), "x").unwrap();
        std::fs::create_dir(at("kept")).unwrap();
        std::fs::write(at("kept/file"), "x").unwrap();
        std::os::unix::fs::symlink(at("kept"), at("home/ada/link")).unwrap();
        let root = Root::fixture(dir.path()).unwrap();
        let stranger = delete(&root, "/home/ada", own() + 1).unwrap_err();
        assert!(
            stranger.to_string().contains("it belongs to uid"),
            "{stranger}"
        );
        assert!(at("home/ada/a/b/file").exists());
        delete(&root, "/home/ada", own()).unwrap();
        assert!(!at("home/ada").exists() && at("kept/file").exists());
    }

    #[test]
    fn a_link_in_the_place_of_a_home_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("proc")).unwrap();
        std::fs::create_dir_all(at("etc/precious")).unwrap();
        std::fs::create_dir(at("home")).unwrap();
        std::os::unix::fs::symlink("../etc", at("home/ada")).unwrap();
        let root = Root::fixture(dir.path()).unwrap();
        delete(&root, "/home/ada", own()).unwrap_err();
        assert!(at("etc/precious").is_dir());
    }
}
