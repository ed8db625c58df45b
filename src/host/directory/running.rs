//! What somebody runs now: how much, in which cgroups, and with which groups.
//!
//! A process keeps the groups it had at login, so leaving a group takes effect only when the last
//! process that holds it has ended, and joining one only with the next session.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::hostile::Hostile;
use crate::base::id::Gid;
use crate::host::births;
use crate::host::procdir::ProcDir;
use crate::host::process::{Status, cgroup_path};
use crate::host::root::Root;
use crate::host::subuids::Subuids;
use crate::model::people::Person;
use crate::model::people::details::{Held, HeldGroup, InCgroup, Running};

use super::gather::Gathered;
use super::nss::Question;

/// The processes of a person, those in their containers as well, and the groups in which these
/// disagree with the group files.
pub(super) fn of(root: &Root, person: &Person, all: &mut Gathered) -> (Running, Vec<HeldGroup>) {
    let present = present(person, all);
    let mut subuids = Subuids::default();
    subuids.refresh(root);
    let proc = ProcDir::new(root);
    let mut bytes = Vec::new();
    let mut count = 0;
    let mut cgroups: BTreeMap<String, u32> = BTreeMap::new();
    let mut held: BTreeMap<(Gid, Held), u32> = BTreeMap::new();
    for pid in births::everywhere(root) {
        if !proc.read(pid, "status", &mut bytes) {
            continue;
        }
        let Some(uid) = Status::parse(&bytes).map(|status| status.uid) else {
            continue;
        };
        if subuids.owner(uid) != person.uid {
            continue;
        }
        let holds = Holds::parse(&bytes).filter(|_| uid == person.uid);
        let read = proc.read(pid, "cgroup", &mut bytes);
        let cgroup = read.then(|| cgroup_path(&bytes)).flatten();
        count += 1;
        if let (Some(holds), Some(present)) = (holds, &present) {
            let login = cgroup.as_deref().is_some_and(is_of_a_login);
            for differs in compare(&holds, present, login) {
                *held.entry(differs).or_default() += 1;
            }
        }
        *cgroups.entry(cgroup.unwrap_or_default()).or_default() += 1;
    }
    cgroups.remove("");
    let in_cgroup = |(path, processes): (String, u32)| InCgroup {
        path: path.into(),
        processes,
    };
    let running = Running {
        count,
        cgroups: cgroups.into_iter().map(in_cgroup).collect(),
    };
    let names = names(held.keys().map(|(gid, _)| *gid), all);
    let held = held.into_iter().map(|((gid, held), processes)| HeldGroup {
        gid,
        group: names.get(&gid).cloned(),
        held,
        processes,
    });
    (running, held.collect())
}

/// The gids a new session would have; `None` when the directory did not tell.
fn present(person: &Person, all: &Gathered) -> Option<BTreeSet<Gid>> {
    let Some(name) = &person.name else {
        return Some(BTreeSet::new());
    };
    if all.unsure.contains(name) {
        return None;
    }
    let listed = all
        .people
        .groups
        .iter()
        .filter(|g| g.members.contains(name));
    Some(listed.map(|group| group.gid).chain(person.gid).collect())
}

/// Where processes differ from what is written down. Only what a login began is held to have
/// all groups of the person: a service may drop them, and so does `(sd-pam)` in a login.
fn compare(holds: &Holds, present: &BTreeSet<Gid>, login: bool) -> Vec<(Gid, Held)> {
    let still = holds.groups.difference(present);
    let still = still.map(|gid| (*gid, Held::Still));
    let missing = present.difference(&holds.groups);
    let missing = missing.filter(|_| login && !holds.dropped);
    still
        .chain(missing.map(|gid| (*gid, Held::NotYet)))
        .collect()
}

/// A session's scope, or what the person's own service manager runs.
fn is_of_a_login(cgroup: &str) -> bool {
    cgroup.split('/').any(|part| {
        let of = |start: &str, end: &str| part.starts_with(start) && part.ends_with(end);
        of("session-", ".scope") || of("user@", ".service")
    })
}

/// What a process holds.
#[derive(Debug, PartialEq, Eq)]
struct Holds {
    /// Its supplementary groups, its real and its effective one.
    groups: BTreeSet<Gid>,
    /// Whether it gave up all supplementary groups; a login always has the primary one there.
    dropped: bool,
}

impl Holds {
    /// From `/proc/PID/status`.
    fn parse(status: &[u8]) -> Option<Self> {
        let gids = |key: &[u8]| -> Option<BTreeSet<Gid>> {
            let mut lines = status.split(|byte| *byte == b'\n');
            let line = lines.find_map(|line| line.strip_prefix(key))?;
            let words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
            words.map(|gid| gid.parse().ok().map(Gid)).collect()
        };
        let mut groups = gids(b"Groups:")?;
        let dropped = groups.is_empty();
        groups.append(&mut gids(b"Gid:")?);
        Some(Self { groups, dropped })
    }
}

/// The names of gids, asked for where no known group has them.
fn names(gids: impl Iterator<Item = Gid>, all: &mut Gathered) -> BTreeMap<Gid, Hostile> {
    let groups = all.people.groups.iter();
    let mut names: BTreeMap<Gid, Hostile> = groups.rev().map(|g| (g.gid, g.name.clone())).collect();
    let unknown = gids.filter(|gid| !names.contains_key(gid));
    let asked = unknown.map(Question::Group).collect();
    for answer in all.nss.ask(asked).into_values() {
        names.extend(answer.groups.into_iter().map(|line| (line.gid, line.name)));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_process_is_held_against_the_group_files() {
        let status =
            b"Name:\tR\nUid:\t1\t1\t1\t1\nGid:\t1001\t1001\t1001\t1001\nGroups:\t27 1001 3000 \n";
        let held = Holds::parse(status).unwrap();
        assert_eq!(held.groups, BTreeSet::from([27, 1001, 3000].map(Gid)));
        let present = BTreeSet::from([1001, 3000, 3001].map(Gid));
        let differ = compare(&held, &present, true);
        assert_eq!(differ, [(Gid(27), Held::Still), (Gid(3001), Held::NotYet)]);
        assert_eq!(compare(&held, &present, false).len(), 1);
        let dropped = Holds::parse(b"Gid:\t1001\t1001\nGroups:\t \n").unwrap();
        assert_eq!(compare(&dropped, &present, true), []);
        assert_eq!(Holds::parse(b"Uid:\t1\n"), None);
    }

    #[test]
    fn logins_are_told_from_services() {
        assert!(is_of_a_login("/user.slice/user-1.slice/session-3.scope"));
        assert!(is_of_a_login(
            "/user.slice/user-1.slice/user@1.service/app.slice/x.service"
        ));
        assert!(!is_of_a_login("/system.slice/jupyterhub.service"));
    }

    proptest! {
        #[test]
        fn no_status_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Holds::parse(&bytes);
        }
    }
}
