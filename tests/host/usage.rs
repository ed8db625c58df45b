//! `usage` on a real host: figures against jobs of a known size.

use serde_json::Value;

use crate::harness::{Host, Release, on_debian_12};

const MIB: f64 = 1_048_576.0;

/// A job that keeps one processor busy.
pub(crate) const BUSY: &str = "exec python3 -c 'while True: pass'";
/// A job that holds 300 MiB it has written to, and sleeps.
pub(crate) const HOLD: &str =
    "exec python3 -c 'import time; x = bytearray(b\"x\") * (300 << 20); time.sleep(1e6)'";

fn user<'a>(document: &'a Value, name: &str) -> &'a Value {
    let users = document["users"].as_array().unwrap();
    let found = users.iter().find(|user| user["user"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {document:#}"))
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

fn usage(host: &Host, more: &str) -> Value {
    host.run(&format!("benchwarden usage --json --interval 4s {more}"))
        .json()
}

/// Waits until the 300 MiB are there, as another program sees them.
pub(crate) fn wait_for_memory(host: &Host, user: &str) {
    host.wait_until("300 MiB are touched", |host| {
        let rss = host.run(&format!("ps -o rss= -U {user} | sort -n | tail -1"));
        rss.ok()
            .trim()
            .parse()
            .is_ok_and(|kib: u64| kib > 300 * 1024)
    });
}

on_debian_12! {
    fn a_busy_loop_and_300_mib_show_at_the_right_figures_whoever_asks(host) {
        host.install_benchwarden();
        let _busy = host.as_user("alice").spawn(BUSY);
        let _hold = host.as_user("bob").spawn(HOLD);
        wait_for_memory(host, "bob");
        let document = usage(host, "");
        let (alice, bob) = (user(&document, "alice"), user(&document, "bob"));
        let cores = number(&alice["cpu_cores"]);
        assert!((0.90..1.06).contains(&cores), "{alice:#}");
        let mib = number(&bob["memory_bytes"]) / MIB;
        assert!((300.0..330.0).contains(&mib), "{bob:#}");
        assert!(number(&bob["cpu_cores"]) < 0.2, "{bob:#}");
        assert_eq!(alice["outside"]["processes"], 0, "{alice:#}");
        // Independent sources: the slice's own counter, and ps.
        let charged = host.run("cat /sys/fs/cgroup/user.slice/user-1002.slice/memory.current");
        let charged: f64 = charged.ok().trim().parse().unwrap();
        let told = number(&bob["memory_bytes"]) + number(&bob["memory_cache_bytes"]);
        assert!((told / charged - 1.0).abs() < 0.05, "told {told}, charged {charged}");
        let processes = host.run("ps -o pid= -U bob | wc -l");
        assert_eq!(bob["processes"].to_string(), processes.ok().trim());
        assert_eq!(document["host"]["cgroup"], "v2");
        assert_eq!(document["host"]["cpus"], 2);

        // Whoever asks sees the same people.
        let seen = host.as_user("bob").run("benchwarden usage --json --interval 4s").json();
        let cores = number(&user(&seen, "alice")["cpu_cores"]);
        assert!((0.85..1.06).contains(&cores), "{seen:#}");

        let _dirk = host.as_user("dirk").spawn(BUSY);
        let document = usage(host, "");
        let dirk = number(&user(&document, "dirk")["cpu_cores"]);
        assert!(dirk > 0.5, "a directory's people count too: {document:#}");
    }
}
