//! Sudo rights on a real host: what is told is what sudo itself answers, and a grant is used, ends
//! by itself, is taken back and comes back.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::guard::start_guard;
use crate::harness::{Host, Release, on_both};

/// Rules of the shapes that sites have; `first.last` is a member of legacy.
const RULES: &str = "\
User_Alias OPS = carol, %legacy, !first.last
Cmnd_Alias WEB = /usr/bin/systemctl restart cron, \\
                 /usr/bin/journalctl -u cron
Defaults:bob !lecture
OPS ALL = (root) NOPASSWD: WEB
bob ALL = (ALL : ALL) ALL, !/usr/bin/passwd, !/usr/bin/chfn \"\"
%modelling workbench = /usr/bin/find *
%legacy elsewhere = ALL
#1007, #20001 ALL = NOPASSWD: /usr/bin/id, !/usr/bin/id -G
finn ALL = NOTAFTER=20200101000000Z NOPASSWD: /usr/bin/uptime
";
/// Who is asked about, directory people among them.
const PEOPLE: [&str; 10] = [
    "ada",
    "alice",
    "bob",
    "carol",
    "first.last",
    "lin",
    "zoe",
    "finn",
    "dirk",
    "dora",
];
const COMMANDS: [&str; 9] = [
    "/usr/bin/systemctl restart cron",
    "/usr/bin/systemctl stop cron",
    "/usr/bin/journalctl -u cron",
    "/usr/bin/passwd root",
    "/usr/bin/chfn",
    "/usr/bin/chfn -f x bob",
    "/usr/bin/find / -newer /etc/passwd",
    "/usr/bin/id",
    "/usr/bin/id -G",
];

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Of everybody and every command: the same answer as sudo's.
fn it_tells_what_sudo_answers(host: &Host) {
    host.put(RULES.as_bytes(), "/etc/sudoers.d/site", 0o440);
    host.run("visudo -c").ok();
    for command in COMMANDS {
        let asked = PEOPLE.join(" ");
        let said = host.run(&format!(
            "for u in {asked}; do sudo -l -U $u {command} >/dev/null 2>&1 && echo $u; done; true"
        ));
        let expected: BTreeSet<&str> = said.ok().lines().collect();
        let told = host
            .run(&format!("benchwarden sudo who --json {command}"))
            .json();
        let may = told["may"].as_array().unwrap().iter();
        let may: BTreeSet<String> = may.map(|one| text(&one["user"])).collect();
        let may: BTreeSet<&str> = PEOPLE
            .into_iter()
            .filter(|name| may.contains(*name))
            .collect();
        assert_eq!(may, expected, "{command}: {told:#}");
    }
    // What is over, sudo still lists; it lets nobody use it.
    let over = host
        .as_user("finn")
        .run("sudo -n /usr/bin/uptime >/dev/null 2>&1");
    assert_ne!(over.status, Some(0), "{over}");
    let told = host.run("benchwarden sudo who --json /usr/bin/uptime");
    assert!(!told.ok().contains("\"finn\""), "{told}");
    // Who becomes root: by a rule, and by nothing else here.
    let told = host.run("benchwarden sudo list --json").json();
    let users = told["users"].as_array().unwrap();
    let root_of = |name: &str| {
        let one = users.iter().find(|one| one["user"] == name);
        one.unwrap_or_else(|| panic!("{name}: {told:#}"))["root"] == true
    };
    assert!(root_of("ada") && root_of("bob"));
    assert!(root_of("alice"), "find runs what it is told to");
    assert!(!root_of("dirk"));
}

/// What sudo passes over or does not understand is told with its place, and nothing stops.
fn what_is_wrong_is_told(host: &Host) {
    host.put(b"carol ALL = ALL\n", "/etc/sudoers.d/left.bak", 0o440);
    host.put(b"carol ALL = (root ALL\n", "/etc/sudoers.d/broken", 0o440);
    let check = host.run("benchwarden sudo check");
    assert_eq!(check.status, Some(4), "{check}");
    for wanted in ["/etc/sudoers.d/left.bak", "/etc/sudoers.d/broken:1"] {
        assert!(check.stdout.contains(wanted), "{wanted}: {check}");
    }
    host.run("benchwarden sudo show bob").ok();
    // It was so before: a grant makes it no worse, and says what it found.
    let grant = "benchwarden sudo grant x --user bob --command /usr/bin/id --for 1h --yes --json";
    let granted = host.run(grant);
    assert_eq!(granted.json()["result"], "done", "{granted}");
    assert!(
        granted
            .stdout
            .contains("was broken before: /etc/sudoers.d/broken"),
        "{granted}"
    );
    host.run("benchwarden sudo revoke x --yes").ok();
    host.run("rm /etc/sudoers.d/left.bak /etc/sudoers.d/broken")
        .ok();
}

/// Whether somebody may run something without a password, tried.
fn may_run(host: &Host, user: &str, command: &str) -> bool {
    let tried = host
        .as_user(user)
        .run(&format!("sudo -n {command} >/dev/null 2>&1"));
    tried.status == Some(0)
}

const RESTART: &str = "/usr/bin/systemctl restart atd";

fn a_grant_is_used_ends_and_comes_back(host: &Host) {
    let verb =
        format!("benchwarden sudo grant restart-atd --user first.last --command '{RESTART}'");
    assert_eq!(
        host.run(&format!("{verb} --yes")).status,
        Some(2),
        "a term, or that there is none, has to be said"
    );
    assert!(!may_run(host, "first.last", RESTART));
    let dry = host.run(&format!("{verb} --for 1h --nopasswd --dry-run"));
    assert!(dry.ok().contains("/etc/sudoers.d/benchwarden-"), "{dry}");
    assert!(!may_run(host, "first.last", RESTART), "nothing was done");
    let reason = "--reason 'hangs at night: 50%, (see #12)\\n'";
    let done = host.run(&format!("{verb} --for 1h --nopasswd {reason} --yes --json"));
    assert_eq!(done.json()["result"], "done", "{done}");
    assert!(may_run(host, "first.last", RESTART));
    assert!(!may_run(host, "first.last", "/usr/bin/systemctl stop atd"));
    assert!(!may_run(host, "carol", RESTART));
    let files = host.run("stat -c '%a %U %n' /etc/sudoers.d/benchwarden-*; visudo -c");
    assert!(
        files.ok().contains("440 root /etc/sudoers.d/benchwarden-"),
        "{files}"
    );

    // It ends while nothing of ours runs.
    let now = host.run("date -u +%s").ok().trim().to_owned();
    host.run("date -u -s '+2 hours' >/dev/null").ok();
    assert!(!may_run(host, "first.last", RESTART), "it is over");
    let check = host.run("benchwarden sudo check");
    assert_eq!(check.status, Some(4), "{check}");
    assert!(check.stdout.contains("benchwarden-"), "{check}");
    host.run("benchwarden sudo check --mend --yes").ok();
    assert_eq!(
        host.run("ls /etc/sudoers.d | grep -c benchwarden")
            .stdout
            .trim(),
        "0"
    );
    host.run(&format!("date -u -s @{now} >/dev/null")).ok();

    // A group of the directory; taken back, and the taking back taken back.
    let verb =
        "benchwarden sudo grant look --group modelling --command /usr/bin/id --forever --nopasswd";
    host.run(&format!("{verb} --yes")).ok();
    assert!(may_run(host, "alice", "/usr/bin/id"));
    let revoked = host.run("benchwarden sudo revoke look --yes --json").json();
    assert!(!may_run(host, "alice", "/usr/bin/id"));
    let plan = text(&revoked["plan"]);
    host.run(&format!("benchwarden undo {plan} --yes")).ok();
    assert!(may_run(host, "alice", "/usr/bin/id"));
    host.run("benchwarden sudo revoke look --yes").ok();
    assert_eq!(
        host.run("ls /etc/sudoers.d | grep -c benchwarden")
            .stdout
            .trim(),
        "0"
    );
    host.run("benchwarden audit verify").ok();
}

/// The guard takes a grant away when its time is over, out of the policy too.
fn the_guard_takes_it_back(host: &Host) {
    start_guard(host);
    let verb = "benchwarden sudo grant brief --user carol --command /usr/bin/id --for 1h --yes";
    host.run(verb).ok();
    host.run("date -u -s '+2 hours' >/dev/null").ok();
    host.wait_until("the guard takes it back", |host| {
        host.run("ls /etc/sudoers.d | grep -c benchwarden")
            .stdout
            .trim()
            == "0"
    });
    let left = host.run("grep -r brief /etc/benchwarden; visudo -c");
    assert!(!left.ok().contains("grant"), "{left}");
    let log = host.run("benchwarden audit log");
    let said = "done: take back sudo grants that are over by guard";
    assert!(log.ok().contains(said), "{log}");
}

/// What would lock everybody out, or means something else than it says.
fn what_must_not_be_granted(host: &Host) {
    for (arguments, why) in [
        ("--user nobody-here --command /usr/bin/id", "nobody-here"),
        ("--user bob --command id", "path"),
        (
            "--user bob --command '/usr/bin/tail /var/log/*'",
            "wildcard",
        ),
    ] {
        let verb = format!("benchwarden sudo grant bad {arguments} --for 1h --yes");
        let refused = host.run(&verb);
        assert_ne!(refused.status, Some(0), "{refused}");
        assert!(refused.stderr.contains(why), "{why}: {refused}");
    }
    assert_eq!(
        host.run("ls /etc/sudoers.d | grep -c benchwarden")
            .stdout
            .trim(),
        "0"
    );
}

on_both! {
    fn rights_are_told_granted_and_taken_back(host) {
        host.install_benchwarden();
        it_tells_what_sudo_answers(host);
        what_is_wrong_is_told(host);
        a_grant_is_used_ends_and_comes_back(host);
        what_must_not_be_granted(host);
        if host.release() == Release::Bookworm {
            the_guard_takes_it_back(host);
        }
    }
}
