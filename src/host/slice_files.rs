//! The files of one slice, each opened once and read in one go for as long as the slice is busy.

use crate::base::id::Uid;
use crate::base::units::{Bytes, Nanos};
use crate::model::sample::{Pressure, SliceLimits, SliceSample};

use super::cgroup::{self, CpuStat, Devices, averages};
use super::kept::Kept;
use super::root::Root;

/// Everything that is read of a slice.
#[derive(Debug)]
pub(super) struct SliceFiles {
    cpu: Kept,
    tasks: Kept,
    memory: Kept,
    swap: Kept,
    io: Kept,
    pressure: [Kept; 3],
    memory_events: Kept,
    events: Kept,
    cpu_max: Kept,
    memory_high: Kept,
    memory_max: Kept,
    tasks_max: Kept,
}

impl SliceFiles {
    pub(super) fn new(dir: &str) -> Self {
        let file = |name: &str| Kept::new(format!("{dir}/{name}"));
        Self {
            cpu: file("cpu.stat"),
            tasks: file("pids.current"),
            memory: file("memory.stat"),
            swap: file("memory.swap.current"),
            io: Kept::of_records(format!("{dir}/io.stat")),
            pressure: ["cpu", "memory", "io"].map(|what| file(&format!("{what}.pressure"))),
            memory_events: file("memory.events"),
            events: file("cgroup.events"),
            cpu_max: file("cpu.max"),
            memory_high: file("memory.high"),
            memory_max: file("memory.max"),
            tasks_max: file("pids.max"),
        }
    }

    /// `cpu.stat`, which tells whether there is anything else to be read.
    pub(super) fn cpu(&mut self, root: &Root, buffer: &mut Vec<u8>) -> Option<CpuStat> {
        self.cpu.read(root, buffer).map(cgroup::cpu_stat)
    }

    /// Everything else, but for the number of processes.
    pub(super) fn rest(
        &mut self,
        root: &Root,
        devices: &mut Devices,
        uid: Uid,
        buffer: &mut Vec<u8>,
    ) -> SliceSample {
        let io = self.io.read(root, buffer);
        let io = io.map(|stat| devices.sum(root, stat));
        let kills = self.memory_events.read(root, buffer);
        let oom_kills = kills.and_then(|events| cgroup::keyed(events, "oom_kill"));
        let mut pressure = Pressure::default();
        self.pressure(root, buffer, &mut pressure, |_| true);
        let mut sample = SliceSample {
            uid,
            clock: Nanos(0),
            cpu: None,
            throttling: None,
            processes: None,
            tasks: None,
            memory: None,
            io,
            pressure,
            oom_kills,
            frozen: false,
            limits: SliceLimits::default(),
        };
        self.imposed(root, buffer, &mut sample);
        sample
    }

    /// What others change of a slice in which nobody runs: its memory, who is in it, its limits,
    /// whether it is frozen.
    pub(super) fn imposed(&mut self, root: &Root, buffer: &mut Vec<u8>, sample: &mut SliceSample) {
        let mut value = |file: &mut Kept| file.read(root, buffer).and_then(cgroup::number);
        let swap = value(&mut self.swap);
        sample.tasks = value(&mut self.tasks);
        let memory_high = value(&mut self.memory_high).map(Bytes);
        let memory_max = value(&mut self.memory_max).map(Bytes);
        let tasks_max = value(&mut self.tasks_max);
        let quota = self.cpu_max.read(root, buffer).and_then(cgroup::quota);
        let memory = self.memory.read(root, buffer);
        sample.memory = memory.and_then(|stat| cgroup::memory(stat, swap));
        let events = self.events.read(root, buffer);
        sample.frozen = events.is_some_and(|events| cgroup::keyed(events, "frozen") == Some(1));
        sample.limits = SliceLimits {
            cpu_quota: quota,
            memory_high,
            memory_max,
            tasks_max,
        };
    }

    /// What still falls, of the averages of a slice that has come to rest.
    pub(super) fn falling(&mut self, root: &Root, buffer: &mut Vec<u8>, pressure: &mut Pressure) {
        self.pressure(root, buffer, pressure, |share| share > 0.0);
    }

    /// Reads the pressure of each kind of which a last share says that it is wanted.
    fn pressure(
        &mut self,
        root: &Root,
        buffer: &mut Vec<u8>,
        last: &mut Pressure,
        wanted: impl Fn(f64) -> bool,
    ) {
        let [cpu, memory, io] = &mut self.pressure;
        let is_wanted =
            |shares: [Option<f64>; 2]| shares.into_iter().any(|s| wanted(s.unwrap_or(0.0)));
        let mut shares = |file: &mut Kept| file.read(root, buffer).and_then(averages);
        if is_wanted([last.cpu_some, None]) {
            last.cpu_some = shares(cpu).and_then(|(some, _)| some);
        }
        if is_wanted([last.memory_some, last.memory_full]) {
            (last.memory_some, last.memory_full) = shares(memory).unwrap_or_default();
        }
        if is_wanted([last.io_some, last.io_full]) {
            (last.io_some, last.io_full) = shares(io).unwrap_or_default();
        }
    }

    /// Gives back the descriptors of everything that a slice at rest is not asked for.
    pub(super) fn close(&mut self) {
        let Self {
            cpu: _,
            tasks,
            memory,
            swap,
            io,
            pressure: [cpu_pressure, memory_pressure, io_pressure],
            memory_events,
            events,
            cpu_max,
            memory_high,
            memory_max,
            tasks_max,
        } = self;
        for file in [
            tasks,
            memory,
            swap,
            io,
            cpu_pressure,
            memory_pressure,
            io_pressure,
            memory_events,
            events,
            cpu_max,
            memory_high,
            memory_max,
            tasks_max,
        ] {
            file.close();
        }
    }
}
