//! Scopes that were made a moment ago, for who comes from the same place right after.
//!
//! A job has a scope of its own. But a person who starts jobs one after the other, on purpose or
//! not, must not keep systemd busy with making scopes: what follows within seconds shares one, and
//! is there at once.

use std::collections::HashMap;

use crate::base::id::Uid;
use crate::base::units::Nanos;

/// Who comes so soon after another shares a scope.
const SOON: Nanos = Nanos(5 * Nanos::SECOND.0);
/// More are not remembered.
const MOST: usize = 1024;

/// The last scope for each person and place.
#[derive(Debug, Default)]
pub(super) struct Homes(HashMap<(Uid, String), (String, Nanos)>);

impl Homes {
    /// A scope was made, or has just been shared.
    pub(super) fn made(&mut self, uid: Uid, from: &str, scope: &str, now: Nanos) {
        if self.0.len() >= MOST {
            self.0.retain(|_, (_, at)| now < *at + SOON);
        }
        if self.0.len() < MOST {
            let home = (scope.to_owned(), now);
            self.0.insert((uid, from.to_owned()), home);
        }
    }

    /// The scope to share. While others are made for everybody, its age does not matter.
    pub(super) fn shared(&self, uid: Uid, from: &str, busy: bool, now: Nanos) -> Option<String> {
        let (scope, at) = self.0.get(&(uid, from.to_owned()))?;
        (busy || now < *at + SOON).then(|| scope.clone())
    }

    /// It has gone.
    pub(super) fn gone(&mut self, uid: Uid, from: &str) {
        self.0.remove(&(uid, from.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRON: &str = "/system.slice/cron.service";

    #[test]
    fn who_comes_soon_shares_and_who_comes_later_does_not() {
        let mut homes = Homes::default();
        homes.made(Uid(1001), CRON, "a.scope", Nanos::SECOND);
        let later = Nanos::SECOND + SOON;
        let shared = |uid, from, busy, now| homes.shared(Uid(uid), from, busy, now);
        assert_eq!(
            shared(1001, CRON, false, Nanos::SECOND).as_deref(),
            Some("a.scope")
        );
        assert_eq!(shared(1001, CRON, false, later), None);
        assert_eq!(shared(1001, CRON, true, later).as_deref(), Some("a.scope"));
        assert_eq!(shared(1002, CRON, true, Nanos::SECOND), None);
        assert_eq!(shared(1001, "/", true, Nanos::SECOND), None);
        homes.gone(Uid(1001), CRON);
        assert_eq!(homes.shared(Uid(1001), CRON, true, Nanos::SECOND), None);
    }

    #[test]
    fn not_more_is_remembered_than_there_is_room_for() {
        let mut homes = Homes::default();
        let many = u32::try_from(MOST).unwrap();
        for uid in 0..2 * many {
            homes.made(Uid(uid), CRON, "a.scope", Nanos::SECOND);
        }
        assert_eq!(homes.0.len(), MOST);
        homes.made(Uid(9 * many), CRON, "a.scope", Nanos::SECOND + SOON);
        assert_eq!(homes.0.len(), 1);
    }
}
