//! People and groups as they are: what the accounts of a host say, and what follows from it.
//!
//! What could not be read is `None`, never a guess. No type here ever holds a password or the
//! hash of one.

pub mod belongings;
pub mod defs;
pub mod details;
pub mod local;
pub mod meaning;
pub mod parse;
pub mod password;
pub mod told;
pub mod used;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::base::hostile::Hostile;
use crate::base::id::{Gid, Uid, UserName};
use crate::base::units::Bytes;

use local::IdRange;
use meaning::Meaning;
use password::{PasswordState, State};

/// Everyone who matters on a host, and all groups of theirs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct People {
    /// Ordered by uid, then name.
    pub users: Vec<Person>,
    /// Ordered by gid, then name.
    pub groups: Vec<Group>,
    /// What could not be read, each in one sentence.
    pub partial: Vec<String>,
}

/// Where an account is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// In `/etc/passwd` or `/etc/group`: it can be changed here.
    Local,
    /// In a directory that NSS asks: it can be seen here, not changed.
    Directory,
    /// No account is known: a uid that owns something here.
    Unknown,
}

impl Source {
    /// As written in JSON and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Directory => "directory",
            Self::Unknown => "unknown",
        }
    }
}

/// One account, or one uid without an account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Person {
    /// `None` for a uid that no account has.
    #[serde(rename = "user")]
    pub name: Option<Hostile>,
    /// Their uid.
    pub uid: Uid,
    /// Whether this is a human's account rather than root's or a service's.
    pub person: bool,
    /// Where the account is written down.
    pub source: Source,
    /// What stands in the way of a login, or that nothing does; empty where nothing is known.
    pub state: Vec<State>,
    /// The full name: GECOS up to the first comma.
    pub full_name: Option<Hostile>,
    /// What GECOS says last, where it is an address.
    pub email: Option<Hostile>,
    /// The GECOS field as it is.
    pub gecos: Option<Hostile>,
    /// The primary group's id.
    pub gid: Option<Gid>,
    /// The primary group's name.
    pub primary_group: Option<Hostile>,
    /// The names of the other groups, sorted.
    pub groups: Vec<Hostile>,
    /// The home, which need not exist.
    pub home: Option<Hostile>,
    /// The login shell; an empty one is `/bin/sh`.
    pub shell: Option<Hostile>,
    /// `None` where `/etc/shadow` is not readable or does not know the account.
    pub password: Option<PasswordState>,
    /// When the password was last changed.
    #[serde(serialize_with = "day")]
    pub password_changed: Option<Date>,
    /// The first day on which the account cannot be used. `None` is never where
    /// [`Self::password`] is known, else unknown.
    #[serde(serialize_with = "day")]
    pub expires: Option<Date>,
    /// The latest login that any record tells of; `None` when none does.
    #[serde(serialize_with = "second")]
    pub last_login: Option<Timestamp>,
    /// What they occupy on the file system of their home, by its quota; `None` without one.
    pub home_bytes: Option<Bytes>,
    /// Whether their services run without a session of theirs (`loginctl enable-linger`).
    pub linger: bool,
    /// Their subordinate uids.
    pub subuids: Vec<IdRange>,
    /// Their subordinate gids.
    pub subgids: Vec<IdRange>,
}

impl Person {
    /// The name, or the uid in digits where there is none; safe to show.
    #[must_use]
    pub fn shown(&self) -> String {
        self.name
            .as_ref()
            .map_or_else(|| self.uid.to_string(), Hostile::to_string)
    }

    /// Whether this is who a caller means: by name first, by uid in digits else.
    #[must_use]
    pub fn is_called(&self, name: &UserName) -> bool {
        self.name.as_ref().is_some_and(|own| *own == name.as_str())
    }
}

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Its name.
    #[serde(rename = "group")]
    pub name: Hostile,
    /// Its gid.
    pub gid: Gid,
    /// Where it is written down.
    pub source: Source,
    /// Who is listed as a member, sorted.
    pub members: Vec<Hostile>,
    /// Who has it as their primary group, sorted.
    pub primary_members: Vec<Hostile>,
    /// Of the members, names that no account has: whoever gets such a name becomes a member.
    pub strangers: Vec<Hostile>,
    /// What a member may do because of it, where that is known.
    pub meaning: Option<Meaning>,
    /// Whether it is the private group of the one person whose name it has.
    pub private: bool,
}

impl Group {
    /// Everyone who has it, listed or as primary group.
    pub fn everyone(&self) -> impl Iterator<Item = &Hostile> {
        let more = |name: &&Hostile| !self.members.contains(name);
        self.members
            .iter()
            .chain(self.primary_members.iter().filter(more))
    }
}

impl People {
    /// The account of a name; failing that, the account with that uid in digits.
    #[must_use]
    pub fn user(&self, name: &UserName) -> Option<&Person> {
        let by_name = self.users.iter().find(|person| person.is_called(name));
        by_name.or_else(|| {
            let uid = Uid(name.as_str().parse().ok()?);
            self.users.iter().find(|person| person.uid == uid)
        })
    }

    /// The group of a name; failing that, the one with that gid in digits.
    #[must_use]
    pub fn group(&self, name: &UserName) -> Option<&Group> {
        let called = |group: &&Group| group.name == name.as_str();
        self.groups.iter().find(called).or_else(|| {
            let gid = Gid(name.as_str().parse().ok()?);
            self.groups.iter().find(|group| group.gid == gid)
        })
    }
}

/// A date as `2026-11-21`.
#[expect(clippy::ref_option, reason = "serde hands over a reference")]
fn day<S: Serializer>(date: &Option<Date>, out: S) -> Result<S::Ok, S::Error> {
    match date {
        Some(date) => out.collect_str(date),
        None => out.serialize_none(),
    }
}

/// A moment in UTC, to the second.
#[expect(clippy::ref_option, reason = "serde hands over a reference")]
pub(super) fn second<S: Serializer>(at: &Option<Timestamp>, out: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => out.collect_str(&at.strftime("%Y-%m-%dT%H:%M:%SZ")),
        None => out.serialize_none(),
    }
}
