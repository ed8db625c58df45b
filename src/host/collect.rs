//! The collector: one pass over the host makes one [`Sample`].
//!
//! Sampling remembers only what saves reading the same again, and what it remembers belongs to
//! its parts: [`Slices`], [`Outside`] and [`Table`] tell how old their figures may be.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use procfs_core::{FromRead as _, LoadAverage, Meminfo};
use rustix::param::clock_ticks_per_second;

use crate::base::id::{Pid, Uid};
use crate::base::text::printable;
use crate::base::units::{Bytes, Nanos};
use crate::model::sample::{
    Account, CgroupVersion, Focus, HostMemory, HostSample, PlaceId, Sample, SliceSample,
};

use super::accounts::Accounts;
use super::births::{self, Births, Look};
use super::closely::Closely;
use super::kept::raise_descriptor_limit;
use super::outside::Outside;
use super::places::Places;
use super::root::Root;
use super::sessions::Sessions;
use super::slice_io::SliceIo;
use super::slices::Slices;
use super::surroundings::Around;
use super::table::Table;
use super::{cgroup, clock};

/// What is known of processes that ended is forgotten once in so many passes.
const FORGET_EVERY: u32 = 16;
/// How long a pass waits for names that nobody has asked for before.
const NAMES: Duration = Duration::from_millis(200);
/// The one that makes the first figures of a screen: a name may come a second later, and they not.
const NAMES_IN_A_HURRY: Duration = Duration::from_millis(10);
/// The one that makes the first figures of a list, which may be all that is asked for.
const NAMES_AT_FIRST: Duration = Duration::from_secs(2);

/// Takes samples of one host.
#[derive(Debug)]
pub struct Collector {
    root: Root,
    version: CgroupVersion,
    accounts: Accounts,
    known: BTreeMap<Uid, Account>,
    name: Arc<str>,
    ticks: u64,
    pass: u32,
    /// Whether somebody waits for the first figures.
    hurry: bool,
    slices: Slices,
    slice_io: SliceIo,
    outside: Outside,
    births: Births,
    places: Places,
    table: Table,
    closely: Closely,
    sessions: Sessions,
    around: Around,
    buffer: Vec<u8>,
}

impl Collector {
    /// Gets ready to sample one host; reads only what does not change. In a `hurry` the first
    /// figures, those of the second sample, wait for nothing that may come later.
    #[must_use]
    pub fn new(root: Root, hurry: bool) -> Self {
        raise_descriptor_limit();
        Self {
            version: cgroup::version(&root),
            accounts: Accounts::new(&root),
            known: BTreeMap::new(),
            name: host_name(&root).into(),
            ticks: clock_ticks_per_second(),
            pass: 0,
            hurry,
            slices: Slices::default(),
            slice_io: SliceIo::default(),
            outside: Outside::default(),
            births: Births::default(),
            places: Places::default(),
            table: Table::new(&root),
            closely: Closely::new(&root),
            sessions: Sessions::default(),
            around: Around::new(&root),
            buffer: Vec::with_capacity(8192),
            root,
        }
    }

    /// One pass. Command lines are read for `focus` alone, by a thread of their own: they are the
    /// costly part, and reading one can wait for the process it belongs to.
    #[must_use]
    pub fn sample(&mut self, focus: Option<Focus>) -> Sample {
        self.pass = self.pass.wrapping_add(1);
        let taken_at = clock::now();
        let clock = clock::monotonic();
        self.table.refresh_subuids(&self.root);
        let stat = self.root.peek("/proc/stat").unwrap_or_default();
        let load = self.root.peek("/proc/loadavg").unwrap_or_default();
        let mut host = self.host(&stat, &load);
        let (slices, total) = match self.version {
            CgroupVersion::V2 => self.by_slices(clock),
            CgroupVersion::Hybrid | CgroupVersion::V1 | CgroupVersion::None => {
                self.by_processes(clock, &stat, &load)
            }
        };
        host.processes = total;
        self.table.end_pass(host.uptime);
        let mut processes = self.table.samples();
        let elsewhere = focus.map_or_else(Vec::new, |focus| {
            let theirs = processes.iter().filter(|p| p.uid == focus.uid);
            theirs.map(|p| p.pid).collect()
        });
        let sharers = self.table.sharers();
        self.closely.catch_up(focus, sharers, &mut processes);
        self.closely.ask_io(self.table.ran());
        self.closely.ask_details(self.version, focus, elsewhere);
        let first = self.pass == 1;
        self.closely.ask_shares(first);
        let sessions = self.sessions.read(&self.root, self.pass);
        let surroundings = self.around.look(&self.root);
        let soon = first || (self.hurry && self.pass == 2);
        self.closely.collect(self.root.is_live(), soon, focus);
        if self.pass.is_multiple_of(FORGET_EVERY) {
            let table = &self.table;
            self.closely.forget(|pid| table.contains(pid));
        }
        let uids: BTreeSet<Uid> = processes
            .iter()
            .map(|p| p.uid)
            .chain(slices.iter().map(|s| s.uid))
            .chain(sessions.iter().map(|s| s.uid))
            .collect();
        let patience = match self.pass {
            // Only what the second is compared with.
            1 => Duration::ZERO,
            2 if self.hurry => NAMES_IN_A_HURRY,
            2 => NAMES_AT_FIRST,
            _ => NAMES,
        };
        self.describe(&uids, patience);
        Sample {
            pass: self.pass,
            taken_at,
            clock,
            host,
            slices,
            processes,
            places: self.places.list(),
            io: self.closely.io(),
            io_denied: self.closely.denied(),
            sessions,
            surroundings,
            details: self.closely.details(),
            accounts: self.known.clone(),
        }
    }

    /// cgroup v2: the slices' own counters, and one by one only what is outside of them.
    fn by_slices(&mut self, clock: Nanos) -> (Vec<SliceSample>, u64) {
        if self.places.is_full() {
            self.places = Places::default();
            self.outside = Outside::default();
            self.table = Table::new(&self.root);
        }
        let (root, pass) = (&self.root, self.pass);
        let mut slices = self.slices.read(root, pass, &mut self.buffer);
        self.outside
            .find_guests(root, pass, &slices, &mut self.places);
        let members = |uid| self.outside.members(uid);
        self.slice_io.fill(root, &mut slices, members);
        let found = self
            .outside
            .read(root, pass, &mut self.places, &mut self.buffer);
        let found: HashMap<Pid, PlaceId> = found.into_iter().collect();
        self.table.refresh((pass, clock), |process| {
            let place = found.get(&process.pid);
            process.place = place.copied().unwrap_or(process.place);
            place.is_some()
        });
        let new: Vec<(Pid, PlaceId)> = found
            .into_iter()
            .filter(|(pid, _)| !self.table.contains(*pid))
            .collect();
        self.table.add((pass, clock), new.into_iter(), false);
        let guests: usize = self.outside.guests();
        let inside: u64 = slices
            .iter()
            .filter_map(|slice| slice.processes)
            .map(u64::from)
            .sum();
        (
            slices,
            inside + (self.table.len() - guests.min(self.table.len())) as u64,
        )
    }

    /// Everything one by one.
    fn by_processes(&mut self, clock: Nanos, stat: &str, load: &str) -> (Vec<SliceSample>, u64) {
        let (root, pass) = (&self.root, self.pass);
        self.table.refresh((pass, clock), |_| true);
        let forks = stat
            .lines()
            .find_map(|line| line.strip_prefix("processes "));
        let forks = forks.and_then(|text| text.trim().parse().ok());
        let last = load.split_ascii_whitespace().next_back();
        let last = last.and_then(|text| text.parse().ok());
        let at_start = self.table.len() == 0;
        let pids = match self.births.look(root, pass, forks, last) {
            Look::Nowhere => Vec::new(),
            Look::At(pids) => pids,
            Look::Everywhere => births::everywhere(root),
        };
        let new: Vec<(Pid, PlaceId)> = pids
            .into_iter()
            .filter(|pid| !self.table.contains(*pid))
            .map(|pid| (pid, PlaceId::UNKNOWN))
            .collect();
        self.table.add((pass, clock), new.into_iter(), at_start);
        (Vec::new(), self.table.len() as u64)
    }

    fn describe(&mut self, uids: &BTreeSet<Uid>, patience: Duration) {
        self.known.retain(|uid, _| uids.contains(uid));
        for (uid, account) in self.accounts.describe(uids.iter().copied(), patience) {
            self.known.insert(uid, account);
        }
    }

    fn host(&self, stat: &str, load: &str) -> HostSample {
        let root = &self.root;
        let online = stat
            .lines()
            .filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "))
            .count();
        let memory_info = root.read("/proc/meminfo").ok().flatten();
        HostSample {
            name: Arc::clone(&self.name),
            cpus: u32::try_from(online).unwrap_or(u32::MAX),
            cgroup: self.version,
            cpu_busy: busy(stat, self.ticks),
            memory: memory_info.and_then(|bytes| memory(&bytes)),
            load: LoadAverage::from_read(load.as_bytes())
                .ok()
                .map(|load| [load.one, load.five, load.fifteen].map(hundredths)),
            pressure: cgroup::pressure(
                root.peek("/proc/pressure/cpu").as_deref(),
                root.peek("/proc/pressure/memory").as_deref(),
                root.peek("/proc/pressure/io").as_deref(),
            ),
            uptime: root.peek("/proc/uptime").and_then(|text| uptime(&text)),
            processes: 0,
            partial: root.is_live() && !rustix::process::geteuid().is_root(),
        }
    }
}

/// The node name, cleaned.
#[must_use]
pub fn host_name(root: &Root) -> String {
    let name = root
        .peek("/proc/sys/kernel/hostname")
        .or_else(|| root.peek("/etc/hostname"))
        .unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => printable(name.as_bytes(), 64),
    }
}

/// Time not idle, from the first line of `/proc/stat` (`proc_stat(5)`): user, nice, system, irq
/// and softirq. Guest time is part of user; steal was never ours.
fn busy(stat: &str, ticks_per_second: u64) -> Option<Nanos> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = line
        .split_ascii_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    let part = |at: usize| fields.get(at).copied();
    let sum = part(0)? + part(1)? + part(2)? + part(5).unwrap_or(0) + part(6).unwrap_or(0);
    Some(Nanos::from_ticks(sum, ticks_per_second))
}

fn memory(bytes: &[u8]) -> Option<HostMemory> {
    let info = Meminfo::from_read(bytes).ok()?;
    Some(HostMemory {
        total: Bytes(info.mem_total),
        available: Bytes(info.mem_available?),
        swap_total: Bytes(info.swap_total),
        swap_used: Bytes(info.swap_total).saturating_sub(Bytes(info.swap_free)),
    })
}

/// `/proc/uptime`: seconds since boot, with two decimals.
fn uptime(text: &str) -> Option<Nanos> {
    let (seconds, rest) = text.split_once('.')?;
    let hundredths: u64 = rest.get(..2)?.parse().ok()?;
    let whole: u64 = seconds.parse().ok()?;
    Some(Nanos(whole * Nanos::SECOND.0 + hundredths * 10_000_000))
}

/// The kernel writes two decimals; a float that was narrower does not keep them.
fn hundredths(load: f32) -> f64 {
    (f64::from(load) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_time_leaves_idle_waiting_and_steal_out() {
        let stat = "cpu  100 20 30 4000 500 6 7 80 9 0\ncpu0 1 1 1 1\n";
        assert_eq!(busy(stat, 100), Some(Nanos::from_ticks(163, 100)));
        assert_eq!(busy("intr 1\n", 100), None);
    }

    #[test]
    fn uptime_has_hundredths() {
        assert_eq!(
            uptime("350735.47 234388.90\n"),
            Some(Nanos(350_735_470_000_000))
        );
    }
}
