//! The way into a home: from the home's directory on, nothing is followed.
//!
//! The path *to* the home may have links that an admin made (`/home -> /data/home`). It is
//! walked with the user's rights, so it leads nowhere the user could not go, and what it leads to
//! has to be the user's own directory.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat, openat2, readlinkat,
    statat,
};
use rustix::io::Errno;

use super::refusal::Refusal;
use super::request::HomeFacts;
use crate::base::text::printable;

/// A link's target in a message.
const TARGET_CHARS: usize = 200;
/// Group and others may write.
const OTHERS_WRITE: u32 = 0o022;

/// A home that was opened and is its owner's.
pub(super) struct Home {
    pub(super) dir: OwnedFd,
    pub(super) path: String,
    pub(super) owner: u32,
    pub(super) mode: u32,
}

impl Home {
    pub(super) fn open(path: &str, owner: u32) -> Result<Self, Refusal> {
        absolute(path)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(CWD, path, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NOENT => Refusal::NoHome { place: path.into() },
            Errno::NOTDIR => Refusal::NotADirectory {
                place: path.into(),
                kind: "something else".into(),
            },
            errno => Refusal::of("open", path, errno),
        })?;
        let stat = fstat(&dir).map_err(|errno| Refusal::of("look at", path, errno))?;
        owned_directory(&stat, path, owner)?;
        Ok(Self {
            dir,
            path: path.to_owned(),
            owner,
            mode: permissions(&stat),
        })
    }

    /// A name in the home.
    pub(super) fn place(&self, name: &str) -> String {
        format!("{}/{name}", self.path.trim_end_matches('/'))
    }
}

/// What can be said of a home without opening it.
pub(super) fn facts(path: &str) -> Result<Option<HomeFacts>, Refusal> {
    absolute(path)?;
    match statat(CWD, path, AtFlags::empty()) {
        Ok(stat) => Ok(Some(HomeFacts {
            owner: stat.st_uid,
            mode: permissions(&stat),
            is_directory: kind(&stat) == FileType::Directory,
        })),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(Refusal::of("look at", path, errno)),
    }
}

fn absolute(path: &str) -> Result<(), Refusal> {
    if path.starts_with('/') && !path.contains('\0') {
        return Ok(());
    }
    Err(Refusal::NotAbsolute {
        home: printable(path.as_bytes(), TARGET_CHARS),
    })
}

/// Opens a name in a directory and never anything that the name points to.
pub(super) fn open_in(
    dir: impl AsFd,
    name: &str,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    match openat2(&dir, name, flags, mode, resolve) {
        // A kernel before 5.6, or a container's filter that does not know it.
        Err(Errno::NOSYS | Errno::PERM) => open_in_by_hand(&dir, name, flags, mode),
        opened => opened,
    }
}

/// The same without `openat2(2)`: a single name, which can be no link and no mounted directory.
fn open_in_by_hand(
    dir: impl AsFd,
    name: &str,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    if name.contains('/') || name == ".." {
        return Err(Errno::INVAL);
    }
    let opened = openat(&dir, name, flags, mode)?;
    let (inside, outside) = (fstat(&opened)?, fstat(&dir)?);
    // Files of an overlay may have another device than their directory; users mount directories.
    if kind(&inside) == FileType::Directory && inside.st_dev != outside.st_dev {
        return Err(Errno::XDEV);
    }
    Ok(opened)
}

/// Why a name in a directory could not be opened, from a second look at it.
pub(super) fn why_not(dir: impl AsFd, name: &str, place: &str, errno: Errno) -> Refusal {
    let suspicious = matches!(errno, Errno::LOOP | Errno::NOTDIR | Errno::NXIO);
    match statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if suspicious => match kind(&stat) {
            FileType::Symlink => link(dir, name, place),
            FileType::Directory | FileType::RegularFile if errno != Errno::NOTDIR => {
                Refusal::Changed {
                    place: place.into(),
                }
            }
            other => Refusal::NotADirectory {
                place: place.into(),
                kind: kind_name(other).into(),
            },
        },
        _ => Refusal::of("open", place, errno),
    }
}

/// The refusal of a link, with where it points.
pub(super) fn link(dir: impl AsFd, name: &str, place: &str) -> Refusal {
    let target = readlinkat(dir, name, Vec::new()).unwrap_or_default();
    Refusal::Link {
        place: place.to_owned(),
        target: printable(target.as_bytes(), TARGET_CHARS),
    }
}

/// Whether this is a directory, and its owner's.
pub(super) fn owned_directory(stat: &Stat, place: &str, owner: u32) -> Result<(), Refusal> {
    match kind(stat) {
        FileType::Directory => owned(stat, place, owner),
        other => Err(Refusal::NotADirectory {
            place: place.to_owned(),
            kind: kind_name(other).to_owned(),
        }),
    }
}

pub(super) fn owned(stat: &Stat, place: &str, owner: u32) -> Result<(), Refusal> {
    if stat.st_uid == owner {
        return Ok(());
    }
    Err(Refusal::ForeignOwner {
        place: place.to_owned(),
        owner: stat.st_uid,
        wanted: owner,
    })
}

/// What others can write to cannot be vouched for by writing it anew.
pub(super) fn not_writable_by_others(mode: u32, place: &str) -> Result<(), Refusal> {
    if mode & OTHERS_WRITE == 0 {
        return Ok(());
    }
    Err(Refusal::WritableByOthers {
        place: place.to_owned(),
        mode,
    })
}

pub(super) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

pub(super) fn permissions(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}

pub(super) fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a directory",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "something unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn both(dir: &OwnedFd, name: &str, flags: OFlags) -> [Result<OwnedFd, Errno>; 2] {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        [
            open_in(dir, name, flags, Mode::empty()),
            open_in_by_hand(dir, name, flags, Mode::empty()),
        ]
    }

    #[test]
    fn a_name_is_opened_alike_with_and_without_openat2() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        #[expect(clippy::disallowed_methods, reason = "a file to be opened")]
        std::fs::write(at("file"), "x").unwrap();
        symlink("file", at("link")).unwrap();
        symlink("/etc", at("far")).unwrap();
        let me = rustix::process::geteuid().as_raw();
        let home = Home::open(home.path().to_str().unwrap(), me).unwrap();
        for opened in both(&home.dir, "file", OFlags::RDONLY) {
            assert!(opened.is_ok());
        }
        for name in ["link", "far"] {
            for opened in both(&home.dir, name, OFlags::RDONLY) {
                assert_eq!(opened.unwrap_err(), Errno::LOOP);
            }
        }
        for name in ["..", "far/passwd", "/etc/passwd"] {
            for opened in both(&home.dir, name, OFlags::RDONLY) {
                assert!(opened.is_err(), "{name}");
            }
        }
    }

    #[test]
    fn a_mounted_directory_is_not_entered() {
        let root = Home {
            dir: openat(CWD, "/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap(),
            path: "/".into(),
            owner: 0,
            mode: 0o755,
        };
        assert_eq!(root.place("proc"), "/proc");
        for opened in both(&root.dir, "proc", OFlags::RDONLY | OFlags::DIRECTORY) {
            assert_eq!(opened.unwrap_err(), Errno::XDEV);
        }
    }

    #[test]
    fn a_home_is_an_absolute_path_to_its_owners_directory() {
        let me = rustix::process::geteuid().as_raw();
        let refused = |path: &str, owner: u32| Home::open(path, owner).err().unwrap();
        assert!(matches!(refused("", me), Refusal::NotAbsolute { .. }));
        assert!(matches!(refused("home", me), Refusal::NotAbsolute { .. }));
        assert!(matches!(
            refused("/nonexistent", me),
            Refusal::NoHome { .. }
        ));
        let kind = refused("/etc/passwd", me);
        assert!(matches!(kind, Refusal::NotADirectory { .. }));
        let owner = refused("/", 4_000_000);
        assert!(matches!(owner, Refusal::ForeignOwner { .. }));
        assert_eq!(facts("/nonexistent"), Ok(None));
        assert!(facts("/etc/passwd").is_ok_and(|f| f.is_some_and(|f| !f.is_directory)));
    }
}
