//! On cgroup v2: the processes that no slice bill covers.
//!
//! These are all outside `user.slice` (services, cron, jobs that dropped privileges), and guests:
//! a process of one person in the slice of another, as `su` and `sudo -u` make them. The cgroups
//! themselves tell who is where, so `/proc` is not listed.

use std::collections::HashSet;

use crate::base::id::{Pid, Uid};
use crate::model::sample::PlaceId;

use super::cgroup::{MOUNT, USER_SLICE};
use super::kept::Kept;
use super::places::Places;
use super::root::Root;
use super::slices::visit_processes;
use super::subuids::Subuids;

/// The tree outside `user.slice` is walked again once in so many passes; in between, a new
/// service is seen by the link count of `system.slice`.
const WALK_EVERY: u32 = 16;
/// How many processes in slices are asked for their owner in one pass.
const ASK_AT_ONCE: usize = 400;
/// Descriptors kept at most; further cgroups are opened each time.
const KEEP: usize = 512;

/// Who is outside, and which of those inside are guests.
#[derive(Debug, Default)]
pub(super) struct Outside {
    cgroups: Vec<Cgroup>,
    links: Option<u64>,
    /// The slice to be asked about next.
    next: usize,
    guests: Vec<(Pid, PlaceId)>,
    subuids: Subuids,
}

#[derive(Debug)]
struct Cgroup {
    place: PlaceId,
    procs: Kept,
}

impl Outside {
    /// Every process outside `user.slice`, and the guests known so far; in no order.
    pub(super) fn read(
        &mut self,
        root: &Root,
        pass: u32,
        places: &mut Places,
        buffer: &mut Vec<u8>,
    ) -> Vec<(Pid, PlaceId)> {
        let links = root.links("/sys/fs/cgroup/system.slice");
        if self.cgroups.is_empty() || links != self.links || pass.is_multiple_of(WALK_EVERY) {
            self.walk(root, places);
            self.links = links;
        }
        let mut found = Vec::with_capacity(256);
        for (at, cgroup) in self.cgroups.iter_mut().enumerate() {
            let Some(text) = cgroup.procs.read(root, buffer) else {
                self.links = None;
                continue;
            };
            let pids = text.lines().filter_map(|line| line.parse().ok());
            found.extend(pids.map(|pid| (Pid(pid), cgroup.place)));
            if at >= KEEP {
                cgroup.procs.close();
            }
        }
        found.extend(&self.guests);
        found
    }

    /// How many guests are known.
    pub(super) fn guests(&self) -> usize {
        self.guests.len()
    }

    fn walk(&mut self, root: &Root, places: &mut Places) {
        let mut kept: Vec<Cgroup> = std::mem::take(&mut self.cgroups);
        let mut dirs = vec![MOUNT.to_owned()];
        while let Some(dir) = dirs.pop() {
            let children = root.subdirectories(&dir);
            let below = children.map(|name| format!("{dir}/{name}"));
            dirs.extend(below.filter(|dir| dir != USER_SLICE));
            let path = dir.strip_prefix(MOUNT).unwrap_or(&dir);
            let place = places.id(if path.is_empty() { "/" } else { path });
            let known = kept.iter().position(|cgroup| cgroup.place == place);
            self.cgroups.push(match known {
                Some(at) => kept.swap_remove(at),
                None => Cgroup {
                    place,
                    procs: Kept::of_records(format!("{dir}/cgroup.procs")),
                },
            });
        }
    }

    /// Asks some of those inside the slices whose they are, slice by slice.
    pub(super) fn find_guests(&mut self, root: &Root, slices: &[Uid], places: &mut Places) {
        self.subuids.refresh(root);
        let mut asked = 0;
        for _ in 0..slices.len() {
            if asked >= ASK_AT_ONCE {
                return;
            }
            self.next = (self.next + 1) % slices.len();
            let owner = slices[self.next];
            let dir = format!("{USER_SLICE}/user-{owner}.slice");
            let mut inside = HashSet::new();
            let mut guests = Vec::new();
            visit_processes(root, &dir, 0, &mut |path, pid| {
                asked += 1;
                inside.insert(Pid(pid));
                if is_guest(root, &self.subuids, pid, owner) {
                    guests.push((Pid(pid), places.id(path)));
                }
            });
            let here = |place: PlaceId| places.owner(place) == Some(owner);
            self.guests.retain(|(_, place)| !here(*place));
            self.guests.extend(guests);
        }
    }
}

/// Whether a process belongs to somebody else than the owner of the slice it is in. The owner
/// of its directory tells, unless it hides its memory, which makes root the owner.
fn is_guest(root: &Root, subuids: &Subuids, pid: u32, owner: Uid) -> bool {
    let directory = root.owner(&format!("/proc/{pid}"));
    if directory.is_none_or(|uid| subuids.owner(uid) == owner) {
        return false;
    }
    let status = root.read(&format!("/proc/{pid}/status")).ok().flatten();
    let status = status.and_then(|bytes| super::process::Status::parse(&bytes));
    status.is_some_and(|status| subuids.owner(status.uid) != owner)
}
