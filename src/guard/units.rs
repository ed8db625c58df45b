//! What systemd knows of units that strays are in, kept for a while.

use std::collections::HashMap;

use crate::base::id::Pid;
use crate::base::units::Nanos;
use crate::host::bus::{Answer, Bus, BusLost};
use crate::model::adoption::Unit;

/// An answer holds so long; a service that is changed and started anew counts from then on.
const FRESH: Nanos = Nanos(30 * Nanos::SECOND.0);
/// A question is asked again after so long.
const AGAIN: Nanos = Nanos(Nanos::SECOND.0);
/// More units than this are not remembered.
const MOST: usize = 4096;
const SERVICE: &str = "org.freedesktop.systemd1.Service";
const PROPERTIES: [&str; 3] = ["User", "MainPID", "ControlPID"];

/// Units by name.
#[derive(Debug, Default)]
pub(super) struct Units {
    known: HashMap<String, Known>,
    asked: HashMap<u32, (String, &'static str)>,
}

#[derive(Debug)]
struct Known {
    unit: Unit,
    /// When it was asked for.
    at: Nanos,
    /// Questions without an answer.
    open: usize,
}

impl Units {
    /// What is known of a unit and not too old.
    pub(super) fn get(&self, name: &str, now: Nanos) -> Option<&Unit> {
        let known = self.known.get(name)?;
        (known.open == 0 && now.saturating_sub(known.at) < FRESH).then_some(&known.unit)
    }

    /// Asks for a unit, unless that has just been done.
    pub(super) fn ask(&mut self, bus: &mut Bus, name: &str, now: Nanos) -> Result<(), BusLost> {
        let asked = self.known.get(name);
        if asked.is_some_and(|known| known.open > 0 && now.saturating_sub(known.at) < AGAIN) {
            return Ok(());
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        for property in PROPERTIES {
            let number = bus.ask_unit(name, SERVICE, property)?;
            self.asked.insert(number, (name.to_owned(), property));
        }
        let known = Known {
            unit: Unit::default(),
            at: now,
            open: PROPERTIES.len(),
        };
        self.known.insert(name.to_owned(), known);
        Ok(())
    }

    /// Takes an answer, or a refusal, in; tells whether it was one to a question of ours.
    pub(super) fn answer(&mut self, number: u32, answer: Answer) -> bool {
        let Some((name, property)) = self.asked.remove(&number) else {
            return false;
        };
        if let Some(known) = self.known.get_mut(&name) {
            known.open = known.open.saturating_sub(1);
            match (property, answer) {
                ("User", Answer::Text(user)) => {
                    known.unit.user = Some(user).filter(|user| !user.is_empty());
                }
                ("MainPID", Answer::Number(pid)) => known.unit.main = process(pid),
                ("ControlPID", Answer::Number(pid)) => known.unit.control = process(pid),
                _ => {}
            }
        }
        true
    }

    /// Forgets questions that no bus will answer.
    pub(super) fn lost(&mut self) {
        self.asked.clear();
        self.known.retain(|_, known| known.open == 0);
    }
}

/// systemd writes 0 for none.
fn process(pid: u32) -> Option<Pid> {
    (pid != 0).then_some(Pid(pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "jupyter-alice-singleuser.service";

    /// A unit whose questions have these numbers.
    fn asked() -> Units {
        let mut units = Units::default();
        for (number, property) in (1..).zip(PROPERTIES) {
            units.asked.insert(number, (NAME.to_owned(), property));
        }
        let known = Known {
            unit: Unit::default(),
            at: Nanos::SECOND,
            open: PROPERTIES.len(),
        };
        units.known.insert(NAME.to_owned(), known);
        units
    }

    #[test]
    fn a_unit_is_known_when_every_answer_came_and_for_a_while() {
        let mut units = asked();
        assert!(units.answer(1, Answer::Text("alice".to_owned())));
        assert!(units.answer(2, Answer::Number(500)));
        assert_eq!(units.get(NAME, Nanos::SECOND), None);
        assert!(units.answer(3, Answer::Number(0)));
        let expected = Unit {
            user: Some("alice".to_owned()),
            main: Some(Pid(500)),
            main_uid: None,
            control: None,
        };
        assert_eq!(units.get(NAME, Nanos::SECOND), Some(&expected));
        assert_eq!(units.get(NAME, Nanos::SECOND + FRESH), None);
        assert!(
            !units.answer(3, Answer::Nothing),
            "not ours, or not any more"
        );
    }

    #[test]
    fn a_refusal_leaves_a_unit_nobody_knows_anything_of() {
        let mut units = asked();
        for number in 1..=3 {
            assert!(units.answer(number, Answer::Nothing));
        }
        assert_eq!(units.get(NAME, Nanos::SECOND), Some(&Unit::default()));
    }

    #[test]
    fn what_a_lost_bus_was_asked_is_asked_again() {
        let mut units = asked();
        units.lost();
        assert!(!units.answer(1, Answer::Nothing) && units.known.is_empty());
    }
}
