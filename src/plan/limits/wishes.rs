//! What the policy wishes for the units of a host: for everybody together, for each person by
//! default, for whom it wishes something else, and for what the admins get in by.
//!
//! Drop-ins of one name hide each other whole, so a person's file says everything, not only what
//! differs. What ends by itself stands in a second file that sorts behind the first.

use jiff::Timestamp;

use crate::base::id::UserName;
use crate::base::limit::Size;
use crate::base::units::Bytes;
use crate::policy::resolve::{Because, HostSize, Resolved, Said, Who};
use crate::policy::schema::{Key, Policy, Scope, Value};

use super::directive::{Directive, rate_lines};
use super::owned::{self, Owned};
use super::quota::{self, QuotaWish};
use super::shares::Shares;

/// Somebody who can log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Someone {
    /// Their name.
    pub name: String,
    /// Their uid.
    pub uid: u32,
    /// All groups they are in, the primary one included.
    pub groups: Vec<String>,
    /// Their home.
    pub home: String,
}

/// What decides besides the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// How large the host is.
    pub size: HostSize,
    /// Where homes are made.
    pub homes: String,
    /// Of [`WAY_IN`] the services that are here.
    pub way_in: Vec<String>,
    /// Units of one person each that run outside the slices of people.
    pub owned: Vec<Owned>,
    /// Whether something here begins such units for people.
    pub spawner: bool,
    /// Now.
    pub now: Timestamp,
}

/// What everybody together gets.
pub const EVERYBODY: &str = "user.slice";
/// The services of the system.
pub const SYSTEM_SLICE: &str = "system.slice";
/// What each person gets who has no file of their own.
pub const EACH: &str = "user-.slice";
/// Root's own slice: no person's.
const ROOT: &str = "user-0.slice";
/// The first process.
pub(super) const INIT: &str = "init.scope";
/// Services without which nobody gets in.
pub const WAY_IN: [&str; 5] = [
    "ssh.service",
    "sshd.service",
    "systemd-logind.service",
    "dbus.service",
    "benchwarden-guard.service",
];
/// The weight of what the admins get in by and work in; everybody else has 100.
pub(super) const HEAVY: &str = "1000";
/// Everything that is wished of this host's units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// Unit by unit, each once.
    pub units: Vec<Wish>,
    /// Quotas of disks, person by person.
    pub quotas: Vec<QuotaWish>,
    /// What whoever approves should know.
    pub warnings: Vec<String>,
}

/// What is wished of one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// Its name.
    pub unit: String,
    /// Whose it is, in words: `alice`, `every person`.
    pub whose: String,
    /// What holds until somebody changes it.
    pub keeps: Vec<Setting>,
    /// What holds for a while, over that; `None` where no second file is needed.
    pub until: Option<Vec<Setting>>,
}

/// One wished setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Which.
    pub directive: Directive,
    /// Its lines; none where it is only taken back.
    pub values: Vec<String>,
    /// Who says so, in words: `[limits.default] in /etc/benchwarden/policy.toml`.
    pub from: String,
    /// When it is over.
    pub until: Option<Timestamp>,
}

impl Wishes {
    /// Every setting with its unit.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.units.iter().flat_map(|wish| {
            let all = wish.keeps.iter().chain(wish.until.iter().flatten());
            all.map(|setting| (wish.unit.as_str(), setting))
        })
    }
}

/// The unit of a person's sessions.
#[must_use]
pub fn slice_of(uid: u32) -> String {
    format!("user-{uid}.slice")
}

/// Whether a unit is root's or the system's, and kept alive for those who get in.
#[must_use]
pub fn is_systems(unit: &str) -> bool {
    [ROOT, SYSTEM_SLICE, INIT].contains(&unit) || WAY_IN.contains(&unit)
}

/// The uid whose slice a unit is.
#[must_use]
pub fn uid_of(unit: &str) -> Option<u32> {
    unit.strip_prefix("user-")?
        .strip_suffix(".slice")?
        .parse()
        .ok()
}

/// What is wished of every unit; nothing at all without a policy.
#[must_use]
pub fn of(policy: &Policy, people: &[Someone], ground: &Ground) -> Wishes {
    if policy.files.is_empty() {
        return Wishes::default();
    }
    let mut wishes = Wishes::default();
    let nobody = Who {
        name: "",
        groups: &[],
    };
    let default = policy.resolve(nobody, ground.now, &ground.size);
    let home = &ground.homes;
    let (keeps, until) = (lasting(&default, home, home), passing(&default, home, home));
    let admins: Vec<&Someone> = people
        .iter()
        .filter(|one| with_groups(one, |who| policy.admin_because(who)).is_some())
        .collect();
    let shares = Shares::of(policy, ground, admins.len());
    let guard = policy.guard();
    for one in people {
        let resolved = with_groups(one, |who| policy.resolve(who, ground.now, &ground.size));
        wishes
            .quotas
            .extend(quota::wished(&one.name, one.uid, &one.home, &resolved));
        let place = if one.home.starts_with(&format!("{home}/")) || odd(&one.home) {
            home
        } else {
            &one.home
        };
        let mut own = lasting(&resolved, home, place);
        let own_until = passing(&resolved, home, place);
        let (theirs, all) = ((&*own, &*own_until), (&*keeps, &*until));
        wishes
            .units
            .extend(owned::of(one, ground, &guard, theirs, all));
        if let Some(because) = &resolved.admin {
            protect(&mut own, shares.admin, because);
        }
        let differs = !same(&own, &keeps);
        let differs_for_now = !same(&own_until, &until);
        if differs || differs_for_now {
            wishes.units.push(Wish {
                unit: slice_of(one.uid),
                whose: one.name.clone(),
                keeps: if differs { own } else { Vec::new() },
                until: differs_for_now.then_some(own_until),
            });
        }
    }
    wishes.units.push(root(&keeps, &until, &shares));
    wishes
        .units
        .extend(owned::each(ground, &guard, (&keeps, &until)));
    if !keeps.is_empty() || !until.is_empty() {
        wishes.units.push(Wish {
            unit: EACH.to_owned(),
            whose: "every person".to_owned(),
            keeps,
            until: (!until.is_empty()).then_some(until),
        });
    }
    wishes
        .units
        .extend(shares.units(ground, &mut wishes.warnings));
    wishes.warnings.extend(strangers(policy, people));
    wishes
        .units
        .sort_by(|a, b| order(&a.unit).cmp(&order(&b.unit)));
    wishes
}

/// Calls with somebody's groups as the policy takes them.
fn with_groups<T>(one: &Someone, with: impl FnOnce(Who<'_>) -> T) -> T {
    let groups: Vec<&str> = one.groups.iter().map(String::as_str).collect();
    with(Who {
        name: &one.name,
        groups: &groups,
    })
}

/// From the widest to the narrowest.
fn order(unit: &str) -> (u8, u32, &str) {
    match (unit, uid_of(unit)) {
        (EVERYBODY, _) => (0, 0, unit),
        (EACH, _) => (1, 0, unit),
        (_, Some(uid)) => (2, uid, unit),
        _ => (3, 0, unit),
    }
}

/// Whether two lists of settings say the same, whoever says it.
pub(super) fn same(one: &[Setting], other: &[Setting]) -> bool {
    let plain = |settings: &[Setting]| -> Vec<(Directive, Vec<String>)> {
        settings
            .iter()
            .map(|setting| (setting.directive, setting.values.clone()))
            .collect()
    };
    plain(one) == plain(other)
}

/// What holds when everything that ends by itself is over.
fn lasting(resolved: &Resolved, homes: &str, home: &str) -> Vec<Setting> {
    let one = |setting: &crate::policy::resolve::Setting| {
        let mut said = std::iter::once(&setting.said).chain(&setting.overrode);
        let lasts = said.find(|said| said.until.is_none())?;
        made(setting.key, lasts, homes, home)
    };
    ordered(resolved.limits.iter().filter_map(one).collect())
}

/// What ends by itself, and holds now.
fn passing(resolved: &Resolved, homes: &str, home: &str) -> Vec<Setting> {
    let timed = resolved.limits.iter();
    let timed = timed.filter(|setting| setting.said.until.is_some());
    let made = timed.filter_map(|setting| made(setting.key, &setting.said, homes, home));
    ordered(made.collect())
}

fn ordered(mut settings: Vec<Setting>) -> Vec<Setting> {
    settings.sort_by_key(|setting| setting.directive);
    settings
}

/// A value of the policy as systemd's; `None` for what is no setting of systemd's.
fn made(key: Key, said: &Said<Value>, homes: &str, home: &str) -> Option<Setting> {
    let home = match said.scope {
        // One file for all of them.
        Scope::Default => homes,
        Scope::Group(_) | Scope::User(_) => home,
    };
    Some(Setting {
        directive: Directive::of(key)?,
        values: match &said.value {
            Value::Rates(rates) => rate_lines(rates, home),
            Value::Addresses(rules) => rules.0.iter().map(ToString::to_string).collect(),
            other => vec![other.to_string()],
        },
        from: format!("[limits.{}] in {}", said.scope, said.at.file),
        until: said.until,
    })
}

/// Whether systemd would read something else into a path.
fn odd(path: &str) -> bool {
    !path.starts_with('/')
        || path
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | '%'))
}

/// An admin keeps a part of memory and of the processors, unless the policy says so of them.
fn protect(settings: &mut Vec<Setting>, promise: u64, because: &Because) {
    let why = match &because.group {
        Some(group) => format!("an admin, as a member of {group}"),
        None => "an admin".to_owned(),
    };
    add_protection(settings, promise, &why);
}

fn add_protection(settings: &mut Vec<Setting>, promise: u64, why: &str) {
    let weight = Directive::Of(Key::CpuWeight);
    let default = |setting: &Setting| setting.from.starts_with("[limits.default]");
    settings.retain(|setting| setting.directive != weight || !default(setting));
    if !settings.iter().any(|setting| setting.directive == weight) {
        settings.push(ours(weight, HEAVY, why));
    }
    if promise > 0 {
        settings.push(ours(Directive::MemoryMin, &size(promise), why));
    }
    settings.sort_by_key(|setting| setting.directive);
}

pub(super) fn ours(directive: Directive, value: &str, why: &str) -> Setting {
    Setting {
        directive,
        values: vec![value.to_owned()],
        from: why.to_owned(),
        until: None,
    }
}

pub(super) fn size(bytes: u64) -> String {
    Size(Bytes(bytes)).to_string()
}

/// Root's slice is below the same default, and is nobody's: what bounds people does not bound it.
fn root(keeps: &[Setting], until: &[Setting], shares: &Shares) -> Wish {
    let why = "root is not bounded as people are";
    let lift = |settings: &[Setting]| -> Vec<Setting> {
        settings
            .iter()
            .map(|setting| Setting {
                values: setting.directive.lifted(),
                from: why.to_owned(),
                until: None,
                ..*setting
            })
            .collect()
    };
    let mut own = lift(keeps);
    own.retain(|setting| setting.directive != Directive::Of(Key::CpuWeight));
    add_protection(&mut own, shares.admin, "root");
    Wish {
        unit: ROOT.to_owned(),
        whose: "root".to_owned(),
        keeps: own,
        until: (!until.is_empty()).then(|| lift(until)),
    }
}

/// Tables that are about nobody.
fn strangers(policy: &Policy, people: &[Someone]) -> Vec<String> {
    let known = |name: &UserName| people.iter().any(|one| one.name == name.as_str());
    let tables = policy.files.iter().flat_map(|file| &file.limits);
    let mut told: Vec<String> = tables
        .filter_map(|table| match &table.scope {
            Scope::User(name) if !known(name) => Some(format!(
                "[limits.{}] at {} is about nobody: no account here, and no directory that \
                 answered, has this name",
                table.scope, table.at
            )),
            _ => None,
        })
        .collect();
    told.dedup();
    told
}
