//! Plans that were made here, in words: the same ones for screens and verbs.

use crate::base::text::counted;
use crate::store::receipt::{Outcome, Settled};

use super::receipts::Told;

impl Told {
    /// What became of it, in at most eleven letters.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (&self.receipt.settled, self.receipt.outcome) {
            (Some(Settled { finished: true, .. }), _) => "finished",
            (Some(_), _) => "taken back",
            (None, None) => "interrupted",
            (None, Some(Outcome::Done)) => "done",
            (None, Some(Outcome::RolledBack)) => "rolled back",
            (None, Some(Outcome::Remains)) => "half done",
        }
    }

    /// Its steps, each with a word of at most twelve letters that says whether it happened.
    pub fn steps(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let steps = self.receipt.plan.steps.iter().zip(&self.happened);
        steps.map(|(step, happened)| (word(*happened), step.what.as_str()))
    }

    /// When it was approved: `2026-11-21 03:12` of UTC.
    #[must_use]
    pub fn when(&self) -> String {
        let at: String = self.receipt.at.chars().take(16).collect();
        at.replace('T', " ")
    }

    /// What is left of one that waits for a decision.
    #[must_use]
    pub fn left(&self) -> String {
        let all = self.happened.len() as u64;
        let left = self.happened.iter().filter(|did| **did != Some(true));
        match left.count() as u64 {
            0 => "nothing but to note that it is done".to_owned(),
            left if left == all => format!("all of {}", counted(all, "step", "steps")),
            left => format!("{left} of {}", counted(all, "step", "steps")),
        }
    }

    /// What has to be decided before anything can be decided about this one.
    #[must_use]
    pub fn attention(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        Some(format!(
            "plan {first} was to settle this one and was interrupted: decide on that first"
        ))
    }
}

fn word(happened: Option<bool>) -> &'static str {
    match happened {
        Some(true) => "happened",
        Some(false) => "did not",
        None => "half or more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::actor::Actor;
    use crate::plan::Plan;
    use crate::store::receipt::Receipt;

    fn told(happened: &[Option<bool>]) -> Told {
        Told {
            receipt: Receipt {
                id: "20261121-031209".into(),
                at: "2026-11-21T03:12:09Z".into(),
                actor: Actor::default(),
                plan: Plan::new("remove user ada", "ada"),
                progress: Vec::new(),
                outcome: None,
                settled: None,
            },
            happened: happened.to_vec(),
            first: None,
        }
    }

    #[test]
    fn what_is_left_is_told_in_numbers() {
        assert_eq!(
            told(&[Some(true), None, Some(false)]).left(),
            "2 of 3 steps"
        );
        assert_eq!(told(&[Some(false)]).left(), "all of 1 step");
        assert!(told(&[Some(true)]).left().starts_with("nothing but"));
        assert_eq!(told(&[]).when(), "2026-11-21 03:12");
    }

    #[test]
    fn what_has_to_be_decided_first_is_named() {
        let mut told = told(&[Some(false)]);
        told.first = Some("20261121-040000".into());
        let attention = told.attention().unwrap();
        assert!(attention.starts_with("plan 20261121-040000 was"));
    }
}
