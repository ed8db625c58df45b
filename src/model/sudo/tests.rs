//! What amounts to root, what a line says, and that no text breaks a parser.

use proptest::prelude::*;

use super::ground::{Caller, FileFacts, Ground};
use super::matching::glob;
use super::parse::{Reader, moment};
use super::*;

fn tree(text: &str) -> Tree {
    let mut reader = Reader::default();
    for statement in lines::statements(text) {
        let place = Place {
            file: "/etc/sudoers".into(),
            line: statement.line,
        };
        reader.take(&statement.text, &place);
    }
    reader.finish()
}

fn alice() -> Caller {
    Caller {
        name: "alice".to_owned(),
        uid: 1001,
        groups: vec![("alice".to_owned(), 1001), ("staff".to_owned(), 50)],
    }
}

fn ground() -> Ground {
    let now = "2026-11-22T00:00:00Z".parse().unwrap();
    let mut ground = Ground {
        host: "workbench".to_owned(),
        now,
        ..Ground::default()
    };
    let file = |path: &str, uid, gid, mode| FileFacts {
        path: path.to_owned(),
        uid,
        gid,
        mode,
    };
    for (path, way) in [
        (
            "/opt/x",
            vec![
                file("/opt", 0, 0, 0o040_755),
                file("/opt/x", 1001, 0, 0o100_755),
            ],
        ),
        ("/srv/y", vec![file("/srv", 0, 50, 0o040_775)]),
        (
            "/tmp/z",
            vec![
                file("/tmp", 0, 0, 0o041_777),
                file("/tmp/z", 0, 0, 0o100_755),
            ],
        ),
    ] {
        ground.files.ways.insert(path.to_owned(), way);
    }
    ground
}

/// Why the one command of a tree amounts to root for Alice.
fn root_by(command: &str) -> Option<String> {
    let tree = tree(&format!("alice ALL=(root) {command}\n"));
    assert_eq!(tree.problems, []);
    let rights = rights::of(&tree, &alice(), &ground());
    rights.into_iter().find_map(|right| right.root)
}

#[test]
fn what_amounts_to_root_is_said_with_the_reason() {
    for (command, why) in [
        ("ALL", "it is everything"),
        ("/bin/bash", "bash runs whatever it is given"),
        ("/bin/bash \"\"", "bash without a script is a shell"),
        ("/usr/bin/python3", "python3 runs whatever it is given"),
        (
            "/usr/bin/python3.11 x.py",
            "runs x.py of whatever directory",
        ),
        ("/usr/bin/vim /etc/motd", "vim opens a shell from within"),
        ("/usr/bin/less /var/log/syslog", "less opens a shell"),
        ("/usr/bin/find /var -name x*", "find runs other programs"),
        ("/usr/bin/tee *", "tee changes files of the caller's choice"),
        ("/usr/bin/tee /etc/sudoers.d/x", "which decides who is root"),
        ("/usr/bin/cat", "cat reads every file"),
        ("/usr/bin/systemctl", "systemctl without a unit"),
        ("/usr/bin/systemctl restart *", "any unit"),
        ("/usr/bin/systemctl status shiny", "a pager"),
        ("/usr/bin/systemctl edit shiny", "an editor"),
        ("/usr/bin/*", "it covers sh as well"),
        ("/usr/bin/", "it covers sh as well"),
        ("/opt/x", "alice can write to /opt/x"),
        ("/srv/y", "alice can write to /srv"),
        ("/bin/sh /opt/x", "alice can write to /opt/x"),
        ("sudoedit", "changes any file"),
        ("sudoedit /etc/shadow", "decides who is root"),
        ("SETENV: /usr/bin/id", "LD_PRELOAD"),
    ] {
        let found = root_by(command).unwrap_or_else(|| panic!("{command} is not root"));
        assert!(found.contains(why), "{command}: {found}");
    }
}

#[test]
fn what_does_not_amount_to_root_is_not_called_that() {
    for command in [
        "/usr/bin/systemctl restart shiny-server",
        "/usr/bin/systemctl status --no-pager shiny",
        "/usr/bin/id",
        "/usr/bin/tee /etc/motd",
        "/tmp/z",
        "sudoedit /etc/motd",
        "/bin/sh /usr/local/bin/job",
        "NOTAFTER=20200101000000Z /bin/bash",
        "!/bin/bash",
    ] {
        assert_eq!(root_by(command), None, "{command}");
    }
}

#[test]
fn a_kept_loader_variable_is_root_and_one_taken_out_again_is_not() {
    let rule = "alice ALL=/usr/bin/id\n";
    let root = |settings: &str| {
        let tree = tree(&format!("{settings}\n{rule}"));
        rights::of(&tree, &alice(), &ground()).remove(0).root
    };
    assert!(
        root("Defaults env_keep += \"LANG LD_PRELOAD\"")
            .unwrap()
            .contains("LD_PRELOAD")
    );
    assert!(root("Defaults:alice env_keep += LD_*").is_some());
    assert!(root("Defaults setenv").is_some());
    assert_eq!(root("Defaults:bob env_keep += LD_PRELOAD"), None);
    assert_eq!(
        root("Defaults env_keep += LD_PRELOAD\nDefaults env_keep -= LD_PRELOAD"),
        None
    );
}

#[test]
fn the_last_match_decides_and_the_earlier_one_is_called_overruled() {
    let text = "alice ALL=/usr/bin/id\nalice ALL=!/usr/bin/id\nalice ALL=NOPASSWD: /usr/bin/ls\n\
                alice ALL=PASSWD: /usr/bin/ls\n";
    let rights = rights::of(&tree(text), &alice(), &ground());
    let states: Vec<rights::State> = rights.iter().map(|right| right.state).collect();
    assert_eq!(states[0], rights::State::Overruled);
    assert!(!rights[1].allowed);
    assert!(rights[2].password, "a later rule asks for it");
    assert_eq!(rights[1].words, "may not run `/usr/bin/id` as root");
}

#[test]
fn a_password_is_asked_for_unless_a_rule_or_a_setting_says_otherwise() {
    let text = "Defaults:alice !authenticate\nalice ALL=/usr/bin/id, PASSWD: /usr/bin/ls\n";
    let rights = rights::of(&tree(text), &alice(), &ground());
    assert!(!rights[0].password && rights[1].password);
}

#[test]
fn moments_are_generalized_time() {
    let at = |text: &str| moment(text).map(|at| at.to_string());
    assert_eq!(
        at("20261201000000Z").as_deref(),
        Some("2026-12-01T00:00:00Z")
    );
    assert_eq!(
        at("20261201013000+0130").as_deref(),
        Some("2026-12-01T00:00:00Z")
    );
    assert_eq!(at("2026120100Z").as_deref(), Some("2026-12-01T00:00:00Z"));
    for bad in ["", "2026", "20261301000000Z", "x", "20261201000000?"] {
        assert_eq!(at(bad), None, "{bad}");
    }
}

#[test]
fn wildcards_are_those_of_fnmatch() {
    for (pattern, text, in_path, hit) in [
        ("/usr/*/ls", "/usr/bin/ls", true, true),
        ("/usr/*", "/usr/bin/ls", true, false),
        ("*", "a /b c", false, true),
        ("[!a-l]*", "mv", true, true),
        ("[a-l]*", "mv", true, false),
        ("-[[:alpha:]]", "-x", false, true),
        ("a\\*b", "a*b", false, true),
        ("a\\*b", "axb", false, false),
        ("?", "", false, false),
        ("[", "[", false, true),
    ] {
        assert_eq!(glob(pattern, text, in_path), hit, "{pattern} {text}");
    }
}

#[test]
fn an_alias_within_itself_ends() {
    let found = tree("User_Alias A = B, alice\nUser_Alias B = A, bob\nA ALL=ALL\n");
    assert_eq!(found.rules.len(), 1);
}

proptest! {
    #[test]
    fn no_text_breaks_a_parser(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let found = tree(&lines::text(&bytes));
        let _ = rights::of(&found, &alice(), &ground());
        let _ = json::rules(&bytes);
    }

    #[test]
    fn nor_does_what_looks_like_rules(
        text in "(alice|%g|#1|A|\"x|ALL|!|,|=|:|\\(|\\)|\\\\|\n|#| |/bin/x|\\*|\\[|NOPASSWD:|NOTAFTER=|Defaults|User_Alias|sha224:|\\^|\\$){0,40}"
    ) {
        let found = tree(&text);
        let _ = rights::of(&found, &alice(), &ground());
    }

    #[test]
    fn a_glob_ends_and_a_text_without_wildcards_matches_itself(
        pattern in "[a-c*?\\[\\]!\\\\/-]{0,20}", text in "[a-c/]{0,20}"
    ) {
        let _ = glob(&pattern, &text, true);
        prop_assert!(glob(&text, &text, false));
    }
}
