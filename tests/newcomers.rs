//! `user add --from` and the note for a newcomer as people and scripts meet them, on a host made of
//! files: what is planned, what is refused and how that is told. Nothing is ever changed here.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::process::Output;

use benchwarden::base::account::{FullName, NewName};
use benchwarden::engine::Engine as _;
use benchwarden::engine::local::Local;
use benchwarden::host::root::Root;
use benchwarden::plan::people::add::{self, AddUser, Password};
use benchwarden::plan::people::roster::field_names;
use benchwarden::plan::people::welcome::{PLACEHOLDERS, Welcome};
use benchwarden::plan::world::World;
use common::Fixture;
use serde_json::{Value, json};

/// A host with one person and a group.
fn workbench() -> Fixture {
    let mut host = Fixture::v2(4);
    host.account("alice", 1001);
    host.put(
        "etc/group",
        "root:x:0:\nalice:x:1001:\nmodelling:x:3000:alice\n",
    );
    host.put("etc/shadow", "root:*:19700::::::\nalice:*:19700::::::\n");
    host.put("etc/shells", "/bin/sh\n/bin/bash\n");
    host
}

/// The note for ada, when her account is made on that host.
fn note_for_ada(host: &Fixture) -> Welcome {
    let wish = AddUser {
        name: NewName::user("ada").unwrap(),
        full_name: FullName::default(),
        email: None,
        groups: Vec::new(),
        shell: None,
        uid: None,
        keys: Vec::new(),
        password: Password::None,
        expires: None,
    };
    let plan = add::plan(&wish, &World::default());
    let engine = Local::new(Root::fixture(host.path()).unwrap());
    engine.welcome(&wish, &plan)
}

/// Adds people from a list of that name.
fn add(host: &Fixture, name: &str, list: &str, options: &[&str]) -> Output {
    host.put(name, list);
    let file = host.path().join(name);
    let from = ["user", "add", "--from", file.to_str().unwrap()];
    host.run(&[&from, options].concat())
}

fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

#[test]
fn all_plans_are_shown_and_each_follows_from_those_before() {
    let host = workbench();
    let key = include_str!("keys/ed25519-256.pub");
    host.put("keys/ada.pub", key);
    let list = "name,full_name,groups,ssh_key,uid\n\
                ada,Ada Lovelace,modelling,keys/ada.pub,\n\
                bob,,modelling,,\n\
                eve,,,,1002\n";
    let out = add(&host, "people.csv", list, &["--dry-run", "--json"]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(document["schema"], "benchwarden.plans/1");
    assert_eq!(document["result"], "planned");
    let people = document["people"].as_array().unwrap();
    let told = |key: &str| {
        people
            .iter()
            .map(|one| one[key].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(told("name"), [json!("ada"), json!("bob"), json!("eve")]);
    assert_eq!(told("line"), [json!(2), json!(3), json!(4)]);
    let account = |at: usize| {
        people[at]["steps"][0]["changes"][0]["after"]
            .as_str()
            .unwrap()
    };
    assert!(account(0).starts_with("1003:1003:Ada Lovelace:/home/ada:"));
    assert!(account(1).starts_with("1004:"));
    assert!(account(2).starts_with("1002:"), "the uid is theirs");
    let joins = |at: usize| people[at]["steps"][2]["changes"][0]["before"].clone();
    assert_eq!(joins(0), "3000:alice");
    assert_eq!(joins(1), "3000:ada,alice");
    let text = add(&host, "people.csv", list, &["--dry-run"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.starts_with("add 3 people from "), "{text}");
    for name in ["ada", "bob", "eve"] {
        assert!(text.contains(&format!("add user {name}: ")), "{text}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_nothing_is_planned() {
    let host = workbench();
    let list = "name,email,groups,shell,expires\n\
                alice,,,,\n\
                ada,ada,,,\n\
                docker,,nowhere,/bin/fish,2001-01-01\n\
                bob,,,,\n";
    let out = add(&host, "people.csv", list, &["--dry-run", "--json"]);
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(document["result"], "refused");
    assert_eq!(document["people"], json!([]));
    let bad: Vec<(u64, &str)> = document["bad"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bad| {
            (
                bad["line"].as_u64().unwrap(),
                bad["field"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (2, "name"),
        (3, "email"),
        (4, "name"),
        (4, "groups"),
        (4, "shell"),
        (4, "expires"),
    ];
    assert_eq!(bad, expected);
    let text = stderr(&out);
    let file = host.path().join("people.csv");
    let line = format!("{}:2: name: alice is an account", file.display());
    assert!(text.contains(&line), "{text}");
    assert!(text.ends_with("nothing was done\n"), "{text}");
}

#[test]
fn what_the_host_alone_speaks_against_is_refused_and_not_wrong_usage() {
    let host = workbench();
    let list = "[[user]]\nname = \"alice\"\n";
    let out = add(&host, "people.toml", list, &["--yes"]);
    assert_eq!(out.status.code(), Some(3), "{out:?}");
    assert_eq!(out.stdout, b"");
    assert!(stderr(&out).contains("people.toml:1: name: alice is an account"));
}

#[test]
fn a_tree_of_files_is_never_changed() {
    let host = workbench();
    let out = add(&host, "people.csv", "name\nada\n", &["--yes"]);
    assert_eq!(out.status.code(), Some(3), "{out:?}");
    assert!(stderr(&out).contains("never changes it"));
}

#[test]
fn hostile_text_in_a_list_reaches_no_terminal() {
    let host = workbench();
    let list = "name,\u{1b}[2Jx\n\"a\u{1b}[31m\",\nada,\u{202e}\n";
    let out = add(&host, "people.csv", list, &["--dry-run"]);
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    let text = stderr(&out);
    assert!(
        !text.contains('\u{1b}') && !text.contains('\u{202e}'),
        "{text}"
    );
    assert!(text.contains(":2: name: "), "{text}");
}

#[test]
fn a_list_and_options_of_one_person_do_not_go_together() {
    let host = workbench();
    for options in [&["ada"][..], &["--shell", "/bin/sh"], &["--must-change"]] {
        let out = add(&host, "people.csv", "name\nada\n", options);
        assert_eq!(out.status.code(), Some(2), "{options:?}");
    }
    let out = host.run(&["user", "add"]);
    assert_eq!(out.status.code(), Some(2));
    let out = add(&host, "people.txt", "name\nada\n", &["--dry-run"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(stderr(&out).contains("ends in .csv or .toml"));
    let out = host.run(&["user", "add", "--from", "/nonexistent/people.csv"]);
    assert_eq!(out.status.code(), Some(1));
}

#[test]
fn the_help_names_every_field_of_a_list() {
    let out = common::benchwarden(&["user", "add", "--help"]);
    let help = String::from_utf8(out.stdout).unwrap();
    for field in field_names() {
        assert!(help.contains(field), "{field} is missing in\n{help}");
    }
}

#[test]
fn the_sites_own_note_is_taken_when_only_root_can_have_written_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let host = workbench();
    let built_in = note_for_ada(&host);
    assert!(built_in.text.starts_with("Welcome to workbench, ada.\n"));
    assert_eq!(built_in.remarks, Vec::<String>::new());
    host.put(
        "etc/benchwarden/welcome.txt",
        "Hi {name} on {host}, {nmae}\n",
    );
    let mode = |path: &str, mode: u32| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(host.path().join(path), mode).unwrap();
    };
    mode("etc/benchwarden", 0o755);
    mode("etc/benchwarden/welcome.txt", 0o644);
    let own = note_for_ada(&host);
    assert_eq!(own.text, "Hi ada on workbench, {nmae}\n");
    assert!(
        own.remarks[0]
            .starts_with("/etc/benchwarden/welcome.txt:1: there is no placeholder {nmae}")
    );
    mode("etc/benchwarden/welcome.txt", 0o666);
    let unsafe_one = note_for_ada(&host);
    assert_eq!(unsafe_one.text, built_in.text);
    assert!(unsafe_one.remarks[0].contains("has mode 0666"));
}

#[test]
fn a_note_is_never_written_over_anything() {
    let host = workbench();
    host.put("there.txt", "precious");
    let there = host.path().join("there.txt");
    let link = host.path().join("link.txt");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    for file in [&there, &link] {
        let file = file.to_str().unwrap();
        let out = host.run(&["user", "add", "ada", "--welcome", file, "--dry-run"]);
        assert_eq!(out.status.code(), Some(3), "{out:?}");
        assert!(stderr(&out).contains("is there already; name a new file"));
    }
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "precious");
    let new = host.path().join("new.txt");
    let out = host.run(&[
        "user",
        "add",
        "ada",
        "--welcome",
        new.to_str().unwrap(),
        "--dry-run",
    ]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    assert!(!new.exists(), "a plan that is only shown writes nothing");
}

#[test]
fn help_and_readme_name_every_placeholder() {
    let out = common::benchwarden(&["user", "add", "--help"]);
    let help = String::from_utf8(out.stdout).unwrap();
    let readme = include_str!("../README.md");
    for (name, what) in PLACEHOLDERS {
        assert!(
            help.contains(&format!("{{{name}}}")),
            "{name} is missing in\n{help}"
        );
        let row = format!("| `{{{name}}}` | {what} |");
        assert!(readme.contains(&row), "the README lacks {row}");
    }
    for field in field_names() {
        assert!(
            readme.contains(&format!("`{field}`")),
            "the README lacks {field}"
        );
    }
}
