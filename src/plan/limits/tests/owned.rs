//! Units of people outside their slices.

use super::*;

const POLICY: &str =
    "[limits.default]\ntasks_max = 99\n[limits.group.modelling]\nmemory_max = \"60%\"\n";

fn owned(unit: &str, uid: u32) -> Owned {
    Owned {
        unit: unit.into(),
        uid,
    }
}

/// The services that have a file, way in apart, and what it says.
fn services(policy: &str, units: &[Owned], spawner: bool) -> Vec<(String, String)> {
    let wishes = wished_with(policy, units.to_vec(), spawner);
    let files = wishes.units.iter().flat_map(dropin::files);
    let theirs = files.filter(|file| file.unit.ends_with(".service") && file.unit != "ssh.service");
    let says = |text: &str| {
        let lines = text.lines().filter(|line| line.contains('='));
        lines
            .filter(|line| !line.starts_with('#'))
            .collect::<Vec<_>>()
            .join(" ")
    };
    theirs.map(|file| (file.unit, says(&file.text))).collect()
}

fn expected(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let one = |(unit, says): &(&str, &str)| ((*unit).to_owned(), (*says).to_owned());
    all.iter().map(one).collect()
}

#[test]
fn a_service_of_one_person_has_the_limits_of_their_slice() {
    let units = [owned("fit.service", 1001), owned("shiny.service", 1002)];
    let (alice, bob) = ("MemoryMax=60% TasksMax=99", "TasksMax=99");
    assert_eq!(
        services(POLICY, &units, false),
        expected(&[("fit.service", alice), ("shiny.service", bob)])
    );
    // An admin is promised something in the slice alone: nothing above a service grants it.
    let admins = services(POLICY, &[owned("x.service", 1000)], false);
    assert_eq!(admins, expected(&[("x.service", "TasksMax=99")]));
    assert_eq!(
        services("[limits.user.dirk]\ntasks_max = 99\n", &units, false),
        []
    );
}

#[test]
fn servers_of_a_spawner_have_a_file_before_anybody_begins_one() {
    let alice = (
        "jupyter-alice-singleuser.service",
        "MemoryMax=60% TasksMax=99",
    );
    let each = ("jupyter-.service", "TasksMax=99");
    assert_eq!(services(POLICY, &[], true), expected(&[each, alice]));
    // One by another name, and of somebody who is like everybody.
    let units = [
        owned("jupyter-bob-lab.service", 1002),
        owned("jupyter-alice-x.service", 1001),
    ];
    let other = ("jupyter-alice-x.service", alice.1);
    assert_eq!(
        services(POLICY, &units, true),
        expected(&[each, alice, other])
    );
}

#[test]
fn what_the_guard_is_to_treat_otherwise_has_no_file() {
    let units = [
        owned("jupyter-bob-lab.service", 1002),
        owned("fit.service", 1001),
    ];
    let never = "[guard]\nnever = [\"jupyter-*.service\", \"fit.service\"]\n";
    assert_eq!(services(&format!("{POLICY}{never}"), &units, true), []);
    // Whoever is to be taken out of it has limits there until they are.
    let adopt = "[guard]\nadopt = [\"jupyter-*.service\"]\n";
    let own = [
        ("fit.service", "MemoryMax=60% TasksMax=99"),
        ("jupyter-bob-lab.service", "TasksMax=99"),
    ];
    assert_eq!(
        services(&format!("{POLICY}{adopt}"), &units, true),
        expected(&own)
    );
}

#[test]
fn what_passes_for_everybody_is_hidden_from_whom_it_is_not_about() {
    let policy = "[limits.default]\ntasks_max = { value = 50, until = 2026-11-22T00:00:00Z }\n\
         [limits.user.alice]\ntasks_max = 99\n";
    let all = services(policy, &[], true);
    let alice = "jupyter-alice-singleuser.service";
    let wanted = [
        ("jupyter-.service", "TasksMax=50"),
        (alice, "TasksMax=99"),
        (alice, ""),
    ];
    assert_eq!(all, expected(&wanted));
}

#[test]
fn what_a_service_may_start_where_nobody_says_is_for_systemd_to_know() {
    let before = wished_with(POLICY, vec![owned("fit.service", 1001)], false);
    let mut present = in_force(written(&before));
    let there = |memory: &str, tasks: &str| {
        let of = |key: Key, value: &str| (Directive::Of(key), value.to_owned());
        let values = [of(Key::MemoryMax, memory), of(Key::TasksMax, tasks)];
        Some(values.into_iter().collect())
    };
    let bounded = there("64424509440", "99");
    present.units.push(UnitState {
        unit: "fit.service".into(),
        systemd: bounded.clone(),
        kernel: bounded,
        usage: None,
    });
    let row = |wishes: &Wishes, present: &Present| {
        let view = view::of("fit.service", "alice", wishes, present);
        let row = view.limits.into_iter().find(|row| row.key == "tasks_max");
        row.map(|row| (row.wished, row.agrees)).unwrap()
    };
    assert_eq!(row(&before, &present), (Some("99".into()), true));
    // Nobody's any more: the file goes, and systemd's own default is there again.
    let after = wished(POLICY);
    let plan = planned(&after, &present);
    let told = format!("{:?}", plan.steps.last().unwrap().changes);
    assert!(
        told.contains("fit.service") && !told.contains("TasksMax"),
        "{told}"
    );
    present.files = written(&after);
    let state = present.units.last_mut().unwrap();
    (state.systemd, state.kernel) = (there("infinity", "512"), there("infinity", "512"));
    assert_eq!(row(&after, &present), (None, true));
    assert_eq!(drift::find(&after, &present), []);
}
