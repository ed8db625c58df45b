//! Memory that several processes map together, outside of the slices.
//!
//! A slice is charged for each page once. Processes that are counted one by one each have a
//! shared page in what they hold: children that were forked to work in parallel, as `mclapply`
//! and `multiprocessing` do, all hold what their parent had; so does whoever maps the same shared
//! memory. Of those that may share much, the kernel is asked for their proportional share (`Pss`
//! in `proc_pid_smaps(5)`). It walks the pages for that, so they are asked in turn and for no
//! longer than [`WALK`] a pass; in between, a process keeps its part of what it holds.

use std::collections::BTreeMap;

use crate::base::id::Pid;
use crate::base::units::{Bytes, Nanos};
use crate::model::sample::{ProcessMemory, ProcessSample};

use super::clock;
use super::process::{Status, StatusMemory};
use super::reader::Marker;
use super::root::Root;

/// Sharing less than this is not looked for.
pub(super) const MUCH: Bytes = Bytes(16 << 20);
/// How long pages are walked in one pass, unless one process alone takes longer; and in the
/// first.
const WALK: Nanos = Nanos(10_000_000);
const WALK_AT_FIRST: Nanos = Nanos(200_000_000);
/// How many processes may be asked in one pass.
const AT_ONCE: usize = 256;

/// A process that may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sharer {
    pub(super) pid: Pid,
    pub(super) birth: u32,
    pub(super) parent: Pid,
    /// What it holds, shared pages in full.
    pub(super) resident: Bytes,
}

impl Sharer {
    /// Whether another is its like: children of one parent that hold about the same were forked
    /// for the same work.
    fn is_like(&self, other: &Self) -> bool {
        let (a, b) = (self.resident.0 / 4, other.resident.0 / 4);
        self.parent == other.parent && a <= b.saturating_mul(5) / 4 && b <= a.saturating_mul(5) / 4
    }
}

/// The part of what it holds that is a process's own.
#[derive(Debug, Default)]
pub(super) struct Shares {
    known: BTreeMap<Pid, (u32, f64)>,
    turn: Pid,
}

impl Shares {
    /// Those to be asked now, in turn.
    pub(super) fn next(&self, sharers: &[Sharer]) -> Vec<Sharer> {
        let start = sharers.partition_point(|sharer| sharer.pid < self.turn);
        let in_turn = sharers[start..].iter().chain(&sharers[..start]);
        in_turn.take(AT_ONCE).copied().collect()
    }

    /// Takes in what the kernel said; who does not share any more is forgotten.
    pub(super) fn note(&mut self, told: &[(Sharer, f64)], sharers: &[Sharer]) {
        for (sharer, part) in told {
            self.known.insert(sharer.pid, (sharer.birth, *part));
            self.turn = Pid(sharer.pid.0.wrapping_add(1));
        }
        let shares = |pid: &Pid| sharers.binary_search_by_key(pid, |s| s.pid).is_ok();
        self.known.retain(|pid, _| shares(pid));
    }

    /// The part of its memory that a process is billed for. Until its own turn has come it is
    /// taken to share as one like it does.
    pub(super) fn part(&self, sharer: &Sharer, sharers: &[Sharer]) -> Option<f64> {
        let own = |sharer: &Sharer| {
            let known = self.known.get(&sharer.pid);
            known.filter(|(birth, _)| *birth == sharer.birth)
        };
        let like = || sharers.iter().filter(|s| s.is_like(sharer)).find_map(own);
        own(sharer).or_else(like).map(|(_, part)| *part)
    }

    /// Bills each of these for its part only.
    pub(super) fn apply(&self, sharers: &[Sharer], processes: &mut [ProcessSample]) {
        for sharer in sharers {
            let at = processes.binary_search_by_key(&sharer.pid, |p| p.pid);
            if let (Ok(at), Some(part)) = (at, self.part(sharer, sharers)) {
                processes[at].memory = part_of(processes[at].memory, part);
            }
        }
    }
}

/// A part of what is resident, and all of what is swapped out.
pub(super) fn part_of(memory: ProcessMemory, part: f64) -> ProcessMemory {
    let Some(memory) = memory.known() else {
        return memory;
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a size"
    )]
    let resident = Bytes((memory.resident().0 as f64 * part) as u64);
    ProcessMemory::new(resident, memory.swap())
}

/// Asks the kernel for the parts of these, one after the other, until time is up.
pub(super) fn read(
    root: &Root,
    sharers: &[Sharer],
    at_first: bool,
    marker: &Marker<Pid>,
) -> Vec<(Sharer, f64)> {
    let most = if at_first { WALK_AT_FIRST } else { WALK };
    let begun = clock::monotonic();
    let mut told = Vec::new();
    for sharer in sharers {
        if !told.is_empty() && clock::monotonic().saturating_sub(begun) > most {
            break;
        }
        marker.at(sharer.pid);
        let file = |name: &str| {
            root.read(&format!("/proc/{}/{name}", sharer.pid))
                .ok()
                .flatten()
        };
        // Whoever may not be asked keeps all of what it holds.
        let files = file("smaps_rollup").zip(file("status"));
        let part = files.and_then(|(rollup, status)| part(&rollup, &status));
        told.push((*sharer, part.unwrap_or(1.0)));
    }
    told
}

/// The proportional share of what is resident, files left out.
#[expect(clippy::cast_precision_loss, reason = "a share")]
fn part(rollup: &[u8], status: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(rollup).ok()?;
    let value = |key: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    };
    let (own, all) = match (value("Pss_Anon:"), value("Pss_Shmem:")) {
        (Some(anonymous), Some(shared)) => {
            let held = Status::parse(status)?
                .memory
                .map(StatusMemory::billed)?
                .resident();
            (Bytes::from_kib(anonymous + shared), held)
        }
        // Before Linux 5.4 the kinds are not told apart; then all pages have to serve.
        _ => (
            Bytes::from_kib(value("Pss:")?),
            Bytes::from_kib(value("Rss:")?),
        ),
    };
    (all > Bytes(0)).then(|| (own.0 as f64 / all.0 as f64).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &[u8] =
        b"Name:\tR\nUid:\t1001\t0\t0\t0\nRssAnon:\t 1000 kB\nRssShmem:\t 1000 kB\n";

    #[test]
    fn the_part_is_what_the_kernel_shares_out() {
        let rollup = b"00400000-7ff000 ---p 00000000 00:00 0 [rollup]\nRss: 2600 kB\nPss: 900 kB\n\
            Pss_Anon: 250 kB\nPss_File: 400 kB\nPss_Shmem: 250 kB\n";
        assert_eq!(part(rollup, STATUS), Some(0.25));
        let old = b"00400000-7ff000 ---p 00000000 00:00 0 [rollup]\nRss: 2000 kB\nPss: 1000 kB\n";
        assert_eq!(part(old, STATUS), Some(0.5));
        assert_eq!(part(b"", STATUS), None);
        assert_eq!(part(rollup, b"Uid:\t0\n"), None);
    }

    #[test]
    fn everybody_gets_their_turn_and_who_left_is_forgotten() {
        let sharer = |pid| Sharer {
            pid: Pid(pid),
            birth: 1,
            parent: Pid(0),
            resident: Bytes(u64::from(pid) << 30),
        };
        let all: Vec<Sharer> = (1..=300).map(sharer).collect();
        let mut shares = Shares::default();
        let first = shares.next(&all);
        assert_eq!((first.len(), first[0].pid), (AT_ONCE, Pid(1)));
        shares.note(&[(sharer(1), 0.5), (sharer(2), 0.5)], &all);
        assert_eq!(shares.next(&all)[0].pid, Pid(3));
        assert_eq!(shares.part(&sharer(2), &all), Some(0.5));
        let like = Sharer {
            pid: Pid(900),
            ..sharer(2)
        };
        assert_eq!(shares.part(&like, &all), Some(0.5), "until its turn comes");
        assert_eq!(shares.part(&sharer(200), &all), None);
        shares.note(&[], &all[2..]);
        assert_eq!(shares.part(&sharer(2), &all[2..]), None);
    }

    #[test]
    fn only_what_is_resident_is_shared() {
        let memory = ProcessMemory::new(Bytes(100 << 10), Bytes(8 << 10));
        assert_eq!(part_of(memory, 0.5).total(), Bytes(58 << 10));
        assert_eq!(part_of(ProcessMemory::UNKNOWN, 0.5).known(), None);
    }
}
