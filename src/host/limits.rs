//! What is there of limits on this host, read at once: files, what systemd has made of them, what
//! the kernel holds, and what runs there now.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::units::{Bytes, Nanos};
use crate::model::people::{People, Source};
use crate::model::sample::CgroupVersion;
use crate::plan::limits::directive::Directive;
use crate::plan::limits::files::UnitFile;
use crate::plan::limits::owned::{Owned, is_pattern};
use crate::plan::limits::present::{Present, UnitState, Usage, Values};
use crate::plan::limits::wishes::{EVERYBODY, Someone, WAY_IN, Wishes, uid_of};
use crate::policy::resolve::HostSize;
use crate::policy::schema::Key;

use super::cgroup::{self, MOUNT, USER_SLICE};
use super::root::Root;
use super::{bpf, clock, owned, quota, slices, systemd, unit_files, units, world};

/// Over so much time what is used of the processors is measured at least.
const LONG_ENOUGH: Nanos = Nanos(200_000_000);

/// Where homes are made.
#[must_use]
pub fn homes(root: &Root) -> String {
    world::defaults(root).homes
}

/// Of the services of the way in those that are here.
#[must_use]
pub fn way_in(root: &Root) -> Vec<String> {
    let is_here = |unit: &&&str| {
        let dirs = [
            "/etc/systemd/system",
            "/usr/lib/systemd/system",
            "/lib/systemd/system",
        ];
        // An alias is another name of one that is there by its own.
        dirs.iter().any(|dir| {
            let path = format!("{dir}/{unit}");
            root.exists(&path) && root.link(&path).is_none()
        })
    };
    WAY_IN
        .iter()
        .filter(is_here)
        .map(|unit| (*unit).to_owned())
        .collect()
}

/// Everybody who can have limits: people of this host, and those of a directory who are known.
#[must_use]
pub fn people(people: &People) -> Vec<Someone> {
    let known = people.users.iter().filter(|one| one.person);
    known
        .filter(|one| one.source != Source::Unknown)
        .filter_map(|one| {
            let name = one.name.as_ref()?.raw().to_owned();
            let groups = one.groups.iter().chain(&one.primary_group);
            Some(Someone {
                name,
                uid: one.uid.0,
                groups: groups.map(|group| group.raw().to_owned()).collect(),
                home: one.home.as_ref().map_or("", |home| home.raw()).to_owned(),
            })
        })
        .collect()
}

/// What is there, for these wishes.
#[must_use]
pub fn present(root: &Root, wishes: &Wishes, owned: &[Owned], size: HostSize) -> Present {
    let wished = wishes.units.iter().map(|wish| wish.unit.clone());
    let mut names: BTreeSet<String> = wished.collect();
    names.extend(unit_files::people(root));
    names.extend(unit_files::ours(root));
    names.extend(owned.iter().map(|owned| owned.unit.clone()));
    names.extend(
        root.list_names(USER_SLICE)
            .filter(|name| uid_of(name).is_some()),
    );
    names.insert(EVERYBODY.to_owned());
    let files = unit_files::about(root, &names);
    names.retain(|unit| !is_pattern(unit));
    let wanted = wishes.quotas.iter();
    let quotas = wanted
        .filter_map(|wish| Some((wish.uid, quota::of(root, wish.uid, &wish.home)?)))
        .collect();
    let devices = devices(root, &files, wishes);
    let is_persons = |unit: &str| {
        let is_owned = || owned.iter().any(|owned| owned.unit == unit);
        uid_of(unit).is_some() || unit == EVERYBODY || is_owned()
    };
    let began = Cpu::of(root, names.iter().filter(|unit| is_persons(unit)));
    let units = names.iter();
    let units = units.map(|unit| state(root, unit, is_persons(unit)));
    let mut units: Vec<UnitState> = units.collect();
    began.tell(root, &mut units);
    Present {
        files,
        units,
        devices,
        quotas,
        size,
        idle: idle(root),
        lacking: lacking(root),
    }
}

/// What units have taken of the processors, and when that was read.
struct Cpu {
    at: Nanos,
    used: BTreeMap<String, Nanos>,
}

impl Cpu {
    fn of<'a>(root: &Root, units: impl Iterator<Item = &'a String>) -> Self {
        let used = |unit: &String| {
            let used = cgroup::cpu_used(root, &cgroup_of(root, unit))?;
            Some((unit.clone(), used))
        };
        Self {
            at: clock::monotonic(),
            used: units.filter_map(used).collect(),
        }
    }

    /// Looks again after a while, and notes what it was in between.
    fn tell(&self, root: &Root, units: &mut [UnitState]) {
        // A tree of files does not run.
        if !root.is_live() {
            return;
        }
        clock::pause(clock::until(self.at + LONG_ENOUGH));
        for state in units {
            let Some(usage) = &mut state.usage else {
                continue;
            };
            let before = self.used.get(&state.unit);
            let now = cgroup::cpu_used(root, &cgroup_of(root, &state.unit));
            let passed = clock::monotonic().saturating_sub(self.at).0;
            usage.cpu = before.zip(now).and_then(|(before, now)| {
                let used = u128::from(now.saturating_sub(*before).0) * 10_000;
                u32::try_from(used.checked_div(u128::from(passed))?).ok()
            });
        }
    }
}

/// Why nothing can be limited here.
fn lacking(root: &Root) -> Option<String> {
    let version = cgroup::version(root);
    if version != CgroupVersion::V2 {
        return Some(format!(
            "limits need cgroup v2, and this host has {}: boot with \
             systemd.unified_cgroup_hierarchy=1",
            version.as_str()
        ));
    }
    if !root.is_live() {
        return None;
    }
    if !systemd::is_init(root) {
        return Some("limits need systemd as the init of this host".to_owned());
    }
    (!root.exists(systemd::BUS)).then(|| {
        "limits need the system bus, to tell systemd: systemctl start dbus.socket".to_owned()
    })
}

/// Weights of I/O are heeded by `io.cost`, which tells by a file of its own whether it is there.
fn idle(root: &Root) -> Vec<Directive> {
    let weighs = root.exists(&format!("{MOUNT}/io.cost.qos"));
    if weighs || !root.is_live() {
        Vec::new()
    } else {
        vec![Directive::Of(Key::IoWeight)]
    }
}

fn state(root: &Root, unit: &str, is_persons: bool) -> UnitState {
    let systemd = units::settings(root, unit).ok().flatten();
    let dir = cgroup_of(root, unit);
    UnitState {
        unit: unit.to_owned(),
        kernel: kernel(root, &dir, systemd.as_ref()),
        systemd,
        usage: is_persons.then(|| usage(root, &dir)).flatten(),
    }
}

/// Where the cgroup of a unit is while it runs.
#[must_use]
pub fn cgroup_of(root: &Root, unit: &str) -> String {
    match unit {
        EVERYBODY => USER_SLICE.to_owned(),
        "system.slice" | "init.scope" => format!("{MOUNT}/{unit}"),
        _ if uid_of(unit).is_some() => format!("{USER_SLICE}/{unit}"),
        _ => owned::cgroup_of(root, unit),
    }
}

/// What the kernel holds; `None` where nothing runs in such a cgroup: systemd may have left one
/// behind, and writes to it when something starts. A file that is not there is left out: its
/// controller is not in use, or not in this kernel.
#[must_use]
pub fn kernel(root: &Root, dir: &str, systemd: Option<&Values>) -> Option<Values> {
    if !cgroup::is_populated(root, dir) {
        return None;
    }
    let mut values = Values::new();
    for directive in Directive::all() {
        let value = match directive.kernel_file() {
            Some(file) => {
                let text = root.peek(&format!("{dir}/{file}"));
                text.and_then(|text| directive.in_kernel(&text))
            }
            None => filter(root, dir, directive, systemd),
        };
        values.extend(value.map(|value| (directive, value)));
    }
    Some(values)
}

/// Addresses are in programs that the kernel runs, which systemd attaches not to a slice but to
/// each unit in it: they are there with what systemd has, or not.
fn filter(
    root: &Root,
    dir: &str,
    directive: Directive,
    systemd: Option<&Values>,
) -> Option<String> {
    let none = directive.unbounded();
    let wanted = systemd?.get(&directive)?;
    let denies = systemd?
        .get(&Directive::Of(Key::IpDeny))
        .is_some_and(|deny| deny != none);
    if !denies {
        return Some(none.to_owned());
    }
    let all = filtered(root, dir)?;
    Some(if all { wanted.clone() } else { none.to_owned() })
}

/// Whether everything that runs in a unit is behind a filter; `None` where nothing runs, or the
/// kernel does not tell.
fn filtered(root: &Root, dir: &str) -> Option<bool> {
    if !dir.ends_with(".slice") {
        return bpf::filters(root, dir);
    }
    let units = root.subdirectories(dir).map(|name| format!("{dir}/{name}"));
    let running = units.filter(|dir| cgroup::is_populated(root, dir));
    let told: Vec<bool> = running.filter_map(|dir| filtered(root, &dir)).collect();
    (!told.is_empty()).then(|| told.iter().all(|filtered| *filtered))
}

/// What these settings of a unit are in systemd, as a fact tells them.
///
/// # Errors
/// When systemd does not answer.
pub fn in_systemd(root: &Root, unit: &str) -> Result<Option<Values>, units::UnitsError> {
    units::settings(root, unit)
}

/// The same in the kernel.
#[must_use]
pub fn in_kernel(root: &Root, unit: &str, which: &[Directive]) -> Option<Values> {
    let asks = which
        .iter()
        .any(|directive| directive.kernel_file().is_none());
    let systemd = asks
        .then(|| units::settings(root, unit).ok().flatten())
        .flatten();
    kernel(root, &cgroup_of(root, unit), systemd.as_ref())
}

fn usage(root: &Root, dir: &str) -> Option<Usage> {
    let number =
        |file: &str| -> Option<u64> { root.peek(&format!("{dir}/{file}"))?.trim().parse().ok() };
    let stat = root.peek(&format!("{dir}/memory.stat"))?;
    Some(Usage {
        charged: Bytes(number("memory.current")?),
        held: cgroup::held(&stat)?,
        tasks: number("pids.current").unwrap_or(0),
        cpu: None,
        largest: largest(root, dir),
    })
}

/// The process of a slice that holds the most.
fn largest(root: &Root, dir: &str) -> Option<(u32, String, Bytes)> {
    let mut largest: Option<(u32, String, Bytes)> = None;
    slices::visit_processes(root, dir, 0, &mut |_, pid| {
        let status = root
            .peek(&format!("/proc/{pid}/status"))
            .unwrap_or_default();
        let field = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            Some(line.trim())
        };
        let kib = |key: &str| -> u64 {
            let text = field(key).and_then(|text| text.split_whitespace().next());
            text.and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        let size = Bytes::from_kib(kib("RssAnon:") + kib("RssShmem:"));
        if largest.as_ref().is_none_or(|(.., most)| size > *most) {
            largest = Some((pid, field("Name:").unwrap_or("").to_owned(), size));
        }
    });
    largest
}

/// The devices behind all paths that rates are about.
fn devices(root: &Root, files: &[UnitFile], wishes: &Wishes) -> BTreeMap<String, String> {
    let is_rate = |directive: &Directive| directive.is_list() && directive.kernel_file().is_some();
    let told = files.iter().flat_map(UnitFile::assignments);
    let wished = wishes.settings().flat_map(|(_, setting)| {
        let values = setting.values.iter();
        values.map(|value| (setting.directive, value.clone()))
    });
    let rates = told
        .chain(wished)
        .filter(|(directive, _)| is_rate(directive));
    rates
        .filter_map(|(_, value)| {
            let (path, _) = value.rsplit_once(' ')?;
            let path = path.trim();
            Some((path.to_owned(), cgroup::device_of(root, path)?))
        })
        .collect()
}
