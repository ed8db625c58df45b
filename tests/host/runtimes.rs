//! R and Python on a real host: one choice that reaches every way in, real interpreters side by
//! side, and the host as it was when it is taken back.

use std::time::Duration;

use serde_json::Value;

use crate::harness::{Host, Release, on_both, on_debian_12};

/// Asks R which one it is.
const R: &str = "Rscript -e 'cat(as.character(getRversion()))'";
/// Asks Python.
const PYTHON: &str = "python3 -c 'import platform; print(platform.python_version(), end=\"\")'";
/// Everything that a choice touches.
const TOUCHED: &str = "ls -la --time-style=+ /usr/local/bin | grep -v ' \\.$\\| \\.\\.$'; \
    cat /etc/rstudio/rserver.conf; ls /etc/benchwarden 2>/dev/null; true";

/// What of the distribution's files is not as it was packed.
const VERIFY: &str = "dpkg --verify 2>/dev/null | sort";

/// Runs a changing verb without asking; it has to work.
fn change(host: &Host, verb: &str) -> Value {
    let done = host.run(&format!("benchwarden {verb} --yes --json")).json();
    assert_eq!(done["result"], "done", "{done:#}");
    done
}

/// The versions of a language on the host that may be chosen, the newest first.
fn versions(host: &Host, language: &str) -> Vec<String> {
    let all = host.run("benchwarden runtime list --json").json();
    let all = all["runtimes"].as_array().unwrap().iter();
    let of =
        |one: &&Value| one["language"] == language && one["owner"].is_null() && one["runs"] == true;
    all.filter(of)
        .map(|one| one["version"].as_str().unwrap().to_owned())
        .collect()
}

/// The distribution's own.
fn distributions(host: &Host, language: &str) -> String {
    let ask = match language {
        "r" => "/usr/bin/Rscript -e 'cat(as.character(getRversion()))'",
        _ => "/usr/bin/python3 -c 'import platform; print(platform.python_version())'",
    };
    host.run(ask).ok().trim().to_owned()
}

/// What somebody gets by a real login and a real way in.
fn gets(host: &Host, user: &str, command: &str) -> String {
    host.as_user(user).run(command).ok().trim().to_owned()
}

/// What a job of cron's or at's of somebody says.
fn by_job(host: &Host, user: &str, start: &str, ask: &str) -> String {
    let file = format!("/tmp/said-by-{start}-{user}");
    match start {
        "cron" => {
            let job = format!("{ask} > {file}.part; mv {file}.part {file}");
            let entry = format!("PATH=/usr/local/bin:/usr/bin:/bin\n* * * * * {user} {job}\n");
            host.put(entry.as_bytes(), "/etc/cron.d/asks", 0o644);
            host.run("date -u -s \"$(date -u +'%F %H:%M:58')\" >/dev/null")
                .ok();
        }
        _ => {
            let job = format!("echo \"{ask} > {file}.part; mv {file}.part {file}\" | at now 2>&1");
            host.as_user(user).run(&job).ok();
        }
    }
    let read = format!("cat {file} 2>/dev/null");
    host.wait_until(&format!("{start} has asked for {user}"), |host| {
        !host.run(&read).stdout.trim().is_empty()
    });
    let said = host.run(&read).ok().trim().to_owned();
    host.run(&format!("rm -f {file} /etc/cron.d/asks")).ok();
    said
}

/// What R a session of the stand-in for RStudio Server is, started now.
fn by_rstudio(host: &Host) -> String {
    const LONG: Duration = Duration::from_secs(300);
    host.run("systemctl restart rstudio-server").ok();
    let root = host.as_user("root");
    let client = |what: &str| {
        let command = format!("/usr/local/lib/testhost/rstudio-client {what}");
        root.run_with(&command, &[], LONG).ok().trim().to_owned()
    };
    client("start alice alice-pw");
    let said = client("eval alice alice-pw 'cat(as.character(getRversion()))'");
    client("quit alice alice-pw");
    said
}

on_both! {
    fn one_choice_reaches_every_way_in_and_is_taken_back(host) {
        host.install_benchwarden();
        let before = host.run(TOUCHED).ok().to_owned();
        let verified = host.run(VERIFY).ok().to_owned();
        let r = versions(host, "r");
        let python = versions(host, "python");
        assert!(r.len() >= 3 && python.len() >= 3, "{r:?} {python:?}");
        let (own_r, own_python) = (distributions(host, "r"), distributions(host, "python"));
        // Three that differ: for everybody, for a group, for one person.
        let mut other: Vec<&String> = r.iter().filter(|version| **version != own_r).collect();
        other.dedup();
        let (all, legacy) = (other[0].clone(), other[other.len() - 1].clone());
        let newest = python.iter().find(|version| **version != own_python).unwrap().clone();

        change(host, &format!("runtime default r {all}"));
        change(host, &format!("runtime pin r {legacy} --group legacy"));
        change(host, &format!("runtime pin r {own_r} --user bob"));
        change(host, &format!("runtime pin python {newest} --user alice"));

        for (user, expected) in [("alice", &all), ("carol", &legacy), ("bob", &own_r), ("dirk", &all)] {
            let ways = [
                R.to_owned(),
                format!("bash -lc {R:?}"),
                format!("bash -c {R:?}"),
                format!("env {R}"),
            ];
            // Shells are the same on both.
            let some = if host.release() == Release::Trixie { 1 } else { ways.len() };
            for way in ways.into_iter().take(some) {
                assert_eq!(gets(host, user, &way), *expected, "{user}: {way}");
            }
            let told = host.run(&format!("benchwarden runtime which {user} --json")).json();
            let ways = told["ways"].as_array().unwrap();
            let shell = ways.iter().find(|way| way["language"] == "r").unwrap();
            assert_eq!(shell["version"], expected.as_str(), "{told:#}");
        }
        if host.release() == Release::Trixie {
            change(host, "runtime reset");
            assert_eq!(gets(host, "carol", R), own_r);
            assert_eq!(host.run(TOUCHED).ok().replace("policy.d\n", ""), before);
            return;
        }
        for (user, shell) in [("zoe", "zsh"), ("finn", "fish")] {
            assert_eq!(gets(host, user, R), all, "{user} in {shell}");
        }
        assert_eq!(by_job(host, "carol", "at", R), legacy);
        assert_eq!(by_job(host, "carol", "cron", R), legacy, "with the PATH that is told");
        assert_eq!(by_rstudio(host), all, "RStudio Server starts what everybody gets");
        // A script that names it by env, and what somebody asks for themselves.
        host.put(b"#!/usr/bin/env Rscript\ncat(as.character(getRversion()))\n", "/tmp/script", 0o755);
        assert_eq!(gets(host, "carol", "/tmp/script"), legacy);
        assert_eq!(gets(host, "carol", &format!("BENCHWARDEN_R={all} {R}")), all);
        // Python of one person, of others, of the system.
        assert_eq!(gets(host, "alice", PYTHON), newest);
        assert_eq!(gets(host, "bob", PYTHON), own_python);
        assert_eq!(gets(host, "alice", &PYTHON.replace("python3", "/usr/bin/python3")), own_python);
        let reticulate = "Rscript -e 'cat(Sys.getenv(\"RETICULATE_PYTHON\"))'";
        assert!(gets(host, "alice", reticulate).contains(&newest));
        assert_eq!(host.run(R).ok().trim(), own_r, "root has the distribution's");
        assert_eq!(host.run(PYTHON).ok().trim(), own_python);
        host.run("apt-get check -qq").ok();
        assert_eq!(host.run(VERIFY).ok(), verified, "no file of the distribution's is another");
        // What one person's files and variables say steers nobody else, and not what decides.
        host.as_user("alice")
            .run("echo 'cat(\"trapped\\n\")' > ~/.Rprofile; mkdir -p ~/bin && ln -sf /bin/false ~/bin/R")
            .ok();
        assert_eq!(host.run(R).ok().trim(), own_r);
        host.as_user("alice").run("rm -r ~/.Rprofile ~/bin").ok();

        // It outlives a power cut.
        host.run("sync").ok();
        host.power_cut();
        assert_eq!(gets(host, "carol", R), legacy);
        assert_eq!(gets(host, "alice", R), all);

        change(host, "runtime unpin r --group legacy");
        assert_eq!(gets(host, "carol", R), all);
        change(host, "runtime reset");
        assert_eq!(gets(host, "alice", R), own_r);
        assert_eq!(gets(host, "alice", PYTHON), own_python);
        let after = host.run(TOUCHED).ok().to_owned();
        let gone = after.replace("policy.d\n", "");
        assert_eq!(gone, before, "the host is as it was");
    }
}

on_debian_12! {
    fn the_power_fails_while_a_default_changes_and_r_is_one_of_the_two(host) {
        host.install_benchwarden();
        let r = versions(host, "r");
        let own = distributions(host, "r");
        let other: Vec<&String> = r.iter().filter(|version| **version != own).collect();
        let (first, second) = (other[0], other[other.len() - 1]);
        change(host, &format!("runtime default r {first}"));
        host.run("sync").ok();
        for wait in ["0.3", "0.9"] {
            let verb = format!("benchwarden runtime default r {second} --yes");
            host.run(&format!("({verb}) >/dev/null 2>&1 & sleep {wait}; true")).ok();
            host.power_cut();
            let now = gets(host, "alice", R);
            assert!(now == *first || now == *second, "{now}, {wait} s after it began");
            // Nothing is to be done where it had not begun.
            host.run(&format!("benchwarden runtime default r {first} --yes")).ok();
            assert_eq!(gets(host, "alice", R), *first);
        }
    }
}
