//! Where a host is not as the policy wishes: what was written, removed or set past it, whose file
//! it is, and the plan that mends it.

use serde::Serialize;

use crate::base::digest::sha256_hex;
use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::step::{Action, Step, Undo};

use super::directive::Directive;
use super::dropin::{self, DropIn};
use super::files::{self, UnitFile};
use super::present::{Present, UnitState};
use super::steps;
use super::wishes::Wishes;

/// Where what is set aside lies.
const ASIDE: &str = "/var/lib/benchwarden/set-aside";

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// What kind of thing.
    pub kind: Kind,
    /// The unit it is about.
    pub unit: String,
    /// The setting, as the policy calls it; `None` where it is a whole file.
    pub key: Option<&'static str>,
    /// What is wished, in words.
    pub wished: Option<String>,
    /// What is there instead, in words.
    pub found: Option<String>,
    /// The file.
    pub file: Option<String>,
    /// Who owns it.
    pub owner: Option<u32>,
    /// When it was last changed, in seconds since 1970.
    pub modified: Option<i64>,
    /// The package it came with, where one owns it.
    pub package: Option<String>,
    /// Whether the plan that mends can take it away.
    pub mendable: bool,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A file of ours is not there: removed, or never written.
    Missing,
    /// A file of ours says something else: edited, or the policy has changed since.
    Differs,
    /// A file of ours that nobody wishes any more.
    LeftOver,
    /// Somebody else's file wins over a wish.
    Overruled,
    /// Somebody else's file says something that no policy wishes.
    Unwished,
    /// systemd has not read what the files say.
    NotLoaded,
    /// The kernel does not hold what systemd says.
    NotInKernel,
    /// A quota of a disk is not what is wished.
    Quota,
}

impl Kind {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Missing => "the file is not there: it was removed, or never written",
            Self::Differs => "the file was edited, or the policy has changed since it was written",
            Self::LeftOver => "nobody wishes it any more",
            Self::Overruled => "somebody else's file wins",
            Self::Unwished => "somebody else's file sets what no policy wishes",
            Self::NotLoaded => "systemd has not read what the files say",
            Self::NotInKernel => "the kernel does not hold what systemd says",
            Self::Quota => "the quota is not what is wished",
        }
    }
}

/// Everything that is not as wished.
#[must_use]
pub fn find(wishes: &Wishes, present: &Present) -> Vec<Drift> {
    let wanted: Vec<DropIn> = wishes.units.iter().flat_map(dropin::files).collect();
    let mut found = Vec::new();
    for file in &wanted {
        let now = present.files.iter().find(|now| now.path == file.path);
        match now {
            None => found.push(of_file(Kind::Missing, &file.unit, &file.path, None)),
            Some(now) if now.fact != file.fact() => {
                found.push(of_file(Kind::Differs, &file.unit, &file.path, Some(now)));
            }
            Some(_) => {}
        }
    }
    for file in &present.files {
        if dropin::is_ours(&file.path) && !wanted.iter().any(|other| other.path == file.path) {
            let unit = dropin::unit_of(&file.path).unwrap_or("");
            found.push(of_file(Kind::LeftOver, unit, &file.path, Some(file)));
        }
    }
    for wish in &wishes.quotas {
        let state = present.quotas.get(&wish.uid);
        if let Some(state) = state.filter(|state| state.quota.with(&wish.bounds) != state.quota) {
            found.push(Drift {
                wished: Some(state.quota.with(&wish.bounds).to_string()),
                found: Some(state.quota.to_string()),
                ..of_file(Kind::Quota, &wish.name, &state.device, None)
            });
        }
    }
    let wished = as_wished(&wanted, present);
    for state in &present.units {
        // Without a policy nobody speaks against it.
        if !wanted.is_empty() {
            found.extend(overruled(state, &wished, present));
        }
        found.extend(not_in_force(state, present));
    }
    found
}

/// The files as they would be if only ours and those of packages were there.
fn as_wished(wanted: &[DropIn], present: &Present) -> Vec<UnitFile> {
    let packages = present.files.iter().filter(|file| is_packages(&file.path));
    let ours = wanted.iter().map(|file| UnitFile {
        path: file.path.clone(),
        text: Some(file.text.clone()),
        fact: file.fact(),
        owner: 0,
        modified: 0,
    });
    packages.cloned().chain(ours).collect()
}

/// Where packages put their files, and where systemd makes its own.
fn is_packages(path: &str) -> bool {
    const THEIRS: [&str; 6] = [
        "/usr/lib/systemd/",
        "/lib/systemd/",
        "/usr/local/lib/systemd/",
        "/run/systemd/transient/",
        "/run/systemd/generator",
        "/etc/systemd/system.attached/",
    ];
    THEIRS.iter().any(|dir| path.starts_with(dir))
}

fn of_file(kind: Kind, unit: &str, path: &str, file: Option<&UnitFile>) -> Drift {
    Drift {
        kind,
        unit: unit.to_owned(),
        key: None,
        wished: None,
        found: None,
        file: Some(path.to_owned()),
        owner: file.map(|file| file.owner),
        modified: file.map(|file| file.modified),
        package: None,
        mendable: true,
    }
}

/// Settings of a unit that somebody else's file decides.
fn overruled(state: &UnitState, wished: &[UnitFile], present: &Present) -> Vec<Drift> {
    let unit = state.unit.as_str();
    let (ours, all) = (
        files::about(unit, wished),
        files::about(unit, &present.files),
    );
    let one = |directive: Directive| {
        let said = files::said(&all, directive);
        let by = said.by.filter(|file| is_somebodys(&file.path))?;
        let wish = files::said(&ours, directive);
        let (value, wanted) = (
            present.value(directive, &said.values),
            present.value(directive, &wish.values),
        );
        let is_wish = wish.by.is_some_and(|file| dropin::is_ours(&file.path));
        if value.is_some() && value == wanted {
            return None;
        }
        let told = |value: Option<String>| value.map(|value| directive.told(&value));
        let found = told(value).unwrap_or_else(|| said.values.join(" "));
        Some(Drift {
            key: Some(directive.key_name()),
            wished: told(wanted).filter(|_| is_wish),
            found: Some(found),
            mendable: can_go(by),
            ..of_file(
                if is_wish {
                    Kind::Overruled
                } else {
                    Kind::Unwished
                },
                unit,
                &by.path,
                Some(by),
            )
        })
    };
    Directive::all().into_iter().filter_map(one).collect()
}

/// Whether a file is neither ours nor a package's.
fn is_somebodys(path: &str) -> bool {
    !dropin::is_ours(path) && !is_packages(path) && path.contains(".d/")
}

/// Whether a file says nothing but what is about resources: then it can go as a whole.
fn can_go(file: &UnitFile) -> bool {
    let Some(text) = &file.text else {
        return false;
    };
    let says = |line: &&str| {
        let line = line.trim();
        !(line.is_empty() || line.starts_with(['#', ';', '[']))
    };
    let lines = text.lines().filter(says).count();
    lines > 0 && lines == file.assignments().len()
}

/// What systemd or the kernel has not taken from the files.
fn not_in_force(state: &UnitState, present: &Present) -> Vec<Drift> {
    let Some(systemd) = &state.systemd else {
        return Vec::new();
    };
    let meant = present.meant(&state.unit, &present.files);
    let mut found = Vec::new();
    let mut note = |kind: Kind, directive: Directive, wanted: &str, now: &str| {
        found.push(Drift {
            kind,
            unit: state.unit.clone(),
            key: Some(directive.key_name()),
            wished: Some(directive.told(wanted)),
            found: Some(directive.told(now)),
            file: None,
            owner: None,
            modified: None,
            package: None,
            mendable: true,
        });
    };
    for (directive, value) in systemd {
        if let Some(wanted) = meant.get(directive).filter(|wanted| *wanted != value) {
            note(Kind::NotLoaded, *directive, wanted, value);
        }
        let kernel = state.kernel.as_ref().and_then(|all| all.get(directive));
        if let Some(now) = kernel.filter(|now| *now != value) {
            note(Kind::NotInKernel, *directive, value, now);
        }
    }
    found
}

/// Adds the steps that make everything as it is wished: others' files set aside, ours written.
pub fn mend(plan: &mut Plan, found: &[Drift], wishes: &Wishes, present: &Present) {
    let mut rest = present.clone();
    for file in &present.files {
        let about = |drift: &&Drift| drift.file.as_deref() == Some(&file.path);
        let others = |kind: Kind| matches!(kind, Kind::Overruled | Kind::Unwished);
        let mut theirs = found
            .iter()
            .filter(about)
            .filter(|drift| others(drift.kind));
        match theirs.next() {
            Some(drift) if drift.mendable => {
                plan.push(set_aside(file));
                rest.files.retain(|other| other.path != file.path);
            }
            Some(_) => plan.warn(format!(
                "{} stays: it says more than limits; edit it by hand",
                file.path
            )),
            None => {}
        }
    }
    steps::add_to(plan, wishes, &rest, present);
}

fn set_aside(file: &UnitFile) -> Step {
    let name = file.path.trim_start_matches('/').replace('/', "-");
    let digest = sha256_hex(format!("{} {}", file.fact, file.modified).as_bytes());
    let to = format!("{ASIDE}/{name}.{}", digest.get(..12).unwrap_or(&digest));
    let there = Expect::Is(file.fact.clone());
    Step {
        what: format!("set {} aside", file.path),
        action: Action::MoveFile {
            from: file.path.clone(),
            to: to.clone(),
        },
        changes: vec![
            Change::new(
                Subject::File(file.path.clone()),
                there.clone(),
                Expect::Absent,
            ),
            Change::new(Subject::File(to.clone()), Expect::Absent, there),
        ],
        undo: Undo::Exact {
            what: format!("put {} back", file.path),
            action: Action::MoveFile {
                from: to,
                to: file.path.clone(),
            },
        },
    }
}
