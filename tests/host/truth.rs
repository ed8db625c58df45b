//! `usage` against what the kernel itself counted over the same time, read by another program.
//!
//! Each person's CPU is held to 5 %, memory to 2 %, and everybody with the system to 2 % of the
//! host. `truth/witness.py` reads the other side: `cpu.stat`, `memory.current` and `/proc/stat`
//! as they are, and what `/proc/PID/stat` and `smaps_rollup` tell of processes elsewhere.

use std::time::Duration;

use serde_json::Value;

use crate::harness::{Host, Release, on_both, on_debian_12};
use crate::usage::BUSY;

const MIB: f64 = 1_048_576.0;
const WITNESS: &str = include_str!("truth/witness.py");
/// What the emulated machine may take to start a notebook server.
const LONG: Duration = Duration::from_secs(500);

/// Holds 100 MiB, and keeps a processor busy.
const HOLD_AND_SPIN: &str = "import time\nx = bytearray(b\"x\") * (100 << 20)\nwhile True: pass\n";

/// Two looks of the witness, and what `usage` told of the time between them.
struct Measured {
    from: Value,
    to: Value,
    told: Value,
}

/// One person's figures, as the witness has them.
#[derive(Debug)]
struct Truth {
    cpu: f64,
    memory: f64,
    cache: f64,
    swap: f64,
    processes: u64,
    tasks: u64,
    outside: Outside,
}

/// The part of them outside the person's own slice.
#[derive(Debug, Default)]
struct Outside {
    processes: u64,
    cpu: f64,
    memory: f64,
    cgroups: Vec<String>,
}

fn measure(host: &Host) -> Measured {
    host.put(WITNESS.as_bytes(), "/root/witness.py", 0o600);
    let command = "benchwarden usage --json --interval 5s --count 2";
    let seen = host
        .run(&format!("python3 /root/witness.py {command}"))
        .json();
    let last = |list: &Value| {
        list.as_array()
            .and_then(|list| list.last())
            .unwrap()
            .clone()
    };
    Measured {
        from: seen["looks"][0].clone(),
        to: last(&seen["looks"]),
        told: last(&seen["lines"]),
    }
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

/// Growth of a counter of CPU seconds between two looks, each of which has its own clock.
fn rate(from: &Value, to: &Value) -> f64 {
    if from.is_null() || to.is_null() {
        return 0.0;
    }
    let grown = |key: &str| number(&to[key]) - number(&from[key]);
    grown("cpu") / grown("clock")
}

/// Told and true may differ by a share, or by so little that nobody could see it.
#[track_caller]
fn agrees(what: &str, told: f64, truth: f64, share: f64, least: f64) {
    let off = told - truth;
    eprintln!(
        "{what}: told {told:.4}, true {truth:.4}, off {:+.2} %",
        100.0 * off / truth.max(least)
    );
    assert!(
        off.abs() <= (share * truth).max(least),
        "{what}: told {told}, and the kernel says {truth}"
    );
}

impl Measured {
    fn user(&self, name: &str) -> &Value {
        let users = self.told["users"].as_array().unwrap();
        let found = users.iter().find(|user| user["user"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {:#}", self.told))
    }

    fn truth(&self, uid: u64) -> Truth {
        let slice = |look: &Value| look["slices"][uid.to_string()].clone();
        let (from, to) = (slice(&self.from), slice(&self.to));
        let own = format!("/user.slice/user-{uid}.slice/");
        let part = |key: &str| to[key].as_f64().unwrap_or(0.0);
        let mut outside = Outside::default();
        let (mut processes, mut swap) = (0, 0.0);
        for (pid, process) in self.to["processes"].as_object().unwrap() {
            if process["uid"] != uid {
                continue;
            }
            processes += 1;
            swap += number(&process["swap"]);
            let place = process["cgroup"].as_str().unwrap();
            if !place.starts_with(&own) {
                outside.processes += 1;
                outside.cpu += rate(&self.from["processes"][pid], process);
                outside.memory += number(&process["memory"]);
                outside.cgroups.push(place.to_owned());
            }
        }
        outside.cgroups.sort();
        outside.cgroups.dedup();
        let free_able = part("cache") + part("reclaimable");
        let charged = part("charged") - free_able + part("on_device") - part("both");
        Truth {
            cpu: rate(&from, &to) + outside.cpu,
            memory: charged + outside.memory,
            cache: part("cache"),
            swap,
            processes,
            tasks: to["tasks"].as_u64().unwrap_or(0) + outside.processes,
            outside,
        }
    }

    /// Holds everybody's CPU and memory against the kernel's, and their sum against the host's.
    #[track_caller]
    fn must_be_true(&self) {
        let (mut people, mut people_truly) = (0.0, 0.0);
        for user in self.told["users"].as_array().unwrap() {
            let name = user["user"].as_str().unwrap();
            let truth = self.truth(user["uid"].as_u64().unwrap());
            let outside = &user["outside"];
            let told = |value: &Value, what: &str| {
                assert!(!value.is_null(), "{name}'s {what} is not known: {user:#}");
                number(value)
            };
            people += told(&user["cpu_cores"], "CPU");
            people_truly += truth.cpu;
            let cpu = |what: &str, told: f64, truth: f64| {
                agrees(&format!("{name}'s {what}"), told, truth, 0.05, 0.01);
            };
            cpu("CPU", told(&user["cpu_cores"], "CPU"), truth.cpu);
            let cpu_outside = told(&outside["cpu_cores"], "CPU outside");
            cpu("CPU outside", cpu_outside, truth.outside.cpu);
            // What the kernel has charged in advance for each processor is in no other figure.
            let memory = |what: &str, told: f64, truth: f64| {
                agrees(
                    &format!("{name}'s {what}"),
                    told / MIB,
                    truth / MIB,
                    0.02,
                    3.0,
                );
            };
            memory(
                "memory",
                told(&user["memory_bytes"], "memory"),
                truth.memory,
            );
            let memory_outside = told(&outside["memory_bytes"], "memory outside");
            memory("memory outside", memory_outside, truth.outside.memory);
            let cache = user["memory_cache_bytes"].as_f64().unwrap_or(0.0);
            memory("cache", cache, truth.cache);
            memory("swap", told(&user["swap_bytes"], "swap"), truth.swap);
            let places: Vec<&str> = outside["cgroups"]
                .as_array()
                .unwrap()
                .iter()
                .map(|place| place.as_str().unwrap())
                .collect();
            assert_eq!(places, truth.outside.cgroups, "{name} is outside: {user:#}");
            assert_eq!(
                outside["processes"], truth.outside.processes,
                "{name}: {user:#}"
            );
            let marked = user["state"]
                .as_array()
                .unwrap()
                .contains(&"outside".into());
            assert_eq!(marked, truth.outside.processes > 0, "{name}: {user:#}");
        }
        let host = &self.told["host"];
        let (busy, system) = (
            number(&host["cpu_busy_cores"]),
            number(&host["cpu_system_cores"]),
        );
        assert!(
            (people + system - busy).abs() < 1e-6,
            "people {people} and the system {system} are not the host's {busy}"
        );
        // The host's counter misses ticks where the emulator itself is starved; the slices' own
        // are exact, and the host was as busy as its people.
        let truth = rate(&self.from["host"], &self.to["host"]).max(people_truly);
        agrees("the host's CPU", busy, truth, 0.02, 0.04);
    }
}

/// The pid of a person's newest process that matches, once it is there.
fn wait_for_process(host: &Host, user: &str, pattern: &str) {
    host.wait_until(&format!("{user} runs {pattern}"), |host| {
        host.run(&format!("pgrep -U {user} -f '{pattern}'")).status == Some(0)
    });
}

/// Waits until a process of a person holds so many MiB, as `ps` sees it.
fn wait_for_resident(host: &Host, user: &str, mib: u64) {
    host.wait_until(&format!("{user} holds {mib} MiB"), |host| {
        let told = host.run(&format!("ps -o rss= -U {user} | sort -n | tail -1"));
        told.stdout
            .trim()
            .parse()
            .is_ok_and(|kib: u64| kib > mib * 1024)
    });
}

on_debian_12! {
    fn a_loop_sleepers_and_a_storm_of_short_children_are_billed_to_their_owners(host) {
        host.install_benchwarden();
        let _loop = host.as_user("alice").spawn(BUSY);
        let _sleepers = host.as_user("bob").spawn("for i in $(seq 40); do sleep 4010 & done; wait");
        let _storm = host.as_user("carol").spawn("while :; do /bin/true; done");
        host.wait_until("40 sleep", |host| {
            host.run("pgrep -c -U bob -x sleep").stdout.trim() == "40"
        });
        wait_for_process(host, "alice", "while True");
        let measured = measure(host);
        measured.must_be_true();
        let cpu = |name: &str| number(&measured.user(name)["cpu_cores"]);
        assert!(cpu("alice") > 0.5 && cpu("carol") > 0.3, "{:#}", measured.told);
        assert!(cpu("bob") < 0.05, "{:#}", measured.told);
        for (name, uid) in [("alice", 1001), ("bob", 1002)] {
            let (told, truth) = (measured.user(name), measured.truth(uid));
            assert_eq!(told["processes"], truth.processes, "{name}: {told:#}");
            assert_eq!(told["tasks"], truth.tasks, "{name}: {told:#}");
        }
        assert!(measured.truth(1002).processes >= 40);
    }
}

/// A job that holds so much it has written to, and reads it all again when told by `SIGUSR1`.
fn hold(mib: u32) -> String {
    format!(
        "exec python3 -c 'import signal, time; x = bytearray(b\"x\") * ({mib} << 20); \
         signal.signal(signal.SIGUSR1, lambda *_: x.count(0)); time.sleep(1e6)'"
    )
}

#[track_caller]
fn within(what: &str, user: &Value, key: &str, from: f64, to: f64) {
    let mib = number(&user[key]) / MIB;
    assert!((from..to).contains(&mib), "{what}: {mib} MiB\n{user:#}");
}

on_both! {
    fn memory_touched_cached_and_shared_is_told_apart(host) {
        host.install_benchwarden();
        let _touched = host.as_user("alice").spawn(&hold(300));
        host.as_user("bob").run("dd if=/dev/zero of=big bs=1M count=700 2>&1").ok();
        // Whoever lingers keeps the slice when the last session, and its last process, has gone.
        host.as_user("lin").fresh_login("head -c 200M /dev/zero >/dev/shm/left").ok();
        host.wait_until("lin's session is over", |host| {
            host.run("ls -d /sys/fs/cgroup/user.slice/user-1006.slice/session-*").status == Some(2)
        });
        wait_for_resident(host, "alice", 300);
        let measured = measure(host);
        measured.must_be_true();
        let user = |name: &str| measured.user(name);
        // Python, ssh and the person's own systemd come to some MiB.
        within("touched", user("alice"), "memory_bytes", 300.0, 330.0);
        within("a file is no memory", user("bob"), "memory_bytes", 0.0, 30.0);
        within("a file is cache", user("bob"), "memory_cache_bytes", 690.0, 720.0);
        within("shared by a process that ended", user("lin"), "memory_bytes", 200.0, 215.0);
        let total = host.run("awk '/^MemTotal/ { print $2 * 1024 }' /proc/meminfo");
        let total: f64 = total.ok().trim().parse().unwrap();
        assert_eq!(number(&measured.told["host"]["memory_total_bytes"]), total);
    }
}

on_debian_12! {
    fn what_is_swapped_out_is_still_its_owners_memory(host) {
        host.install_benchwarden();
        host.run("fallocate -l 512M /swap && chmod 600 /swap && mkswap /swap && swapon /swap").ok();
        let _held = host.as_user("carol").spawn(&hold(200));
        wait_for_resident(host, "carol", 200);
        let slice = "/sys/fs/cgroup/user.slice/user-1003.slice";
        let counter = |host: &Host, file: &str| -> u64 {
            host.run(&format!("cat {slice}/{file}")).ok().trim().parse().unwrap()
        };
        // It says "try again" when it found less to push out than it was told to.
        host.run(&format!("echo 120M > {slice}/memory.reclaim || true")).ok();
        host.wait_until("100 MiB are swapped out", |host| {
            counter(host, "memory.swap.current") > 100 << 20
        });
        let measured = measure(host);
        measured.must_be_true();
        let carol = measured.user("carol");
        within("swap is memory too", carol, "memory_bytes", 200.0, 230.0);
        within("and told apart", carol, "swap_bytes", 100.0, 215.0);
        let swap = host.run("awk '$1 == \"/swap\" { print $3 * 1024, $4 * 1024 }' /proc/swaps");
        let swap: Vec<f64> = swap.ok().split_whitespace().map(|n| n.parse().unwrap()).collect();
        let of_host = &measured.told["host"];
        assert_eq!(number(&of_host["swap_total_bytes"]), swap[0]);
        agrees("the host's swap", number(&of_host["swap_used_bytes"]) / MIB, swap[1] / MIB, 0.02, 1.0);

        // Read again, it is in memory and keeps its place on the swap device.
        host.run("pkill -USR1 -U carol -x python3").ok();
        host.wait_until("it is in memory again", |host| {
            counter(host, "memory.current") > 200 << 20
        });
        let measured = measure(host);
        measured.must_be_true();
        within("nothing is on the device alone", measured.user("carol"), "swap_bytes", 0.0, 20.0);
        within("nothing is billed twice", measured.user("carol"), "memory_bytes", 200.0, 230.0);
    }
}

/// Holds 200 MiB and forks four children that share them, as `mclapply` and `multiprocessing` do.
const HOLD_AND_FORK: &str = "import os, time\nx = bytearray(b\"x\") * (200 << 20)\n\
    for _ in range(4):\n    if os.fork() == 0: break\ntime.sleep(1e6)\n";

on_debian_12! {
    // Pages that forked children share are in the RssAnon of each; the kernel charged them once.
    fn memory_that_forked_children_share_is_billed_once(host) {
        host.install_benchwarden();
        host.put(HOLD_AND_FORK.as_bytes(), "/usr/local/job.py", 0o644);
        let _inside = host.as_user("alice").spawn("exec python3 /usr/local/job.py");
        let _outside = host.as_user("root").spawn("su carol -c 'exec python3 /usr/local/job.py'");
        for user in ["alice", "carol"] {
            host.wait_until(&format!("{user}'s children are there"), |host| {
                host.run(&format!("pgrep -c -U {user} -x python3")).stdout.trim() == "5"
            });
        }
        let measured = measure(host);
        within("in the slice", measured.user("alice"), "memory_bytes", 200.0, 240.0);
        within("elsewhere", measured.user("carol"), "memory_bytes", 200.0, 240.0);
        measured.must_be_true();
    }
}

on_both! {
    fn jobs_of_tmux_cron_and_su_are_billed_to_their_owners(host) {
        host.install_benchwarden();
        host.put(HOLD_AND_SPIN.as_bytes(), "/usr/local/job.py", 0o644);
        // Started over a connection that ends, and left behind.
        host.as_user("bob").fresh_login("tmux new-session -d 'exec python3 /usr/local/job.py'").ok();
        let _su = host.as_user("root").spawn("su carol -c 'exec python3 /usr/local/job.py'");
        host.run("printf '* * * * * alice exec python3 /usr/local/job.py\\n' >/etc/cron.d/witness").ok();
        host.run("date -u -s \"$(date -u +'%F %H:%M:58')\" >/dev/null").ok();
        wait_for_process(host, "alice", "^python3 /usr/local/job.py");
        host.run("rm /etc/cron.d/witness").ok();
        for user in ["alice", "bob", "carol"] {
            wait_for_resident(host, user, 100);
        }
        let measured = measure(host);
        measured.must_be_true();
        for (name, inside, place) in [
            ("alice", false, "/system.slice/cron.service"),
            ("bob", true, ""),
            ("carol", false, "/user.slice/user-0.slice/"),
        ] {
            let user = measured.user(name);
            assert!(number(&user["cpu_cores"]) > 0.3, "{user:#}");
            assert!(number(&user["memory_bytes"]) > 100.0 * MIB, "{user:#}");
            let outside = &user["outside"];
            assert_eq!(outside["processes"].as_u64().unwrap() == 0, inside, "{user:#}");
            if !inside {
                assert!(outside["cgroups"].to_string().contains(place), "{user:#}");
                assert!(number(&outside["memory_bytes"]) > 100.0 * MIB, "{user:#}");
            }
        }
    }
}

/// Two people in one service: each has their own bill, and the service has no more than both.
#[track_caller]
fn split_between_two(measured: &Measured, service: &str, loops: &str, holds: &str, mib: f64) {
    let (loops, holds) = (measured.user(loops), measured.user(holds));
    for user in [loops, holds] {
        assert_eq!(
            user["outside"]["cgroups"],
            serde_json::json!([service]),
            "{user:#}"
        );
    }
    assert!(number(&loops["outside"]["cpu_cores"]) > 0.7, "{loops:#}");
    assert!(number(&holds["outside"]["cpu_cores"]) < 0.1, "{holds:#}");
    let held = number(&holds["outside"]["memory_bytes"]) / MIB;
    assert!((mib..mib + 150.0).contains(&held), "{holds:#}");
    assert!(
        number(&loops["outside"]["memory_bytes"]) / MIB < 150.0,
        "{loops:#}"
    );
    // The kernel's figure for the service holds both of theirs, and root's part.
    let charged = number(&measured.to["services"][service]["charged"]);
    let both = [loops, holds].map(|user| number(&user["outside"]["memory_bytes"]));
    let both = both[0] + both[1];
    assert!(
        both < charged * 1.02,
        "both {both}, charged to {service} {charged}"
    );
    let used = rate(
        &measured.from["services"][service],
        &measured.to["services"][service],
    );
    let both = [loops, holds].map(|user| number(&user["outside"]["cpu_cores"]));
    let both = both[0] + both[1];
    assert!(
        both < used * 1.05 + 0.01,
        "both {both}, used by {service} {used}"
    );
}

on_debian_12! {
    fn two_sessions_of_rstudio_are_billed_to_their_owners(host) {
        host.install_benchwarden();
        host.run("systemctl start rstudio-server").ok();
        let root = host.as_user("root");
        let client = |what: &str| {
            let command = format!("/usr/local/lib/testhost/rstudio-client {what}");
            root.run_with(&command, &[], LONG).ok().to_owned()
        };
        client("start alice alice-pw");
        client("start bob bob-pw");
        client("eval alice alice-pw 'repeat {}' --detach");
        // 40 million doubles.
        client("eval bob bob-pw 'x <- rep(1, 4e7)'");
        let measured = measure(host);
        measured.must_be_true();
        split_between_two(&measured, "/system.slice/rstudio-server.service", "alice", "bob", 305.0);
    }
}

on_debian_12! {
    fn two_jupyter_kernels_are_billed_to_their_owners(host) {
        host.install_benchwarden();
        let root = host.as_user("root");
        root.run_with("systemctl start jupyterhub", &[], LONG).ok();
        let client = |what: &str| {
            let command = format!("/usr/local/lib/testhost/jupyter-client {what}");
            root.run_with(&command, &[], LONG).ok().to_owned()
        };
        client("start carol carol-pw");
        client("start dirk dirk-pw");
        client("exec dirk dirk-pw 'x = bytearray(b\"x\") * (300 << 20)'");
        client("exec carol carol-pw 'while True: pass' --detach");
        let measured = measure(host);
        measured.must_be_true();
        let service = "/system.slice/jupyterhub.service";
        for name in ["carol", "dirk"] {
            // The person's server and its kernel.
            let outside = &measured.user(name)["outside"];
            assert!(outside["processes"].as_u64().unwrap() >= 2, "{outside:#}");
            assert_eq!(outside["cgroups"], serde_json::json!([service]), "{outside:#}");
        }
        assert!(number(&measured.user("carol")["outside"]["cpu_cores"]) > 0.7);
        let held = number(&measured.user("dirk")["outside"]["memory_bytes"]) / MIB;
        assert!((300.0..600.0).contains(&held), "{:#}", measured.user("dirk"));
    }
}

/// Writes four mebibytes past the cache, by a child, twice a second.
const WRITE: &str = "echo $$ > writer; while :; do \
    dd if=/dev/zero of=big bs=1M count=4 oflag=direct conv=notrunc status=none; sleep 0.5; done";
/// What that shell and the children it waited for have written, and when.
const WRITTEN: &str =
    "sed -n 's/^write_bytes: //p' /proc/$(cat /home/alice/writer)/io; date +%s.%N";

on_debian_12! {
    fn what_somebody_writes_is_theirs_though_the_kernel_counts_no_io_of_slices(host) {
        host.install_benchwarden();
        host.run("test ! -e /sys/fs/cgroup/user.slice/io.stat").ok();
        let _writes = host.as_user("alice").spawn(WRITE);
        host.wait_until("it writes", |host| host.run("test -s /home/alice/big").status == Some(0));
        let said = host.run(&format!("{WRITTEN}; benchwarden usage --json --interval 15s; {WRITTEN}"));
        let lines: Vec<&str> = said.ok().lines().collect();
        let figure = |at: usize| lines[at].parse::<f64>().unwrap();
        let truth = (figure(3) - figure(0)) / (figure(4) - figure(1));
        let document: Value = serde_json::from_str(lines[2]).unwrap();
        let users = document["users"].as_array().unwrap();
        let alice = users.iter().find(|user| user["user"] == "alice").unwrap();
        let told = number(&alice["io_write_bytes_per_s"]);
        assert!((0.7..1.3).contains(&(told / truth)), "told {told}, she wrote {truth}: {alice:#}");
    }
}
