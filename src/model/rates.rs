//! Rates: a pure function of two samples.
//!
//! Who is billed for what (`user-UID.slice` is called "the slice"):
//! - A person's slice is billed as a whole from the kernel's own counters, which include
//!   processes too short-lived for any scan.
//! - A process elsewhere (cron, `su`, a service that drops privileges) is billed to its owner one
//!   by one, and children that lived and died between two samples are recovered from the
//!   `cutime` of whoever waited for them.
//! - A process in somebody else's slice is taken off that slice's bill.
//!
//! So each nanosecond is billed once, and what is nobody's is the system's.

use std::sync::Arc;

use crate::base::id::Uid;
use crate::base::units::{Bytes, Cores, Nanos};

use super::billing::{Bill, Bills, IoRates, find_slice};
use super::origin::Origin;
use super::sample::{
    CgroupVersion, Disk, Gpu, HostSample, ProcessDetail, ProcessMemory, Sample, SliceLimits,
    SliceSample,
};
use super::snapshot::{
    DiskUsage, GpuUsage, HostPressure, HostUsage, Outside, ProcessUsage, Snapshot, State, UserGpu,
    UserLimits, UserPressure, UserUsage,
};

/// Usage between two samples, `before` the older.
#[must_use]
pub fn usage(before: &Sample, after: &Sample) -> Snapshot {
    let mut bills = Bills::new(before, after);
    bills.bill_processes();
    bills.bill_unseen_children();
    bills.bill_io();
    let mut bills = bills.by_uid;
    for slice in &after.slices {
        bills.entry(slice.uid).or_default();
    }
    let mut users: Vec<UserUsage> = bills
        .into_iter()
        .map(|(uid, bill)| user_usage(before, after, uid, bill))
        .collect();
    users.sort_by(|a, b| {
        let cpu = |u: &UserUsage| u.cpu_cores.map_or(0.0, |c| c.0);
        cpu(b).total_cmp(&cpu(a)).then(a.uid.cmp(&b.uid))
    });
    let host = host_usage(before, after, &users);
    Snapshot {
        taken_at: after.taken_at,
        interval_s: after.clock.saturating_sub(before.clock).as_secs_f64(),
        host,
        users,
        sessions: Arc::clone(&after.sessions),
        processes: details(before, after),
        processes_left_out: after.details.left_out,
        closeup: after.details.closeup.clone(),
    }
}

/// Everything about one uid, from its bill and its slice.
fn user_usage(before: &Sample, after: &Sample, uid: Uid, bill: Bill) -> UserUsage {
    let slice = find_slice(&after.slices, uid);
    let earlier = find_slice(&before.slices, uid);
    let rates = slice.map(|slice| SliceRates::of(slice, earlier, before.clock));
    let account = after.accounts.get(&uid);
    let person = account.is_some_and(|a| a.person);

    let cpu_slice = rates.as_ref().and_then(|r| r.cpu);
    let cpu_cores = match (cpu_slice, slice.is_some()) {
        (Some(cpu), _) => Some((cpu - bill.guests.cpu) + bill.cpu),
        (None, true) => None,
        (None, false) => Some(bill.cpu),
    };
    let memory_slice = slice.and_then(|s| s.memory);
    let own = memory_slice
        .map(|m| m.used.saturating_sub(bill.guests.memory) + m.swap.unwrap_or_default());
    let memory_bytes = match (own, bill.memory) {
        (None, None) => None,
        (own, elsewhere) => Some(own.unwrap_or_default() + elsewhere.unwrap_or_default()),
    };
    let swap_bytes = match (memory_slice, bill.memory) {
        (Some(m), _) => m.swap.map(|swap| swap + bill.swap),
        (None, Some(_)) => Some(bill.swap),
        (None, None) => None,
    };
    let io = match &rates {
        // Some of it is kept back: a sum would be too small.
        _ if bill.tasks > 0 && after.io_denied.contains(&uid) => None,
        Some(rates) => rates.io.map(|own| own.less(bill.guests.io) + bill.io),
        None => Some(bill.io),
    };
    let sessions = after.sessions.iter().filter(|s| s.uid == uid);
    let is_v2 = after.host.cgroup == CgroupVersion::V2;
    let limits = slice.map(|s| s.limits).unwrap_or_default();
    let in_slice = slice.and_then(|s| s.processes).unwrap_or(0);
    let in_slice = in_slice.saturating_sub(bill.guests.processes);
    let mut usage = UserUsage {
        user: match account.and_then(|a| a.name.clone()) {
            Some(name) => name,
            None => uid.to_string().into(),
        },
        uid,
        person,
        cpu_cores,
        memory_bytes,
        memory_cache_bytes: memory_slice.map(|m| m.cache),
        swap_bytes,
        processes: in_slice + bill.processes,
        tasks: match slice {
            Some(slice) => slice.tasks.map(|tasks| tasks + bill.tasks),
            None => Some(bill.tasks),
        },
        io_read_bytes_per_s: io.map(|io| io.read),
        io_write_bytes_per_s: io.map(|io| io.written),
        cpu_throttled_ratio: rates.as_ref().and_then(|r| r.throttled),
        pressure: slice.map_or_else(UserPressure::default, |s| UserPressure {
            cpu_some_avg10: s.pressure.cpu_some,
            memory_full_avg10: s.pressure.memory_full,
            io_full_avg10: s.pressure.io_full,
        }),
        oom_kills: slice.and_then(|s| s.oom_kills),
        outside: Outside {
            processes: bill.outside,
            cpu_cores: is_v2.then_some(if person { bill.cpu } else { Cores(0.0) }),
            memory_bytes: match bill.memory {
                _ if !is_v2 => None,
                memory if person && bill.outside > 0 => memory,
                _ => Some(Bytes(0)),
            },
            cgroups: bill.cgroups.into_iter().collect(),
        },
        limits: UserLimits {
            cpu_quota_cores: limits.cpu_quota,
            memory_high_bytes: limits.memory_high,
            memory_max_bytes: limits.memory_max,
            tasks_max: limits.tasks_max,
        },
        state: Vec::new(),
        sessions: u32::try_from(sessions.clone().count()).unwrap_or(u32::MAX),
        idle_s: sessions.filter_map(|s| s.idle_s).min(),
        gpu: gpu(after, uid),
    };
    usage.state = states(&usage, slice, earlier, cpu_slice);
    usage
}

/// Rates of one slice.
struct SliceRates {
    cpu: Option<Cores>,
    throttled: Option<f64>,
    io: Option<IoRates>,
}

impl SliceRates {
    /// A slice that was not there before began within the interval, as does one whose counters
    /// ran backwards: it ended and came back.
    fn of(slice: &SliceSample, earlier: Option<&SliceSample>, start: Nanos) -> Self {
        let earlier = earlier.filter(|e| e.cpu <= slice.cpu);
        let elapsed = slice
            .clock
            .saturating_sub(earlier.map_or(start, |e| e.clock));
        let cpu = slice.cpu.map(|cpu| {
            let before = earlier.and_then(|e| e.cpu).unwrap_or_default();
            Cores::of(cpu.saturating_sub(before), elapsed)
        });
        let throttled = slice.throttling.map(|now| {
            let (periods, throttled) = earlier
                .and_then(|e| e.throttling)
                .map_or((0, 0), |e| (e.periods, e.throttled));
            ratio(
                now.throttled.saturating_sub(throttled),
                now.periods.saturating_sub(periods),
            )
        });
        let io = slice.io.map(|now| {
            let before = earlier.and_then(|e| e.io).unwrap_or_default();
            IoRates::of(before, now, elapsed)
        });
        Self { cpu, throttled, io }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        (part as f64 / whole as f64).min(1.0)
    }
}

/// What the person has of all GPUs; `None` on a host without one.
fn gpu(after: &Sample, uid: Uid) -> Option<UserGpu> {
    let gpus = &after.surroundings.gpus;
    if gpus.is_empty() {
        return None;
    }
    let mut sum = UserGpu {
        gpu_memory_bytes: Some(Bytes(0)),
        gpu_busy: Some(0.0),
    };
    for part in gpus.iter().flat_map(|gpu| &gpu.users) {
        if part.uid == uid {
            let memory = part.memory.unwrap_or_default();
            sum.gpu_memory_bytes = sum.gpu_memory_bytes.map(|bytes| bytes + memory);
            let share = f64::from(part.busy_percent.unwrap_or(0)) / 100.0;
            sum.gpu_busy = sum.gpu_busy.map(|busy| busy + share);
        }
    }
    Some(sum)
}

fn states(
    usage: &UserUsage,
    slice: Option<&SliceSample>,
    earlier: Option<&SliceSample>,
    cpu_slice: Option<Cores>,
) -> Vec<State> {
    let mut states = Vec::new();
    if let Some(slice) = slice {
        if near_limit(slice, slice.limits, cpu_slice) {
            states.push(State::NearLimit);
        }
        if usage.cpu_throttled_ratio.is_some_and(|r| r > 0.0) {
            states.push(State::Throttled);
        }
        if slice.frozen {
            states.push(State::Frozen);
        }
        if slice.oom_kills > earlier.and_then(|e| e.oom_kills).or(Some(0)) && earlier.is_some() {
            states.push(State::Oom);
        }
    }
    if usage.outside.processes > 0 {
        states.push(State::Outside);
    }
    states
}

/// At nine tenths of any limit. Only what runs in the slice counts: limits reach nothing else.
#[expect(clippy::cast_precision_loss, reason = "a share of a limit")]
fn near_limit(slice: &SliceSample, limits: SliceLimits, cpu: Option<Cores>) -> bool {
    let near = |used: Option<f64>, limit: Option<f64>| matches!((used, limit), (Some(used), Some(limit)) if limit > 0.0 && used >= 0.9 * limit);
    let memory = slice.memory.map(|m| m.used.0 as f64);
    let bytes = |limit: Option<Bytes>| limit.map(|b| b.0 as f64);
    near(memory, bytes(limits.memory_max))
        || near(memory, bytes(limits.memory_high))
        || near(
            slice.tasks.map(|t| t as f64),
            limits.tasks_max.map(|t| t as f64),
        )
        || near(cpu.map(|c| c.0), limits.cpu_quota)
}

/// Processes of whoever is looked at closely. One that began since has used all it used since.
fn details(before: &Sample, after: &Sample) -> Vec<ProcessUsage> {
    let usage = |process: &ProcessDetail| {
        let earlier = before
            .details
            .processes
            .binary_search_by_key(&process.pid, |d| d.pid)
            .ok()
            .and_then(|at| before.details.processes.get(at))
            .filter(|earlier| earlier.started == process.started);
        let age = after
            .host
            .uptime
            .map(|up| up.saturating_sub(process.started));
        let cpu_cores = match (earlier, age) {
            (Some(earlier), _) => Some(Cores::of(
                process.cpu.saturating_sub(earlier.cpu),
                process.clock.saturating_sub(earlier.clock),
            )),
            (None, Some(age)) if age <= after.clock.saturating_sub(before.clock) => {
                Some(Cores::of(process.cpu, age.max(Nanos(1))))
            }
            (None, _) => None,
        };
        ProcessUsage {
            pid: process.pid,
            parent: process.parent,
            uid: process.uid,
            cpu_cores,
            memory: process.memory.map(ProcessMemory::total),
            threads: process.threads,
            state: process.state,
            age_s: age.map(|age| age.0 / Nanos::SECOND.0),
            cgroup: process.cgroup.clone(),
            origin: origin(&after.details.processes, process),
            name: Arc::clone(&process.name),
            command: Arc::clone(&process.command),
            silent: process.silent,
        }
    };
    after.details.processes.iter().map(usage).collect()
}

/// By which way a process came in: what its cgroup tells, and within a session whether a
/// multiplexer keeps it.
fn origin(processes: &[ProcessDetail], process: &ProcessDetail) -> Origin {
    let cgroup = process.cgroup.as_deref().unwrap_or("/");
    let origin = Origin::of(cgroup, process.uid);
    if !matches!(origin, Origin::Session(_)) {
        return origin;
    }
    let mut at = Some(process);
    // A chain longer than this is a loop made by pids given away again.
    for _ in 0..64 {
        let Some(process) = at else { break };
        if process.name.starts_with("tmux: server") || &*process.name == "screen" {
            return Origin::Multiplexer;
        }
        let parent = processes.binary_search_by_key(&process.parent, |p| p.pid);
        at = parent.ok().and_then(|at| processes.get(at));
    }
    origin
}

fn host_usage(before: &Sample, after: &Sample, users: &[UserUsage]) -> HostUsage {
    let host: &HostSample = &after.host;
    let elapsed = after.clock.saturating_sub(before.clock);
    let people: Cores = users
        .iter()
        .filter(|u| u.person)
        .filter_map(|u| u.cpu_cores)
        .sum();
    let busy = match (before.host.cpu_busy, host.cpu_busy) {
        (Some(a), Some(b)) => {
            // The host's counter samples at each tick and misses what falls between, or whole
            // ticks where the host itself is starved by its hypervisor; people's are exact.
            let busy = Cores::of(b.saturating_sub(a), elapsed).0;
            Some(Cores(
                busy.max(people.0).min(f64::from(host.cpus).max(people.0)),
            ))
        }
        _ => None,
    };
    HostUsage {
        name: Arc::clone(&host.name),
        cpus: host.cpus,
        cpu_busy_cores: busy,
        cpu_system_cores: busy.map(|busy| busy - people),
        memory_total_bytes: host.memory.map(|m| m.total),
        memory_available_bytes: host.memory.map(|m| m.available),
        swap_total_bytes: host.memory.map(|m| m.swap_total),
        swap_used_bytes: host.memory.map(|m| m.swap_used),
        load: host.load,
        pressure: HostPressure {
            cpu_some_avg10: host.pressure.cpu_some,
            memory_some_avg10: host.pressure.memory_some,
            memory_full_avg10: host.pressure.memory_full,
            io_some_avg10: host.pressure.io_some,
            io_full_avg10: host.pressure.io_full,
        },
        cgroup: host.cgroup,
        processes: host.processes,
        uptime_s: host.uptime.map(|up| up.0 / Nanos::SECOND.0),
        partial: host.partial,
        disks: after.surroundings.disks.iter().map(disk_usage).collect(),
        disks_silent: after.surroundings.silent.clone(),
        network_received_bytes_per_s: after.surroundings.network.map(|(received, _)| received),
        network_sent_bytes_per_s: after.surroundings.network.map(|(_, sent)| sent),
        gpus: after.surroundings.gpus.iter().map(gpu_usage).collect(),
    }
}

fn disk_usage(disk: &Disk) -> DiskUsage {
    DiskUsage {
        mount: Arc::clone(&disk.mount),
        total_bytes: disk.total,
        available_bytes: disk.available,
    }
}

fn gpu_usage(gpu: &Gpu) -> GpuUsage {
    GpuUsage {
        name: Arc::clone(&gpu.name),
        busy_percent: gpu.busy_percent,
        memory_total_bytes: gpu.memory_total,
        memory_used_bytes: gpu.memory_used,
    }
}
