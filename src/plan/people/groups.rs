//! `group add, remove, join, leave`.

use crate::base::account::NewName;
use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::step::{Action, Step, Undo};
use crate::plan::world::{KnownAccount, KnownGroup, World, group_fact, is_admin_group};

use super::guard;

/// The plan that makes a group.
#[must_use]
pub fn add(name: &NewName, gid: Option<u32>, members: &[String], world: &World) -> Plan {
    let name = name.as_str();
    let mut plan = Plan::new(format!("add group {name}"), name);
    if let Some(reason) = guard::name_taken(world, name) {
        return plan.refuse(reason);
    }
    let Some(gid) = gid.or_else(|| world.free_uid()) else {
        return plan.refuse("every gid is taken; see GID_MAX in /etc/login.defs");
    };
    if let Some(group) = world.groups.iter().find(|group| group.gid == gid) {
        return plan.refuse(format!("gid {gid} is {}'s", group.name));
    }
    if let Some(stone) = world.tombstones.iter().find(|stone| stone.gid == gid) {
        return plan.refuse(format!("gid {gid} was {}'s, who was removed", stone.name));
    }
    let made = KnownGroup {
        name: name.to_owned(),
        gid,
        members: Vec::new(),
        local: true,
    };
    plan.push(Step {
        what: format!("make the group {name} (gid {gid})"),
        action: Action::run(&[
            &world.tool("groupadd"),
            "--gid",
            &gid.to_string(),
            "--",
            name,
        ]),
        changes: vec![Change::creates(
            Subject::Group(name.to_owned()),
            made.fact(),
        )],
        undo: Undo::Exact {
            what: format!("remove the group {name}"),
            action: Action::run(&[&world.tool("groupdel"), "--", name]),
        },
    });
    with_members(plan, world, &made, members, joins)
}

/// The plan that removes a group.
#[must_use]
pub fn remove(name: &str, world: &World) -> Plan {
    let mut plan = Plan::new(format!("remove group {name}"), name);
    let group = match changeable(world, name) {
        Ok(group) => group,
        Err(reason) => return plan.refuse(reason),
    };
    if is_admin_group(name) || group.gid < world.defaults.uid_min {
        return plan.refuse(format!(
            "{name} (gid {}) is a group of the system",
            group.gid
        ));
    }
    if let Some(owner) = world.accounts.iter().find(|a| a.gid == group.gid) {
        return plan.refuse(format!(
            "{name} is the primary group of {}: give them another first",
            owner.name
        ));
    }
    let plan_ = with_members(plan, world, group, &group.members, leaves);
    plan = plan_;
    plan.warn(format!("files of gid {} keep the bare number", group.gid));
    let gid = group.gid.to_string();
    plan.push(Step {
        what: format!("remove the group {name} (gid {gid})"),
        action: Action::run(&[&world.tool("groupdel"), "--", name]),
        changes: vec![Change::new(
            Subject::Group(name.to_owned()),
            Expect::Is(group_fact(group.gid, &[])),
            Expect::Absent,
        )],
        undo: Undo::Exact {
            what: format!("make the group {name} (gid {gid}) again"),
            action: Action::run(&[&world.tool("groupadd"), "--gid", &gid, "--", name]),
        },
    });
    plan
}

/// The plan that makes people members of a group.
#[must_use]
pub fn join(name: &str, people: &[String], world: &World) -> Plan {
    let mut plan = Plan::new(format!("join group {name}: {}", people.join(", ")), name);
    let group = match changeable(world, name) {
        Ok(group) => group,
        Err(reason) => return plan.refuse(reason),
    };
    for person in people {
        if world.account(person).is_none() {
            return plan.refuse(format!("{person} is nobody on this host"));
        }
        if group.members.contains(person) {
            plan.warn(format!("{person} is a member already"));
        }
    }
    if is_admin_group(name) {
        plan.warn(may_do_everything(name));
    }
    let new: Vec<String> = people
        .iter()
        .filter(|person| !group.members.contains(person))
        .cloned()
        .collect();
    plan = with_members(plan, world, group, &new, joins);
    if !new.is_empty() {
        plan.warn("sessions that run now get the membership at their next login");
    }
    plan
}

/// The plan that takes people out of a group.
#[must_use]
pub fn leave(name: &str, people: &[String], world: &World) -> Plan {
    let mut plan = Plan::new(format!("leave group {name}: {}", people.join(", ")), name);
    let group = match changeable(world, name) {
        Ok(group) => group,
        Err(reason) => return plan.refuse(reason),
    };
    for person in people {
        if !group.members.contains(person) {
            let primary = world.account(person).is_some_and(|a| a.gid == group.gid);
            return plan.refuse(if primary {
                format!("{name} is the primary group of {person}, who is in it as long as it is")
            } else {
                format!("{person} is no member of {name}")
            });
        }
    }
    if let Some(reason) = who_keeps_root(world, name, people) {
        return plan.refuse(reason);
    }
    plan = with_members(plan, world, group, people, leaves);
    plan.warn(still_held(name));
    plan
}

/// Why these people cannot leave a group: it makes admins, and the caller or the last one goes.
fn who_keeps_root(world: &World, group: &str, people: &[String]) -> Option<String> {
    if !is_admin_group(group) {
        return None;
    }
    if people.contains(&world.caller.name) {
        return Some(format!(
            "{} is you: another admin has to do this",
            world.caller.name
        ));
    }
    let stays = |admin: &&KnownAccount| !people.contains(&admin.name);
    (!world.admins().iter().any(stays))
        .then(|| "nobody would administer this host any more; add another admin first".to_owned())
}

/// Makes somebody a member of these groups beside their own one, and of no others.
pub(super) fn exactly(
    mut plan: Plan,
    world: &World,
    account: &KnownAccount,
    wanted: &[String],
) -> Plan {
    let name = &account.name;
    for group in wanted {
        let group = match changeable(world, group) {
            Ok(group) => group,
            Err(reason) => return plan.refuse(reason),
        };
        if group.members.contains(name) || group.gid == account.gid {
            continue;
        }
        if is_admin_group(&group.name) {
            plan.warn(may_do_everything(&group.name));
        }
        plan.push(join_step(world, group, &group.members, name));
    }
    let is_in = |group: &&KnownGroup| group.members.contains(name);
    for group in world.groups.iter().filter(is_in) {
        if wanted.contains(&group.name) {
            continue;
        }
        if !group.local {
            plan.warn(format!(
                "{name} stays in {}, which comes from a directory",
                group.name
            ));
            continue;
        }
        let one = std::slice::from_ref(name);
        if let Some(reason) = who_keeps_root(world, &group.name, one) {
            return plan.refuse(reason);
        }
        plan.push(leaves(world, group, &group.members, name));
        plan.warn(still_held(&group.name));
    }
    plan
}

fn may_do_everything(group: &str) -> String {
    format!("members of {group} may do everything on this host")
}

fn still_held(group: &str) -> String {
    format!("sessions that run now keep the membership of {group} until they end")
}

fn changeable<'a>(world: &'a World, name: &str) -> Result<&'a KnownGroup, String> {
    match world.group(name) {
        None => Err(format!(
            "there is no group {name}; `benchwarden group list` names them all"
        )),
        Some(group) if !group.local => Err(format!(
            "{name} comes from a directory: it can be changed only there"
        )),
        Some(group) => Ok(group),
    }
}

/// Whether somebody comes or goes.
type Direction = fn(&World, &KnownGroup, &[String], &str) -> Step;

/// One step a person, each expecting what the one before leaves.
fn with_members(
    mut plan: Plan,
    world: &World,
    group: &KnownGroup,
    people: &[String],
    direction: Direction,
) -> Plan {
    let mut members = group.members.clone();
    for person in people {
        let step = direction(world, group, &members, person);
        if members.contains(person) {
            members.retain(|member| member != person);
        } else {
            members.push(person.clone());
        }
        plan.push(step);
    }
    plan
}

fn joins(world: &World, group: &KnownGroup, members: &[String], person: &str) -> Step {
    join_step(world, group, members, person)
}

/// One person becomes a member of a group that has these members.
pub(super) fn join_step(
    world: &World,
    group: &KnownGroup,
    members: &[String],
    person: &str,
) -> Step {
    let (without, with) = facts(group, members, person);
    let name = &group.name;
    Step {
        what: format!("make {person} a member of {name}"),
        action: gpasswd(world, "--add", person, name),
        changes: vec![Change::turns(Subject::Group(name.clone()), without, with)],
        undo: Undo::Exact {
            what: format!("take {person} out of {name}"),
            action: gpasswd(world, "--delete", person, name),
        },
    }
}

/// One person leaves a group that has these members.
pub(super) fn leaves(world: &World, group: &KnownGroup, members: &[String], person: &str) -> Step {
    let (without, with) = facts(group, members, person);
    let name = &group.name;
    Step {
        what: format!("take {person} out of {name}"),
        action: gpasswd(world, "--delete", person, name),
        changes: vec![Change::turns(Subject::Group(name.clone()), with, without)],
        undo: Undo::Exact {
            what: format!("make {person} a member of {name} again"),
            action: gpasswd(world, "--add", person, name),
        },
    }
}

/// The group without and with a person.
fn facts(group: &KnownGroup, members: &[String], person: &str) -> (String, String) {
    let mut others: Vec<String> = members.to_vec();
    others.retain(|member| member != person);
    let without = group_fact(group.gid, &others);
    others.push(person.to_owned());
    (without, group_fact(group.gid, &others))
}

fn gpasswd(world: &World, option: &str, person: &str, group: &str) -> Action {
    Action::run(&[&world.tool("gpasswd"), option, person, group])
}
