//! Control groups: how they are mounted, and what the kernel charges to each `user-UID.slice`.
//!
//! Follows the kernel's `Documentation/admin-guide/cgroup-v2.rst`.

use std::collections::HashMap;

use crate::base::id::Uid;
use crate::base::units::{Bytes, Nanos};
use crate::model::sample::{CgroupVersion, IoBytes, Pressure, SliceMemory, Throttling};

use super::root::Root;

pub(super) const MOUNT: &str = "/sys/fs/cgroup";
pub(super) const USER_SLICE: &str = "/sys/fs/cgroup/user.slice";
/// `CGROUP2_SUPER_MAGIC` of `linux/magic.h`.
const CGROUP2_MAGIC: u64 = 0x6367_7270;

/// How cgroups are mounted here.
#[must_use]
pub fn version(root: &Root) -> CgroupVersion {
    if is_unified(root, MOUNT) {
        CgroupVersion::V2
    } else if is_unified(root, &format!("{MOUNT}/unified"))
        || is_unified(root, &format!("{MOUNT}/systemd"))
    {
        CgroupVersion::Hybrid
    } else if root.list(MOUNT).is_empty() {
        CgroupVersion::None
    } else {
        CgroupVersion::V1
    }
}

/// Whether the unified hierarchy is mounted at a path: the file system type tells on a live
/// host, a file that only it has on a fixture tree.
fn is_unified(root: &Root, path: &str) -> bool {
    if root.is_live() {
        rustix::fs::statfs(root.path(path))
            .is_ok_and(|fs| u64::try_from(fs.f_type).is_ok_and(|t| t == CGROUP2_MAGIC))
    } else {
        root.exists(&format!("{path}/cgroup.controllers"))
    }
}

/// Controllers the kernel offers: on the unified hierarchy, or as v1 hierarchies.
#[must_use]
pub fn controllers(root: &Root, version: CgroupVersion) -> Vec<String> {
    match version {
        CgroupVersion::V2 => root
            .peek(&format!("{MOUNT}/cgroup.controllers"))
            .unwrap_or_default()
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect(),
        CgroupVersion::None => Vec::new(),
        CgroupVersion::V1 | CgroupVersion::Hybrid => root
            .list_names(MOUNT)
            .filter(|name| !matches!(name.as_str(), "unified" | "systemd"))
            .filter(|name| root.is_dir(&format!("{MOUNT}/{name}")))
            .collect(),
    }
}

/// Whether systemd has made its slice for people's sessions, so that limits have a place.
#[must_use]
pub fn has_user_slice(root: &Root) -> bool {
    root.is_dir(USER_SLICE)
}

/// Whether a cgroup is there, by its path as `/proc/PID/cgroup` tells it.
#[must_use]
pub fn exists(root: &Root, path: &str) -> bool {
    root.is_dir(&format!("{MOUNT}{path}"))
}

/// Whose slices there are.
#[must_use]
pub fn people(root: &Root) -> Vec<Uid> {
    let uid = |name: String| {
        name.strip_prefix("user-")?
            .strip_suffix(".slice")?
            .parse()
            .ok()
    };
    root.list_names(USER_SLICE)
        .filter_map(uid)
        .map(Uid)
        .collect()
}

/// How much memory a person's slice may have; `None` without a limit, or a slice.
#[must_use]
pub fn memory_limit(root: &Root, slice: &str) -> Option<Bytes> {
    let text = root.peek(&format!("{USER_SLICE}/{slice}/memory.max"))?;
    number(&text).map(Bytes)
}

/// Whether a system unit has a live cgroup.
#[must_use]
pub fn unit_runs(root: &Root, unit: &str) -> bool {
    root.is_dir(&format!("{MOUNT}/system.slice/{unit}"))
        || root.is_dir(&format!("{MOUNT}/systemd/system.slice/{unit}"))
}

/// The device whose traffic the kernel counts and bounds for a path, `254:0`: a disk, not a
/// partition of one; `None` where the path is on none, as on network storage.
#[must_use]
pub fn device_of(root: &Root, path: &str) -> Option<String> {
    let stat = rustix::fs::stat(root.path(path)).ok()?;
    let number = match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
        rustix::fs::FileType::BlockDevice => stat.st_rdev,
        _ => stat.st_dev,
    };
    let number = format!(
        "{}:{}",
        rustix::fs::major(number),
        rustix::fs::minor(number)
    );
    let dir = format!("/sys/dev/block/{number}");
    if !root.exists(&dir) {
        return None;
    }
    if !root.exists(&format!("{dir}/partition")) {
        return Some(number);
    }
    let disk = root.peek(&format!("{dir}/../dev"))?;
    Some(disk.trim().to_owned())
}

/// Whether anything runs in a cgroup or below.
pub(super) fn is_populated(root: &Root, dir: &str) -> bool {
    let events = root.peek(&format!("{dir}/cgroup.events"));
    events.is_some_and(|events| keyed(&events, "populated") == Some(1))
}

/// Of `memory.stat` what nothing but ending a program frees, swap apart.
pub(super) fn held(stat: &str) -> Option<Bytes> {
    memory(stat, None).map(|memory| memory.used)
}

/// What a cgroup has taken of the processors so far.
pub(super) fn cpu_used(root: &Root, dir: &str) -> Option<Nanos> {
    let stat = root.peek(&format!("{dir}/cpu.stat"))?;
    keyed(&stat, "usage_usec").map(Nanos::from_micros)
}

/// What `cpu.stat` tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct CpuStat {
    pub(super) usage: Option<Nanos>,
    pub(super) throttling: Option<Throttling>,
}

/// Parses `cpu.stat`.
pub(super) fn cpu_stat(text: &str) -> CpuStat {
    CpuStat {
        usage: keyed(text, "usage_usec").map(Nanos::from_micros),
        throttling: keyed(text, "nr_periods").map(|periods| Throttling {
            periods,
            throttled: keyed(text, "nr_throttled").unwrap_or(0),
        }),
    }
}

/// The value of a line `key value` in a flat-keyed file.
pub(super) fn keyed(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(' ')?;
        (name == key).then(|| value.trim().parse().ok())?
    })
}

/// A single value; `max` is no number.
pub(super) fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// Cores of `cpu.max`: quota by period; `None` for `max`.
#[expect(clippy::cast_precision_loss, reason = "microseconds of a period")]
pub(super) fn quota(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    let (quota, period): (u64, u64) = (quota.parse().ok()?, period.parse().ok()?);
    (period > 0).then(|| quota as f64 / period as f64)
}

/// What of `memory.stat` only ending something would free, and what is cache.
pub(super) fn memory(stat: &str, swap: Option<u64>) -> Option<SliceMemory> {
    let get = |key| keyed(stat, key);
    let (anon, shmem) = (get("anon")?, get("shmem").unwrap_or(0));
    // `file` counts shared memory too, which is not cache: nothing can drop it.
    let cache = get("file").unwrap_or(0).saturating_sub(shmem);
    let kernel = match get("kernel") {
        Some(kernel) => kernel.saturating_sub(get("slab_reclaimable").unwrap_or(0)),
        // Before Linux 5.18 the parts have to be added up.
        None => ["kernel_stack", "pagetables", "percpu", "slab_unreclaimable"]
            .iter()
            .filter_map(|key| get(key))
            .sum(),
    };
    let used = anon + shmem + kernel + get("sock").unwrap_or(0);
    let swap = swap.map(|swap| swap.saturating_sub(read_back(stat, anon + shmem)));
    Some(SliceMemory {
        used: Bytes(used),
        cache: Bytes(cache),
        swap: swap.map(Bytes),
    })
}

/// What is in memory again and still on the swap device too, where a page keeps its place until
/// it changes: billed once. What is on its way out is on both as well, but nothing maps it.
fn read_back(stat: &str, mapped: u64) -> u64 {
    let get = |key| keyed(stat, key).unwrap_or(0);
    let all = get("active_anon") + get("inactive_anon") + get("unevictable");
    get("swapcached").saturating_sub(all.saturating_sub(mapped))
}

/// Which block devices are made of others (LVM, RAID, encryption, loops): what goes through them
/// is counted again for those below.
#[derive(Debug, Default)]
pub(super) struct Devices {
    stacked: HashMap<String, bool>,
}

impl Devices {
    /// `io.stat`: the sum over devices that are not made of others.
    pub(super) fn sum(&mut self, root: &Root, text: &str) -> IoBytes {
        let mut sum = IoBytes::default();
        for line in text.lines() {
            let mut fields = line.split_ascii_whitespace();
            let Some(device) = fields.next() else {
                continue;
            };
            if self.is_stacked(root, device) {
                continue;
            }
            for field in fields {
                match field.split_once('=') {
                    Some(("rbytes", n)) => sum.read += Bytes(n.parse().unwrap_or(0)),
                    Some(("wbytes", n)) => sum.written += Bytes(n.parse().unwrap_or(0)),
                    _ => {}
                }
            }
        }
        sum
    }

    fn is_stacked(&mut self, root: &Root, device: &str) -> bool {
        if let Some(known) = self.stacked.get(device) {
            return *known;
        }
        let dir = format!("/sys/dev/block/{device}");
        let stacked = !root.list(&format!("{dir}/slaves")).is_empty()
            || root.exists(&format!("{dir}/loop/backing_file"));
        self.stacked.insert(device.to_owned(), stacked);
        stacked
    }
}

/// Ten-second averages of three pressure files.
#[must_use]
pub(super) fn pressure(cpu: Option<&str>, memory: Option<&str>, io: Option<&str>) -> Pressure {
    let memory = memory.and_then(averages);
    let io = io.and_then(averages);
    Pressure {
        cpu_some: cpu.and_then(averages).and_then(|(some, _)| some),
        memory_some: memory.and_then(|(some, _)| some),
        memory_full: memory.and_then(|(_, full)| full),
        io_some: io.and_then(|(some, _)| some),
        io_full: io.and_then(|(_, full)| full),
    }
}

/// `some` and `full` over ten seconds; old kernels have no `full` line for the processor.
pub(super) fn averages(text: &str) -> Option<(Option<f64>, Option<f64>)> {
    let of = |kind: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(kind))?;
        let average = line
            .split_ascii_whitespace()
            .find_map(|field| field.strip_prefix("avg10="))?;
        average.parse().ok()
    };
    let (some, full) = (of("some "), of("full "));
    (some.is_some() || full.is_some()).then_some((some, full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_memory_is_what_only_ending_something_would_free() {
        let stat = "anon 1000\nfile 700\nkernel 300\nslab_reclaimable 100\nshmem 200\nsock 5\n";
        let memory = memory(stat, Some(50)).unwrap();
        assert_eq!(memory.used, Bytes(1000 + 200 + (300 - 100) + 5));
        assert_eq!(memory.cache, Bytes(500), "file counts shared memory too");
        assert_eq!(memory.swap, Some(Bytes(50)));
    }

    #[test]
    fn what_is_in_memory_and_on_the_swap_device_is_billed_once() {
        // Read back: mapped again, and the place on the device is kept.
        let back = "anon 1000\nfile 0\nkernel 0\nactive_anon 400\ninactive_anon 600\n\
            unevictable 0\nswapcached 300\n";
        assert_eq!(memory(back, Some(500)).unwrap().swap, Some(Bytes(200)));
        // On its way out: nothing maps it any more.
        let out = back.replace("anon 1000\nf", "anon 700\nf");
        assert_eq!(memory(&out, Some(500)).unwrap().swap, Some(Bytes(500)));
    }

    #[test]
    fn an_older_kernel_names_only_the_parts_of_kernel_memory() {
        let stat = "anon 1000\nfile 0\nshmem 0\nkernel_stack 10\npagetables 20\n\
            slab_unreclaimable 40\nslab_reclaimable 80\n";
        assert_eq!(memory(stat, None).unwrap().used, Bytes(1070));
        assert_eq!(memory("garbage", None), None);
    }

    #[test]
    fn no_limit_is_not_a_number() {
        assert_eq!(quota("400000 100000\n"), Some(4.0));
        assert_eq!(quota("max 100000\n"), None);
        assert_eq!(number("max\n"), None);
        assert_eq!(number("4096\n"), Some(4096));
    }

    #[test]
    fn io_is_summed_over_devices_that_are_not_made_of_others() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["proc", "sys/dev/block/253:0/slaves/sda"] {
            std::fs::create_dir_all(dir.path().join(path)).unwrap();
        }
        let root = Root::fixture(dir.path()).unwrap();
        let stat = "8:0 rbytes=100 wbytes=7 rios=1 wios=1 dbytes=0 dios=0\n\
            253:0 rbytes=99 wbytes=6\n8:16 rbytes=1 wbytes=2\n";
        assert_eq!(
            Devices::default().sum(&root, stat),
            IoBytes {
                read: Bytes(101),
                written: Bytes(9)
            }
        );
    }

    #[test]
    fn pressure_without_the_full_line_of_old_kernels_is_still_pressure() {
        let cpu = "some avg10=12.50 avg60=1.00 avg300=0.10 total=5\n";
        let both =
            "some avg10=3.00 avg60=0 avg300=0 total=1\nfull avg10=2.25 avg60=0 avg300=0 total=1\n";
        let pressure = pressure(Some(cpu), Some(both), None);
        assert_eq!(pressure.cpu_some, Some(12.5));
        assert_eq!(pressure.memory_full, Some(2.25));
        assert_eq!(pressure.io_some, None);
    }
}
