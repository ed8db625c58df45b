//! For how long somebody is held back, and who is now: written down before anything is done, so
//! that whoever takes over after a crash lets everybody go in time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::id::Uid;
use crate::plan::hold::Knob;
use crate::policy::schema::{Penalty, Reaction};

/// Doubled more often, any term is longer than what is allowed.
const MOST_DOUBLINGS: u32 = 16;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Terms {
    /// The run of the host in which it was written.
    pub(super) boot: String,
    pub(super) held: Vec<Held>,
    times: Vec<Times>,
}

/// Somebody who is held back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) uid: Uid,
    pub(super) name: String,
    pub(super) freezes: bool,
    /// In seconds since 1970.
    pub(super) until: i64,
    /// What they have now and had before, once that is known.
    pub(super) knobs: Vec<(Knob, u64, u64)>,
}

/// How often somebody was throttled, and when last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Times {
    uid: Uid,
    count: u32,
    last: i64,
}

impl Terms {
    /// Whether somebody is held back in this way.
    pub(super) fn holds(&self, uid: Uid, reaction: Reaction) -> bool {
        let freezes = reaction == Reaction::Freeze;
        self.held
            .iter()
            .any(|held| held.uid == uid && held.freezes == freezes)
    }

    /// How long they are throttled this time: twice as long as the last, and from the start after
    /// a long time without.
    pub(super) fn next(&mut self, uid: Uid, penalty: &Penalty, now: i64) -> Duration {
        let forget = penalty.forget.duration();
        self.times.retain(|times| since(times.last, now) < forget);
        let count = match self.times.iter_mut().find(|times| times.uid == uid) {
            Some(times) => {
                times.count = times.count.saturating_add(1);
                times.last = now;
                times.count
            }
            None => {
                let count = 1;
                self.times.push(Times {
                    uid,
                    count,
                    last: now,
                });
                count
            }
        };
        let first = penalty.first.duration();
        let longer = first.saturating_mul(1 << (count - 1).min(MOST_DOUBLINGS));
        longer
            .min(penalty.at_most.duration())
            .max(first.min(penalty.at_most.duration()))
    }

    /// After another start of the host nothing of it is in force.
    pub(super) fn take_over(mut self, boot: &str, now: i64) -> Self {
        if self.boot != boot {
            boot.clone_into(&mut self.boot);
            for held in &mut self.held {
                held.until = now;
            }
        }
        self
    }
}

fn since(past: i64, now: i64) -> Duration {
    Duration::from_secs(u64::try_from(now.saturating_sub(past)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limit::Span;
    use crate::policy::schema::Pressure;

    fn at(seconds: i64) -> i64 {
        1_790_000_000 + seconds
    }

    #[test]
    fn terms_grow_to_a_bound_and_are_forgotten() {
        let penalty = Penalty {
            first: Span::seconds(10),
            at_most: Span::seconds(35),
            forget: Span::seconds(1000),
            ..Pressure::default().penalty
        };
        let mut terms = Terms::default();
        let mut next = |uid, now| terms.next(Uid(uid), &penalty, at(now)).as_secs();
        assert_eq!(
            [next(1, 0), next(1, 100), next(1, 200), next(1, 300)],
            [10, 20, 35, 35]
        );
        assert_eq!(next(2, 300), 10);
        assert_eq!(next(1, 1300), 10, "as if it had never been");
        for now in 0..40 {
            assert!(next(3, now) <= 35);
        }
    }

    #[test]
    fn what_was_held_is_held_on_until_the_host_starts_anew() {
        let held = Held {
            uid: Uid(1),
            name: "alice".to_owned(),
            freezes: false,
            until: at(900),
            knobs: vec![(Knob::CpuQuota, 1_000_000, u64::MAX)],
        };
        let terms = Terms {
            boot: "one".to_owned(),
            held: vec![held],
            times: Vec::new(),
        };
        let text = serde_json::to_string(&terms).unwrap();
        let read: Terms = serde_json::from_str(&text).unwrap();
        assert_eq!(read, terms);
        assert!(terms.holds(Uid(1), Reaction::Throttle) && !terms.holds(Uid(1), Reaction::Freeze));
        assert_eq!(terms.clone().take_over("one", at(5)), terms);
        assert_eq!(terms.take_over("two", at(5)).held[0].until, at(5));
    }
}
