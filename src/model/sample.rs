//! Raw readings of one moment: cumulative counters and levels, as the kernel had them.
//!
//! Absence is a value: what the kernel did not show, or what the caller may not see, is `None`
//! and never 0.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Nanos};

/// Everything read in one pass over the host.
#[derive(Clone, Debug)]
pub struct Sample {
    /// When the pass began.
    pub taken_at: Timestamp,
    /// The monotonic clock when the host's own counters were read.
    pub clock: Nanos,
    /// The machine as a whole.
    pub host: HostSample,
    /// One entry per `user-UID.slice` of cgroup v2, ordered by uid; empty on other hosts.
    pub slices: Vec<SliceSample>,
    /// Every process that could be seen, ordered by pid.
    pub processes: Vec<ProcessSample>,
    /// What is known of each uid that appears above.
    pub accounts: BTreeMap<Uid, Account>,
}

/// How cgroups are mounted, which decides what can be measured and enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CgroupVersion {
    /// The unified hierarchy at `/sys/fs/cgroup`.
    V2,
    /// Controllers on v1 hierarchies, with an empty unified one beside them.
    Hybrid,
    /// Only v1 hierarchies.
    V1,
    /// No cgroup file system at all.
    None,
}

impl CgroupVersion {
    /// As written in JSON and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::Hybrid => "hybrid",
            Self::V1 => "v1",
            Self::None => "none",
        }
    }
}

/// The machine as a whole.
#[derive(Clone, Debug)]
pub struct HostSample {
    /// The node name.
    pub name: Arc<str>,
    /// Processors online.
    pub cpus: u32,
    /// How cgroups are mounted.
    pub cgroup: CgroupVersion,
    /// Time all processors together were not idle (`/proc/stat`, steal left out).
    pub cpu_busy: Option<Nanos>,
    /// `/proc/meminfo`.
    pub memory: Option<HostMemory>,
    /// `/proc/loadavg`: 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// `/proc/pressure`.
    pub pressure: Pressure,
    /// Since boot.
    pub uptime: Option<Nanos>,
}

/// `/proc/meminfo`, the lines that matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostMemory {
    /// `MemTotal`.
    pub total: Bytes,
    /// `MemAvailable`.
    pub available: Bytes,
    /// `SwapTotal`.
    pub swap_total: Bytes,
    /// `SwapTotal - SwapFree`.
    pub swap_used: Bytes,
}

/// Pressure stall information: share of the last ten seconds in percent, `some` and `full`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressure {
    /// Some task waited for a processor.
    pub cpu_some: Option<f64>,
    /// Some task waited for memory.
    pub memory_some: Option<f64>,
    /// All tasks waited for memory.
    pub memory_full: Option<f64>,
    /// Some task waited for a disk.
    pub io_some: Option<f64>,
    /// All tasks waited for a disk.
    pub io_full: Option<f64>,
}

/// One `user-UID.slice`: what the kernel charges to all that logind put there.
#[derive(Clone, Debug)]
pub struct SliceSample {
    /// Whose slice.
    pub uid: Uid,
    /// The monotonic clock when these files were read.
    pub clock: Nanos,
    /// `cpu.stat`: `usage_usec`.
    pub cpu: Option<Nanos>,
    /// `cpu.stat`: enforcement periods and those in which the slice was throttled.
    pub throttling: Option<Throttling>,
    /// `memory.stat` and `memory.swap.current`.
    pub memory: Option<SliceMemory>,
    /// `pids.current`: processes and threads.
    pub tasks: Option<u64>,
    /// `io.stat`: bytes read and written, all devices.
    pub io: Option<IoBytes>,
    /// `*.pressure`.
    pub pressure: Pressure,
    /// `memory.events`: `oom_kill`.
    pub oom_kills: Option<u64>,
    /// `cgroup.events`: `frozen`.
    pub frozen: bool,
    /// The limits in force on this slice.
    pub limits: SliceLimits,
}

/// `cpu.stat` of a cgroup with a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttling {
    /// `nr_periods`.
    pub periods: u64,
    /// `nr_throttled`.
    pub throttled: u64,
}

/// What a slice's memory is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SliceMemory {
    /// `anon + shmem` and kernel memory that cannot be reclaimed.
    pub used: Bytes,
    /// `file - shmem`: pages that can be given back.
    pub cache: Bytes,
    /// `memory.swap.current`; `None` without swap accounting.
    pub swap: Option<Bytes>,
}

/// Bytes that went to and came from block devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IoBytes {
    /// Read.
    pub read: Bytes,
    /// Written.
    pub written: Bytes,
}

/// Limits as the kernel has them; `None` is "max", no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SliceLimits {
    /// `cpu.max` as cores.
    pub cpu_quota: Option<f64>,
    /// `memory.high`.
    pub memory_high: Option<Bytes>,
    /// `memory.max`.
    pub memory_max: Option<Bytes>,
    /// `pids.max`.
    pub tasks_max: Option<u64>,
}

/// One process.
#[derive(Clone, Debug)]
pub struct ProcessSample {
    /// Its id.
    pub pid: Pid,
    /// Its parent.
    pub parent: Pid,
    /// When it began, since boot: with the pid it names a process for ever.
    pub started: Nanos,
    /// The real uid: who started it, also for set-uid programs.
    pub uid: Uid,
    /// The monotonic clock when it was read.
    pub clock: Nanos,
    /// CPU time of all its threads.
    pub cpu: Nanos,
    /// CPU time of its children that ended and were waited for, and of theirs.
    pub children_cpu: Nanos,
    /// What it holds; `None` for kernel threads and where the kernel refuses to tell.
    pub memory: Option<ProcessMemory>,
    /// Threads.
    pub threads: u32,
    /// State letter of `/proc/PID/stat`.
    pub state: char,
    /// Where it runs; `None` when unreadable.
    pub cgroup: Option<Arc<str>>,
    /// `comm`, cleaned.
    pub name: Arc<str>,
    /// The command line, cleaned and cut; read only for the person who is looked at.
    pub command: Option<Arc<str>>,
}

/// Memory of one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessMemory {
    /// `RssAnon + RssShmem`: shared pages count for each process that maps them.
    pub resident: Bytes,
    /// `VmSwap`.
    pub swap: Bytes,
}

/// What is known of a uid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name, cleaned for display; `None` when nothing knows the uid.
    pub name: Option<Arc<str>>,
    /// Whether this is a person rather than root or a service.
    pub person: bool,
}

/// Whose slice a cgroup path lies in: the uid of `/user.slice/user-UID.slice/…`.
#[must_use]
pub fn slice_owner(cgroup: &str) -> Option<Uid> {
    let rest = cgroup.strip_prefix("/user.slice/user-")?;
    let (uid, tail) = rest.split_once(".slice")?;
    if tail.is_empty() || tail.starts_with('/') {
        uid.parse().ok().map(Uid)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_user_slices_have_an_owner() {
        assert_eq!(
            slice_owner("/user.slice/user-1001.slice/session-3.scope"),
            Some(Uid(1001))
        );
        assert_eq!(slice_owner("/user.slice/user-0.slice"), Some(Uid(0)));
        for other in [
            "/system.slice/cron.service",
            "/user.slice",
            "/user.slice/user-1001.sliceX",
            "/user.slice/user-x.slice",
            "/docker/user.slice/user-1001.slice",
        ] {
            assert_eq!(slice_owner(other), None, "{other}");
        }
    }
}
