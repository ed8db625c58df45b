//! Everyone who matters on a host, and their groups: from the files of `/etc`, from NSS, and from
//! the traces that people leave. Reads only.
//!
//! A directory service does not list its people (SSSD does not enumerate), so they are found by
//! what they own, run and belong to, and each is asked for by name or uid. Nothing in here opens
//! a file below somebody's home.

mod etc;
mod gather;
mod groups;
mod jobs;
mod logins;
mod nss;
mod persons;
mod quota;
mod running;
mod seen;

use std::collections::BTreeSet;

use crate::base::id::UserName;
use crate::host::root::Root;
use crate::model::people::People;
use crate::model::people::details::{GroupDetails, NotFound, PersonDetails};
use crate::model::people::local::Local;
use crate::policy::findings::Absent;

use gather::{Asked, gather};
use nss::{Nss, Question};

/// Everyone, with their groups.
#[must_use]
pub fn people(root: &Root) -> People {
    gather(root, Asked::Everyone).people
}

/// One person in all parts, by name or by uid in digits.
///
/// # Errors
/// When nothing that answered knows them.
pub fn person(root: &Root, name: &UserName) -> Result<PersonDetails, NotFound> {
    let mut all = gather(root, Asked::User(name));
    let mut partial = std::mem::take(&mut all.people.partial);
    let Some(user) = all.people.user(name).cloned() else {
        return Err(NotFound { partial });
    };
    let sessions = all.sessions.iter();
    let sessions = sessions.filter(|session| session.uid == user.uid);
    let sessions = sessions.cloned().collect();
    let (processes, held_groups) = running::of(root, &user, &mut all);
    let jobs = jobs::of(root, &user, &mut partial);
    let mail_bytes = jobs::mail(root, &user);
    Ok(PersonDetails {
        user,
        sessions,
        processes,
        jobs,
        mail_bytes,
        keys: None,
        held_groups,
        partial,
    })
}

/// One group, by name or by gid in digits.
///
/// # Errors
/// When nothing that answered knows it.
pub fn group(root: &Root, name: &UserName) -> Result<GroupDetails, NotFound> {
    let people = gather(root, Asked::Group(name)).people;
    let group = people.group(name).cloned();
    let partial = people.partial;
    match group {
        Some(group) => Ok(GroupDetails { group, partial }),
        None => Err(NotFound { partial }),
    }
}

/// Which of these names neither a file nor a directory knows: each is asked for.
#[must_use]
pub fn absent(root: &Root, users: &BTreeSet<String>, groups: &BTreeSet<String>) -> Absent {
    let user = |name: &String| Question::UserName(name.as_str().into());
    let group = |name: &String| Question::GroupName(name.as_str().into());
    let asked = users.iter().map(user).chain(groups.iter().map(group));
    let answers = Nss::new(root).ask(asked.collect());
    let mut absent = Absent::default();
    for name in users {
        match answers.get(&user(name)) {
            None => absent.silent.insert(name.clone()),
            Some(answer) => answer.user.is_none() && absent.users.insert(name.clone()),
        };
    }
    for name in groups {
        match answers.get(&group(name)) {
            None => absent.silent.insert(name.clone()),
            Some(answer) => answer.groups.is_empty() && absent.groups.insert(name.clone()),
        };
    }
    absent
}

/// The device of the file system that a home is on; `None` where it keeps no quotas.
#[must_use]
pub fn device_of(root: &Root, home: &str) -> Option<String> {
    quota::device(root, home)
}

/// The account files of `/etc`, line by line.
#[must_use]
pub fn local(root: &Root) -> Local {
    etc::read(root).0
}
