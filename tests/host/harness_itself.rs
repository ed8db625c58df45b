//! The harness keeps its word.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use crate::harness::{Host, Key, Release};

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

#[test]
fn a_host_that_answers_no_more_shows_its_serial_console() {
    if std::env::var(STORY).is_ok_and(|story| story == "kernel panic") {
        let host = Host::fresh(Release::Bookworm);
        // The kernel dies with the machine running: nothing answers, nothing hangs up.
        host.as_user("root").run_with(
            "sysctl -q kernel.sysrq=1 kernel.printk=7; echo before; echo c > /proc/sysrq-trigger",
            &[],
            Duration::from_secs(8),
        );
    }
    let started = Instant::now();
    let said = fails(
        "a_host_that_answers_no_more_shows_its_serial_console",
        "kernel panic",
    );
    for evidence in [
        "no end within 8s",
        "stdout: before",
        "--- serial console",
        "Kernel panic",
    ] {
        assert!(said.contains(evidence), "no {evidence:?} in:\n{said}");
    }
    assert!(started.elapsed() < Duration::from_secs(120), "{said}");
}

/// Runs one test of this very program with its failing story and returns what it said.
fn fails(test: &str, story: &str) -> String {
    let out = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--"])
        .arg(std::env::current_exe().unwrap())
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
    let (one, other) = Host::fresh_pair(Release::Bookworm);
    one.run("touch /root/mine; hostname one").ok();
    assert_eq!(other.run("test -e /root/mine").status, Some(1));
    assert_ne!(other.run("hostname").ok(), one.run("hostname").ok());
    // The end of the one is not the end of the other.
    drop(one);
    other.run("true").ok();
}

fn arguments_arrive_as_they_were_given(host: &Host) {
    let words = [
        "it's", "a  b", "$HOME", "*", "\\", "", "\"q\"", "x\ny", "`id`",
    ];
    let mut argv = vec!["printf", "%s\\0"];
    argv.extend(words);
    let said = host.as_user("alice").run_argv(&argv);
    let arrived: Vec<&str> = said.ok().strip_suffix('\0').unwrap().split('\0').collect();
    assert_eq!(arrived, words);
    host.put(b"content", "/root/a name with 'quotes'", 0o640);
    let told = host.run("stat -c '%a %s' /root/a*");
    assert_eq!(told.ok(), "640 7\n");
}

fn the_clock_is_right_and_can_be_set(host: &Host) {
    // What the guest says lies between two readings of this machine, however long a login takes.
    let before = seconds_of_this_machine();
    let there: u64 = host.run("date +%s").ok().trim().parse().unwrap();
    let after = seconds_of_this_machine();
    assert!(
        (before.saturating_sub(5)..=after + 5).contains(&there),
        "{before} <= {there} <= {after}"
    );
    host.set_time("2027-02-01T00:00:00Z");
    assert!(host.run("date -u +%F").ok().starts_with("2027-02-01"));
}

fn seconds_of_this_machine() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

fn a_terminal_has_its_size_its_keys_and_its_attributes(host: &Host) {
    let command = "trap 'stty size' WINCH; stty size; \
        printf '\\033[1;31mred\\033[0m plain \\033[7mback\\033[0m\\n'; \
        while :; do read -r line && echo \"got $line\"; done";
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

fn every_key_arrives_as_a_terminal_sends_it(host: &Host) {
    let mut terminal = host
        .as_user("alice")
        .terminal((200, 24), "stty raw -echo; echo ready; cat -vT");
    terminal.wait_for("ready");
    for (key, seen) in [
        (Key::Enter, "^M"),
        (Key::Esc, "^["),
        (Key::Tab, "^I"),
        (Key::BackTab, "^[[Z"),
        (Key::Backspace, "^?"),
        (Key::Delete, "^[[3~"),
        (Key::Up, "^[[A"),
        (Key::Down, "^[[B"),
        (Key::Right, "^[[C"),
        (Key::Left, "^[[D"),
        (Key::Home, "^[[H"),
        (Key::End, "^[[F"),
        (Key::PageUp, "^[[5~"),
        (Key::PageDown, "^[[6~"),
        (Key::Ctrl('c'), "^C"),
        (Key::Alt('x'), "^[x"),
        (Key::F(1), "^[OP"),
    ] {
        terminal.type_text("<");
        terminal.press(key);
        terminal.type_text(">");
        terminal.wait_for(&format!("<{seen}>"));
    }
}

fn nothing_outside_can_be_reached(host: &Host) {
    // A server on the machine that runs the emulator: nothing is nearer to the host.
    let server = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = server.local_addr().unwrap().port();
    TcpStream::connect(("127.0.0.1", port)).expect("the server is there");
    server.accept().unwrap();
    // The emulated gateway is that machine, and the emulated name server is next to it.
    for (address, port) in [("10.0.2.2", port), ("10.0.2.3", 53)] {
        let command = format!("timeout 5 bash -c 'exec 3<>/dev/tcp/{address}/{port}'");
        assert_ne!(host.run(&command).status, Some(0), "{address}");
    }
    server.set_nonblocking(true).unwrap();
    assert!(server.accept().is_err(), "the host came through");
    assert_ne!(
        host.run("timeout 20 getent hosts debian.example").status,
        Some(0)
    );
}

#[test]
fn commands_keys_and_the_clock_arrive_and_nothing_gets_out() {
    let host = Host::fresh(Release::Bookworm);
    arguments_arrive_as_they_were_given(&host);
    a_terminal_has_its_size_its_keys_and_its_attributes(&host);
    every_key_arrives_as_a_terminal_sends_it(&host);
    nothing_outside_can_be_reached(&host);
    the_clock_is_right_and_can_be_set(&host);
}
