//! `doctor` on a real host: its facts against the host's own tools.

use std::time::Instant;

use serde_json::Value;

use crate::harness::{Host, Release, on_both, on_debian_12};

fn facts<'a>(document: &'a Value, topic: &str) -> &'a Value {
    let findings = document["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["topic"] == topic);
    &found.unwrap_or_else(|| panic!("no {topic} in {document:#}"))["facts"]
}

fn status<'a>(document: &'a Value, topic: &str) -> &'a str {
    let findings = document["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["topic"] == topic);
    found.unwrap()["status"].as_str().unwrap()
}

fn its_facts_are_those_of_the_hosts_own_tools(host: &Host) {
    let document = host.run("benchwarden doctor --json").json();
    let says = |command: &str| host.run(command).ok().trim().to_owned();

    let cgroup = facts(&document, "cgroup");
    assert_eq!(cgroup["version"], "v2");
    let controllers = says("cat /sys/fs/cgroup/cgroup.controllers");
    let told: Vec<&str> = cgroup["controllers"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(told.join(" "), controllers);

    let systemd = facts(&document, "systemd");
    assert_eq!(systemd["dbus"], true);
    let version = says("systemctl --version | head -1");
    assert!(
        version.contains(&format!("systemd {} ", systemd["version"])),
        "{version}"
    );
    assert!(
        version.contains(systemd["full_version"].as_str().unwrap()),
        "{version}"
    );

    let sudo = facts(&document, "sudo");
    assert_eq!(
        says("sudo -V | head -1"),
        format!("Sudo version {}", sudo["version"].as_str().unwrap())
    );
    assert_eq!(sudo["implementation"], "sudo");
    for tool in ["visudo", "cvtsudoers"] {
        assert_eq!(sudo[tool], says(&format!("command -v {tool}")));
    }

    assert_eq!(
        facts(&document, "pressure")["kinds"].to_string(),
        r#"["cpu","memory","io"]"#
    );
    assert_eq!(facts(&document, "process-connector")["registered"], true);
    assert_eq!(status(&document, "process-connector"), "ok");
    assert_eq!(status(&document, "shadow"), "ok");
    assert_eq!(status(&document, "privileges"), "ok");

    let quota = &facts(&document, "quota")["file_systems"][0];
    assert_eq!(quota["mount"], "/");
    // quotaon ends with 1 when a quota is on, and says so.
    let on = host.run("quotaon -p / 2>&1; true").stdout;
    for (kind, key) in [("user", "user"), ("group", "group")] {
        let is_on = on
            .lines()
            .any(|line| line.starts_with(kind) && line.contains("is on"));
        assert_eq!(quota[key], is_on, "{on}");
    }
    assert_eq!(quota["user"], true);
}

fn it_finds_the_r_and_python_that_run_here(host: &Host) {
    let document = host.run("benchwarden doctor --json").json();
    for (topic, ask) in [
        ("r", "R_HOME= PATH --version 2>/dev/null | head -1"),
        ("python", "PATH --version"),
    ] {
        let found = facts(&document, topic)["found"].as_array().unwrap();
        assert!(found.len() >= 3, "{topic}: {found:?}");
        for runtime in found {
            let path = runtime["path"].as_str().unwrap();
            let version = runtime["version"].as_str().unwrap();
            let said = host.run(&ask.replace("PATH", path)).ok().to_owned();
            assert!(
                said.contains(version),
                "{path} says {said}, doctor {version}"
            );
        }
    }
}

fn an_ordinary_user_gets_an_answer_too(host: &Host) {
    let document = host
        .as_user("alice")
        .run("benchwarden doctor --json")
        .json();
    assert_eq!(status(&document, "privileges"), "partial");
    let privileges = facts(&document, "privileges");
    assert_eq!(privileges["euid"], 1001);
    assert_eq!(privileges["login_uid"], 1001);
    assert_eq!(facts(&document, "systemd")["dbus"], true);
    assert_eq!(facts(&document, "quota")["file_systems"][0]["user"], true);
}

fn a_frozen_bus_holds_nothing_up(host: &Host) {
    host.run("pkill -STOP -x dbus-daemon").ok();
    let document = host.run("benchwarden doctor --json").json();
    host.run("pkill -CONT -x dbus-daemon").ok();
    assert_eq!(status(&document, "systemd"), "unknown");
}

fn without_a_bus_it_says_so_at_once(host: &Host) {
    host.run("mv /run/dbus/system_bus_socket /run/dbus/aside")
        .ok();
    let start = Instant::now();
    let document = host.run("benchwarden doctor --json").json();
    assert!(start.elapsed().as_secs() < 10);
    assert_eq!(status(&document, "systemd"), "partial");
    assert_eq!(facts(&document, "systemd")["init"], true);
    assert_eq!(facts(&document, "systemd")["dbus"], false);
}

fn in_a_terminal_it_describes_that_terminal(host: &Host) {
    let mut terminal = host
        .as_user("alice")
        .terminal((100, 90), "benchwarden doctor");
    terminal.wait_for("xterm-256color, 100x90, 256 colours, UTF-8");
    assert_eq!(terminal.wait_exit(), 0);
}

on_both! {
    fn it_tells_what_the_hosts_own_tools_tell(host) {
        host.install_benchwarden();
        its_facts_are_those_of_the_hosts_own_tools(host);
        it_finds_the_r_and_python_that_run_here(host);
    }
}

on_debian_12! {
    fn it_answers_everybody_everywhere_and_without_a_bus(host) {
        host.install_benchwarden();
        an_ordinary_user_gets_an_answer_too(host);
        in_a_terminal_it_describes_that_terminal(host);
        a_frozen_bus_holds_nothing_up(host);
        without_a_bus_it_says_so_at_once(host);
    }
}
