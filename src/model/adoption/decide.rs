//! The decision for one process.

use std::time::Duration;

use crate::base::id::{Pid, Uid};
use crate::model::origin::Origin;
use crate::model::sample::slice_owner;

use super::{Found, Left, Owner, Rules, Spared, Unit, Verdict, Waiting, fits};

/// Keepers of containers and batch jobs, as `/proc` cuts their names: for cgroups that tell nothing.
const KEEPERS: &[&str] = &[
    "containerd-shim",
    "conmon",
    "lxc-start",
    "systemd-nspawn",
    "crun",
    "runc",
    "slurmstepd",
];
/// How long an answer about a name is waited for before what nobody knows counts as nobody.
const NAMES: Duration = Duration::from_secs(5);

/// What is to become of a process. `unit` is what systemd knows of the unit it is in, once asked.
#[must_use]
pub fn decide(found: &Found, owner: &Owner, unit: Option<&Unit>, rules: &Rules) -> Verdict {
    let uid = found.uid;
    if !owner.person && !owner.asked {
        return Verdict::Fine;
    }
    let place = slice_owner(&found.cgroup);
    if place == Some(uid) {
        return Verdict::Fine;
    }
    if let Some(spared) = never(found, uid, rules) {
        return Verdict::Spare(spared);
    }
    if !owner.person {
        return name_first(found, owner).unwrap_or(Verdict::Fine);
    }
    if !found.settled {
        // A program of root's that acts for somebody for a moment.
        return if found.waited < rules.patience {
            Verdict::Wait(Waiting::Settled)
        } else {
            Verdict::Spare(Spared::Unsettled)
        };
    }
    match place {
        Some(whose) => guest(found, whose, owner, rules),
        None => elsewhere(found, owner, unit, rules),
    }
}

/// Reasons that hold wherever it is.
fn never(found: &Found, uid: Uid, rules: &Rules) -> Option<Spared> {
    let keeper = found
        .ancestors
        .iter()
        .find(|ancestor| ancestor.uid == Uid::ROOT && KEEPERS.contains(&&*ancestor.name));
    if found.pid == Pid(1) {
        Some(Spared::Init)
    } else if rules.spared.contains(&uid) {
        Some(Spared::ByRule)
    } else if found.contained
        || keeper.is_some()
        || Origin::of(&found.cgroup, uid) == Origin::Container
    {
        Some(Spared::Container)
    } else {
        None
    }
}

/// For decisions that a name makes: waits for one that has been asked for.
fn name_first(found: &Found, owner: &Owner) -> Option<Verdict> {
    let late = owner.asked && owner.name.is_none() && found.waited < NAMES;
    late.then_some(Verdict::Wait(Waiting::Name))
}

/// In somebody else's slice.
fn guest(found: &Found, whose: Uid, owner: &Owner, rules: &Rules) -> Verdict {
    if owner.name.is_none() {
        // Rootless containers map their users to such uids.
        return name_first(found, owner).unwrap_or(Verdict::Spare(Spared::Nameless(whose)));
    }
    let wanted = if whose == Uid::ROOT {
        rules.from_root
    } else {
        rules.from_others
    };
    if wanted {
        Verdict::Adopt(Origin::of(&found.cgroup, found.uid))
    } else {
        Verdict::Spare(Spared::Guest(whose))
    }
}

/// In a unit of the system.
fn elsewhere(found: &Found, owner: &Owner, unit: Option<&Unit>, rules: &Rules) -> Verdict {
    let way = Origin::of(&found.cgroup, found.uid);
    let Some((name, below)) = unit_of(&found.cgroup) else {
        // Between two places, as whoever has just been forked by pid 1 is.
        return if found.waited < rules.patience {
            Verdict::Wait(Waiting::Place)
        } else {
            Verdict::Adopt(way)
        };
    };
    let any = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, name));
    let named = &rules.named;
    let leave = any(&named.leave);
    let adopt = !leave && any(&named.adopt);
    if any(&named.never) || !leave && !adopt && any(&rules.never) {
        return Verdict::Spare(Spared::Unit(name.to_owned()));
    }
    if name == "init.scope" {
        return Verdict::Spare(Spared::Init);
    }
    if !below.is_empty() && below != "/.control" {
        return Verdict::Spare(Spared::Arranged(name.to_owned()));
    }
    if leave || !adopt && any(&rules.leave) {
        return Verdict::Leave(Left::ByRule(name.to_owned()));
    }
    if any(&rules.logins) && found.waited < rules.patience {
        return Verdict::Wait(Waiting::Login);
    }
    if name.ends_with(".scope") {
        return Verdict::Leave(Left::Scope(name.to_owned()));
    }
    if !adopt && !rules.from_services {
        return Verdict::Leave(Left::NoServices(name.to_owned()));
    }
    let Some(unit) = unit else {
        return Verdict::Ask(name.to_owned());
    };
    if unit.main == Some(found.pid) || unit.control == Some(found.pid) {
        return Verdict::Leave(Left::Main(name.to_owned()));
    }
    if belongs(unit, found.uid, owner) {
        return Verdict::Leave(Left::Own(name.to_owned()));
    }
    let by_name = unit
        .user
        .as_deref()
        .is_some_and(|user| user.parse::<u32>().is_err());
    if by_name && let Some(wait) = name_first(found, owner) {
        return wait;
    }
    Verdict::Adopt(way)
}

/// Whether a unit is one person's: by `User=`, or because its main process is theirs.
fn belongs(unit: &Unit, uid: Uid, owner: &Owner) -> bool {
    let named = unit.user.as_deref().is_some_and(|user| {
        owner.name.as_deref() == Some(user) || user.parse().is_ok_and(|number: u32| uid.0 == number)
    });
    named || unit.main_uid == Some(uid)
}

/// The unit of the system that a cgroup belongs to, and what is below it.
#[must_use]
pub fn unit_of(cgroup: &str) -> Option<(&str, &str)> {
    let mut end = 0;
    for part in cgroup.split('/') {
        end += part.len() + 1;
        if part.ends_with(".service") || part.ends_with(".scope") {
            return Some((part, cgroup.get(end - 1..).unwrap_or("")));
        }
    }
    None
}
