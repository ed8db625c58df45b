//! The harness keeps its word.

use std::process::Command;

use crate::harness::{Host, Release};

/// Stories that fail on purpose, each run in a test program of its own.
const STORY: &str = "BENCHWARDEN_FAILING_STORY";

#[test]
fn a_wrong_assertion_shows_the_commands_the_screen_and_the_journal() {
    if std::env::var(STORY).is_ok_and(|story| story == "wrong assertion") {
        let host = Host::fresh(Release::Bookworm);
        host.run("logger -t witness this is in the journal").ok();
        let terminal = host
            .as_user("alice")
            .terminal((60, 10), "echo on the screen; sleep 60");
        terminal.wait_for("on the screen");
        host.run("echo to stdout; echo to stderr >&2; exit 7").ok();
    }
    let said = fails(
        "a_wrong_assertion_shows_the_commands_the_screen_and_the_journal",
        "wrong assertion",
    );
    for evidence in [
        "root$ echo to stdout; echo to stderr >&2; exit 7",
        "exit 7",
        "stdout: to stdout",
        "stderr: to stderr",
        "--- screen of echo on the screen; sleep 60",
        "|on the screen ",
        "this is in the journal",
    ] {
        assert!(said.contains(evidence), "no {evidence:?} in:\n{said}");
    }
}

#[test]
fn a_process_left_behind_fails_the_test_and_is_ended() {
    if std::env::var(STORY).is_ok_and(|story| story == "left behind") {
        let host = Host::fresh(Release::Bookworm);
        #[expect(clippy::zombie_processes, reason = "the point of the story")]
        let _left = Command::new("sleep")
            .arg("1234.5")
            .env("BENCHWARDEN_TEST_HOST", host.dir())
            .spawn()
            .unwrap();
        return;
    }
    let said = fails(
        "a_process_left_behind_fails_the_test_and_is_ended",
        "left behind",
    );
    assert!(said.contains("the test left processes behind"), "{said}");
    assert!(said.contains("sleep 1234.5"), "{said}");
    let alive = Command::new("pgrep")
        .args(["-f", "sleep 1234.5"])
        .status()
        .unwrap();
    assert!(!alive.success());
}

/// Runs one test of this very program with its failing story and returns what it said.
fn fails(test: &str, story: &str) -> String {
    let out = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("harness_itself::{test}"), "--nocapture"])
        .env(STORY, story)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(!out.status.success(), "the story was to fail:\n{said}");
    assert!(said.contains("1 failed"), "{said}");
    said
}

#[test]
fn a_power_cut_loses_nothing_that_was_synced() {
    let host = Host::fresh(Release::Bookworm);
    let boot = host
        .run("cat /proc/sys/kernel/random/boot_id")
        .ok()
        .to_owned();
    host.run("echo kept > /root/kept && sync /root/kept /root")
        .ok();
    // Written, and still on its way to the disk when the power goes.
    host.run("sysctl -q vm.dirty_writeback_centisecs=0 vm.dirty_expire_centisecs=360000")
        .ok();
    host.run("echo lost > /dev/shm/lost; echo perhaps > /root/perhaps")
        .ok();
    host.power_cut();
    assert_ne!(
        host.run("cat /proc/sys/kernel/random/boot_id").ok(),
        boot,
        "it booted again"
    );
    assert_eq!(host.run("cat /root/kept").ok(), "kept\n");
    assert_eq!(host.run("test -e /dev/shm/lost").status, Some(1));
    let perhaps = host.run("cat /root/perhaps 2>/dev/null").stdout;
    assert!(
        ["", "perhaps\n"].contains(&perhaps.as_str()),
        "never anything else: {perhaps:?}"
    );
    assert_eq!(
        host.run("systemctl is-system-running").ok().trim(),
        "running"
    );
}

#[test]
fn two_hosts_know_nothing_of_each_other() {
    // One permit would never be two: BENCHWARDEN_HOSTS=1 runs them one after the other.
    let one = Host::fresh(Release::Bookworm);
    one.run("touch /root/mine").ok();
    let id = one.run("cat /root/mine; cat /proc/uptime").ok().to_owned();
    drop(one);
    let other = Host::fresh(Release::Bookworm);
    assert_eq!(other.run("test -e /root/mine").status, Some(1), "{id}");
}

#[test]
fn the_clock_is_right_and_can_be_set() {
    let host = Host::fresh(Release::Bookworm);
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_secs();
    let there: u64 = host.run("date +%s").ok().trim().parse().unwrap();
    assert!(there.abs_diff(now) < 10, "{there} and {now}");
    host.set_time("2027-02-01T00:00:00Z");
    assert!(host.run("date -u +%F").ok().starts_with("2027-02-01"));
}

#[test]
fn a_terminal_has_its_size_its_keys_and_its_attributes() {
    let host = Host::fresh(Release::Bookworm);
    let command = "stty size; printf '\\033[1;31mred\\033[0m plain \\033[7mback\\033[0m\\n'; \
        trap 'stty size' WINCH; while :; do read -r line && echo \"got $line\"; done";
    let mut terminal = host.as_user("alice").terminal((90, 30), command);
    terminal.wait_for("30 90");
    terminal.wait_for("back");
    let red = terminal.cell_at("red").unwrap();
    assert!(red.bold());
    assert_eq!(red.fgcolor(), vt100::Color::Idx(1));
    assert!(terminal.cell_at("back").unwrap().inverse());
    assert!(!terminal.cell_at("plain").unwrap().bold());
    terminal.resize(100, 40);
    terminal.type_text("hello\r");
    terminal.wait_for("got hello");
    terminal.wait_for("40 100");
    assert!(terminal.bytes_received() > 40);
}

#[test]
fn nothing_outside_can_be_reached() {
    let host = Host::fresh(Release::Bookworm);
    // The gateway of the emulated network, and an address that is nobody's.
    for address in ["10.0.2.2", "192.0.2.1"] {
        let command = format!("timeout 5 bash -c 'exec 3<>/dev/tcp/{address}/80'");
        assert_ne!(host.run(&command).status, Some(0), "{address}");
    }
}
