//! Usage per person over one interval: the document every face shows.
//!
//! Field names are the keys of `usage --json` (`benchwarden.usage/1`), so there is one shape for
//! the screen, the verbs and the wire. `None` is written as `null` and means "could not be read",
//! or, for a limit, "no limit".

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Cores};

use super::origin::Origin;
use super::sample::{CgroupVersion, Closeup, Session};

/// What the host and each person used between two samples.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// When the second sample was taken.
    #[serde(serialize_with = "to_the_second")]
    pub taken_at: Timestamp,
    /// Seconds between the two samples.
    #[serde(serialize_with = "to_the_millisecond")]
    pub interval_s: f64,
    /// The machine as a whole.
    pub host: HostUsage,
    /// Everyone with a process or a slice, people and others, most CPU first.
    pub users: Vec<UserUsage>,
    /// Sessions of everybody, as logind has them.
    #[serde(skip)]
    pub sessions: Arc<Vec<Session>>,
    /// Processes of whoever is looked at closely.
    #[serde(skip)]
    pub processes: Vec<ProcessUsage>,
    /// How many more of theirs there are than are listed.
    #[serde(skip)]
    pub processes_left_out: usize,
    /// The process that is looked at more closely still.
    #[serde(skip)]
    pub closeup: Option<Arc<Closeup>>,
}

/// The machine as a whole.
#[derive(Clone, Debug, Serialize)]
pub struct HostUsage {
    /// The node name.
    pub name: Arc<str>,
    /// Processors online.
    pub cpus: u32,
    /// Processors that were busy.
    pub cpu_busy_cores: Option<Cores>,
    /// The part of it that is no person's: the kernel, root and services.
    pub cpu_system_cores: Option<Cores>,
    /// `MemTotal`.
    pub memory_total_bytes: Option<Bytes>,
    /// `MemAvailable`.
    pub memory_available_bytes: Option<Bytes>,
    /// `SwapTotal`.
    pub swap_total_bytes: Option<Bytes>,
    /// Swap in use.
    pub swap_used_bytes: Option<Bytes>,
    /// Load averages of 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Pressure of the last ten seconds, in percent.
    pub pressure: HostPressure,
    /// How cgroups are mounted.
    pub cgroup: CgroupVersion,
    /// Processes seen.
    pub processes: u64,
    /// Seconds since boot.
    pub uptime_s: Option<u64>,
    /// Whether the caller is not root, so that the kernel may keep some of it back.
    pub partial: bool,
    /// File systems that hold people's data, fullest first.
    pub disks: Vec<DiskUsage>,
    /// Mount points that do not answer.
    pub disks_silent: Vec<Arc<str>>,
    /// Bytes received through the host's network cards.
    pub network_received_bytes_per_s: Option<u64>,
    /// Bytes sent through them.
    pub network_sent_bytes_per_s: Option<u64>,
    /// GPUs; empty where there is no driver of NVIDIA's.
    pub gpus: Vec<GpuUsage>,
}

/// One file system.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DiskUsage {
    /// Where it is mounted, cleaned.
    pub mount: Arc<str>,
    /// Its size, without what is reserved for root.
    pub total_bytes: Bytes,
    /// What an ordinary user may still write.
    pub available_bytes: Bytes,
}

/// One GPU.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GpuUsage {
    /// Its name.
    pub name: Arc<str>,
    /// Share of its time in which it computed, in percent.
    pub busy_percent: Option<u32>,
    /// Its memory.
    pub memory_total_bytes: Bytes,
    /// The part in use.
    pub memory_used_bytes: Bytes,
}

/// Pressure stall information of the host, percent of the last ten seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the kernel's own, see Pressure")]
pub struct HostPressure {
    pub cpu_some_avg10: Option<f64>,
    pub memory_some_avg10: Option<f64>,
    pub memory_full_avg10: Option<f64>,
    pub io_some_avg10: Option<f64>,
    pub io_full_avg10: Option<f64>,
}

/// Pressure of one person's slice, percent of the last ten seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the kernel's own, see Pressure")]
pub struct UserPressure {
    pub cpu_some_avg10: Option<f64>,
    pub memory_full_avg10: Option<f64>,
    pub io_full_avg10: Option<f64>,
}

/// What one person (or, beside them, root or a service account) used.
#[derive(Clone, Debug, Serialize)]
pub struct UserUsage {
    /// The name, cleaned; the uid in digits when nothing knows it.
    pub user: Arc<str>,
    /// The uid.
    pub uid: Uid,
    /// Whether this is a person; others are shown on demand.
    #[serde(skip)]
    pub person: bool,
    /// CPU used, short-lived children included where the kernel counts them.
    pub cpu_cores: Option<Cores>,
    /// Memory that only ending something would free: anonymous, shared, swapped out, and
    /// kernel memory that cannot be reclaimed.
    pub memory_bytes: Option<Bytes>,
    /// Page cache charged to the person; the kernel takes it back when needed.
    pub memory_cache_bytes: Option<Bytes>,
    /// The part of `memory_bytes` that is swapped out.
    pub swap_bytes: Option<Bytes>,
    /// Processes.
    pub processes: u32,
    /// Processes and threads.
    pub tasks: Option<u64>,
    /// Bytes read from block devices.
    pub io_read_bytes_per_s: Option<u64>,
    /// Bytes written to block devices.
    pub io_write_bytes_per_s: Option<u64>,
    /// Share of enforcement periods in which the CPU quota held the person back.
    pub cpu_throttled_ratio: Option<f64>,
    /// Pressure in the person's slice.
    pub pressure: UserPressure,
    /// Processes killed for memory in the slice since it began.
    pub oom_kills: Option<u64>,
    /// The part of the totals that runs outside the person's own slice.
    pub outside: Outside,
    /// Limits in force on the slice.
    pub limits: UserLimits,
    /// What deserves a look.
    pub state: Vec<State>,
    /// Sessions of logind.
    pub sessions: u32,
    /// Seconds since the person typed in any of them; `null` without a terminal.
    pub idle_s: Option<u64>,
    /// What the person has of the GPUs; left out where there is none.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<UserGpu>,
}

/// What one person has of all GPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct UserGpu {
    /// Memory held there.
    pub gpu_memory_bytes: Option<Bytes>,
    /// GPUs kept busy: 1.0 is one all the time.
    pub gpu_busy: Option<f64>,
}

/// The part of a person's totals that runs outside their own slice, where its limits do not reach.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outside {
    /// Processes there.
    pub processes: u32,
    /// CPU used there.
    pub cpu_cores: Option<Cores>,
    /// Memory held there.
    pub memory_bytes: Option<Bytes>,
    /// The cgroups they are in, cleaned, sorted; at most [`Outside::CGROUPS_MAX`].
    pub cgroups: Vec<Arc<str>>,
}

impl Outside {
    /// How many cgroups are named: a person can make any number of them.
    pub const CGROUPS_MAX: usize = 16;
}

/// Limits as the kernel has them; `null` where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct UserLimits {
    /// `cpu.max` in cores.
    pub cpu_quota_cores: Option<f64>,
    /// `memory.high`.
    pub memory_high_bytes: Option<Bytes>,
    /// `memory.max`.
    pub memory_max_bytes: Option<Bytes>,
    /// `pids.max`.
    pub tasks_max: Option<u64>,
}

/// What deserves a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// At nine tenths of a limit or more.
    NearLimit,
    /// The CPU quota held the person back during the interval.
    Throttled,
    /// All processes of the slice are frozen.
    Frozen,
    /// Something was killed for memory during the interval.
    Oom,
    /// Processes run outside the slice.
    Outside,
}

impl State {
    /// As written in JSON and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NearLimit => "near-limit",
            Self::Throttled => "throttled",
            Self::Frozen => "frozen",
            Self::Oom => "oom",
            Self::Outside => "outside",
        }
    }
}

/// One process over the interval.
#[derive(Clone, Debug)]
pub struct ProcessUsage {
    /// Its id.
    pub pid: Pid,
    /// Its parent.
    pub parent: Pid,
    /// Whose it is.
    pub uid: Uid,
    /// CPU used; `None` when it was not looked at before.
    pub cpu_cores: Option<Cores>,
    /// Memory it holds, swapped-out pages included.
    pub memory: Option<Bytes>,
    /// Threads.
    pub threads: u32,
    /// State letter.
    pub state: char,
    /// Seconds since it began.
    pub age_s: Option<u64>,
    /// The cgroup it is in, cleaned.
    pub cgroup: Option<Arc<str>>,
    /// By which way it came in.
    pub origin: Origin,
    /// Its name.
    pub name: Arc<str>,
    /// Command line where it was read, else the name.
    pub command: Arc<str>,
    /// Whether it does not let anybody read its command line.
    pub silent: bool,
}

impl Snapshot {
    /// People alone, in the order of the snapshot.
    pub fn people(&self) -> impl Iterator<Item = &UserUsage> {
        self.users.iter().filter(|user| user.person)
    }

    /// A way in, in words: with the other end and the terminal where logind knows them.
    #[must_use]
    pub fn way_in(&self, uid: Uid, origin: &Origin) -> String {
        let Origin::Session(id) = origin else {
            return origin.to_string();
        };
        let session = self.sessions.iter().find(|s| s.uid == uid && *s.id == **id);
        session.map_or_else(|| origin.to_string(), Session::in_words)
    }

    /// CPU and memory that belong to no account: the kernel's, and what nobody could be billed.
    #[must_use]
    pub fn rest(&self) -> (Option<Cores>, Option<Bytes>) {
        let services = self.users.iter().filter(|user| !user.person);
        let services: Cores = services.filter_map(|user| user.cpu_cores).sum();
        let cpu = self.host.cpu_system_cores;
        let cpu = cpu.map(|system| Cores((system - services).0.max(0.0)));
        let total = self.host.memory_total_bytes;
        let used = total.zip(self.host.memory_available_bytes);
        let memory = used.map(|(total, available)| {
            let resident = |user: &UserUsage| {
                let memory = user.memory_bytes.unwrap_or_default();
                memory.saturating_sub(user.swap_bytes.unwrap_or_default())
            };
            let accounts = self.users.iter().map(resident);
            let accounts = accounts.fold(Bytes(0), |a, b| a + b);
            total.saturating_sub(available).saturating_sub(accounts)
        });
        (cpu, memory)
    }

    /// Who is called what: the name of a uid, or its digits.
    #[must_use]
    pub fn name_of(&self, uid: Uid) -> Arc<str> {
        match self.user(uid) {
            Some(user) => Arc::clone(&user.user),
            None if uid == Uid::ROOT => "root".into(),
            None => uid.to_string().into(),
        }
    }

    /// One user.
    #[must_use]
    pub fn user(&self, uid: Uid) -> Option<&UserUsage> {
        self.users.iter().find(|user| user.uid == uid)
    }
}

fn to_the_second<S: Serializer>(at: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&at.strftime("%Y-%m-%dT%H:%M:%SZ"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn to_the_millisecond<S: Serializer>(seconds: &f64, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_f64((seconds * 1000.0).round() / 1000.0)
}
