//! `user list`, `user show`, `group list`, `group show` as scripts and people call them, on hosts
//! made of files.

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

const LONG: &str = "a-name-of-thirty-two-bytes-exact";
const HASH: &str = "$y$j9T$salt$thehashitself";

/// A workbench with one person of each kind.
fn workbench() -> Fixture {
    let mut host = Fixture::v2(4);
    host.put(
        "etc/passwd",
        format!(
            "root:x:0:0:root:/root:/bin/bash\n\
             svc:x:990:990::/nonexistent:/usr/sbin/nologin\n\
             alice:x:1001:1001:Alice Adams,3.14,,,alice@example.org:/home/alice:/bin/bash\n\
             expired:x:1002:1002::/home/expired:/bin/bash\n\
             locked:x:1003:1003::/home/locked:/bin/zsh\n\
             new:x:1004:1004::/home/new:\n\
             keys:x:1005:1005::/home/keys:/bin/bash\n\
             mallory:x:1006:1006:\x1b[2J\x1b]0;x\x07\u{202e}drowssap:/home/m\x1b[31m:/bin/bash\n\
             {LONG}:x:1007:1007::/home/{LONG}:/bin/bash\n\
             open::1008:1008::/home/open:/bin/bash\n\
             broken:x:none:0:::\n"
        ),
    );
    host.put(
        "etc/shadow",
        format!(
            "root:*:19700:0:99999:7:::\nsvc:!:19700::::::\n\
             alice:{HASH}:19700:0:99999:7::40000:\nexpired:{HASH}:19700:0:99999:7::1:\n\
             locked:!{HASH}:19700:0:99999:7:::\nnew:{HASH}:0:0:99999:7:::\n\
             keys:*:19700:0:99999:7:::\nmallory:{HASH}:19700:0:99999:7:::\n\
             {LONG}:{HASH}:19700:0:99999:7:::\n"
        ),
    );
    host.put(
        "etc/group",
        format!(
            "root:x:0:\nsudo:x:27:alice\ndocker:x:999:locked,gone\nalice:x:1001:\n\
             analysts:x:3000:dirk,alice,{LONG}\n"
        ),
    );
    host.put("etc/subuid", "alice:100000:65536\n1005:165536:65536\n");
    host.put("etc/subgid", "alice:100000:65536\n");
    host.put(
        "var/lib/extrausers/passwd",
        "dirk:x:20001:20000:From the directory:/home/dirk:/bin/bash\n",
    );
    host.put(
        "var/lib/extrausers/group",
        "dir-analysts:x:20000:dirk,alice\n",
    );
    host.put("var/lib/systemd/linger/alice", "");
    host.put(
        "run/systemd/sessions/3",
        "UID=1001\nCLASS=user\nSERVICE=sshd\nREMOTE_HOST=10.0.0.7\nREALTIME=1790000000000000\n",
    );
    for (uid, cgroup) in [
        (1001, "/user.slice/user-1001.slice/session-3.scope"),
        (1001, "/system.slice/cron.service"),
        (4242, "/system.slice/x.service"),
        (
            100_005,
            "/user.slice/user-1001.slice/user@1001.service/libpod-1.scope",
        ),
    ] {
        let pid = host.process(&Proc {
            uid,
            cgroup,
            ..Proc::default()
        });
        let file = format!("proc/{pid}/status");
        let status = std::fs::read_to_string(host.path().join(&file)).unwrap();
        host.put(
            &file,
            status + "Gid:\t1001\t1001\t1001\t1001\nGroups:\t999 1001 3000 20000\n",
        );
    }
    host
}

fn user<'a>(document: &'a Value, name: &str) -> &'a Value {
    let users = document["users"].as_array().unwrap();
    let found = users.iter().find(|user| user["user"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {document:#}"))
}

#[test]
fn a_person_is_described_by_every_file_that_knows_them() {
    let document = workbench().json(&["user", "list", "--json"]);
    assert_eq!(document["schema"], "benchwarden.users/1");
    assert_eq!(
        *user(&document, "alice"),
        json!({
            "user": "alice", "uid": 1001, "person": true, "source": "local", "state": ["active"],
            "full_name": "Alice Adams", "email": "alice@example.org",
            "gecos": "Alice Adams,3.14,,,alice@example.org",
            "gid": 1001, "primary_group": "alice",
            "groups": ["analysts", "dir-analysts", "sudo"],
            "home": "/home/alice", "shell": "/bin/bash",
            "password": "set", "password_changed": "2023-12-09", "expires": "2079-07-08",
            "last_login": "2026-09-21T14:13:20Z", "home_bytes": null, "linger": true,
            "subuids": [{"first": 100_000, "count": 65_536}],
            "subgids": [{"first": 100_000, "count": 65_536}],
        })
    );
    assert_eq!(
        document["partial"],
        json!(["/etc/passwd line 11: an id or a count is not a number of 32 bits"])
    );
}

#[test]
fn states_say_what_stands_in_the_way_of_a_login() {
    let document = workbench().json(&["user", "list", "--all", "--json"]);
    for (name, password, state) in [
        ("root", "none", json!(["active", "key-only"])),
        ("svc", "none", json!(["nologin"])),
        ("expired", "set", json!(["expired"])),
        ("locked", "locked", json!(["locked"])),
        ("new", "set", json!(["active", "must-change-password"])),
        ("keys", "none", json!(["active", "key-only"])),
        ("open", "empty", json!(["active", "no-password"])),
        (LONG, "set", json!(["active"])),
    ] {
        assert_eq!(user(&document, name)["password"], password, "{name}");
        assert_eq!(user(&document, name)["state"], state, "{name}");
    }
    assert_eq!(user(&document, "new")["shell"], "/bin/sh");
    assert_eq!(user(&document, "new")["expires"], Value::Null);
    assert_eq!(user(&document, "keys")["subuids"][0]["first"], 165_536);
    assert!(!document.to_string().contains("thehash"));
}

#[test]
fn a_directorys_person_and_a_uid_without_a_name_are_there_and_not_claimed_to_be_known() {
    let document = workbench().json(&["user", "list", "--json"]);
    let dirk = user(&document, "dirk");
    assert_eq!(dirk["source"], "directory");
    assert_eq!(dirk["primary_group"], "dir-analysts");
    assert_eq!(dirk["groups"], json!(["analysts"]));
    assert_eq!(
        (&dirk["password"], &dirk["state"]),
        (&json!(null), &json!([]))
    );
    let users = document["users"].as_array().unwrap();
    let nameless: Vec<&Value> = users.iter().filter(|user| user["user"].is_null()).collect();
    let [nameless] = nameless[..] else {
        panic!("a uid of alice's container is hers: {document:#}")
    };
    assert_eq!(
        (&nameless["uid"], &nameless["source"]),
        (&json!(4242), &json!("unknown"))
    );
    for unknown in ["gid", "home", "shell", "password", "last_login"] {
        assert_eq!(nameless[unknown], Value::Null, "{unknown}");
    }
}

#[test]
fn the_table_fits_a_terminal_and_holds_nothing_hostile() {
    let out = workbench().run(&["user", "list"]);
    let text = String::from_utf8(out.stdout).unwrap();
    insta::assert_snapshot!(text);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert!(
        !text
            .chars()
            .any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'),
        "{text}"
    );
}

#[test]
fn one_person_is_shown_in_all_parts() {
    let host = workbench();
    host.put("etc/debian_version", "12.0\n");
    host.put(
        "etc/cron.d/nightly",
        "SHELL=/bin/sh\n0 4 * * * alice run\n0 5 * * * bob run\n",
    );
    host.put("etc/cron.d/off.dpkg-old", "0 4 * * * alice run\n");
    host.put(
        "var/spool/cron/crontabs/alice",
        "# mine\nMAILTO=\n@daily a\n* * * * * b\n",
    );
    host.put("var/mail/alice", "From");
    let document = host.json(&["user", "show", "alice", "--json"]);
    assert_eq!(document["schema"], "benchwarden.user/1");
    assert_eq!(
        (&document["user"], &document["uid"]),
        (&json!("alice"), &json!(1001))
    );
    assert_eq!(document["sessions"][0]["from"], "10.0.0.7");
    assert_eq!(
        document["processes"],
        json!({"count": 3, "cgroups": [
            {"path": "/system.slice/cron.service", "processes": 1},
            {"path": "/user.slice/user-1001.slice/session-3.scope", "processes": 1},
            {"path": "/user.slice/user-1001.slice/user@1001.service/libpod-1.scope", "processes": 1},
        ]})
    );
    assert_eq!(
        document["jobs"],
        json!({"crontab": 2, "at": 0, "system": [{"file": "/etc/cron.d/nightly", "line": 2}]})
    );
    assert_eq!(
        (&document["mail_bytes"], &document["keys"]),
        (&json!(4), &json!(null))
    );
    assert_eq!(
        document["held_groups"],
        json!([
            {"gid": 27, "group": "sudo", "held": "not-yet", "processes": 1},
            {"gid": 999, "group": "docker", "held": "still", "processes": 2},
        ])
    );
    insta::assert_snapshot!(
        String::from_utf8(host.run(&["user", "show", "alice"]).stdout).unwrap()
    );
    let same = host.json(&["user", "show", "1001", "--json"]);
    assert_eq!(same["user"], "alice");
    let hostile = String::from_utf8(host.run(&["user", "show", "mallory"]).stdout).unwrap();
    assert!(hostile.contains("\\x1b[2J") && !hostile.contains(['\x1b', '\u{202e}', '\x07']));
}

#[test]
fn who_is_unknown_is_told_what_to_do() {
    for (what, word) in [("user", "account"), ("group", "group")] {
        let out = workbench().run(&[what, "show", "nobody-here"]);
        assert_eq!(out.status.code(), Some(1));
        assert!(out.stdout.is_empty());
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(
            said.starts_with(&format!("benchwarden: no {word} is called nobody-here")),
            "{said}"
        );
        assert!(
            said.contains(&format!("`benchwarden {what} list --all`")),
            "{said}"
        );
    }
}

#[test]
fn groups_tell_who_is_in_them_and_what_that_means() {
    let host = workbench();
    let document = host.json(&["group", "list", "--json"]);
    assert_eq!(document["schema"], "benchwarden.groups/1");
    let groups = document["groups"].as_array().unwrap();
    let names: Vec<&str> = groups
        .iter()
        .map(|g| g["group"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["sudo", "docker", "analysts", "dir-analysts"]);
    let docker = host.json(&["group", "show", "docker", "--json"]);
    assert_eq!(docker["members"], json!(["gone", "locked"]));
    assert_eq!(docker["strangers"], json!(["gone"]));
    assert_eq!(docker["meaning"]["root"], true);
    let far = host.json(&["group", "show", "dir-analysts", "--json"]);
    assert_eq!(far["source"], "directory");
    assert_eq!(far["members"], json!(["alice", "dirk"]));
    assert_eq!(far["primary_members"], json!(["dirk"]));
    insta::assert_snapshot!(String::from_utf8(host.run(&["group", "list"]).stdout).unwrap());
    insta::assert_snapshot!(
        String::from_utf8(host.run(&["group", "show", "docker"]).stdout).unwrap()
    );
}

#[test]
fn what_cannot_be_read_is_null_and_said() {
    let host = workbench();
    std::fs::remove_file(host.path().join("etc/shadow")).unwrap();
    // A directory in its place: unreadable for root as well.
    host.put("etc/shadow/x", "");
    let document = host.json(&["user", "list", "--json"]);
    let alice = user(&document, "alice");
    assert_eq!(
        (&alice["password"], &alice["expires"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(alice["state"], json!([]));
    assert_eq!(
        user(&document, "open")["password"],
        "empty",
        "its own field says so"
    );
    let said = document["partial"].to_string();
    assert!(said.contains("passwords and expiry: cannot read"), "{said}");
}

#[test]
fn names_of_files_lead_nowhere() {
    let host = workbench();
    host.put(
        "etc/passwd",
        "../../../etc/group:x:1001:1001::/home/../etc:/bin/sh\n",
    );
    let document = host.json(&["user", "show", "1001", "--json"]);
    assert_eq!(document["jobs"]["crontab"], 0);
    assert_eq!(document["mail_bytes"], Value::Null);
}

#[test]
fn logins_are_read_from_the_old_records() {
    let host = workbench();
    let mut lastlog = vec![0; 292 * 1003];
    lastlog[292 * 1002..292 * 1002 + 4].copy_from_slice(&1_700_000_000u32.to_ne_bytes());
    host.put("var/log/lastlog", lastlog);
    let mut wtmp = vec![0; 2 * 384];
    for (record, (name, at)) in wtmp
        .chunks_mut(384)
        .zip([(LONG, 1_600_000_000u32), (LONG, 1_500_000_000)])
    {
        record[0] = 7;
        record[44..44 + name.len()].copy_from_slice(name.as_bytes());
        record[340..344].copy_from_slice(&at.to_ne_bytes());
    }
    host.put("var/log/wtmp", wtmp);
    let document = host.json(&["user", "list", "--json"]);
    let last = |name| user(&document, name)["last_login"].clone();
    assert_eq!(last("expired"), "2023-11-14T22:13:20Z");
    assert_eq!(last(LONG), "2020-09-13T12:26:40Z");
    assert_eq!(last("locked"), Value::Null);
    assert_eq!(
        last("alice"),
        "2026-09-21T14:13:20Z",
        "her session is later"
    );
}

#[test]
fn a_thousand_people_are_listed_at_once() {
    let mut host = Fixture::v2(4);
    for uid in 1000..2000 {
        host.account(&format!("person{uid}"), uid);
    }
    let members: Vec<String> = (1000..2000).map(|uid| format!("person{uid}")).collect();
    host.put(
        "etc/group",
        format!("analysts:x:3000:{}\n", members.join(",")),
    );
    let begun = std::time::Instant::now();
    let document = host.json(&["user", "list", "--json"]);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    let users = document["users"].as_array().unwrap();
    assert_eq!(users.len(), 1000);
    assert!(
        users
            .iter()
            .all(|user| user["groups"] == json!(["analysts"]))
    );
}
