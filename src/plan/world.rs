//! What a planner knows of the host: read once by the engine, before anything is decided.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::fact::{Change, Expect, Subject};

/// An account, wherever it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAccount {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
    /// The GECOS field.
    pub gecos: String,
    /// Its home.
    pub home: String,
    /// Its shell.
    pub shell: String,
    /// Whether it stands in `/etc/passwd` of this host; a directory's cannot be changed here.
    pub local: bool,
}

impl KnownAccount {
    /// The account as a fact: the fields of passwd(5) from the uid on.
    #[must_use]
    pub fn fact(&self) -> String {
        let Self {
            uid,
            gid,
            gecos,
            home,
            shell,
            ..
        } = self;
        format!("{uid}:{gid}:{gecos}:{home}:{shell}")
    }
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownGroup {
    /// Its name.
    pub name: String,
    /// Its gid.
    pub gid: u32,
    /// Who is a member beside those whose primary group it is.
    pub members: Vec<String>,
    /// Whether it stands in `/etc/group` of this host.
    pub local: bool,
}

impl KnownGroup {
    /// The group as a fact: its gid and members.
    #[must_use]
    pub fn fact(&self) -> String {
        group_fact(self.gid, &self.members)
    }
}

/// A group as a fact; members in the order of their names.
#[must_use]
pub fn group_fact(gid: u32, members: &[String]) -> String {
    let mut members: Vec<&str> = members.iter().map(String::as_str).collect();
    members.sort_unstable();
    members.dedup();
    format!("{gid}:{}", members.join(","))
}

/// What was left of an account that was removed, so that nobody receives its ids unnoticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The name it had.
    pub name: String,
    /// Its uid.
    pub uid: u32,
    /// The gid of its own group.
    pub gid: u32,
    /// Its subordinate ids, as facts name them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subids: Option<String>,
    /// The day it was removed.
    pub removed_at: String,
    /// Where its home was packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
}

/// What login.defs(5) and useradd's defaults say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// The first uid of people.
    pub uid_min: u32,
    /// The last one that is handed out.
    pub uid_max: u32,
    /// Where homes are made.
    pub homes: String,
    /// The shell of new people.
    pub shell: String,
    /// What new homes are copied from.
    pub skel: String,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The name behind the login uid.
    pub name: String,
    /// The login uid.
    pub uid: Option<u32>,
}

/// What a planner knows.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Accounts of this host and those a directory was asked for.
    pub accounts: Vec<KnownAccount>,
    /// Groups, likewise.
    pub groups: Vec<KnownGroup>,
    /// Uids that something on this host has, account or not.
    pub seen_uids: Vec<u32>,
    /// Who was removed.
    pub tombstones: Vec<Tombstone>,
    /// What may be chosen as a login shell.
    pub shells: Vec<String>,
    /// How accounts are made here.
    pub defaults: Defaults,
    /// Who asks.
    pub caller: Caller,
    /// Facts about whom the plan is about.
    pub facts: HashMap<Subject, String>,
    /// Facts that could not be read, and why: no plan may be about them.
    pub unknown: HashMap<Subject, String>,
    /// Where the tools are, by name.
    pub tools: HashMap<&'static str, String>,
    /// Today, as a date (`2026-11-21`).
    pub today: String,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            uid_min: 1000,
            uid_max: 60_000,
            homes: "/home".to_owned(),
            shell: "/bin/bash".to_owned(),
            skel: "/etc/skel".to_owned(),
        }
    }
}

/// Groups whose members administer the host.
const ADMIN_GROUPS: [&str; 3] = ["sudo", "wheel", "admin"];

impl World {
    /// An account by its name.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&KnownAccount> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// A group by its name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&KnownGroup> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// A fact that was read, `None` for what is not there.
    #[must_use]
    pub fn fact(&self, subject: &Subject) -> Option<&str> {
        self.facts.get(subject).map(String::as_str)
    }

    /// What is there of a subject now, as an expectation.
    #[must_use]
    pub fn now_of(&self, subject: &Subject) -> Expect {
        Expect::from_read(self.fact(subject))
    }

    /// A change of a subject from what is there now.
    #[must_use]
    pub fn change(&self, subject: Subject, after: Expect) -> Change {
        let before = self.now_of(&subject);
        Change::new(subject, before, after)
    }

    /// The path of a tool; its usual one where it was not found, so that the failure names it.
    #[must_use]
    pub fn tool(&self, name: &'static str) -> String {
        let found = self.tools.get(name).cloned();
        found.unwrap_or_else(|| format!("/usr/sbin/{name}"))
    }

    /// Where the home of a new account is made.
    #[must_use]
    pub fn new_home(&self, name: &str) -> String {
        format!("{}/{name}", self.defaults.homes)
    }

    /// The supplementary groups of a person, in the order of their names.
    #[must_use]
    pub fn groups_of(&self, name: &str) -> Vec<&KnownGroup> {
        let member = |group: &&KnownGroup| group.members.iter().any(|m| m == name);
        let mut groups: Vec<&KnownGroup> = self.groups.iter().filter(member).collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups
    }

    /// People who administer this host through a group.
    #[must_use]
    pub fn admins(&self) -> Vec<&KnownAccount> {
        let admin_groups: Vec<&KnownGroup> = self
            .groups
            .iter()
            .filter(|group| is_admin_group(&group.name))
            .collect();
        let is_admin = |account: &&KnownAccount| {
            admin_groups
                .iter()
                .any(|group| group.gid == account.gid || group.members.contains(&account.name))
        };
        self.accounts
            .iter()
            .filter(|account| account.uid != 0)
            .filter(is_admin)
            .collect()
    }

    /// The first uid that nothing and nobody has or had, with a gid that is as free: above the
    /// highest in use, as useradd does, or in a gap where that is the end.
    #[must_use]
    pub fn free_uid(&self) -> Option<u32> {
        self.free_uid_beside(&[])
    }

    /// The same, when some are promised to others.
    #[must_use]
    pub fn free_uid_beside(&self, promised: &[u32]) -> Option<u32> {
        let Defaults {
            uid_min, uid_max, ..
        } = self.defaults;
        let taken = |id: u32| {
            self.accounts.iter().any(|a| a.uid == id || a.gid == id)
                || self.groups.iter().any(|g| g.gid == id)
                || self.tombstones.iter().any(|t| t.uid == id || t.gid == id)
                || self.seen_uids.contains(&id)
                || promised.contains(&id)
                // systemd hands these out by itself, and 65534 is nobody.
                || (61_184..=65_535).contains(&id)
        };
        let local = self.accounts.iter().filter(|a| a.local).map(|a| a.uid);
        let dead = self.tombstones.iter().map(|t| t.uid);
        let range = uid_min..=uid_max;
        let highest = local.chain(dead).filter(|uid| range.contains(uid)).max();
        let above = highest.map_or(uid_min, |uid| uid.saturating_add(1));
        (above..=uid_max)
            .chain(uid_min..above.min(uid_max))
            .find(|id| !taken(*id))
    }
}

/// Whether members of a group administer the host.
#[must_use]
pub fn is_admin_group(name: &str) -> bool {
    ADMIN_GROUPS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str, uid: u32) -> KnownAccount {
        KnownAccount {
            name: name.into(),
            uid,
            gid: uid,
            gecos: String::new(),
            home: format!("/home/{name}"),
            shell: "/bin/bash".into(),
            local: true,
        }
    }

    #[test]
    fn an_id_that_anybody_has_or_had_is_not_handed_on() {
        let mut world = World {
            accounts: vec![account("ada", 1000), account("nobody", 65_534)],
            ..World::default()
        };
        assert_eq!(world.free_uid(), Some(1001));
        world.tombstones.push(Tombstone {
            name: "bob".into(),
            uid: 1001,
            gid: 1001,
            subids: None,
            removed_at: String::new(),
            archive: None,
        });
        world.seen_uids.push(1002);
        world.groups.push(KnownGroup {
            name: "project".into(),
            gid: 1003,
            members: Vec::new(),
            local: true,
        });
        assert_eq!(world.free_uid(), Some(1004));
        world.defaults.uid_max = 1003;
        assert_eq!(world.free_uid(), None);
    }

    #[test]
    fn admins_are_members_by_either_way() {
        let mut world = World {
            accounts: vec![
                account("ada", 1000),
                account("bob", 1001),
                account("eve", 27),
            ],
            ..World::default()
        };
        world.groups.push(KnownGroup {
            name: "sudo".into(),
            gid: 27,
            members: vec!["ada".into()],
            local: true,
        });
        let names: Vec<&str> = world.admins().iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, ["ada", "eve"]);
    }
}
