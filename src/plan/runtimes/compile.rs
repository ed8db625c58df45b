//! The table that the shim reads, from the policy and what is on the host.

use std::collections::BTreeMap;

use crate::model::runtimes::table::{Choice, Have, Program, Table, Whom};
use crate::model::runtimes::version::Version;
use crate::model::runtimes::{Language, Origin, Runtime};
use crate::policy::schema::{Policy, RuntimeVersion, Scope, Told};

use super::choices::{meant, table_name};

/// What is known of the host.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What is there.
    pub runtimes: Vec<Runtime>,
    /// The uids of people that the policy names.
    pub users: BTreeMap<String, u32>,
    /// The gids of groups that it names.
    pub groups: BTreeMap<String, u32>,
    /// The first uid of a person.
    pub first_person: u32,
    /// Where `/usr/local/bin/R` and `python3` led before anything was chosen.
    pub before: BTreeMap<Language, String>,
}

/// The table, and what of the policy is in vain; no table where nothing is chosen.
#[must_use]
pub fn table(policy: &Policy, known: &Known) -> (Option<Table>, Vec<String>) {
    let (mut choices, mut vain) = (Vec::new(), Vec::new());
    for (scope, language, said) in in_order(policy) {
        let name = table_name(scope);
        let whom = match scope {
            Scope::Default => Some(Whom::Everybody),
            Scope::Group(group) => known.groups.get(group.as_str()).copied().map(Whom::Group),
            Scope::User(user) => known.users.get(user.as_str()).copied().map(Whom::User),
        };
        let version = meant(&known.runtimes, language, &said.value);
        let version = version.and_then(|one| one.version.clone());
        match (whom, version) {
            (Some(whom), Some(version)) => choices.push(Choice {
                whom,
                language,
                version,
            }),
            (None, _) => vain.push(format!("{name} at {} is about nobody known here", said.at)),
            (_, None) => vain.push(format!(
                "{name} at {} chooses {} {}, and no such version is here that root alone may write",
                said.at,
                language.title(),
                said.value
            )),
        }
    }
    if choices.is_empty() {
        return (None, vain);
    }
    let mut table = Table {
        first_person: known.first_person,
        choices,
        ..Table::default()
    };
    for language in Language::ALL {
        if table
            .choices
            .iter()
            .any(|choice| choice.language == language)
        {
            fill(&mut table, language, known);
        }
    }
    (Some(table), vain)
}

/// What is to be had of a language, and what those get who choose nothing.
fn fill(table: &mut Table, language: Language, known: &Known) {
    let all = || {
        let all = known.runtimes.iter();
        all.filter(move |one| one.language == language && one.may_be_chosen())
    };
    for one in all() {
        let Some(version) = &one.version else {
            continue;
        };
        let is_known = |have: &Have| have.language == language && have.version == *version;
        if !table.have.iter().any(is_known) {
            table.have.push(Have {
                language,
                version: version.clone(),
                program: program(one),
            });
        }
    }
    let distribution = all()
        .find(|one| one.origin == Origin::Distribution)
        .map(of_system);
    let before = known.before.get(&language);
    let before = before.and_then(|real| all().find(|one| one.real == real.as_str()));
    let before = before.map(program);
    let everybody = table.choices.iter().find_map(|choice| {
        let is = choice.whom == Whom::Everybody && choice.language == language;
        let mut have = table.have.iter();
        is.then(|| have.find(|one| one.language == language && one.version == choice.version))?
    });
    let everybody = everybody.map(|have| have.program.clone());
    let system = distribution.or_else(|| before.clone()).or(everybody);
    let others = before.or_else(|| system.clone());
    table
        .system
        .extend(system.map(|program| (language, program)));
    table
        .others
        .extend(others.map(|program| (language, program)));
}

fn program(one: &Runtime) -> Program {
    Program {
        path: one.path.raw().to_owned(),
        script: one.script.as_ref().map(|script| script.raw().to_owned()),
    }
}

/// The distribution's, by the name that its own scripts use.
fn of_system(one: &Runtime) -> Program {
    let mut program = program(one);
    if one.language == Language::Python {
        let is_it = |file: &str| one.pointed_by.iter().any(|other| *other == file);
        if is_it("/usr/bin/python3") {
            program.path = "/usr/bin/python3".to_owned();
        }
    }
    program
}

/// Everything that is chosen, the least specific first; of tables of one name the last that says a
/// language counts, and groups come in the order in which the files first name them.
fn in_order(policy: &Policy) -> Vec<(&Scope, Language, &Told<RuntimeVersion>)> {
    let tables = || policy.files.iter().flat_map(|file| &file.runtimes);
    let mut scopes: Vec<&Scope> = Vec::new();
    for table in tables() {
        if !scopes.contains(&&table.scope) {
            scopes.push(&table.scope);
        }
    }
    scopes.sort_by_key(|scope| match scope {
        Scope::Default => 0,
        Scope::Group(_) => 1,
        Scope::User(_) => 2,
    });
    let mut all = Vec::new();
    for scope in scopes {
        for language in Language::ALL {
            let own = tables().filter(|table| table.scope == *scope);
            let mut said = own
                .flat_map(|table| &table.choices)
                .filter(|(own, _)| *own == language);
            if let Some((_, said)) = said.next_back() {
                all.push((scope, language, said));
            }
        }
    }
    all
}

/// The version that a wish of the environment or of a plan means.
#[must_use]
pub fn versions(runtimes: &[Runtime], language: Language) -> Vec<Version> {
    let all = runtimes.iter();
    let all = all.filter(|one| one.language == language && one.may_be_chosen());
    let mut all: Vec<Version> = all.filter_map(|one| one.version.clone()).collect();
    all.dedup();
    all
}

#[cfg(test)]
mod tests;
