//! Accounts and groups as NSS has them (`nss(5)`), asked by one thread of this process at a time:
//! what a site adds to NSS is not always made to be asked by two. libnss-extrausers, for one,
//! then frees what the other still uses.

#![expect(clippy::disallowed_methods, reason = "this is where NSS is asked")]

use std::ffi::OsStr;
use std::sync::{Mutex, PoisonError};

use uzers::{Group, User};

use crate::base::id::{Gid, Uid};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Asks, alone. A directory that hangs makes everybody else wait too: whoever must not, asks in a
/// thread and gives up.
fn alone<T>(ask: impl FnOnce() -> T) -> T {
    let _others_wait = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    ask()
}

/// `getpwuid(3)`.
pub(super) fn user(uid: Uid) -> Option<User> {
    alone(|| uzers::get_user_by_uid(uid.0))
}

/// `getpwnam(3)`.
pub(super) fn user_named(name: impl AsRef<OsStr>) -> Option<User> {
    alone(|| uzers::get_user_by_name(&name))
}

/// `getgrgid(3)`.
pub(super) fn group(gid: Gid) -> Option<Group> {
    alone(|| uzers::get_group_by_gid(gid.0))
}

/// `getgrnam(3)`.
pub(super) fn group_named(name: impl AsRef<OsStr>) -> Option<Group> {
    alone(|| uzers::get_group_by_name(&name))
}

/// `getgrouplist(3)`: what somebody of this name and primary group would get at a login. Nobody
/// has a name with a NUL, which the library cannot take.
pub(super) fn groups_of(name: &str, primary: Gid) -> Vec<Group> {
    if name.contains('\0') {
        return Vec::new();
    }
    alone(|| uzers::get_user_groups(name, primary.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_asks_while_another_does() {
        let asking = Mutex::new(());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        alone(|| assert!(asking.try_lock().is_ok()));
                        assert!(user(Uid::ROOT).is_some());
                    }
                });
            }
        });
    }

    #[test]
    fn one_who_failed_does_not_keep_the_others_from_asking() {
        let failed = std::thread::spawn(|| alone(|| panic!("as a test"))).join();
        assert!(failed.is_err());
        assert_eq!(user_named("root").unwrap().uid(), 0);
        assert_eq!(group(Gid(0)).unwrap().name(), "root");
        assert_eq!(group_named("root").unwrap().gid(), 0);
        let groups = groups_of("root", Gid(0));
        assert!(groups.iter().any(|group| group.gid() == 0));
        assert!(groups_of("ro\0ot", Gid(0)).is_empty());
    }
}
