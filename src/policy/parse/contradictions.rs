//! What is wrong with files that are each well written: values that cannot both be meant.

use std::collections::BTreeMap;

use super::Problem;
use super::reader::shown;
use crate::base::limit::{Amount, Limit, Percent};
use crate::policy::schema::{
    Key, LimitEntry, Place, Policy, Reaction, Resource, Role, Scope, Told, Value, Whom,
};

pub(super) fn find(policy: &Policy, problems: &mut Vec<Problem>) {
    host(policy, problems);
    limits(policy, problems);
    admins(policy, problems);
    grants(policy, problems);
    roles(policy, problems);
    units(policy, problems);
    pressure(policy, problems);
}

fn host(policy: &Policy, problems: &mut Vec<Problem>) {
    let host = policy.host();
    let all = |place: &Place, key: &str| {
        let what = format!("[host] {key}: all of it for the system leaves nothing for people");
        Problem::at(place, what)
    };
    if let Some(told) = &host.reserve_memory
        && told.value == Amount::Share(Percent::ALL)
    {
        problems.push(all(&told.at, "reserve_memory"));
    }
    if let Some(told) = &host.reserve_tasks
        && told.value == Amount::Share(Percent::ALL)
    {
        problems.push(all(&told.at, "reserve_tasks"));
    }
}

/// Pairs of which the first may not be above the second.
const ORDERED: [(Key, Key); 3] = [
    (Key::MemoryHigh, Key::MemoryMax),
    (Key::DiskSoft, Key::DiskHard),
    (Key::InodesSoft, Key::InodesHard),
];

/// What all files together say for one scope must be possible; percentages and bytes can only be
/// compared on a host.
fn limits(policy: &Policy, problems: &mut Vec<Problem>) {
    let mut scopes: BTreeMap<&Scope, BTreeMap<Key, &LimitEntry>> = BTreeMap::new();
    for table in policy.files.iter().flat_map(|file| &file.limits) {
        let merged = scopes.entry(&table.scope).or_default();
        // What ends is another table's business for as long as it lasts.
        let lasting = table.entries.iter();
        let lasting = lasting.filter(|entry| table.end_of(entry).is_none());
        merged.extend(lasting.map(|entry| (entry.key, entry)));
        let own: BTreeMap<Key, &LimitEntry> = table.entries.iter().map(|e| (e.key, e)).collect();
        if own.values().any(|entry| table.end_of(entry).is_some()) {
            ordered(&table.scope, &own, problems);
        }
    }
    for (scope, merged) in scopes {
        ordered(scope, &merged, problems);
    }
}

fn ordered(scope: &Scope, limits: &BTreeMap<Key, &LimitEntry>, problems: &mut Vec<Problem>) {
    for (low, high) in ORDERED {
        let (Some(low), Some(high)) = (limits.get(&low), limits.get(&high)) else {
            continue;
        };
        if !above(&low.value, &high.value) {
            continue;
        }
        let (told, other) = if low.at > high.at {
            (low, high)
        } else {
            (high, low)
        };
        let what = format!(
            "[limits.{scope}] {} = {} is above {} = {}; {} stands in {}",
            low.key.name(),
            low.value,
            high.key.name(),
            high.value,
            other.key.name(),
            other.at,
        );
        let problem = Problem::at(&told.at, what);
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

/// Whether one bound is above another, as far as that is the same on every host.
pub(in crate::policy) fn above(low: &Value, high: &Value) -> bool {
    match (low, high) {
        (Value::Memory(low), Value::Memory(Limit::At(high))) => match (low, high) {
            (Limit::At(Amount::Fixed(low)), Amount::Fixed(high)) => low > high,
            (Limit::At(Amount::Share(low)), Amount::Share(high)) => low > high,
            _ => false,
        },
        (Value::Bytes(low), Value::Bytes(Limit::At(high))) => {
            low.at().is_some_and(|low| low > high)
        }
        (Value::Count(low), Value::Count(Limit::At(high))) => {
            low.at().is_some_and(|low| low > high)
        }
        _ => false,
    }
}

fn is_nobody(whom: &Whom) -> bool {
    let users = whom.users.as_ref().is_none_or(|list| list.value.is_empty());
    let groups = whom
        .groups
        .as_ref()
        .is_none_or(|list| list.value.is_empty());
    users && groups
}

fn admins(policy: &Policy, problems: &mut Vec<Problem>) {
    let admins = policy.admins();
    if !admins.users.is_empty() || !admins.groups.is_empty() {
        return;
    }
    let tables = policy.files.iter().rev().map(|file| &file.admins);
    let mut lists = tables.filter_map(|table| {
        let groups = table.groups.as_ref().map(|list| &list.at);
        table.users.as_ref().map(|list| &list.at).or(groups)
    });
    if let Some(at) = lists.next() {
        let what = "[admins] names nobody, so that nobody would be protected; name a group or a \
                    person, or remove the table";
        problems.push(Problem::at(at, what));
    }
}

fn grants(policy: &Policy, problems: &mut Vec<Problem>) {
    for grant in policy.grants() {
        let name = &grant.name;
        if is_nobody(&grant.whom) {
            let what = format!("[sudo.grant.{name}] is for nobody; add users or groups");
            problems.push(Problem::at(&grant.at, what));
        }
        if grant
            .commands
            .as_ref()
            .is_none_or(|list| list.value.is_empty())
        {
            let what = format!("[sudo.grant.{name}] allows nothing; add commands");
            problems.push(Problem::at(&grant.at, what));
        }
    }
}

fn roles(policy: &Policy, problems: &mut Vec<Problem>) {
    let mut met: BTreeMap<(bool, String), (Role, Place)> = BTreeMap::new();
    for (role, at, whom) in policy.roles().0 {
        if is_nobody(&whom) {
            let what = format!("[roles] {} is for nobody; add users or groups", role.name());
            problems.push(Problem::at(&at, what));
        }
        let users = whom.users.iter().flat_map(|list| &list.value);
        let users = users.map(|user| (false, user.value.as_str(), &user.at));
        let groups = whom.groups.iter().flat_map(|list| &list.value);
        let groups = groups.map(|group| (true, group.value.as_str(), &group.at));
        for (is_group, name, at) in users.chain(groups) {
            let first = met.insert((is_group, name.to_owned()), (role, at.clone()));
            if let Some((other, place)) = first {
                let name = shown(name);
                let what = format!(
                    "{name} is {} in {place} and {} here; each role includes those before it, so \
                     name {name} once",
                    other.name(),
                    role.name()
                );
                problems.push(Problem::at(at, what));
            }
        }
    }
}

fn units(policy: &Policy, problems: &mut Vec<Problem>) {
    let lists = policy.guard().lists;
    for (at, (kind, pattern)) in lists.iter().enumerate() {
        let same = |(_, other): &&(_, Told<_>)| other.value == pattern.value;
        if let Some((other, first)) = lists[..at].iter().find(same) {
            let what = format!(
                "[guard] {} names {}, and so does {} in {}; keep one of them",
                kind.name(),
                pattern.value,
                other.name(),
                first.at
            );
            problems.push(Problem::at(&pattern.at, what));
        }
    }
}

/// What is harder must not come before what is milder, and each table must be able to happen.
fn pressure(policy: &Policy, problems: &mut Vec<Problem>) {
    let pressure = policy.guard().pressure;
    let tables = policy.files.iter().flat_map(|file| &file.guard.pressure);
    let last = |reaction: Reaction| {
        let mut own = tables.clone().filter(|table| table.reaction == reaction);
        own.next_back().map(|table| &table.at)
    };
    for (at, reaction) in Reaction::ALL.into_iter().enumerate() {
        let Some(place) = last(reaction) else {
            continue;
        };
        let name = reaction.name();
        let trigger = pressure.trigger(reaction);
        if trigger.is_off() && reaction != Reaction::Tell {
            let what = format!(
                "[guard.pressure.{name}] says no pressure at which it happens; add cpu, memory or io"
            );
            problems.push(Problem::at(place, what));
        }
        for resource in Resource::ALL {
            let Some(own) = trigger.above(resource) else {
                continue;
            };
            let mut milder = Reaction::ALL[..at]
                .iter()
                .filter(|mild| last(**mild).is_some());
            let before = milder.find_map(|mild| {
                let above = pressure.trigger(*mild).above(resource)?;
                (above > own).then_some((mild, above))
            });
            if let Some((mild, above)) = before {
                let what = format!(
                    "[guard.pressure.{name}] {} = {own} is below {above} of {}, which is milder",
                    resource.name(),
                    mild.name()
                );
                problems.push(Problem::at(place, what));
            }
        }
    }
    if let Some(place) = last(Reaction::Throttle)
        && pressure.penalty.first > pressure.penalty.at_most
    {
        let (first, at_most) = (pressure.penalty.first, pressure.penalty.at_most);
        let what = format!("[guard.pressure.throttle] for = {first} is above at_most = {at_most}");
        problems.push(Problem::at(place, what));
    }
}
