//! Holding people back for a while: plans like any other, written down and audited, that wait for
//! nobody's turn. What they change ends with the host's uptime, so no disk has to be waited for
//! beyond the receipt.

use std::ops::ControlFlow;

use crate::host::holds;
use crate::host::jobs;
use crate::host::root::Root;
use crate::host::{change, observe};
use crate::model::actor::Actor;
use crate::plan::Plan;
use crate::plan::advance::Tell;
use crate::plan::fact::Subject;
use crate::plan::hold::{self, Knob, Whom};
use crate::plan::step::Action;
use crate::policy::schema::Resource;

use super::apply::Machine;
use super::changes::{Applied, ChangeError, carry_out};
use super::receipts;

/// Who acts when nobody asked.
pub(super) const GUARD: &str = "guard";

pub(super) fn guard() -> Actor {
    Actor {
        user: GUARD.to_owned(),
        ..Actor::default()
    }
}

/// This host, of which only what ends with its uptime is changed.
struct Now<'a>(&'a Root);

impl Machine for Now<'_> {
    fn observe(&self, subject: &Subject) -> Result<Option<String>, String> {
        observe::fact(self.0, subject).map_err(|error| error.to_string())
    }

    fn perform(&mut self, action: &Action, tell: &mut Tell<'_>) -> Result<(), String> {
        let done = change::perform(self.0, action, None, tell);
        done.map(drop).map_err(|error| error.to_string())
    }

    fn sync(&mut self) {}
}

/// Gives somebody less for a while.
///
/// # Errors
/// When they have no more now, or nothing was done.
pub fn throttle(
    root: &Root,
    whom: &Whom,
    wished: &[(Knob, u64)],
    why: &str,
) -> Result<Applied, ChangeError> {
    let slice = whom.slice();
    let now = |knob: Knob| holds::value(root, &slice, knob).unwrap_or(knob.unset());
    act(root, hold::throttle(whom, wished, &now, why))
}

/// Has everything somebody runs stand still for a while.
///
/// # Errors
/// When nothing was done.
pub fn freeze(root: &Root, whom: &Whom, why: &str) -> Result<Applied, ChangeError> {
    act(root, hold::freeze(whom, why))
}

/// Ends somebody's largest job, if there is one besides their login.
///
/// # Errors
/// When nothing was done.
pub fn kill(
    root: &Root,
    whom: &Whom,
    resource: Resource,
    why: &str,
) -> Result<Option<Applied>, ChangeError> {
    match hold::largest(&jobs::of(root, whom.uid), resource) {
        Some(job) => act(root, hold::kill(whom, &job, why)).map(Some),
        None => Ok(None),
    }
}

/// Takes back the last plan of this intent, if it is still in force.
///
/// # Errors
/// When nothing was done.
pub fn lift(root: &Root, intent: &str) -> Result<Option<Applied>, ChangeError> {
    match receipts::take_back_last(root, intent, &Now(root)) {
        Some(plan) => act(root, plan).map(Some),
        None => Ok(None),
    }
}

fn act(root: &Root, plan: Plan) -> Result<Applied, ChangeError> {
    if !root.is_live() {
        return Err(ChangeError::Fixture);
    }
    if !plan.may_be_done() {
        return Err(ChangeError::Refused(Box::new(plan)));
    }
    let go_on = &mut |_: super::apply::Moment<'_>| ControlFlow::Continue(());
    carry_out(root, plan, &guard(), &mut Now(root), go_on)
}
