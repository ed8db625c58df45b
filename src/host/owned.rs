//! Units of one person each that run outside the slices of people.

use crate::plan::limits::owned::{EACH_SERVER, Owned};
use crate::plan::limits::wishes::{Someone, WAY_IN};

use super::cgroup::{self, MOUNT};
use super::root::Root;
use super::slices;

/// Slices at the top in which no unit of a person's is looked for: their own, and containers.
const OTHERS: [&str; 2] = ["user.slice", "machine.slice"];
/// Where units lie that somebody installed.
const INSTALLED: [&str; 3] = [
    "/etc/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const HUB: &str = "jupyterhub.service";

/// Every service in which one person's processes run, and nobody else's.
#[must_use]
pub fn units(root: &Root, people: &[Someone]) -> Vec<Owned> {
    let mut found = Vec::new();
    for slice in outside(root) {
        let dir = format!("{MOUNT}/{slice}");
        for unit in root.subdirectories(&dir) {
            let path = format!("{dir}/{unit}");
            let is_service = unit.ends_with(".service") && !WAY_IN.contains(&unit.as_str());
            if !is_service || !cgroup::is_populated(root, &path) {
                continue;
            }
            let uid = sole(root, &path).filter(|uid| people.iter().any(|one| one.uid == *uid));
            found.extend(uid.map(|uid| Owned { unit, uid }));
        }
    }
    found.sort_by(|a, b| a.unit.cmp(&b.unit));
    found
}

/// Whether something here begins services for people, or might.
#[must_use]
pub fn spawner(root: &Root, owned: &[Owned]) -> bool {
    let prefix = EACH_SERVER.trim_end_matches(".service");
    owned.iter().any(|owned| owned.unit.starts_with(prefix))
        || INSTALLED
            .iter()
            .any(|dir| root.exists(&format!("{dir}/{HUB}")))
}

/// The cgroup of a service: below the slice it was put into.
#[must_use]
pub fn cgroup_of(root: &Root, unit: &str) -> String {
    let usual = format!("{MOUNT}/system.slice/{unit}");
    if root.is_dir(&usual) {
        return usual;
    }
    let places = outside(root).map(|slice| format!("{MOUNT}/{slice}/{unit}"));
    let mut places = places.filter(|dir| root.is_dir(dir));
    places.next().unwrap_or(usual)
}

fn outside(root: &Root) -> impl Iterator<Item = String> + use<> {
    let slices = root.subdirectories(MOUNT);
    slices.filter(|name| name.ends_with(".slice") && !OTHERS.contains(&name.as_str()))
}

/// Whose the processes of a cgroup are, where they are all one person's.
fn sole(root: &Root, dir: &str) -> Option<u32> {
    let (mut uid, mut several) = (None, false);
    slices::visit_processes(root, dir, 0, &mut |_, pid| {
        // Nobody asks on once there are two of them.
        if several {
            return;
        }
        let Some(own) = uid_of(root, pid) else {
            return;
        };
        several = uid.replace(own).is_some_and(|before| before != own);
    });
    uid.filter(|_| !several)
}

/// The real uid of a process; `None` once it is gone.
fn uid_of(root: &Root, pid: u32) -> Option<u32> {
    let status = root.peek(&format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}
