//! All receipts together: which plans still count, and which wait for a decision.
//!
//! What a plan took back or finished is told by its own receipt alone. So no crash comes between
//! the end of a plan and what it means for the one before it; a plan that took another back and is
//! itself taken back counts no more; and one that was interrupted counts once it is finished.

use std::collections::HashMap;

use super::receipt::{Outcome, Receipt, Settled};

/// Every plan of a host, the oldest first.
#[derive(Debug, Default)]
pub struct Ledger {
    receipts: Vec<Receipt>,
}

impl Ledger {
    /// From receipts, in the order of their names.
    #[must_use]
    pub fn new(mut receipts: Vec<Receipt>) -> Self {
        let settled = Settlers::of(&receipts).all();
        for (receipt, settled) in receipts.iter_mut().zip(settled) {
            receipt.settled = settled;
        }
        Self { receipts }
    }

    /// The plans, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Receipt> {
        self.receipts.iter().rev()
    }

    /// The plan of a name.
    #[must_use]
    pub fn one(&self, id: &str) -> Option<&Receipt> {
        self.receipts.iter().find(|receipt| receipt.id == id)
    }

    /// The plan that was to take this one back or finish it, and waits for a decision itself.
    #[must_use]
    pub fn open_about(&self, id: &str) -> Option<&Receipt> {
        let about = |receipt: &&Receipt| receipt.plan.settles.as_deref() == Some(id);
        self.newest_first().filter(about).find(|r| r.is_open())
    }
}

/// Which plans take others back or finish them, and which of those count.
struct Settlers<'a> {
    receipts: &'a [Receipt],
    /// Of each plan those that are about it.
    about: HashMap<&'a str, Vec<usize>>,
    /// What is known of each; one that is being looked at does not count, so that no circle of
    /// damaged receipts goes on for ever.
    counts: Vec<Option<bool>>,
}

impl<'a> Settlers<'a> {
    fn of(receipts: &'a [Receipt]) -> Self {
        let mut about: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, receipt) in receipts.iter().enumerate() {
            if let Some(id) = &receipt.plan.settles {
                about.entry(id).or_default().push(at);
            }
        }
        Self {
            receipts,
            about,
            counts: vec![None; receipts.len()],
        }
    }

    /// Of every plan what settled it.
    fn all(mut self) -> Vec<Option<Settled>> {
        (0..self.receipts.len()).map(|at| self.one(at)).collect()
    }

    fn one(&mut self, at: usize) -> Option<Settled> {
        let mut last = self.those_about(at).into_iter().rev();
        let by = last.find(|other| self.counts(*other))?;
        let by = self.receipts.get(by)?;
        Some(Settled {
            by: by.id.clone(),
            finished: by.plan.finishes,
        })
    }

    fn those_about(&self, at: usize) -> Vec<usize> {
        let id = self.receipts.get(at).map(|receipt| receipt.id.as_str());
        let others = id.and_then(|id| self.about.get(id));
        others.cloned().unwrap_or_default()
    }

    /// Whether a plan was done, by itself or by one that finished it, and was not taken back.
    fn counts(&mut self, at: usize) -> bool {
        if let Some(known) = self.counts.get(at).copied().flatten() {
            return known;
        }
        let Some(receipt) = self.receipts.get(at) else {
            return false;
        };
        self.counts[at] = Some(false);
        let mut done = receipt.outcome == Some(Outcome::Done);
        let mut undone = false;
        for other in self.those_about(at) {
            if self.counts(other) {
                let finishes = self.receipts[other].plan.finishes;
                done |= finishes;
                undone |= !finishes;
            }
        }
        let counts = done && !undone;
        self.counts[at] = Some(counts);
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::actor::Actor;
    use crate::plan::Plan;

    const DONE: Option<Outcome> = Some(Outcome::Done);

    /// A plan; `settles` is the one it is about, with `+` in front where it finishes that.
    fn receipt(id: &str, settles: &str, outcome: Option<Outcome>) -> Receipt {
        let mut plan = Plan::new(id, "x");
        plan.finishes = settles.starts_with('+');
        plan.settles = Some(settles.trim_start_matches('+').to_owned()).filter(|id| !id.is_empty());
        Receipt {
            id: id.to_owned(),
            at: String::new(),
            actor: Actor::default(),
            plan,
            progress: Vec::new(),
            outcome,
            settled: None,
        }
    }

    /// Of each plan by which it is settled, and `!` where it waits for a decision.
    fn told(plans: &[(&str, &str, Option<Outcome>)]) -> Vec<String> {
        let receipts = plans
            .iter()
            .map(|(id, about, end)| receipt(id, about, *end));
        let ledger = Ledger::new(receipts.collect());
        let mut told: Vec<String> = ledger
            .newest_first()
            .map(|receipt| match (&receipt.settled, receipt.is_open()) {
                (Some(settled), _) => format!("{}:{}", receipt.id, settled.by),
                (None, true) => format!("{}!", receipt.id),
                (None, false) => receipt.id.clone(),
            })
            .collect();
        told.reverse();
        told
    }

    #[test]
    fn an_undo_that_was_interrupted_counts_once_it_is_finished() {
        let interrupted = [("a", "", DONE), ("b", "a", None)];
        assert_eq!(told(&interrupted), ["a", "b!"]);
        let finished = [interrupted[0], interrupted[1], ("c", "+b", DONE)];
        assert_eq!(told(&finished), ["a:b", "b:c", "c"]);
        // A finish that is itself interrupted settles nothing yet, however often.
        let again = [finished[0], finished[1], ("c", "+b", None)];
        assert_eq!(told(&again), ["a", "b!", "c!"]);
        let thrice = [again[0], again[1], again[2], ("d", "+c", DONE)];
        assert_eq!(told(&thrice), ["a:b", "b:c", "c:d", "d"]);
    }

    #[test]
    fn what_was_taken_back_and_done_again_is_in_force() {
        let again = [("a", "", DONE), ("b", "a", DONE), ("c", "b", DONE)];
        assert_eq!(told(&again), ["a", "b:c", "c"]);
        let half = [("a", "", None), ("b", "+a", DONE), ("c", "b", DONE)];
        assert_eq!(told(&half), ["a!", "b:c", "c"]);
    }

    #[test]
    fn an_undo_that_was_itself_taken_back_half_way_settles_nothing() {
        let back = [("a", "", DONE), ("b", "a", None), ("c", "b", DONE)];
        assert_eq!(told(&back), ["a", "b:c", "c"]);
        let rolled_back = [("a", "", DONE), ("b", "a", Some(Outcome::RolledBack))];
        assert_eq!(told(&rolled_back), ["a", "b"]);
    }

    #[test]
    fn whatever_is_open_about_a_plan_is_found() {
        let plans = [("a", "", DONE), ("b", "a", None)];
        let receipts = plans
            .iter()
            .map(|(id, about, end)| receipt(id, about, *end));
        let ledger = Ledger::new(receipts.collect());
        assert_eq!(ledger.open_about("a").map(|r| r.id.as_str()), Some("b"));
        assert!(ledger.open_about("b").is_none());
    }

    #[test]
    fn a_circle_of_damaged_receipts_ends() {
        let circle = [("a", "b", DONE), ("b", "a", DONE)];
        assert_eq!(told(&circle).len(), 2);
        assert_eq!(told(&[("a", "a", DONE)]).len(), 1);
    }
}
