//! Doing a plan: step by step, each compared with what is there before, read back after, and
//! written to the receipt in between; on a failure what was done is taken back.
//!
//! Nothing here knows the machine: it is behind [`Machine`], and the receipt behind [`Journal`].

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::plan::Plan;
use crate::plan::advance::{Advance, Tell};
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::step::{Action, Step, Undo};
use crate::plan::undo;
use crate::store::receipt::{Event, Outcome};

/// What reads and changes the host.
pub trait Machine {
    /// What is there of a subject; `None` when it is not there.
    ///
    /// # Errors
    /// When it cannot be told.
    fn observe(&self, subject: &Subject) -> Result<Option<String>, String>;

    /// Does something; `tell` hears how far a long action is, and says whether it goes on.
    ///
    /// # Errors
    /// What went wrong, in words.
    fn perform(&mut self, action: &Action, tell: &mut Tell<'_>) -> Result<(), String>;

    /// Writes everything that was changed to disk.
    fn sync(&mut self);

    /// What is to be said of what was done, though nothing failed.
    fn remarks(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Where the receipt is written; every line is on disk when it returns.
pub trait Journal {
    /// Writes an event.
    ///
    /// # Errors
    /// When it is not on disk: then nothing more may be done.
    fn write(&mut self, event: &Event) -> Result<(), String>;
}

/// What happens while a plan runs, for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment<'a> {
    /// Somebody else is changing the host, and is still waited for.
    Waits(&'a str),
    /// A step begins.
    Begins(usize),
    /// A long step is so far.
    Advances(usize, Advance),
    /// It is done and verified.
    Done(usize),
    /// It was so already.
    Already(usize),
    /// It failed.
    Failed(usize, &'a str),
    /// What was done is taken back.
    TakesBack(usize),
    /// That failed too.
    Stays(usize, &'a str),
}

/// Takes what happens and says whether the plan goes on. Asked to stop, it does so before the next
/// step, or within one that can be stopped, and takes back what was done; beyond its point of no
/// return it goes on to its end.
pub type Watch<'a> = dyn FnMut(Moment<'_>) -> ControlFlow<()> + 'a;

/// Why a step was not begun that could have been.
const STOPPED: &str = "stopped as asked";

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// In one word.
    pub outcome: Outcome,
    /// What failed, and why.
    pub failure: Option<String>,
    /// What of it is still there; of a plan that was done, what was left alone and why.
    pub remains: Vec<String>,
    /// Whether it ended because somebody asked for that.
    pub stopped: bool,
}

/// Whether the host is as the plan expects it, before anything is done: each step's expectations
/// against what is there and what the steps before it leave.
///
/// # Errors
/// The first thing that is not as expected, in words.
pub fn rehearse(plan: &Plan, machine: &dyn Machine) -> Result<(), String> {
    let mut state: HashMap<&Subject, Expect> = HashMap::new();
    for step in &plan.steps {
        for change in &step.changes {
            let now = match state.get(&change.subject) {
                Some(known) => known.clone(),
                // Nothing can be wrong with it; and where a step before this one makes what it is
                // in, as a home is made for keys, it cannot be read yet.
                None if change.before == Expect::Any => continue,
                None => Expect::from_read(machine.observe(&change.subject)?.as_deref()),
            };
            if !agrees(&change.before, &now) && !agrees(&change.after, &now) {
                return Err(drift(change, &now));
            }
        }
        for change in &step.changes {
            state.insert(&change.subject, change.after.clone());
        }
    }
    Ok(())
}

/// Whether what is known of a subject may be what is expected.
fn agrees(expected: &Expect, known: &Expect) -> bool {
    match known {
        Expect::Any => true,
        Expect::Absent => expected.holds(None),
        Expect::Is(value) => expected.holds(Some(value)),
        Expect::IfThere(value) => expected.holds(Some(value)) || expected.holds(None),
        Expect::Present => *expected != Expect::Absent,
    }
}

fn drift(change: &Change, now: &Expect) -> String {
    format!(
        "{} is not as the plan expects: expected {}, found {now}",
        change.subject, change.before
    )
}

/// Does a plan. The receipt already says that it is approved.
pub fn run(
    plan: &Plan,
    machine: &mut dyn Machine,
    journal: &mut dyn Journal,
    watch: &mut Watch<'_>,
) -> Report {
    let mut done: Vec<usize> = Vec::new();
    let stopped = Cell::new(false);
    let failed = plan.steps.iter().enumerate().find_map(|(at, step)| {
        let is_final = |at: &usize| matches!(plan.steps[*at].undo, Undo::Final { .. });
        let may_stop = !done.iter().any(is_final);
        let mut heard = |moment: Moment<'_>| match watch(moment) {
            ControlFlow::Break(()) if may_stop => {
                stopped.set(true);
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        };
        match one(at, step, machine, journal, &mut heard) {
            Ok(true) => done.push(at),
            Ok(false) => {}
            Err(failure) => return Some((at, failure)),
        }
        None
    });
    let Some((at, Failure { begun, why })) = failed else {
        return end(journal, Outcome::Done, None, machine.remarks());
    };
    let _ = watch(Moment::Failed(at, &why));
    // Without a receipt nothing more is done, not even back: the next start sorts it out.
    let _ = journal.write(&Event::Failed {
        step: at,
        why: why.clone(),
    });
    let step = &plan.steps[at];
    let mut remains = Vec::new();
    if begun && is_kept(step) {
        remains.push(format!(
            "{}: what is done of it stays; `benchwarden finish` does the rest, `benchwarden undo` \
             takes it back",
            step.what
        ));
    } else if begun && happened_once_begun(step, machine) != Some(false) {
        // It failed half way, or at the very end: it is taken back like one that was done.
        done.push(at);
    }
    let mut no_way_back = false;
    let takes_back = !done.is_empty();
    for at in done.into_iter().rev() {
        let step = &plan.steps[at];
        if matches!(step.undo, Undo::Nothing | Undo::Last { .. }) {
            continue;
        }
        if no_way_back {
            remains.push(format!("{}: it stays with what came after it", step.what));
            continue;
        }
        no_way_back = matches!(step.undo, Undo::Final { .. });
        let _ = watch(Moment::TakesBack(at));
        match take_back(step, machine) {
            Ok(()) => {
                let _ = journal.write(&Event::Undone { step: at });
            }
            Err(why) => {
                let _ = watch(Moment::Stays(at, &why));
                remains.push(format!("{}: {why}", step.what));
            }
        }
    }
    if takes_back && !no_way_back {
        remains.extend(finish_taking_back(plan, machine));
    }
    let outcome = if remains.is_empty() {
        Outcome::RolledBack
    } else {
        Outcome::Remains
    };
    remains.extend(machine.remarks());
    Report {
        stopped: stopped.get(),
        ..end(
            journal,
            outcome,
            Some(format!("{}: {why}", step.what)),
            remains,
        )
    }
}

/// Does what has to be done after steps are taken back; tells what does not work.
fn finish_taking_back(plan: &Plan, machine: &mut dyn Machine) -> Vec<String> {
    let mut remains = Vec::new();
    for step in undo::last(plan) {
        let performed = machine.perform(&step.action, &mut |_| ControlFlow::Continue(()));
        if let Err(why) = performed.and_then(|()| verify(&step, machine)) {
            remains.push(format!("{}: {why}", step.what));
        }
        machine.sync();
    }
    remains
}

fn end(
    journal: &mut dyn Journal,
    outcome: Outcome,
    failure: Option<String>,
    remains: Vec<String>,
) -> Report {
    let written = journal.write(&Event::Ended { outcome });
    Report {
        outcome,
        failure: failure.or(written.err()),
        remains,
        stopped: false,
    }
}

/// Why a step was not done, and whether something of it may have been.
struct Failure {
    begun: bool,
    why: String,
}

impl Failure {
    fn before(why: String) -> Self {
        Self { begun: false, why }
    }

    fn within(why: String) -> Self {
        Self { begun: true, why }
    }
}

/// Does one step; tells whether there was anything to do.
fn one(
    at: usize,
    step: &Step,
    machine: &mut dyn Machine,
    journal: &mut dyn Journal,
    watch: &mut Watch<'_>,
) -> Result<bool, Failure> {
    if watch(Moment::Begins(at)).is_break() {
        return Err(Failure::before(STOPPED.to_owned()));
    }
    if happened(step, machine) == Some(true) && !step.action.is_always_done() {
        journal
            .write(&Event::Done { step: at })
            .map_err(Failure::before)?;
        let _ = watch(Moment::Already(at));
        return Ok(false);
    }
    for change in &step.changes {
        let now = machine.observe(&change.subject).map_err(Failure::before)?;
        // What is always done may have happened in part by itself: systemd reads a unit's new
        // files when it meets the unit for the first time.
        let by_itself = step.action.is_always_done() && change.after.holds(now.as_deref());
        if !change.before.holds(now.as_deref()) && !by_itself {
            let now = Expect::from_read(now.as_deref());
            return Err(Failure::before(drift(change, &now)));
        }
    }
    journal
        .write(&Event::Started { step: at })
        .map_err(Failure::before)?;
    machine
        .perform(&step.action, &mut |so_far| {
            watch(Moment::Advances(at, so_far))
        })
        .map_err(Failure::within)?;
    verify(step, machine).map_err(Failure::within)?;
    machine.sync();
    journal
        .write(&Event::Done { step: at })
        .map_err(Failure::within)?;
    let _ = watch(Moment::Done(at));
    Ok(true)
}

/// Whether everything a step leaves is there.
fn verify(step: &Step, machine: &dyn Machine) -> Result<(), String> {
    for change in &step.changes {
        let now = machine.observe(&change.subject)?;
        if !change.after.holds(now.as_deref()) {
            let now = Expect::from_read(now.as_deref());
            return Err(format!(
                "{} reads back as {now}, not as {}",
                change.subject, change.after
            ));
        }
    }
    Ok(())
}

/// Whether a step has happened, by what is there now: `None` when it happened in part, or when
/// nothing tells.
pub fn happened(step: &Step, machine: &dyn Machine) -> Option<bool> {
    let telling: Vec<&Change> = step.changes.iter().filter(|c| !c.is_silent()).collect();
    if telling.is_empty() {
        return None;
    }
    let is = |wanted: fn(&Change) -> &Expect| {
        telling.iter().all(|change| {
            let now = machine.observe(&change.subject);
            now.is_ok_and(|now| wanted(change).holds(now.as_deref()))
        })
    };
    let (before, after) = (is(|change| &change.before), is(|change| &change.after));
    // Where anything may be there before, what is wished is there, however it came.
    let anything = telling.iter().any(|change| change.before == Expect::Any);
    match (before, after) {
        (true, true) => Some(anything),
        (true, false) => Some(false),
        (false, true) => Some(true),
        (false, false) => None,
    }
}

/// The same of a step that was begun: a tree that is still there may have lost half of what was in
/// it.
pub fn happened_once_begun(step: &Step, machine: &dyn Machine) -> Option<bool> {
    let in_doubt = matches!(
        step.action,
        Action::DeleteTree { .. } | Action::EndAtOnce { .. } | Action::EndJob { .. }
    );
    happened(step, machine).filter(|happened| *happened || !in_doubt)
}

/// Whether what was done of a step that failed is kept: whose files are given away is removed by
/// then, and a single file that cannot be given must not take all the others back; nor must a
/// process that does not stop get all the others going again.
fn is_kept(step: &Step) -> bool {
    matches!(
        step.action,
        Action::GiveFiles { .. } | Action::Freeze { .. }
    )
}

/// Takes one step back and looks whether it is back.
fn take_back(step: &Step, machine: &mut dyn Machine) -> Result<(), String> {
    let Some(inverse) = undo::inverse(step) else {
        return match &step.undo {
            Undo::None { why } | Undo::Final { why } => Err(why.clone()),
            Undo::Exact { .. } | Undo::Partly { .. } | Undo::Last { .. } | Undo::Nothing => Ok(()),
        };
    };
    let performed = machine.perform(&inverse.action, &mut |_| ControlFlow::Continue(()));
    // A step that happened in part may have nothing to take back, which its tool calls an error:
    // what is there decides.
    // Where nothing can be read back, what was done has verified itself.
    if inverse.changes.is_empty() {
        performed.clone()?;
    }
    verify(&inverse, machine).map_err(|why| performed.err().unwrap_or(why))?;
    machine.sync();
    Ok(())
}
