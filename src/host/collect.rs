//! The collector: one pass over the host makes one [`Sample`].
//!
//! It is the only part of sampling that remembers anything, and only what saves reading the same
//! again: names of uids and the cgroup of each process.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use procfs_core::{FromRead as _, LoadAverage, Meminfo};
use rustix::param::clock_ticks_per_second;

use crate::base::id::{Pid, Uid};
use crate::base::text::printable;
use crate::base::units::{Bytes, Nanos};
use crate::model::sample::{CgroupVersion, HostMemory, HostSample, ProcessSample, Sample};

use super::accounts::Accounts;
use super::process::{Stat, Status, cgroup_path, command_line};
use super::root::{Root, numeric};
use super::{cgroup, clock};

/// A process that stays in one place has its cgroup read again every so many passes: it may be
/// moved, by us or by others, and nothing tells.
const CGROUP_EVERY: u32 = 8;
/// Nobody's command line is read further than this.
const COMMAND_BYTES: usize = 4096;

/// Takes samples of one host.
#[derive(Debug)]
pub struct Collector {
    root: Root,
    version: CgroupVersion,
    accounts: Accounts,
    name: Arc<str>,
    ticks: u64,
    pass: u32,
    places: HashMap<Pid, Place>,
    /// One copy of each path, however many processes are there.
    paths: BTreeSet<Arc<str>>,
    buffer: Vec<u8>,
}

/// Where a process was when last looked.
#[derive(Debug)]
struct Place {
    started: Nanos,
    cgroup: Option<Arc<str>>,
    pass: u32,
}

impl Collector {
    /// Gets ready to sample one host; reads only what does not change.
    #[must_use]
    pub fn new(root: Root) -> Self {
        Self {
            version: cgroup::version(&root),
            accounts: Accounts::new(&root),
            name: host_name(&root).into(),
            ticks: clock_ticks_per_second(),
            pass: 0,
            places: HashMap::new(),
            paths: BTreeSet::new(),
            buffer: Vec::with_capacity(8192),
            root,
        }
    }

    /// One pass. Command lines are read for `focus` alone: they are the costly part, and reading
    /// one can wait for the process it belongs to.
    #[must_use]
    pub fn sample(&mut self, focus: Option<Uid>) -> Sample {
        self.pass = self.pass.wrapping_add(1);
        let taken_at = clock::now();
        let clock = clock::monotonic();
        let host = self.host();
        let slices = match self.version {
            CgroupVersion::V2 => cgroup::user_slices(&self.root),
            CgroupVersion::Hybrid | CgroupVersion::V1 | CgroupVersion::None => Vec::new(),
        };
        let processes = self.processes(focus);
        self.forget_the_gone();
        let uids: BTreeSet<Uid> = processes
            .iter()
            .map(|p| p.uid)
            .chain(slices.iter().map(|s| s.uid))
            .collect();
        let accounts: BTreeMap<_, _> = self
            .accounts
            .describe(uids.into_iter())
            .into_iter()
            .collect();
        Sample {
            taken_at,
            clock,
            host,
            slices,
            processes,
            accounts,
        }
    }

    fn host(&mut self) -> HostSample {
        let root = &self.root;
        let stat = root.peek("/proc/stat").unwrap_or_default();
        let online = stat
            .lines()
            .filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "))
            .count();
        let read = |path: &str| root.read(path).ok().flatten();
        HostSample {
            name: Arc::clone(&self.name),
            cpus: u32::try_from(online).unwrap_or(u32::MAX),
            cgroup: self.version,
            cpu_busy: busy(&stat, self.ticks),
            memory: read("/proc/meminfo").and_then(|bytes| memory(&bytes)),
            load: read("/proc/loadavg")
                .and_then(|bytes| LoadAverage::from_read(bytes.as_slice()).ok())
                .map(|load| [load.one, load.five, load.fifteen].map(hundredths)),
            pressure: cgroup::pressure(
                root.peek("/proc/pressure/cpu").as_deref(),
                root.peek("/proc/pressure/memory").as_deref(),
                root.peek("/proc/pressure/io").as_deref(),
            ),
            uptime: root.peek("/proc/uptime").and_then(|text| uptime(&text)),
        }
    }

    fn processes(&mut self, focus: Option<Uid>) -> Vec<ProcessSample> {
        let mut pids: Vec<u32> = self
            .root
            .list("/proc")
            .iter()
            .filter_map(|name| numeric(name))
            .collect();
        pids.sort_unstable();
        pids.into_iter()
            .filter_map(|pid| self.process(Pid(pid), focus))
            .collect()
    }

    /// One process; `None` when it ended meanwhile or may not be seen.
    fn process(&mut self, pid: Pid, focus: Option<Uid>) -> Option<ProcessSample> {
        self.read(pid, "stat")?;
        let clock = clock::monotonic();
        let stat = Stat::parse(&self.buffer, self.ticks)?;
        self.read(pid, "status")?;
        let status = Status::parse(&self.buffer)?;
        let cgroup = self.place(pid, stat.started);
        let command = if focus == Some(status.uid) {
            self.command(pid)
        } else {
            None
        };
        Some(ProcessSample {
            pid,
            parent: stat.parent,
            started: stat.started,
            uid: status.uid,
            clock,
            cpu: stat.cpu,
            children_cpu: stat.children_cpu,
            memory: status.memory,
            threads: stat.threads,
            state: stat.state,
            cgroup,
            name: stat.name.into(),
            command,
        })
    }

    fn read(&mut self, pid: Pid, file: &str) -> Option<()> {
        let path = format!("/proc/{pid}/{file}");
        let there = self.root.read_into(&path, &mut self.buffer);
        there.is_ok_and(|there| there).then_some(())
    }

    fn command(&mut self, pid: Pid) -> Option<Arc<str>> {
        let path = format!("/proc/{pid}/cmdline");
        self.root
            .read_start(&path, COMMAND_BYTES, &mut self.buffer)
            .ok()?;
        command_line(&self.buffer).map(Into::into)
    }

    fn place(&mut self, pid: Pid, started: Nanos) -> Option<Arc<str>> {
        let pass = self.pass;
        // Spread over the passes, so that no pass reads all of them.
        let due = |place: &Place| {
            pass.wrapping_add(pid.0).is_multiple_of(CGROUP_EVERY) && place.pass != pass
        };
        if let Some(place) = self.places.get_mut(&pid)
            && place.started == started
            && !due(place)
        {
            place.pass = pass;
            return place.cgroup.clone();
        }
        let cgroup = self
            .read(pid, "cgroup")
            .and_then(|()| cgroup_path(&self.buffer))
            .map(|path| self.intern(path));
        let place = Place {
            started,
            cgroup: cgroup.clone(),
            pass,
        };
        self.places.insert(pid, place);
        cgroup
    }

    fn intern(&mut self, path: String) -> Arc<str> {
        if let Some(known) = self.paths.get(path.as_str()) {
            return Arc::clone(known);
        }
        let path: Arc<str> = path.into();
        self.paths.insert(Arc::clone(&path));
        path
    }

    /// Drops what belongs to processes that ended, so that churn leaves nothing behind.
    fn forget_the_gone(&mut self) {
        let pass = self.pass;
        self.places.retain(|_, place| place.pass == pass);
        // Only the set itself holds a path that no process is in any more.
        self.paths.retain(|path| Arc::strong_count(path) > 1);
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
