//! `user key add, remove`: public keys that open an account.

use crate::base::sshkey::PublicKey;
use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::step::{Action, Step, Undo};
use crate::plan::world::World;

use super::guard;

/// The plan that adds keys to a person.
#[must_use]
pub fn add(name: &str, keys: &[PublicKey], world: &World) -> Plan {
    let intent = format!("add ssh keys of {name}");
    if let Err(refused) = guard::changeable_home(world, &intent, name) {
        return *refused;
    }
    let mut plan = Plan::new(intent, name);
    if let Some(why) = unreadable(world, name) {
        return plan.refuse(why);
    }
    let there = present(world, name);
    for warning in keys.iter().filter_map(PublicKey::warning) {
        plan.warn(warning);
    }
    let (old, new): (Vec<_>, Vec<_>) = keys
        .iter()
        .cloned()
        .partition(|key| there.contains(&key.fingerprint()));
    for key in old {
        plan.warn(format!("{} is there already", key.fingerprint()));
    }
    if !new.is_empty() {
        plan.push(step(world, name, &new, &[]));
    }
    plan
}

/// The plan that takes keys from a person, by their fingerprints.
#[must_use]
pub fn remove(name: &str, fingerprints: &[String], world: &World) -> Plan {
    let intent = format!("remove ssh keys of {name}");
    if let Err(refused) = guard::changeable_home(world, &intent, name) {
        return *refused;
    }
    let mut plan = Plan::new(intent, name);
    if let Some(why) = unreadable(world, name) {
        return plan.refuse(why);
    }
    let there = present(world, name);
    for wanted in fingerprints {
        if !there.contains(wanted) {
            return plan.refuse(format!(
                "{name} has no key {wanted}; `benchwarden user key list {name}` names them"
            ));
        }
    }
    plan.push(step(world, name, &[], fingerprints));
    plan
}

/// Why the keys that are there could not be read.
fn unreadable(world: &World, name: &str) -> Option<String> {
    world.unknown.get(&Subject::Keys(name.to_owned())).cloned()
}

/// Fingerprints of the keys that are there.
fn present(world: &World, name: &str) -> Vec<String> {
    let fact = world.fact(&Subject::Keys(name.to_owned())).unwrap_or("");
    fact.split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Keys that come and keys that go, in one step.
pub(super) fn step(world: &World, name: &str, add: &[PublicKey], remove: &[String]) -> Step {
    let subject = Subject::Keys(name.to_owned());
    let mut after = present(world, name);
    after.retain(|fingerprint| !remove.contains(fingerprint));
    let added: Vec<String> = add.iter().map(PublicKey::fingerprint).collect();
    after.extend(added.iter().cloned());
    after.sort_unstable();
    after.dedup();
    let before = match world.now_of(&subject) {
        // The account is only being made.
        Expect::Absent => Expect::Any,
        known => known,
    };
    let words = |verb: &str, keys: &[String]| format!("{verb} {}", keys.join(", "));
    let what = match (added.is_empty(), remove.is_empty()) {
        (false, _) => format!("let {name} in with {}", words("the key", &added)),
        (true, _) => format!("take {} from {name}", words("the key", remove)),
    };
    let undo = if remove.is_empty() {
        Undo::Exact {
            what: format!("take {} from {name}", words("the key", &added)),
            action: Action::WriteKeys {
                user: name.to_owned(),
                add: Vec::new(),
                remove: added,
            },
        }
    } else {
        Undo::None {
            why: "the key itself is kept nowhere; its owner has it".to_owned(),
        }
    };
    Step {
        what,
        action: Action::WriteKeys {
            user: name.to_owned(),
            add: add.iter().map(PublicKey::line).collect(),
            remove: remove.to_vec(),
        },
        changes: vec![Change::new(subject, before, Expect::Is(after.join(" ")))],
        undo,
    }
}
