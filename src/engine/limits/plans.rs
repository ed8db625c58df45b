//! The plans that change limits. What is changed by hand goes into the console's policy files
//! first, so that the policy stays the one that says what is wished.

use std::collections::BTreeSet;

use crate::base::id::UserName;
use crate::engine::changes::ChangeError;
use crate::engine::policies::{self, Policies};
use crate::engine::runtimes;
use crate::engine::sudo;
use crate::host::policy::{CONSOLE, CONSOLE_UNTIL, FILE};
use crate::host::root::Root;
use crate::host::{clock, directory, observe};
use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::limits::drift::{self, Drift, Kind};
use crate::plan::limits::wishes::slice_of;
use crate::plan::limits::{dropin, quota, steps};
use crate::plan::step::{Action, Step, Undo};
use crate::policy::edit;
use crate::policy::parse::Source;
use crate::policy::resolve::Who;
use crate::policy::schema::{Key, Policy, Scope};

use super::{Known, LimitsIntent, about, good, know, sentence, whose};

/// The plan of an intent.
///
/// # Errors
/// When the policy is wrong, or what decides cannot be read.
pub(in crate::engine) fn plan(root: &Root, intent: &LimitsIntent) -> Result<Plan, ChangeError> {
    let failed = ChangeError::Failed;
    let policies = policies::of(root);
    match intent {
        LimitsIntent::Apply => {
            let policy = good(&policies)?;
            let known = know(root, policies, &policy, None);
            let mut plan = Plan::new(intent.words(), "policy");
            steps::add(&mut plan, &known.wishes, &known.present);
            sudo::add(root, &policy, &mut plan);
            for drift in found(&known) {
                plan.warn(format!("stays: {}", sentence(&drift)));
            }
            runtimes::with_policy(root, &mut plan, &policy);
            Ok(plan)
        }
        LimitsIntent::Adopt(text) => {
            let mut plan = Plan::new(intent.words(), "policy");
            let policies = replaced(root, policies, text, &mut plan)?;
            let policy = good(&policies)?;
            let known = know(root, policies, &policy, None);
            steps::add(&mut plan, &known.wishes, &known.present);
            sudo::add(root, &policy, &mut plan);
            runtimes::with_policy(root, &mut plan, &policy);
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
            let edits = match until {
                Some(_) => vec![(CONSOLE_UNTIL, changes)],
                // What lasts is to be in force now.
                None => {
                    let for_now = held(&good(&policies)?, CONSOLE_UNTIL, scope);
                    let over = keys.iter().filter(|key| for_now.contains(key));
                    let over = over.map(|key| edit::Change::clear(scope, *key));
                    vec![(CONSOLE_UNTIL, over.collect()), (CONSOLE, changes)]
                }
            };
            edited(root, policies, &mut plan, scope, &keys, edits).map_err(failed)?;
            Ok(plan)
        }
        LimitsIntent::Clear(scope, keys) => {
            let mut plan = Plan::new(intent.words(), about(scope));
            let policy = good(&policies)?;
            let said = [CONSOLE, CONSOLE_UNTIL].map(|file| (file, held(&policy, file, scope)));
            let is_said = |key: &Key| said.iter().any(|(_, keys)| keys.contains(key));
            let missing = keys.iter().filter(|key| !is_said(key));
            let missing: Vec<&str> = missing.map(|key| key.name()).collect();
            if said.iter().all(|(_, keys)| keys.is_empty()) || !missing.is_empty() {
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
            let edits = said.map(|(file, held)| {
                let named = held
                    .into_iter()
                    .filter(|key| keys.is_empty() || keys.contains(key));
                let clear = named.map(|key| edit::Change::clear(scope, key));
                (file, clear.collect())
            });
            edited(root, policies, &mut plan, scope, &[], edits.into()).map_err(failed)?;
            Ok(plan)
        }
    }
}

/// The policy with another text of the site's own file, and the step that writes it.
fn replaced(
    root: &Root,
    mut policies: Policies,
    text: &str,
    plan: &mut Plan,
) -> Result<Policies, ChangeError> {
    let mut sources = policies.sources;
    let own = sources.iter().position(|source| &*source.name == FILE);
    let own = own.map(|at| sources.remove(at).bytes);
    let new = Source {
        name: FILE.into(),
        bytes: text.as_bytes().to_vec(),
    };
    sources.insert(0, new);
    policies.policy = policies::understood(&sources, &policies.refused);
    policies.sources = sources;
    let own = own.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if own.as_deref() != Some(text) {
        plan.push(policy_step(root, FILE, own, text).map_err(ChangeError::Failed)?);
    }
    Ok(policies)
}

/// The steps of changed files of the console, and of what follows from them.
fn edited(
    root: &Root,
    policies: Policies,
    plan: &mut Plan,
    scope: &Scope,
    keys: &[Key],
    edits: Vec<(&str, Vec<edit::Change>)>,
) -> Result<(), String> {
    let before = policies.policy.clone().map_err(|problems| {
        let first = problems
            .first()
            .map_or_else(String::new, ToString::to_string);
        format!("the policy is wrong: {first}")
    })?;
    let mut policy = before.clone();
    let mut sources = policies.sources.clone();
    for (file, mut changes) in edits {
        if file == CONSOLE_UNTIL {
            changes.extend(over(&policy, file));
        }
        if changes.is_empty() {
            continue;
        }
        let old = sources.iter().find(|source| &*source.name == file);
        let old = old.map(|source| String::from_utf8_lossy(&source.bytes).into_owned());
        let (text, changed) =
            edit::edit(&sources, file, true, &changes).map_err(|error| error.to_string())?;
        policy = changed;
        sources.retain(|source| &*source.name != file);
        if old.as_deref() != Some(text.as_str()) {
            plan.push(policy_step(root, file, old, &text)?);
        }
        if !text.trim().is_empty() {
            sources.push(Source {
                name: file.into(),
                bytes: text.into_bytes(),
            });
            sources.sort_by_key(|source| (source.name.contains("/policy.d/"), source.name.clone()));
        }
    }
    let known = know(root, policies, &policy, Some(&before));
    steps::add(plan, &known.wishes, &known.present);
    tell_what_wins(plan, &known, &policy, scope, keys);
    Ok(())
}

/// Takes out what has ended by itself.
fn over(policy: &Policy, file: &str) -> Vec<edit::Change> {
    let now = clock::now();
    let files = policy.files.iter().filter(|own| &*own.name == file);
    let tables = files.flat_map(|file| &file.limits);
    tables
        .flat_map(|table| {
            let ended = table.entries.iter().filter(move |entry| {
                let until = table.end_of(entry);
                until.is_some_and(|until| until.value <= now)
            });
            ended.map(|entry| edit::Change::clear(&table.scope, entry.key))
        })
        .collect()
}

/// What is said in vain: another policy file says otherwise, or a file of somebody else's wins.
fn tell_what_wins(plan: &mut Plan, known: &Known, policy: &Policy, scope: &Scope, keys: &[Key]) {
    if let Scope::User(name) = scope
        && let Some(one) = known.people.iter().find(|one| one.name == name.as_str())
    {
        let groups: Vec<&str> = one.groups.iter().map(String::as_str).collect();
        let who = Who {
            name: &one.name,
            groups: &groups,
        };
        let resolved = policy.resolve(who, clock::now(), &known.policies.host);
        for key in keys {
            let said = resolved.limit(*key).map(|setting| &setting.said);
            let ours = |file: &str| file == CONSOLE || file == CONSOLE_UNTIL;
            if let Some(said) = said.filter(|said| !ours(&said.at.file)) {
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

pub(in crate::engine) fn policy_step(
    root: &Root,
    file: &str,
    old: Option<String>,
    text: &str,
) -> Result<Step, String> {
    let subject = Subject::File(file.to_owned());
    let now = observe::fact(root, &subject).map_err(|error| error.to_string())?;
    let write = |content: &str| Action::WriteDropIn {
        path: file.to_owned(),
        content: content.to_owned(),
    };
    let remove = || Action::RemoveDropIn {
        path: file.to_owned(),
    };
    let is_empty = text.trim().is_empty();
    Ok(Step {
        what: if is_empty {
            format!("remove {file}, which says nothing any more")
        } else {
            format!("write it into {file}")
        },
        action: if is_empty { remove() } else { write(text) },
        changes: vec![Change::new(
            subject,
            Expect::from_read(now.as_deref()),
            if is_empty {
                Expect::Absent
            } else {
                Expect::Is(dropin::fact(text))
            },
        )],
        undo: Undo::Exact {
            what: format!("bring {file} back as it was"),
            action: old.map_or_else(remove, |old| write(&old)),
        },
    })
}

/// Keys of a table that a file says.
fn held(policy: &Policy, file: &str, scope: &Scope) -> Vec<Key> {
    let files = policy.files.iter().filter(|own| &*own.name == file);
    let tables = files.flat_map(|file| &file.limits);
    let own = tables.filter(|table| table.scope == *scope);
    let keys: BTreeSet<Key> = own
        .flat_map(|table| &table.entries)
        .map(|entry| entry.key)
        .collect();
    keys.into_iter().collect()
}

/// Why nobody is meant by a scope.
pub(in crate::engine) fn unknown(root: &Root, scope: &Scope) -> Option<String> {
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
