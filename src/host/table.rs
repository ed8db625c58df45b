//! Processes that are followed one by one, at a cost that grows with what changed.
//!
//! Each pass reads every process's CPU clock, which opens nothing. Only a process whose clock
//! moved has its memory read again: one that did not run cannot have changed what it holds,
//! though the kernel may have swapped some of it out, which a slow round over all brings in
//! ([`ROUND`] passes). Who owns a process may change soon after its birth (cron and `su` fork
//! first), so the young are asked for it whenever they ran.

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Nanos};
use crate::model::sample::{PlaceId, ProcessMemory, ProcessSample};

use super::closely::Ran;
use super::procdir::ProcDir;
use super::process::{Stat, Statm, Status, StatusMemory};
use super::root::Root;
use super::shares::{MUCH, Sharer};
use super::subuids::Subuids;
use super::{clock, cpu_clock};

/// Every process is read whole once in so many passes.
const ROUND: u32 = 256;
/// One that runs, more often: threads and children's CPU come with it.
const ROUND_OF_BUSY: u32 = 16;
/// How many passes a process counts as young.
const YOUNG: u32 = 6;
/// Room that is kept for processes that ran in one pass.
const RAN_KEPT: usize = 1024;
/// Processes that were there first are given their parents and ages a few at a time.
const WHOLE_AT_ONCE: usize = 64;

/// The processes that are followed, ordered by pid.
#[derive(Debug)]
pub(super) struct Table {
    entries: Vec<Entry>,
    births: u32,
    /// When the last pass was, since boot, a tick ago to be sure: what began later is new.
    last_pass: Nanos,
    page: u64,
    ticks: u64,
    live: bool,
    proc: ProcDir,
    subuids: Subuids,
    buffer: Vec<u8>,
    /// Those that ran since the pass before, ordered by pid unless new ones follow.
    ran: Vec<Ran>,
}

#[derive(Clone, Debug)]
struct Entry {
    sample: ProcessSample,
    /// The pass in which it was first seen.
    since: u32,
    /// `RssShmem` of the last whole reading; `statm` does not tell it apart.
    shared_kib: u32,
    /// A thread of the kernel: it is nobody's, and its CPU is the system's by subtraction.
    kernel: bool,
    /// Whether `stat` has been read.
    whole: bool,
    /// Whether it ever had children that ended: then their CPU is asked for whenever it ran.
    parent: bool,
}

impl Table {
    pub(super) fn new(root: &Root) -> Self {
        Self {
            entries: Vec::new(),
            births: 0,
            last_pass: Nanos(u64::MAX),
            page: rustix::param::page_size() as u64,
            ticks: rustix::param::clock_ticks_per_second(),
            live: root.is_live(),
            proc: ProcDir::new(root),
            subuids: Subuids::default(),
            buffer: Vec::with_capacity(4096),
            ran: Vec::new(),
        }
    }

    /// Processes that ran since the pass before, or began since, ordered by pid.
    pub(super) fn ran(&mut self) -> &[Ran] {
        self.ran.sort_unstable_by_key(|ran| ran.pid);
        &self.ran
    }

    /// Those that may map much memory together with others: a process with a large parent of the
    /// same owner and that parent, and whoever maps much shared memory. Ordered by pid.
    pub(super) fn sharers(&self) -> Vec<Sharer> {
        let large = |entry: &&Entry| {
            let memory = entry.sample.memory.known();
            memory.is_some_and(|memory| memory.resident() >= MUCH)
        };
        let mut sharers = Vec::new();
        let mut add = |entry: &Entry| {
            sharers.push(Sharer {
                pid: entry.sample.pid,
                birth: entry.sample.birth,
                parent: entry.sample.parent,
                resident: entry
                    .sample
                    .memory
                    .known()
                    .map_or(Bytes(0), ProcessMemory::resident),
            });
        };
        for entry in self.entries.iter().filter(large) {
            if Bytes::from_kib(entry.shared_kib.into()) >= MUCH {
                add(entry);
            }
            let parent = self.position(entry.sample.parent).ok();
            let parent = parent.map(|at| &self.entries[at]).filter(large);
            if let Some(parent) = parent.filter(|p| p.sample.uid == entry.sample.uid) {
                add(entry);
                add(parent);
            }
        }
        sharers.sort_unstable_by_key(|sharer| sharer.pid);
        sharers.dedup();
        sharers
    }

    fn note_ran(ran: &mut Vec<Ran>, sample: &ProcessSample, new: bool) {
        ran.push(Ran {
            pid: sample.pid,
            birth: sample.birth,
            uid: sample.uid,
            cpu: sample.cpu,
            new,
        });
    }

    /// Whose subordinate uids are, as it is written now.
    pub(super) fn refresh_subuids(&mut self, root: &Root) {
        self.subuids.refresh(root);
    }

    /// Samples of all that are followed, kernel threads left out, ordered by pid.
    pub(super) fn samples(&self) -> Vec<ProcessSample> {
        let mut samples = Vec::with_capacity(self.entries.len());
        let people = self.entries.iter().filter(|entry| !entry.kernel);
        samples.extend(people.map(|entry| entry.sample));
        samples
    }

    /// How many are followed, kernel threads included.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn contains(&self, pid: Pid) -> bool {
        self.position(pid).is_ok()
    }

    fn position(&self, pid: Pid) -> Result<usize, usize> {
        self.entries
            .binary_search_by_key(&pid, |entry| entry.sample.pid)
    }

    /// Goes over all that are followed, `begun` being the clock of the sample; those that ended are dropped, as are those for which
    /// `stays` says so.
    pub(super) fn refresh(
        &mut self,
        (pass, begun): (u32, Nanos),
        mut stays: impl FnMut(&mut ProcessSample) -> bool,
    ) {
        let mut entries = std::mem::take(&mut self.entries);
        self.ran.clear();
        self.ran.shrink_to(RAN_KEPT);
        let mut whole_left = WHOLE_AT_ONCE;
        let mut now = micros_since(begun);
        let mut count = 0u32;
        entries.retain_mut(|entry| {
            if entry.kernel {
                let turn = pass.wrapping_add(entry.sample.pid.0);
                return !turn.is_multiple_of(ROUND) || self.proc.owner(entry.sample.pid).is_some();
            }
            count += 1;
            if count.is_multiple_of(32) {
                now = micros_since(begun);
            }
            self.reread(entry, pass, now, &mut whole_left) && stays(&mut entry.sample)
        });
        self.entries = entries;
    }

    /// Brings one entry up to date; `false` when the process has gone.
    fn reread(&mut self, entry: &mut Entry, pass: u32, now: u32, whole_left: &mut usize) -> bool {
        if !self.live {
            entry.sample.read_after_us = now;
            return self.read_whole(entry, pass);
        }
        let Some(cpu) = cpu_clock::read(entry.sample.pid) else {
            return false;
        };
        let ran = cpu != entry.sample.cpu;
        entry.sample.read_after_us = now;
        entry.sample.cpu = cpu;
        if ran {
            Self::note_ran(&mut self.ran, &entry.sample, false);
        }
        let young = pass.wrapping_sub(entry.since) <= YOUNG;
        let turn = pass.wrapping_add(entry.sample.pid.0);
        let due = turn.is_multiple_of(ROUND) || (ran && turn.is_multiple_of(ROUND_OF_BUSY));
        let late = !entry.whole && *whole_left > 0;
        if due || late || (ran && (young || entry.parent)) {
            *whole_left = whole_left.saturating_sub(usize::from(late));
            return self.read_whole(entry, pass);
        }
        if ran {
            self.read_resident(entry);
        }
        true
    }

    /// Marks the end of a pass that began at this time since boot.
    pub(super) fn end_pass(&mut self, since_boot: Option<Nanos>) {
        /// The kernel tells both in hundredths of a second, rounded down.
        const TICK: Nanos = Nanos(10_000_000);
        let since_boot = since_boot.unwrap_or(Nanos(u64::MAX));
        self.last_pass = since_boot.saturating_sub(TICK);
    }

    /// Follows processes that were not followed before. `at_start` leaves out what would delay
    /// the first picture; it comes in the passes after.
    pub(super) fn add(
        &mut self,
        (pass, begun): (u32, Nanos),
        pids: impl Iterator<Item = (Pid, PlaceId)>,
        at_start: bool,
    ) {
        let mut added = false;
        for (pid, place) in pids {
            if let Some(entry) = self.first_look((pass, begun), pid, place, at_start) {
                if !entry.kernel {
                    let new = entry.sample.born_in == pass;
                    Self::note_ran(&mut self.ran, &entry.sample, new);
                }
                added |= self
                    .entries
                    .last()
                    .is_some_and(|last| last.sample.pid > pid);
                self.entries.push(entry);
            }
        }
        if at_start {
            self.entries.shrink_to_fit();
        }
        if added {
            self.entries.sort_unstable_by_key(|entry| entry.sample.pid);
        }
    }

    fn first_look(
        &mut self,
        (pass, begun): (u32, Nanos),
        pid: Pid,
        place: PlaceId,
        at_start: bool,
    ) -> Option<Entry> {
        let cpu = if self.live {
            cpu_clock::read(pid)?
        } else {
            Nanos(0)
        };
        self.births = self.births.wrapping_add(1);
        let mut entry = Entry {
            sample: ProcessSample {
                pid,
                birth: self.births,
                parent: Pid(0),
                uid: Uid::ROOT,
                place,
                born_in: 0,
                read_after_us: micros_since(begun),
                threads: 1,
                memory: ProcessMemory::UNKNOWN,
                cpu,
                children_cpu: Nanos(0),
            },
            since: pass,
            shared_kib: 0,
            kernel: false,
            whole: false,
            parent: false,
        };
        if at_start && self.live {
            // The owner of the directory is the effective uid, or root where the process hides
            // its memory: root's are read whole to be sure.
            let owner = self.proc.owner(pid)?;
            if owner != Uid::ROOT {
                entry.sample.uid = self.subuids.owner(owner);
                self.read_resident(&mut entry);
                // Of a large one it matters at once whose child it is.
                let memory = entry.sample.memory.known();
                if memory.is_none_or(|memory| memory.resident() < MUCH) {
                    return Some(entry);
                }
            }
        }
        self.read_whole(&mut entry, pass).then_some(entry)
    }

    /// `status` and `stat`: everything. `false` when the process has gone or may not be seen.
    fn read_whole(&mut self, entry: &mut Entry, pass: u32) -> bool {
        let pid = entry.sample.pid;
        if !self.proc.read(pid, "status", &mut self.buffer) {
            return false;
        }
        let Some(status) = Status::parse(&self.buffer) else {
            return false;
        };
        let owner = self.subuids.owner(status.uid);
        if owner != entry.sample.uid {
            // It has become somebody else's: young again, should it change once more.
            entry.sample.uid = owner;
            entry.since = pass;
        }
        entry.sample.memory = status
            .memory
            .map_or(ProcessMemory::UNKNOWN, StatusMemory::billed);
        entry.shared_kib = status.memory.map_or(0, |memory| {
            u32::try_from(memory.shared.0 / 1024).unwrap_or(u32::MAX)
        });
        entry.sample.threads = status.threads;
        if !self.proc.read(pid, "stat", &mut self.buffer) {
            return false;
        }
        let Some(stat) = Stat::parse(&self.buffer, self.ticks) else {
            return false;
        };
        entry.sample.parent = stat.parent;
        if pass == entry.since && stat.started > self.last_pass {
            entry.sample.born_in = pass;
        }
        entry.parent |= stat.children_cpu > Nanos(0);
        entry.sample.children_cpu = stat.children_cpu;
        if !self.live {
            entry.sample.cpu = stat.cpu;
        }
        entry.kernel =
            self.live && (pid == Pid(2) || stat.parent == Pid(2)) && status.memory.is_none();
        entry.whole = true;
        true
    }

    /// `statm`: what it holds now, at a third of the cost. It may have gone meanwhile, which the
    /// next pass sees.
    fn read_resident(&mut self, entry: &mut Entry) {
        if !self.proc.read(entry.sample.pid, "statm", &mut self.buffer) {
            return;
        }
        let Some(statm) = Statm::parse(&self.buffer) else {
            return;
        };
        let anonymous = Bytes(statm.resident.saturating_sub(statm.shared) * self.page);
        let shared = Bytes::from_kib(entry.shared_kib.into());
        let swap = entry.sample.memory.known();
        let swap = swap.map_or(Bytes(0), ProcessMemory::swap);
        entry.sample.memory = ProcessMemory::new(anonymous + shared, swap);
    }
}

fn micros_since(begun: Nanos) -> u32 {
    let passed = clock::monotonic().saturating_sub(begun);
    u32::try_from(passed.0 / 1000).unwrap_or(u32::MAX)
}
