//! `limits list, show, set, clear, drift` and `policy plan, apply` as scripts and people call
//! them, on hosts made of files.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{Fixture, MIB};
use serde_json::{Value, json};

const SITE: &str = "etc/benchwarden/policy.toml";
const CONSOLE: &str = "etc/benchwarden/policy.d/50-console.toml";
const POLICY: &str = "[limits.default]\nmemory_max = \"400M\"\ntasks_max = 4096\n\
    [limits.group.modelling]\nmemory_max = \"60%\"\n";

/// alice is at work and in a group, bob is not here, dirk is known to a directory alone.
fn workbench() -> Fixture {
    let mut host = Fixture::v2(4);
    host.account("alice", 1001);
    host.account("bob", 1002);
    host.put(
        "etc/group",
        "alice:x:1001:\nbob:x:1002:\nmodelling:x:3000:alice\n",
    );
    host.put(
        "var/lib/extrausers/passwd",
        "dirk:x:20001:20000::/home/dirk:/bin/bash\n",
    );
    host.put("var/lib/extrausers/group", "dir-analysts:x:20000:dirk\n");
    host.slice(1001, 10 * MIB, 1000);
    host.put(SITE, POLICY);
    host
}

fn rows(document: &Value) -> &Vec<Value> {
    document["units"][0]["limits"].as_array().unwrap()
}

fn row<'a>(document: &'a Value, key: &str) -> &'a Value {
    let found = rows(document).iter().find(|row| row["key"] == key);
    found.unwrap_or_else(|| panic!("no {key} in {document:#}"))
}

/// The paths that a plan writes and removes, in order.
fn paths(plan: &Value) -> Vec<&str> {
    let steps = plan["steps"].as_array().unwrap().iter();
    steps
        .filter_map(|step| {
            let action = step["action"].as_object()?;
            let (_, action) = action.iter().next()?;
            action["path"].as_str()
        })
        .collect()
}

#[test]
fn one_persons_limits_are_told_with_who_wishes_them_and_what_the_kernel_holds() {
    let document = workbench().json(&["limits", "show", "alice", "--json"]);
    assert_eq!(document["schema"], "benchwarden.limits/1");
    let unit = &document["units"][0];
    assert_eq!(
        (&unit["unit"], &unit["live"]),
        (&json!("user-1001.slice"), &json!(true))
    );
    let max = row(&document, "memory_max");
    assert_eq!(max["wished"], "60%");
    assert_eq!(
        max["origin"],
        "[limits.group.modelling] in /etc/benchwarden/policy.toml"
    );
    assert_eq!(max["here"], "164926742528");
    assert_eq!(max["kernel"], (400 * MIB).to_string());
    assert_eq!(
        max["systemd"],
        Value::Null,
        "a tree of files has no systemd"
    );
    assert_eq!(
        (&max["agrees"], &max["file"]),
        (&json!(false), &Value::Null)
    );
    let tasks = row(&document, "tasks_max");
    assert_eq!(
        (&tasks["wished"], &tasks["kernel"]),
        (&json!("4096"), &json!("4096"))
    );
    // What bounds nobody is no limit.
    assert!(
        rows(&document)
            .iter()
            .all(|row| row["key"] != "memory_high"),
        "{document:#}"
    );
    let bob = workbench().json(&["limits", "show", "1002", "--json"]);
    assert_eq!(
        (&bob["units"][0]["live"], &row(&bob, "memory_max")["kernel"]),
        (&json!(false), &Value::Null)
    );
}

#[test]
fn the_list_has_everybody_together_first_and_a_text_for_people() {
    let host = workbench();
    let document = host.json(&["limits", "list", "--json"]);
    let units = document["units"].as_array().unwrap();
    let names: Vec<&str> = units
        .iter()
        .map(|unit| unit["unit"].as_str().unwrap())
        .collect();
    assert_eq!(
        names[..4],
        [
            "user.slice",
            "user-.slice",
            "user-1001.slice",
            "user-1002.slice"
        ]
    );
    let text = host.run(&["limits", "list"]);
    let text = String::from_utf8(text.stdout).unwrap();
    let alice = text
        .lines()
        .find(|line| line.starts_with("alice "))
        .unwrap();
    assert!(
        alice.contains("400 MiB") && alice.contains("differ"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    let shown = host.run(&["limits", "show", "alice"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("memory_max: [limits.group.modelling] in"),
        "{shown}"
    );
    assert!(shown.contains("in no file of"), "{shown}");
    let nobody = host.run(&["limits", "show", "zed"]);
    assert_eq!(nobody.status.code(), Some(1));
}

#[test]
fn setting_a_limit_writes_it_into_the_consoles_file_and_only_where_it_counts() {
    let host = workbench();
    let args = [
        "limits",
        "set",
        "--user",
        "bob",
        "memory_max=200M",
        "tasks_max=100",
        "--dry-run",
        "--json",
    ];
    let plan = host.json(&args);
    assert_eq!(
        plan["intent"],
        "set limits of user bob: memory_max 200M, tasks_max 100"
    );
    let paths = paths(&plan);
    assert_eq!(paths[0], format!("/{CONSOLE}"));
    assert!(paths.contains(&"/etc/systemd/system/user-1002.slice.d/20-benchwarden.conf"));
    let text = plan["steps"][0]["action"]["write_drop_in"]["content"]
        .as_str()
        .unwrap();
    assert!(
        text.contains("[limits.user.bob]\nmemory_max = \"200M\"\ntasks_max = 100\n"),
        "{text}"
    );
    let last = plan["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(last["exactly"], "systemctl daemon-reload, over D-Bus");
    // For a while: in a file that a reboot removes, and whose name wins.
    let plan = host.json(&[
        "limits",
        "set",
        "--user",
        "dirk",
        "tasks_max=99",
        "--for",
        "2h",
        "--dry-run",
        "--json",
    ]);
    let until = "/run/systemd/system/user-20001.slice.d/21-benchwarden-until.conf";
    assert!(self::paths(&plan).contains(&until), "{plan:#}");
}

#[test]
fn clearing_takes_out_what_the_console_said_and_nothing_else() {
    let host = workbench();
    host.put(
        CONSOLE,
        "# mine\n[limits.user.bob]\nmemory_max = \"200M\" # why\ntasks_max = 100\n",
    );
    let plan = host.json(&[
        "limits",
        "clear",
        "--user",
        "bob",
        "tasks_max",
        "--dry-run",
        "--json",
    ]);
    let text = plan["steps"][0]["action"]["write_drop_in"]["content"]
        .as_str()
        .unwrap();
    assert_eq!(
        text,
        "# mine\n[limits.user.bob]\nmemory_max = \"200M\" # why\n"
    );
    for args in [
        ["--user", "bob", "cpu_quota"],
        ["--default", "memory_max", "--dry-run"],
    ] {
        let refused = host.run(&[&["limits", "clear"][..], &args[..]].concat());
        assert_eq!(refused.status.code(), Some(3), "{refused:?}");
        let why = String::from_utf8(refused.stderr).unwrap();
        assert!(why.contains("says nothing about"), "{why}");
    }
}

#[test]
fn what_ends_by_itself_is_in_a_file_of_its_own_so_that_what_lasts_stays() {
    let host = workbench();
    host.put(CONSOLE, "[limits.user.bob]\ntasks_max = 100\n");
    let until = "etc/benchwarden/policy.d/51-console-until.toml";
    let set = |args: &[&str]| {
        let all = [
            &["limits", "set", "--user", "bob"],
            args,
            &["--dry-run", "--json"],
        ]
        .concat();
        host.json(&all)
    };
    let plan = set(&["tasks_max=50", "--for", "2h"]);
    assert_eq!(paths(&plan)[0], format!("/{until}"), "{plan:#}");
    assert!(!paths(&plan).contains(&&*format!("/{CONSOLE}")), "{plan:#}");
    let text = plan["steps"][0]["action"]["write_drop_in"]["content"]
        .as_str()
        .unwrap();
    host.put(until, text);
    let keeps = "/etc/systemd/system/user-1002.slice.d/20-benchwarden.conf";
    let steps = plan["steps"].as_array().unwrap();
    let keeps = steps
        .iter()
        .find(|step| step["action"]["write_drop_in"]["path"] == keeps);
    let keeps = keeps.unwrap()["action"]["write_drop_in"]["content"]
        .as_str()
        .unwrap();
    assert!(keeps.contains("TasksMax=100\n"), "{keeps}");
    let shown = host.json(&["limits", "show", "bob", "--json"]);
    assert_eq!(row(&shown, "tasks_max")["wished"], "50");
    // One that lasts is in force at once; a file that says nothing any more goes.
    let plan = set(&["tasks_max=70"]);
    assert_eq!(
        plan["steps"][0]["action"]["remove_drop_in"]["path"],
        format!("/{until}")
    );
    assert_eq!(paths(&plan)[1], format!("/{CONSOLE}"));
    let refused = host.run(&[
        "limits",
        "set",
        "--user",
        "bob",
        "disk_hard=1G",
        "--for",
        "2h",
    ]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
}

#[test]
fn what_cannot_be_is_refused_with_the_nearest_that_can() {
    let host = workbench();
    for (args, status, words) in [
        (
            &["--user", "bob", "memroy_max=1G"][..],
            2,
            "nearest is memory_max",
        ),
        (&["--user", "bob", "memory_max"], 2, "write KEY=VALUE"),
        (
            &["--user", "bob", "memory_max=5"],
            2,
            "nobody can log in with so little",
        ),
        (&["--user", "bob", "cpu_quota=4"], 2, "does not end in %"),
        (&["memory_max=1G"], 2, "--user"),
        (
            &["--user", "bob", "--default", "memory_max=1G"],
            2,
            "cannot be used with",
        ),
        (
            &["--user", "zed", "memory_max=1G"],
            3,
            "zed is nobody on this host",
        ),
        (
            &["--group", "zeds", "memory_max=1G"],
            3,
            "there is no group zeds",
        ),
    ] {
        let said = host.run(&[&["limits", "set", "--dry-run"], args].concat());
        let why = String::from_utf8_lossy(&said.stderr);
        assert_eq!(said.status.code(), Some(status), "{args:?}: {why}");
        assert!(why.replace('\n', " ").contains(words), "{args:?}: {why}");
    }
}

#[test]
fn drift_names_the_file_that_wins_and_a_plan_is_pending_until_it_is_done() {
    let host = workbench();
    let pending = host.run(&["policy", "plan", "--json"]);
    assert_eq!(pending.status.code(), Some(4));
    let plan: Value = serde_json::from_slice(&pending.stdout).unwrap();
    for step in plan["steps"].as_array().unwrap() {
        let write = &step["action"]["write_drop_in"];
        if let (Some(path), Some(content)) = (write["path"].as_str(), write["content"].as_str()) {
            host.put(&path[1..], content);
        }
    }
    let file = "etc/systemd/system.control/user-1001.slice.d/50-MemoryMax.conf";
    host.put(file, "# made\n[Slice]\nMemoryMax=419430400\n");
    let out = host.run(&["limits", "drift", "--json"]);
    assert_eq!(out.status.code(), Some(4));
    let found: Value = serde_json::from_slice(&out.stdout).unwrap();
    let drift = found["drift"].as_array().unwrap();
    let theirs = drift
        .iter()
        .find(|one| one["file"] == format!("/{file}"))
        .unwrap();
    assert_eq!(
        (&theirs["kind"], &theirs["key"]),
        (&json!("overruled"), &json!("memory_max"))
    );
    assert_eq!(theirs["found"], "400 MiB");
    let text = host.run(&["limits", "drift"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("last changed"), "{text}");
    let refused = host.run(&[
        "limits",
        "set",
        "--user",
        "alice",
        "memory_max=1G",
        "--dry-run",
    ]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let mended = host.json(&["limits", "drift", "--mend", "--dry-run", "--json"]);
    assert_eq!(
        mended["steps"][0]["action"]["move_file"]["from"],
        format!("/{file}")
    );
}

#[test]
fn without_cgroup_v2_or_with_a_broken_policy_nothing_is_planned_and_it_says_why() {
    let mut v1 = Fixture::v1(2);
    v1.account("alice", 1001);
    v1.put(SITE, POLICY);
    let refused = v1.run(&["policy", "plan"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("limits need cgroup v2"));
    let host = workbench();
    host.put(SITE, "[limits.default]\nmemory_maxx = 5\n");
    for args in [
        &["limits", "list"][..],
        &["policy", "plan"],
        &["limits", "drift"],
    ] {
        let broken = host.run(args);
        assert_eq!(broken.status.code(), Some(1), "{args:?}");
        let why = String::from_utf8_lossy(&broken.stderr).into_owned();
        assert!(why.contains("policy.toml:2:1"), "{args:?}: {why}");
    }
}
