//! The one way to change the host: an intent becomes a plan, the plan is approved, written down,
//! done, verified and audited. One at a time on a host.

use std::time::Duration;

use crate::base::account::NewName;
use crate::base::secret::Secret;
use crate::base::sshkey::PublicKey;
use crate::host::durable::{self, Lock};
use crate::host::root::Root;
use crate::host::{self, change};
use crate::host::{actor, belongings, clock, observe, world};
use crate::model::actor::Actor;
use crate::plan::Plan;
use crate::plan::advance::Tell;
use crate::plan::fact::Subject;
use crate::plan::people::add::AddUser;
use crate::plan::people::many::{self, Planned};
use crate::plan::people::modify::ModifyUser;
use crate::plan::people::remove::{Files, Home};
use crate::plan::people::{access, add, groups, keys, modify, remove};
use crate::plan::step::Action;
use crate::store::receipt::{self, Event};

use super::apply::{self, Journal, Machine, Moment, Report, Watch};
use super::limits::{self, LimitsIntent};
use super::runtimes::{self, RuntimesIntent};
use super::sudo::{self, SudoIntent};
use super::triage::{self, Triage};
use super::{audit, receipts};

pub(super) const LOCK_DIR: &str = "/run/benchwarden";
const LOCK: &str = "/run/benchwarden/change.lock";
/// How often a change that waits for another looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What somebody wants.
#[derive(Clone, Debug)]
pub enum Intent {
    /// A new account.
    AddUser(Box<AddUser>),
    /// A changed account.
    ModifyUser(Box<ModifyUser>),
    /// An end of access that can be taken back.
    Suspend(String),
    /// Access as it was.
    Resume(String),
    /// An end for good.
    Remove(String, Home, Files),
    /// More keys.
    AddKeys(String, Vec<PublicKey>),
    /// Fewer keys, by fingerprint.
    RemoveKeys(String, Vec<String>),
    /// A new group, its gid and members.
    AddGroup(NewName, Option<u32>, Vec<String>),
    /// A group less.
    RemoveGroup(String),
    /// Members that come.
    Join(String, Vec<String>),
    /// Members that go.
    Leave(String, Vec<String>),
    /// Limits, and what else the policy wishes of units.
    Limits(LimitsIntent),
    /// Grants of sudo.
    Sudo(SudoIntent),
    /// Which R and Python people get.
    Runtimes(RuntimesIntent),
    /// What helps at once.
    Triage(Triage),
    /// A plan taken back.
    Undo(String),
    /// A plan that was interrupted, done to its end.
    Finish(String),
}

impl Intent {
    /// Whom it is about, for what has to be known of them.
    fn about(&self) -> &str {
        match self {
            Self::AddUser(wish) => wish.name.as_str(),
            Self::ModifyUser(wish) => &wish.name,
            Self::AddGroup(name, ..) => name.as_str(),
            Self::Suspend(name)
            | Self::Resume(name)
            | Self::Remove(name, ..)
            | Self::AddKeys(name, _)
            | Self::RemoveKeys(name, _)
            | Self::RemoveGroup(name)
            | Self::Join(name, _)
            | Self::Leave(name, _) => name,
            Self::Triage(wish) => &wish.name,
            Self::Limits(_)
            | Self::Sudo(_)
            | Self::Runtimes(_)
            | Self::Undo(_)
            | Self::Finish(_) => "",
        }
    }
}

/// What was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// The plan that was shown, by its fingerprint.
    Shown(String),
    /// Whatever the intent means when its turn comes.
    Any,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Only root may.
    #[error("changes need root; sudo benchwarden, or ask an admin")]
    NotRoot,
    /// A fixture tree.
    #[error("--root looks at a tree of files and never changes it")]
    Fixture,
    /// A safety check said no.
    #[error("{}", .0.refused.join("; "))]
    Refused(Box<Plan>),
    /// The host is not what it was when the plan was shown.
    #[error("the host has changed since the plan was shown: look at it again")]
    Changed,
    /// Something is not as the plan expects.
    #[error("nothing was done: {0}")]
    Drift(String),
    /// Something could not be read or written.
    #[error("nothing was done: {0}")]
    Failed(String),
}

/// What became of a plan.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Its name, for `undo`.
    pub id: String,
    /// What was done.
    pub plan: Plan,
    /// How it ended.
    pub report: Report,
}

/// What an intent means on this host now, with what whoever approves it should know: what
/// somebody owns is looked up on all disks, for seconds.
///
/// # Errors
/// When what decides cannot be read.
pub fn plan(root: &Root, intent: &Intent) -> Result<Plan, ChangeError> {
    let mut plan = steps(root, intent)?;
    if let Intent::Remove(name, _, files) = intent
        && plan.refused.is_empty()
    {
        let known = world::world(root, intent.about(), &actor::actor(root));
        let known = known.map_err(ChangeError::Failed)?;
        if let Some(account) = known.account(name) {
            let all = belongings::of(root, name, account.uid, &account.home);
            remove::tell(&mut plan, account, files, all);
        }
    }
    Ok(plan)
}

/// What an intent means on this host now: the same steps, decided at once.
///
/// # Errors
/// When what decides cannot be read.
pub fn steps(root: &Root, intent: &Intent) -> Result<Plan, ChangeError> {
    let failed = ChangeError::Failed;
    may_plan(root)?;
    if let Intent::Undo(id) | Intent::Finish(id) = intent {
        let finish = matches!(intent, Intent::Finish(_));
        return receipts::decided(root, id, finish).map_err(failed);
    }
    if let Intent::Limits(wish) = intent {
        return limits::plan(root, wish);
    }
    if let Intent::Sudo(wish) = intent {
        return sudo::plan(root, wish);
    }
    if let Intent::Runtimes(wish) = intent {
        return runtimes::plan(root, wish);
    }
    if let Intent::Triage(wish) = intent {
        return Ok(triage::plan(root, wish));
    }
    if let Intent::Resume(name) = intent {
        return receipts::resume_plan(root, name).map_err(failed);
    }
    let known = world::world(root, intent.about(), &actor::actor(root)).map_err(failed)?;
    Ok(match intent {
        Intent::AddUser(wish) => add::plan(wish, &known),
        Intent::ModifyUser(wish) => modify::plan(wish, &known),
        Intent::Suspend(name) => access::suspend(name, &known),
        Intent::Remove(name, home, files) => remove::plan(name, home, files, &known),
        Intent::AddKeys(name, new) => keys::add(name, new, &known),
        Intent::RemoveKeys(name, old) => keys::remove(name, old, &known),
        Intent::AddGroup(name, gid, members) => groups::add(name, *gid, members, &known),
        Intent::RemoveGroup(name) => groups::remove(name, &known),
        Intent::Join(name, people) => groups::join(name, people, &known),
        Intent::Leave(name, people) => groups::leave(name, people, &known),
        Intent::Limits(_)
        | Intent::Sudo(_)
        | Intent::Runtimes(_)
        | Intent::Triage(_)
        | Intent::Resume(_)
        | Intent::Undo(_)
        | Intent::Finish(_) => Plan::new("", ""),
    })
}

/// What several new accounts mean together, each planned after those before it.
///
/// # Errors
/// When what decides cannot be read.
pub fn plan_people(root: &Root, wishes: &[AddUser]) -> Result<Vec<Planned>, ChangeError> {
    may_plan(root)?;
    let names: Vec<&str> = wishes.iter().map(|wish| wish.name.as_str()).collect();
    let known = world::world_of(root, &names, &actor::actor(root)).map_err(ChangeError::Failed)?;
    Ok(many::plan(wishes, known))
}

/// What decides whether a plan is safe is readable for root alone.
fn may_plan(root: &Root) -> Result<(), ChangeError> {
    if root.is_live() && !host::is_root() {
        return Err(ChangeError::NotRoot);
    }
    Ok(())
}

/// Does what an intent means, if it is what was approved.
///
/// # Errors
/// When nothing was done; once a step has begun the answer is a report.
pub fn apply(
    root: &Root,
    intent: &Intent,
    approval: &Approval,
    secret: Option<&Secret>,
    watch: &mut Watch<'_>,
) -> Result<Applied, ChangeError> {
    apply_by(root, &actor::actor(root), intent, approval, secret, watch)
}

/// The same, for whoever acts on somebody else's behalf.
///
/// # Errors
/// As for [`apply`].
pub(super) fn apply_by(
    root: &Root,
    who: &Actor,
    intent: &Intent,
    approval: &Approval,
    secret: Option<&Secret>,
    watch: &mut Watch<'_>,
) -> Result<Applied, ChangeError> {
    if let Intent::Triage(wish) = intent {
        return triage::apply(root, wish, approval, watch);
    }
    if !root.is_live() {
        return Err(ChangeError::Fixture);
    }
    if !host::is_root() {
        return Err(ChangeError::NotRoot);
    }
    // What is owed comes before what comes now. A disk that still does not take it says so below.
    let _ = triage::pay(root);
    let _lock = wait_for_turn(root, who, intent, watch).map_err(ChangeError::Failed)?;
    let plan = steps(root, intent)?;
    if !plan.refused.is_empty() {
        let reason = plan.refused.join("; ");
        audit::note_down(root, audit::record(who, &plan, "", "refused", Some(reason)));
        return Err(ChangeError::Refused(Box::new(plan)));
    }
    if let Approval::Shown(fingerprint) = approval
        && *fingerprint != plan.fingerprint()
    {
        return Err(ChangeError::Changed);
    }
    let mut host = Host {
        secret: secret.cloned(),
        ..Host::new(root)
    };
    carry_out(root, plan, who, &mut host, watch)
}

/// Does a plan that may be done: it is written down before its first step, and after each.
///
/// # Errors
/// When nothing was done.
pub(super) fn carry_out(
    root: &Root,
    plan: Plan,
    who: &Actor,
    machine: &mut dyn Machine,
    watch: &mut Watch<'_>,
) -> Result<Applied, ChangeError> {
    apply::rehearse(&plan, machine).map_err(ChangeError::Drift)?;
    let begun = clock::monotonic();
    let mut receipt = Receipt::open(root, &plan, who).map_err(ChangeError::Failed)?;
    let id = receipt.id.clone();
    audit::note_down(root, audit::record(who, &plan, &id, "began", None));
    let report = apply::run(&plan, machine, &mut receipt, watch);
    let mut last = audit::record(
        who,
        &plan,
        &id,
        report.outcome.as_str(),
        report.failure.clone(),
    );
    last.steps = plan.steps.iter().map(|step| step.what.clone()).collect();
    last.duration_ms = Some(clock::monotonic().saturating_sub(begun).0 / 1_000_000);
    audit::note_down(root, last);
    Ok(Applied { id, plan, report })
}

/// Waits until nobody else changes the host.
fn wait_for_turn(
    root: &Root,
    who: &Actor,
    intent: &Intent,
    watch: &mut Watch<'_>,
) -> Result<Lock, String> {
    durable::directory(root, LOCK_DIR, 0o755).map_err(|error| error.to_string())?;
    loop {
        if let Some(mut lock) = Lock::take(root, LOCK).map_err(|error| error.to_string())? {
            lock.say(&format!("{}: {}", who.in_words(), in_words(intent)));
            return Ok(lock);
        }
        let other = root.peek(LOCK).unwrap_or_default();
        if watch(Moment::Waits(&other)).is_break() {
            return Err(format!("stopped while waiting for {other}"));
        }
        clock::pause(LOOK_AGAIN);
    }
}

fn in_words(intent: &Intent) -> String {
    let verb = match intent {
        Intent::AddUser(_) => "add user",
        Intent::ModifyUser(_) => "modify user",
        Intent::Suspend(_) => "suspend user",
        Intent::Resume(_) => "resume user",
        Intent::Remove(..) => "remove user",
        Intent::AddKeys(..) => "add ssh keys of",
        Intent::RemoveKeys(..) => "remove ssh keys of",
        Intent::AddGroup(..) => "add group",
        Intent::RemoveGroup(_) => "remove group",
        Intent::Join(..) => "join group",
        Intent::Leave(..) => "leave group",
        Intent::Limits(wish) => return wish.words(),
        Intent::Sudo(wish) => return wish.words(),
        Intent::Runtimes(wish) => return wish.words(),
        Intent::Triage(wish) => return wish.act.words(&wish.name),
        Intent::Undo(id) => return format!("undo {id}"),
        Intent::Finish(id) => return format!("finish {id}"),
    };
    format!("{verb} {}", intent.about())
}

/// This host, as plans see it.
pub(super) struct Host {
    pub(super) root: Root,
    pub(super) secret: Option<Secret>,
    /// What is to be said of what was done.
    remarks: Vec<String>,
    /// Whether nothing waits for a disk.
    at_once: bool,
}

impl Host {
    /// For looking alone.
    pub(super) fn new(root: &Root) -> Self {
        Self {
            root: root.clone(),
            secret: None,
            remarks: Vec::new(),
            at_once: false,
        }
    }

    /// For what leaves nothing on a disk.
    pub(super) fn at_once(root: &Root) -> Self {
        Self {
            at_once: true,
            ..Self::new(root)
        }
    }
}

impl Machine for Host {
    fn observe(&self, subject: &Subject) -> Result<Option<String>, String> {
        observe::fact(&self.root, subject).map_err(|error| error.to_string())
    }

    fn perform(&mut self, action: &Action, tell: &mut Tell<'_>) -> Result<(), String> {
        let said = change::perform(&self.root, action, self.secret.as_ref(), tell);
        self.remarks
            .extend(said.map_err(|error| error.to_string())?);
        Ok(())
    }

    fn remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }

    fn sync(&mut self) {
        if self.at_once {
            return;
        }
        for path in ["/etc", "/home", "/var/lib"] {
            durable::sync_file_system(&self.root, path);
        }
    }
}

/// The receipt of one plan, on disk.
struct Receipt {
    root: Root,
    path: String,
    id: String,
}

impl Receipt {
    fn open(root: &Root, plan: &Plan, who: &Actor) -> Result<Self, String> {
        durable::directory(root, receipts::DIR, 0o700).map_err(|error| error.to_string())?;
        let at = clock::now();
        // The guard does not wait for its turn, and counts from elsewhere.
        let first = if who.user == super::holds::GUARD {
            100
        } else {
            0
        };
        let id = receipts::new_id(root, first);
        let mut receipt = Self {
            root: root.clone(),
            path: receipts::path(&id),
            id: id.clone(),
        };
        receipt.write(&Event::Approved {
            id,
            at: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            actor: who.clone(),
            plan: Box::new(plan.clone()),
        })?;
        Ok(receipt)
    }
}

impl Journal for Receipt {
    fn write(&mut self, event: &Event) -> Result<(), String> {
        durable::append(&self.root, &self.path, &receipt::line(event), 0o600)
            .map_err(|error| error.to_string())
    }
}

/// Who changes the host now, and what they do.
pub(super) fn who_is_at_it(root: &Root) -> Option<String> {
    let busy = root.exists(LOCK) && matches!(Lock::take(root, LOCK), Ok(None));
    busy.then(|| root.peek(LOCK).unwrap_or_default())
}
