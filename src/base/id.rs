//! Ids of people and processes, as types that cannot be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A user id, as in `getpwuid(3)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Uid(pub u32);

impl Uid {
    /// The superuser.
    pub const ROOT: Self = Self(0);
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A group id, as in `getgrgid(3)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Gid(pub u32);

impl fmt::Display for Gid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A process id (thread group id), as in `/proc/PID`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Pid(pub u32);

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which uids belong to people, from `UID_MIN` in `login.defs(5)` and systemd's reserved ranges.
///
/// Root, service accounts, `nobody` and the ranges systemd hands out by itself are not people.
/// A directory may number its people far above `UID_MAX`, so that bound is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeopleRange {
    /// The first uid of a person.
    pub first: u32,
}

impl Default for PeopleRange {
    fn default() -> Self {
        Self { first: 1000 }
    }
}

impl PeopleRange {
    /// systemd's `DynamicUser=` range, and the 16-bit overflow uids behind it (`nobody`).
    const DYNAMIC: std::ops::RangeInclusive<u32> = 61_184..=65_535;
    /// The range from which systemd-nspawn picks uids for containers.
    const CONTAINER: std::ops::RangeInclusive<u32> = 524_288..=1_879_048_191;

    /// Whether `uid` is a person's.
    ///
    /// `named` says whether the account has a name: uids in the container range are people only
    /// when a directory knows them, since large directories number their people there too.
    #[must_use]
    pub fn is_person(self, uid: Uid, named: bool) -> bool {
        uid.0 >= self.first
            && uid.0 != u32::MAX
            && !Self::DYNAMIC.contains(&uid.0)
            && (named || !Self::CONTAINER.contains(&uid.0))
    }
}

/// A user name as given by a caller, safe to look up and to print.
///
/// This is the rule for *asking* about an account, directory names such as `first.last`,
/// `EXAMPLE\alice` and `alice@example.org` included; creating one has stricter rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

/// Why a name cannot be a user name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{shown:?} is not a user name: {reason}")]
pub struct BadUserName {
    shown: String,
    reason: &'static str,
}

impl UserName {
    /// Checks a name given by a caller.
    ///
    /// # Errors
    /// Says which rule the name breaks.
    pub fn parse(name: &str) -> Result<Self, BadUserName> {
        let reason = if name.is_empty() {
            "it is empty"
        } else if name.len() > 256 {
            "it is longer than 256 bytes"
        } else if name.starts_with('-') {
            "it starts with '-'"
        } else if name.contains([':', '/', ',']) {
            "it holds ':', '/' or ','"
        } else if name.chars().any(|c| c.is_control() || c.is_whitespace()) {
            "it holds white space or control characters"
        } else {
            return Ok(Self(name.to_owned()));
        };
        Err(BadUserName {
            shown: name.chars().take(40).collect(),
            reason,
        })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for UserName {
    type Err = BadUserName;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::text::printable(self.0.as_bytes(), 256))
    }
}

/// A group name as given by a caller, safe to look up and to print: as [`UserName`], with blanks
/// inside, which groups of directories have (`domain users`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(String);

/// Why a name cannot be a group name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{shown:?} is not a group name: {reason}")]
pub struct BadGroupName {
    shown: String,
    reason: &'static str,
}

impl GroupName {
    /// Checks a name given by a caller.
    ///
    /// # Errors
    /// Says which rule the name breaks.
    pub fn parse(name: &str) -> Result<Self, BadGroupName> {
        let blanks = name.starts_with(' ') || name.ends_with(' ');
        let reason = if blanks {
            "it begins or ends with a blank"
        } else {
            match UserName::parse(&name.replace(' ', "_")) {
                Ok(_) => return Ok(Self(name.to_owned())),
                Err(bad) => bad.reason,
            }
        };
        Err(BadGroupName {
            shown: name.chars().take(40).collect(),
            reason,
        })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::text::printable(self.0.as_bytes(), 256))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_directories_have_blanks_inside() {
        for good in ["sudo", "domain users@example.org", "EXAMPLE\\leads"] {
            assert!(GroupName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", " a", "a ", "-a", "a\tb", "a:b", "a,b", "a\nb"] {
            assert!(GroupName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn root_services_nobody_and_dynamic_users_are_not_people() {
        let range = PeopleRange::default();
        for uid in [0, 1, 33, 990, 999, 61_184, 65_534, 65_535, u32::MAX] {
            assert!(!range.is_person(Uid(uid), true), "{uid}");
        }
        for uid in [1000, 1001, 60_000, 70_000, 200_001] {
            assert!(range.is_person(Uid(uid), false), "{uid}");
        }
    }

    #[test]
    fn a_high_uid_is_a_person_only_when_a_directory_knows_it() {
        let range = PeopleRange::default();
        assert!(range.is_person(Uid(1_000_000_123), true));
        assert!(!range.is_person(Uid(1_000_000_123), false));
    }

    #[test]
    fn directory_names_are_names_and_options_are_not() {
        for good in ["alice", "first.last", "EXAMPLE\\alice", "alice@example.org"] {
            assert!(UserName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-rf", "a b", "a:b", "../x", "a\nb", "a\u{1b}b", "a,b"] {
            assert!(UserName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
