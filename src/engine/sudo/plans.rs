//! The plans of grants. A grant goes into the console's policy file first, so that the policy
//! stays the one that says what is wished; then into one file of `/etc/sudoers.d`.

use std::ops::ControlFlow;

use jiff::Timestamp;

use crate::base::text::printable;
use crate::engine::changes::{self, Applied, Approval, ChangeError, Intent};
use crate::engine::holds;
use crate::engine::limits::{good, policy_step};
use crate::engine::policies;
use crate::host::policy::CONSOLE;
use crate::host::root::Root;
use crate::host::{clock, directory, sudo};
use crate::model::people::People;
use crate::model::sudo::view::Known;
use crate::plan::Plan;
use crate::plan::sudo::file::{self, Wish, is_pattern, program};
use crate::plan::sudo::steps::{self, Call, Ours};
use crate::policy::edit;
use crate::policy::schema::Policy;

use super::entries::{cleared, elsewhere, entries};
use super::intent::SudoIntent;

/// The plan of an intent.
///
/// # Errors
/// When the policy is wrong, or what decides cannot be read.
pub(in crate::engine) fn plan(root: &Root, intent: &SudoIntent) -> Result<Plan, ChangeError> {
    let mut plan = Plan::new(intent.words(), intent.about());
    let mut people = directory::people(root);
    let known = sudo::read(root, &mut people);
    let there = sudo::ours(root);
    if known.tool.path.is_none() {
        return Ok(plan.refuse("there is no sudo here; install the package sudo"));
    }
    let ground = Ground {
        root,
        known: &known,
        people: &people,
        there: &there,
        now: clock::now(),
    };
    match intent {
        SudoIntent::Grant(wish, wildcards) => {
            plan.refused.extend(ground.objections(wish, *wildcards));
            if plan.refused.is_empty() {
                ground.grant(&mut plan, wish)?;
            }
        }
        SudoIntent::Revoke(name) => ground.revoke(&mut plan, name)?,
        SudoIntent::Mend => {
            let policy = good(&policies::of(root))?;
            ground.over(&mut plan)?;
            ground.as_wished(&mut plan, &policy);
        }
        SudoIntent::Expire => ground.over(&mut plan)?,
    }
    ground.nobody_is_locked_out(&mut plan);
    Ok(plan)
}

/// Adds what makes our files as a policy says.
pub(in crate::engine) fn add(root: &Root, policy: &Policy, plan: &mut Plan) {
    let wished = !policy.grants().is_empty();
    let there = sudo::ours(root);
    // Most hosts have none, and need not be looked at for it.
    if !wished && there.is_empty() {
        return;
    }
    let mut people = directory::people(root);
    let known = sudo::read(root, &mut people);
    if known.tool.path.is_none() {
        plan.warn("the policy grants sudo, and there is no sudo here");
        return;
    }
    let ground = Ground {
        root,
        known: &known,
        people: &people,
        there: &there,
        now: clock::now(),
    };
    ground.as_wished(plan, policy);
    ground.nobody_is_locked_out(plan);
}

/// What of our files is not as the policy says, each with its path and what it is.
pub(super) fn drift(root: &Root, known: &Known) -> Vec<(String, String)> {
    let Ok(policy) = policies::of(root).policy else {
        return Vec::new();
    };
    let (there, now) = (sudo::ours(root), clock::now());
    let notafter = known.tool.notafter != Some(false);
    let wishes: Vec<Wish> = policy.grants().iter().map(Wish::of).collect();
    let mut all = Vec::new();
    for ours in &there {
        let path = file::path(&ours.name);
        match wishes.iter().find(|wish| wish.name == ours.name) {
            None => all.push((path, "it is of a grant that no policy has".to_owned())),
            Some(wish) if wish.is_over(now) => {
                all.push((path, "it is of a grant that is over".to_owned()));
            }
            // On a tree of files nobody knows which sudo there is.
            Some(wish) if root.is_live() => {
                let text = wish.text(notafter);
                if text.is_ok_and(|text| file::fact(&text) != ours.fact) {
                    all.push((path, "it is not as the policy says".to_owned()));
                }
            }
            Some(_) => {}
        }
    }
    for wish in wishes.iter().filter(|wish| !wish.is_over(now)) {
        if !there.iter().any(|ours| ours.name == wish.name) {
            let what = format!("the grant {} of the policy is not in place", wish.name);
            all.push((file::path(&wish.name), what));
        }
    }
    all
}

/// Takes back what is over, as the guard; `None` where nothing is.
///
/// # Errors
/// When it was not done.
pub fn expire(root: &Root) -> Result<Option<Applied>, ChangeError> {
    let now = clock::now();
    let is_over = |ours: &Ours| file::until_of(&ours.text).is_some_and(|until| until <= now);
    if !sudo::ours(root).iter().any(is_over) {
        return Ok(None);
    }
    let intent = Intent::Sudo(SudoIntent::Expire);
    let go_on = &mut |_: crate::engine::apply::Moment<'_>| ControlFlow::Continue(());
    changes::apply_by(root, &holds::guard(), &intent, &Approval::Any, None, go_on).map(Some)
}

/// What a plan about grants is made from.
pub(super) struct Ground<'a> {
    pub(super) root: &'a Root,
    pub(super) known: &'a Known,
    pub(super) people: &'a People,
    pub(super) there: &'a [Ours],
    pub(super) now: Timestamp,
}

impl Ground<'_> {
    pub(super) fn notafter(&self) -> bool {
        self.known.tool.notafter != Some(false)
    }

    fn there(&self, name: &str) -> Option<&Ours> {
        self.there.iter().find(|ours| ours.name == name)
    }

    fn grant(&self, plan: &mut Plan, wish: &Wish) -> Result<(), ChangeError> {
        let policies = policies::of(self.root);
        let policy = good(&policies)?;
        if let Some(place) = elsewhere(&policy, &wish.name) {
            plan.refused.push(format!(
                "[sudo.grant.{}] is said at {place}: change it there",
                wish.name
            ));
            return Ok(());
        }
        self.edited(plan, entries(wish))?;
        self.write(plan, wish);
        self.over_files(plan, Some(&wish.name));
        self.tell(plan, wish);
        Ok(())
    }

    fn revoke(&self, plan: &mut Plan, name: &str) -> Result<(), ChangeError> {
        let policies = policies::of(self.root);
        let policy = good(&policies)?;
        if let Some(place) = elsewhere(&policy, name) {
            plan.refused.push(format!(
                "[sudo.grant.{name}] is said at {place}: take it out there"
            ));
            return Ok(());
        }
        let said = policy.grants().iter().any(|grant| grant.name == name);
        if !said && self.there(name).is_none() {
            let name = printable(name.as_bytes(), 80);
            plan.refused
                .push(format!("there is no grant {name} of benchwarden's here"));
            return Ok(());
        }
        if let Some(grant) = policy.grants().iter().find(|grant| grant.name == name) {
            self.tell_who_still_may(plan, &Wish::of(grant));
        }
        let gone = if said { cleared(name) } else { Vec::new() };
        self.edited(plan, gone)?;
        if let Some(ours) = self.there(name) {
            steps::remove(plan, ours, "");
        }
        self.over_files(plan, Some(name));
        Ok(())
    }

    /// Takes out what is over, of the policy and of the files.
    fn over(&self, plan: &mut Plan) -> Result<(), ChangeError> {
        // A policy that is wrong keeps nobody's right for longer.
        if policies::of(self.root).policy.is_ok() {
            self.edited(plan, Vec::new())?;
        }
        self.over_files(plan, None);
        Ok(())
    }

    fn over_files(&self, plan: &mut Plan, except: Option<&str>) {
        for ours in self.there {
            let over = file::until_of(&ours.text).is_some_and(|until| until <= self.now);
            if over && except != Some(ours.name.as_str()) && !is_planned(plan, ours) {
                steps::remove(plan, ours, ", which is over");
            }
        }
    }

    /// The step of the console's policy file: these changes, and what is over taken out.
    fn edited(&self, plan: &mut Plan, changes: Vec<edit::Change>) -> Result<(), ChangeError> {
        let policies = policies::of(self.root);
        let policy = good(&policies)?;
        let named: Vec<&String> = changes
            .iter()
            .filter_map(|change| change.table.get(2))
            .collect();
        let own = policy.files.iter().filter(|file| &*file.name == CONSOLE);
        let over = own.flat_map(|file| &file.grants).filter(|grant| {
            let until = grant.until.as_ref();
            until.is_some_and(|until| until.value <= self.now) && !named.contains(&&grant.name)
        });
        let mut all: Vec<edit::Change> = over.flat_map(|grant| cleared(&grant.name)).collect();
        all.extend(changes);
        if all.is_empty() {
            return Ok(());
        }
        let failed = |error: String| ChangeError::Failed(error);
        let old = policies
            .sources
            .iter()
            .find(|source| &*source.name == CONSOLE);
        let old = old.map(|source| String::from_utf8_lossy(&source.bytes).into_owned());
        let (text, _) = edit::edit(&policies.sources, CONSOLE, true, &all)
            .map_err(|error| failed(error.to_string()))?;
        if old.as_deref() != Some(text.as_str()) {
            plan.push(policy_step(self.root, CONSOLE, old, &text).map_err(failed)?);
        }
        Ok(())
    }

    fn write(&self, plan: &mut Plan, wish: &Wish) {
        let notafter = self.notafter();
        let there = self.there(&wish.name);
        if let Err(why) = steps::write(plan, wish, there, notafter, &self.calls(wish)) {
            plan.refused.push(why.to_string());
            return;
        }
        let text = wish.text(notafter).unwrap_or_default();
        if self.root.is_live()
            && let Err(why) = sudo::check(self.root, &file::path(&wish.name), &text)
        {
            plan.refused.push(why.to_string());
        }
    }

    /// What sudo is asked afterwards: each exact command, for each person, and one of each group.
    pub(super) fn calls(&self, wish: &Wish) -> Vec<Call> {
        let target = wish.run_as.as_deref().unwrap_or("root");
        let members = wish.groups.iter().filter_map(|name| {
            let group = self
                .people
                .groups
                .iter()
                .find(|group| group.name.raw() == name)?;
            group.everyone().next().map(|name| name.raw().to_owned())
        });
        let whom: Vec<String> = wish.users.iter().cloned().chain(members).collect();
        let is_exact = |text: &&String| program(text).is_some() && !is_pattern(text);
        let exact: Vec<&String> = wish.commands.iter().filter(is_exact).collect();
        let each = |who: &String| {
            let calls = exact
                .iter()
                .map(|text| (who.clone(), target.to_owned(), (*text).clone()));
            calls.collect::<Vec<Call>>()
        };
        whom.iter().flat_map(each).collect()
    }

    /// Our files as the policy says.
    fn as_wished(&self, plan: &mut Plan, policy: &Policy) {
        let wishes: Vec<Wish> = policy.grants().iter().map(Wish::of).collect();
        for ours in self.there {
            let wish = wishes.iter().find(|wish| wish.name == ours.name);
            if wish.is_none_or(|wish| wish.is_over(self.now)) && !is_planned(plan, ours) {
                let why = if wish.is_some() {
                    ", which is over"
                } else {
                    ", which no policy has"
                };
                steps::remove(plan, ours, why);
            }
        }
        for wish in wishes.iter().filter(|wish| !wish.is_over(self.now)) {
            // Wildcards that stand in a policy file are meant.
            let objections = self.objections(wish, true);
            if objections.is_empty() {
                self.write(plan, wish);
            } else {
                for why in objections {
                    plan.warn(format!("stays: the grant {}: {why}", wish.name));
                }
            }
        }
    }
}

fn is_planned(plan: &Plan, ours: &Ours) -> bool {
    use crate::plan::step::Action;
    let own = file::path(&ours.name);
    plan.steps.iter().any(|step| match &step.action {
        Action::RemoveFile { path } | Action::WriteSudoers { path, .. } => *path == own,
        _ => false,
    })
}
