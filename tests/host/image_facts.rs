//! What stands on the image: the ways in that a workbench has, and where their processes land.

use std::time::Duration;

use crate::harness::{Host, Release, manifest, on_both};

/// The cgroup of the first process that matches, as the kernel tells it.
fn cgroup_of(host: &Host, user: &str, pattern: &str) -> String {
    let find = format!("pgrep -o -U {user} -f '{pattern}'");
    host.wait_until(&format!("{user} runs {pattern}"), |host| {
        host.run(&find).status == Some(0)
    });
    let read = host.run(&format!("cat /proc/$({find})/cgroup"));
    read.ok().trim().trim_start_matches("0::").to_owned()
}

fn every_way_in_lands_where_it_does_in_the_field(host: &Host) {
    let own = host.as_user("alice").run("cat /proc/self/cgroup");
    assert!(
        own.ok().contains("/user.slice/user-1001.slice/session-"),
        "{own}"
    );

    let su = host.run("su alice -c 'cat /proc/self/cgroup'");
    assert!(
        su.ok().contains("/user.slice/user-0.slice/"),
        "su stays in the caller's: {su}"
    );

    host.as_user("bob")
        .run("tmux new-session -d 'sleep 4001'")
        .ok();
    // Where tmux knows systemd it asks for a scope of its own, outside the session.
    let tmux = cgroup_of(host, "bob", "^sleep 4001");
    let place = match host.release() {
        Release::Bookworm => "/user.slice/user-1002.slice/session-",
        Release::Trixie => "/user.slice/user-1002.slice/user@1002.service/tmux-spawn-",
    };
    assert!(tmux.starts_with(place), "{tmux}");

    let lingers = host.run("systemctl is-active user@1006.service");
    assert_eq!(lingers.ok().trim(), "active");
    assert_eq!(
        host.run("loginctl show-user lin -p Linger --value")
            .ok()
            .trim(),
        "yes"
    );

    host.as_user("carol")
        .run("echo 'sleep 4002' | at now 2>&1")
        .ok();
    assert_eq!(
        cgroup_of(host, "carol", "^sleep 4002"),
        "/system.slice/atd.service"
    );

    host.run("printf '* * * * * carol exec sleep 4003\\n' > /etc/cron.d/witness")
        .ok();
    host.run("date -u -s \"$(date -u +'%F %H:%M:58')\" >/dev/null")
        .ok();
    assert_eq!(
        cgroup_of(host, "carol", "^sleep 4003"),
        "/system.slice/cron.service"
    );
}

fn people_of_a_directory_exist_and_log_in(host: &Host) {
    assert_eq!(host.run("grep -c '^dirk:' /etc/passwd").stdout.trim(), "0");
    assert!(host.run("getent passwd dirk").ok().starts_with("dirk:"));
    assert_eq!(host.as_user("dirk").run("id -un").ok(), "dirk\n");
    let own = host.as_user("dora").fresh_login("cat /proc/self/cgroup");
    assert!(own.ok().contains("/user.slice/user-20002.slice/"), "{own}");
}

fn people_log_in_by_key_and_by_password(host: &Host) {
    assert_eq!(
        host.as_user("first.last").run("id -un").ok(),
        "first.last\n"
    );
    assert_eq!(
        host.as_user("alice")
            .password_login("alice-pw", "id -un")
            .ok(),
        "alice\n"
    );
    let wrong = host.as_user("alice").password_login("wrong", "id -un");
    assert!(
        wrong.fails_with(255).contains("Permission denied"),
        "{wrong}"
    );
    let names = host.run("getent passwd | cut -d: -f1");
    assert!(names.ok().lines().any(|name| name.len() == 32), "{names}");
    for (user, shell) in [("zoe", "zsh"), ("finn", "fish")] {
        let own = host.run(&format!("getent passwd {user}"));
        assert!(own.ok().trim().ends_with(shell), "{own}");
        host.as_user(user).run("true").ok();
    }
}

fn the_kernel_offers_what_the_product_builds_on(host: &Host) {
    let controllers = host.run("cat /sys/fs/cgroup/cgroup.controllers");
    for wanted in ["cpuset", "cpu", "io", "memory", "pids"] {
        assert!(
            controllers.ok().split_whitespace().any(|c| c == wanted),
            "{controllers}"
        );
    }
    host.run("cat /proc/pressure/cpu /proc/pressure/memory /proc/pressure/io")
        .ok();
    let quota = host.run("quotaon -p / 2>&1; true");
    assert!(
        quota.stdout.contains("user quota on / (/dev/vda) is on"),
        "{quota}"
    );
    assert!(host.run("repquota -u /").ok().contains("alice"));
    assert_eq!(
        host.run("systemctl is-system-running").ok().trim(),
        "running"
    );
}

fn a_quota_stops_the_one_and_nobody_else(host: &Host) {
    host.run("setquota -u alice 0 20480 0 0 /").ok();
    let fill = "dd if=/dev/zero of=fill bs=1M count=40 2>&1";
    let alice = host.as_user("alice").run(fill);
    assert_ne!(alice.status, Some(0), "{alice}");
    assert!(alice.stdout.contains("quota"), "{alice}");
    host.as_user("bob").run(fill).ok();
}

fn the_stand_in_for_rstudio_starts_real_r_outside_every_slice(host: &Host) {
    host.run("systemctl start rstudio-server").ok();
    let client = "/usr/local/lib/testhost/rstudio-client";
    let long = Duration::from_secs(120);
    host.as_user("root")
        .run_with(&format!("{client} start alice alice-pw"), &[], long)
        .ok();
    let said = host.as_user("root").run_with(
        &format!("{client} eval alice alice-pw 'cat(R.version.string, sum(1:10))'"),
        &[],
        long,
    );
    assert!(
        said.ok().contains("R version") && said.stdout.contains("55"),
        "{said}"
    );
    assert_eq!(
        cgroup_of(host, "alice", "rsession"),
        "/system.slice/rstudio-server.service"
    );
    let wrong = host.run(&format!("{client} start bob wrong-password"));
    assert_ne!(wrong.status, Some(0), "{wrong}");
}

fn every_r_and_python_of_opt_runs(host: &Host) {
    for (kind, program, ask) in [
        (
            "r",
            "/opt/R/VERSION/bin/Rscript",
            "-e 'cat(R.version.string, sum(1:10))'",
        ),
        (
            "python",
            "/opt/python/VERSION/bin/python3",
            "-c 'import sys, ssl; print(sys.version, 55)'",
        ),
    ] {
        let told = manifest(host.release(), kind).expect("the manifest tells");
        // The distribution's own comes first.
        let of_opt: Vec<&str> = told.split(' ').skip(1).collect();
        assert!(of_opt.len() >= 2, "{kind}: {told}");
        assert_eq!(
            host.run(&format!(
                "ls {} | xargs",
                program.split("/VERSION").next().unwrap()
            ))
            .ok()
            .trim(),
            of_opt.join(" ")
        );
        for version in of_opt {
            let said = host
                .as_user("alice")
                .run(&format!("{} {ask}", program.replace("VERSION", version)));
            assert!(
                said.ok().contains(version) && said.stdout.contains("55"),
                "{version}: {said}"
            );
        }
    }
}

fn podman_runs_rootless_within_its_owners_slice_or_the_manifest_says_why_not(host: &Host) {
    let told = manifest(host.release(), "podman_rootless").expect("the manifest tells");
    if told != "yes" {
        assert!(told.starts_with("no: "), "{told}");
        return;
    }
    let long = Duration::from_secs(180);
    let alice = host.as_user("lin");
    alice
        .run_with(
            "podman import /usr/local/lib/testhost/container.tar tiny",
            &[],
            long,
        )
        .ok();
    alice
        .run_with(
            "podman run -d --network none tiny /bin/busybox sleep 4004 </dev/null",
            &[],
            long,
        )
        .ok();
    host.wait_until("the container runs", |host| {
        host.run("pgrep -f 'sleep 4004'").status == Some(0)
    });
    let place = host.run("cat /proc/$(pgrep -o -f 'busybox sleep 4004')/cgroup");
    assert!(
        place.ok().contains("/user.slice/user-1006.slice/"),
        "{place}"
    );
}

on_both! {
    fn the_host_is_what_it_promises(host) {
        the_kernel_offers_what_the_product_builds_on(host);
        people_log_in_by_key_and_by_password(host);
        people_of_a_directory_exist_and_log_in(host);
        if host.release() == Release::Trixie {
            // What follows is Debian's and the recipe's own, and the same on both.
            return;
        }
        every_way_in_lands_where_it_does_in_the_field(host);
        podman_runs_rootless_within_its_owners_slice_or_the_manifest_says_why_not(host);
        the_stand_in_for_rstudio_starts_real_r_outside_every_slice(host);
        every_r_and_python_of_opt_runs(host);
        a_quota_stops_the_one_and_nobody_else(host);
    }
}
