//! Who is billed for what: one walk over the processes of two samples.
//!
//! The rules are told at the head of [`super::rates`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Cores, Nanos};

use super::sample::{CgroupVersion, ProcessSample, Sample, SliceSample, slice_owner};
use super::snapshot::{Outside, ProcessUsage};

/// What one uid is billed while the samples are walked.
#[derive(Default)]
pub(super) struct Bill {
    pub(super) processes: u32,
    /// Processes and threads outside the slice.
    pub(super) tasks_elsewhere: u64,
    pub(super) cpu_elsewhere: Cores,
    /// `None` until a process elsewhere told its memory.
    pub(super) memory_elsewhere: Option<Bytes>,
    pub(super) swap_elsewhere: Bytes,
    /// Processes, CPU and memory of others inside this uid's slice.
    pub(super) cpu_of_guests: Cores,
    pub(super) memory_of_guests: Bytes,
    pub(super) processes_elsewhere: u32,
    pub(super) cgroups: BTreeSet<Arc<str>>,
}

/// Everything known while billing.
pub(super) struct Bills<'a> {
    before: &'a Sample,
    after: &'a Sample,
    pub(super) by_uid: BTreeMap<Uid, Bill>,
    /// Where each earlier process stands in `before.processes`.
    earlier: HashMap<Pid, &'a ProcessSample>,
}

impl<'a> Bills<'a> {
    pub(super) fn new(before: &'a Sample, after: &'a Sample) -> Self {
        Self {
            before,
            after,
            by_uid: BTreeMap::new(),
            earlier: before.processes.iter().map(|p| (p.pid, p)).collect(),
        }
    }

    /// The same process in the earlier sample; a pid that was given away again is not the same.
    fn earlier(&self, process: &ProcessSample) -> Option<&'a ProcessSample> {
        self.earlier
            .get(&process.pid)
            .copied()
            .filter(|earlier| earlier.started == process.started)
    }

    /// Whose slice holds this process, if that slice was measured.
    fn measured_slice(&self, process: &ProcessSample) -> Option<Uid> {
        let owner = slice_owner(process.cgroup.as_deref()?)?;
        find_slice(&self.after.slices, owner).map(|slice| slice.uid)
    }

    /// CPU within the interval, and over which time. A process that was not there before began
    /// within the interval, so all it used counts.
    fn cpu_of(&self, process: &ProcessSample) -> Cores {
        match self.earlier(process) {
            Some(earlier) => Cores::of(
                process.cpu.saturating_sub(earlier.cpu),
                process.clock.saturating_sub(earlier.clock),
            ),
            None => Cores::of(process.cpu, process.clock.saturating_sub(self.before.clock)),
        }
    }

    pub(super) fn bill_processes(&mut self) -> Vec<ProcessUsage> {
        let v2 = self.after.host.cgroup == CgroupVersion::V2;
        let after = self.after;
        let mut out = Vec::with_capacity(after.processes.len());
        for process in &after.processes {
            let cpu = self.cpu_of(process);
            let slice = self.measured_slice(process);
            // Services live in the system's slice; only a person has one of their own to leave.
            let outside = v2
                && slice != Some(process.uid)
                && process.cgroup.is_some()
                && after.accounts.get(&process.uid).is_some_and(|a| a.person);
            let bill = self.by_uid.entry(process.uid).or_default();
            bill.processes += 1;
            if slice != Some(process.uid) {
                bill.cpu_elsewhere += cpu;
                bill.tasks_elsewhere += u64::from(process.threads);
                if let Some(memory) = process.memory {
                    *bill.memory_elsewhere.get_or_insert_default() += memory.resident + memory.swap;
                    bill.swap_elsewhere += memory.swap;
                }
            }
            if outside {
                bill.processes_elsewhere += 1;
                if bill.cgroups.len() < Outside::CGROUPS_MAX
                    && let Some(cgroup) = &process.cgroup
                {
                    bill.cgroups.insert(Arc::clone(cgroup));
                }
            }
            if let Some(host) = slice.filter(|host| *host != process.uid) {
                let bill = self.by_uid.entry(host).or_default();
                bill.cpu_of_guests += cpu;
                bill.memory_of_guests += process.memory.map_or(Bytes(0), |m| m.resident);
            }
            out.push(self.process_usage(process, outside));
        }
        out
    }

    fn process_usage(&self, process: &ProcessSample, outside: bool) -> ProcessUsage {
        let age = self.after.host.uptime;
        let age = age.map(|up| up.saturating_sub(process.started));
        ProcessUsage {
            pid: process.pid,
            parent: process.parent,
            uid: process.uid,
            cpu_cores: self.cpu_of(process),
            memory: process.memory.map(|m| m.resident + m.swap),
            threads: process.threads,
            state: process.state,
            age_s: age.map(|age| age.0 / Nanos::SECOND.0),
            outside,
            cgroup: process.cgroup.clone(),
            command: process.command.as_ref().unwrap_or(&process.name).clone(),
        }
    }

    /// Recovers the CPU of children that no scan saw from the counters of whoever waited for
    /// them: the growth of `cutime`, less what was already billed to those that were seen.
    pub(super) fn bill_unseen_children(&mut self) {
        let alive: HashMap<Pid, Nanos> = (self.after.processes.iter())
            .map(|p| (p.pid, p.started))
            .collect();
        let is_gone = |p: &ProcessSample| alive.get(&p.pid) != Some(&p.started);
        let mut gone: HashMap<Pid, (Nanos, &ProcessSample)> = HashMap::new();
        for process in self.before.processes.iter().filter(|p| is_gone(p)) {
            if let Some(waiter) = self.surviving_ancestor(process, &is_gone) {
                let (sum, largest) = gone.entry(waiter).or_insert((Nanos(0), process));
                *sum += process.cpu + process.children_cpu;
                if process.cpu > largest.cpu {
                    *largest = process;
                }
            }
        }
        for process in &self.after.processes {
            let slice = self.measured_slice(process);
            if slice == Some(process.uid) {
                continue; // The slice's own counter has it.
            }
            let earlier = self.earlier(process);
            let since = earlier.map_or(self.before.clock, |e| e.clock);
            let grown = process
                .children_cpu
                .saturating_sub(earlier.map_or(Nanos(0), |e| e.children_cpu));
            let (known, whose) = gone
                .get(&process.pid)
                .map_or((Nanos(0), process.uid), |(sum, largest)| {
                    (*sum, largest.uid)
                });
            let unseen = Cores::of(
                grown.saturating_sub(known),
                process.clock.saturating_sub(since),
            );
            if unseen.0 > 0.0 {
                self.by_uid.entry(whose).or_default().cpu_elsewhere += unseen;
                if let Some(host) = slice {
                    self.by_uid.entry(host).or_default().cpu_of_guests += unseen;
                }
            }
        }
    }

    /// The nearest ancestor that lives on: it, or one between, waited for the process.
    fn surviving_ancestor(
        &self,
        process: &ProcessSample,
        is_gone: &impl Fn(&ProcessSample) -> bool,
    ) -> Option<Pid> {
        let mut parent = process.parent;
        // A chain longer than this is a loop made by pids given away again.
        for _ in 0..64 {
            match self.earlier.get(&parent) {
                Some(p) if is_gone(p) => parent = p.parent,
                Some(p) => return Some(p.pid),
                None => return None,
            }
        }
        None
    }
}

/// Slices are ordered by uid.
pub(super) fn find_slice(slices: &[SliceSample], uid: Uid) -> Option<&SliceSample> {
    let at = slices.binary_search_by_key(&uid, |s| s.uid).ok()?;
    slices.get(at)
}
