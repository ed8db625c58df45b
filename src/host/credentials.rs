//! Who somebody is to the kernel: uid, gid and all groups, as a login would give them.

use rustix::process::{getegid, geteuid};
use uzers::os::unix::UserExt as _;

use crate::base::id::{Gid, Uid, UserName};
use crate::base::text::printable;

use super::nss;

/// Names in messages.
const NAME_CHARS: usize = 64;

/// The ids that a process of a user has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The name, as NSS writes it; not cleaned.
    pub name: String,
    /// The user.
    pub uid: Uid,
    /// The primary group.
    pub gid: u32,
    /// Every group that has a name, the primary one included (`getgrouplist(3)`).
    pub groups: Vec<u32>,
}

/// There is no account of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no account {0}; see `benchwarden user list`")]
pub struct NoSuchAccount(UserName);

impl Credentials {
    /// Looks up an account and its home through NSS; a slow directory makes it wait.
    ///
    /// # Errors
    /// When no account has that name.
    pub fn look_up(name: &UserName) -> Result<(Self, String), NoSuchAccount> {
        let user = nss::user_named(name.as_str()).ok_or_else(|| NoSuchAccount(name.clone()))?;
        let gid = user.primary_group_id();
        let groups = nss::groups_of(name.as_str(), Gid(gid));
        let mut groups: Vec<u32> = groups.iter().map(uzers::Group::gid).collect();
        if !groups.contains(&gid) {
            groups.push(gid);
        }
        let who = Self {
            name: user.name().to_string_lossy().into_owned(),
            uid: Uid(user.uid()),
            gid,
            groups,
        };
        Ok((who, user.home_dir().to_string_lossy().into_owned()))
    }

    /// The caller as it is, without other groups.
    #[must_use]
    pub fn own() -> Self {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        Self {
            name: format!("uid {uid}"),
            uid: Uid(uid),
            gid,
            groups: vec![gid],
        }
    }

    /// The name, printable.
    #[must_use]
    pub fn shown(&self) -> String {
        printable(self.name.as_bytes(), NAME_CHARS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_looked_up_with_home_and_groups() {
        let (root, home) = Credentials::look_up(&UserName::parse("root").unwrap()).unwrap();
        assert_eq!((root.uid, root.gid), (Uid::ROOT, 0));
        assert!(root.groups.contains(&0));
        assert!(home.starts_with('/'));
    }

    #[test]
    fn nobody_by_that_name_is_said() {
        let name = UserName::parse("no-such-user-here").unwrap();
        let error = Credentials::look_up(&name).unwrap_err();
        assert!(error.to_string().contains("no-such-user-here"));
    }
}
