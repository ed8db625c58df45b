//! People and what they may do: everything that is known of sudo on a host, person by person.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::base::hostile::Hostile;
use crate::base::text::printable;
use crate::model::people::{People, Person};

use super::ground::{Caller, Ground};
use super::matching::{self, Target};
use super::rights::{self, Right};
use super::ways::{self, Elsewhere, Kind, Way};
use super::{Place, Problem, Tree, words};

/// Which sudo there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Its path; `None` where there is none.
    pub path: Option<String>,
    /// `sudo` or `sudo-rs`; `None` where it was not asked.
    pub implementation: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Where `cvtsudoers` is.
    pub cvtsudoers: Option<String>,
    /// Where `visudo` is.
    pub visudo: Option<String>,
    /// Whether a rule may end by itself; `None` where that is not known.
    pub notafter: Option<bool>,
}

/// A file that sudo passes over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// Which.
    pub file: String,
    /// Why.
    pub why: String,
}

/// Everything that is known of sudo on a host.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Which sudo.
    pub tool: Tool,
    /// What the files say.
    pub tree: Tree,
    /// Whether the files could be read.
    pub readable: bool,
    /// Whether files in `/etc/sudoers.d` are read.
    pub reads_dir: bool,
    /// The files that were read.
    pub files: Vec<String>,
    /// Those that sudo passes over.
    pub ignored: Vec<Ignored>,
    /// What `visudo -c` says is broken.
    pub broken: Vec<Problem>,
    /// The host.
    pub ground: Ground,
    /// What makes root besides sudo.
    pub elsewhere: Elsewhere,
    /// Names of people that rules name and nobody has.
    pub no_users: BTreeSet<String>,
    /// The same of groups.
    pub no_groups: BTreeSet<String>,
    /// Programs that rules name and that are not there.
    pub no_programs: BTreeSet<String>,
    /// What could not be read, each in one sentence.
    pub partial: Vec<String>,
}

/// One person's rights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonRights {
    /// Who.
    pub user: Hostile,
    /// Their uid.
    pub uid: u32,
    /// Whether it is a human's account.
    pub person: bool,
    /// Whether they can become root, by any way.
    pub root: bool,
    /// By which ways.
    pub ways: Vec<Way>,
    /// What sudo lets them do, and what not.
    pub rights: Vec<Right>,
}

/// Somebody who may run a command.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Runner {
    /// Who.
    pub user: Hostile,
    /// Their uid.
    pub uid: u32,
    /// As whom, in words.
    #[serde(rename = "as")]
    pub target: String,
    /// Whether sudo asks for a password.
    pub password: bool,
    /// The rule that says so.
    pub place: Option<Place>,
}

/// A person as sudo sees them; `None` for a uid without a name.
#[must_use]
pub fn caller(person: &Person, gids: &BTreeMap<String, u32>) -> Option<Caller> {
    let name = person.name.as_ref()?.raw().to_owned();
    let primary = person.gid.map(|gid| {
        let name = person.primary_group.as_ref();
        (
            name.map_or_else(|| gid.to_string(), |name| name.raw().to_owned()),
            gid.0,
        )
    });
    let others = person.groups.iter().filter_map(|group| {
        let gid = gids.get(group.raw())?;
        Some((group.raw().to_owned(), *gid))
    });
    Some(Caller {
        name,
        uid: person.uid.0,
        groups: primary.into_iter().chain(others).collect(),
    })
}

/// Everybody's rights: people, and whoever else has any or can become root.
#[must_use]
pub fn everybody(known: &Known, people: &People) -> Vec<PersonRights> {
    let all = people.users.iter().filter_map(|person| {
        let caller = caller(person, &known.ground.gids)?;
        let rights = rights::of(&known.tree, &caller, &known.ground);
        let mut ways = ways::of(&caller, &known.elsewhere, known.readable);
        ways.extend(rights.iter().filter_map(by_sudo));
        Some(PersonRights {
            user: caller.name.as_str().into(),
            uid: caller.uid,
            person: person.person,
            root: !ways.is_empty(),
            ways,
            rights,
        })
    });
    let mut all: Vec<PersonRights> = all.collect();
    by_others(&mut all);
    all
}

fn by_sudo(right: &Right) -> Option<Way> {
    let why = right.root.as_ref()?;
    Some(Way {
        kind: Kind::Sudo,
        how: format!("{}: {why}", words::sentence(right)),
        place: right.place.as_ref().map(ToString::to_string),
    })
}

/// Whoever may do everything as somebody who can become root, can become root.
fn by_others(all: &mut [PersonRights]) {
    loop {
        let roots: BTreeSet<String> = all
            .iter()
            .filter(|one| one.root && one.uid != 0)
            .map(|one| one.user.raw().to_owned())
            .collect();
        let mut more = false;
        for one in all.iter_mut() {
            let mut ways = Vec::new();
            for right in &mut one.rights {
                let whole = right.danger.as_ref().is_some_and(|danger| danger.whole);
                let counts = right.allowed && right.state == rights::State::Active;
                if right.root.is_some() || !whole || !counts {
                    continue;
                }
                let Some(other) = right.targets.iter().find(|name| roots.contains(*name)) else {
                    continue;
                };
                let other = printable(other.as_bytes(), 256);
                right.root = Some(format!("{other} can become root"));
                ways.extend(by_sudo(right));
            }
            if !ways.is_empty() {
                more |= !one.root;
                one.root = true;
                one.ways.extend(ways);
            }
        }
        if !more {
            return;
        }
    }
}

/// Who may run a command now, as root or as whom else a rule allows.
#[must_use]
pub fn runners(known: &Known, people: &People, program: &str, args: &str) -> Vec<Runner> {
    let ground = &known.ground;
    let root = rights::root();
    let mut all = Vec::new();
    for person in &people.users {
        let Some(caller) = caller(person, &ground.gids) else {
            continue;
        };
        let targets = others(known, people);
        for target in std::iter::once(&root).chain(&targets) {
            let asked = Target {
                user: Some(target),
                group: None,
            };
            let rules = &known.tree.rules;
            let verdict = matching::asked(rules, &caller, asked, (program, args), ground);
            let Some(verdict) = verdict.filter(|verdict| verdict.allowed) else {
                continue;
            };
            let rights = rights::of(&known.tree, &caller, ground);
            let own = rights
                .iter()
                .rev()
                .find(|right| right.place == verdict.rule.place);
            let password = verdict.spec.tags.password;
            let password = password.or(own.map(|right| right.password)).unwrap_or(true);
            all.push(Runner {
                user: caller.name.as_str().into(),
                uid: caller.uid,
                target: words::target(
                    verdict.spec.users.as_deref(),
                    verdict.spec.groups.as_deref(),
                ),
                password: password && caller.uid != 0,
                place: verdict.rule.place.clone(),
            });
            break;
        }
    }
    all
}

/// Everybody whom a rule names as a target, besides root.
fn others(known: &Known, people: &People) -> Vec<Caller> {
    let specs = known.tree.rules.iter().flat_map(|rule| &rule.specs);
    let names: BTreeSet<String> = specs
        .flat_map(|spec| spec.users.iter().flatten())
        .filter_map(|item| match &item.what {
            super::Name::User(name) if !item.negated => Some(name.clone()),
            _ => None,
        })
        .collect();
    let called = |person: &&Person| {
        let name = person.name.as_ref();
        person.uid.0 != 0 && name.is_some_and(|name| names.contains(name.raw()))
    };
    let people = people.users.iter().filter(called);
    people
        .filter_map(|person| caller(person, &known.ground.gids))
        .collect()
}
