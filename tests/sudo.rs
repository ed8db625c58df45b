//! `sudo list`, `show`, `who` and `check` as scripts and people call them, on hosts made of files;
//! and what the rules mean, compared with what sudo itself answered to the same trees.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use benchwarden::host::root::Root;
use benchwarden::host::sudo;
use benchwarden::model::people::People;
use benchwarden::model::sudo::ground::Caller;
use benchwarden::model::sudo::json as converted;
use benchwarden::model::sudo::matching::{Target, asked};
use benchwarden::model::sudo::rights;
use benchwarden::model::sudo::view::Known;

use common::Fixture;
use serde_json::Value;

/// Trees and what sudo 1.9.13p3 answered for these people: `sudo -u TARGET -l -U USER COMMAND`.
type Groups = &'static [(&'static str, u32)];
const GROUPS: &[(&str, u32, Groups)] = &[
    ("root", 0, &[("root", 0)]),
    ("alice", 1001, &[("alice", 1001)]),
    ("bob", 1002, &[("bob", 1002), ("sudo", 27)]),
    ("carol", 1003, &[("ops", 2000)]),
    (
        "dave",
        1004,
        &[("dave", 1004), ("docker", 999), ("ops", 2000)],
    ),
    (
        "erin",
        1005,
        &[("erin", 1005), ("ops", 2000), ("domain users", 2001)],
    ),
    ("first.last", 1006, &[("first.last", 1006)]),
    ("db", 990, &[("db", 990)]),
];

fn caller(name: &str) -> Caller {
    let (name, uid, groups) = GROUPS.iter().find(|(own, ..)| *own == name).unwrap();
    Caller {
        name: (*name).to_owned(),
        uid: *uid,
        groups: groups
            .iter()
            .map(|(name, gid)| ((*name).to_owned(), *gid))
            .collect(),
    }
}

fn trees() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sudo");
    let mut all: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    all.sort();
    assert!(all.len() >= 30, "{} trees", all.len());
    all
}

/// The tree as a host: `proc` is what makes a directory one.
fn known(tree: &Path) -> (tempfile::TempDir, Known) {
    let dir = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("/bin/cp")
        .arg("-r")
        .arg(tree.join("etc"))
        .arg(dir.path().join("etc"))
        .status();
    assert!(copied.unwrap().success());
    fs::create_dir_all(dir.path().join("proc/sys/kernel")).unwrap();
    fs::write(dir.path().join("proc/sys/kernel/hostname"), "workbench\n").unwrap();
    let etc = dir.path().join("etc");
    fs::write(
        etc.join("hosts"),
        "10.1.2.3 workbench.example.org workbench\n",
    )
    .unwrap();
    std::os::unix::fs::symlink("usr/bin", dir.path().join("bin")).unwrap();
    std::os::unix::fs::symlink("usr/sbin", dir.path().join("sbin")).unwrap();
    let root = Root::fixture(dir.path()).unwrap();
    let known = sudo::read(&root, &mut People::default());
    (dir, known)
}

const COMMANDS: &[&str] = &[
    "/usr/bin/ls",
    "/bin/ls",
    "/usr/bin/ls -l /root",
    "/usr/bin/ls /home",
    "/usr/bin/ls -l,a",
    "/usr/bin/id",
    "/usr/bin/id -u",
    "/usr/bin/tail -n 5 /var/log/syslog",
    "/usr/bin/tail /var/log/syslog",
    "/usr/bin/cat /etc/passwd /etc/shadow",
    "/usr/sbin/visudo",
    "/usr/bin/su",
    "/usr/bin/env",
];

/// Where the answers differ, and why that is right or at least said.
fn explained(tree: &str, line: &str) -> bool {
    match tree {
        // A regular expression is told as one, and not tried.
        "regex" => line.starts_with("alice\t") || line.starts_with("bob\t"),
        // What a file holds is not looked at: a digest is taken to be right.
        "digests" => line.starts_with("alice\t") || line.starts_with("bob\t"),
        // `sudo -l -U` takes root, who asks, for the caller that `()` and `(:group)` mean.
        "runas-groups" => line.starts_with("alice\talice\t") || line.starts_with("dave\troot\t"),
        _ => false,
    }
}

#[test]
fn what_a_tree_means_is_what_sudo_answers() {
    let mut wrong = Vec::new();
    for tree in trees() {
        let name = tree.file_name().unwrap().to_str().unwrap().to_owned();
        let answers = fs::read_to_string(tree.join("answers")).unwrap();
        let theirs: BTreeSet<String> = answers.lines().map(str::to_owned).collect();
        let (_dir, known) = known(&tree);
        let mut ours = BTreeSet::new();
        let may = |user: &str, target: Target<'_>, command: &str| {
            let user = caller(user);
            let (program, args) = command.split_once(' ').unwrap_or((command, ""));
            let rules = &known.tree.rules;
            let verdict = asked(rules, &user, target, (program, args), &known.ground);
            // Root is never refused by its own rule, and is by none at all.
            verdict.is_some_and(|verdict| verdict.allowed)
        };
        for (user, ..) in &GROUPS[..7] {
            for target in ["root", "db", "alice"] {
                let runs_as = caller(target);
                let target_is = Target {
                    user: Some(&runs_as),
                    group: None,
                };
                for command in COMMANDS {
                    if may(user, target_is, command) {
                        ours.insert(format!("{user}\t{target}\t{command}"));
                    }
                }
            }
            let with_group = Target {
                user: None,
                group: Some(("docker", 999)),
            };
            if may(user, with_group, "/usr/bin/id") {
                ours.insert(format!("{user}\t:docker\t/usr/bin/id"));
            }
        }
        for line in theirs.symmetric_difference(&ours) {
            if !explained(&name, line) {
                let which = if theirs.contains(line) {
                    "sudo allows"
                } else {
                    "only we allow"
                };
                wrong.push(format!("{name}: {which} {line}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn our_reading_is_the_one_of_cvtsudoers() {
    let mut compared = 0;
    for tree in trees() {
        let Ok(bytes) = fs::read(tree.join("cvtsudoers.json")) else {
            continue;
        };
        let theirs = converted::rules(&bytes).unwrap();
        let (_dir, known) = known(&tree);
        let ours = &known.tree.rules;
        for (one, other) in theirs.iter().zip(ours) {
            assert!(
                converted::agree(one, other),
                "{}:\ncvtsudoers {one:#?}\nours {other:#?}",
                tree.display()
            );
        }
        let (placed, apart) = converted::placed(theirs, ours);
        assert_eq!((apart, placed.len()), (0, ours.len()), "{}", tree.display());
        assert!(placed.iter().all(|rule| rule.place.is_some()));
        compared += 1;
    }
    assert!(compared >= 30, "{compared}");
}

#[test]
fn a_broken_line_is_told_with_its_place_and_the_rest_counts() {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sudo/bad-file");
    let (_dir, known) = known(&tree);
    let places: Vec<String> = known
        .tree
        .problems
        .iter()
        .map(|p| p.place.to_string())
        .collect();
    assert_eq!(places, ["/etc/sudoers.d/10-bad:2"]);
    let rights = rights::of(&known.tree, &caller("dave"), &known.ground);
    assert_eq!(rights.len(), 1);
}

/// A workbench with rules of each kind.
fn workbench() -> Fixture {
    let host = Fixture::v2(4);
    host.put(
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\nalice:x:1001:1001::/home/alice:/bin/bash\n\
         bob:x:1002:1002::/home/bob:/bin/bash\ncarol:x:1003:1003::/home/carol:/bin/bash\n\
         dave:x:1004:999::/home/dave:/bin/bash\nerin:x:1005:1005::/home/erin:/bin/bash\n\
         plain:x:1006:1006::/home/plain:/bin/bash\ntoor:x:0:0::/root:/bin/bash\n",
    );
    host.put(
        "etc/group",
        "root:x:0:\nsudo:x:27:bob\ndocker:x:999:\nalice:x:1001:\nbob:x:1002:\ncarol:x:1003:\n\
         erin:x:1005:\nplain:x:1006:\n",
    );
    host.put(
        "etc/sudoers",
        "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n\
         @includedir /etc/sudoers.d\n",
    );
    host.put(
        "etc/sudoers.d/10-shiny",
        "# Shiny\nalice ALL=(root) NOTAFTER=20991201000000Z /usr/bin/systemctl restart shiny-server\n\
         alice ALL=(root) NOTAFTER=20200101000000Z /usr/bin/id\n\
         carol ALL=(root) NOPASSWD: /usr/bin/less /var/log/syslog, /usr/bin/tail -n 5 *\n\
         erin ALL=(bob) ALL\n",
    );
    host.put(
        "etc/sudoers.d/20-old",
        "gone ALL=ALL\n%nobodys ALL=/usr/bin/id\n\
         carol ALL=(root) NOPASSWD: /usr/bin/less /var/log/syslog\nbroken\n",
    );
    host.put("etc/sudoers.d/first.last", "plain ALL=ALL\n");
    for program in ["systemctl", "id", "less", "tail"] {
        host.put(&format!("usr/bin/{program}"), "");
    }
    host
}

fn of<'a>(all: &'a Value, user: &str) -> &'a Value {
    let users = all["users"].as_array().unwrap();
    users.iter().find(|one| one["user"] == user).unwrap()
}

#[test]
fn people_who_may_do_something_are_listed_with_the_word_root() {
    let host = workbench();
    let all = host.json(&["sudo", "list", "--json"]);
    assert_eq!(all["schema"], "benchwarden.sudo/1");
    let names: Vec<&str> = all["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["user"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["alice", "bob", "carol", "dave", "erin"]);
    let root = |user: &str| of(&all, user)["root"].as_bool().unwrap();
    assert!(!root("alice"));
    assert!(root("bob") && root("carol") && root("dave") && root("erin"));
    // A primary group counts like any other.
    assert_eq!(of(&all, "dave")["ways"][0]["kind"], "group");
    // Bob is root by sudo, and so is who may be Bob.
    assert_eq!(of(&all, "erin")["rights"][0]["root"], "bob can become root");
    let out = host.run(&["sudo", "list"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(
        text.lines()
            .any(|line| line.starts_with("alice             ")),
        "{text}"
    );
    assert!(text.contains("bob    root  sudo"), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn one_person_is_told_in_plain_words_with_the_line_that_says_so() {
    let host = workbench();
    let all = host.json(&["sudo", "show", "alice", "--json"]);
    let rights = of(&all, "alice")["rights"].as_array().unwrap();
    assert_eq!(
        rights[0]["words"],
        "may run `/usr/bin/systemctl restart shiny-server` as root, asked for a password, until \
         1 December 2099"
    );
    assert_eq!(rights[0]["place"]["file"], "/etc/sudoers.d/10-shiny");
    assert_eq!(rights[0]["place"]["line"], 2);
    assert_eq!(rights[0]["root"], Value::Null);
    assert_eq!(rights[1]["state"], "expired");
    let all = host.json(&["sudo", "show", "carol", "--json"]);
    let rights = of(&all, "carol")["rights"].as_array().unwrap();
    assert_eq!(rights[0]["root"], "less opens a shell from within");
    assert_eq!(rights[0]["password"], false);
    assert_eq!(
        rights[1]["root"],
        "tail reads every file, password hashes included"
    );
    let out = host.run(&["sudo", "show", "bob"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("/etc/sudoers:3, as member of sudo"), "{text}");
    assert_eq!(
        host.run(&["sudo", "show", "nobody-here"]).status.code(),
        Some(1)
    );
}

#[test]
fn the_other_way_round_it_tells_who_may_run_a_command_and_who_becomes_root() {
    let host = workbench();
    let args = [
        "sudo",
        "who",
        "--json",
        "/usr/bin/systemctl",
        "restart",
        "shiny-server",
    ];
    let all = host.json(&args);
    let may: Vec<&str> = all["may"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["user"].as_str().unwrap())
        .collect();
    assert_eq!(may, ["root", "alice", "bob", "erin"]);
    let all = host.json(&["sudo", "who", "--json"]);
    let root: Vec<&str> = all["root"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["user"].as_str().unwrap())
        .collect();
    assert_eq!(root, ["root", "toor", "bob", "carol", "dave", "erin"]);
    assert_eq!(
        host.run(&["sudo", "who", "systemctl"]).status.code(),
        Some(2)
    );
}

#[test]
fn what_is_wrong_is_found_and_is_exit_code_4() {
    let host = workbench();
    let out = host.run(&["sudo", "check", "--json"]);
    assert_eq!(out.status.code(), Some(4));
    let all: Value = serde_json::from_slice(&out.stdout).unwrap();
    let found: Vec<(String, String)> = all["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap().to_owned();
            (text("kind"), text("place"))
        })
        .collect();
    for (kind, place) in [
        ("syntax", "/etc/sudoers.d/20-old:4"),
        ("ignored", "/etc/sudoers.d/first.last"),
        ("dangling", "/etc/sudoers.d/20-old:1"),
        ("dangling", "/etc/sudoers.d/20-old:2"),
        ("duplicate", "/etc/sudoers.d/20-old:3"),
        ("expired", "/etc/sudoers.d/10-shiny:3"),
        ("dangerous", "/etc/sudoers.d/10-shiny:4"),
        ("root", "dave"),
    ] {
        let there = found
            .iter()
            .any(|one| *one == (kind.to_owned(), place.to_owned()));
        assert!(there, "{kind} {place}: {found:#?}");
    }
    let host = Fixture::v2(4);
    host.put(
        "etc/sudoers",
        "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n",
    );
    host.put("etc/group", "root:x:0:\nsudo:x:27:\n");
    host.put("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
    let out = host.run(&["sudo", "check"]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
}

#[test]
fn a_host_without_sudo_says_so_and_shows_who_is_root_anyway() {
    let host = Fixture::v2(4);
    host.put(
        "etc/passwd",
        "root:x:0:0::/root:/bin/bash\ndave:x:1004:999::/home/dave:/bin/bash\n",
    );
    host.put("etc/group", "root:x:0:\ndocker:x:999:\n");
    let out = host.run(&["sudo", "list"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("sudo is not installed here"), "{text}");
    assert!(text.contains("dave  root  docker"), "{text}");
}

/// The same with programs that can be granted.
fn with_programs() -> Fixture {
    let host = workbench();
    for program in ["sudo", "visudo", "systemctl", "tail", "id"] {
        host.put_program(&format!("usr/bin/{program}"));
    }
    host
}

const RESTART: &str = "/usr/bin/systemctl restart shiny-server";

#[test]
fn a_grant_is_shown_with_the_line_that_sudo_will_read() {
    let host = with_programs();
    let plan = host.json(&[
        "sudo",
        "grant",
        "shiny",
        "--user",
        "alice",
        "--group",
        "sudo",
        "--command",
        RESTART,
        "--until",
        "2099-12-01",
        "--nopasswd",
        "--reason",
        "while ada is away",
        "--dry-run",
        "--json",
    ]);
    assert_eq!(plan["refused"], Value::Array(Vec::new()), "{plan}");
    let steps = plan["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3, "{plan}");
    let policy = steps[0]["action"]["write_drop_in"]["content"]
        .as_str()
        .unwrap();
    assert!(
        policy.starts_with("[sudo.grant.shiny]\nusers = [\"alice\"]\n"),
        "{policy}"
    );
    let file = &steps[1]["action"]["write_sudoers"];
    assert_eq!(file["path"], "/etc/sudoers.d/benchwarden-shiny");
    let text = file["content"].as_str().unwrap();
    let rule = "alice, %sudo ALL=(root) NOTAFTER=20991201000000Z NOPASSWD: \\\n    \
                /usr/bin/systemctl restart shiny-server\n";
    assert!(text.ends_with(rule), "{text}");
    assert!(text.contains("# reason: \"while ada is away\"\n"), "{text}");
    let calls = steps[2]["action"]["ask_sudo"]["calls"].as_array().unwrap();
    assert_eq!(calls[0][0], "alice");
    assert_eq!(calls[1][0], "bob", "one of the group");
    assert_eq!(host.run(&["sudo", "list"]).status.code(), Some(0));
}

#[test]
fn what_must_not_be_granted_is_refused_with_exit_3() {
    let host = with_programs();
    for (args, why) in [
        (
            vec!["--user", "nobodyx", "--command", RESTART, "--for", "1d"],
            "nobodyx is nobody",
        ),
        (
            vec!["--group", "nogroupx", "--command", RESTART, "--for", "1d"],
            "no group nogroupx",
        ),
        (
            vec!["--user", "alice", "--command", "systemctl", "--for", "1d"],
            "no absolute path",
        ),
        (
            vec![
                "--user",
                "alice",
                "--command",
                "/usr/bin/tail *",
                "--for",
                "1d",
            ],
            "--wildcards",
        ),
        (
            vec![
                "--user",
                "alice",
                "--command",
                "/usr/bin/gone",
                "--for",
                "1d",
            ],
            "no program",
        ),
        (
            vec![
                "--user",
                "alice",
                "--command",
                RESTART,
                "--until",
                "2001-01-01",
            ],
            "in the past",
        ),
        (
            vec![
                "--user",
                "alice",
                "--command",
                "/usr/bin/id a\nALL ALL=ALL",
                "--for",
                "1d",
            ],
            "holds",
        ),
        (
            vec![
                "--user",
                "alice",
                "--command",
                RESTART,
                "--for",
                "1d",
                "--reason",
                "a\nb",
            ],
            "one line",
        ),
        (
            vec![
                "--user",
                "alice",
                "--command",
                RESTART,
                "--forever",
                "--as",
                "nobodyx",
            ],
            "nobodyx",
        ),
    ] {
        let all = [&["sudo", "grant", "x"], args.as_slice(), &["--dry-run"]].concat();
        let out = host.run(&all);
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(3), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {said}");
    }
    let out = host.run(&[
        "sudo",
        "grant",
        "a.b",
        "--user",
        "alice",
        "--command",
        RESTART,
        "--forever",
    ]);
    assert_eq!(out.status.code(), Some(3));
    // An end, or that there is none, has to be said.
    let out = host.run(&[
        "sudo",
        "grant",
        "x",
        "--user",
        "alice",
        "--command",
        RESTART,
    ]);
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn what_is_over_goes_and_what_the_policy_does_not_have_goes_too() {
    let host = with_programs();
    let ours = |end: &str| format!("# until: {end}\nalice ALL=(root) PASSWD: \\\n    {RESTART}\n");
    host.put(
        "etc/sudoers.d/benchwarden-over",
        ours("2001-01-01T00:00:00Z"),
    );
    host.put(
        "etc/sudoers.d/benchwarden-strange",
        ours("2099-01-01T00:00:00Z"),
    );
    host.put(
        "etc/benchwarden/policy.d/50-console.toml",
        "[sudo.grant.over]\nusers = [\"alice\"]\ncommands = [\"/usr/bin/id\"]\nuntil = \
         2001-01-01T00:00:00Z\n[sudo.grant.missing]\nusers = [\"bob\"]\ncommands = \
         [\"/usr/bin/id\"]\n",
    );
    let out = host.run(&["sudo", "check", "--json"]);
    let all: Value = serde_json::from_slice(&out.stdout).unwrap();
    let findings = all["findings"].as_array().unwrap().iter();
    let drift: Vec<&str> = findings
        .filter(|one| one["kind"] == "drift")
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        drift,
        [
            "the grant missing of the policy is not in place",
            "it is of a grant that is over",
            "it is of a grant that no policy has"
        ]
    );
    let plan = host.json(&["sudo", "check", "--mend", "--dry-run", "--json"]);
    let words: Vec<&str> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        words,
        [
            "write it into /etc/benchwarden/policy.d/50-console.toml",
            "remove /etc/sudoers.d/benchwarden-over, which is over",
            "remove /etc/sudoers.d/benchwarden-strange, which no policy has",
            "grant missing with /etc/sudoers.d/benchwarden-missing",
            "ask sudo whether it lets them"
        ]
    );
}

#[test]
fn the_last_right_to_become_root_is_not_revoked() {
    let host = with_programs();
    host.put(
        "etc/sudoers",
        "root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
    );
    host.put("etc/sudoers.d/10-shiny", "");
    host.put(
        "etc/sudoers.d/benchwarden-admin",
        "alice ALL=(root) PASSWD: ALL\n",
    );
    let out = host.run(&["sudo", "revoke", "admin", "--dry-run"]);
    let said = String::from_utf8_lossy(&out.stderr);
    // Another file still lets Gone do everything, and nobody is called that.
    assert_eq!(out.status.code(), Some(3), "{said}");
    assert!(
        said.contains("nobody but root itself could become root"),
        "{said}"
    );
    let out = host.run(&["sudo", "revoke", "unheard-of", "--dry-run"]);
    assert_eq!(out.status.code(), Some(3));
}

#[test]
fn whoever_revokes_is_told_who_may_run_it_all_the_same() {
    let host = with_programs();
    host.put(
        "etc/benchwarden/policy.d/50-console.toml",
        "[sudo.grant.shiny]\nusers = [\"alice\", \"erin\"]\ncommands = \
         [\"/usr/bin/systemctl restart shiny-server\"]\n",
    );
    let rule = format!("alice, erin ALL=(root) PASSWD: {RESTART}\n");
    host.put("etc/sudoers.d/benchwarden-shiny", rule);
    let plan = host.json(&["sudo", "revoke", "shiny", "--dry-run", "--json"]);
    let still = format!("alice may still run `{RESTART}` as root, by /etc/sudoers.d/10-shiny:2");
    assert_eq!(plan["warnings"], Value::Array(vec![Value::String(still)]));
    assert_eq!(plan["steps"].as_array().unwrap().len(), 2);
}
