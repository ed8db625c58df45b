//! The `user-UID.slice` of every person, read at a cost that grows with what changed.
//!
//! Nothing in a slice changes without somebody in it running (memory that others reclaim apart),
//! so a slice whose CPU counter stands still costs one reading. The rest is read when it moved,
//! and now and then.

use std::collections::BTreeMap;

use crate::base::id::Uid;
use crate::model::sample::SliceSample;

use super::cgroup::{self, Devices, MOUNT, USER_SLICE};
use super::clock;
use super::kept::Kept;
use super::root::Root;

/// A slice at rest is read whole once in so many passes: others may reclaim its memory, and an
/// admin may change its limits.
const WHOLE_EVERY: u32 = 16;

/// All slices, kept from pass to pass.
#[derive(Debug, Default)]
pub(super) struct Slices {
    known: BTreeMap<Uid, Slice>,
    /// Subdirectories of `user.slice` at the last listing, as its link count tells.
    links: Option<u64>,
    devices: Devices,
}

#[derive(Debug)]
struct Slice {
    dir: String,
    cpu: Kept,
    tasks: Kept,
    last: Option<SliceSample>,
}

impl Slices {
    /// Every slice as it is now, ordered by uid.
    pub(super) fn read(
        &mut self,
        root: &Root,
        pass: u32,
        buffer: &mut Vec<u8>,
    ) -> Vec<SliceSample> {
        let links = root.links(USER_SLICE);
        if links != self.links || links.is_none() || pass.is_multiple_of(WHOLE_EVERY) {
            self.list(root);
            self.links = links;
        }
        let mut samples = Vec::with_capacity(self.known.len());
        let mut gone = Vec::new();
        for (uid, slice) in &mut self.known {
            match slice.read(root, &mut self.devices, (*uid, pass), buffer) {
                Some(sample) => samples.push(sample),
                None => gone.push(*uid),
            }
        }
        for uid in gone {
            self.known.remove(&uid);
            self.links = None;
        }
        samples
    }

    fn list(&mut self, root: &Root) {
        let found: BTreeMap<Uid, String> = root
            .list_names(USER_SLICE)
            .filter_map(|name| {
                let uid = name.strip_prefix("user-")?.strip_suffix(".slice")?;
                Some((Uid(uid.parse().ok()?), format!("{USER_SLICE}/{name}")))
            })
            .collect();
        self.known.retain(|uid, _| found.contains_key(uid));
        for (uid, dir) in found {
            self.known.entry(uid).or_insert_with(|| Slice {
                cpu: Kept::new(format!("{dir}/cpu.stat")),
                tasks: Kept::new(format!("{dir}/pids.current")),
                dir,
                last: None,
            });
        }
    }
}

impl Slice {
    /// `None` when the slice has gone.
    fn read(
        &mut self,
        root: &Root,
        devices: &mut Devices,
        (uid, pass): (Uid, u32),
        buffer: &mut Vec<u8>,
    ) -> Option<SliceSample> {
        let clock = clock::monotonic();
        let cpu = self.cpu.read(root, buffer).map(cgroup::cpu_stat);
        if cpu.is_none() && !root.is_dir(&self.dir) {
            return None;
        }
        let due = pass.wrapping_add(uid.0).is_multiple_of(WHOLE_EVERY);
        if let (Some(last), Some(cpu)) = (&mut self.last, &cpu)
            && last.cpu == cpu.usage
            && !due
        {
            if last.pressure.any() {
                // An average that falls for a while after everything has come to rest.
                last.pressure = cgroup::pressure_in(root, &self.dir);
            }
            last.clock = clock;
            last.throttling = cpu.throttling;
            return Some(last.clone());
        }
        let mut sample = cgroup::read_slice(root, devices, uid, &self.dir);
        sample.clock = clock;
        if let Some(cpu) = cpu {
            sample.cpu = cpu.usage;
            sample.throttling = cpu.throttling;
        }
        sample.tasks = self
            .tasks
            .read(root, buffer)
            .and_then(|text| text.trim().parse().ok());
        let counted = self
            .last
            .as_ref()
            .filter(|last| last.tasks == sample.tasks && !due);
        sample.processes = match counted {
            Some(last) => last.processes,
            None => count_processes(root, &self.dir, 0),
        };
        self.last = Some(sample.clone());
        Some(sample)
    }
}

/// Processes in a cgroup and all below it.
fn count_processes(root: &Root, dir: &str, depth: u32) -> Option<u32> {
    let mut count = 0;
    visit_processes(root, dir, depth, &mut |_, _| count += 1).then_some(count)
}

/// Calls `visit` with the cgroup path and pid of every process in a cgroup and below; tells
/// whether the cgroup itself could be read.
pub(super) fn visit_processes(
    root: &Root,
    dir: &str,
    depth: u32,
    visit: &mut dyn FnMut(&str, u32),
) -> bool {
    /// A person may nest cgroups as deep as they like; nobody has a reason for more.
    const DEEPEST: u32 = 32;
    let Some(text) = root.peek(&format!("{dir}/cgroup.procs")) else {
        return false;
    };
    let path = dir.strip_prefix(MOUNT).unwrap_or(dir);
    for pid in text.lines().filter_map(|line| line.parse().ok()) {
        visit(path, pid);
    }
    if depth < DEEPEST {
        for child in root.subdirectories(dir) {
            visit_processes(root, &format!("{dir}/{child}"), depth + 1, visit);
        }
    }
    true
}
