//! GPUs through NVIDIA's own library, which is loaded when it is there.

use std::collections::BTreeMap;

use nvml_wrapper::Nvml;
use nvml_wrapper::enums::device::UsedGpuMemory;

use crate::base::id::{Pid, Uid};
use crate::base::text::printable;
use crate::base::units::Bytes;
use crate::model::sample::{Gpu, GpuUser};

use super::procdir::ProcDir;
use super::process::Status;
use super::root::Root;

/// The library, once it is loaded.
#[derive(Debug, Default)]
pub(super) struct Driver {
    library: Option<Nvml>,
    /// Per GPU, the last moment whose shares were read, in the driver's own time.
    seen: Vec<u64>,
}

impl Driver {
    /// Every GPU; empty without library, driver or GPU.
    pub(super) fn read(&mut self, root: &Root) -> Vec<Gpu> {
        if self.library.is_none() {
            self.library = Nvml::init().ok();
        }
        let Some(library) = &self.library else {
            return Vec::new();
        };
        let count = library.device_count().unwrap_or(0);
        self.seen.resize(count as usize, 0);
        let proc = ProcDir::new(root);
        (0u32..)
            .zip(&mut self.seen)
            .filter_map(|(index, seen)| gpu(library, index, seen, &proc))
            .collect()
    }
}

fn gpu(library: &Nvml, index: u32, seen: &mut u64, proc: &ProcDir) -> Option<Gpu> {
    let device = library.device_by_index(index).ok()?;
    let memory = device.memory_info().ok()?;
    let mut owners = Owners {
        proc,
        known: BTreeMap::new(),
    };
    let mut users: BTreeMap<Uid, GpuUser> = BTreeMap::new();
    let nothing = |uid| GpuUser {
        uid,
        memory: None,
        busy_percent: None,
    };
    // A process that draws and computes is in both lists, with the same memory.
    let mut holders: BTreeMap<u32, u64> = BTreeMap::new();
    let computing = device.running_compute_processes().unwrap_or_default();
    let drawing = device.running_graphics_processes().unwrap_or_default();
    for process in computing.into_iter().chain(drawing) {
        let used = match process.used_gpu_memory {
            UsedGpuMemory::Used(bytes) => bytes,
            UsedGpuMemory::Unavailable => 0,
        };
        let most = holders.entry(process.pid).or_default();
        *most = used.max(*most);
    }
    for (pid, bytes) in holders {
        if let Some(uid) = owners.of(pid) {
            let user = users.entry(uid).or_insert_with(|| nothing(uid));
            let memory = user.memory.get_or_insert_default();
            *memory += Bytes(bytes);
        }
    }
    let mut latest: BTreeMap<u32, (u64, u32)> = BTreeMap::new();
    for sample in device.process_utilization_stats(*seen).unwrap_or_default() {
        *seen = sample.timestamp.max(*seen);
        let last = latest.entry(sample.pid).or_default();
        *last = (sample.timestamp, sample.sm_util).max(*last);
    }
    for (pid, (_, share)) in latest {
        if let Some(uid) = owners.of(pid) {
            let user = users.entry(uid).or_insert_with(|| nothing(uid));
            user.busy_percent = Some((user.busy_percent.unwrap_or(0) + share).min(100));
        }
    }
    let name = device.name().unwrap_or_default();
    Some(Gpu {
        name: printable(name.as_bytes(), 64).into(),
        busy_percent: device.utilization_rates().ok().map(|rates| rates.gpu),
        memory_total: Bytes(memory.total),
        memory_used: Bytes(memory.used),
        users: users.into_values().collect(),
    })
}

/// Whose processes these are.
struct Owners<'a> {
    proc: &'a ProcDir,
    known: BTreeMap<u32, Option<Uid>>,
}

impl Owners<'_> {
    fn of(&mut self, pid: u32) -> Option<Uid> {
        let proc = self.proc;
        *self.known.entry(pid).or_insert_with(|| {
            let mut bytes = Vec::new();
            proc.read(Pid(pid), "status", &mut bytes)
                .then(|| Status::parse(&bytes))?
                .map(|status| status.uid)
        })
    }
}
