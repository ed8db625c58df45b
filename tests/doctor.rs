//! `doctor` as scripts and people call it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{Fixture, benchwarden};
use serde_json::{Value, json};

fn finding<'a>(document: &'a Value, topic: &str) -> &'a Value {
    let findings = document["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["topic"] == topic);
    found.unwrap_or_else(|| panic!("no {topic} in {document:#}"))
}

/// A Debian workbench with all that is wanted.
fn workbench() -> Fixture {
    let host = Fixture::v2(4);
    host.put("sys/fs/cgroup/user.slice/cgroup.procs", "");
    host.put("run/systemd/system/x", "");
    host.put(
        "proc/net/connector",
        "Name            ID\ncn_proc         1:1\n",
    );
    host.put(
        "proc/self/mountinfo",
        "29 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,quota,usrquota,grpquota\n\
         30 1 254:16 / /scratch rw shared:1 - xfs /dev/vdb rw,noquota\n\
         31 29 0:24 / /proc rw - proc proc rw\n\
         32 1 254:0 /home /home rw - ext4 /dev/vda rw,quota,usrquota,grpquota\n",
    );
    for name in [
        "useradd", "usermod", "userdel", "groupadd", "groupdel", "chpasswd", "visudo",
    ] {
        host.put_program(&format!("usr/sbin/{name}"));
    }
    for name in [
        "gpasswd",
        "chage",
        "passwd",
        "sudo",
        "cvtsudoers",
        "R",
        "python3.11",
        "python3.11-config",
    ] {
        host.put_program(&format!("usr/bin/{name}"));
    }
    host.put(
        "usr/lib/R/library/base/DESCRIPTION",
        "Package: base\nVersion: 4.2.2\n",
    );
    host.put_program("opt/R/4.5.0/bin/R");
    host.put(
        "opt/R/4.5.0/lib/R/library/base/DESCRIPTION",
        "Package: base\nVersion: 4.5.0\n",
    );
    host.put("opt/R/notes/README", "not an R");
    host.put_program("opt/python/3.13.1/bin/python3");
    host.put("etc/systemd/system/jupyterhub.service", "");
    host.put(
        "sys/fs/cgroup/system.slice/jupyterhub.service/cgroup.procs",
        "",
    );
    host
}

#[test]
fn a_workbench_with_everything_is_described_as_it_is() {
    let document = workbench().json(&["doctor", "--json"]);
    assert_eq!(document["schema"], "benchwarden.doctor/1");
    assert_eq!(document["host"], "workbench");
    let status = |topic| finding(&document, topic)["status"].clone();
    assert_eq!(status("cgroup"), "ok");
    assert_eq!(
        finding(&document, "cgroup")["facts"]["controllers"],
        json!(["cpuset", "cpu", "io", "memory", "hugetlb", "pids"])
    );
    assert_eq!(status("pressure"), "ok");
    assert_eq!(status("process-connector"), "ok");
    assert_eq!(status("shadow"), "ok");
    assert_eq!(
        finding(&document, "quota")["facts"]["file_systems"],
        json!([
            {"mount": "/", "kind": "ext4", "user": true, "group": true},
            {"mount": "/scratch", "kind": "xfs", "user": false, "group": false},
        ]),
        "a bind mount is not another file system"
    );
    assert_eq!(
        finding(&document, "r")["facts"]["found"],
        json!([
            {"version": "4.2.2", "path": "/usr/bin/R"},
            {"version": "4.5.0", "path": "/opt/R/4.5.0/bin/R"},
        ])
    );
    assert_eq!(
        finding(&document, "python")["facts"]["found"],
        json!([
            {"version": "3.11", "path": "/usr/bin/python3.11"},
            {"version": "3.13.1", "path": "/opt/python/3.13.1/bin/python3"},
        ])
    );
    assert_eq!(
        finding(&document, "jupyter")["facts"]["running"],
        json!(["jupyterhub.service"])
    );
    assert_eq!(status("rstudio"), "missing");
}

#[test]
fn a_host_with_nothing_is_told_what_to_do_and_never_fails() {
    let document = Fixture::v1(1).json(&["doctor", "--json"]);
    for topic in [
        "cgroup",
        "systemd",
        "pressure",
        "process-connector",
        "quota",
        "sudo",
        "shadow",
        "r",
        "python",
    ] {
        let finding = finding(&document, topic);
        assert_ne!(finding["status"], "ok", "{finding:#}");
        assert!(
            finding["do"].as_str().is_some_and(|text| !text.is_empty()),
            "{finding:#}"
        );
        assert!(
            finding["why"].as_str().is_some_and(|text| !text.is_empty()),
            "{finding:#}"
        );
    }
}

#[test]
fn cgroup_hierarchies_are_told_apart() {
    for (host, version, status) in [
        (Fixture::v1(1), "v1", "partial"),
        (Fixture::hybrid(1), "hybrid", "partial"),
        (Fixture::v2(1), "v2", "ok"),
    ] {
        let document = host.json(&["doctor", "--json"]);
        assert_eq!(finding(&document, "cgroup")["facts"]["version"], version);
        assert_eq!(finding(&document, "cgroup")["status"], status);
    }
}

#[test]
fn this_very_host_is_described_whatever_it_lacks() {
    let out = benchwarden(&["doctor", "--json"]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    // An independent reading of the same fact.
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let kind_at = |place: &str| {
        let of = |line: &str| line.split(' ').nth(1) == Some(place);
        let line = mounts.lines().rev().find(|line| of(line))?;
        line.split(' ').nth(2).map(str::to_owned)
    };
    let expected = match kind_at("/sys/fs/cgroup").as_deref() {
        Some("cgroup2") => "v2",
        Some(_) if mounts.contains(" cgroup2 ") => "hybrid",
        Some(_) => "v1",
        None => "none",
    };
    assert_eq!(finding(&document, "cgroup")["facts"]["version"], expected);
    assert_eq!(
        finding(&document, "terminal")["status"],
        "missing",
        "stdout is a pipe here"
    );
}

#[test]
fn text_says_status_reason_and_remedy() {
    let out = Fixture::hybrid(1).run(&["doctor"]);
    let text = String::from_utf8(out.stdout).unwrap();
    let at = text
        .find("partial  cgroup            hybrid, controllers on v1:")
        .unwrap_or_else(|| panic!("{text}"));
    let lines: Vec<&str> = text[at..].lines().take(3).map(str::trim).collect();
    assert!(lines[1].starts_with("for: "), "{text}");
    assert!(
        lines[2].starts_with("do:  boot with systemd.unified_cgroup_hierarchy=1"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}
