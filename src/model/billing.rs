//! Who is billed for what: one walk over the processes of two samples.
//!
//! The rules are told at the head of [`super::rates`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Add;
use std::sync::Arc;

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Cores, Nanos};

use super::sample::{
    CgroupVersion, IoBytes, PlaceId, ProcessIo, ProcessMemory, ProcessSample, Sample, SliceSample,
};
use super::snapshot::Outside;

/// What one uid is billed while the samples are walked.
#[derive(Default)]
pub(super) struct Bill {
    /// Processes that are counted one by one.
    pub(super) processes: u32,
    /// Their threads.
    pub(super) tasks: u64,
    pub(super) cpu: Cores,
    /// `None` until one of them told its memory.
    pub(super) memory: Option<Bytes>,
    pub(super) swap: Bytes,
    pub(super) io: IoRates,
    /// Those that are outside the slice their owner has: how many, and where.
    pub(super) outside: u32,
    pub(super) cgroups: BTreeSet<Arc<str>>,
    /// What others use inside this uid's slice.
    pub(super) guests: Guests,
}

/// Processes of others in a slice.
#[derive(Default)]
pub(super) struct Guests {
    pub(super) processes: u32,
    pub(super) cpu: Cores,
    pub(super) memory: Bytes,
    pub(super) io: IoRates,
}

/// Bytes per second from and to block devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct IoRates {
    pub(super) read: u64,
    pub(super) written: u64,
}

impl IoRates {
    /// What moved from one reading to another.
    pub(super) fn of(before: IoBytes, now: IoBytes, elapsed: Nanos) -> Self {
        let rate = |now: Bytes, before: Bytes| {
            let grown = u128::from(now.saturating_sub(before).0);
            let scaled = grown * u128::from(Nanos::SECOND.0) / u128::from(elapsed.0.max(1));
            u64::try_from(scaled).unwrap_or(u64::MAX)
        };
        Self {
            read: rate(now.read, before.read),
            written: rate(now.written, before.written),
        }
    }

    /// The difference, never below zero.
    pub(super) fn less(self, other: Self) -> Self {
        Self {
            read: self.read.saturating_sub(other.read),
            written: self.written.saturating_sub(other.written),
        }
    }
}

impl Add for IoRates {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            read: self.read.saturating_add(other.read),
            written: self.written.saturating_add(other.written),
        }
    }
}

/// Everything known while billing.
pub(super) struct Bills<'a> {
    before: &'a Sample,
    after: &'a Sample,
    pub(super) by_uid: BTreeMap<Uid, Bill>,
    /// The same process in the earlier sample, for each of the later one.
    earlier: Vec<Option<&'a ProcessSample>>,
    /// Processes of the earlier sample that have ended.
    gone: Vec<&'a ProcessSample>,
}

impl<'a> Bills<'a> {
    pub(super) fn new(before: &'a Sample, after: &'a Sample) -> Self {
        let mut earlier = Vec::with_capacity(after.processes.len());
        let mut gone = Vec::new();
        let mut old = before.processes.iter().peekable();
        for process in &after.processes {
            while let Some(ended) = old.next_if(|old| old.pid < process.pid) {
                gone.push(ended);
            }
            let same_pid = old.next_if(|old| old.pid == process.pid);
            let same = same_pid.filter(|old| old.birth == process.birth);
            // A pid that was given away again is another process.
            gone.extend(same_pid.filter(|_| same.is_none()));
            earlier.push(same);
        }
        gone.extend(old);
        Self {
            before,
            after,
            by_uid: BTreeMap::new(),
            earlier,
            gone,
        }
    }

    /// Whose slice holds a place, if that slice was measured.
    fn measured_slice(&self, place: PlaceId) -> Option<Uid> {
        let owner = self.after.places.get(place.0 as usize)?.owner?;
        find_slice(&self.after.slices, owner).map(|slice| slice.uid)
    }

    /// CPU within the interval. All that a process used counts when it began within it; nothing
    /// does when it only came into sight, since nobody knows when it used it.
    fn cpu_of(&self, process: &ProcessSample, earlier: Option<&ProcessSample>) -> Cores {
        let before = match earlier {
            Some(earlier) => earlier.cpu,
            None if self.began_within(process) => Nanos(0),
            None => return Cores(0.0),
        };
        Cores::of(
            process.cpu.saturating_sub(before),
            self.elapsed(process, earlier),
        )
    }

    fn began_within(&self, process: &ProcessSample) -> bool {
        process.born_in > self.before.pass
    }

    /// Between the two readings of a process, or since the earlier sample.
    fn elapsed(&self, process: &ProcessSample, earlier: Option<&ProcessSample>) -> Nanos {
        let since = earlier.map_or(self.before.clock, |e| e.clock(self.before));
        process.clock(self.after).saturating_sub(since)
    }

    pub(super) fn bill_processes(&mut self) {
        let after = self.after;
        let v2 = after.host.cgroup == CgroupVersion::V2;
        for (at, process) in after.processes.iter().enumerate() {
            let slice = self.measured_slice(process.place);
            if slice == Some(process.uid) {
                continue; // The slice's own counters have it.
            }
            let cpu = self.cpu_of(process, self.earlier[at]);
            // Services live in the system's slice; only a person has one of their own to leave.
            let outside = v2 && after.accounts.get(&process.uid).is_some_and(|a| a.person);
            let bill = self.by_uid.entry(process.uid).or_default();
            bill.processes += 1;
            bill.tasks += u64::from(process.threads);
            bill.cpu += cpu;
            if let Some(memory) = process.memory.known() {
                *bill.memory.get_or_insert_default() += memory.total();
                bill.swap += memory.swap();
            }
            if outside {
                bill.outside += 1;
                let place = after.places.get(process.place.0 as usize);
                if let Some(place) = place
                    && bill.cgroups.len() < Outside::CGROUPS_MAX
                {
                    bill.cgroups.insert(Arc::clone(&place.path));
                }
            }
            if let Some(host) = slice {
                let guests = &mut self.by_uid.entry(host).or_default().guests;
                guests.processes += 1;
                guests.cpu += cpu;
                let memory = process.memory.known();
                guests.memory += memory.map_or(Bytes(0), ProcessMemory::resident);
            }
        }
    }

    /// Recovers the CPU of children that no scan saw from the counters of whoever waited for
    /// them: the growth of `cutime`, less what was already billed to those that were seen.
    pub(super) fn bill_unseen_children(&mut self) {
        let settled = self.settled_with_ancestors();
        let after = self.after;
        for (at, process) in after.processes.iter().enumerate() {
            let earlier = self.earlier[at];
            let before = earlier.map_or(Nanos(0), |e| e.children_cpu);
            let grown = process.children_cpu.saturating_sub(before);
            if grown == Nanos(0) || (earlier.is_none() && !self.began_within(process)) {
                continue;
            }
            let slice = self.measured_slice(process.place);
            if slice == Some(process.uid) {
                continue;
            }
            let (known, whose) = match settled.get(&process.pid) {
                Some((sum, largest)) => (*sum, largest.uid),
                None => (Nanos(0), process.uid),
            };
            let elapsed = self.elapsed(process, earlier);
            let unseen = Cores::of(grown.saturating_sub(known), elapsed);
            if unseen.0 > 0.0 {
                self.by_uid.entry(whose).or_default().cpu += unseen;
                if let Some(host) = slice {
                    self.by_uid.entry(host).or_default().guests.cpu += unseen;
                }
            }
        }
    }

    /// Bills what processes that ran read and wrote. The counters of whoever waited for others
    /// include theirs, so what these had already is taken off.
    pub(super) fn bill_io(&mut self) {
        let (before, after) = (self.before, self.after);
        let ended: Vec<(Pid, IoBytes)> = self
            .gone
            .iter()
            .filter_map(|gone| Some((gone.parent, find_io(before, gone)?.last.bytes)))
            .collect();
        for io in &after.io {
            let at = after.processes.binary_search_by_key(&io.pid, |p| p.pid);
            let Some((at, process)) = at.ok().map(|at| (at, &after.processes[at])) else {
                continue;
            };
            if process.birth != io.birth {
                continue;
            }
            let idle = self.earlier[at].is_some_and(|earlier| earlier.cpu == process.cpu);
            let slice = self.measured_slice(process.place);
            if idle || slice == Some(process.uid) {
                continue;
            }
            let mut known = io.before.bytes;
            for (_, bytes) in ended.iter().filter(|(parent, _)| *parent == process.pid) {
                known.read += bytes.read;
                known.written += bytes.written;
            }
            let begun = match io.before.clock {
                Nanos(0) => before.clock,
                clock => clock,
            };
            let elapsed = io.last.clock.saturating_sub(begun);
            let rates = IoRates::of(known, io.last.bytes, elapsed.max(Nanos(1_000_000)));
            let bill = self.by_uid.entry(process.uid).or_default();
            bill.io = bill.io + rates;
            if let Some(host) = slice {
                let guests = &mut self.by_uid.entry(host).or_default().guests;
                guests.io = guests.io + rates;
            }
        }
    }

    /// For each process that waited for others which have ended: the CPU these were billed while
    /// they lived, and the largest of them.
    fn settled_with_ancestors(&self) -> HashMap<Pid, (Nanos, &'a ProcessSample)> {
        let ended: BTreeMap<Pid, &ProcessSample> = self.gone.iter().map(|p| (p.pid, *p)).collect();
        let mut settled: HashMap<Pid, (Nanos, &ProcessSample)> = HashMap::new();
        for process in &self.gone {
            let mut parent = process.parent;
            // A chain longer than this is a loop made by pids given away again.
            for _ in 0..64 {
                match ended.get(&parent) {
                    Some(between) => parent = between.parent,
                    None => break,
                }
            }
            let (sum, largest) = settled.entry(parent).or_insert((Nanos(0), process));
            *sum += process.cpu + process.children_cpu;
            if process.cpu > largest.cpu {
                *largest = process;
            }
        }
        settled
    }
}

/// What is known of a process's I/O, which is ordered by pid.
fn find_io<'a>(sample: &'a Sample, process: &ProcessSample) -> Option<&'a ProcessIo> {
    let at = sample.io.binary_search_by_key(&process.pid, |io| io.pid);
    let io = sample.io.get(at.ok()?)?;
    (io.birth == process.birth).then_some(io)
}

/// Slices are ordered by uid.
pub(super) fn find_slice(slices: &[SliceSample], uid: Uid) -> Option<&SliceSample> {
    let at = slices.binary_search_by_key(&uid, |s| s.uid).ok()?;
    slices.get(at)
}
