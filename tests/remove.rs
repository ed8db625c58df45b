//! `user remove --dry-run` on hosts made of files: what somebody owns and runs, and what would
//! remain of it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{Fixture, Proc};
use serde_json::{Value, json};

/// Whom the files of a test belong to: where root runs it, somebody else.
fn uid(host: &Fixture) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    match std::fs::metadata(host.path()).unwrap().uid() {
        0 => 4001,
        own => own,
    }
}

/// A workbench on which ada owns and runs something of each kind.
fn workbench() -> Fixture {
    let mut host = Fixture::v2(4);
    let uid = uid(&host);
    host.put(
        "etc/passwd",
        format!(
            "root:x:0:0:root:/root:/bin/bash\nada:x:{uid}:{uid}::/home/ada:/bin/bash\n\
             bob:x:1777:1777::/home/bob:/bin/bash\n"
        ),
    );
    host.put(
        "etc/shadow",
        "root:*:1:::::: \nada:!:1::::::\nbob:!:1::::::\n",
    );
    host.put(
        "etc/group",
        format!("root:x:0:\nada:x:{uid}:\nbob:x:1777:\n"),
    );
    host.put("etc/subuid", "ada:100000:65536\n");
    host.put("etc/sudoers.d/ada", "# hers\nada ALL=(ALL) NOPASSWD: ALL\n");
    host.put("etc/systemd/system/shiny.service", "[Service]\nUser=ada\n");
    host.put("etc/cron.d/nightly", "0 4 * * * ada run\n");
    host.put("var/spool/cron/crontabs/ada", "@daily a\n");
    host.put("var/mail/ada", "From");
    host.put("var/lib/systemd/linger/ada", "");
    host.put("home/ada/thesis", "x".repeat(2048));
    host.put("srv/project/data", "x".repeat(1000));
    host.put("srv/project/model", "x".repeat(24));
    host.process(&Proc {
        uid,
        cgroup: "/user.slice/x.scope",
        ..Proc::default()
    });
    for path in [
        "home/ada",
        "home/ada/thesis",
        "srv/project/data",
        "srv/project/model",
    ] {
        std::os::unix::fs::chown(host.path().join(path), Some(uid), Some(uid)).unwrap();
    }
    host
}

fn plan(host: &Fixture, more: &[&str]) -> Value {
    let verb = [
        "user",
        "remove",
        "ada",
        "--archive",
        "/srv/ada.tar.zst",
        "--dry-run",
    ];
    host.json(&[&verb, more, &["--json"]].concat())
}

fn warnings(plan: &Value) -> String {
    plan["warnings"].to_string()
}

#[test]
fn what_somebody_owns_and_runs_is_shown_before_they_are_removed() {
    let host = workbench();
    let plan = plan(&host, &[]);
    let all = &plan["belongings"];
    assert_eq!(
        all["home"],
        json!({"path": "/home/ada", "bytes": 2048, "files": 1, "whole": true})
    );
    assert_eq!(all["outside"]["whole"], true, "{all:#}");
    assert!(all["outside"]["files"].as_u64().unwrap() >= 2, "{all:#}");
    let places = all["outside"]["places"].as_array().unwrap();
    assert!(places.contains(&json!(["/srv/project", 2])), "{all:#}");
    for (key, expected) in [
        ("crontab", json!(1)),
        ("at_jobs", json!(0)),
        ("mail_bytes", json!(4)),
        ("linger", json!(true)),
        ("processes", json!(1)),
        ("subuids", json!(["100000-165535"])),
        ("subgids", json!([])),
        ("sudo", json!([{"file": "/etc/sudoers.d/ada", "line": 2}])),
        (
            "units",
            json!([{"file": "/etc/systemd/system/shiny.service", "line": 2}]),
        ),
        (
            "system_cron",
            json!([{"file": "/etc/cron.d/nightly", "line": 1}]),
        ),
    ] {
        assert_eq!(all[key], expected, "{key}");
    }
    let said = warnings(&plan);
    for words in [
        "keep the bare uid",
        "/etc/sudoers.d/ada line 2 names ada and stays",
        "/etc/systemd/system/shiny.service line 2 runs as ada",
        "/etc/cron.d/nightly line 1 runs as ada",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn the_text_says_the_same_in_lines_that_fit() {
    let out = workbench().run(&["user", "remove", "ada", "--keep-home", "--dry-run"]);
    let text = String::from_utf8(out.stdout).unwrap();
    for words in [
        "what ada owns and runs:",
        "  home       /home/ada: 2.00 KiB in 1 file",
        "  elsewhere  ",
        "  processes  1 process",
        "  jobs       1 crontab entry, /etc/cron.d/nightly line 1",
        "  sudo rule  /etc/sudoers.d/ada line 2",
        "  subuids    100000-165535",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn files_elsewhere_are_kept_given_or_deleted_as_asked() {
    let host = workbench();
    let given = plan(&host, &["--give-files", "bob"]);
    let last = given["steps"].as_array().unwrap().last().unwrap();
    let uid = uid(&host);
    assert_eq!(last["action"]["give_files"]["to"], json!([1777, 1777]));
    assert_eq!(last["action"]["give_files"]["from"], json!([uid, uid]));
    assert_eq!(last["undo"]["kind"], "partly");
    assert!(!warnings(&given).contains("keep the bare uid"));
    let deleted = plan(&host, &["--delete-files"]);
    let last = deleted["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(last["action"]["delete_files"]["uid"], uid);
    assert_eq!(last["undo"]["kind"], "none");
    for (more, status, why) in [
        (
            vec!["--give-files", "nobody-here"],
            3,
            "is nobody on this host",
        ),
        (vec!["--give-files", "ada"], 3, "is the one who is removed"),
        (vec!["--give-files", "root"], 3, "account of the system"),
        (
            vec!["--give-files", "bob", "--delete-files"],
            2,
            "cannot be used with",
        ),
    ] {
        let verb = ["user", "remove", "ada", "--keep-home", "--dry-run"];
        let out = host.run(&[&verb[..], &more].concat());
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(status), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn names_of_files_elsewhere_cannot_speak_to_the_terminal() {
    let host = workbench();
    host.put("srv/\u{1b}[2Jproject/data", "x");
    let uid = uid(&host);
    let hostile = host.path().join("srv/\u{1b}[2Jproject/data");
    std::os::unix::fs::chown(hostile, Some(uid), Some(uid)).unwrap();
    let out = host.run(&["user", "remove", "ada", "--keep-home", "--dry-run"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(
        text.contains("\\x1b[2Jproject") && !text.contains('\u{1b}'),
        "{text}"
    );
}
