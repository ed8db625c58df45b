//! Whom triage is about, as the kernel and the files of `/etc` tell it: nothing here starts a
//! program or asks a directory, which may be as stuck as everything else.

use crate::base::id::{PeopleRange, Uid};
use crate::base::text::{counted, printable};
use crate::model::actor::Actor;
use crate::model::people::local::Local;
use crate::plan::triage::{Job, Target};
use crate::policy::schema::Admins;

use super::directory;
use super::job::{self, One, Person};
use super::root::Root;

/// Somebody, and the process of theirs that was named.
#[must_use]
pub fn target(
    root: &Root,
    (uid, name): (Uid, &str),
    pids: &[u32],
    admins: &Admins,
    who: &Actor,
) -> Target {
    let person = Person::new(root, uid.0);
    let processes = person.all(root);
    let local = directory::local(root);
    let mut notes = Vec::new();
    let known = Known {
        root,
        local: &local,
        admins,
        person: &person,
        processes: &processes,
    };
    let protected = known.protected((uid, name), who, &mut notes);
    let outside = processes.iter().filter(|one| !one.inside);
    Target {
        protected,
        notes,
        name: name.to_owned(),
        uid: uid.0,
        outside: outside.clone().count(),
        running_outside: outside.filter(|one| !one.stopped).count(),
        state: person.standstill(root).map(str::to_owned),
        jobs: pids
            .iter()
            .filter_map(|pid| job_of(root, &person, *pid))
            .collect(),
        from: who.user.clone(),
        processes: processes.len(),
    }
}

fn job_of(root: &Root, person: &Person, pid: u32) -> Option<Job> {
    let tree = person.tree(root, pid);
    Some(Job {
        pid,
        started: tree.first()?.started,
        name: job::name(root, pid)?,
        below: tree.len() - 1,
    })
}

/// What decides whether something may be taken from somebody.
struct Known<'a> {
    root: &'a Root,
    local: &'a Local,
    admins: &'a Admins,
    person: &'a Person,
    processes: &'a [One],
}

impl Known<'_> {
    /// Why nothing may be taken from somebody; what is to be known where something may.
    fn protected(
        &self,
        (uid, name): (Uid, &str),
        who: &Actor,
        notes: &mut Vec<String>,
    ) -> Option<String> {
        let lines = self.local.passwd.iter().filter(|line| line.uid == uid);
        let mut names: Vec<&str> = lines.map(|line| line.name.raw()).collect();
        let is_named = !name.chars().all(|c| c.is_ascii_digit());
        let range = PeopleRange {
            first: self.local.defs.uid_min,
        };
        if !range.is_person(uid, is_named || !names.is_empty()) {
            return Some(format!(
                "{name} (uid {uid}) is an account of the system, not a person"
            ));
        }
        if who.login_uid == Some(uid.0) {
            return Some(format!("{name} is you: another admin has to do this"));
        }
        if self.root.is_live() && job::uids_above(self.root).contains(&uid.0) {
            return Some(format!(
                "this program was started by a process of {name}: do it from another login"
            ));
        }
        if is_named {
            names.push(name);
        } else if names.is_empty() && !self.admins.users.is_empty() {
            return Some(format!(
                "the policy names admins, and what {uid} is called is in no file here: give the name"
            ));
        }
        if let Some(why) = self.admin(uid, &names, notes) {
            return Some(format!("{why}: admins are never frozen or killed"));
        }
        self.guests(name, notes)
    }

    /// Why somebody is an admin.
    fn admin(&self, uid: Uid, names: &[&str], notes: &mut Vec<String>) -> Option<String> {
        let name = names.first().copied().unwrap_or("");
        let mut users = self.admins.users.iter().map(|(user, _)| user.as_str());
        if users.any(|user| names.contains(&user)) {
            return Some(format!("{name} is an admin by the policy"));
        }
        // A directory's groups are not asked for: the kernel knows which ones their processes have.
        let held = self
            .processes
            .iter()
            .flat_map(|one| gids(self.root, one.pid));
        let held: Vec<u32> = held.collect();
        let lines = self.local.passwd.iter().filter(|line| line.uid == uid);
        let primary: Vec<_> = lines.map(|line| line.gid).collect();
        for (group, _) in &self.admins.groups {
            let Some(group) = self.local.group(group.as_str()) else {
                // Debian has sudo and Red Hat wheel: one that nobody named need not be there.
                if group.as_str() != "sudo" && group.as_str() != "wheel" {
                    notes.push(format!(
                        "the admins' group {} is in no file here, so who is in it is not known",
                        group.as_str()
                    ));
                }
                continue;
            };
            let listed = group.members.iter().any(|m| names.contains(&m.raw()));
            if listed || primary.contains(&group.gid) || held.contains(&group.gid.0) {
                let group = printable(group.name.raw().as_bytes(), 64);
                return Some(format!("{name} is an admin, by the group {group}"));
            }
        }
        None
    }

    /// Who else is in their slice, as `su` leads there: they share what becomes of it.
    fn guests(&self, name: &str, notes: &mut Vec<String>) -> Option<String> {
        let guests = self.person.guests(self.root);
        for uid in guests.iter().filter(|uid| **uid != 0) {
            let lines = self.local.passwd.iter();
            let names: Vec<&str> = lines
                .filter(|line| line.uid.0 == *uid)
                .map(|line| line.name.raw())
                .collect();
            let known = Known {
                processes: &[],
                ..*self
            };
            if let Some(why) = known.admin(Uid(*uid), &names, notes) {
                return Some(format!("{why}, and works in the slice of {name}"));
            }
        }
        if !guests.is_empty() {
            notes.push(format!(
                "{} of others in the slice of {name}: the same becomes of them when it is frozen \
                 or ended as a whole",
                counted(guests.len() as u64, "process", "processes")
            ));
        }
        None
    }
}

/// The groups that a process acts for.
fn gids(root: &Root, pid: u32) -> Vec<u32> {
    let status = root
        .peek(&format!("/proc/{pid}/status"))
        .unwrap_or_default();
    let line = |key: &str| status.lines().find_map(|line| line.strip_prefix(key));
    let own = line("Gid:").unwrap_or("").split_ascii_whitespace().take(1);
    let more = line("Groups:").unwrap_or("").split_ascii_whitespace();
    own.chain(more)
        .filter_map(|word| word.parse().ok())
        .collect()
}
