//! Scopes for adopted processes: made by systemd in their owner's slice, filled by us.
//!
//! A scope is delegated, so that the processes in it are ours to arrange: what was forked before
//! its parent moved is put beside it by writing to `cgroup.procs`, at once and without a word to
//! anybody. systemd keeps them there, over `daemon-reload` too, and ends the scope with its last
//! process.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{PidfdFlags, pidfd_open};
use zbus::Variant;

use crate::base::id::{Pid, Uid};

use super::bus::{Bus, BusLost, sendable};
use super::cgroup::MOUNT;
use super::root::Root;

/// From this version on systemd takes processes by descriptors, so that a pid that was given out
/// again in between moves nobody else.
const DESCRIPTORS_SINCE: u32 = 255;
/// A scope that is refused for this property is asked for without it.
const OOM_POLICY: &str = "OOMPolicy";
/// What systemd calls scopes of ours.
const PREFIX: &str = "benchwarden-";

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The name, as [`name`] makes one.
    pub name: String,
    /// Whose slice.
    pub uid: Uid,
    /// What `systemctl status` shows.
    pub description: String,
    /// Who moves.
    pub pids: Vec<Pid>,
    /// Whether `OOMPolicy=` is left out, for a systemd that does not know it.
    pub plain: bool,
}

/// A name that no other scope has, or had: of the first process in it.
#[must_use]
pub fn name(uid: Uid, pid: Pid, started: u64) -> String {
    format!("{}{pid}-{started}.scope", prefix(uid))
}

/// How the names of a person's scopes begin.
#[must_use]
pub fn prefix(uid: Uid) -> String {
    format!("{PREFIX}{uid}-")
}

/// Where a scope's cgroup is, as `/proc/PID/cgroup` tells it.
#[must_use]
pub fn cgroup(uid: Uid, name: &str) -> String {
    format!("/user.slice/user-{uid}.slice/{name}")
}

/// Whether a refusal is about a property that this systemd does not know.
#[must_use]
pub fn is_unknown_property(why: &str) -> bool {
    why.contains(OOM_POLICY)
}

/// Asks systemd for a scope; the answer comes over the bus.
///
/// # Errors
/// When the bus is of no use.
pub fn ask(bus: &mut Bus, wanted: &Wanted) -> Result<u32, BusLost> {
    let slice = format!("user-{}.slice", wanted.uid);
    let mut properties: Vec<(&str, Variant<'_>)> = vec![
        ("Description", Variant::from(wanted.description.as_str())),
        ("Slice", Variant::from(slice.as_str())),
        ("CollectMode", Variant::from("inactive-or-failed")),
        // Nothing more is switched on than is in every slice anyway.
        ("DelegateControllers", Variant::from(vec!["pids", "memory"])),
    ];
    if !wanted.plain {
        properties.push((OOM_POLICY, Variant::from("continue")));
    }
    let fds = if bus.version() >= DESCRIPTORS_SINCE {
        descriptors(&wanted.pids)
    } else {
        Vec::new()
    };
    if fds.is_empty() {
        let pids: Vec<u32> = wanted.pids.iter().map(|pid| pid.0).collect();
        properties.push(("PIDs", Variant::from(pids)));
    } else {
        let fds: Vec<zbus::wire::Fd<'_>> = fds.into_iter().map(sendable).collect();
        properties.push(("PIDFDs", Variant::from(fds)));
    }
    let auxiliary: Vec<(&str, Vec<(&str, Variant<'_>)>)> = Vec::new();
    // A slice that is about to end, since its last unit did, stays.
    let body = (wanted.name.as_str(), "replace", properties, auxiliary);
    bus.call_manager("StartTransientUnit", &body)
}

/// Descriptors of processes that still run.
fn descriptors(pids: &[Pid]) -> Vec<OwnedFd> {
    let open = |pid: &Pid| {
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid.0).ok()?)?;
        pidfd_open(pid, PidfdFlags::empty()).ok()
    };
    pids.iter().filter_map(open).collect()
}

/// The door into a cgroup, kept open while processes are put in.
#[derive(Debug)]
pub struct Door(OwnedFd);

impl Door {
    /// Opens the door of a scope; `None` when it has gone.
    ///
    /// # Errors
    /// When it is there and cannot be opened.
    pub fn open(root: &Root, cgroup: &str) -> io::Result<Option<Self>> {
        let path = root.path(&format!("{MOUNT}{cgroup}/cgroup.procs"));
        match open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()) {
            Ok(file) => Ok(Some(Self(file))),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NODEV) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a process in; tells whether it moved. One that has ended did not.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn put(&self, pid: Pid) -> io::Result<bool> {
        match rustix::io::write(&self.0, pid.to_string().as_bytes()) {
            Ok(_) => Ok(true),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The processes of a cgroup, not of those below it, into a list that is used again; tells
/// whether it is there.
pub fn members(root: &Root, cgroup: &str, text: &mut Vec<u8>, pids: &mut Vec<Pid>) -> bool {
    pids.clear();
    if !matches!(
        root.read_into(&format!("{MOUNT}{cgroup}/cgroup.procs"), text),
        Ok(true)
    ) {
        return false;
    }
    let lines = text.split(|byte| *byte == b'\n');
    let numbers = lines.filter_map(|line| std::str::from_utf8(line).ok()?.parse().ok());
    pids.extend(numbers.map(Pid));
    true
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_named_after_its_first_process() {
        let name = name(Uid(1001), Pid(4711), 98_765);
        assert_eq!(name, "benchwarden-1001-4711-98765.scope");
        assert_eq!(
            cgroup(Uid(1001), &name),
            "/user.slice/user-1001.slice/benchwarden-1001-4711-98765.scope"
        );
    }

    #[test]
    fn a_cgroup_that_has_gone_has_neither_a_door_nor_members() {
        let tree = tempfile::tempdir().unwrap();
        for dir in ["proc", "sys/fs/cgroup/a"] {
            std::fs::create_dir_all(tree.path().join(dir)).unwrap();
        }
        std::fs::write(tree.path().join("sys/fs/cgroup/a/cgroup.procs"), "7\n12\n").unwrap();
        let root = Root::fixture(tree.path()).unwrap();
        let (mut text, mut pids) = (Vec::new(), Vec::new());
        assert!(members(&root, "/a", &mut text, &mut pids));
        assert_eq!(pids, [Pid(7), Pid(12)]);
        assert!(!members(&root, "/b", &mut text, &mut pids) && pids.is_empty());
        assert!(Door::open(&root, "/b").unwrap().is_none());
    }
}
