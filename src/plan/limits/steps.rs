//! Wishes and what is there become a plan: files written and removed, systemd told once, and each
//! value that changes read back from systemd and from the kernel.

use std::collections::BTreeSet;

use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::step::{Action, Step, Undo};

use crate::policy::schema::Key;

use super::directive::Directive;
use super::dropin::{self, DropIn};
use super::files::UnitFile;
use super::lower;
use super::present::{Present, UnitState, Values, fact, of_topic, topic};
use super::quota;
use super::wishes::{EVERYBODY, SYSTEM_SLICE, Wishes};

/// Adds the steps that make a host as it is wished; none where it is so.
pub fn add(plan: &mut Plan, wishes: &Wishes, present: &Present) {
    add_to(plan, wishes, present, present);
}

/// The same after steps that change the files of a host to those of `present`, which had those of
/// `before`.
pub(super) fn add_to(plan: &mut Plan, wishes: &Wishes, present: &Present, before: &Present) {
    if let Some(why) = &present.lacking {
        plan.refused.push(why.clone());
        return;
    }
    plan.warnings.extend(wishes.warnings.iter().cloned());
    let all = wishes.settings().map(|(_, setting)| setting.directive);
    let named: BTreeSet<Directive> = all.collect();
    for directive in present.idle.iter().filter(|idle| named.contains(idle)) {
        plan.warn(format!(
            "{} is without effect here: this kernel has nothing that heeds it",
            directive.key_name()
        ));
    }
    for (unit, setting) in wishes.settings() {
        if present.value(setting.directive, &setting.values).is_none() {
            plan.warn(format!(
                "{} of {unit}, {}, is without effect: it is on no device of this host that can be \
                 bounded",
                setting.directive.key_name(),
                setting.values.join(", ")
            ));
        }
    }
    for wish in &wishes.quotas {
        quota::add(plan, wish, present.quotas.get(&wish.uid));
    }
    let wanted: Vec<DropIn> = wishes.units.iter().flat_map(dropin::files).collect();
    let mut after = present.files.clone();
    for file in &present.files {
        let is_wanted = wanted.iter().any(|wanted| wanted.path == file.path);
        if dropin::is_ours(&file.path) && !is_wanted {
            plan.push(removed(file));
            after.retain(|other| other.path != file.path);
        }
    }
    for file in &wanted {
        let now = present.files.iter().find(|now| now.path == file.path);
        if now.is_some_and(|now| now.fact == file.fact()) {
            continue;
        }
        plan.push(written(file, now));
        after.retain(|other| other.path != file.path);
        after.push(UnitFile {
            path: file.path.clone(),
            text: Some(file.text.clone()),
            fact: file.fact(),
            owner: 0,
            modified: 0,
        });
    }
    told(plan, before, &after);
}

/// Adds the step that has systemd read these files, and what has to be so then; none where
/// systemd and the kernel have it all.
fn told(plan: &mut Plan, present: &Present, after: &[UnitFile]) {
    let changes: Vec<Change> = present
        .units
        .iter()
        .flat_map(|state| changes_of(state, present, after))
        .collect();
    if plan.steps.iter().any(is_about_units) || !changes.is_empty() {
        for state in &present.units {
            lower::warn(plan, state, &present.meant(&state.unit, after));
        }
        let within = within(&changes);
        plan.push(reload(changes, within));
    }
}

fn is_about_units(step: &Step) -> bool {
    let unit_file =
        |path: &str| path.starts_with("/etc/systemd/") || path.starts_with("/run/systemd/");
    match &step.action {
        Action::WriteDropIn { path, .. } | Action::RemoveDropIn { path } => unit_file(path),
        Action::MoveFile { from, to } => unit_file(from) || unit_file(to),
        _ => false,
    }
}

/// What changes of a unit when systemd reads these files.
fn changes_of(state: &UnitState, present: &Present, after: &[UnitFile]) -> Vec<Change> {
    let unit = &state.unit;
    let old = present.meant(unit, &present.files);
    let mut new = present.meant(unit, after);
    // What nobody says any more is as it is where nobody ever did: what that is of the tasks of a
    // service is for systemd to know.
    let tasks = Directive::Of(Key::TasksMax);
    let known = |directive: &&Directive| unit.ends_with(".slice") || **directive != tasks;
    for directive in old.keys().filter(known) {
        let unbounded = || directive.unbounded().to_owned();
        new.entry(*directive).or_insert_with(unbounded);
    }
    // Of addresses the kernel has a program or none.
    let heeded = |directive: &Directive| {
        let held = directive.kernel_file().is_some() || *directive == Directive::Of(Key::IpDeny);
        held && !present.idle.contains(directive)
    };
    let told = state.systemd.iter().flat_map(|now| {
        let changes = differing(unit, now, (&old, &new), |_| false);
        changes.map(|(topic, before, after)| {
            Change::new(Subject::LimitsInSystemd(topic), before, after)
        })
    });
    let held = state.kernel.iter().flat_map(|now| {
        let changes = differing(unit, now, (&old, &new), heeded);
        changes.map(|(topic, before, after)| {
            Change::new(Subject::LimitsInKernel(topic), before, after)
        })
    });
    told.chain(held).collect()
}

/// Where values differ from those that new files mean: what is there for the old files, and comes
/// back with them; what is there for another reason; what is not there yet, where `appears` says
/// that it will be.
fn differing(
    unit: &str,
    now: &Values,
    (old, new): (&Values, &Values),
    appears: impl Fn(&Directive) -> bool,
) -> impl Iterator<Item = (String, Expect, Expect)> {
    let (mut explained, mut other) = (Vec::new(), Vec::new());
    for (directive, wanted) in new {
        let before = old.get(directive).map(String::as_str);
        match now.get(directive) {
            Some(now) if now == wanted => {}
            Some(now) if now == before.unwrap_or(directive.unbounded()) => {
                explained.push(*directive);
            }
            Some(_) => other.push(*directive),
            None if appears(directive) && wanted != directive.unbounded() => {
                other.push(*directive);
            }
            None => {}
        }
    }
    let before = Expect::IfThere(fact(now, &explained));
    let change = |which: &[Directive], before: Expect| {
        let after = Expect::IfThere(fact(new, which));
        (!which.is_empty()).then(|| (topic(unit, which), before, after))
    };
    let explained = change(&explained, before);
    explained.into_iter().chain(change(&other, Expect::Any))
}

fn written(file: &DropIn, now: Option<&UnitFile>) -> Step {
    let whose = format!("the limits of {} ({})", file.whose, file.unit);
    let path = file.path.clone();
    Step {
        what: match now {
            None => format!("write {whose}"),
            Some(_) => format!("change {whose}"),
        },
        action: Action::WriteDropIn {
            path: path.clone(),
            content: file.text.clone(),
        },
        changes: vec![Change::new(
            Subject::File(path),
            now.map_or(Expect::Absent, |now| Expect::Is(now.fact.clone())),
            Expect::Is(file.fact()),
        )],
        undo: match now {
            None => Undo::Exact {
                what: format!("remove {whose}"),
                action: Action::RemoveDropIn {
                    path: file.path.clone(),
                },
            },
            Some(now) => back(now, &whose),
        },
    }
}

fn removed(file: &UnitFile) -> Step {
    let unit = dropin::unit_of(&file.path).unwrap_or("");
    let whose = format!("the limits in {} that nobody wishes any more", file.path);
    Step {
        what: format!("remove {whose}"),
        action: Action::RemoveDropIn {
            path: file.path.clone(),
        },
        changes: vec![Change::new(
            Subject::File(file.path.clone()),
            Expect::Is(file.fact.clone()),
            Expect::Absent,
        )],
        undo: back(file, &format!("the limits of {unit}")),
    }
}

/// The way back to a file that was there.
fn back(now: &UnitFile, whose: &str) -> Undo {
    let what = format!("bring back {whose} as they were");
    let Some(content) = now.text.clone() else {
        return Undo::None {
            why: format!("{} could not be read", now.path),
        };
    };
    let action = Action::WriteDropIn {
        path: now.path.clone(),
        content: content.clone(),
    };
    if dropin::fact(&content) == now.fact {
        Undo::Exact { what, action }
    } else {
        Undo::Partly {
            what,
            action,
            why: "it belongs to root afterwards, with mode 0644".to_owned(),
        }
    }
}

/// The slices in which something may change: a filter of addresses is kept by each unit of a slice
/// of its own.
fn within(changes: &[Change]) -> Vec<String> {
    let filters = |change: &Change| match &change.subject {
        Subject::LimitsInKernel(topic) => {
            let (unit, which) = of_topic(topic);
            let addresses = [Directive::Of(Key::IpDeny), Directive::Of(Key::IpAllow)];
            let any = which.iter().any(|directive| addresses.contains(directive));
            (any && unit.ends_with(".slice")).then(|| unit.to_owned())
        }
        _ => None,
    };
    let all = [EVERYBODY, SYSTEM_SLICE].map(str::to_owned).into_iter();
    let all: BTreeSet<String> = all.chain(changes.iter().filter_map(filters)).collect();
    all.into_iter().collect()
}

fn reload(changes: Vec<Change>, within: Vec<String>) -> Step {
    let what = "have systemd read its files again, and look what the kernel holds then";
    let action = Action::ReloadUnits { within };
    Step {
        what: what.to_owned(),
        action: action.clone(),
        changes,
        undo: Undo::Last {
            what: what.to_owned(),
            action,
        },
    }
}
