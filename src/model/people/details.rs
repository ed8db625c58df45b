//! One person in all that is known about them: what runs, what is scheduled, what is still held.

use serde::Serialize;

use crate::base::hostile::Hostile;
use crate::base::id::Gid;
use crate::base::units::Bytes;
use crate::model::sample::Session;

use super::{Group, Person};

/// Everything about one person.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonDetails {
    /// The account.
    pub user: Person,
    /// Their sessions, as logind knows them.
    pub sessions: Vec<Session>,
    /// What they run now.
    pub processes: Running,
    /// What starts by itself, some time.
    pub jobs: Jobs,
    /// Unread mail on this host; `None` without a mailbox or the right to see it.
    pub mail_bytes: Option<Bytes>,
    /// Their ssh keys; `None` while nothing has read them.
    pub keys: Option<Vec<HeldKey>>,
    /// Where what runs differs from what the group files say.
    pub held_groups: Vec<HeldGroup>,
    /// What could not be read, each in one sentence.
    pub partial: Vec<String>,
}

/// A key that opens an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldKey {
    /// Its type, as `ssh-keygen -l` names it.
    pub kind: String,
    /// Its length in bits.
    pub bits: u32,
    /// `SHA256:` and 43 characters.
    pub fingerprint: String,
    /// Who it says it belongs to.
    pub comment: Hostile,
    /// What it is restricted to, where it is.
    pub options: Option<Hostile>,
    /// What an admin should know about it.
    pub warning: Option<String>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupDetails {
    /// The group.
    pub group: Group,
    /// What could not be read, each in one sentence.
    pub partial: Vec<String>,
}

/// Nothing that answered knows the one who was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotFound {
    /// What could not be read, each in one sentence: who is meant may be there.
    pub partial: Vec<String>,
}

/// How much somebody runs, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Running {
    /// How many processes.
    pub count: u32,
    /// How many of them in each cgroup, ordered by path.
    pub cgroups: Vec<InCgroup>,
}

/// How many processes are in one cgroup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InCgroup {
    /// The path, from the root of the hierarchy.
    pub path: Hostile,
    /// How many.
    pub processes: u32,
}

/// What starts by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Jobs {
    /// Entries of their own crontab; `None` when it may not be read.
    pub crontab: Option<u32>,
    /// Jobs of `at` and `batch`; `None` when they may not be listed.
    pub at: Option<u32>,
    /// Lines of the system's crontabs that run as them.
    pub system: Vec<SystemCron>,
}

/// A line of `/etc/crontab` or a file in `/etc/cron.d`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SystemCron {
    /// The file.
    pub file: Hostile,
    /// The line, from 1.
    pub line: usize,
}

/// A group in which running processes and the group files disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldGroup {
    /// Its gid.
    pub gid: Gid,
    /// Its name, where it has one.
    pub group: Option<Hostile>,
    /// Which way they disagree.
    pub held: Held,
    /// In how many processes.
    pub processes: u32,
}

/// How a process and the group files disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// The process has the group, though the person is no member any more.
    Still,
    /// The person is a member, but the session began before that.
    NotYet,
}
