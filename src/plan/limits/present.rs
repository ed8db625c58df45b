//! What is there of limits on a host: files, what systemd has made of them, what the kernel holds.

use std::collections::BTreeMap;

use crate::base::units::Bytes;
use crate::policy::resolve::HostSize;

use super::directive::Directive;
use super::files::{self, UnitFile};
use super::quota::QuotaState;

/// Settings and their values, in the wording of [`Directive::meant`].
pub type Values = BTreeMap<Directive, String>;

/// Everything that is known.
#[derive(Clone, Debug)]
pub struct Present {
    /// Files about units of ours, in any directory that systemd looks in.
    pub files: Vec<UnitFile>,
    /// The units that limits are about, and all slices of people that run.
    pub units: Vec<UnitState>,
    /// Paths that rates are about, and the devices they are on.
    pub devices: BTreeMap<String, String>,
    /// Quotas, by uid, of those for whom one is wished.
    pub quotas: BTreeMap<u32, QuotaState>,
    /// How large the host is.
    pub size: HostSize,
    /// Settings that this kernel does nothing about.
    pub idle: Vec<Directive>,
    /// Why nothing can be limited here, if nothing can.
    pub lacking: Option<String>,
}

/// One unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitState {
    /// Its name.
    pub unit: String,
    /// What the kernel holds; `None` where it has no cgroup of this name now.
    pub kernel: Option<Values>,
    /// What systemd has; `None` where it was not asked.
    pub systemd: Option<Values>,
    /// What runs in it, where it is a person's.
    pub usage: Option<Usage>,
}

/// What a unit uses now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Everything charged to it.
    pub charged: Bytes,
    /// Of that what nothing but ending a program would free, swap apart.
    pub held: Bytes,
    /// Processes and threads.
    pub tasks: u64,
    /// What it takes of the processors, in hundredths of a percent of one core; `None` where that
    /// was not measured.
    pub cpu: Option<u32>,
    /// The largest process: its pid, its name, what it holds.
    pub largest: Option<(u32, String, Bytes)>,
}

impl Present {
    /// A unit's state.
    #[must_use]
    pub fn unit(&self, name: &str) -> Option<&UnitState> {
        self.units.iter().find(|state| state.unit == name)
    }

    /// What these files mean for a unit, setting by setting; what cannot be understood is left
    /// out.
    #[must_use]
    pub fn meant(&self, unit: &str, files: &[UnitFile]) -> Values {
        let about = files::about(unit, files);
        let one = |directive: Directive| {
            let said = files::said(&about, directive);
            // What a service has where nobody says anything is for systemd to know.
            if said.by.is_none() && !unit.ends_with(".slice") {
                return None;
            }
            let value = self.value(directive, &said.values)?;
            Some((directive, value))
        };
        Directive::all().into_iter().filter_map(one).collect()
    }

    /// What lines of a file mean here.
    #[must_use]
    pub fn value(&self, directive: Directive, lines: &[String]) -> Option<String> {
        let device = |path: &str| self.devices.get(path).cloned();
        directive.meant(lines, &self.size, &device)
    }
}

/// Values as one fact: `MemoryMax=524288000 TasksMax=900`.
#[must_use]
pub fn fact(values: &Values, which: &[Directive]) -> String {
    let told: Vec<String> = which
        .iter()
        .filter_map(|directive| Some(format!("{directive}={}", values.get(directive)?)))
        .collect();
    told.join("; ")
}

/// The unit and the settings that a fact is about: `user-1001.slice MemoryMax TasksMax`.
#[must_use]
pub fn topic(unit: &str, which: &[Directive]) -> String {
    let names: Vec<&str> = which.iter().map(|directive| directive.name()).collect();
    format!("{unit} {}", names.join(" "))
}

/// Takes a topic apart.
#[must_use]
pub fn of_topic(topic: &str) -> (&str, Vec<Directive>) {
    let (unit, names) = topic.split_once(' ').unwrap_or((topic, ""));
    let which = names.split_ascii_whitespace().filter_map(Directive::find);
    (unit, which.collect())
}
