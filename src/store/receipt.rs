//! Receipts: what a plan was and how far it got, readable after any crash.
//!
//! One file a plan, one JSON line an event, each line on disk before what it announces is done. A
//! line that a power cut tore is ignored: what it announced had not begun.

use serde::{Deserialize, Serialize};

use crate::model::actor::Actor;
use crate::plan::Plan;

/// One line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The plan is approved; nothing is done yet.
    Approved {
        /// Its name.
        id: String,
        /// When, RFC 3339.
        at: String,
        /// Who asked.
        actor: Actor,
        /// What is to be done.
        plan: Box<Plan>,
    },
    /// A step is about to be done.
    Started {
        /// Which, from 0.
        step: usize,
    },
    /// A step was done, read back and synced.
    Done {
        /// Which.
        step: usize,
    },
    /// A step failed, or was not what it should be afterwards.
    Failed {
        /// Which.
        step: usize,
        /// What happened.
        why: String,
    },
    /// A step was taken back.
    Undone {
        /// Which.
        step: usize,
    },
    /// Nothing more will happen.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

/// How a plan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every step was done.
    Done,
    /// A step failed, and what had been done was taken back.
    RolledBack,
    /// A step failed, and something of it remains.
    Remains,
}

impl Outcome {
    /// As it is written in the audit log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::RolledBack => "rolled back",
            Self::Remains => "failed, something remains",
        }
    }
}

/// How far a step got, as far as the receipt knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not begun.
    Waiting,
    /// Begun: whether it happened has to be looked up on the host.
    Begun,
    /// Done and verified.
    Done,
    /// It failed.
    Failed,
    /// Done, and taken back.
    Undone,
}

/// A receipt as it was read.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The plan's name.
    pub id: String,
    /// When it was approved.
    pub at: String,
    /// Who asked.
    pub actor: Actor,
    /// What was to be done.
    pub plan: Plan,
    /// How far each step got.
    pub progress: Vec<Progress>,
    /// How it ended; `None` when it was interrupted, or still runs.
    pub outcome: Option<Outcome>,
    /// The plan that took it back or finished it; known once it stands in a
    /// [`Ledger`](super::ledger::Ledger).
    pub settled: Option<Settled>,
}

/// What became of a plan through another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Which.
    pub by: String,
    /// Whether it was done to its end; else it was taken back.
    pub finished: bool,
}

/// Why a receipt cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadReceipt {
    /// Its first line is torn: the plan had not begun.
    #[error("it has no first line; its plan had not begun")]
    Empty,
    /// A line in the middle is not what this program writes.
    #[error("line {line} is damaged: {why}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

/// An event as the line of a receipt.
#[must_use]
pub fn line(event: &Event) -> String {
    // Plain data of our own: serializing it cannot fail.
    let mut text = serde_json::to_string(event).unwrap_or_default();
    text.push('\n');
    text
}

impl Receipt {
    /// Reads a receipt.
    ///
    /// # Errors
    /// When it is damaged anywhere but in its last line.
    pub fn parse(text: &str) -> Result<Self, BadReceipt> {
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut lines = whole.lines().enumerate().map(|(at, line)| {
            serde_json::from_str::<Event>(line).map_err(|error| BadReceipt::Line {
                line: at + 1,
                why: error.to_string(),
            })
        });
        let first = lines.next().ok_or(BadReceipt::Empty)??;
        let Event::Approved {
            id,
            at,
            actor,
            plan,
        } = first
        else {
            return Err(BadReceipt::Line {
                line: 1,
                why: "it does not approve a plan".to_owned(),
            });
        };
        let mut receipt = Self {
            id,
            at,
            actor,
            progress: vec![Progress::Waiting; plan.steps.len()],
            plan: *plan,
            outcome: None,
            settled: None,
        };
        for event in lines {
            receipt.take(&event?);
        }
        Ok(receipt)
    }

    fn take(&mut self, event: &Event) {
        let (step, progress) = match *event {
            Event::Approved { .. } => return,
            Event::Started { step } => (step, Progress::Begun),
            Event::Done { step } => (step, Progress::Done),
            Event::Failed { step, .. } => (step, Progress::Failed),
            Event::Undone { step } => (step, Progress::Undone),
            Event::Ended { outcome } => {
                self.outcome = Some(outcome);
                return;
            }
        };
        if let Some(slot) = self.progress.get_mut(step) {
            *slot = progress;
        }
    }

    /// Whether something of it waits for a decision: it was interrupted, or something remains.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.settled.is_none() && !matches!(self.outcome, Some(Outcome::Done | Outcome::RolledBack))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::step::{Action, Step, Undo};

    fn approved() -> Event {
        let mut plan = Plan::new("add group x", "x");
        for _ in 0..2 {
            plan.push(Step {
                what: "do".into(),
                action: Action::run(&["/bin/true"]),
                changes: Vec::new(),
                undo: Undo::Nothing,
            });
        }
        Event::Approved {
            id: "P1".into(),
            at: "2026-11-21T03:12:09Z".into(),
            actor: Actor::default(),
            plan: Box::new(plan),
        }
    }

    #[test]
    fn a_torn_last_line_had_not_happened() {
        let done = line(&Event::Done { step: 0 });
        let mut text = line(&approved()) + &line(&Event::Started { step: 0 }) + &done;
        let receipt = Receipt::parse(&text).unwrap();
        assert_eq!(receipt.progress, [Progress::Done, Progress::Waiting]);
        assert!(receipt.is_open());
        text.pop();
        let receipt = Receipt::parse(&text).unwrap();
        assert_eq!(receipt.progress, [Progress::Begun, Progress::Waiting]);
    }

    #[test]
    fn every_prefix_of_a_receipt_can_be_read_or_had_not_begun() {
        let text = [
            approved(),
            Event::Started { step: 0 },
            Event::Done { step: 0 },
            Event::Ended {
                outcome: Outcome::Done,
            },
        ]
        .iter()
        .map(line)
        .collect::<String>();
        for end in 0..=text.len() {
            match Receipt::parse(&text[..end]) {
                Ok(receipt) => assert_eq!(receipt.id, "P1"),
                Err(BadReceipt::Empty) => assert!(!text[..end].contains('\n')),
                Err(error) => panic!("{end}: {error}"),
            }
        }
        assert!(!Receipt::parse(&text).unwrap().is_open());
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_named() {
        let text = line(&approved()) + "{\n" + &line(&Event::Done { step: 0 });
        let error = Receipt::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with("line 2 is damaged"), "{error}");
    }
}
