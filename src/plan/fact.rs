//! Facts: what a step expects to find, and what it leaves behind, in words that can be read back
//! from the machine, compared and shown.
//!
//! A fact never holds a password, a hash of one, or key material.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The line of an account in `passwd(5)`: uid, gid, GECOS, home, shell.
    Account(String),
    /// The line of a group in `group(5)`: gid and members.
    Group(String),
    /// Whether a password opens the account, from `shadow(5)`: `none`, `locked`, `set`, `empty`.
    Password(String),
    /// The day an account expires: `never` or a date.
    Expiry(String),
    /// Whether the next login has to choose a new password: `yes` or `no`.
    MustChange(String),
    /// Subordinate ids, as `NAME@/etc/subuid`: `first+count first+count`, see `subuid(5)`.
    Subids(String),
    /// Whether the user's manager runs without a session: `on` or `off`.
    Linger(String),
    /// Processes of a uid: `none` or `some`.
    Processes(u32),
    /// A file: owner, mode and a digest of the content.
    File(String),
    /// A symbolic link: what it says; of anything else what [`Subject::File`] tells.
    Link(String),
    /// A directory: owner and mode.
    Directory(String),
    /// The ssh keys of a person, as fingerprints.
    Keys(String),
    /// The jobs of `at(1)` that wait in a directory, for one uid: how many.
    AtJobs(u32),
    /// An archive, verified against what it was made of.
    Archive(String),
    /// Settings of a unit as systemd has them: the unit and the settings, parted by blanks.
    LimitsInSystemd(String),
    /// The same as the kernel holds them; absent where the unit has no cgroup now.
    LimitsInKernel(String),
    /// What a uid may occupy on a device, as `UID@DEVICE`.
    Quota(String),
    /// Whether everything of a uid stands still: `frozen` or `running`; absent when there is
    /// nothing.
    Frozen(u32),
    /// A process, as `PID START UID`: `runs`.
    Process(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(name) => write!(f, "account {name}"),
            Self::Group(name) => write!(f, "group {name}"),
            Self::Password(name) => write!(f, "password of {name}"),
            Self::Expiry(name) => write!(f, "expiry of {name}"),
            Self::MustChange(name) => write!(f, "password change due for {name}"),
            Self::Subids(name) => write!(f, "subordinate ids of {name}"),
            Self::Linger(name) => write!(f, "linger of {name}"),
            Self::Processes(uid) => write!(f, "processes of uid {uid}"),
            Self::File(path) | Self::Link(path) | Self::Directory(path) | Self::Archive(path) => {
                f.write_str(path)
            }
            Self::Keys(name) => write!(f, "ssh keys of {name}"),
            Self::AtJobs(uid) => write!(f, "at jobs of uid {uid}"),
            Self::Frozen(uid) => write!(f, "everything of uid {uid}"),
            Self::Process(which) => {
                write!(f, "process {}", which.split(' ').next().unwrap_or(which))
            }
            Self::Quota(at) => write!(f, "quota of uid {}", at.replace('@', " on ")),
            Self::LimitsInSystemd(topic) => write!(f, "{} in systemd", unit_of(topic)),
            Self::LimitsInKernel(topic) => write!(f, "{} in the kernel", unit_of(topic)),
        }
    }
}

fn unit_of(topic: &str) -> &str {
    topic.split(' ').next().unwrap_or(topic)
}

/// What a subject has to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// Not there.
    Absent,
    /// There, whatever it is.
    Present,
    /// Exactly this.
    Is(String),
    /// Exactly this where it is there at all: a slice ends when its person goes.
    IfThere(String),
    /// Anything, absence included.
    Any,
}

impl Expect {
    /// From what was read: `None` is absence.
    #[must_use]
    pub fn from_read(value: Option<&str>) -> Self {
        value.map_or(Self::Absent, |value| Self::Is(value.to_owned()))
    }

    /// Whether what was read is what is expected.
    #[must_use]
    pub fn holds(&self, value: Option<&str>) -> bool {
        match self {
            Self::Absent => value.is_none(),
            Self::Present => value.is_some(),
            Self::Is(wanted) => value == Some(wanted),
            Self::IfThere(wanted) => value.is_none_or(|value| value == wanted),
            Self::Any => true,
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "absent",
            Self::Present => "present",
            Self::Is(value) | Self::IfThere(value) => value,
            Self::Any => "anything",
        })
    }
}

/// What a step finds and leaves of one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Of what.
    pub subject: Subject,
    /// What has to be there for the step to run.
    pub before: Expect,
    /// What has to be there for the step to have happened.
    pub after: Expect,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subject,
            before,
            after,
        } = self;
        if before == after {
            write!(f, "{subject}: stays {after}")
        } else {
            write!(f, "{subject}: {before} -> {after}")
        }
    }
}

impl Change {
    /// From one expectation to another.
    #[must_use]
    pub fn new(subject: Subject, before: Expect, after: Expect) -> Self {
        Self {
            subject,
            before,
            after,
        }
    }

    /// Something comes into being.
    #[must_use]
    pub fn creates(subject: Subject, after: impl Into<String>) -> Self {
        Self::new(subject, Expect::Absent, Expect::Is(after.into()))
    }

    /// One value takes the place of another.
    #[must_use]
    pub fn turns(subject: Subject, before: impl Into<String>, after: impl Into<String>) -> Self {
        Self::new(subject, Expect::Is(before.into()), Expect::Is(after.into()))
    }

    /// Whether nothing about it can be told apart before and after.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.before == self.after || self.after == Expect::Any
    }

    /// Whether it is about what comes and goes by itself.
    #[must_use]
    pub fn comes_and_goes(&self) -> bool {
        matches!(
            self.subject,
            Subject::LimitsInSystemd(_) | Subject::LimitsInKernel(_)
        )
    }

    /// The same the other way round.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self::new(
            self.subject.clone(),
            self.after.clone(),
            self.before.clone(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_is_a_value_like_any_other() {
        assert!(Expect::Absent.holds(None) && !Expect::Absent.holds(Some("x")));
        assert!(Expect::Present.holds(Some("x")) && !Expect::Present.holds(None));
        assert!(Expect::from_read(Some("x")).holds(Some("x")));
        assert!(!Expect::from_read(Some("x")).holds(Some("y")));
        assert!(Expect::from_read(None).holds(None));
    }
}
