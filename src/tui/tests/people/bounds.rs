//! Limits of a host that is made of a policy and of what systemd and the kernel are said to have.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::base::units::Bytes;
use crate::engine::limits::{GroupLimit, GroupLimits, Limits};
use crate::plan::limits::directive::Directive;
use crate::plan::limits::drift::{self, Drift};
use crate::plan::limits::dropin;
use crate::plan::limits::files::UnitFile;
use crate::plan::limits::owned::{EACH_SERVER, Owned};
use crate::plan::limits::present::{Present, UnitState};
use crate::plan::limits::view::{self, View};
use crate::plan::limits::wishes::{
    self, EACH, EVERYBODY, Ground, Someone, Wishes, is_systems, slice_of,
};
use crate::policy::parse::{self, Source};
use crate::policy::resolve::HostSize;
use crate::policy::schema::Key;

const POLICY: &str = "[host]\nreserve_memory = \"20%\"\n\
    [limits.default]\ncpu_quota = \"400%\"\nmemory_high = \"35%\"\nmemory_max = \"40%\"\n\
    memory_swap_max = \"0\"\ntasks_max = 4096\n\
    [limits.group.modelling]\nmemory_max = \"60%\"\nmemory_high = \"55%\"\n";
const CONSOLE: &str = "[limits.user.alice]\ntasks_max = 9000\n\
    ip_deny = [\"any\"]\nip_allow = [\"localhost\", \"10.0.0.0/8\"]\n";
const UNTIL: &str =
    "[limits.user.alice]\nmemory_max = { value = \"80G\", until = 2026-11-22T03:00:00Z }\n";
const SERVER: &str = "jupyter-alice-singleuser.service";
const SIZE: HostSize = HostSize {
    memory: Bytes(100 << 30),
    page: Bytes(4096),
    tasks: 30_000,
    cpus: 32,
};

fn people() -> Vec<Someone> {
    let people = [
        ("alice", 1001, &["modelling"][..]),
        ("bob", 1002, &["modelling"]),
        ("carol", 1003, &[]),
    ];
    let one = |(name, uid, groups): (&str, u32, &[&str])| Someone {
        name: name.into(),
        uid,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        home: format!("/home/{name}"),
    };
    people.into_iter().map(one).collect()
}

fn wished() -> Wishes {
    let source = |name: &str, text: &str| Source {
        name: format!("/etc/benchwarden/{name}").as_str().into(),
        bytes: text.into(),
    };
    let policy = parse::policy(&[
        source("policy.toml", POLICY),
        source("policy.d/50-console.toml", CONSOLE),
        source("policy.d/51-console-until.toml", UNTIL),
    ]);
    let ground = Ground {
        size: SIZE,
        homes: "/home".into(),
        way_in: vec!["ssh.service".into()],
        owned: vec![Owned {
            unit: SERVER.into(),
            uid: 1001,
        }],
        spawner: true,
        now: "2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap(),
    };
    wishes::of(&policy.unwrap(), &people(), &ground)
}

fn present(wishes: &Wishes, drifted: bool) -> Present {
    let file = |path: String, text: String| UnitFile {
        fact: dropin::fact(&text),
        text: Some(text),
        path,
        owner: 0,
        modified: 1_795_230_000,
    };
    let ours = wishes.units.iter().flat_map(dropin::files);
    let mut files: Vec<UnitFile> = ours.map(|ours| file(ours.path, ours.text)).collect();
    if drifted {
        let path = "/etc/systemd/system.control/user-1001.slice.d/50-TasksMax.conf";
        files.push(file(path.into(), "[Slice]\nTasksMax=44\n".into()));
    }
    let mut present = Present {
        files,
        units: Vec::new(),
        devices: BTreeMap::new(),
        quotas: BTreeMap::new(),
        size: SIZE,
        idle: Vec::new(),
        lacking: None,
    };
    let runs = [EVERYBODY, "user-1001.slice", SERVER];
    for unit in runs
        .into_iter()
        .chain(["user-1002.slice", "user-1003.slice"])
    {
        let meant = present.meant(unit, &present.files);
        let mut kernel = meant.clone();
        if drifted && unit == EVERYBODY {
            kernel.insert(Directive::Of(Key::MemoryMax), "infinity".into());
        }
        present.units.push(UnitState {
            unit: unit.into(),
            systemd: Some(meant),
            kernel: runs.contains(&unit).then_some(kernel),
            usage: None,
        });
    }
    present
}

pub(super) fn limits(drifted: bool) -> Limits {
    let wishes = wished();
    let present = present(&wishes, drifted);
    let view = |unit: &str, whose: &str, uid| View {
        uid,
        ..view::of(unit, whose, &wishes, &present)
    };
    let mut units = vec![
        view(EVERYBODY, "everybody together", None),
        view(EACH, "every person", None),
        view(EACH_SERVER, "every notebook server", None),
    ];
    for one in people() {
        units.push(view(&slice_of(one.uid), &one.name, Some(one.uid)));
        if one.uid == 1001 {
            units.push(view(SERVER, "alice", Some(1001)));
        }
    }
    let others = wishes.units.iter().filter(|wish| is_systems(&wish.unit));
    units.extend(others.map(|wish| view(&wish.unit, &wish.whose, None)));
    let limit = |key, value: &str| GroupLimit {
        key,
        value: value.into(),
        file: "/etc/benchwarden/policy.toml".into(),
        until: None,
    };
    Limits {
        units,
        groups: vec![GroupLimits {
            group: "modelling".into(),
            members: vec!["alice".into(), "bob".into()],
            limits: vec![limit("memory_max", "60%"), limit("memory_high", "55%")],
        }],
        partial: Vec::new(),
    }
}

pub(super) fn drift(drifted: bool) -> Vec<Drift> {
    let wishes = wished();
    drift::find(&wishes, &present(&wishes, drifted))
}
