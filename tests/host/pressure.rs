//! Acting on pressure: who causes it is named, gets less for a while and everything back, also
//! when the guard is killed in between; whoever the kernel ends is explained.

use std::time::Duration;

use crate::guard::start_guard;
use crate::harness::{Host, Key, Release, Terminal, on_debian_12};

const POLICY: &str = "\
[guard.pressure.tell]
cpu = \"50%\"
memory = \"10%\"
io = \"never\"
after = \"1s\"
again = \"1s\"

[guard.pressure.throttle]
cpu = \"60%\"
after = \"6s\"
for = \"55s\"
limits = { cpu_quota = \"50%\" }
";

fn shell(host: &Host, user: &str) -> Terminal {
    let mut terminal = host.as_user(user).terminal((100, 30), "bash --norc");
    terminal.type_text("PS1='ready> '");
    terminal.press(Key::Enter);
    terminal.wait_for("ready>");
    terminal
}

fn type_line(terminal: &mut Terminal, line: &str) {
    terminal.type_text(line);
    terminal.press(Key::Enter);
}

/// What the guard has said that holds this, with the time in seconds since 1970.
fn said(host: &Host, words: &str) -> Option<(f64, String)> {
    let lines = host.run("journalctl -t benchwarden -o short-unix --no-hostname");
    let line = lines.ok().lines().find(|line| line.contains(words))?;
    let (time, rest) = line.split_once(' ')?;
    Some((time.parse().ok()?, rest.to_owned()))
}

#[track_caller]
fn wait_for_word(host: &Host, words: &str) -> (f64, String) {
    host.wait_until(words, |host| said(host, words).is_some());
    said(host, words).unwrap()
}

fn quota(host: &Host, uid: u32) -> String {
    let read = format!("cat /sys/fs/cgroup/user.slice/user-{uid}.slice/cpu.max");
    host.run(&read).stdout.trim().to_owned()
}

/// 64 busy loops: named, held back, and let go in time although the guard was killed.
fn busy_loops(host: &Host, bob: &mut Terminal) {
    // From the fourth on somebody waits all the time on a host with two processors.
    type_line(
        bob,
        "bash -c 'for i in $(seq 64); do while :; do :; done & [ $i = 4 ] && \
         date +%s.%N > /tmp/fourth; done; wait'",
    );
    let (named, line) = wait_for_word(host, "× bash (pid");
    let fourth = host.run("cat /tmp/fourth");
    let after = named - fourth.ok().trim().parse::<f64>().unwrap();
    eprintln!("named {after:.1} s after the fourth loop: {line}");
    let wanted = "the host is short of processors: bob has";
    assert!(line.contains(wanted), "{line}");
    assert!(
        after < 10.0,
        "an emulated host is ten times slower: {after}"
    );
    host.wait_until("bob gets half a processor", |host| {
        quota(host, 1002) == "50000 100000"
    });
    bob.wait_for("you get 50 % of a processor");
    let kill = "systemctl kill -s KILL benchwarden-guard";
    let read = "cat /sys/fs/cgroup/user.slice/user-1002.slice/cpu.max";
    let held = host.run(&format!("{kill}; {read}"));
    assert_eq!(held.ok().trim(), "50000 100000", "while nobody guards");
    // The loop that starts them may be faster than one look at all processes.
    host.run("while pkill -KILL -u bob -f fourth; do sleep 0.2; done")
        .ok();
    host.wait_until("bob has everything again", |host| {
        quota(host, 1002) == "max 100000"
    });
    bob.wait_for("you get everything again that you had before");
    let left = host.run("ls /run/systemd/system.control/user-1002.slice.d 2>&1");
    assert!(left.stdout.contains("No such file"), "{left}");
    let log = host.run("benchwarden audit log --json");
    for wanted in ["\"throttle bob for a while\"", "undo ", "\"guard\""] {
        assert!(log.ok().contains(wanted), "{wanted}: {log}");
    }
}

/// A memory eater: named while it waits, explained when it was ended.
fn memory_eater(host: &Host, alice: &mut Terminal) {
    let limits = "MemoryHigh=120M MemoryMax=200M MemorySwapMax=0";
    host.run(&format!(
        "systemctl set-property --runtime user-1001.slice {limits}"
    ))
    .ok();
    type_line(
        alice,
        "python3 -c 'a = [bytearray(1 << 20) for _ in range(400)]'",
    );
    let (_, line) = wait_for_word(host, "the host is short of memory: alice has");
    assert!(line.contains("python3 (pid"), "{line}");
    host.run("systemctl set-property --runtime user-1001.slice MemoryHigh=infinity")
        .ok();
    let (_, line) = wait_for_word(host, "alice's python3 (pid");
    assert!(line.contains("alice may have 200 MiB in all"), "{line}");
    alice.wait_for("your python3 (pid");
    std::thread::sleep(Duration::from_secs(1));
    let log = host.run("benchwarden audit log");
    assert!(
        log.ok()
            .contains("explain that the kernel ended python3 of alice"),
        "{log}"
    );
}

on_debian_12! {
    fn who_takes_too_much_is_named_held_back_and_let_go(host) {
        host.run("mkdir -p /etc/benchwarden/policy.d").ok();
        host.put(POLICY.as_bytes(), "/etc/benchwarden/policy.toml", 0o644);
        // An emulated host is busy for half a minute with a login alone.
        let (mut bob, mut alice) = (shell(host, "bob"), shell(host, "alice"));
        start_guard(host);
        std::thread::sleep(Duration::from_secs(5));
        busy_loops(host, &mut bob);
        memory_eater(host, &mut alice);
        let status = host.run("systemctl show benchwarden-guard -p MemoryCurrent --value");
        eprintln!("the guard has {} bytes", status.ok().trim());
        host.run("benchwarden audit verify").ok();
    }
}
