//! Grants in the policy files: where one is said, and its table as the console writes it.

use crate::host::policy::CONSOLE;
use crate::plan::sudo::file::Wish;
use crate::policy::edit::{self, Wish as Entry};
use crate::policy::schema::Policy;

/// Where a grant is said, if not by the console.
pub(super) fn elsewhere(policy: &Policy, name: &str) -> Option<String> {
    let others = policy.files.iter().filter(|file| &*file.name != CONSOLE);
    let mut grants = others.flat_map(|file| &file.grants);
    let grant = grants.find(|grant| grant.name == name)?;
    Some(grant.at.to_string())
}

const KEYS: [&str; 7] = [
    "users", "groups", "commands", "as", "nopasswd", "until", "reason",
];

fn change(name: &str, key: &str, to: Option<Entry>) -> edit::Change {
    edit::Change {
        table: ["sudo", "grant", name].map(String::from).to_vec(),
        key: key.to_owned(),
        to,
    }
}

/// A grant no more.
pub(super) fn cleared(name: &str) -> Vec<edit::Change> {
    KEYS.iter().map(|key| change(name, key, None)).collect()
}

/// A grant as entries of its table; what it does not have is taken out.
pub(super) fn entries(wish: &Wish) -> Vec<edit::Change> {
    let list = |all: &[String]| (!all.is_empty()).then(|| Entry::List(all.to_vec()));
    let values = [
        list(&wish.users),
        list(&wish.groups),
        list(&wish.commands),
        wish.run_as.clone().map(Entry::Text),
        wish.nopasswd.then_some(Entry::Flag(true)),
        wish.until.map(Entry::Moment),
        wish.reason.clone().map(Entry::Text),
    ];
    let all = KEYS.iter().zip(values);
    all.map(|(key, to)| change(&wish.name, key, to)).collect()
}
