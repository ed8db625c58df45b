//! From the text of a policy to files, plans and findings.

mod owned;
mod quotas;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::directive::Directive;
use super::drift::{self, Kind};
use super::dropin;
use super::files::UnitFile;
use super::owned::Owned;
use super::present::{Present, UnitState, Usage};
use super::wishes::{self, Ground, Someone, Wishes};
use super::{steps, view};
use crate::base::units::Bytes;
use crate::plan::Plan;
use crate::plan::fact::{Expect, Subject};
use crate::plan::step::Action;
use crate::policy::parse::{self, Source};
use crate::policy::resolve::HostSize;
use crate::policy::schema::Key;

const HOST: HostSize = HostSize {
    memory: Bytes(100 << 30),
    page: Bytes(4096),
    tasks: 30_000,
    cpus: 32,
};
const ETC: &str = "/etc/systemd/system";
const RUN: &str = "/run/systemd/system";

fn someone(name: &str, uid: u32, groups: &[&str]) -> Someone {
    Someone {
        name: name.into(),
        uid,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        home: format!("/home/{name}"),
    }
}

fn wished(policy: &str) -> Wishes {
    wished_with(policy, Vec::new(), false)
}

/// The same where these units are people's, and perhaps something begins such units.
fn wished_with(policy: &str, owned: Vec<Owned>, spawner: bool) -> Wishes {
    let source = Source {
        name: "/etc/benchwarden/policy.toml".into(),
        bytes: policy.as_bytes().to_vec(),
    };
    let policy = parse::policy(&[source]).unwrap();
    let people = [
        someone("ada", 1000, &["ada", "sudo"]),
        someone("alice", 1001, &["alice", "modelling"]),
        someone("bob", 1002, &["bob"]),
        someone("dirk", 20_001, &["dir-analysts"]),
    ];
    let ground = Ground {
        size: HOST,
        homes: "/home".into(),
        way_in: vec!["ssh.service".into()],
        owned,
        spawner,
        now: "2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap(),
    };
    wishes::of(&policy, &people, &ground)
}

/// The files of a policy by path.
fn files(policy: &str) -> BTreeMap<String, String> {
    let wishes = wished(policy);
    let files = wishes.units.iter().flat_map(dropin::files);
    files.map(|file| (file.path, file.text)).collect()
}

/// The lines of a file that say something.
fn says(files: &BTreeMap<String, String>, path: &str) -> Vec<String> {
    let text = files
        .get(path)
        .unwrap_or_else(|| panic!("{path} in {files:#?}"));
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(str::to_owned).collect()
}

#[test]
fn nothing_is_wished_without_a_policy() {
    let policy = parse::policy(&[]).unwrap();
    let ground = Ground {
        size: HOST,
        homes: "/home".into(),
        way_in: Vec::new(),
        owned: Vec::new(),
        spawner: false,
        now: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(wishes::of(&policy, &[], &ground), Wishes::default());
}

#[test]
fn only_those_have_a_file_who_differ_and_it_says_everything() {
    let files = files(
        "[limits.default]\nmemory_max = \"40%\"\ntasks_max = 4096\n\
         [limits.group.modelling]\nmemory_max = \"60%\"\n[limits.user.dirk]\ncpu_quota = \"400%\"\n",
    );
    let own = |uid: u32| format!("{ETC}/user-{uid}.slice.d/20-benchwarden.conf");
    assert!(!files.contains_key(&own(1002)), "bob is like everybody");
    assert_eq!(
        says(&files, &own(1001)),
        ["[Slice]", "MemoryMax=60%", "TasksMax=4096"]
    );
    assert_eq!(
        says(&files, &own(20_001)),
        ["[Slice]", "CPUQuota=400%", "MemoryMax=40%", "TasksMax=4096"]
    );
    let each = format!("{ETC}/user-.slice.d/20-benchwarden.conf");
    assert_eq!(
        says(&files, &each),
        ["[Slice]", "MemoryMax=40%", "TasksMax=4096"]
    );
    let text = &files[&own(1001)];
    assert!(text.contains("# [limits.group.modelling] in /etc/benchwarden/policy.toml\n"));
    assert!(text.contains("limits set --user alice"), "{text}");
}

#[test]
fn everybody_leaves_the_reserve_and_a_promise_is_made_all_the_way_down() {
    let files = files(
        "[host]\nreserve_memory = \"20%\"\nreserve_tasks = 1000\n[limits.default]\ntasks_max = 99\n",
    );
    let everybody = says(&files, &format!("{ETC}/user.slice.d/20-benchwarden.conf"));
    assert_eq!(
        everybody,
        [
            "[Slice]",
            "MemoryMax=80%",
            "TasksMax=29000",
            "MemoryMin=256M"
        ]
    );
    let ada = says(
        &files,
        &format!("{ETC}/user-1000.slice.d/20-benchwarden.conf"),
    );
    assert_eq!(
        ada,
        ["[Slice]", "CPUWeight=1000", "TasksMax=99", "MemoryMin=128M"]
    );
    let root = says(&files, &format!("{ETC}/user-0.slice.d/20-benchwarden.conf"));
    assert_eq!(
        root,
        [
            "[Slice]",
            "CPUWeight=1000",
            "TasksMax=infinity",
            "MemoryMin=128M"
        ]
    );
    let system = says(&files, &format!("{ETC}/system.slice.d/20-benchwarden.conf"));
    assert_eq!(system, ["[Slice]", "CPUWeight=300", "MemoryMin=32M"]);
    let ssh = says(&files, &format!("{ETC}/ssh.service.d/20-benchwarden.conf"));
    assert_eq!(ssh, ["[Service]", "CPUWeight=1000", "MemoryMin=32M"]);
}

#[test]
fn a_reserve_that_leaves_people_nothing_is_said_and_not_enforced() {
    let wishes = wished("[host]\nreserve_memory = \"90%\"\n");
    let everybody = wishes
        .units
        .iter()
        .find(|wish| wish.unit == "user.slice")
        .unwrap();
    let max = Directive::Of(Key::MemoryMax);
    assert!(
        everybody
            .keeps
            .iter()
            .all(|setting| setting.directive != max)
    );
    assert!(
        wishes.warnings[0].contains("less than a quarter"),
        "{:?}",
        wishes.warnings
    );
}

#[test]
fn what_ends_by_itself_stands_in_a_file_that_wins_and_does_not_outlive_a_reboot() {
    let policy = "[limits.default]\nmemory_max = \"40%\"\n\
         [limits.user.alice]\nmemory_max = \"60%\"\ntasks_max = 99\nuntil = 2026-11-22T00:00:00Z\n";
    let all = files(policy);
    assert!(!all.contains_key(&format!("{ETC}/user-1001.slice.d/20-benchwarden.conf")));
    let until = format!("{RUN}/user-1001.slice.d/21-benchwarden-until.conf");
    assert_eq!(
        says(&all, &until),
        ["[Slice]", "MemoryMax=60%", "TasksMax=99"]
    );
    assert!(all[&until].contains("# until 2026-11-22T00:00:00Z\n"));
    let over = files(&policy.replace("2026-11-22", "2026-11-20"));
    assert!(!over.contains_key(&until), "it is over");
}

#[test]
fn whom_a_passing_default_is_not_about_has_a_file_that_hides_it() {
    let all = files(
        "[limits.default]\ntasks_max = { value = 50, until = 2026-11-22T00:00:00Z }\n\
         [limits.user.alice]\ntasks_max = 99\n",
    );
    let until = |unit: &str| format!("{RUN}/{unit}.d/21-benchwarden-until.conf");
    assert_eq!(
        says(&all, &until("user-.slice")),
        ["[Slice]", "TasksMax=50"]
    );
    assert_eq!(says(&all, &until("user-1001.slice")), ["[Slice]"]);
    assert_eq!(
        says(&all, &until("user-0.slice")),
        ["[Slice]", "TasksMax=infinity"]
    );
    let keeps = format!("{ETC}/user-1001.slice.d/20-benchwarden.conf");
    assert_eq!(says(&all, &keeps), ["[Slice]", "TasksMax=99"]);
}

#[test]
fn a_name_never_begins_a_line() {
    let mut wishes = wished("[limits.default]\ntasks_max = 99\n");
    for wish in &mut wishes.units {
        wish.whose = "x\n[Service]\nExecStart=/bin/evil".into();
    }
    for file in wishes.units.iter().flat_map(dropin::files) {
        let evil = file.text.lines().any(|line| line.starts_with("ExecStart"));
        assert!(
            !evil && file.text.matches("\n[").count() == 1,
            "{}",
            file.text
        );
    }
}

#[test]
fn a_table_about_nobody_is_said() {
    let wishes = wished("[limits.user.zed]\ntasks_max = 99\n");
    assert!(
        wishes.warnings[0].contains("[limits.user.zed]"),
        "{:?}",
        wishes.warnings
    );
}

/// A host on which these files are in force, with alice at work.
fn in_force(files: Vec<UnitFile>) -> Present {
    let mut present = Present {
        files,
        units: Vec::new(),
        devices: BTreeMap::new(),
        quotas: BTreeMap::new(),
        size: HOST,
        idle: Vec::new(),
        lacking: None,
    };
    let meant = present.meant("user-1001.slice", &present.files);
    present.units.push(UnitState {
        unit: "user-1001.slice".into(),
        systemd: Some(meant.clone()),
        kernel: Some(meant),
        usage: Some(Usage {
            charged: Bytes(50 << 30),
            held: Bytes(30 << 30),
            tasks: 200,
            cpu: Some(51_234),
            largest: Some((4242, "rsession".into(), Bytes(29 << 30))),
        }),
    });
    present
}

fn written(wishes: &Wishes) -> Vec<UnitFile> {
    let ours = wishes.units.iter().flat_map(dropin::files);
    ours.map(|file| UnitFile {
        fact: file.fact(),
        text: Some(file.text),
        path: file.path,
        owner: 0,
        modified: 0,
    })
    .collect()
}

fn theirs(path: &str, text: &str) -> UnitFile {
    UnitFile {
        path: path.into(),
        text: Some(text.into()),
        fact: "0:0 0644 x".into(),
        owner: 0,
        modified: 7,
    }
}

fn planned(wishes: &Wishes, present: &Present) -> Plan {
    let mut plan = Plan::new("apply the policy", "policy");
    steps::add(&mut plan, wishes, present);
    plan
}

#[test]
fn a_host_that_is_as_wished_needs_no_step_and_shows_no_drift() {
    let wishes = wished("[limits.default]\nmemory_max = \"40%\"\n");
    let present = in_force(written(&wishes));
    assert_eq!(planned(&wishes, &present).steps, []);
    assert_eq!(drift::find(&wishes, &present), []);
}

#[test]
fn a_lower_limit_is_read_back_and_its_victims_are_named() {
    let present = in_force(written(&wished("[limits.default]\nmemory_max = \"40%\"\n")));
    let lower = wished(
        "[limits.default]\ncpu_quota = \"400%\"\nmemory_max = \"20G\"\nmemory_high = \"15G\"\n\
         tasks_max = 100\n",
    );
    let plan = planned(&lower, &present);
    let last = plan.steps.last().unwrap();
    assert!(last.action.is_always_done(), "{last:#?}");
    let kernel = last.changes.iter().find(|change| {
        change.subject
            == Subject::LimitsInKernel(
                "user-1001.slice CPUQuota MemoryHigh MemoryMax TasksMax".into(),
            )
    });
    let (before, after) = (
        "CPUQuota=infinity; MemoryHigh=infinity; MemoryMax=42949672960; TasksMax=infinity",
        "CPUQuota=4000000; MemoryHigh=16106127360; MemoryMax=21474836480; TasksMax=100",
    );
    let kernel = kernel.unwrap_or_else(|| panic!("{last:#?}"));
    assert_eq!(kernel.before, Expect::IfThere(before.into()));
    assert_eq!(kernel.after, Expect::IfThere(after.into()));
    let told = plan.warnings.join("\n");
    for words in [
        "rsession (pid 4242",
        "slowed down",
        "no new one can be started",
        "uses 512% of a processor now, more than cpu_quota 400%",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let milder = wished("[limits.default]\ncpu_quota = \"600%\"\nmemory_max = \"45G\"\n");
    let told = planned(&milder, &present).warnings.join("\n");
    assert_eq!(told, "", "a higher limit does nothing to anybody");
    let some_cache = in_force(written(&wished("[limits.default]\nmemory_max = \"60%\"\n")));
    let told = planned(&milder, &some_cache).warnings.join("\n");
    assert!(told.contains("cache is dropped"), "{told}");
}

#[test]
fn what_nobody_wishes_any_more_goes_and_comes_back_with_undo() {
    let before = wished("[limits.user.alice]\ntasks_max = 99\n");
    let present = in_force(written(&before));
    let after = wished("[limits.default]\n");
    let plan = planned(&after, &present);
    let removed = &plan.steps[0];
    let path = format!("{ETC}/user-1001.slice.d/20-benchwarden.conf");
    assert_eq!(removed.action, Action::RemoveDropIn { path: path.clone() });
    let undo = crate::plan::undo::plan("P", &plan, &[0, 1]);
    let text = written(&before).into_iter().find(|file| file.path == path);
    let content = text.unwrap().text.unwrap();
    assert_eq!(undo.steps[0].action, Action::WriteDropIn { path, content });
    assert!(undo.steps.last().unwrap().action.is_always_done());
}

#[test]
fn drift_names_the_file_that_wins_and_mending_sets_it_aside() {
    let wishes = wished("[limits.user.alice]\ntasks_max = 99\n");
    let mut all = written(&wishes);
    let control = "/etc/systemd/system.control/user-1001.slice.d";
    all.push(theirs(
        &format!("{control}/50-TasksMax.conf"),
        "# made\n[Slice]\nTasksMax=44\n",
    ));
    all.push(theirs(
        &format!("{ETC}/user-1001.slice.d/90-local.conf"),
        "[Unit]\nDescription=x\n[Slice]\nCPUQuota=50%\n",
    ));
    all.retain(|file| !file.path.contains("/user.slice.d/"));
    let present = in_force(all);
    let found = drift::find(&wishes, &present);
    let told: Vec<_> = found
        .iter()
        .map(|drift| {
            (
                drift.kind,
                drift.key,
                drift.found.as_deref(),
                drift.mendable,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Kind::Missing, None, None, true),
            (Kind::Unwished, Some("cpu_quota"), Some("50%"), false),
            (Kind::Overruled, Some("tasks_max"), Some("44"), true),
        ]
    );
    let mut plan = Plan::new("mend", "policy");
    drift::mend(&mut plan, &found, &wishes, &present);
    let moved: Vec<&Action> = plan.steps.iter().map(|step| &step.action).collect();
    assert!(
        matches!(moved[0], Action::MoveFile { from, .. } if from.ends_with("50-TasksMax.conf"))
    );
    assert!(
        matches!(moved[1], Action::WriteDropIn { path, .. } if path.contains("/user.slice.d/"))
    );
    assert_eq!(moved.len(), 3);
    assert!(
        plan.warnings
            .iter()
            .any(|told| told.contains("90-local.conf stays")),
        "{:?}",
        plan.warnings
    );
    let kernel = plan.steps[2]
        .changes
        .iter()
        .map(|change| change.after.to_string());
    assert!(
        kernel.into_iter().any(|after| after == "TasksMax=99"),
        "{plan:#?}"
    );
}

#[test]
fn what_systemd_or_the_kernel_did_not_take_is_drift() {
    let wishes = wished("[limits.user.alice]\ntasks_max = 99\n");
    let mut present = in_force(written(&wishes));
    let tasks = Directive::Of(Key::TasksMax);
    let state = &mut present.units[0];
    state.kernel.as_mut().unwrap().insert(tasks, "7".into());
    let found = drift::find(&wishes, &present);
    assert_eq!(
        found.iter().map(|drift| drift.kind).collect::<Vec<_>>(),
        [Kind::NotInKernel]
    );
    // Reading the files again writes it again, and that is looked at.
    let plan = planned(&wishes, &present);
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.steps[0].changes[0].before, Expect::Any);
    let shown = view::of("user-1001.slice", "alice", &wishes, &present);
    let row = shown
        .limits
        .iter()
        .find(|row| row.key == "tasks_max")
        .unwrap();
    assert!(!row.agrees && row.kernel.as_deref() == Some("7"), "{row:?}");
}

#[test]
fn nothing_is_planned_where_nothing_can_be_limited() {
    let wishes = wished("[limits.user.alice]\ntasks_max = 99\n");
    let mut present = in_force(Vec::new());
    present.lacking = Some("limits need cgroup v2".into());
    let plan = planned(&wishes, &present);
    assert!(plan.steps.is_empty() && plan.refused == ["limits need cgroup v2"]);
}
