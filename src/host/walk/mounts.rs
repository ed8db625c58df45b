//! Which file systems may be walked: those on this host's own disks and in its memory. A server's
//! may hang, and a kernel's hold no files of anybody.

use std::collections::HashSet;

use crate::host::root::Root;

/// File systems that keep owners and answer by themselves.
const LOCAL: [&str; 11] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "bcachefs", "reiserfs", "tmpfs",
];
/// File systems of other hosts, and of programs, on which people may have files.
const FAR: [&str; 11] = [
    "nfs", "nfs4", "cifs", "smb3", "ceph", "lustre", "beegfs", "gpfs", "afs", "9p", "virtiofs",
];
/// Trees in which uids mean somebody else, or that are kept for somebody to come back: images and
/// volumes of containers, what ends with a session, what this program set aside.
pub(super) const PASSED_OVER: [&str; 12] = [
    "/run/user",
    "/run/credentials",
    "/var/lib/benchwarden",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/incus",
    "/var/lib/kubelet",
    "/var/lib/lxc",
    "/var/lib/lxd",
    "/var/lib/machines",
    "/var/snap/lxd",
];

/// The mounts of a host, as far as a walk has to know them.
#[derive(Debug, Default)]
pub(in crate::host) struct Mounts {
    /// Where walks begin; nothing is reached from two of them.
    pub(in crate::host) starts: Vec<Vec<u8>>,
    /// Everything that something is mounted on: never even looked at from outside.
    points: HashSet<Vec<u8>>,
    /// Those of them on which a look hangs for nobody.
    local: HashSet<Vec<u8>>,
    /// Where people may have files that no walk finds, and why.
    pub(in crate::host) unseen: Vec<String>,
}

/// One line of `mountinfo`, see proc_pid_mountinfo(5).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    device: String,
    /// Which part of the file system is mounted.
    part: Vec<u8>,
    at: Vec<u8>,
    kind: String,
    writable: bool,
}

impl Mounts {
    /// As they are now. A fixture tree without a table of mounts is one file system.
    pub(in crate::host) fn of(root: &Root) -> Self {
        match root.read("/proc/self/mountinfo") {
            Ok(Some(table)) => Self::parse(&table),
            _ => Self {
                starts: vec![b"/".to_vec()],
                ..Self::default()
            },
        }
    }

    fn parse(table: &[u8]) -> Self {
        let mut mounts: Vec<Mount> = Vec::new();
        for mount in table.split(|byte| *byte == b'\n').filter_map(Mount::parse) {
            // What is mounted later hides what was there.
            mounts.retain(|other| other.at != mount.at);
            mounts.push(mount);
        }
        let at = |mount: &Mount| mount.at.clone();
        let points = mounts.iter().map(at).collect();
        let unseen = mounts.iter().filter(|mount| mount.is_far()).map(|mount| {
            let at = String::from_utf8_lossy(&mount.at);
            format!("{at} is not looked at ({})", mount.kind)
        });
        let unseen = unseen.collect();
        let walked = |mount: &Mount| mount.is_local() && !is_passed_over(&mount.at);
        let mut local: Vec<Mount> = mounts.into_iter().filter(walked).collect();
        let every_local = local.iter().map(at).collect();
        local.sort_by_key(|mount| mount.part.len());
        let mut kept: Vec<Mount> = Vec::new();
        for mount in local {
            let is_part =
                |other: &Mount| other.device == mount.device && is_within(&mount.part, &other.part);
            if !kept.iter().any(is_part) {
                kept.push(mount);
            }
        }
        Self {
            starts: kept.into_iter().map(|mount| mount.at).collect(),
            points,
            local: every_local,
            unseen,
        }
    }

    /// Whether something is mounted there.
    pub(in crate::host) fn is_point(&self, path: &[u8]) -> bool {
        self.points.contains(path)
    }

    /// Whether a path lies on a file system that is walked, as far as its text tells.
    pub(in crate::host) fn is_local(&self, path: &[u8]) -> bool {
        let around = self.points.iter().filter(|point| is_within(path, point));
        match around.max_by_key(|point| point.len()) {
            Some(innermost) => self.local.contains(innermost),
            None => true,
        }
    }
}

impl Mount {
    fn parse(line: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(line);
        let (before, after) = text.split_once(" - ")?;
        let kind = after.split(' ').next()?;
        let mut fields = line.split(|byte| *byte == b' ');
        let device = before.split(' ').nth(2)?.to_owned();
        let part = unescaped(fields.nth(3)?);
        let at = unescaped(fields.next()?);
        let options = before.split(' ').nth(5)?;
        Some(Self {
            device,
            part,
            at,
            kind: kind.to_owned(),
            writable: options.split(',').all(|option| option != "ro"),
        })
    }

    /// A container's own root is an overlay; elsewhere it is an image's.
    fn is_local(&self) -> bool {
        let kind = self.kind.as_str();
        self.writable && (LOCAL.contains(&kind) || (kind == "overlay" && self.at == b"/"))
    }

    fn is_far(&self) -> bool {
        let program = self.kind.strip_prefix("fuse.");
        let of_people = program.is_some_and(|program| !["lxcfs", "portal"].contains(&program));
        (FAR.contains(&self.kind.as_str()) || of_people) && !is_passed_over(&self.at)
    }
}

/// Blanks, tabs, line ends and backslashes are three octal digits after a backslash.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, tail)) = rest.split_first() {
        let code = tail
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code.filter(|_| *first == b'\\') {
            Some(byte) => {
                plain.push(byte);
                rest = &tail[3..];
            }
            None => {
                plain.push(*first);
                rest = tail;
            }
        }
    }
    plain
}

/// Whether a path is another one or below it.
pub(super) fn is_within(path: &[u8], dir: &[u8]) -> bool {
    match path.strip_prefix(dir) {
        Some(rest) => rest.is_empty() || rest.starts_with(b"/") || dir.ends_with(b"/"),
        None => false,
    }
}

/// Trees of containers that are on this host, and what to say of them.
pub(in crate::host) fn of_containers(root: &Root) -> Vec<String> {
    let trees = PASSED_OVER.iter().filter(|dir| dir.starts_with("/var/"));
    trees
        .filter(|dir| **dir != "/var/lib/benchwarden" && root.is_dir(dir))
        .map(|dir| format!("{dir} is not looked at: uids in it are its containers' own"))
        .collect()
}

/// Whether nobody's files are looked for there.
pub(in crate::host) fn is_passed_over(path: &[u8]) -> bool {
    PASSED_OVER
        .iter()
        .any(|dir| is_within(path, dir.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TABLE: &[u8] = b"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
        23 22 0:21 / /proc rw - proc proc rw\n\
        24 22 8:1 /srv/a\\040b /mnt/again rw - ext4 /dev/sda1 rw\n\
        25 22 0:50 / /home rw - nfs4 server:/home rw\n\
        26 22 8:2 / /srv rw master:7 - xfs /dev/sdb rw\n\
        27 26 8:3 / /srv/iso ro - ext4 /dev/sdc ro\n\
        28 22 0:30 / /run/user/1001 rw - tmpfs tmpfs rw\n\
        29 22 0:31 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw\n\
        30 22 0:51 / /tmp rw - tmpfs tmpfs rw\n";

    #[test]
    fn walks_begin_on_own_disks_and_reach_nothing_twice() {
        let mounts = Mounts::parse(TABLE);
        let starts: Vec<&str> = mounts
            .starts
            .iter()
            .map(|start| std::str::from_utf8(start).unwrap())
            .collect();
        assert_eq!(starts, ["/", "/srv", "/tmp"]);
        assert_eq!(mounts.unseen, ["/home is not looked at (nfs4)"]);
        assert!(mounts.is_point(b"/home") && !mounts.is_point(b"/home/ada"));
        for (path, local) in [
            ("/etc", true),
            ("/home/ada", false),
            ("/homes/ada", true),
            ("/srv/iso/x", false),
            ("/mnt/again/x", true),
        ] {
            assert_eq!(mounts.is_local(path.as_bytes()), local, "{path}");
        }
    }

    #[test]
    fn names_in_the_table_are_unescaped() {
        assert_eq!(unescaped(b"/a\\040b\\134c\\"), b"/a b\\c\\");
    }

    #[test]
    fn trees_of_containers_are_passed_over() {
        assert!(is_passed_over(b"/var/lib/docker/volumes"));
        assert!(!is_passed_over(b"/var/lib/dockerfiles"));
    }

    proptest! {
        #[test]
        fn no_table_breaks_it(table in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Mounts::parse(&table);
        }
    }
}
