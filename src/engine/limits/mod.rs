//! Limits of a host: what is wished and what is there, side by side, and the plans that change
//! them.

mod groups;
mod plans;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::base::id::UserName;
use crate::host::policy::FILE;
use crate::host::root::Root;
use crate::host::{clock, directory, unit_files};
use crate::host::{limits, owned};
use crate::model::people::People;
use crate::plan::limits::drift::{self, Drift, Kind};
use crate::plan::limits::owned::{EACH_SERVER, Owned};
use crate::plan::limits::present::Present;
use crate::plan::limits::quota;
use crate::plan::limits::view::{self, View};
use crate::plan::limits::wishes::{
    self, EACH, EVERYBODY, Ground, Someone, Wishes, is_systems, slice_of,
};
use crate::policy::schema::{Key, Policy, Scope, Value};

use super::changes::ChangeError;
use super::policies::{self, Policies};

pub(super) use plans::{plan, policy_step, unknown};

/// What somebody wants of the limits.
#[derive(Clone, Debug, PartialEq)]
pub enum LimitsIntent {
    /// Other values, perhaps for a while.
    Set(Scope, Vec<(Key, Value)>, Option<Timestamp>),
    /// Values no more: those named, or all.
    Clear(Scope, Vec<Key>),
    /// The host as its policy says.
    Apply,
    /// This text as the site's own policy file, and the host as the policy says then.
    Adopt(String),
    /// The same, and what others set out of the way.
    Mend,
}

/// Limits as they are.
#[derive(Clone, Debug, Serialize)]
pub struct Limits {
    /// Unit by unit.
    pub units: Vec<View>,
    /// What the policy gives to members of groups; in force with them.
    pub groups: Vec<GroupLimits>,
    /// What could not be read, each in one sentence.
    pub partial: Vec<String>,
}

/// What the policy says of a group.
#[derive(Clone, Debug, Serialize)]
pub struct GroupLimits {
    /// Which.
    pub group: String,
    /// Who is in it, as far as people are known here.
    pub members: Vec<String>,
    /// Limit by limit.
    pub limits: Vec<GroupLimit>,
}

/// One limit of a group.
#[derive(Clone, Debug, Serialize)]
pub struct GroupLimit {
    /// As the policy calls it.
    pub key: &'static str,
    /// As it is written.
    pub value: String,
    /// The file that says it.
    pub file: String,
    /// When it is over.
    #[serde(serialize_with = "view::second")]
    pub until: Option<Timestamp>,
}

/// Everything that decides.
struct Known {
    policies: Policies,
    people: Vec<Someone>,
    wishes: Wishes,
    present: Present,
    /// Units of people outside their slices.
    owned: Vec<Owned>,
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
            Self::Adopt(_) => format!("make this {FILE}, and apply the policy"),
            Self::Mend => "mend what differs from the policy".to_owned(),
        }
    }
}

pub(super) fn whose(scope: &Scope) -> String {
    match scope {
        Scope::Default => "every person".to_owned(),
        Scope::Group(name) => format!("group {}", name.as_str()),
        Scope::User(name) => format!("user {}", name.as_str()),
    }
}

pub(super) fn about(scope: &Scope) -> &str {
    match scope {
        Scope::Default => "default",
        Scope::Group(name) => name.as_str(),
        Scope::User(name) => name.as_str(),
    }
}

/// The policy, if nothing is wrong with it.
pub(in crate::engine) fn good(policies: &Policies) -> Result<Policy, ChangeError> {
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
            let one = People {
                users: vec![found.user],
                ..Default::default()
            };
            people.extend(limits::people(&one));
            partial.extend(found.partial);
        }
    }
    let owned = owned::units(root, &people);
    let ground = Ground {
        size: policies.host,
        homes: limits::homes(root),
        way_in: limits::way_in(root),
        spawner: owned::spawner(root, &owned),
        owned: owned.clone(),
        now: clock::now(),
    };
    let mut wishes = wishes::of(policy, &people, &ground);
    if let Some(before) = before {
        let before = wishes::of(before, &people, &ground);
        quota::release(&before.quotas, &mut wishes.quotas);
    }
    let present = limits::present(root, &wishes, &owned, policies.host);
    partial.extend(present.lacking.clone());
    Known {
        policies,
        people,
        wishes,
        present,
        owned,
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
        .flat_map(|one| {
            let theirs = known.owned.iter().filter(|owned| owned.uid == one.uid);
            let theirs = theirs.map(|owned| owned.unit.clone());
            let units = std::iter::once(slice_of(one.uid)).chain(theirs);
            units.map(|unit| View {
                uid: Some(one.uid),
                ..view(&unit, &one.name)
            })
        })
        .collect();
    let units = match whom {
        None => {
            let mut wide = vec![(EVERYBODY, "everybody together"), (EACH, "every person")];
            if known
                .wishes
                .units
                .iter()
                .any(|wish| wish.unit == EACH_SERVER)
            {
                wide.push((EACH_SERVER, "every notebook server"));
            }
            let wide = wide.into_iter().map(|(unit, whose)| view(unit, whose));
            let others = known
                .wishes
                .units
                .iter()
                .filter(|wish| is_systems(&wish.unit));
            let others = others.map(|wish| view(&wish.unit, &wish.whose));
            wide.chain(of_people).chain(others).collect()
        }
        Some(whom) => match of_people.as_slice() {
            [] => vec![stranger(root, whom, &known)?],
            _ => of_people,
        },
    };
    let groups = match whom {
        None => groups::of(&policy, &known.people, clock::now()),
        Some(_) => Vec::new(),
    };
    Ok(Limits {
        units,
        groups,
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
