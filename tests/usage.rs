//! `usage` as scripts call it, on hosts made of files.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{Fixture, MIB, Proc, benchwarden};
use serde_json::{Value, json};

/// Alice in her slice with a cron job outside it, bob in his, a service account and root.
fn workbench() -> Fixture {
    let mut host = Fixture::v2(4);
    host.account("alice", 1001);
    host.account("bob", 1002);
    host.account("svc-report", 990);
    host.slice(1001, 100 * MIB, 5_000_000);
    host.slice(1002, 380 * MIB, 9_000_000);
    for (uid, name, cgroup) in [
        (1001, "R", "/user.slice/user-1001.slice/session-3.scope"),
        (1001, "job.sh", "/system.slice/cron.service"),
        (
            1002,
            "python3",
            "/user.slice/user-1002.slice/session-5.scope",
        ),
        (990, "report", "/system.slice/report.service"),
        (0, "sshd", "/system.slice/ssh.service"),
    ] {
        host.process(&Proc {
            uid,
            name,
            cgroup,
            anon: 10 * MIB,
            ..Proc::default()
        });
    }
    host
}

fn user<'a>(document: &'a Value, name: &str) -> &'a Value {
    let users = document["users"].as_array().unwrap();
    let found = users.iter().find(|user| user["user"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {document:#}"))
}

#[test]
fn json_has_the_keys_that_others_build_on() {
    let document = workbench().json(&["usage", "--interval", "100ms", "--json"]);
    let keys = |value: &Value| -> Vec<String> {
        let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(document["schema"], "benchwarden.usage/1");
    assert_eq!(
        keys(&document),
        ["host", "interval_s", "schema", "taken_at", "users"]
    );
    assert_eq!(
        keys(&document["host"]),
        [
            "cgroup",
            "cpu_busy_cores",
            "cpu_system_cores",
            "cpus",
            "disks",
            "disks_silent",
            "gpus",
            "load",
            "memory_available_bytes",
            "memory_total_bytes",
            "name",
            "network_received_bytes_per_s",
            "network_sent_bytes_per_s",
            "partial",
            "pressure",
            "processes",
            "swap_total_bytes",
            "swap_used_bytes",
            "uptime_s",
        ]
    );
    assert_eq!(
        keys(&document["host"]["pressure"]),
        [
            "cpu_some_avg10",
            "io_full_avg10",
            "io_some_avg10",
            "memory_full_avg10",
            "memory_some_avg10"
        ]
    );
    let alice = user(&document, "alice");
    assert_eq!(
        keys(alice),
        [
            "cpu_cores",
            "cpu_throttled_ratio",
            "idle_s",
            "io_read_bytes_per_s",
            "io_write_bytes_per_s",
            "limits",
            "memory_bytes",
            "memory_cache_bytes",
            "oom_kills",
            "outside",
            "pressure",
            "processes",
            "sessions",
            "state",
            "swap_bytes",
            "tasks",
            "uid",
            "user",
        ]
    );
    assert_eq!(
        keys(&alice["outside"]),
        ["cgroups", "cpu_cores", "memory_bytes", "processes"]
    );
    assert_eq!(
        keys(&alice["limits"]),
        [
            "cpu_quota_cores",
            "memory_high_bytes",
            "memory_max_bytes",
            "tasks_max"
        ]
    );
    assert_eq!(
        keys(&alice["pressure"]),
        ["cpu_some_avg10", "io_full_avg10", "memory_full_avg10"]
    );
}

#[test]
fn the_figures_are_the_kernels() {
    let document = workbench().json(&["usage", "--interval", "100ms", "--json"]);
    let host = &document["host"];
    assert_eq!(host["name"], "workbench");
    assert_eq!(host["cpus"], 4);
    assert_eq!(host["cgroup"], "v2");
    assert_eq!(host["processes"], 5);
    assert_eq!(host["memory_total_bytes"], 268_435_456u64 * 1024);
    assert_eq!(host["swap_used_bytes"], 2_097_152u64 * 1024);
    assert_eq!(host["load"], json!([21.4, 20.5, 18.2]));
    assert_eq!(host["pressure"]["cpu_some_avg10"], 12.0);

    let bob = user(&document, "bob");
    assert_eq!(
        bob["memory_bytes"],
        381 * MIB,
        "anon and kernel memory that stays"
    );
    assert_eq!(bob["memory_cache_bytes"], 8 * MIB);
    assert_eq!(bob["limits"]["cpu_quota_cores"], 4.0);
    assert_eq!(
        bob["limits"]["memory_high_bytes"],
        Value::Null,
        "max is no limit"
    );
    assert_eq!(bob["oom_kills"], 2);
    assert_eq!(bob["tasks"], 7);
    assert_eq!(bob["state"], json!(["near-limit"]), "381 of 400 MiB");
}

#[test]
fn what_runs_outside_the_slice_is_billed_to_its_owner_and_named() {
    let document = workbench().json(&["usage", "--interval", "100ms", "--json"]);
    let alice = user(&document, "alice");
    assert_eq!(alice["processes"], 2);
    assert_eq!(alice["memory_bytes"], (101 + 10) * MIB);
    assert_eq!(alice["outside"]["processes"], 1);
    assert_eq!(alice["outside"]["memory_bytes"], 10 * MIB);
    assert_eq!(
        alice["outside"]["cgroups"],
        json!(["/system.slice/cron.service"])
    );
    assert_eq!(alice["state"], json!(["outside"]));
}

#[test]
fn a_service_in_the_systems_slice_is_where_it_belongs() {
    let document = workbench().json(&["usage", "--all", "--interval", "100ms", "--json"]);
    for name in ["root", "svc-report"] {
        let service = user(&document, name);
        assert_eq!(service["outside"]["processes"], 0, "{service:#}");
        assert_eq!(service["outside"]["memory_bytes"], 0, "{service:#}");
        assert_eq!(service["state"], json!([]), "{service:#}");
        assert_eq!(service["memory_bytes"], 10 * MIB);
    }
}

#[test]
fn root_and_services_appear_on_demand() {
    let host = workbench();
    let names = |args: &[&str]| -> Vec<String> {
        let document = host.json(args);
        let users = document["users"].as_array().unwrap();
        users
            .iter()
            .map(|u| u["user"].as_str().unwrap().to_owned())
            .collect()
    };
    let by_name = ["usage", "--interval", "100ms", "--json", "--sort", "user"];
    assert_eq!(names(&by_name), ["alice", "bob"]);
    let all = [&by_name[..], &["--all"]].concat();
    assert_eq!(names(&all), ["alice", "bob", "root", "svc-report"]);
    let one = [&by_name[..], &["svc-report", "1002"]].concat();
    assert_eq!(names(&one), ["bob", "svc-report"]);
}

#[test]
fn without_cgroup_v2_what_cannot_be_known_is_null() {
    for (mut host, version) in [(Fixture::v1(2), "v1"), (Fixture::hybrid(2), "hybrid")] {
        host.account("alice", 1001);
        host.process(&Proc {
            uid: 1001,
            anon: 30 * MIB,
            threads: 3,
            cgroup: "/",
            ..Proc::default()
        });
        let document = host.json(&["usage", "--interval", "100ms", "--json"]);
        assert_eq!(document["host"]["cgroup"], version);
        assert_eq!(document["host"]["pressure"]["cpu_some_avg10"], Value::Null);
        let alice = user(&document, "alice");
        assert_eq!(alice["memory_bytes"], 30 * MIB);
        assert_eq!(alice["tasks"], 3);
        for key in [
            "memory_cache_bytes",
            "oom_kills",
            "cpu_throttled_ratio",
            "io_read_bytes_per_s",
        ] {
            assert_eq!(alice[key], Value::Null, "{key}");
        }
        assert_eq!(
            alice["outside"]["cpu_cores"],
            Value::Null,
            "there is no slice to be outside of"
        );
    }
}

#[test]
fn a_uid_without_a_name_is_shown_as_its_number() {
    let mut host = Fixture::v2(2);
    host.process(&Proc {
        uid: 4711,
        ..Proc::default()
    });
    let document = host.json(&["usage", "--interval", "100ms", "--json"]);
    assert_eq!(user(&document, "4711")["uid"], 4711);
}

#[test]
fn other_peoples_text_is_cleaned_in_every_format() {
    let mut host = Fixture::v2(2);
    host.account("ev\u{1b}[31mil", 1666);
    host.process(&Proc {
        uid: 1666,
        cgroup: "/x\u{202e}y\u{7}",
        ..Proc::default()
    });
    for args in [
        &["usage", "--interval", "100ms"][..],
        &["usage", "--interval", "100ms", "--json"],
    ] {
        let out = host.run(args);
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(text.contains("ev\\"), "{text}");
        let raw = text
            .chars()
            .find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
        assert_eq!(raw, None, "{text:?}");
    }
}

#[test]
fn text_is_a_plain_table() {
    let out = workbench().run(&["usage", "--interval", "100ms"]);
    let text = String::from_utf8(out.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("workbench | cpu 0.00 of 4 cores"),
        "{text}"
    );
    assert!(lines[0].contains("memory 128 GiB of 256 GiB"), "{text}");
    let words =
        |line: &str| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
    assert_eq!(
        words(lines[1]),
        [
            "USER", "CPU", "MEMORY", "CACHE", "SWAP", "PROCS", "TASKS", "READ/S", "WRITE/S",
            "STATE"
        ]
    );
    assert_eq!(
        words(lines[2]),
        [
            "alice", "0.00", "111M", "8.00M", "0", "2", "8", "-", "-", "outside"
        ]
    );
}

#[test]
fn several_measurements_are_several_documents() {
    let out = workbench().run(&["usage", "--interval", "100ms", "--count", "3", "--json"]);
    let text = String::from_utf8(out.stdout).unwrap();
    let documents: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(documents.len(), 3);
    for document in documents {
        let seconds = document["interval_s"].as_f64().unwrap();
        assert!((0.09..5.0).contains(&seconds), "{seconds}");
    }
}

#[test]
fn wrong_usage_says_what_and_changes_nothing() {
    for (args, code, says) in [
        (
            &["usage", "--interval", "10ms"][..],
            2,
            "between 100ms and 1h",
        ),
        (&["usage", "-rf"], 2, "unexpected argument"),
        (&["usage", "--", "-rf"], 2, "is not a user name"),
        (&["usage", "--count", "0"], 2, "--count"),
        (
            &["usage", "nobody-of-this-name"],
            1,
            "no account is called nobody-of-this-name",
        ),
        (&["frobnicate"], 2, "unrecognized subcommand"),
        (
            &["--root", "/nonexistent", "usage"],
            2,
            "is not a directory",
        ),
        (&["--root", "/etc", "usage"], 2, "no proc directory"),
    ] {
        let out = benchwarden(args);
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(says), "{args:?}: {said}");
        assert_eq!(String::from_utf8_lossy(&out.stdout), "");
    }
}

#[test]
fn this_very_host_is_read_without_privileges() {
    let out = benchwarden(&["usage", "--all", "--interval", "200ms", "--json"]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    let processes = document["host"]["processes"].as_u64().unwrap();
    assert!(processes >= 1);
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap());
    let users = document["users"].as_array().unwrap();
    assert!(users.iter().any(|user| user["uid"] == uid), "{document:#}");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    use std::process::{Command, Stdio};
    let host = workbench();
    let mut child = Command::new(env!("CARGO_BIN_EXE_benchwarden"))
        .args(["--root", host.path().to_str().unwrap()])
        .args(["usage", "--interval", "100ms", "--count", "50"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&out.stderr), "");
}

#[test]
fn what_a_container_runs_under_subordinate_uids_is_its_owners() {
    let mut host = workbench();
    host.put("etc/subuid", "alice:100000:65536\n");
    for cgroup in [
        "/user.slice/user-1001.slice/libpod-0a.scope",
        "/system.slice/cron.service",
    ] {
        host.process(&Proc {
            uid: 100_999,
            cgroup,
            anon: 10 * MIB,
            ..Proc::default()
        });
    }
    let document = host.json(&["usage", "--interval", "100ms", "--json", "--all"]);
    assert_eq!(user(&document, "alice")["outside"]["processes"], 2);
    assert!(!document.to_string().contains("100999"), "{document:#}");
    let ps = host.json(&["ps", "alice", "--interval", "100ms", "--json"]);
    let processes = ps["processes"].as_array().unwrap();
    let inside = processes.iter().filter(|p| p["way_in"] == "container");
    assert_eq!((processes.len(), inside.count()), (4, 1));
}

#[test]
fn a_host_of_128_processors_and_a_thousand_people_is_told_whole() {
    let mut host = Fixture::v2(128);
    let long = "a".repeat(32);
    for number in 0..1000 {
        let uid = 20_000 + number;
        match number {
            0 => host.account(&long, uid),
            // Somebody whom no directory knows any more.
            1 => {}
            _ => host.account(&format!("person{number:04}"), uid),
        }
        host.slice(uid, u64::from(number) * MIB, 1_000_000);
        host.process(&Proc {
            uid,
            cgroup: "/system.slice/rstudio-server.service",
            anon: 2 * MIB,
            ..Proc::default()
        });
    }
    let document = host.json(&["usage", "--interval", "100ms", "--json", "--sort", "memory"]);
    assert_eq!(document["host"]["cpus"], 128);
    let users = document["users"].as_array().unwrap();
    assert_eq!(users.len(), 1000);
    assert_eq!(users[0]["user"], "person0999");
    assert_eq!(users[0]["memory_bytes"], (999 + 1 + 2) * MIB);
    assert_eq!(user(&document, &long)["outside"]["processes"], 1);
    assert_eq!(user(&document, "20001")["uid"], 20_001);
    let text = host.run(&["usage", "--interval", "100ms"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert_eq!(text.lines().count(), 1002);
    // Columns are columns, however long a name is.
    let ends: std::collections::BTreeSet<usize> = text
        .lines()
        .skip(2)
        .map(|line| line.find(" 0.00 ").unwrap())
        .collect();
    assert_eq!(ends.len(), 1, "{text}");
}
