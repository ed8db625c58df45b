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
    fn a_busy_loop_and_300_mib_show_at_the_right_figures(host) {
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
    }
}

on_debian_12! {
    fn a_job_of_su_and_one_of_cron_are_billed_to_their_owner(host) {
        host.install_benchwarden();
        let _su = host.as_user("root").spawn(&format!("su alice -c \"{}\"", BUSY.replace('"', "\\\"")));
        host.run("printf '* * * * * bob exec sleep 300\\n' > /etc/cron.d/witness").ok();
        host.run("date -u -s \"$(date -u +'%F %H:%M:58')\" >/dev/null").ok();
        host.wait_until("cron has started the job", |host| {
            host.run("pgrep -U bob -x sleep").status == Some(0)
        });
        let document = usage(host, "");
        let (alice, bob) = (user(&document, "alice"), user(&document, "bob"));
        assert!((0.85..1.06).contains(&number(&alice["outside"]["cpu_cores"])), "{alice:#}");
        let places = alice["outside"]["cgroups"].to_string();
        assert!(places.contains("user-0.slice"), "{places}");
        let places = bob["outside"]["cgroups"].to_string();
        assert!(places.contains("/system.slice/cron.service"), "{places}");
        assert!(bob["state"].to_string().contains("outside"));
    }
}

#[test]
fn children_too_short_lived_for_any_scan_are_in_the_figure() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    let _storm = host.as_user("alice").spawn("while :; do /bin/true; done");
    let cpu_stat = "grep usage_usec /sys/fs/cgroup/user.slice/user-1001.slice/cpu.stat";
    host.wait_until("alice's slice is there", |host| {
        host.run(cpu_stat).status == Some(0)
    });
    let before = host.run(cpu_stat);
    let document = usage(&host, "");
    let after = host.run(cpu_stat);
    let counter =
        |output: &str| -> f64 { output.trim().rsplit(' ').next().unwrap().parse().unwrap() };
    assert!(counter(after.ok()) > counter(before.ok()));
    let cores = number(&user(&document, "alice")["cpu_cores"]);
    assert!(cores > 0.5, "{document:#}");
}

#[test]
fn everybody_and_the_system_together_are_the_host() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    let _alice = host.as_user("alice").spawn(BUSY);
    let _dirk = host.as_user("dirk").spawn(BUSY);
    let document = usage(&host, "");
    let people: f64 = document["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| number(&u["cpu_cores"]))
        .sum();
    let busy = number(&document["host"]["cpu_busy_cores"]);
    let system = number(&document["host"]["cpu_system_cores"]);
    assert!((people + system - busy).abs() < 0.05, "{document:#}");
    assert!(
        number(&user(&document, "dirk")["cpu_cores"]) > 0.5,
        "a directory's people count too"
    );
}

#[test]
fn an_ordinary_user_sees_the_same_people() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    let _busy = host.as_user("alice").spawn(BUSY);
    let seen = host
        .as_user("bob")
        .run("benchwarden usage --json --interval 4s")
        .json();
    let cores = number(&user(&seen, "alice")["cpu_cores"]);
    assert!((0.85..1.06).contains(&cores), "{seen:#}");
}
