//! The account files of `/etc` as they are: `passwd(5)`, `group(5)`, `shadow(5)`, `subuid(5)`,
//! `login.defs(5)`, `shells(5)`.
//!
//! A line that does not parse becomes a [`Problem`], which tells where and why but not what was
//! on it: a broken line may hold a hash.

use serde::Serialize;

use crate::base::hostile::Hostile;
use crate::base::id::{Gid, Uid};

use super::defs::LoginDefs;
use super::password::{PasswordState, ShadowLine};

/// Everything that is written down about accounts on this very host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    /// `/etc/passwd`, in its order.
    pub passwd: Vec<PasswdLine>,
    /// `/etc/group`, in its order.
    pub groups: Vec<GroupLine>,
    /// `/etc/shadow`; `None` when it cannot be read.
    pub shadow: Option<Vec<ShadowLine>>,
    /// `/etc/subuid`.
    pub subuids: Vec<SubidLine>,
    /// `/etc/subgid`.
    pub subgids: Vec<SubidLine>,
    /// What `/etc/login.defs` says about ids.
    pub defs: LoginDefs,
    /// `/etc/shells`: what may be chosen as a login shell.
    pub shells: Vec<String>,
    /// Lines that are not what they should be.
    pub problems: Vec<Problem>,
}

impl Local {
    /// The account of a name: the first one, as `getpwnam(3)` takes it.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&PasswdLine> {
        self.passwd.iter().find(|line| line.name == *name)
    }

    /// The group of a name: the first one.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&GroupLine> {
        self.groups.iter().find(|line| line.name == *name)
    }

    /// The shadow line of a name; `None` also when the file cannot be read.
    #[must_use]
    pub fn shadow_of(&self, name: &str) -> Option<&ShadowLine> {
        self.shadow.as_ref()?.iter().find(|line| line.name == *name)
    }
}

/// One account, as a line of `/etc/passwd` or an answer of NSS has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswdLine {
    /// Its name.
    pub name: Hostile,
    /// What its own password field says; `None` for the `x` that points to `/etc/shadow`.
    pub password: Option<PasswordState>,
    /// Its uid.
    pub uid: Uid,
    /// Its primary group.
    pub gid: Gid,
    /// Full name, rooms and telephones, parted by commas.
    pub gecos: Hostile,
    /// The home.
    pub home: Hostile,
    /// The login shell; empty is `/bin/sh`.
    pub shell: Hostile,
}

/// One group, as a line of `/etc/group` or an answer of NSS has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLine {
    /// Its name.
    pub name: Hostile,
    /// Its gid.
    pub gid: Gid,
    /// The listed members, in their order.
    pub members: Vec<Hostile>,
}

/// One line of `/etc/subuid` or `/etc/subgid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubidLine {
    /// A name, or a uid in digits.
    pub owner: Hostile,
    /// The ids.
    pub range: IdRange,
}

impl SubidLine {
    /// Whether it is this account's.
    #[must_use]
    pub fn is_of(&self, name: Option<&Hostile>, uid: Uid) -> bool {
        name == Some(&self.owner) || self.owner.raw().parse() == Ok(uid.0)
    }
}

/// So many ids from the first one on; the last one fits 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct IdRange {
    /// The first.
    pub first: u32,
    /// How many, at least one.
    pub count: u32,
}

impl IdRange {
    /// The last one.
    #[must_use]
    pub fn last(self) -> u32 {
        self.first.saturating_add(self.count.saturating_sub(1))
    }

    /// Whether an id lies in it.
    #[must_use]
    pub fn contains(self, id: u32) -> bool {
        self.first <= id && id <= self.last()
    }
}

/// A line that is not what its file should hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file.
    pub file: &'static str,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} line {}: {}", self.file, self.line, self.why)
    }
}
