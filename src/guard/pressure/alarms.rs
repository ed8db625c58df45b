//! For how long there has been too much pressure: one alarm of the kernel's for each reaction of
//! the policy and each thing that can run short. It rings once in a window for as long as the
//! pressure lasts.

use std::io;
use std::time::Duration;

use crate::base::units::Nanos;
use crate::host::psi::{Trigger, WINDOW};
use crate::host::root::Root;
use crate::host::waiting::{self, Wanted};
use crate::policy::schema::{Pressure, Reaction, Resource};

/// One that has not rung for so long has stopped.
const SILENCE: Duration = Duration::from_millis(2_500);

/// Where something has followed, it is not looked at again sooner.
const REST: Duration = Duration::from_secs(5);

/// All alarms.
#[derive(Debug, Default)]
pub(super) struct Alarms(Vec<(Trigger, Alarm)>);

/// What of an alarm does not need the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Alarm {
    reaction: Reaction,
    resource: Resource,
    /// How long it rings before something is done.
    after: Duration,
    /// Since when it rings, and when it last did.
    rings: Option<(Nanos, Nanos)>,
}

impl Alarms {
    /// As the policy says; and why some could not be set.
    pub(super) fn set(root: &Root, pressure: &Pressure) -> (Self, Option<io::Error>) {
        let (mut all, mut lacking) = (Vec::new(), None);
        for reaction in Reaction::ALL {
            let trigger = pressure.trigger(reaction);
            for resource in Resource::ALL {
                let Some(share) = trigger.above(resource) else {
                    continue;
                };
                let alarm = Alarm {
                    reaction,
                    resource,
                    after: trigger.after.duration(),
                    rings: None,
                };
                match Trigger::above(root, resource, share) {
                    Ok(trigger) => all.push((trigger, alarm)),
                    Err(error) => lacking = Some(error),
                }
            }
        }
        (Self(all), lacking)
    }

    /// What to wait for, in the order in which it is told of.
    pub(super) fn fds(&self) -> Vec<Wanted<'_>> {
        let triggers = self.0.iter().map(|(trigger, _)| trigger);
        triggers.map(waiting::urgent).collect()
    }

    /// Which of them are ready; tells whether something follows.
    pub(super) fn rang(&mut self, ready: &[bool], now: Nanos) -> bool {
        let mut any = false;
        for ((_, alarm), ready) in self.0.iter_mut().zip(ready) {
            if *ready {
                alarm.rang(now);
                any |= alarm.is_due(now);
            }
        }
        any
    }

    /// What lasts for so long that something follows, the mildest first.
    pub(super) fn due(&self, now: Nanos) -> Vec<(Reaction, Resource)> {
        let due = self.0.iter().filter(|(_, alarm)| alarm.is_due(now));
        due.map(|(_, alarm)| (alarm.reaction, alarm.resource))
            .collect()
    }

    /// Something has followed: it has to last again before it follows again, and a while at least.
    pub(super) fn begin_anew(&mut self, reaction: Reaction, resource: Resource, now: Nanos) {
        for (_, alarm) in &mut self.0 {
            if (alarm.reaction, alarm.resource) == (reaction, resource) {
                let rest = REST.saturating_sub(alarm.after);
                alarm.rings = alarm.rings.map(|(_, last)| (now + rest.into(), last));
            }
        }
    }
}

impl Alarm {
    fn rang(&mut self, now: Nanos) {
        let lasting = self.rings.filter(|(_, last)| now < *last + SILENCE.into());
        // What the kernel tells of is over by now.
        let since = lasting.map_or(now.saturating_sub(WINDOW.into()), |(since, _)| since);
        self.rings = Some((since, now));
    }

    fn is_due(&self, now: Nanos) -> bool {
        self.rings.is_some_and(|(since, last)| {
            now < last + SILENCE.into() && now >= since + self.after.into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Nanos {
        Nanos(ms * 1_000_000)
    }

    #[test]
    fn what_lasts_is_due_and_what_has_stopped_begins_anew() {
        let mut alarm = Alarm {
            reaction: Reaction::Throttle,
            resource: Resource::Memory,
            after: Duration::from_secs(3),
            rings: None,
        };
        assert!(!alarm.is_due(at(9_000)));
        alarm.rang(at(10_000));
        // It had lasted for a second when the kernel told.
        assert!(!alarm.is_due(at(11_900)) && alarm.is_due(at(12_000)));
        alarm.rang(at(11_000));
        alarm.rang(at(12_000));
        assert!(
            alarm.is_due(at(14_000)) && !alarm.is_due(at(14_500)),
            "it has stopped"
        );
        alarm.rang(at(20_000));
        assert!(!alarm.is_due(at(20_000)));
    }
}
