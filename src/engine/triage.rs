//! Triage: what is done at once, on a host that suffers, and written down as soon as it can be.
//!
//! It differs from other changes in three ways. It waits for nobody, since stopping somebody goes
//! together with anything else that is done. It starts no program and needs no disk before it has
//! acted: the journal hears of it first, and the receipt is written afterwards. What cannot be
//! written then is kept in memory, below `/run`, until it can be.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::id::Uid;
use crate::host::durable::{self, Lock};
use crate::host::root::Root;
use crate::host::{self, actor, clock, journal, patience, triage};
use crate::model::actor::Actor;
use crate::plan::Plan;
use crate::plan::triage::{Act, plan as planned};
use crate::policy::schema::Policy;
use crate::store::audit::Record;
use crate::store::receipt::{self, Event};

use super::apply::{self, Journal, Watch};
use super::changes::{Applied, Approval, ChangeError, Host, LOCK_DIR};
use super::{audit, policies, receipts};

/// What is not written yet, each in a file of its own; `/run` is memory.
const OWED: &str = "/run/benchwarden/owed";
const LOCK: &str = "/run/benchwarden/owed.lock";
/// How long a disk is waited for before the answer is given.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is wanted, and of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Triage {
    /// Whose.
    pub uid: Uid,
    /// How they are called, for people.
    pub name: String,
    /// What.
    pub act: Act,
}

/// A receipt and its audit records that wait for room on a disk.
#[derive(Debug, Serialize, Deserialize)]
struct Owed {
    id: String,
    events: Vec<Event>,
    records: Vec<Record>,
}

/// What it means now.
pub(super) fn plan(root: &Root, wish: &Triage) -> Plan {
    let policy = policies::of(root).policy;
    let is_wrong = policy.is_err();
    let admins = policy.unwrap_or_else(|_| Policy::default()).admins();
    let whom = (wish.uid, wish.name.as_str());
    let who = actor::actor(root);
    let mut target = triage::target(root, whom, wish.act.pids(), &admins, &who);
    if is_wrong {
        let note = "the policy is wrong, so of the admins only members of sudo and wheel are known";
        target.notes.push(note.to_owned());
    }
    planned(&wish.act, &target)
}

/// Does it.
///
/// # Errors
/// When nothing was done.
pub(super) fn apply(
    root: &Root,
    wish: &Triage,
    approval: &Approval,
    watch: &mut Watch<'_>,
) -> Result<Applied, ChangeError> {
    if !root.is_live() {
        return Err(ChangeError::Fixture);
    }
    if !host::is_root() {
        return Err(ChangeError::NotRoot);
    }
    let who = actor::actor(root);
    let plan = plan(root, wish);
    if !plan.refused.is_empty() {
        let reason = plan.refused.join("; ");
        let record = audit::record(&who, &plan, "", "refused", Some(reason));
        audit::tell(root, &record);
        let id = new_id();
        settle(root, &Owed::new(id, Vec::new(), vec![record]));
        return Err(ChangeError::Refused(Box::new(plan)));
    }
    if let Approval::Shown(fingerprint) = approval
        && *fingerprint != plan.fingerprint()
    {
        return Err(ChangeError::Changed);
    }
    let mut host = Host::at_once(root);
    apply::rehearse(&plan, &host).map_err(ChangeError::Drift)?;
    let begun = clock::monotonic();
    let id = new_id();
    let mut late = Late(vec![approved(&id, &plan, &who)]);
    let began = audit::record(&who, &plan, &id, "began", None);
    audit::tell(root, &began);
    // Whatever ends this program now, what it began is known. The journal has it besides.
    let _ = keep(
        root,
        &Owed::new(id.clone(), late.0.clone(), vec![began.clone()]),
    );
    let mut report = apply::run(&plan, &mut host, &mut late, watch);
    let mut last = audit::record(
        &who,
        &plan,
        &id,
        report.outcome.as_str(),
        report.failure.clone(),
    );
    last.steps = plan.steps.iter().map(|step| step.what.clone()).collect();
    last.duration_ms = Some(clock::monotonic().saturating_sub(begun).0 / 1_000_000);
    audit::tell(root, &last);
    let owed = Owed::new(id.clone(), late.0, vec![began, last]);
    report.remains.extend(settle(root, &owed));
    Ok(Applied { id, plan, report })
}

/// A name that nobody else makes, and that no disk has to be asked about.
fn new_id() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let (stamp, process) = (receipts::stamp(), std::process::id());
    match MADE.fetch_add(1, Ordering::Relaxed) {
        0 => format!("{stamp}-{process}"),
        n => format!("{stamp}-{process}-{n}"),
    }
}

fn approved(id: &str, plan: &Plan, who: &Actor) -> Event {
    Event::Approved {
        id: id.to_owned(),
        at: clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        actor: who.clone(),
        plan: Box::new(plan.clone()),
    }
}

/// A receipt that is written when everything is done.
struct Late(Vec<Event>);

impl Journal for Late {
    fn write(&mut self, event: &Event) -> Result<(), String> {
        self.0.push(event.clone());
        Ok(())
    }
}

impl Owed {
    fn new(id: String, events: Vec<Event>, records: Vec<Record>) -> Self {
        Self {
            id,
            events,
            records,
        }
    }
}

/// Puts it into memory, whole.
fn keep(root: &Root, owed: &Owed) -> Result<(), String> {
    let text = serde_json::to_vec(owed).map_err(|error| error.to_string())?;
    let path = format!("{OWED}/{}.json", owed.id);
    durable::directory(root, LOCK_DIR, 0o755)
        .and_then(|()| durable::directory(root, OWED, 0o700))
        .and_then(|()| durable::replace(root, &path, &text, 0o600))
        .map_err(|error| error.to_string())
}

/// Writes down what was done, if the disk takes it at once; what cannot be written is kept in
/// memory. Tells what is to be said of that.
fn settle(root: &Root, owed: &Owed) -> Option<String> {
    let kept = keep(root, owed);
    let why = match (kept, is_paid(root, owed)) {
        (_, Ok(())) => return None,
        (Ok(()), Err(why)) => {
            format!("it is written down in memory, in {OWED}, until a disk takes it: {why}")
        }
        (Err(error), Err(why)) => format!("only the journal has it: {why}; {error}"),
    };
    journal::tell(root, &why, &[]);
    Some(why)
}

/// Everything that is owed is paid, and this with it.
fn is_paid(root: &Root, owed: &Owed) -> Result<(), String> {
    let own = root.clone();
    let paid = patience::within(PATIENCE, move || pay(&own));
    paid.unwrap_or_else(
        || Err("the disk does not answer, or no thread can be started".to_owned()),
    )?;
    if root.exists(&format!("{OWED}/{}.json", owed.id)) {
        return Err("another is writing".to_owned());
    }
    Ok(())
}

/// Writes down what could not be written before, in the order in which it was done.
///
/// # Errors
/// When the disk still does not take it.
pub(super) fn pay(root: &Root) -> Result<(), String> {
    if !root.is_live() || !root.exists(OWED) {
        return Ok(());
    }
    let failed = |error: durable::WriteError| error.to_string();
    // Whoever else is at it writes everything.
    let Some(_lock) = Lock::take(root, LOCK).map_err(failed)? else {
        return Ok(());
    };
    for name in root.list_names(OWED) {
        let path = format!("{OWED}/{name}");
        let Some(stem) = name.strip_suffix(".json") else {
            continue;
        };
        let text = root.peek(&path).unwrap_or_default();
        let Ok(mut owed) = serde_json::from_str::<Owed>(&text) else {
            journal::tell(
                root,
                &format!("{path} cannot be understood and is set aside"),
                &[],
            );
            durable::move_file(root, &path, &format!("{OWED}/{stem}.bad")).map_err(failed)?;
            continue;
        };
        write(root, &mut owed)?;
        durable::remove(root, &path).map_err(failed)?;
    }
    Ok(())
}

/// Writes a receipt and its records; what is written is owed no more, whatever fails after it.
fn write(root: &Root, owed: &mut Owed) -> Result<(), String> {
    let failed = |error: durable::WriteError| error.to_string();
    if !owed.events.is_empty() {
        durable::directory(root, receipts::DIR, 0o700).map_err(failed)?;
        let lines: String = owed.events.iter().map(receipt::line).collect();
        durable::replace(root, &receipts::path(&owed.id), lines.as_bytes(), 0o600)
            .map_err(failed)?;
        owed.events.clear();
        keep(root, owed)?;
    }
    while let Some(record) = owed.records.first() {
        // Whoever was ended right after writing it has left it here.
        if !audit::has(root, record) {
            audit::append(root, record.clone()).map_err(failed)?;
        }
        owed.records.remove(0);
        keep(root, owed)?;
    }
    Ok(())
}
