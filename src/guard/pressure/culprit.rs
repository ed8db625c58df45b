//! Who causes pressure: whoever took most of what ran short between two looks, if that is a good
//! part of it. Where nobody sticks out nobody is named.

use crate::base::id::Uid;
use crate::base::units::{Bytes, Cores, Nanos};
use crate::host::uses::{Use, Uses};
use crate::policy::schema::Resource;

/// Less than this part of everything is nobody's fault in particular.
const A_GOOD_PART: f64 = 1.0 / 3.0;

/// Whoever it is, and what they took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Culprit {
    pub(super) uid: Uid,
    /// Which part of what everybody took.
    pub(super) part: f64,
    pub(super) cores: Cores,
    pub(super) held: Bytes,
    /// To and from disks, in a second.
    pub(super) moved: Bytes,
}

/// Finds them among those who may be named.
pub(super) fn culprit(
    before: &Uses,
    now: &Uses,
    resource: Resource,
    may_be: &dyn Fn(Uid) -> bool,
) -> Option<Culprit> {
    let elapsed = now.at.saturating_sub(before.at);
    let took = |(uid, use_): &(Uid, Use)| {
        let was = before.people.iter().find(|(other, _)| other == uid);
        let was = was.map_or_else(Use::default, |(_, was)| *was);
        Took::between(&was, use_)
    };
    let all: Vec<(Uid, Took)> = now.people.iter().map(|one| (one.0, took(one))).collect();
    let sum: f64 = all.iter().map(|(_, took)| took.of(resource)).sum();
    // Of the processors others than people have their part.
    let whole = match resource {
        Resource::Cpu => sum.max(number(now.cpu.saturating_sub(before.cpu).0)),
        Resource::Memory | Resource::Io => sum,
    };
    let (uid, most) = all
        .iter()
        .filter(|(uid, _)| may_be(*uid))
        .max_by(|(_, one), (_, other)| one.of(resource).total_cmp(&other.of(resource)))?;
    let part = most.of(resource) / whole;
    (whole > 0.0 && part >= A_GOOD_PART).then(|| Culprit {
        uid: *uid,
        part,
        cores: Cores::of(most.cpu, elapsed),
        held: most.held,
        moved: Bytes(per_second(most.moved.0, elapsed)),
    })
}

/// What somebody took between two looks.
#[derive(Clone, Copy, Debug)]
struct Took {
    cpu: Nanos,
    faults: u64,
    held: Bytes,
    moved: Bytes,
}

impl Took {
    fn between(was: &Use, is: &Use) -> Self {
        Self {
            cpu: is.cpu.saturating_sub(was.cpu),
            faults: is.faults.saturating_sub(was.faults),
            held: is.held,
            moved: is.moved.saturating_sub(was.moved),
        }
    }

    /// How much of it they took. Of memory that is who asks for more of it, by how much they have:
    /// neither who holds much and rests, nor who is small and restless.
    fn of(&self, resource: Resource) -> f64 {
        match resource {
            Resource::Cpu => number(self.cpu.0),
            Resource::Memory => number(self.faults) * number(self.held.0),
            Resource::Io => number(self.moved.0),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "parts of a sum are compared")]
fn number(value: u64) -> f64 {
    value as f64
}

fn per_second(count: u64, elapsed: Nanos) -> u64 {
    let per = u128::from(count) * u128::from(Nanos::SECOND.0) / u128::from(elapsed.0.max(1));
    u64::try_from(per).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(at: u64, cpu: u64, people: &[(u32, u64, u64, u64, u64)]) -> Uses {
        let people = people.iter().map(|(uid, cpu, faults, held, moved)| {
            let use_ = Use {
                cpu: Nanos(*cpu),
                faults: *faults,
                held: Bytes(*held),
                moved: Bytes(*moved),
            };
            (Uid(*uid), use_)
        });
        Uses {
            at: Nanos(at),
            cpu: Nanos(cpu),
            people: people.collect(),
        }
    }

    #[test]
    fn who_took_most_since_the_first_look_is_named() {
        let second = Nanos::SECOND.0;
        let before = look(0, 0, &[(1, 900, 0, 0, 70), (2, 0, 0, 0, 0)]);
        let now = look(
            second / 2,
            second,
            &[(1, 900, 0, 0, 75), (2, second, 0, 0, 1)],
        );
        let anybody = |_| true;
        let named = culprit(&before, &now, Resource::Cpu, &anybody).unwrap();
        assert_eq!((named.uid, named.cores), (Uid(2), Cores(2.0)));
        let named = culprit(&before, &now, Resource::Io, &anybody).unwrap();
        assert_eq!((named.uid, named.moved), (Uid(1), Bytes(10)));
        assert_eq!(culprit(&before, &now, Resource::Memory, &anybody), None);
        assert_eq!(
            culprit(&before, &now, Resource::Cpu, &|uid| uid != Uid(2)),
            None
        );
    }

    #[test]
    fn of_memory_it_is_who_asks_for_more_and_has_much() {
        let before = look(0, 0, &[(1, 0, 100, 9 << 30, 0), (2, 0, 0, 1 << 20, 0)]);
        let now = look(
            Nanos::SECOND.0,
            0,
            &[
                (1, 0, 100, 9 << 30, 0),
                (2, 0, 5_000, 1 << 20, 0),
                (3, 0, 4_000, 2 << 30, 0),
            ],
        );
        let named = culprit(&before, &now, Resource::Memory, &|_| true).unwrap();
        assert_eq!((named.uid, named.held), (Uid(3), Bytes(2 << 30)));
    }

    #[test]
    fn where_many_take_a_little_nobody_is_named() {
        let before = look(0, 0, &[]);
        let many: Vec<_> = (1..=4).map(|uid| (uid, 100, 0, 0, 10)).collect();
        let now = look(Nanos::SECOND.0, 400, &many);
        for resource in [Resource::Cpu, Resource::Io] {
            assert_eq!(culprit(&before, &now, resource, &|_| true), None);
        }
        // The system itself is at work.
        let one = look(Nanos::SECOND.0, 400, &many[..1]);
        assert_eq!(culprit(&before, &one, Resource::Cpu, &|_| true), None);
    }
}
