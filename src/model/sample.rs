//! Raw readings of one moment: cumulative counters and levels, as the kernel had them.
//!
//! Absence is a value: what the kernel did not show, or what the caller may not see, is `None`
//! and never 0.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Nanos};

/// Everything read in one pass over the host.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Passes are numbered.
    pub pass: u32,
    /// When the pass began.
    pub taken_at: Timestamp,
    /// The monotonic clock when the host's own counters were read.
    pub clock: Nanos,
    /// The machine as a whole.
    pub host: HostSample,
    /// One entry per `user-UID.slice` of cgroup v2, ordered by uid; empty on other hosts.
    pub slices: Vec<SliceSample>,
    /// Processes that are counted one by one, ordered by pid: those that no slice's bill covers,
    /// or all of them where there are no slices. Kernel threads are not among them.
    pub processes: Vec<ProcessSample>,
    /// The cgroups that [`ProcessSample::place`] speaks of.
    pub places: Arc<Vec<Place>>,
    /// Bytes that those processes read and wrote, ordered by pid: of each that was asked.
    pub io: Vec<ProcessIo>,
    /// People whose processes did not tell their I/O: the caller may not know.
    pub io_denied: BTreeSet<Uid>,
    /// What logind calls sessions, everybody's.
    pub sessions: Arc<Vec<Session>>,
    /// What is around the processes: disks, network, GPUs.
    pub surroundings: Arc<Surroundings>,
    /// Processes of whoever is looked at closely, ordered by pid.
    pub details: Arc<Details>,
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
    /// Processes, kernel threads included.
    pub processes: u64,
    /// Whether the caller is not root, so that the kernel may keep some of it back.
    pub partial: bool,
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

impl Pressure {
    /// Whether anything waited.
    #[must_use]
    pub fn any(&self) -> bool {
        let all = [
            self.cpu_some,
            self.memory_some,
            self.memory_full,
            self.io_some,
            self.io_full,
        ];
        all.into_iter().flatten().any(|share| share > 0.0)
    }
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
    /// Processes in it and below.
    pub processes: Option<u32>,
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

/// One process that is counted by itself.
#[derive(Clone, Copy, Debug)]
pub struct ProcessSample {
    /// Its id.
    pub pid: Pid,
    /// Which process of that pid this is: pids are given away again, these numbers are not.
    pub birth: u32,
    /// Its parent.
    pub parent: Pid,
    /// The real uid: who started it, also for set-uid programs.
    pub uid: Uid,
    /// Where it runs.
    pub place: PlaceId,
    /// The pass before which it began and after which it had: 0 for one that was there before
    /// anybody looked, or that only came into sight.
    pub born_in: u32,
    /// Microseconds from [`Sample::clock`] to the moment it was read.
    pub read_after_us: u32,
    /// Threads.
    pub threads: u32,
    /// What it holds.
    pub memory: ProcessMemory,
    /// CPU time of all its threads.
    pub cpu: Nanos,
    /// CPU time of its children that ended and were waited for, and of theirs.
    pub children_cpu: Nanos,
}

impl ProcessSample {
    /// The monotonic clock when it was read.
    #[must_use]
    pub fn clock(&self, sample: &Sample) -> Nanos {
        sample.clock + Nanos::from_micros(self.read_after_us.into())
    }
}

/// Bytes one process moved from and to block devices, its children that ended included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessIo {
    /// Its id.
    pub pid: Pid,
    /// Which process of that pid, see [`ProcessSample::birth`].
    pub birth: u32,
    /// The reading before the last one.
    pub before: IoReading,
    /// The last one.
    pub last: IoReading,
}

/// One reading of `/proc/PID/io`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IoReading {
    /// The monotonic clock.
    pub clock: Nanos,
    /// `read_bytes` and `write_bytes`.
    pub bytes: IoBytes,
}

/// A session of logind, and what tells where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, as in `session-ID.scope`.
    pub id: Arc<str>,
    /// Whose.
    pub uid: Uid,
    /// The PAM service that opened it: `sshd`, `login`, `cron`.
    pub service: Arc<str>,
    /// The host at the other end, cleaned.
    pub remote: Option<Arc<str>>,
    /// Its terminal, without `/dev/`.
    pub tty: Option<Arc<str>>,
    /// Seconds since somebody typed there; `None` without a terminal.
    pub idle_s: Option<u64>,
    /// When it began, in seconds since 1970.
    pub since: Option<i64>,
}

impl Session {
    /// Where it comes from: `ssh from 10.0.0.7, pts/0`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut words = match &*self.service {
            "sshd" | "ssh" => "ssh".to_owned(),
            "login" => "console".to_owned(),
            "crond" | "cron" => "cron".to_owned(),
            "" => format!("session {}", self.id),
            service => service.to_owned(),
        };
        if let Some(remote) = &self.remote {
            words += &format!(" from {remote}");
        }
        if let Some(tty) = &self.tty {
            words += &format!(", {tty}");
        }
        words
    }
}

/// What is around the processes; figures of their own age, since a disk or a driver that does
/// not answer must hold up nothing else.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// File systems that hold people's data, fullest first.
    pub disks: Vec<Disk>,
    /// Mount points that did not answer.
    pub silent: Vec<Arc<str>>,
    /// Bytes received and sent through the host's network cards, per second.
    pub network: Option<(u64, u64)>,
    /// GPUs, as NVIDIA's driver tells; empty without one.
    pub gpus: Vec<Gpu>,
}

/// One file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Where it is mounted, cleaned.
    pub mount: Arc<str>,
    /// Its size, without what is reserved for root.
    pub total: Bytes,
    /// What an ordinary user may still write.
    pub available: Bytes,
}

/// One GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Gpu {
    /// Its name.
    pub name: Arc<str>,
    /// Share of the last second in which it computed, in percent.
    pub busy_percent: Option<u32>,
    /// Its memory.
    pub memory_total: Bytes,
    /// The part in use.
    pub memory_used: Bytes,
    /// Who has what of it.
    pub users: Vec<GpuUser>,
}

/// What one uid has of a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuUser {
    /// Whose processes.
    pub uid: Uid,
    /// The memory they hold there.
    pub memory: Option<Bytes>,
    /// Their share of its time, in percent.
    pub busy_percent: Option<u32>,
}

/// A number for a cgroup, valid within one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlaceId(pub u32);

impl PlaceId {
    /// Not known, or nobody asked.
    pub const UNKNOWN: Self = Self(u32::MAX);
}

/// A cgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its path, cleaned.
    pub path: Arc<str>,
    /// Whose slice it lies in.
    pub owner: Option<Uid>,
}

impl Place {
    /// A cgroup by its clean path.
    #[must_use]
    pub fn of(path: String) -> Self {
        Self {
            owner: slice_owner(&path),
            path: path.into(),
        }
    }
}

/// Who is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Focus {
    /// The person whose processes are wanted.
    pub uid: Uid,
    /// The process that is wanted in all its parts.
    pub pid: Option<Pid>,
}

/// The processes of one person, looked at closely, and perhaps one of them more closely still.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Whose; `None` when nobody is looked at.
    pub of: Option<Uid>,
    /// Ordered by pid.
    pub processes: Vec<ProcessDetail>,
    /// How many more there are than are listed.
    pub left_out: usize,
    /// The one that was asked for.
    pub closeup: Option<Arc<Closeup>>,
}

/// One process, looked at closely.
#[derive(Clone, Debug)]
pub struct ProcessDetail {
    /// Its id.
    pub pid: Pid,
    /// Its parent.
    pub parent: Pid,
    /// Whose it is.
    pub uid: Uid,
    /// When it began, since boot.
    pub started: Nanos,
    /// The monotonic clock when it was read.
    pub clock: Nanos,
    /// CPU time of all its threads.
    pub cpu: Nanos,
    /// What it holds.
    pub memory: Option<ProcessMemory>,
    /// Threads.
    pub threads: u32,
    /// State letter of `/proc/PID/stat`.
    pub state: char,
    /// Where it runs, cleaned.
    pub cgroup: Option<Arc<str>>,
    /// Its name, cleaned.
    pub name: Arc<str>,
    /// The command line, cleaned and cut; the name where there is none.
    pub command: Arc<str>,
    /// Whether it does not let anybody read its command line.
    pub silent: bool,
}

/// What one needs to decide about a process.
#[derive(Clone, Debug, Default)]
pub struct Closeup {
    /// Which.
    pub pid: Pid,
    /// Its arguments, cleaned, each for itself; cut when there are very many.
    pub arguments: Vec<Arc<str>>,
    /// Whether arguments were left out.
    pub arguments_cut: bool,
    /// The program file.
    pub program: Option<Arc<str>>,
    /// Where it is in the file system.
    pub cwd: Option<Arc<str>>,
    /// Open files.
    pub files: Option<u64>,
    /// Its memory by kind.
    pub memory: MemorySplit,
    /// Its own limits that are not boundless, as `name soft`.
    pub limits: Vec<(Arc<str>, Arc<str>)>,
    /// Nice value.
    pub nice: i64,
    /// `oom_score_adj`.
    pub oom_score_adj: Option<i64>,
    /// Bytes moved from and to block devices since it began.
    pub io: Option<IoBytes>,
    /// Those that started it, the nearest first: pid, uid and name.
    pub ancestors: Vec<(Pid, Uid, Arc<str>)>,
    /// Processes it started that still run.
    pub children: Vec<(Pid, Arc<str>)>,
    /// When it began, in seconds since 1970.
    pub since: Option<i64>,
}

/// Memory of one process by kind, from `/proc/PID/status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemorySplit {
    /// `RssAnon`.
    pub anonymous: Option<Bytes>,
    /// `RssFile`: pages of files, which the kernel can take back.
    pub file: Option<Bytes>,
    /// `RssShmem`.
    pub shared: Option<Bytes>,
    /// `VmSwap`.
    pub swap: Option<Bytes>,
    /// `VmHWM`: the most that was resident.
    pub peak: Option<Bytes>,
}

/// Memory of one process, in KiB as the kernel tells it: there are many of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessMemory {
    resident_kib: u32,
    swap_kib: u32,
}

impl ProcessMemory {
    /// Where the kernel refuses to tell.
    pub const UNKNOWN: Self = Self {
        resident_kib: u32::MAX,
        swap_kib: u32::MAX,
    };

    /// Itself, unless it is not known.
    #[must_use]
    pub fn known(self) -> Option<Self> {
        (self != Self::UNKNOWN).then_some(self)
    }

    /// From bytes; four TiB and more count as four.
    #[must_use]
    pub fn new(resident: Bytes, swap: Bytes) -> Self {
        let kib = |bytes: Bytes| u32::try_from(bytes.0 / 1024).unwrap_or(u32::MAX - 1);
        Self {
            resident_kib: kib(resident),
            swap_kib: kib(swap),
        }
    }

    /// `RssAnon + RssShmem`: shared pages count for each process that maps them.
    #[must_use]
    pub fn resident(self) -> Bytes {
        Bytes::from_kib(self.resident_kib.into())
    }

    /// `VmSwap`.
    #[must_use]
    pub fn swap(self) -> Bytes {
        Bytes::from_kib(self.swap_kib.into())
    }

    /// Both: what ending the process would free.
    #[must_use]
    pub fn total(self) -> Bytes {
        self.resident() + self.swap()
    }
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
