//! What was done before: receipts, what an interrupted one left, and the plans that take one back
//! or finish it.

use crate::host::root::{ReadError, Root};
use crate::host::{self, clock};
use crate::plan::Plan;
use crate::plan::fact::Subject;
use crate::plan::step::Undo;
use crate::plan::undo;
use crate::store::ledger::Ledger;
use crate::store::receipt::{BadReceipt, Outcome, Progress, Receipt};

use super::apply::{Machine, happened_once_begun};
use super::changes::{Host, who_is_at_it};

/// Where receipts lie.
pub const DIR: &str = "/var/lib/benchwarden/receipts";

/// A name for a plan that begins now. Two within one second are rare, and not the same: they are
/// counted from `first`.
pub(super) fn new_id(root: &Root, first: u32) -> String {
    let stamp = stamp();
    (first..)
        .map(|n| match n {
            0 => stamp.clone(),
            n => format!("{stamp}-{n}"),
        })
        .find(|id| !root.exists(&path(id)))
        .unwrap_or(stamp)
}

/// This second, as names of plans begin.
pub(super) fn stamp() -> String {
    clock::now().strftime("%Y%m%d-%H%M%S").to_string()
}

pub(super) fn path(id: &str) -> String {
    format!("{DIR}/{id}.jsonl")
}

/// All plans, and what is wrong with receipts that cannot be read.
fn all(root: &Root) -> (Ledger, Vec<String>) {
    let mut damaged = Vec::new();
    let mut receipts = Vec::new();
    for name in root.list_names(DIR) {
        match name.strip_suffix(".jsonl").map(|id| read(root, id)) {
            Some(Ok(receipt)) => receipts.push(receipt),
            Some(Err(Unread::Bad(_, BadReceipt::Empty))) | None => {}
            Some(Err(why)) => damaged.push(why.to_string()),
        }
    }
    (Ledger::new(receipts), damaged)
}

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("there is no plan {0:?}; `benchwarden audit log` names them")]
    Absent(String),
    #[error(transparent)]
    Refused(#[from] ReadError),
    #[error("the receipt {0}: {1}")]
    Bad(String, BadReceipt),
}

/// One receipt.
fn read(root: &Root, id: &str) -> Result<Receipt, Unread> {
    let plain = |c: char| c.is_ascii_digit() || c == '-';
    let text = if id.chars().all(plain) {
        root.read(&path(id))?
    } else {
        None
    };
    let Some(text) = text else {
        return Err(Unread::Absent(id.to_owned()));
    };
    let text = String::from_utf8_lossy(&text);
    Receipt::parse(&text).map_err(|bad| Unread::Bad(path(id), bad))
}

/// A plan, and how far it really got.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its receipt.
    pub receipt: Receipt,
    /// Of each step whether it happened; `None` where it did in part, or nothing tells.
    pub happened: Vec<Option<bool>>,
    /// The plan that was to take this one back or finish it and was interrupted itself: that has
    /// to be decided first.
    pub first: Option<String>,
}

/// What was done here, or begun.
#[derive(Clone, Debug, Default)]
pub struct Plans {
    /// Plans that wait for a decision, since they were interrupted or left something behind; the
    /// newest first.
    pub waiting: Vec<Told>,
    /// The last ones that ended, the newest first.
    pub ended: Vec<Told>,
    /// What is wrong with receipts that cannot be read.
    pub damaged: Vec<String>,
    /// Who is changing the host now. Until that has ended nobody knows what was interrupted, and
    /// nothing is in `waiting`.
    pub busy: Option<String>,
}

/// Why nobody can tell which plans there are.
#[derive(Debug, thiserror::Error)]
pub enum PlansError {
    /// Receipts are root's.
    #[error("only root can tell what was changed here; sudo benchwarden, or ask an admin")]
    NotRoot,
}

/// So many plans that ended are told of.
const LAST: usize = 50;

/// What was done here, or begun.
///
/// # Errors
/// When the caller must not read it.
pub fn plans(root: &Root) -> Result<Plans, PlansError> {
    if root.is_live() && !host::is_root() {
        return Err(PlansError::NotRoot);
    }
    let mut busy = who_is_at_it(root);
    let (ledger, damaged) = all(root);
    // One that has begun meanwhile is none that was interrupted.
    busy = busy.or_else(|| who_is_at_it(root));
    let machine = Host::new(root);
    let tell = |receipt: &Receipt, happened| Told {
        happened,
        first: ledger.open_about(&receipt.id).map(|open| open.id.clone()),
        receipt: receipt.clone(),
    };
    let newest = || ledger.newest_first();
    let waiting = newest().filter(|receipt| busy.is_none() && receipt.is_open());
    let waiting = waiting.map(|receipt| tell(receipt, steps_that_happened(receipt, &machine)));
    // Of those that ended the receipt knows everything.
    let ended = newest()
        .filter(|receipt| !receipt.is_open())
        .map(|receipt| {
            let done = |progress: &Progress| Some(*progress == Progress::Done);
            tell(receipt, receipt.progress.iter().map(done).collect())
        });
    Ok(Plans {
        waiting: waiting.collect(),
        ended: ended.take(LAST).collect(),
        damaged,
        busy,
    })
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
    let leaves_nothing = |at: &usize| {
        let undo = &receipt.plan.steps[*at].undo;
        matches!(undo, Undo::Nothing | Undo::Last { .. })
    };
    if receipt.is_open() && done.iter().all(leaves_nothing) {
        let intent = format!("undo {}: {}", receipt.id, receipt.plan.intent);
        let mut nothing = Plan::new(intent, &receipt.plan.about);
        nothing.settles = Some(receipt.id.clone());
        nothing.warn("nothing of it had happened");
        return nothing;
    }
    let plan = undo::plan(&receipt.id, &receipt.plan, &done);
    match &receipt.settled {
        Some(settled) => {
            let how = if settled.finished {
                "finished"
            } else {
                "taken back"
            };
            plan.refuse(format!("{} was {how} by {}", receipt.id, settled.by))
        }
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
    plan.finishes = true;
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

/// The plan that takes back the last one of this intent that was done and is still in force.
pub(super) fn take_back_last(root: &Root, intent: &str, machine: &dyn Machine) -> Option<Plan> {
    let (ledger, _) = all(root);
    let last = ledger.newest_first().find(|receipt| {
        receipt.plan.intent == intent
            && receipt.settled.is_none()
            && receipt.outcome != Some(Outcome::RolledBack)
    });
    Some(undo_plan(last?, machine))
}

/// The plan that gives somebody back what their suspension took.
pub(super) fn resume_plan(root: &Root, name: &str) -> Result<Plan, String> {
    let intent = format!("suspend user {name}");
    let (ledger, _) = all(root);
    let last = ledger.newest_first().find(|receipt| {
        receipt.plan.intent == intent
            && receipt.settled.is_none()
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
    let plan = undo_plan(receipt, &Host::new(root));
    let mut plan = unless_begun(plan, &ledger, &receipt.id);
    plan.intent = wanted;
    Ok(plan)
}

/// The plan that takes one back, or with `finish` does what is left of it.
///
/// # Errors
/// When there is none of that name, or its receipt is damaged.
pub(super) fn decided(root: &Root, id: &str, finish: bool) -> Result<Plan, String> {
    let (ledger, _) = all(root);
    let Some(receipt) = ledger.one(id) else {
        return Err(match read(root, id) {
            Err(why) => why.to_string(),
            Ok(_) => format!("the plan {id} has just begun: ask again"),
        });
    };
    let machine = Host::new(root);
    let plan = if finish {
        finish_plan(receipt, &machine)
    } else {
        undo_plan(receipt, &machine)
    };
    Ok(unless_begun(plan, &ledger, id))
}

/// A plan about another one, refused when somebody has begun that already and was interrupted:
/// what is there of it then, only the receipt of that one tells.
fn unless_begun(plan: Plan, ledger: &Ledger, id: &str) -> Plan {
    match ledger.open_about(id) {
        Some(open) => plan.refuse(format!(
            "{} ({}) was interrupted: finish that one, or take it back, first",
            open.id, open.plan.intent
        )),
        None => plan,
    }
}
