//! Units of one person outside their slice, such as the servers of JupyterHub's SystemdSpawner, on
//! hosts made of files.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{Fixture, MIB, Proc};
use serde_json::Value;

const POLICY: &str = "[limits.default]\ntasks_max = 900\n[limits.user.alice]\ntasks_max = 555\n";

/// alice has a server and bob a job of his own; a daemon works for both.
fn workbench() -> Fixture {
    let mut host = Fixture::v2(4);
    host.account("alice", 1001);
    host.account("bob", 1002);
    host.slice(1001, 10 * MIB, 1000);
    host.put("etc/benchwarden/policy.toml", POLICY);
    for (unit, uids) in [
        ("jupyter-alice-singleuser", &[1001, 1001][..]),
        ("fit", &[1002]),
        ("rstudio-server", &[998, 1001]),
        ("shared", &[1001, 1002]),
        ("nobody", &[998]),
    ] {
        let cgroup = format!("/system.slice/{unit}.service");
        let put = |file: &str, text: &str| host.put(&format!("sys/fs/cgroup{cgroup}/{file}"), text);
        put("cgroup.events", "populated 1\nfrozen 0\n");
        put("pids.max", "512\n");
        for uid in uids {
            host.process(&Proc {
                uid: *uid,
                cgroup: &cgroup,
                ..Proc::default()
            });
        }
    }
    host
}

fn units(document: &Value) -> Vec<&str> {
    let units = document["units"].as_array().unwrap().iter();
    units.map(|unit| unit["unit"].as_str().unwrap()).collect()
}

#[test]
fn what_is_one_persons_alone_is_told_of_them_and_bounded_like_their_slice() {
    let host = workbench();
    let shown = host.json(&["limits", "show", "alice", "--json"]);
    assert_eq!(
        units(&shown),
        ["user-1001.slice", "jupyter-alice-singleuser.service"]
    );
    let server = &shown["units"][1];
    assert_eq!(
        (&server["uid"], &server["live"]),
        (&1001.into(), &true.into())
    );
    let tasks = &server["limits"][0];
    assert_eq!(tasks["key"], "tasks_max");
    assert_eq!(
        (&tasks["wished"], &tasks["kernel"]),
        (&"555".into(), &"512".into())
    );
    assert_eq!(tasks["agrees"], false);
    let list = host.run(&["limits", "list"]);
    let list = String::from_utf8(list.stdout).unwrap();
    for line in ["every notebook ", "  jupyter-alice-", "  fit "] {
        assert!(
            list.lines().any(|have| have.starts_with(line)),
            "{line}: {list}"
        );
    }
    assert!(
        !list.contains("rstudio") && !list.contains("shared"),
        "{list}"
    );
}

#[test]
fn the_plan_writes_a_file_for_each_of_them_and_one_for_those_to_come() {
    let host = workbench();
    let pending = host.run(&["policy", "plan", "--json"]);
    assert_eq!(pending.status.code(), Some(4), "{pending:?}");
    let plan: Value = serde_json::from_slice(&pending.stdout).unwrap();
    let written = |unit: &str| {
        let path = format!("/etc/systemd/system/{unit}.d/20-benchwarden.conf");
        let steps = plan["steps"].as_array().unwrap().iter();
        let mut writes = steps.map(|step| &step["action"]["write_drop_in"]);
        let write = writes.find(|write| write["path"] == path.as_str());
        write.map_or("", |write| write["content"].as_str().unwrap())
    };
    let server = written("jupyter-alice-singleuser.service");
    assert!(
        server.contains("\n[Service]\n") && server.contains("TasksMax=555"),
        "{server}"
    );
    assert!(server.contains("limits set --user alice"), "{server}");
    assert!(written("fit.service").contains("TasksMax=900"), "{plan:#}");
    assert!(
        written("jupyter-.service").contains("TasksMax=900"),
        "{plan:#}"
    );
    for other in ["rstudio-server", "shared", "nobody"] {
        assert_eq!(written(&format!("{other}.service")), "", "{other}");
    }
}

#[test]
fn a_policy_from_elsewhere_is_planned_as_if_it_were_the_hosts_own() {
    let host = workbench();
    host.put("new.toml", "[limits.default]\ntasks_max = 700\n");
    let file = host.path().join("new.toml");
    let file = file.to_str().unwrap();
    let pending = host.run(&["policy", "plan", "--file", file, "--json"]);
    assert_eq!(pending.status.code(), Some(4), "{pending:?}");
    let plan: Value = serde_json::from_slice(&pending.stdout).unwrap();
    let write = |at: usize| plan["steps"][at]["action"]["write_drop_in"].clone();
    assert_eq!(write(0)["path"], "/etc/benchwarden/policy.toml");
    assert_eq!(write(0)["content"], "[limits.default]\ntasks_max = 700\n");
    let all = plan["steps"].to_string();
    assert!(
        all.contains("TasksMax=700") && !all.contains("TasksMax=900"),
        "{all}"
    );
    // It is told apart from the host's own when something is wrong with it.
    host.put("new.toml", "[limits.default]\ntasks_maxx = 700\n");
    let wrong = host.run(&["policy", "apply", "--file", file, "--dry-run"]);
    let why = String::from_utf8_lossy(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(1), "{why}");
    assert!(
        why.contains("new.toml:2:1") && why.contains("tasks_max"),
        "{why}"
    );
}
