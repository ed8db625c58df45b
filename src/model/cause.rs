//! Why a host suffers, and who makes it: what a person at a screen would conclude from it.

use crate::base::id::Uid;

use super::snapshot::{Snapshot, UserUsage};

/// Some work has waited for memory for so much of the last ten seconds, in percent.
const MEMORY_SOME: f64 = 20.0;
/// All of it has.
const MEMORY_FULL: f64 = 5.0;
/// All work has waited for a disk.
const IO_FULL: f64 = 30.0;
/// Some work has waited for a processor, which on a busy host is normal up to a point.
const CPU_SOME: f64 = 60.0;
/// Where the kernel tells of no pressure: so little is left of memory.
const MEMORY_LEFT: f64 = 0.04;
/// Less than this part of what is scarce makes nobody the cause.
const PART: f64 = 0.2;

/// What is scarce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scarce {
    /// Memory.
    Memory,
    /// What a disk can move.
    Disk,
    /// Processors.
    Processors,
}

/// Why a host suffers.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// What it lacks.
    pub scarce: Scarce,
    /// How much of the time work waited for it, in percent; `None` where the kernel does not tell.
    pub waited: Option<f64>,
    /// The person who takes most of it, and which part of what the host has or people use.
    pub by: Option<(Uid, f64)>,
}

/// Why this host suffers; `None` when it does not.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "shares")]
pub fn of(snapshot: &Snapshot) -> Option<Cause> {
    let host = &snapshot.host;
    let pressure = host.pressure;
    let total = host.memory_total_bytes.map_or(0.0, |bytes| bytes.0 as f64);
    let memory = |user: &UserUsage| user.memory_bytes.map_or(0.0, |bytes| bytes.0 as f64);
    let above = |share: Option<f64>, limit: f64| share.filter(|share| *share >= limit);
    let full = above(pressure.memory_full_avg10, MEMORY_FULL);
    let memory_waited = full.or_else(|| above(pressure.memory_some_avg10, MEMORY_SOME));
    let left = host.memory_available_bytes.map(|bytes| bytes.0 as f64);
    let is_short = pressure.memory_some_avg10.is_none()
        && left.is_some_and(|left| total > 0.0 && left < total * MEMORY_LEFT);
    if memory_waited.is_some() || is_short {
        return Some(Cause {
            scarce: Scarce::Memory,
            waited: memory_waited,
            by: most(snapshot, memory, total),
        });
    }
    if let Some(waited) = above(pressure.io_full_avg10, IO_FULL) {
        let moved = |user: &UserUsage| {
            let sum =
                user.io_read_bytes_per_s.unwrap_or(0) + user.io_write_bytes_per_s.unwrap_or(0);
            sum as f64
        };
        let all = snapshot.users.iter().map(moved).sum();
        return Some(Cause {
            scarce: Scarce::Disk,
            waited: Some(waited),
            by: most(snapshot, moved, all),
        });
    }
    let waited = above(pressure.cpu_some_avg10, CPU_SOME)?;
    let busy = |user: &UserUsage| user.cpu_cores.map_or(0.0, |cores| cores.0);
    Some(Cause {
        scarce: Scarce::Processors,
        waited: Some(waited),
        by: most(snapshot, busy, f64::from(host.cpus)),
    })
}

/// The person who has most, if that is much of all.
fn most(snapshot: &Snapshot, value: impl Fn(&UserUsage) -> f64, all: f64) -> Option<(Uid, f64)> {
    let people = snapshot.users.iter().filter(|user| user.person);
    let first = people.max_by(|a, b| value(a).total_cmp(&value(b)))?;
    let part = value(first) / all.max(1.0);
    (part >= PART).then_some((first.uid, part))
}
