//! What helps at once: somebody's work is stopped where it is and goes on, a job or everything of
//! theirs ends, and none of it needs a free process number, a thread or room on a disk.

use std::time::Instant;

use crate::harness::{Host, Key, Release};

/// The root file system without a block left, for root either.
const FILL: &str = "fallocate -l $(( $(stat -f -c '%f*%S' /) - (1 << 20) )) /full; \
                    dd if=/dev/zero of=/full.2 bs=4k 2>/dev/null; sync; \
                    dd if=/dev/zero of=/full.3 bs=4k 2>/dev/null; true";
/// No process or thread beside the one that runs: a program that needs one fails.
const ALONE: &str = "systemd-run --quiet --scope -p TasksMax=1";

/// CPU time of everything that was called so, in ticks.
fn ticks(host: &Host, pattern: &str) -> u64 {
    let read =
        format!("for p in $(pgrep -f '{pattern}'); do cut -d' ' -f14,15 /proc/$p/stat; done");
    let said = host.run(&read);
    let words = said.stdout.split_ascii_whitespace();
    words.filter_map(|word| word.parse::<u64>().ok()).sum()
}

fn stands_still(host: &Host, pattern: &str) -> bool {
    let before = ticks(host, pattern);
    host.run("sleep 1").ok();
    before > 0 && ticks(host, pattern) == before
}

/// What the kernel says of alice's slice.
fn frozen(host: &Host) -> bool {
    let events = "cat /sys/fs/cgroup/user.slice/user-1001.slice/cgroup.events";
    host.run(events).stdout.contains("frozen 1")
}

const LOOP: &str = "^(/usr/bin/)?sh -c : of.alice; while";

/// Two loops of alice's: one of a session of hers, one that root started for her.
fn loops(host: &Host) {
    let work = "sh -c ': of.alice; while :; do :; done'";
    for start in [
        format!("systemd-run --quiet --uid alice --slice user-1001.slice {work}"),
        format!(
            "(setpriv --reuid 1001 --regid 1001 --clear-groups {work}) >/dev/null 2>&1 </dev/null &"
        ),
    ] {
        host.run(&start).ok();
    }
    host.wait_until("two loops of alice's…", |host| {
        host.run(&format!("pgrep -c -f '{LOOP}'")).stdout.trim() == "2" && !stands_still(host, LOOP)
    });
}

#[test]
fn whoever_suffocates_the_host_is_stopped_goes_on_and_is_ended() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    loops(&host);
    let froze = host.run("benchwarden freeze alice --yes --json");
    let plan = froze.json()["plan"].as_str().unwrap().to_owned();
    assert!(frozen(&host) && stands_still(&host, LOOP), "{froze}");
    let again = host.run("benchwarden freeze alice --yes");
    assert!(again.stderr.contains("alice is frozen already"), "{again}");
    let usage = host.run("benchwarden usage alice --json").json();
    assert_eq!(usage["users"][0]["state"][0], "frozen", "{usage}");
    host.run(&format!("benchwarden undo {plan} --yes")).ok();
    assert!(!frozen(&host) && !stands_still(&host, LOOP));
    protected(&host);
    where_nothing_is_left(&host);
    by_keys(&host);
    words(&host);
    jobs(&host);
    let throttled = host.run("benchwarden throttle bob cpu_quota=20% --for 1h --yes");
    throttled.ok();
    let read = "systemctl show user-1002.slice -p CPUQuotaPerSecUSec --value";
    assert_eq!(host.run(read).ok().trim(), "200ms");
    host.run("benchwarden audit verify").ok();
}

/// Admins, the system and strangers are left alone.
fn protected(host: &Host) {
    for (who, why) in [
        ("ada", "admins are never frozen or killed"),
        ("root", "an account of the system"),
        ("daemon", "an account of the system"),
        ("zoe", "runs nothing on this host"),
    ] {
        for verb in ["freeze", "kill"] {
            let refused = host.run(&format!("benchwarden {verb} {who} --yes"));
            assert!(
                refused.fails_with(3).contains(why),
                "{verb} {who}: {refused}"
            );
        }
    }
    let foreign = host.run("benchwarden kill alice --pid 1 --yes");
    let why = "process 1 is none of alice's";
    assert!(foreign.fails_with(3).contains(why), "{foreign}");
}

/// A full disk and no process to spare: it is done, and written down when there is room again.
fn where_nothing_is_left(host: &Host) {
    let froze = host.run(&format!(
        "{FILL}; {ALONE} benchwarden freeze alice --yes; e=$?; \
         cat /sys/fs/cgroup/user.slice/user-1001.slice/cgroup.events; ls /run/benchwarden/owed; \
         rm -f /full*; exit $e"
    ));
    let said = froze.ok();
    assert!(
        said.contains("frozen 1") && said.contains(".json"),
        "{froze}"
    );
    assert!(said.contains("in memory"), "{froze}");
    let journal = host.run("journalctl -t benchwarden -o cat -n 20").stdout;
    assert!(journal.contains("done: freeze alice"), "{journal}");
    host.run("benchwarden thaw alice --yes").ok();
    assert!(!frozen(host));
    let log = host.run("benchwarden audit log").stdout;
    // Once by hand, and once while there was no room.
    assert_eq!(log.matches("done: freeze alice").count(), 2, "{log}");
    assert_eq!(host.run("ls /run/benchwarden/owed").ok(), "", "all is paid");
    host.run("benchwarden audit verify").ok();
}

/// Two keys, in the console of a fresh login.
fn by_keys(host: &Host) {
    let root = host.as_user("root");
    let mut console = root.terminal((80, 24), "benchwarden");
    console.wait_for("> alice");
    console.type_text("z");
    console.wait_for("stop everything of alice where it is");
    let pressed = Instant::now();
    console.type_text("y");
    console.wait_for("Done: freeze alice");
    eprintln!("from the key to frozen: {:?}", pressed.elapsed());
    assert!(frozen(host));
    console.press(Key::Esc);
    console.wait_for("frozen");
    console.wait_for("z thaw  X kill");
    console.type_text("z");
    console.wait_for("let everything of alice go on");
    console.type_text("y");
    console.wait_for("Done: thaw alice");
    console.press(Key::Esc);
    console.wait_for("z freeze  X kill");
    console.type_text("q");
    assert_eq!(console.wait_exit(), 0);
    assert!(!frozen(host));
}

/// Words by key on the terminal of a person, and the session behind it ends, by key.
fn words(host: &Host) {
    let mut bob = host.as_user("bob").terminal((80, 24), "bash --norc");
    bob.wait_for("$");
    let mut console = host.as_user("root").terminal((80, 24), "benchwarden");
    console.wait_for("TREND");
    console.type_text("/bob");
    console.press(Key::Enter);
    console.wait_for("> bob");
    console.type_text("Wthe disk is full");
    console.press(Key::Enter);
    console.wait_for("y do it");
    console.type_text("y");
    console.wait_for("Done: write to bob");
    bob.wait_for("benchwarden: root writes: the disk is full");
    console.press(Key::Esc);
    console.wait_for("z freeze  X kill");
    console.press(Key::Enter);
    // The first line is the way in: ssh from somewhere.
    console.wait_for("X kill the session");
    console.wait_for("bash --norc");
    console.type_text("X");
    console.wait_for("cannot be undone");
    console.type_text("y");
    console.wait_for("Done: kill process");
    bob.wait_exit();
    console.press(Key::Ctrl('c'));
    console.wait_exit();
    let none = host.run("benchwarden message bob 'are you there?' --yes");
    let why = "work at no terminal";
    assert!(
        none.stderr.contains(why) || none.stderr.contains("runs nothing"),
        "{none}"
    );
}

/// One job with all below it, and then everything, though it multiplies.
fn jobs(host: &Host) {
    let tree = "sh -c 'sleep 6001 & sleep 6002 & wait'";
    host.run(&format!("systemd-run --quiet --uid alice {tree}"))
        .ok();
    host.wait_until("a tree of alice's…", |host| {
        host.run("pgrep -c -f '^sleep 600'").stdout.trim() == "2"
    });
    let top = host
        .run("pgrep -f '^/usr/bin/sh -c sleep 6001'")
        .ok()
        .trim()
        .to_owned();
    let killed = host.run(&format!("benchwarden kill alice --pid {top} --yes"));
    killed.ok();
    assert_eq!(
        host.run("pgrep -c -f 'sleep 600[12]'").stdout.trim(),
        "0",
        "{killed}"
    );
    assert_eq!(
        host.run(&format!("pgrep -c -f '{LOOP}'")).stdout.trim(),
        "2"
    );
    let bomb = "sh -c 'trap : TERM; while :; do sh -c \"trap : TERM; sleep 1\" & done'";
    let limits = "-p TasksMax=150 -p CPUQuota=40%";
    host.run(&format!("systemd-run --quiet --uid alice {limits} {bomb}"))
        .ok();
    host.wait_until("a bomb of alice's…", |host| {
        let count = host.run("pgrep -c -u alice").stdout;
        count.trim().parse::<u32>().is_ok_and(|count| count > 60)
    });
    host.run("benchwarden kill alice --yes").ok();
    assert_eq!(host.run("pgrep -c -u alice").stdout.trim(), "0");
}
