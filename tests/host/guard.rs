//! The guard: by whatever way a person's job comes in, it ends up in their own slice; who belongs
//! elsewhere stays there, and nothing is lost when the guard is killed.

use std::time::Duration;

use crate::harness::{Host, Release, on_debian_12};

const UNIT: &str = include_str!("../../packaging/benchwarden-guard.service");
/// What the emulated machine may take to start a notebook server.
const LONG: Duration = Duration::from_secs(500);
const CLIENT: &str = "/usr/local/lib/testhost/jupyter-client";

pub fn start_guard(host: &Host) {
    host.install_benchwarden();
    let path = "/etc/systemd/system/benchwarden-guard.service";
    host.put(UNIT.as_bytes(), path, 0o644);
    let start = "systemd-analyze verify benchwarden-guard.service && systemctl daemon-reload && \
        systemctl start benchwarden-guard";
    let said = host.run(&format!("{start} 2>&1"));
    assert_eq!(said.ok(), "", "the unit is as systemd wants it");
}

/// The cgroups of everything that was called so, each once. A pattern does not fit itself.
fn places(host: &Host, pattern: &str) -> Vec<String> {
    let read = format!("for p in $(pgrep -f '{pattern}'); do cat /proc/$p/cgroup; done | sort -u");
    let said = host.run(&read);
    let lines = said.stdout.lines();
    lines
        .map(|line| line.trim_start_matches("0::").to_owned())
        .collect()
}

/// Waits until everything that was called so is in somebody's slice, in scopes of the guard.
#[track_caller]
pub fn wait_for_home(host: &Host, uid: u32, pattern: &str) {
    let scope = format!("/user.slice/user-{uid}.slice/benchwarden-{uid}-");
    host.wait_until(&format!("{pattern} is in {scope}…"), |host| {
        let places = places(host, pattern);
        !places.is_empty() && places.iter().all(|place| place.starts_with(&scope))
    });
}

/// How long each took that the kernel told of, in microseconds, ordered.
pub fn took(host: &Host) -> Vec<u64> {
    let read = "journalctl -t benchwarden -o cat --output-fields=BENCHWARDEN_TOOK_US";
    let said = host.run(read);
    let mut times: Vec<u64> = said
        .ok()
        .split_ascii_whitespace()
        .filter_map(|time| time.parse().ok())
        .collect();
    times.sort_unstable();
    times
}

/// cron has looked at its watch when the other jobs are through.
fn ask_cron(host: &Host) {
    host.run("printf '* * * * * carol exec sleep 5012\\n' > /etc/cron.d/witness")
        .ok();
    host.run("date -u -s \"$(date -u +'%F %H:%M:58')\" >/dev/null")
        .ok();
}

/// A job of each way that a root shell has, with children that are born before anybody can move
/// their parent.
fn jobs_of_root(host: &Host) {
    let children = "for i in $(seq 20); do sleep 5001 & done; exec sleep 5001";
    for start in [
        format!("su bob -c '{children}'"),
        "runuser -u carol -- sleep 5002".to_owned(),
        "setpriv --reuid 1004 --regid 1004 --init-groups sleep 5003".to_owned(),
        // Whoever became somebody is gone before anybody looks.
        "su lin -c 'setsid sleep 5004 &'".to_owned(),
        "sudo -u zoe sleep 5005".to_owned(),
    ] {
        host.run(&format!("({start}) </dev/null >/dev/null 2>&1 &"))
            .ok();
    }
    for (uid, pattern) in [
        (1002, "^sleep 5001"),
        (1003, "^sleep 5002"),
        (1004, "^sleep 5003"),
        (1006, "^sleep 5004"),
        (1007, "^sleep 5005"),
    ] {
        wait_for_home(host, uid, pattern);
    }
    // Whoever is slow to start is not lost.
    host.wait_until("all of bob's children are there", |host| {
        host.run("pgrep -c -f '^sleep 5001'").stdout.trim() == "21"
    });
    wait_for_home(host, 1002, "^sleep 5001");
    let ada = host.as_user("ada");
    let start = "echo ada-pw | sudo -S -u finn sh -c 'sleep 5006 >/dev/null 2>&1 &' 2>&1";
    ada.run(start).ok();
    wait_for_home(host, 1008, "^sleep 5006");
}

fn jobs_of_services(host: &Host) {
    host.as_user("carol")
        .run("echo 'exec sleep 5011' | at now 2>&1")
        .ok();
    wait_for_home(host, 1003, "^sleep 5011");
    wait_for_home(host, 1003, "^sleep 5012");
    host.run("rm /etc/cron.d/witness && systemctl start rstudio-server")
        .ok();
    let root = host.as_user("root");
    let client = "/usr/local/lib/testhost/rstudio-client";
    root.run_with(&format!("{client} start alice alice-pw"), &[], LONG)
        .ok();
    wait_for_home(host, 1001, "^/usr/lib/rstudio-server/bin/rsession -u alice");
    // What R starts is where R is; the server itself is where it was, and answers.
    root.run_with(
        &format!("{client} eval alice alice-pw 'system(\"sleep 5013 &\")'"),
        &[],
        LONG,
    )
    .ok();
    wait_for_home(host, 1001, "^sleep 5013");
    assert_eq!(
        places(host, "^/usr/lib/rstudio-server-standin/bin/rserver"),
        ["/system.slice/rstudio-server.service"]
    );
}

/// Logins, units of one person, service accounts and root's own.
fn who_belongs_elsewhere_stays(host: &Host) {
    let own = host
        .as_user("alice")
        .fresh_login("sleep 1; cat /proc/self/cgroup");
    assert!(
        own.ok().contains("/user.slice/user-1001.slice/session-"),
        "{own}"
    );
    let run = "systemd-run -q --unit=fit --uid=1001 sleep 5021 && \
        systemd-run -q --unit=nightly --uid=svc-report sleep 5022 && \
        systemd-run -q --scope --uid=1002 sh -c 'sleep 5023 >/dev/null 2>&1 &'";
    host.run(run).ok();
    // The rescan has looked, too.
    std::thread::sleep(Duration::from_secs(12));
    assert_eq!(places(host, "[s]leep 5021$"), ["/system.slice/fit.service"]);
    assert_eq!(
        places(host, "[s]leep 5022$"),
        ["/system.slice/nightly.service"]
    );
    let scope = places(host, "[s]leep 5023$");
    assert!(
        scope.len() == 1 && scope[0].starts_with("/system.slice/run-"),
        "{scope:?}"
    );
    let told = host.run("journalctl -t benchwarden -o cat");
    assert!(
        told.ok().contains("limits of theirs belong on fit.service"),
        "{told}"
    );
}

/// Everything that was adopted is where it was.
#[track_caller]
fn all_are_home(host: &Host) {
    for (uid, pattern) in [
        (1002, "^sleep 5001"),
        (1003, "^sleep 50(02|11|12)"),
        (1006, "^sleep 5004"),
        (1001, "^/usr/lib/rstudio-server/bin/rsession -u alice"),
    ] {
        let scope = format!("/user.slice/user-{uid}.slice/benchwarden-");
        let places = places(host, pattern);
        assert!(!places.is_empty(), "{pattern} runs");
        assert!(
            places.iter().all(|place| place.starts_with(&scope)),
            "{places:?}"
        );
    }
}

/// Killed, and something is started before it is back: it is found.
fn killed_it_comes_back(host: &Host) {
    let kill = "systemctl kill -s KILL benchwarden-guard";
    host.run(&format!(
        "{kill}; su alice -c 'sleep 5031 >/dev/null 2>&1 &'"
    ))
    .ok();
    wait_for_home(host, 1001, "^sleep 5031");
    let restarts = host.run("systemctl show -p NRestarts --value benchwarden-guard");
    assert_eq!(restarts.ok().trim(), "1");
}

on_debian_12! {
    fn whatever_a_person_starts_ends_up_in_their_own_slice(host) {
        start_guard(host);
        ask_cron(host);
        jobs_of_root(host);
        jobs_of_services(host);
        who_belongs_elsewhere_stays(host);
        host.run("systemctl daemon-reload").ok();
        all_are_home(host);
        killed_it_comes_back(host);
        all_are_home(host);
        // Sessions outlive their server and the guard.
        host.run("systemctl stop rstudio-server benchwarden-guard").ok();
        all_are_home(host);
        host.run("pkill -f '^sleep 50'; sleep 2").ok();
        let units = host.run("systemctl list-units 'benchwarden-1002*' --no-legend");
        assert_eq!(units.ok(), "", "a scope ends with its last process");
        host.run("benchwarden audit verify").ok();
        let log = host.run("benchwarden audit log --json");
        assert!(log.ok().contains("adopt what carol runs in /system.slice/cron.service"), "{log}");
        let took = took(host);
        eprintln!("from setuid to adopted, in microseconds: {took:?}");
        assert!(took.len() >= 8 && took[took.len() / 2] < 1_000_000, "{took:?}");
    }
}

#[test]
fn a_later_systemd_takes_processes_by_descriptor() {
    let host = &Host::fresh(Release::Trixie);
    start_guard(host);
    jobs_of_root(host);
    host.run("systemctl daemon-reload").ok();
    killed_it_comes_back(host);
    for (uid, pattern) in [
        (1002, "^sleep 5001"),
        (1003, "^sleep 5002"),
        (1006, "^sleep 5004"),
    ] {
        wait_for_home(host, uid, pattern);
    }
}

/// A notebook server of alice's, by one of the hubs, computes.
fn a_notebook_computes(host: &Host, hub: &str) {
    let root = host.as_user("root");
    root.run_with(&format!("systemctl start {hub}"), &[], LONG)
        .ok();
    root.run_with(&format!("{CLIENT} start alice alice-pw"), &[], LONG)
        .ok();
    let code = "import os; print(os.getuid(), 6 * 7)";
    let said = root.run_with(&format!("{CLIENT} exec alice alice-pw '{code}'"), &[], LONG);
    assert!(said.ok().contains("1001 42"), "{said}");
}

on_debian_12! {
    fn notebooks_go_to_their_owners_and_hubs_and_units_of_one_person_stay(host) {
        start_guard(host);
        a_notebook_computes(host, "jupyterhub");
        wait_for_home(host, 1001, "[i]pykernel_launcher");
        wait_for_home(host, 1001, "[j]upyterhub-singleuser");
        for hub in ["[b]in/jupyterhub -f", "[c]onfigurable-http-proxy"] {
            assert_eq!(places(host, hub), ["/system.slice/jupyterhub.service"], "{hub}");
        }
        let log = host.run("benchwarden audit log --json");
        assert!(log.ok().contains("adopt what alice runs in /system.slice/jupyterhub.service"), "{log}");
        let stop = format!("{CLIENT} stop alice alice-pw && systemctl stop jupyterhub");
        host.as_user("root").run_with(&stop, &[], LONG).ok();
        // The other hub has systemd start a unit for each person.
        a_notebook_computes(host, "jupyterhub-systemd");
        let kernel = places(host, "[i]pykernel_launcher");
        assert!(kernel.iter().all(|place| place.starts_with("/system.slice/jupyter-alice")), "{kernel:?}");
        assert!(!kernel.is_empty());
    }
}
