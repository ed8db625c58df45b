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

use crate::base::id::UserName;
use crate::host::root::Root;
use crate::model::people::People;
use crate::model::people::details::{GroupDetails, PersonDetails};
use crate::model::people::local::Local;

use gather::{Asked, gather};

/// Everyone, with their groups.
#[must_use]
pub fn people(root: &Root) -> People {
    gather(root, Asked::Everyone).people
}

/// One person in all parts, by name or by uid in digits; `None` when nothing knows them.
#[must_use]
pub fn person(root: &Root, name: &UserName) -> Option<PersonDetails> {
    let mut all = gather(root, Asked::User(name));
    let user = all.people.user(name)?.clone();
    let mut partial = std::mem::take(&mut all.people.partial);
    let sessions = all
        .sessions
        .iter()
        .filter(|session| session.uid == user.uid);
    let sessions = sessions.cloned().collect();
    let (processes, held_groups) = running::of(root, &user, &mut all);
    let jobs = jobs::of(root, &user, &mut partial);
    let mail_bytes = jobs::mail(root, &user);
    Some(PersonDetails {
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

/// One group, by name or by gid in digits; `None` when nothing knows it.
#[must_use]
pub fn group(root: &Root, name: &UserName) -> Option<GroupDetails> {
    let people = gather(root, Asked::Group(name)).people;
    let group = people.group(name)?.clone();
    Some(GroupDetails {
        group,
        partial: people.partial,
    })
}

/// The account files of `/etc`, line by line.
#[must_use]
pub fn local(root: &Root) -> Local {
    etc::read(root).0
}
