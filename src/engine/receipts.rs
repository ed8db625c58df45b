//! What was done before: receipts, what an interrupted one left, and the plans that take one back
//! or finish it.

use crate::host::root::Root;
use crate::plan::Plan;
use crate::plan::fact::Subject;
use crate::plan::step::Undo;
use crate::plan::undo;
use crate::store::receipt::{Event, Outcome, Progress, Receipt};

use super::apply::{Machine, happened_once_begun};
use super::changes::{Host, note, somebody_is_at_it};

/// Where receipts lie.
pub const DIR: &str = "/var/lib/benchwarden/receipts";

pub(super) fn path(id: &str) -> String {
    format!("{DIR}/{id}.jsonl")
}

/// All receipts, the newest first; those that cannot be read as what is wrong with them.
#[must_use]
pub fn all(root: &Root) -> Vec<Result<Receipt, String>> {
    let names: Vec<String> = root.list_names(DIR).collect();
    let ids = names
        .iter()
        .rev()
        .filter_map(|name| name.strip_suffix(".jsonl"));
    ids.map(|id| one(root, id)).collect()
}

/// One receipt.
///
/// # Errors
/// When there is none of that name, or it is damaged.
pub fn one(root: &Root, id: &str) -> Result<Receipt, String> {
    let plain = |c: char| c.is_ascii_digit() || c == '-';
    let text = if id.chars().all(plain) {
        root.read(&path(id)).map_err(|error| error.to_string())?
    } else {
        None
    };
    let Some(text) = text else {
        return Err(format!(
            "there is no plan {id:?}; `benchwarden audit log` names them"
        ));
    };
    Receipt::parse(&String::from_utf8_lossy(&text))
        .map_err(|error| format!("the receipt {}: {error}", path(id)))
}

/// A plan that was interrupted, and how far it really got.
#[derive(Clone, Debug)]
pub struct Interrupted {
    /// Its receipt.
    pub receipt: Receipt,
    /// Of each step whether it happened; `None` where it did in part, or nothing tells.
    pub happened: Vec<Option<bool>>,
}

/// Plans that wait for a decision. None while somebody is changing the host.
#[must_use]
pub fn interrupted(root: &Root) -> Vec<Interrupted> {
    if somebody_is_at_it(root) {
        return Vec::new();
    }
    let open = all(root).into_iter().filter_map(Result::ok);
    open.filter(Receipt::is_open)
        .map(|receipt| Interrupted {
            happened: steps_that_happened(&receipt, &Host::new(root)),
            receipt,
        })
        .collect()
}

/// Of each step whether it happened: what the receipt says, and for the one it was at what the
/// host says.
#[must_use]
pub fn steps_that_happened(receipt: &Receipt, machine: &dyn Machine) -> Vec<Option<bool>> {
    let steps = receipt.plan.steps.iter().zip(&receipt.progress);
    steps
        .map(|(step, progress)| match progress {
            Progress::Waiting | Progress::Undone => Some(false),
            Progress::Done => Some(true),
            Progress::Begun | Progress::Failed => happened_once_begun(step, machine),
        })
        .collect()
}

/// The plan that takes one back.
#[must_use]
pub fn undo_plan(receipt: &Receipt, machine: &dyn Machine) -> Plan {
    let happened = steps_that_happened(receipt, machine);
    let done: Vec<usize> = (0..happened.len())
        .filter(|at| happened[*at] != Some(false))
        .collect();
    let leaves_nothing = |at: &usize| matches!(receipt.plan.steps[*at].undo, Undo::Nothing);
    if receipt.is_open() && done.iter().all(leaves_nothing) {
        let intent = format!("undo {}: {}", receipt.id, receipt.plan.intent);
        let mut nothing = Plan::new(intent, &receipt.plan.about);
        nothing.settles = Some(receipt.id.clone());
        nothing.warn("nothing of it had happened");
        return nothing;
    }
    let plan = undo::plan(&receipt.id, &receipt.plan, &done);
    match &receipt.settled_by {
        Some(by) => plan.refuse(format!("{} was settled by {by}", receipt.id)),
        None => plan,
    }
}

/// The plan that does what is left of one.
#[must_use]
pub fn finish_plan(receipt: &Receipt, machine: &dyn Machine) -> Plan {
    let happened = steps_that_happened(receipt, machine);
    let mut plan = Plan::new(
        format!("finish {}: {}", receipt.id, receipt.plan.intent),
        &receipt.plan.about,
    );
    plan.settles = Some(receipt.id.clone());
    if !receipt.is_open() {
        return plan.refuse(format!(
            "{} has ended; there is nothing to finish",
            receipt.id
        ));
    }
    let left = receipt.plan.steps.iter().zip(happened);
    plan.steps = left
        .filter(|(_, happened)| *happened != Some(true))
        .map(|(step, _)| step.clone())
        .collect();
    plan
}

/// The plan that gives somebody back what their suspension took.
pub(super) fn resume_plan(root: &Root, name: &str) -> Result<Plan, String> {
    let intent = format!("suspend user {name}");
    let last = all(root)
        .into_iter()
        .filter_map(Result::ok)
        .find(|receipt| {
            receipt.plan.intent == intent
                && receipt.settled_by.is_none()
                && receipt.outcome == Some(Outcome::Done)
        });
    let wanted = format!("resume user {name}");
    let Some(receipt) = last else {
        let host = Host::new(root);
        let expiry = host.observe(&Subject::Expiry(name.to_owned()))?;
        let why = match expiry.as_deref() {
            None => format!("{name} is no account of this host"),
            Some(_) => format!(
                "{name} was not suspended with benchwarden; `benchwarden user show {name}` tells what keeps them out"
            ),
        };
        return Ok(Plan::new(wanted, name).refuse(why));
    };
    let mut plan = undo_plan(&receipt, &Host::new(root));
    plan.intent = wanted;
    Ok(plan)
}

/// Notes that a plan was taken back, or finished, by another.
pub(super) fn settle(root: &Root, id: &str, by: &str) {
    note(root, id, &Event::Settled { by: by.to_owned() });
}
