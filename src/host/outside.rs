//! On cgroup v2: the processes that no slice bill covers.
//!
//! These are all outside `user.slice` (services, cron, jobs that dropped privileges), and guests:
//! a process of one person in the slice of another, as `su` and `sudo -u` make them. The cgroups
//! themselves tell who is where, so `/proc` is not listed.

use std::collections::{BTreeMap, HashSet};

use crate::base::id::{Pid, Uid};
use crate::base::units::Nanos;
use crate::model::sample::{PlaceId, SliceSample};

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
const ASK_AT_ONCE: usize = 200;
/// A slice that ran without getting or losing a task is listed once in so many passes.
const LIST_EVERY: u32 = 4;
/// And one at rest: others can put somebody there.
const LIST_AT_REST: u32 = 64;
/// Who was asked before may have become somebody else, though it is a child that does in `su` and
/// `sudo`, and is asked again once in so many passes in which their slice is listed.
const ASK_EVERY: u32 = 32;
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
    asked: BTreeMap<Uid, Asked>,
    subuids: Subuids,
}

/// A slice at the last look for guests in it.
#[derive(Debug, Default)]
struct Asked {
    cpu: Option<Nanos>,
    tasks: Option<u64>,
    lists: u32,
    /// Who was there.
    pids: HashSet<u32>,
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

    /// Who was in somebody's slice at the last look; `None` before the first.
    pub(super) fn members(&self, uid: Uid) -> Option<&HashSet<u32>> {
        self.asked.get(&uid).map(|asked| &asked.pids)
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
    pub(super) fn find_guests(
        &mut self,
        root: &Root,
        pass: u32,
        slices: &[SliceSample],
        places: &mut Places,
    ) {
        self.subuids.refresh(root);
        self.asked
            .retain(|uid, _| slices.binary_search_by_key(uid, |slice| slice.uid).is_ok());
        let mut left = ASK_AT_ONCE;
        for _ in 0..slices.len() {
            if left == 0 {
                return;
            }
            self.next = (self.next + 1) % slices.len();
            let slice = &slices[self.next];
            let turn = pass.wrapping_add(slice.uid.0);
            let is_due = match self.asked.get(&slice.uid) {
                None => true,
                Some(asked) if asked.tasks != slice.tasks => true,
                Some(asked) if asked.cpu != slice.cpu => turn.is_multiple_of(LIST_EVERY),
                Some(_) => turn.is_multiple_of(LIST_AT_REST),
            };
            if is_due {
                self.find_guests_of(root, slice, places, &mut left);
            }
        }
    }

    fn find_guests_of(
        &mut self,
        root: &Root,
        slice: &SliceSample,
        places: &mut Places,
        left: &mut usize,
    ) {
        let owner = slice.uid;
        let dir = format!("{USER_SLICE}/user-{owner}.slice");
        let before = self.asked.remove(&owner).unwrap_or_default();
        let lists = before.lists.wrapping_add(1);
        let here = |place: PlaceId| places.owner(place) == Some(owner);
        let (known, others) = std::mem::take(&mut self.guests)
            .into_iter()
            .partition::<Vec<_>, _>(|(_, place)| here(*place));
        self.guests = others;
        let mut pids = HashSet::with_capacity(before.pids.len());
        visit_processes(root, &dir, 0, &mut |path, pid| {
            pids.insert(pid);
            let is_new = !before.pids.contains(&pid);
            let guest = if is_new || lists.wrapping_add(pid).is_multiple_of(ASK_EVERY) {
                *left = left.saturating_sub(1);
                is_guest(root, &self.subuids, pid, owner)
            } else {
                known.iter().any(|(known, _)| *known == Pid(pid))
            };
            if guest {
                self.guests.push((Pid(pid), places.id(path)));
            }
        });
        let asked = Asked {
            cpu: slice.cpu,
            tasks: slice.tasks,
            lists,
            pids,
        };
        self.asked.insert(owner, asked);
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
