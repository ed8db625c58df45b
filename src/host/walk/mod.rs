//! A walk through what others filled: by descriptors alone, so that no link and no rename in the
//! middle of it leads elsewhere, never onto another file system, and without a look at anything
//! that something is mounted on, which might hang.

mod apart;
mod mounts;

use std::ffi::{CStr, CString};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::root::Root;

pub(super) use apart::Apart;
use mounts::is_passed_over;
pub(super) use mounts::{Mounts, of_containers};

/// Deeper than this nothing is walked: each level holds a descriptor open.
const DEPTH: usize = 256;

/// An entry of a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    /// The directory it is in.
    pub(super) dir: BorrowedFd<'a>,
    pub(super) name: &'a CStr,
    /// Where it is on this host.
    pub(super) path: &'a [u8],
    pub(super) stat: &'a Stat,
}

impl Entry<'_> {
    pub(super) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }
}

/// Takes what a walk finds.
pub(super) trait Visitor {
    /// An entry; a directory comes after what is in it. `Break` ends the walk.
    fn see(&mut self, entry: &Entry<'_>) -> ControlFlow<()>;

    /// Something that could not be looked at, and whose it is where that is known.
    fn cannot(&mut self, path: &[u8], owner: Option<u32>, why: Errno);
}

/// Directories full of programs.
const PROGRAMS: [&CStr; 6] = [c"boot", c"lib", c"lib32", c"lib64", c"opt", c"usr"];

/// Walks all that is on this host's own file systems, but nothing of what is kept apart: neither
/// where it is a mount of its own nor what is mounted in it.
pub(super) fn everywhere(
    root: &Root,
    mounts: &Mounts,
    apart: &Apart,
    visitor: &mut dyn Visitor,
) -> ControlFlow<()> {
    for start in mounts.starts.iter().filter(|at| !apart.holds(root, at)) {
        tree(root, (mounts, apart), start, visitor)?;
    }
    ControlFlow::Continue(())
}

/// Walks one tree, without what is mounted in it; nothing where it is kept apart itself.
pub(super) fn tree(
    root: &Root,
    (mounts, apart): (&Mounts, &Apart),
    start: &[u8],
    visitor: &mut dyn Visitor,
) -> ControlFlow<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let host_path = String::from_utf8_lossy(start);
    let opened = rustix::fs::open(root.path(&host_path), flags, Mode::empty());
    let known = opened.and_then(|dir| Ok((fstat(&dir)?, dir)));
    let (stat, dir) = match known {
        Ok((stat, _)) if apart.is(stat.st_dev, stat.st_ino) => return ControlFlow::Continue(()),
        Ok(known) => known,
        Err(why) => {
            visitor.cannot(start, None, why);
            return ControlFlow::Continue(());
        }
    };
    let mut walk = Walk {
        mounts,
        apart,
        device: stat.st_dev,
        owner: stat.st_uid,
        path: start.to_vec(),
        visitor,
    };
    if walk.path == b"/" {
        walk.path.clear();
    }
    walk.inside(dir, DEPTH)
}

struct Walk<'a> {
    mounts: &'a Mounts,
    apart: &'a Apart,
    device: u64,
    /// Whose the directory is that is walked now.
    owner: u32,
    path: Vec<u8>,
    visitor: &'a mut dyn Visitor,
}

impl Walk<'_> {
    fn inside(&mut self, dir: OwnedFd, depth: usize) -> ControlFlow<()> {
        let mut dir = match Dir::new(dir) {
            Ok(dir) => dir,
            Err(why) => {
                self.visitor.cannot(&self.path, Some(self.owner), why);
                return ControlFlow::Continue(());
            }
        };
        if self.path.is_empty() {
            return self.people_first(&mut dir, depth);
        }
        while let Some(name) = self.next(&mut dir) {
            self.named(&dir, &name, depth)?;
        }
        ControlFlow::Continue(())
    }

    /// The root directory: where people keep files comes before where programs are, for walks
    /// that have no time for everything.
    fn people_first(&mut self, dir: &mut Dir, depth: usize) -> ControlFlow<()> {
        let mut names: Vec<CString> = std::iter::from_fn(|| self.next(dir)).collect();
        names.sort_by_key(|name| PROGRAMS.iter().position(|dir| *dir == name.as_c_str()));
        for name in names {
            self.named(dir, &name, depth)?;
        }
        ControlFlow::Continue(())
    }

    /// The next name of a directory.
    fn next(&mut self, dir: &mut Dir) -> Option<CString> {
        loop {
            match dir.read()? {
                Ok(entry) if matches!(entry.file_name().to_bytes(), b"." | b"..") => {}
                Ok(entry) => return Some(entry.file_name().to_owned()),
                Err(why) => {
                    self.visitor.cannot(&self.path, Some(self.owner), why);
                    return None;
                }
            }
        }
    }

    fn named(&mut self, dir: &Dir, name: &CStr, depth: usize) -> ControlFlow<()> {
        let length = self.path.len();
        self.path.push(b'/');
        self.path.extend_from_slice(name.to_bytes());
        let flow = match dir.fd() {
            Ok(fd) => self.one(fd, name, depth),
            Err(why) => {
                self.visitor.cannot(&self.path, Some(self.owner), why);
                ControlFlow::Continue(())
            }
        };
        self.path.truncate(length);
        flow
    }

    fn one(&mut self, dir: BorrowedFd<'_>, name: &CStr, depth: usize) -> ControlFlow<()> {
        // Not even asked what it is: that would ask what is mounted there.
        let here = &self.path;
        if self.mounts.is_point(here) || is_passed_over(here) || self.apart.has(here) {
            return ControlFlow::Continue(());
        }
        let stat = match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return ControlFlow::Continue(()),
            Err(why) => {
                self.visitor.cannot(&self.path, None, why);
                return ControlFlow::Continue(());
            }
        };
        if FileType::from_raw_mode(stat.st_mode).is_dir() {
            if self.apart.is(stat.st_dev, stat.st_ino) {
                return ControlFlow::Continue(());
            }
            let owner = Some(stat.st_uid);
            match (open_dir(dir, name, self.device), depth.checked_sub(1)) {
                (Ok(inner), Some(depth)) => {
                    let above = std::mem::replace(&mut self.owner, stat.st_uid);
                    self.inside(inner, depth)?;
                    self.owner = above;
                }
                (Ok(_), None) => self.visitor.cannot(&self.path, owner, Errno::NAMETOOLONG),
                // Gone, a link by now, or mounted a moment ago.
                (Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR | Errno::XDEV), _) => {
                    return ControlFlow::Continue(());
                }
                (Err(why), _) => self.visitor.cannot(&self.path, owner, why),
            }
        }
        self.visitor.see(&Entry {
            dir,
            name,
            path: &self.path,
            stat: &stat,
        })
    }
}

/// A directory by a single name that can be no link and no mount. Parts of one file system may
/// have devices of their own, which only `openat2(2)` tells from mounts.
fn open_dir(at: impl AsFd, name: &CStr, device: u64) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    match rustix::fs::openat2(&at, name, flags, Mode::empty(), resolve) {
        Err(Errno::NOSYS | Errno::PERM) => {
            let dir = openat(at, name, flags, Mode::empty())?;
            let same = fstat(&dir)?.st_dev == device;
            if same { Ok(dir) } else { Err(Errno::XDEV) }
        }
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Names(Vec<String>, Option<usize>);

    impl Visitor for Names {
        fn see(&mut self, entry: &Entry<'_>) -> ControlFlow<()> {
            self.0
                .push(String::from_utf8_lossy(entry.path).into_owned());
            if Some(self.0.len()) == self.1 {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }

        fn cannot(&mut self, path: &[u8], _: Option<u32>, why: Errno) {
            panic!("{}: {why}", String::from_utf8_lossy(path));
        }
    }

    fn host() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        for path in [
            "proc/self",
            "srv/project/deep",
            "home/ada",
            "mnt/nfs",
            "var/lib/docker",
        ] {
            std::fs::create_dir_all(dir.path().join(path)).unwrap();
        }
        for file in [
            "srv/project/deep/data",
            "home/ada/x",
            "mnt/nfs/y",
            "var/lib/docker/z",
        ] {
            std::fs::write(dir.path().join(file), "x").unwrap();
        }
        std::os::unix::fs::symlink("/home/ada", dir.path().join("srv/link")).unwrap();
        let root = Root::fixture(dir.path()).unwrap();
        (dir, root)
    }

    #[test]
    fn links_mounts_and_what_is_left_out_are_not_entered() {
        let (dir, root) = host();
        std::fs::write(
            dir.path().join("proc/self/mountinfo"),
            "1 1 8:1 / / rw - ext4 a rw\n2 1 0:9 / /mnt/nfs rw - nfs4 b rw\n\
             3 1 0:8 / /proc rw - proc proc rw\n",
        )
        .unwrap();
        let mounts = Mounts::of(&root);
        let apart = Apart::of(&root, "/home/ada");
        let mut names = Names::default();
        assert!(everywhere(&root, &mounts, &apart, &mut names).is_continue());
        names.0.sort();
        assert_eq!(
            names.0,
            [
                "/home",
                "/mnt",
                "/srv",
                "/srv/link",
                "/srv/project",
                "/srv/project/deep",
                "/srv/project/deep/data",
                "/var",
                "/var/lib",
            ]
        );
    }

    /// What a walk of everything finds with these mounts besides the root directory.
    fn found(root: &Root, more: &str, home: &str) -> Vec<String> {
        let table = format!("1 1 8:1 / / rw - ext4 a rw\n{more}");
        std::fs::write(root.path("/proc/self/mountinfo"), table).unwrap();
        let mut names = Names::default();
        let apart = Apart::of(root, home);
        assert!(everywhere(root, &Mounts::of(root), &apart, &mut names).is_continue());
        names.0
    }

    #[test]
    fn a_home_that_is_a_mount_and_a_disk_in_a_home_are_no_place_elsewhere() {
        let (dir, root) = host();
        std::fs::create_dir_all(dir.path().join("home/ada/scratch")).unwrap();
        std::fs::write(dir.path().join("home/ada/scratch/big"), "x").unwrap();
        std::os::unix::fs::symlink("../home/ada", dir.path().join("srv/ada")).unwrap();
        let of_ada = |names: Vec<String>| names.iter().any(|name| name.starts_with("/home/ada"));
        for mount in ["/home/ada", "/home/ada/scratch"] {
            let table = format!("2 1 8:2 / {mount} rw - ext4 b rw\n");
            for home in ["/home/ada", "/home/ada/", "/srv/ada"] {
                assert!(!of_ada(found(&root, &table, home)), "{mount} {home}");
            }
            assert!(of_ada(found(&root, &table, "/home/bob")), "{mount}");
        }
    }

    #[test]
    fn data_of_containers_is_passed_over_by_whatever_name() {
        let (dir, root) = host();
        std::fs::remove_dir_all(dir.path().join("var/lib/docker")).unwrap();
        std::fs::create_dir_all(dir.path().join("srv/containers/volumes")).unwrap();
        let link = dir.path().join("var/lib/docker");
        std::os::unix::fs::symlink("../../srv/containers", link).unwrap();
        let table = "2 1 8:2 / /srv/containers/volumes rw - ext4 b rw\n";
        let names = found(&root, table, "/home/ada");
        assert!(names.iter().any(|name| name == "/srv/project"), "{names:?}");
        assert!(!names.iter().any(|name| name.contains("containers")));
    }

    #[test]
    fn a_directory_comes_after_what_is_in_it_and_a_walk_can_be_ended() {
        let (_dir, root) = host();
        let mounts = Mounts::of(&root);
        let mut names = Names::default();
        let _ = tree(
            &root,
            (&mounts, &Apart::default()),
            b"/srv/project",
            &mut names,
        );
        assert_eq!(names.0, ["/srv/project/deep/data", "/srv/project/deep"]);
        let mut names = Names(Vec::new(), Some(1));
        let ended = tree(
            &root,
            (&mounts, &Apart::default()),
            b"/srv/project",
            &mut names,
        );
        assert!(ended.is_break() && names.0.len() == 1);
    }
}
