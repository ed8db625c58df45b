//! Limits of a host: what is wished and what is there, side by side, and the plans that change
//! them. What is changed by hand goes into the console's policy file first.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::base::id::{GroupName, UserName};
use crate::host::limits;
use crate::host::policy::CONSOLE;
use crate::host::root::Root;
use crate::host::{clock, directory, observe, unit_files};
use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::limits::drift::{self, Drift, Kind};
use crate::plan::limits::present::Present;
use crate::plan::limits::view::{self, View};
use crate::plan::limits::wishes::{self, EACH, EVERYBODY, Ground, Someone, Wishes, slice_of};
use crate::plan::limits::{dropin, quota, steps};
use crate::plan::step::{Action, Step, Undo};
use crate::policy::edit;
use crate::policy::schema::{Key, Policy, Scope, Value};

use super::changes::ChangeError;
use super::policies::{self, Policies};

/// What somebody wants of the limits.
#[derive(Clone, Debug, PartialEq)]
pub enum LimitsIntent {
    /// Other values, perhaps for a while.
    Set(Scope, Vec<(Key, Value)>, Option<Timestamp>),
    /// Values no more: those named, or all.
    Clear(Scope, Vec<Key>),
    /// The host as its policy says.
    Apply,
    /// The same, and what others set out of the way.
    Mend,
}

/// Limits as they are.
#[derive(Clone, Debug, Serialize)]
pub struct Limits {
    /// Unit by unit.
    pub units: Vec<View>,
    /// What could not be read, each in one sentence.
    pub partial: Vec<String>,
}

/// Everything that decides.
struct Known {
    policies: Policies,
    people: Vec<Someone>,
    wishes: Wishes,
    present: Present,
    partial: Vec<String>,
}

impl LimitsIntent {
    /// What it is called: the first words of its plan.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Set(scope, entries, until) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{} {value}", key.name()))
                    .collect();
                let until = until.map_or_else(String::new, |until| {
                    format!(", until {}", until.strftime("%Y-%m-%dT%H:%M:%SZ"))
                });
                format!(
                    "set limits of {}: {}{until}",
                    whose(scope),
                    entries.join(", ")
                )
            }
            Self::Clear(scope, keys) => {
                let keys: Vec<&str> = keys.iter().map(|key| key.name()).collect();
                let keys = if keys.is_empty() {
                    "all of them".to_owned()
                } else {
                    keys.join(", ")
                };
                format!("clear limits of {}: {keys}", whose(scope))
            }
            Self::Apply => "apply the policy".to_owned(),
            Self::Mend => "mend what differs from the policy".to_owned(),
        }
    }
}

fn whose(scope: &Scope) -> String {
    match scope {
        Scope::Default => "every person".to_owned(),
        Scope::Group(name) => format!("group {}", name.as_str()),
        Scope::User(name) => format!("user {}", name.as_str()),
    }
}

fn about(scope: &Scope) -> &str {
    match scope {
        Scope::Default => "default",
        Scope::Group(name) => name.as_str(),
        Scope::User(name) => name.as_str(),
    }
}

/// The plan of an intent.
///
/// # Errors
/// When the policy is wrong, or what decides cannot be read.
pub(super) fn plan(root: &Root, intent: &LimitsIntent) -> Result<Plan, ChangeError> {
    let failed = ChangeError::Failed;
    let policies = policies::of(root);
    match intent {
        LimitsIntent::Apply => {
            let policy = good(&policies)?;
            let known = know(root, policies, &policy, None);
            let mut plan = Plan::new(intent.words(), "policy");
            steps::add(&mut plan, &known.wishes, &known.present);
            for drift in found(&known) {
                plan.warn(format!("stays: {}", sentence(&drift)));
            }
            Ok(plan)
        }
        LimitsIntent::Mend => {
            let policy = good(&policies)?;
            let known = know(root, policies, &policy, None);
            let mut plan = Plan::new(intent.words(), "policy");
            let all = drift::find(&known.wishes, &known.present);
            drift::mend(&mut plan, &all, &known.wishes, &known.present);
            Ok(plan)
        }
        LimitsIntent::Set(scope, entries, until) => {
            let mut plan = Plan::new(intent.words(), about(scope));
            let disk = entries.iter().find(|(key, _)| quota::KEYS.contains(key));
            if let Some((key, _)) = disk.filter(|_| until.is_some()) {
                return Ok(plan.refuse(format!(
                    "{} is a quota, which the file system keeps for good: set it without --for",
                    key.name()
                )));
            }
            if let Some(why) = unknown(root, scope) {
                return Ok(plan.refuse(why));
            }
            let changes: Vec<edit::Change> = entries
                .iter()
                .map(|(key, value)| edit::Change::limit(scope, *key, value, *until))
                .collect();
            let keys: Vec<Key> = entries.iter().map(|(key, _)| *key).collect();
            edited(root, policies, &mut plan, scope, &keys, &changes).map_err(failed)?;
            Ok(plan)
        }
        LimitsIntent::Clear(scope, keys) => {
            let plan = Plan::new(intent.words(), about(scope));
            let held = held_by_console(&good(&policies)?, scope);
            let named: Vec<Key> = match keys.as_slice() {
                [] => held.clone(),
                some => some.to_vec(),
            };
            let missing: Vec<&str> = named
                .iter()
                .filter(|key| !held.contains(key))
                .map(|key| key.name())
                .collect();
            if named.is_empty() || !missing.is_empty() {
                let what = match missing.as_slice() {
                    [] => "limits".to_owned(),
                    missing => missing.join(", "),
                };
                return Ok(plan.refuse(format!(
                    "{CONSOLE} says nothing about {what} of {}; what other files say is changed \
                     there",
                    whose(scope)
                )));
            }
            let changes: Vec<edit::Change> = named
                .iter()
                .map(|key| edit::Change::clear(scope, *key))
                .collect();
            let mut plan = plan;
            edited(root, policies, &mut plan, scope, &[], &changes).map_err(failed)?;
            Ok(plan)
        }
    }
}

/// The policy, if nothing is wrong with it.
fn good(policies: &Policies) -> Result<Policy, ChangeError> {
    policies.policy.clone().map_err(|problems| {
        let first = problems
            .first()
            .map_or_else(String::new, ToString::to_string);
        let more = match problems.len() {
            0 | 1 => String::new(),
            more => format!(" (and {} more)", more - 1),
        };
        ChangeError::Failed(format!(
            "the policy is wrong: {first}{more}; `benchwarden policy check` shows all of it"
        ))
    })
}

/// The steps of a changed console file, and of what follows from it.
fn edited(
    root: &Root,
    policies: Policies,
    plan: &mut Plan,
    scope: &Scope,
    keys: &[Key],
    changes: &[edit::Change],
) -> Result<(), String> {
    let old = policies
        .sources
        .iter()
        .find(|source| &*source.name == CONSOLE);
    let old = old.map(|source| String::from_utf8_lossy(&source.bytes).into_owned());
    let (text, policy) =
        edit::edit(&policies.sources, CONSOLE, true, changes).map_err(|error| error.to_string())?;
    if old.as_deref() != Some(text.as_str()) {
        plan.push(policy_step(root, old, &text)?);
    }
    let before = policies.policy.clone().ok();
    let known = know(root, policies, &policy, before.as_ref());
    steps::add(plan, &known.wishes, &known.present);
    tell_what_wins(plan, &known, &policy, scope, keys);
    Ok(())
}

/// What is said in vain: another policy file says otherwise, or a file of somebody else's wins.
fn tell_what_wins(plan: &mut Plan, known: &Known, policy: &Policy, scope: &Scope, keys: &[Key]) {
    if let Scope::User(name) = scope
        && let Some(one) = known.people.iter().find(|one| one.name == name.as_str())
    {
        let groups: Vec<&str> = one.groups.iter().map(String::as_str).collect();
        let who = crate::policy::resolve::Who {
            name: &one.name,
            groups: &groups,
        };
        let resolved = policy.resolve(who, clock::now(), &known.policies.host);
        for key in keys {
            let said = resolved.limit(*key).map(|setting| &setting.said);
            if let Some(said) = said.filter(|said| &*said.at.file != CONSOLE) {
                plan.refused.push(format!(
                    "{} is said at {}, which is read after {CONSOLE}: change it there",
                    key.name(),
                    said.at
                ));
            }
        }
    }
    let own = |drift: &Drift| match scope {
        Scope::User(name) => known
            .people
            .iter()
            .any(|one| one.name == name.as_str() && slice_of(one.uid) == drift.unit),
        Scope::Group(_) | Scope::Default => false,
    };
    for drift in found(known) {
        let named = keys.iter().any(|key| Some(key.name()) == drift.key);
        if drift.kind != Kind::Overruled || !named {
            continue;
        }
        let told = format!(
            "{}; `benchwarden limits drift --mend` sets that file aside",
            sentence(&drift)
        );
        if own(&drift) {
            plan.refused.push(told);
        } else {
            plan.warn(told);
        }
    }
}

/// Others' files that win, whatever we write.
fn found(known: &Known) -> Vec<Drift> {
    let all = drift::find(&known.wishes, &known.present);
    let others = |drift: &Drift| matches!(drift.kind, Kind::Overruled | Kind::Unwished);
    all.into_iter().filter(others).collect()
}

/// A drift in one sentence.
#[must_use]
pub fn sentence(drift: &Drift) -> String {
    let file = drift.file.as_deref().unwrap_or("");
    let what = match drift.key {
        Some(key) => format!("{key} of {}", drift.unit),
        None => drift.unit.clone(),
    };
    let found = drift.found.as_deref().unwrap_or("nothing");
    match (drift.kind, &drift.wished) {
        (Kind::Overruled, Some(wished)) => {
            format!("{what} is {found} by {file}, not {wished}")
        }
        (Kind::Overruled | Kind::Unwished, _) => {
            format!("{what} is {found} by {file}, which no policy wishes")
        }
        (Kind::NotLoaded, wished) => format!(
            "{what} is {found} in systemd, and {} in the files it has not read yet",
            wished.as_deref().unwrap_or("nothing")
        ),
        (Kind::NotInKernel, wished) => format!(
            "{what} is {found} in the kernel, and {} in systemd",
            wished.as_deref().unwrap_or("nothing")
        ),
        (Kind::Quota, wished) => format!(
            "the quota of {what} on {file} is {found}, not {}",
            wished.as_deref().unwrap_or("nothing")
        ),
        (Kind::Missing | Kind::Differs | Kind::LeftOver, _) => {
            format!("{file}: {}", drift.kind.words())
        }
    }
}

fn policy_step(root: &Root, old: Option<String>, text: &str) -> Result<Step, String> {
    let subject = Subject::File(CONSOLE.to_owned());
    let now = observe::fact(root, &subject).map_err(|error| error.to_string())?;
    let after = dropin::DropIn {
        path: CONSOLE.to_owned(),
        unit: String::new(),
        whose: String::new(),
        text: text.to_owned(),
    };
    let write = |content: String| Action::WriteDropIn {
        path: CONSOLE.to_owned(),
        content,
    };
    Ok(Step {
        what: format!("write it into {CONSOLE}"),
        action: write(text.to_owned()),
        changes: vec![Change::new(
            subject,
            Expect::from_read(now.as_deref()),
            Expect::Is(after.fact()),
        )],
        undo: Undo::Exact {
            what: format!("bring {CONSOLE} back as it was"),
            action: match old {
                Some(old) => write(old),
                None => Action::RemoveDropIn {
                    path: CONSOLE.to_owned(),
                },
            },
        },
    })
}

/// Keys of a table that the console's file says.
fn held_by_console(policy: &Policy, scope: &Scope) -> Vec<Key> {
    let files = policy.files.iter().filter(|file| &*file.name == CONSOLE);
    let tables = files.flat_map(|file| &file.limits);
    let own = tables.filter(|table| table.scope == *scope);
    let keys: BTreeSet<Key> = own
        .flat_map(|table| &table.entries)
        .map(|entry| entry.key)
        .collect();
    keys.into_iter().collect()
}

/// Why nobody is meant by a scope.
fn unknown(root: &Root, scope: &Scope) -> Option<String> {
    match scope {
        Scope::Default => None,
        Scope::User(name) => {
            let known = directory::person(root, name);
            known.err().map(|_| {
                format!(
                    "{} is nobody on this host, and in no directory",
                    name.as_str()
                )
            })
        }
        Scope::Group(name) => {
            let known = UserName::parse(name.as_str()).map(|name| directory::group(root, &name));
            (!matches!(known, Ok(Ok(_))))
                .then(|| format!("there is no group {} here", name.as_str()))
        }
    }
}

/// `before` is the policy that this one takes the place of.
fn know(root: &Root, policies: Policies, policy: &Policy, before: Option<&Policy>) -> Known {
    let all = directory::people(root);
    let mut people = limits::people(&all);
    let mut partial = all.partial;
    let tables = policy.files.iter().flat_map(|file| &file.limits);
    let named: BTreeSet<&UserName> = tables
        .filter_map(|table| match &table.scope {
            Scope::User(name) => Some(name),
            Scope::Default | Scope::Group(_) => None,
        })
        .collect();
    for name in named {
        if people.iter().any(|one| one.name == name.as_str()) {
            continue;
        }
        // A directory does not tell of people who have left no trace here.
        if let Ok(found) = directory::person(root, name) {
            let one = crate::model::people::People {
                users: vec![found.user],
                ..Default::default()
            };
            people.extend(limits::people(&one));
            partial.extend(found.partial);
        }
    }
    let ground = Ground {
        size: policies.host,
        homes: limits::homes(root),
        way_in: limits::way_in(root),
        now: clock::now(),
    };
    let mut wishes = wishes::of(policy, &people, &ground);
    if let Some(before) = before {
        let before = wishes::of(before, &people, &ground);
        quota::release(&before.quotas, &mut wishes.quotas);
    }
    let present = limits::present(root, &wishes, policies.host);
    partial.extend(present.lacking.clone());
    Known {
        policies,
        people,
        wishes,
        present,
        partial,
    }
}

/// The limits of everybody, or of one person.
///
/// # Errors
/// When the policy is wrong, or there is nobody of that name.
pub(super) fn limits(root: &Root, whom: Option<&UserName>) -> Result<Limits, ChangeError> {
    let policies = policies::of(root);
    let policy = good(&policies)?;
    let known = know(root, policies, &policy, None);
    let view = |unit: &str, whose: &str| view::of(unit, whose, &known.wishes, &known.present);
    let mut people: Vec<&Someone> = known.people.iter().collect();
    people.sort_by_key(|one| one.uid);
    let is_meant = |one: &&Someone| {
        whom.is_none_or(|whom| one.name == whom.as_str() || whom.as_str().parse() == Ok(one.uid))
    };
    let of_people = people.into_iter().filter(is_meant);
    let of_people: Vec<View> = of_people
        .map(|one| view(&slice_of(one.uid), &one.name))
        .collect();
    let units = match whom {
        None => {
            let wide = [(EVERYBODY, "everybody together"), (EACH, "every person")];
            let wide = wide.iter().map(|(unit, whose)| view(unit, whose));
            wide.chain(of_people).collect()
        }
        Some(whom) => match of_people.as_slice() {
            [] => vec![stranger(root, whom, &known)?],
            _ => of_people,
        },
    };
    Ok(Limits {
        units,
        partial: known.partial,
    })
}

/// Somebody whom only a directory knows, or who is no person: root, a service.
fn stranger(root: &Root, whom: &UserName, known: &Known) -> Result<View, ChangeError> {
    let found = directory::person(root, whom)
        .map_err(|_| ChangeError::Failed(format!("{} is nobody on this host", whom.as_str())))?;
    let unit = slice_of(found.user.uid.0);
    Ok(view::of(
        &unit,
        &found.user.shown(),
        &known.wishes,
        &known.present,
    ))
}

/// Where the host is not as its policy says.
///
/// # Errors
/// When the policy is wrong.
pub(super) fn drift(root: &Root) -> Result<Vec<Drift>, ChangeError> {
    let policies = policies::of(root);
    let policy = good(&policies)?;
    let known = know(root, policies, &policy, None);
    if let Some(why) = known.present.lacking {
        return Err(ChangeError::Failed(why));
    }
    let mut all = drift::find(&known.wishes, &known.present);
    for drift in &mut all {
        if let Some(file) = &drift.file {
            drift.package = unit_files::package(root, file);
        }
    }
    Ok(all)
}

/// A group's name as a scope takes it.
///
/// # Errors
/// When no group can be called so.
pub fn group(name: &str) -> Result<Scope, String> {
    let name = GroupName::parse(name).map_err(|error| error.to_string())?;
    Ok(Scope::Group(name))
}
