//! What speaks against a policy on one host, though it is well written: names that nobody has
//! here, values that cannot all take effect, what is over.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::parse::Problem;
use super::resolve::{HostSize, Resolved, Said};
use super::schema::{Key, Place, Policy, Scope, Value, Whom};
use crate::base::limit::{Amount, Limit};
use crate::base::text::printable;
use crate::base::units::Bytes;

/// Who of the named is not known on a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absent {
    /// People whom neither a file nor a directory knows.
    pub users: BTreeSet<String>,
    /// Groups that neither knows.
    pub groups: BTreeSet<String>,
    /// Names for which a directory gave no answer.
    pub silent: BTreeSet<String>,
}

/// A name in a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Whether it is a group's.
    pub is_group: bool,
    /// The name.
    pub name: String,
    /// Where it stands.
    pub at: Place,
    /// The table, without brackets.
    pub table: String,
}

impl Policy {
    /// Everybody that any table names.
    #[must_use]
    pub fn named(&self) -> Vec<Named> {
        let mut named = Vec::new();
        for file in &self.files {
            for table in &file.limits {
                named.extend(scope("limits", &table.scope, &table.at));
            }
            for table in &file.runtimes {
                named.extend(scope("runtimes", &table.scope, &table.at));
            }
            whom("admins", &file.admins, &mut named);
            for grant in &file.grants {
                let table = format!("sudo.grant.{}", grant.name);
                whom(&table, &grant.whom, &mut named);
                named.extend(grant.run_as.iter().map(|told| Named {
                    is_group: false,
                    name: told.value.as_str().to_owned(),
                    at: told.at.clone(),
                    table: table.clone(),
                }));
            }
            for role in &file.roles {
                whom(
                    &format!("roles.{}", role.role.name()),
                    &role.whom,
                    &mut named,
                );
            }
        }
        named
    }
}

fn scope(kind: &str, scope: &Scope, at: &Place) -> Option<Named> {
    let (is_group, name) = match scope {
        Scope::Default => return None,
        Scope::Group(name) => (true, name.as_str()),
        Scope::User(name) => (false, name.as_str()),
    };
    Some(Named {
        is_group,
        name: name.to_owned(),
        at: at.clone(),
        table: format!("{kind}.{scope}"),
    })
}

fn whom(table: &str, whom: &Whom, named: &mut Vec<Named>) {
    let users = whom.users.iter().flat_map(|list| &list.value);
    let users = users.map(|user| (false, user.value.as_str(), &user.at));
    let groups = whom.groups.iter().flat_map(|list| &list.value);
    let groups = groups.map(|group| (true, group.value.as_str(), &group.at));
    named.extend(users.chain(groups).map(|(is_group, name, at)| Named {
        is_group,
        name: name.to_owned(),
        at: at.clone(),
        table: table.to_owned(),
    }));
}

/// Who is named and unknown.
#[must_use]
pub fn of_names(policy: &Policy, absent: &Absent) -> Vec<Problem> {
    let named = policy.named().into_iter();
    let unknown = named.filter_map(|named| {
        let (list, word) = if named.is_group {
            (&absent.groups, "group")
        } else {
            (&absent.users, "account")
        };
        let Named {
            name, at, table, ..
        } = named;
        let shown = printable(name.as_bytes(), 100);
        let what = if list.contains(&name) {
            format!("[{table}] names {shown}, and there is no such {word} on this host")
        } else if absent.silent.contains(&name) {
            format!("[{table}] names {shown}, and the directory gave no answer about it")
        } else {
            return None;
        };
        Some(Problem::at(&at, what))
    });
    unknown.collect()
}

/// What is not possible on a host of this size.
#[must_use]
pub fn of_host(policy: &Policy, host: &HostSize) -> Vec<Problem> {
    let mut found = Vec::new();
    if host.memory == Bytes(0) {
        // What is not known is no reason to say anything.
        return found;
    }
    let own = policy.host();
    if let Some(told) = &own.reserve_memory
        && told.value.here(host).0 >= host.memory
    {
        let what = format!(
            "[host] reserve_memory = {} leaves nothing for people: this host has {}",
            told.value, host.memory
        );
        found.push(Problem::at(&told.at, what));
    }
    if let Some(told) = &own.reserve_tasks
        && told.value.here(host).0 >= host.tasks
    {
        let what = format!(
            "[host] reserve_tasks = {} leaves nothing for people: this host has {}",
            told.value, host.tasks
        );
        found.push(Problem::at(&told.at, what));
    }
    for table in policy.files.iter().flat_map(|file| &file.limits) {
        for entry in &table.entries {
            let here = entry.value.here(host);
            let short = match (entry.key, &here) {
                (
                    Key::MemoryHigh | Key::MemoryMax,
                    Value::Memory(Limit::At(Amount::Fixed(size))),
                ) => size.0.0 < Key::LEAST_MEMORY,
                (Key::TasksMax, Value::Tasks(Limit::At(Amount::Fixed(count)))) => {
                    count.0 < Key::LEAST_TASKS
                }
                _ => false,
            };
            if short {
                let what = format!(
                    "[limits.{}] {} = {} is {here} on this host, with which nobody can log in",
                    table.scope,
                    entry.key.name(),
                    entry.value
                );
                found.push(Problem::at(&entry.at, what));
            }
        }
    }
    found
}

/// What is over and can go.
#[must_use]
pub fn of_time(policy: &Policy, now: Timestamp) -> Vec<Problem> {
    let mut found = Vec::new();
    for table in policy.files.iter().flat_map(|file| &file.limits) {
        for entry in &table.entries {
            if let Some(until) = table.end_of(entry).filter(|until| until.value <= now) {
                let what = format!(
                    "[limits.{}] {} is over since {}; remove it",
                    table.scope,
                    entry.key.name(),
                    until.value
                );
                found.push(Problem::at(&entry.at, what));
            }
        }
    }
    for grant in policy.grants() {
        if let Some(until) = grant.until.filter(|until| until.value <= now) {
            let what = format!(
                "[sudo.grant.{}] is over since {}; remove it",
                grant.name, until.value
            );
            found.push(Problem::at(&grant.at, what));
        }
    }
    found
}

/// Pairs of values that cannot both take effect for somebody, each with the people it is about.
#[derive(Debug, Default)]
pub struct Clashes(BTreeMap<(Place, String), Vec<String>>);

impl Clashes {
    /// Looks at one person.
    pub fn look(&mut self, name: &str, resolved: &Resolved) {
        for (low, high) in [
            (Key::MemoryHigh, Key::MemoryMax),
            (Key::DiskSoft, Key::DiskHard),
            (Key::InodesSoft, Key::InodesHard),
        ] {
            let (Some(low), Some(high)) = (resolved.limit(low), resolved.limit(high)) else {
                continue;
            };
            if super::parse::above(&low.here, &high.here) {
                let said = |key: Key, said: &Said<Value>| {
                    format!("{} = {} of [limits.{}]", key.name(), said.value, said.scope)
                };
                let what = format!(
                    "{} is above {} ({}) and has no effect",
                    said(low.key, &low.said),
                    said(high.key, &high.said),
                    high.said.at
                );
                let people = self.0.entry((low.said.at.clone(), what)).or_default();
                people.push(name.to_owned());
            }
        }
    }

    /// What was found.
    #[must_use]
    pub fn found(self) -> Vec<Problem> {
        const SHOWN: usize = 3;
        let each = self.0.into_iter().map(|((at, what), people)| {
            let mut names = people[..people.len().min(SHOWN)].join(", ");
            if people.len() > SHOWN {
                names += &format!(" and {} more", people.len() - SHOWN);
            }
            Problem::at(&at, format!("{what} for {names}"))
        });
        each.collect()
    }
}
