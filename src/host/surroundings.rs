//! What is around the processes: disks, network, GPUs. Each has figures of its own age, and one
//! that does not answer keeps nobody waiting.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use procfs_core::FromRead as _;
use procfs_core::net::InterfaceDeviceStatus;
use procfs_core::process::MountInfos;

use crate::base::text::printable;
use crate::base::units::{Bytes, Nanos};
use crate::model::sample::{Disk, Gpu, Surroundings};

use super::reader::{Marker, Reader};
use super::root::Root;
use super::{clock, gpu};

/// A disk does not fill up within a second.
const DISKS_EVERY: Nanos = Nanos(5_000_000_000);
const GPUS_EVERY: Nanos = Nanos(1_000_000_000);
/// File systems that hold data, local and remote. What a user may mount (FUSE) is not asked: it
/// is theirs, and so is the time until it answers.
const KINDS: [&str; 13] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "nfs", "nfs4", "cifs", "lustre", "gpfs",
    "ceph",
];

/// Looks around now and then.
#[derive(Debug)]
pub(super) struct Around {
    disks: Reader<Arc<str>, Vec<Arc<str>>, Vec<Disk>>,
    disks_due: Nanos,
    silent: BTreeSet<Arc<str>>,
    gpus: Reader<&'static str, (), Vec<Gpu>>,
    gpus_due: Nanos,
    network: Option<Traffic>,
    cards: HashMap<String, bool>,
    now: Arc<Surroundings>,
}

/// What went through the cards up to a moment.
#[derive(Clone, Copy, Debug)]
struct Traffic {
    clock: Nanos,
    received: u64,
    sent: u64,
}

impl Around {
    pub(super) fn new(root: &Root) -> Self {
        let (disks_of, gpus_of) = (root.clone(), root.clone());
        let mut driver = gpu::Driver::default();
        let driver = std::sync::Mutex::new(std::mem::take(&mut driver));
        Self {
            disks: Reader::new("disks", move |mounts: Vec<Arc<str>>, marker: &Marker<_>| {
                sizes(&disks_of, &mounts, marker)
            }),
            disks_due: Nanos(0),
            silent: BTreeSet::new(),
            gpus: Reader::new("gpus", move |(), marker: &Marker<_>| {
                marker.at("driver");
                let mut driver = driver.lock().ok();
                driver.as_mut().map_or_else(Vec::new, |d| d.read(&gpus_of))
            }),
            gpus_due: Nanos(0),
            network: None,
            cards: HashMap::new(),
            now: Arc::default(),
        }
    }

    /// Everything as it was last told.
    pub(super) fn look(&mut self, root: &Root) -> Arc<Surroundings> {
        if !root.is_live() {
            return Arc::clone(&self.now);
        }
        let clock = clock::monotonic();
        let network = self.traffic(root, clock);
        self.look_at_disks(root, clock);
        let gpus = self.look_at_gpus(clock);
        let now = Arc::make_mut(&mut self.now);
        now.network = network;
        if let Some(gpus) = gpus {
            now.gpus = gpus;
        }
        Arc::clone(&self.now)
    }

    fn look_at_disks(&mut self, root: &Root, clock: Nanos) {
        if let Some(disks) = self.disks.answer(Duration::ZERO) {
            Arc::make_mut(&mut self.now).disks = disks;
        }
        if let Some(mount) = self.disks.stuck() {
            self.silent.insert(mount);
            self.disks_due = clock;
        }
        if clock >= self.disks_due && !self.disks.busy() {
            self.disks_due = clock + DISKS_EVERY;
            let mounts = mounts(root);
            self.silent.retain(|mount| mounts.contains(mount));
            let asked = mounts.into_iter().filter(|m| !self.silent.contains(m));
            self.disks.ask(asked.collect());
            let silent = self.silent.iter().map(|m| clean(m)).collect();
            Arc::make_mut(&mut self.now).silent = silent;
        }
    }

    fn look_at_gpus(&mut self, clock: Nanos) -> Option<Vec<Gpu>> {
        if self.gpus.stuck().is_some() {
            // A driver that hangs is not asked again.
            self.gpus_due = Nanos(u64::MAX);
            return Some(Vec::new());
        }
        let answer = self.gpus.answer(Duration::ZERO);
        if answer.as_ref().is_some_and(Vec::is_empty) {
            self.gpus_due = Nanos(u64::MAX); // No driver, no GPU: neither appears by itself.
        } else if clock >= self.gpus_due && !self.gpus.busy() {
            self.gpus_due = clock + GPUS_EVERY;
            self.gpus.ask(());
        }
        answer
    }

    /// Bytes per second through the host's cards: loops and what containers have are left out,
    /// since theirs goes through a card as well or never leaves the host.
    fn traffic(&mut self, root: &Root, clock: Nanos) -> Option<(u64, u64)> {
        let bytes = root.read("/proc/net/dev").ok().flatten()?;
        let status = InterfaceDeviceStatus::from_read(bytes.as_slice()).ok()?;
        let (mut received, mut sent) = (0u64, 0u64);
        for (name, card) in &status.0 {
            let name = name.trim_end_matches(':');
            let known = self.cards.get(name).copied();
            let is_card = known.unwrap_or_else(|| {
                let device = root.exists(&format!("/sys/class/net/{name}/device"));
                self.cards.insert(name.to_owned(), device);
                device
            });
            if is_card {
                received += card.recv_bytes;
                sent += card.sent_bytes;
            }
        }
        if self.cards.len() > 4 * (status.0.len() + 16) {
            self.cards.clear(); // Containers come and go.
        }
        let now = Traffic {
            clock,
            received,
            sent,
        };
        let before = self.network.replace(now)?;
        if !self.cards.values().any(|is_card| *is_card) {
            return None;
        }
        let elapsed = clock.saturating_sub(before.clock).as_secs_f64().max(1e-3);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate"
        )]
        let rate = |now: u64, then: u64| (now.saturating_sub(then) as f64 / elapsed) as u64;
        Some((
            rate(now.received, before.received),
            rate(now.sent, before.sent),
        ))
    }
}

/// Where file systems that hold data are mounted, each device once. Nothing is asked of them.
fn mounts(root: &Root) -> Vec<Arc<str>> {
    let Some(text) = root.read("/proc/self/mountinfo").ok().flatten() else {
        return Vec::new();
    };
    let Ok(mounts) = MountInfos::from_read(text.as_slice()) else {
        return Vec::new();
    };
    let mut devices = BTreeSet::new();
    let mut found = Vec::new();
    for mount in mounts.0 {
        let read_only = mount.mount_options.contains_key("ro");
        if KINDS.contains(&mount.fs_type.as_str())
            && !read_only
            && let Some(path) = mount.mount_point.to_str()
            // A file that is mounted over another, as containers do.
            && !path.starts_with("/etc/")
            && devices.insert(mount.majmin)
        {
            found.push(path.into());
        }
    }
    found
}

/// Sizes of file systems, the fullest first.
fn sizes(root: &Root, mounts: &[Arc<str>], marker: &Marker<Arc<str>>) -> Vec<Disk> {
    let mut disks: Vec<Disk> = mounts
        .iter()
        .filter_map(|mount| {
            marker.at(Arc::clone(mount));
            let (used, available) = root.space(mount)?;
            Some(Disk {
                mount: clean(mount),
                total: used + available,
                available,
            })
        })
        .filter(|disk| disk.total > Bytes(0))
        .collect();
    disks.sort_by(|a, b| fullness(b).total_cmp(&fullness(a)));
    disks
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn fullness(disk: &Disk) -> f64 {
    1.0 - disk.available.0 as f64 / disk.total.0.max(1) as f64
}

fn clean(mount: &str) -> Arc<str> {
    printable(mount.as_bytes(), 256).into()
}
