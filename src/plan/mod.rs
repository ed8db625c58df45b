//! What is to be done to the host, before anything is done: ordered steps with what is there, what
//! will be, and how each is taken back.
//!
//! Everything here is pure. Who reads the machine, does the steps and writes the receipt is the
//! engine; the wording here serves screen, verbs and audit alike.

pub mod advance;
pub mod fact;
pub mod hold;
pub mod limits;
pub mod people;
pub mod runtimes;
pub mod step;
pub mod sudo;
pub mod told;
pub mod triage;
pub mod undo;
pub mod world;

use serde::{Deserialize, Serialize};

use crate::base::digest::sha256_hex;
use crate::model::people::belongings::Belongings;

use step::{Step, Undo};

/// An intent made into steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What is wanted, in words: `add user alice`.
    pub intent: String,
    /// Whom or what it is about: the user's or the group's name.
    pub about: String,
    /// What is done, in this order.
    pub steps: Vec<Step>,
    /// What the one who approves should know.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Why it must not run; empty when it may.
    #[serde(default)]
    pub refused: Vec<String>,
    /// What they own and run whom it removes. It changes by the minute, and is no part of what is
    /// approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub belongings: Option<Box<Belongings>>,
    /// The plan that this one takes back or finishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settles: Option<String>,
    /// Whether it does that one to its end; else it takes it back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finishes: bool,
}

impl Plan {
    /// A plan that does nothing yet.
    #[must_use]
    pub fn new(intent: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            intent: intent.into(),
            about: about.into(),
            steps: Vec::new(),
            warnings: Vec::new(),
            refused: Vec::new(),
            belongings: None,
            settles: None,
            finishes: false,
        }
    }

    /// The same plan, refused for a reason.
    #[must_use]
    pub fn refuse(mut self, reason: impl Into<String>) -> Self {
        self.refused.push(reason.into());
        self
    }

    /// Adds a warning.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    /// Adds a step.
    pub fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Two plans with the same fingerprint do the same: the SHA-256 of intent and steps. What comes
    /// and goes by itself, as people's slices do, is no part of it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut steps = self.steps.clone();
        for step in &mut steps {
            step.changes.retain(|change| !change.comes_and_goes());
        }
        // Plain data of our own: serializing it cannot fail.
        let text = serde_json::to_vec(&(&self.intent, &steps)).unwrap_or_default();
        sha256_hex(&text)
    }

    /// Whether it may be approved: it is not refused, and does something. One without steps still
    /// settles a plan that was interrupted before its first, or after its last.
    #[must_use]
    pub fn may_be_done(&self) -> bool {
        self.refused.is_empty() && (!self.steps.is_empty() || self.settles.is_some())
    }

    /// Steps that cannot be taken back, or only partly: to be said before approval.
    pub fn not_exactly_undone(&self) -> impl Iterator<Item = (&Step, &str)> {
        self.steps.iter().filter_map(|step| match &step.undo {
            Undo::Exact { .. } | Undo::Last { .. } | Undo::Nothing => None,
            Undo::Partly { why, .. } | Undo::None { why } | Undo::Final { why } => {
                Some((step, why.as_str()))
            }
        })
    }
}
