//! Limits on a real host: what the policy wishes is what the kernel holds, for whoever logs in,
//! after everything that others do and after a power cut; and what was changed comes back.

use serde_json::Value;

use crate::harness::{Host, Key, Release, on_both};

const POLICY: &str = "[host]\nreserve_memory = \"15%\"\n\n\
    [limits.default]\ncpu_quota = \"150%\"\nmemory_max = \"40%\"\nmemory_swap_max = \"0\"\n\
    tasks_max = 900\nio_read_bandwidth_max = \"50M\"\n\n\
    [limits.group.modelling]\ntasks_max = 800\n\n\
    [limits.user.dirk]\ntasks_max = 333\n";
/// Sends something to another host: the number of bytes that went, or why none did.
const SENDS: &str = "python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); \
    print(s.sendto(b\"x\", (\"10.0.2.2\", 9)))' 2>&1 | tail -1";
/// What JupyterHub's SystemdSpawner does for alice.
const SERVER: &str = "systemd-run --quiet --unit=jupyter-alice-singleuser --uid=alice sleep 4003";
/// alice's quota, soft and hard.
const QUOTA: &str = "repquota -u / | awk '$1 == \"alice\" {print $4, $5}'";

/// Runs a changing verb without asking; it has to work.
fn change(host: &Host, verb: &str) -> Value {
    let done = host.run(&format!("benchwarden {verb} --yes --json")).json();
    assert_eq!(done["result"], "done", "{done:#}");
    done
}

/// What the kernel holds of somebody's slice.
fn kernel(host: &Host, uid: u32, file: &str) -> String {
    let slice = format!("/sys/fs/cgroup/user.slice/user-{uid}.slice");
    host.run(&format!("cat {slice}/{file}"))
        .ok()
        .trim()
        .to_owned()
}

/// The same of alice's server.
fn server(host: &Host, file: &str) -> String {
    let unit = "/sys/fs/cgroup/system.slice/jupyter-alice-singleuser.service";
    host.run(&format!("cat {unit}/{file}"))
        .ok()
        .trim()
        .to_owned()
}

/// All our files and those of the console, with owner, permissions and content.
fn files(host: &Host) -> String {
    let find = "find /etc/systemd/system /run/systemd/system /etc/systemd/system.control \
                /run/systemd/system.control /etc/benchwarden -name '*.conf' -path '*.d/*' -o -name '*.toml'";
    host.run(&format!(
        "{find} 2>/dev/null | sort | while read f; do stat -c '%n %a %U' \"$f\"; cat \"$f\"; done"
    ))
    .ok()
    .to_owned()
}

/// What `limits drift` finds: kind, unit and file of each thing.
fn drift(host: &Host, status: i32) -> Vec<(String, String, String)> {
    let said = host.run("benchwarden limits drift --json");
    assert_eq!(said.status, Some(status), "{said}");
    let document: Value = serde_json::from_str(&said.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let drift = document["drift"].as_array().unwrap().iter();
    drift
        .map(|one| (text(&one["kind"]), text(&one["unit"]), text(&one["file"])))
        .collect()
}

/// A limit of bob's is set and cleared in the console.
fn by_keys(host: &Host) {
    let _works = host.as_user("bob").spawn("sleep 4004");
    let mut console = host.as_user("root").terminal((80, 24), "benchwarden");
    console.wait_for("TREND");
    console.type_text("l");
    console.wait_for("the host is as its policy says");
    console.type_text("/bob");
    console.press(Key::Enter);
    console.wait_for("> bob");
    for (keys, plan, tasks) in [
        ("m\t\t\t\t\t600", "set limits of user bob", "600"),
        ("d", "clear limits of user bob", "800"),
    ] {
        console.type_text(keys);
        console.press(Key::Enter);
        console.wait_for(plan);
        console.wait_for("y do it");
        console.type_text("y");
        console.wait_for(&format!("Done: {plan}"));
        assert_eq!(kernel(host, 1002, "pids.max"), tasks);
        console.press(Key::Esc);
        // It is read again by itself.
        console.wait_until("the list tells it", |console| {
            let row = console.line_with("> bob");
            row.is_some_and(|row| row.contains(&format!(" {tasks} ")))
        });
    }
    console.press(Key::Ctrl('c'));
    console.wait_exit();
}

/// Whoever edits the policy learns what is wrong with it, and nothing changes.
fn a_broken_policy_is_told_while_the_guard_runs(host: &Host) {
    let bad = "/etc/benchwarden/policy.d/60-bad.toml";
    host.run("systemd-run --quiet --unit=guarding benchwarden guard")
        .ok();
    let says = |host: &Host, words: &str| {
        let journal = host.run("journalctl -t benchwarden -o cat");
        journal.ok().contains(words)
    };
    host.wait_until("the guard listens", |host| says(host, "listening"));
    host.put(b"[limits.default]\ntasks_max = 5\n", bad, 0o644);
    host.wait_until("it is told", |host| says(host, "60-bad.toml:2:13"));
    assert_eq!(
        kernel(host, 1001, "pids.max"),
        "555",
        "what was applied stays"
    );
    assert_eq!(host.run("benchwarden policy apply --yes").status, Some(1));
    // The power will be cut: what the disk has not is not gone.
    host.run(&format!("rm {bad} && sync")).ok();
    host.wait_until("the good one too", |host| {
        says(host, "have changed and can be used")
    });
    host.run("systemctl stop guarding").ok();
}

on_both! {
    fn what_the_policy_wishes_is_what_the_kernel_holds(host) {
        host.install_benchwarden();
        host.run("mkdir -p /etc/benchwarden").ok();
        host.put(POLICY.as_bytes(), "/etc/benchwarden/policy.toml", 0o644);
        let _works = host.as_user("alice").spawn("sleep 4001");
        let bob = host.as_user("bob").spawn("sleep 4002");
        host.run(SERVER).ok();
        host.run("until pgrep -xf 'sleep 4001' && pgrep -xf 'sleep 4002'; do sleep 0.2; done").ok();
        let (bare, total) = (files(host), host.run("awk '/MemTotal/{print $2}' /proc/meminfo"));
        let pages = total.ok().trim().parse::<u64>().unwrap() / 4;
        let plan = host.run("benchwarden policy plan");
        assert_eq!(plan.status, Some(4), "something is to be done: {plan}");
        let applied = change(host, "policy apply");

        // Somebody who is at work, and a member of a group with limits of its own.
        assert_eq!(kernel(host, 1001, "memory.max"), (pages * 2 / 5 * 4096).to_string());
        assert_eq!(kernel(host, 1001, "pids.max"), "800");
        assert_eq!(kernel(host, 1001, "cpu.max"), "150000 100000");
        assert!(kernel(host, 1001, "io.max").contains("rbps=50000000"));
        assert_eq!(kernel(host, 0, "pids.max"), "max", "root is nobody's person");
        assert_eq!(server(host, "pids.max"), "800", "a server of hers has no more");
        let everybody = host.run("cat /sys/fs/cgroup/user.slice/memory.max").ok().trim().parse::<u64>();
        assert_eq!(everybody.unwrap() / 4096, pages * 85 / 100);
        // Somebody whom only the directory knows, and who was never here.
        let first = host.as_user("dirk").run("cat /sys/fs/cgroup/user.slice/user-20001.slice/pids.max");
        assert_eq!(first.ok().trim(), "333");
        assert_eq!(host.as_user("carol").run("cat /sys/fs/cgroup/user.slice/user-1003.slice/pids.max").ok().trim(), "900");
        let promised = host.as_user("ada").run("cd /sys/fs/cgroup; cat user.slice/user-1000.slice/memory.min");
        assert!(promised.ok().trim().parse::<u64>().unwrap() > 1 << 20, "an admin keeps some: {promised}");
        assert_eq!(drift(host, 0), []);

        // For one person, for good and for a while: what ends by itself wins until then.
        let with_policy = files(host);
        assert_eq!(host.as_user("alice").run(SENDS).ok().trim(), "1");
        change(host, "limits set --user alice tasks_max=555 memory_max=400M ip_deny=any \
                      ip_allow=localhost disk_soft=1G disk_hard=2G");
        change(host, "limits set --user alice memory_max=300M --for 2h");
        host.run("systemctl daemon-reload").ok();
        assert_eq!(kernel(host, 1001, "pids.max"), "555");
        assert_eq!(kernel(host, 1001, "memory.max"), (300u64 << 20).to_string());
        assert_eq!((server(host, "pids.max"), server(host, "memory.max")), ("555".into(), (300u64 << 20).to_string()));
        let shown = host.run("benchwarden limits show alice --json").json();
        let limits = shown["units"][0]["limits"].as_array().unwrap();
        assert!(limits.iter().all(|row| row["agrees"] == true), "{shown:#}");
        let max = limits.iter().find(|row| row["key"] == "memory_max").unwrap();
        assert_eq!(max["systemd"], max["kernel"]);
        assert_eq!(max["file"], "/run/systemd/system/user-1001.slice.d/21-benchwarden-until.conf");
        // Over it, her job is ended, and nothing else is.
        let eaten = host.as_user("alice").run("python3 -c 'x = bytearray(b\"x\") * (600 << 20)'; echo ended $?");
        assert!(eaten.ok().contains("ended 137"), "{eaten}");
        assert!(kernel(host, 1001, "memory.events").contains("oom_kill 1"));
        assert!(host.run("cat /sys/fs/cgroup/user.slice/user-1002.slice/memory.events").ok().contains("oom_kill 0"));
        assert!(host.run("pgrep -xf 'sleep 4002'").status == Some(0), "bob goes on");
        assert!(host.run("pgrep -xf 'sleep 4001'").status == Some(0), "and so does her login");
        drop(bob);

        // What leaves the host is really filtered, and the home's file system keeps its bounds.
        assert!(host.as_user("alice").run(SENDS).ok().contains("not permitted"));
        assert_eq!(host.as_user("bob").run(SENDS).ok().trim(), "1");
        assert_eq!(host.run(QUOTA).ok().trim(), "1048576 2097152");

        // Others set what they like, by both ways systemd has for it.
        host.run("systemctl set-property user-1001.slice TasksMax=44").ok();
        host.run("systemctl set-property --runtime user-1002.slice MemoryMax=200M").ok();
        assert_eq!(kernel(host, 1001, "pids.max"), "44");
        let refused = host.run("benchwarden limits set --user alice tasks_max=556 --yes");
        let persistent = "/etc/systemd/system.control/user-1001.slice.d/50-TasksMax.conf";
        let passing = "/run/systemd/system.control/user-1002.slice.d/50-MemoryMax.conf";
        assert!(refused.fails_with(3).contains(persistent), "{refused}");
        let found = drift(host, 4);
        for (unit, file) in [("user-1001.slice", persistent), ("user-1002.slice", passing)] {
            let expected = ("overruled".to_owned(), unit.to_owned(), file.to_owned());
            assert!(found.contains(&expected), "{expected:?} in {found:?}");
        }
        host.run("rm /etc/systemd/system/user.slice.d/20-benchwarden.conf").ok();
        let as_found = files(host);
        let mended = change(host, "limits drift --mend");
        assert_eq!(kernel(host, 1001, "pids.max"), "555");
        assert_eq!(drift(host, 0), []);
        if host.release() == Release::Trixie {
            // What follows is the same on both.
            return;
        }
        change(host, &format!("undo {}", mended["plan"].as_str().unwrap()));
        assert_eq!(files(host), as_found, "what others did is back");
        assert_eq!(kernel(host, 1001, "pids.max"), "44");
        change(host, "limits drift --mend");

        by_keys(host);
        a_broken_policy_is_told_while_the_guard_runs(host);

        // After a power cut, with nothing of ours running; a new server of hers has them too.
        host.power_cut();
        host.run(SERVER).ok();
        assert_eq!(server(host, "pids.max"), "555");
        let alice = host.as_user("alice");
        assert_eq!(alice.run("cat /sys/fs/cgroup/user.slice/user-1001.slice/pids.max").ok().trim(), "555");
        assert_eq!(kernel(host, 1001, "memory.max"), (400u64 << 20).to_string(), "for a while is over");
        assert_eq!(host.as_user("dirk").run("cat /sys/fs/cgroup/user.slice/user-20001.slice/pids.max").ok().trim(), "333");

        // Everything back, step by step.
        change(host, "limits clear --user alice");
        assert_eq!(kernel(host, 1001, "pids.max"), "800");
        assert_eq!(host.run(QUOTA).ok().trim(), "0 0");
        assert_eq!(files(host), with_policy);
        change(host, &format!("undo {}", applied["plan"].as_str().unwrap()));
        assert_eq!(files(host), bare, "nothing of it is left");
    }
}
