//! `ps USER` as scripts call it, on hosts made of files.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{Fixture, MIB, Proc};

/// Alice over ssh, and a job of hers that cron began.
fn workbench() -> Fixture {
    let mut host = Fixture::v2(4);
    host.account("alice", 1001);
    host.account("bob", 1002);
    host.slice(1001, 100 * MIB, 5_000_000);
    for (name, cgroup, command) in [
        (
            "R",
            "/user.slice/user-1001.slice/session-3.scope",
            &b"R\0--no-save\0"[..],
        ),
        (
            "job.sh",
            "/system.slice/cron.service",
            &b"sh\0-c\0nightly \x1b[2J\0"[..],
        ),
    ] {
        host.process(&Proc {
            uid: 1001,
            name,
            cgroup,
            anon: 10 * MIB,
            command,
            ..Proc::default()
        });
    }
    host.put(
        "run/systemd/sessions/3",
        "UID=1001\nCLASS=user\nSERVICE=sshd\nREMOTE_HOST=10.0.0.7\nTTY=pts/3\nREALTIME=1790000000000000\n",
    );
    host.put("run/systemd/sessions/4", "UID=1001\nCLASS=manager\n");
    host
}

#[test]
fn processes_are_told_by_the_way_they_came_in() {
    let host = workbench();
    let document = host.json(&["ps", "alice", "--json", "--interval", "100ms"]);
    assert_eq!(document["schema"], "benchwarden.ps/1");
    assert_eq!(document["user"]["user"], "alice");
    assert_eq!(document["user"]["sessions"], 1);
    assert_eq!(document["sessions"][0]["from"], "10.0.0.7");
    assert_eq!(document["sessions"][0]["since"], 1_790_000_000);
    let processes = document["processes"].as_array().unwrap();
    let told: Vec<(&str, &str)> = processes
        .iter()
        .map(|p| {
            (
                p["way_in"].as_str().unwrap(),
                p["command"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("session 3", "R --no-save"),
            ("cron", "sh -c nightly \\x1b[2J")
        ]
    );
    assert_eq!(processes[0]["memory_bytes"], 10 * MIB);
}

#[test]
fn the_text_has_a_heading_for_each_way_in() {
    let host = workbench();
    let out = host.run(&["ps", "alice", "--interval", "100ms"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(
        text.contains("ssh from 10.0.0.7, pts/3: cpu 0.00, memory 10.0M\n"),
        "{text}"
    );
    assert!(text.contains("\ncron: cpu 0.00, memory 10.0M\n"), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
}

#[test]
fn who_has_nothing_is_told_and_who_is_unknown_is_an_error() {
    let host = workbench();
    let out = host.run(&["ps", "bob", "--interval", "100ms"]);
    assert_eq!(out.status.code(), Some(0));
    assert_eq!(
        String::from_utf8_lossy(&out.stdout),
        "1002 has no process here\n"
    );
    let out = host.run(&["ps", "nobody-here", "--interval", "100ms"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&out.stderr).contains("no account is called nobody-here"),
        "{out:?}"
    );
}
