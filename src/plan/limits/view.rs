//! One unit's limits side by side: what is wished and by whom, what systemd has, what the kernel
//! holds, and the file that decides.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::base::id::UserName;
use crate::policy::schema::{Key, Scope};

use super::directive::Directive;
use super::dropin;
use super::files;
use super::owned::{is_pattern, pattern_of};
use super::present::Present;
use super::quota::KEYS;
use super::wishes::{Setting, Wish, Wishes, uid_of};

/// A unit's limits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct View {
    /// Whose it is, in words.
    pub whose: String,
    /// The uid, where it is a person's.
    pub uid: Option<u32>,
    /// The unit's name.
    pub unit: String,
    /// Whether it runs.
    pub live: bool,
    /// Setting by setting.
    pub limits: Vec<Row>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// As the policy calls it.
    pub key: &'static str,
    /// As it is wished: `40%`.
    pub wished: Option<String>,
    /// Who wishes it: `[limits.default] in /etc/benchwarden/policy.toml`.
    pub origin: Option<String>,
    /// When the wish is over.
    #[serde(serialize_with = "second")]
    pub until: Option<Timestamp>,
    /// What the wish means on this host: bytes, microseconds of CPU time in a second, a number.
    pub here: Option<String>,
    /// What systemd has; `null` where it was not asked.
    pub systemd: Option<String>,
    /// What the kernel holds; `null` where the unit does not run.
    pub kernel: Option<String>,
    /// The file that decides; `null` where no file says anything.
    pub file: Option<String>,
    /// Whether all agree.
    pub agrees: bool,
    #[serde(skip)]
    directive: Directive,
}

/// A time as JSON has it, in whole seconds.
///
/// # Errors
/// When it cannot be written.
pub fn second<S: Serializer>(at: &Option<Timestamp>, out: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => out.collect_str(&at.strftime("%Y-%m-%dT%H:%M:%SZ")),
        None => out.serialize_none(),
    }
}

impl View {
    /// What it is called in a list: what somebody has besides their slice stands below it by its
    /// own name.
    #[must_use]
    pub fn row_name(&self) -> String {
        let service = self.unit.strip_suffix(".service");
        match service.filter(|_| !is_pattern(&self.unit)) {
            Some(service) if self.uid.is_some() => format!("  {service}"),
            Some(service) => format!("{}: {service}", self.whose),
            None => self.whose.clone(),
        }
    }

    /// The table of the policy that is about it alone; `None` where there is none.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        match self.uid {
            Some(_) => UserName::parse(&self.whose).ok().map(Scope::User),
            None => is_pattern(&self.unit).then_some(Scope::Default),
        }
    }
}

impl Row {
    /// The value that counts, as people read it; `None` where nothing is bounded.
    #[must_use]
    pub fn in_force(&self) -> Option<String> {
        let there = self.kernel.as_ref().or(self.systemd.as_ref());
        let value = self.told(there.or(self.here.as_ref()));
        (value != "infinity" && value != "-").then_some(value)
    }

    /// A value of this setting as people read it; `-` for none.
    #[must_use]
    pub fn told(&self, value: Option<&String>) -> String {
        value.map_or_else(|| "-".to_owned(), |value| self.directive.told(value))
    }
}

/// The limits of a unit.
#[must_use]
pub fn of(unit: &str, whose: &str, wishes: &Wishes, present: &Present) -> View {
    let state = present.unit(unit);
    let about = files::about(unit, &present.files);
    let limits = Directive::all().into_iter().filter_map(|directive| {
        let wish = wished(unit, directive, wishes);
        let said = files::said(&about, directive);
        let here = wish.and_then(|wish| present.value(directive, &wish.values));
        let systemd = state.and_then(|state| state.systemd.as_ref()?.get(&directive).cloned());
        let kernel = state.and_then(|state| state.kernel.as_ref()?.get(&directive).cloned());
        let unbounded = |value: &Option<String>| {
            value
                .as_ref()
                .is_none_or(|value| value == directive.unbounded())
        };
        if wish.is_none() && said.by.is_none() && unbounded(&systemd) && unbounded(&kernel) {
            return None;
        }
        let meant = present.value(directive, &said.values);
        let wanted = if wish.is_some() { &here } else { &meant };
        let as_wanted = |value: &Option<String>| value.is_none() || value == wanted;
        // What a service has where nobody says anything is for systemd to know.
        let silent = wish.is_none() && said.by.is_none() && !unit.ends_with(".slice");
        let foreign = wish.is_some() && said.by.is_none_or(|by| !dropin::is_ours(&by.path));
        Some(Row {
            key: directive.key_name(),
            wished: wish.map(|wish| match wish.values.as_slice() {
                [] => directive.unbounded().to_owned(),
                values => values.join(", "),
            }),
            origin: wish.map(|wish| wish.from.clone()),
            until: wish.and_then(|wish| wish.until),
            agrees: if silent {
                kernel.is_none() || systemd.is_none() || kernel == systemd
            } else {
                as_wanted(&systemd) && as_wanted(&kernel) && (!foreign || meant == here)
            },
            here,
            systemd,
            kernel,
            file: said.by.map(|by| by.path.clone()),
            directive,
        })
    });
    let limits = limits.chain(quotas(unit, wishes, present));
    View {
        whose: whose.to_owned(),
        uid: uid_of(unit),
        unit: unit.to_owned(),
        live: state.is_some_and(|state| state.kernel.is_some()),
        limits: limits.collect(),
    }
}

/// What somebody may occupy where their home is: the file system's own bounds.
fn quotas(unit: &str, wishes: &Wishes, present: &Present) -> Vec<Row> {
    let uid = uid_of(unit);
    let Some(wish) = wishes.quotas.iter().find(|wish| Some(wish.uid) == uid) else {
        return Vec::new();
    };
    let state = present.quotas.get(&wish.uid);
    let value = |key: Key, bound: u64| match (key, bound) {
        (_, 0) => "infinity".to_owned(),
        (Key::DiskSoft | Key::DiskHard, kib) => (kib << 10).to_string(),
        (_, files) => files.to_string(),
    };
    let row = |(key, bound): (Key, &Option<u64>)| {
        let directive = Directive::Of(key);
        let here = value(key, (*bound)?);
        let kernel = state.and_then(|state| Some(value(key, state.quota.bound(key)?)));
        Some(Row {
            key: key.name(),
            wished: Some(directive.told(&here)),
            origin: Some("the policy".to_owned()),
            until: None,
            agrees: kernel.as_ref() == Some(&here),
            here: Some(here),
            systemd: None,
            kernel,
            file: state.map(|state| state.device.clone()),
            directive,
        })
    };
    let bounds = KEYS.into_iter().zip(&wish.bounds);
    bounds.filter_map(row).collect()
}

/// What is wished of a setting of a unit: what holds for a while before what lasts, and the unit's
/// own before everybody's where it has no file of its own.
fn wished<'a>(unit: &str, directive: Directive, wishes: &'a Wishes) -> Option<&'a Setting> {
    let of = |name: &str| wishes.units.iter().find(move |wish| wish.unit == name);
    let own = of(unit);
    let each = pattern_of(unit).and_then(of);
    let find = |settings: &'a [Setting]| {
        settings
            .iter()
            .find(|setting| setting.directive == directive)
    };
    let until = |wish: Option<&'a Wish>| wish.and_then(|wish| wish.until.as_deref());
    let keeps = |wish: Option<&'a Wish>| {
        wish.map(|wish| wish.keeps.as_slice())
            .filter(|keeps| !keeps.is_empty())
    };
    let for_now = until(own).or_else(|| until(each)).and_then(find);
    for_now.or_else(|| keeps(own).or_else(|| keeps(each)).and_then(find))
}
