//! What the guard costs and how fast it is, with as many people who log in at once as an emulated
//! host bears: at birth, at rest, in a fork storm, and when more happens than can be heard of.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::guard::{start_guard, took, wait_for_home};
use crate::harness::{Host, Release, on_debian_12};

/// What the emulated machine may take for all of them.
const LONG: Duration = Duration::from_secs(300);
/// 40 people whose accounts are a directory's.
const PEOPLE: &str = "for i in $(seq 40); do \
    echo \"many$i:x:$((20000 + i)):100::/tmp:/bin/sh\" >> /var/lib/extrausers/passwd; done";

/// A service that drops to a person again and again, as fast as it can up to 200 a second; each has
/// nine children.
const LOGINS: &str = r"
import os, time
begin = time.monotonic()
for i in range(40):
    if os.fork() == 0:
        os.setgroups([]); os.setgid(100); os.setuid(20001 + i)
        for _ in range(9):
            if os.fork() == 0: break
        os.execv('/bin/sleep', ['sleep', '6001'])
    time.sleep(max(0, begin + (i + 1) / 200 - time.monotonic()))
print('%.0f logins a second' % (40 / (time.monotonic() - begin)), flush=True)
time.sleep(6001)
";

/// Becomes alice and root again, more often than the kernel keeps for who does not listen.
const NOISE: &str = r"
import os
for _ in range(30000):
    os.setresuid(1001, 1001, 0)
    os.setresuid(0, 0, 0)
";

/// Children that end at once, for ten seconds.
const STORM: &str = r"
import os, time
end, count = time.monotonic() + 10, 0
while time.monotonic() < end:
    if os.fork() == 0: os._exit(0)
    os.wait(); count += 1
print(count)
";

/// What the guard does at rest: looking whose a process is.
const LOOKS: &str = r"
import os, time
begin = time.process_time()
for _ in range(20000): os.stat('/proc/self')
print(time.process_time() - begin)
";

fn python(script: &str) -> String {
    format!("python3 -c {}", quoted(script))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// CPU time of the guard so far, in seconds.
fn cpu(host: &Host) -> f64 {
    let read = "sed -n 's/^usage_usec //p' \
        /sys/fs/cgroup/system.slice/benchwarden-guard.service/cpu.stat";
    host.run(read).ok().trim().parse::<f64>().unwrap() / 1e6
}

/// How many times slower the emulated machine is at what the guard does.
fn slowness(host: &Host) -> f64 {
    let there: f64 = host.run(&python(LOOKS)).ok().trim().parse().unwrap();
    let here = Command::new("python3")
        .args(["-c", LOOKS])
        .output()
        .unwrap();
    let here: f64 = String::from_utf8(here.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    there / here
}

fn everybody_logs_in(host: &Host) {
    host.run(PEOPLE).ok();
    let unit = "systemd-run -q --unit=many -p TasksMax=infinity -p StandardOutput=journal";
    host.run(&format!("{unit} {}", python(LOGINS))).ok();
    let begin = Instant::now();
    let all = "ls -d /sys/fs/cgroup/user.slice/user-20*.slice/benchwarden-* 2>/dev/null | wc -l; \
        wc -l < /sys/fs/cgroup/system.slice/many.service/cgroup.procs; pgrep -c -x sleep";
    loop {
        let said = host.as_user("root").run_with(all, &[], LONG);
        let counts: Vec<u32> = said
            .stdout
            .split_whitespace()
            .flat_map(str::parse)
            .collect();
        if counts == [40, 1, 400] {
            break;
        }
        assert!(begin.elapsed() < LONG, "{said}");
        std::thread::sleep(Duration::from_secs(2));
    }
    // The last notes are written within a second.
    std::thread::sleep(Duration::from_secs(2));
    let rate = host.run("journalctl -u many -o cat | grep logins");
    let took = took(host);
    let part = |share: usize| took[(took.len() - 1) * share / 100] / 1000;
    eprintln!(
        "{}: from setuid to adopted, in ms: median {}, 90 % {}, 99 % {}, longest {} of {}",
        rate.stdout.trim(),
        part(50),
        part(90),
        part(99),
        part(100),
        took.len()
    );
    // Of who was found by a rescan first nobody knows how long it took.
    assert!(took.len() >= 30, "{took:?}");
}

fn rest_and_storm(host: &Host) {
    let slowness = slowness(host);
    let used = |seconds: f64, work: &mut dyn FnMut()| {
        let before = cpu(host);
        work();
        (cpu(host) - before) / seconds * 100.0
    };
    let rest = used(30.0, &mut || std::thread::sleep(Duration::from_secs(30)));
    let mut forks = String::new();
    let storm = used(10.0, &mut || {
        forks = host
            .as_user("alice")
            .run(&python(STORM))
            .ok()
            .trim()
            .to_owned();
    });
    eprintln!(
        "% of a core, emulated {slowness:.1} times slower: {rest:.3} at rest, {storm:.3} while \
         somebody forks {forks} times in 10 s"
    );
    assert!(rest / slowness < 0.1, "{rest} / {slowness}");
    assert!(storm / slowness < 0.5, "{storm} / {slowness}");
    let memory = host.run("systemctl show benchwarden-guard -p MemoryCurrent --value");
    eprintln!("memory of the guard: {}", memory.ok().trim());
    assert!(
        memory.ok().trim().parse::<u64>().unwrap() < 32 << 20,
        "{memory}"
    );
}

fn what_was_lost_is_found(host: &Host) {
    let start = "systemctl kill -s STOP benchwarden-guard";
    let go_on = "su alice -c 'setsid sleep 6002 >/dev/null 2>&1 &'; \
        systemctl kill -s CONT benchwarden-guard";
    host.run(&format!("{start}; {}; {go_on}", python(NOISE)))
        .ok();
    wait_for_home(host, 1001, "^sleep 6002");
    let told = host.run("journalctl -t benchwarden -o cat");
    assert!(
        told.ok().contains("more happened than could be heard of"),
        "{told}"
    );
}

on_debian_12! {
    #[ignore = "measures for minutes: tests/run --torture"]
    fn many_people_at_once_are_adopted_and_cost_nothing_at_rest(host) {
        start_guard(host);
        everybody_logs_in(host);
        rest_and_storm(host);
        what_was_lost_is_found(host);
    }
}
