//! `policy check`, `policy explain` and `policy export` as scripts and people call them, on hosts
//! made of files.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Output;

use common::Fixture;
use serde_json::{Value, json};

const SITE: &str = "etc/benchwarden/policy.toml";
const CONSOLE: &str = "etc/benchwarden/policy.d/50-console.toml";

const POLICY: &str = "\
[host]
reserve_memory = \"10%\"

[admins]
groups = [\"sudo\"]

[limits.default]
cpu_quota = \"400%\"
memory_high = \"35%\"
memory_max = \"40%\"
memory_swap_max = \"0\"
tasks_max = 4096

[limits.group.analysts]
memory_max = \"60%\"
io_read_bandwidth_max = [\"50M\", \"/scratch 100M\"]

[limits.group.dir-analysts]
memory_max = \"70%\"
ip_deny = [\"any\"]
ip_allow = [\"10.0.0.0/8\", \"localhost\"]

[limits.user.alice]
cpu_quota = { value = \"3200%\", until = 2001-01-01T00:00:00Z }
tasks_max = \"infinity\"

[sudo.grant.restart-shiny]
users = [\"alice\"]
commands = [\"/usr/bin/systemctl restart shiny-server\"]
until = 2099-12-01T00:00:00Z

[runtimes]
r = \"4.5.0\"
python = \"3.13\"
[runtimes.group.dir-analysts]
r = \"4.2.2\"

[roles]
viewer = { groups = [\"analysts\"] }
operator = { users = [\"dirk\"] }
";

fn workbench() -> Fixture {
    let host = Fixture::v2(32);
    host.put(
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\n\
         alice:x:1001:1001:Alice Adams:/home/alice:/bin/bash\n\
         bob:x:1002:1002::/home/bob:/bin/bash\n",
    );
    host.put(
        "etc/group",
        "root:x:0:\nsudo:x:27:bob\nalice:x:1001:\nbob:x:1002:\nanalysts:x:3000:alice,dirk\n",
    );
    host.put(
        "var/lib/extrausers/passwd",
        "dirk:x:20001:20000:From the directory:/home/dirk:/bin/bash\n",
    );
    host.put(
        "var/lib/extrausers/group",
        "dir-analysts:x:20000:dirk,alice\n",
    );
    host.put("proc/sys/kernel/pid_max", "4194304\n");
    host.put("proc/sys/kernel/threads-max", "20000\n");
    host
}

/// Writes a file as a careful admin would, whatever the umask of whoever runs the tests.
fn put(host: &Fixture, path: &str, content: impl AsRef<[u8]>) {
    host.put(path, content);
    let mut at = host.path().join(path);
    mode(&at, 0o644);
    while at.pop() && at != host.path() {
        mode(&at, 0o755);
    }
}

fn mode(path: &std::path::Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn with_policy(text: &str) -> Fixture {
    let host = workbench();
    put(&host, SITE, text);
    host
}

fn stdout(out: &Output) -> String {
    String::from_utf8(out.stdout.clone()).unwrap()
}

fn checked(host: &Fixture) -> (Option<i32>, Value) {
    let out = host.run(&["policy", "check", "--json"]);
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(document["schema"], "benchwarden.policy-check/1");
    (out.status.code(), document)
}

#[test]
fn no_policy_at_all_is_said_and_limits_nobody() {
    let host = workbench();
    let out = host.run(&["policy", "check"]);
    assert_eq!(out.status.code(), Some(0));
    assert!(stdout(&out).contains("so nothing is limited"), "{out:?}");
    let explained = host.json(&["policy", "explain", "bob", "--json"]);
    assert_eq!(explained["limits"], json!([]));
    assert_eq!(
        explained["admin"],
        json!({"group": "sudo", "file": null, "line": null}),
        "sudo is protected by default"
    );
    let text = stdout(&host.run(&["policy", "explain", "alice"]));
    assert!(text.contains("nothing is limited"), "{text}");
    let export = stdout(&host.run(&["policy", "export"]));
    assert!(
        export.contains("# by default") && export.starts_with("# there is no file"),
        "{export}"
    );
}

#[test]
fn a_good_policy_is_good() {
    // Dates that are over are findings, so that one goes.
    let host = with_policy(&POLICY.replace(
        "{ value = \"3200%\", until = 2001-01-01T00:00:00Z }",
        "\"3200%\"",
    ));
    put(&host, "etc/benchwarden/policy.d/.hidden.toml", "x");
    put(&host, "etc/benchwarden/policy.d/README", "x");
    let (code, document) = checked(&host);
    assert_eq!(code, Some(0), "{document:#}");
    assert_eq!(document["valid"], true);
    assert_eq!(document["files"], json!(["/etc/benchwarden/policy.toml"]));
    assert_eq!(
        document["ignored"],
        json!([
            "/etc/benchwarden/policy.d/.hidden.toml",
            "/etc/benchwarden/policy.d/README"
        ])
    );
    let text = stdout(&host.run(&["policy", "check"]));
    assert!(text.contains("README: passed over;"), "{text}");
    assert!(
        text.contains("nothing is wrong with /etc/benchwarden/policy.toml"),
        "{text}"
    );
}

#[test]
fn the_shipped_example_is_good_on_an_ordinary_host() {
    let host = with_policy(include_str!("../config/policy.toml"));
    let (code, document) = checked(&host);
    assert_eq!(code, Some(0), "{document:#}");
}

#[test]
fn everything_that_is_wrong_is_told_and_nothing_counts() {
    let host = with_policy("[limits.default]\nmemroy_max = \"40%\"\n\tcpu_quota = 4\n");
    put(&host, CONSOLE, "[limits.user.alice]\nmemory_max = \"10%\n");
    let out = host.run(&["policy", "check"]);
    assert_eq!(out.status.code(), Some(4));
    insta::assert_snapshot!(stdout(&out));
    let (code, document) = checked(&host);
    assert_eq!((code, &document["valid"]), (Some(4), &json!(false)));
    let problems = document["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 3);
    assert_eq!(problems[0]["nearest"], "memory_max");
    assert_eq!(
        (&problems[2]["file"], &problems[2]["line"]),
        (
            &json!("/etc/benchwarden/policy.d/50-console.toml"),
            &json!(2)
        )
    );
    for verb in [&["policy", "explain", "alice"][..], &["policy", "export"]] {
        let out = host.run(verb);
        assert_eq!(out.status.code(), Some(1));
        assert!(out.stdout.is_empty());
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(
            said.contains("3 things are wrong") && said.contains("policy.toml:2:1: "),
            "{said}"
        );
    }
}

#[test]
fn what_others_could_have_written_is_not_used() {
    for (file, make) in [
        (SITE, 0o666),
        (CONSOLE, 0o664),
        ("etc/benchwarden/policy.d", 0o777),
        ("etc/benchwarden", 0o775),
    ] {
        let host = with_policy(POLICY);
        put(&host, CONSOLE, "[limits.default]\ntasks_max = 100\n");
        mode(&host.path().join(file), make);
        let (code, document) = checked(&host);
        assert_eq!(code, Some(4), "{file}");
        assert_eq!(document["valid"], false, "{file}");
        let said = document["problems"][0]["what"].as_str().unwrap();
        assert!(said.contains("chmod go-w"), "{said}");
        assert_eq!(document["problems"][0]["line"], 0);
    }
    let host = workbench();
    put(&host, "etc/benchwarden/other.toml", POLICY);
    symlink("other.toml", host.path().join(SITE)).unwrap();
    let (_, document) = checked(&host);
    assert_eq!(document["problems"][0]["what"], "it is a symbolic link");
}

#[test]
fn names_that_nobody_has_and_values_without_effect_are_findings() {
    let host = with_policy(
        "[admins]\ngroups = [\"sudo\", \"admnis\"]\nusers = [\"dirk\"]\n\
         [limits.default]\nmemory_high = \"35%\"\ntasks_max = \"0.05%\"\n\
         [limits.user.bob]\nmemory_max = \"1G\"\nuntil = 2099-01-01T00:00:00Z\n\
         [limits.user.bobby]\nmemory_max = \"1G\"\n\
         [limits.group.old]\nmemory_max = \"1G\"\nuntil = 2001-01-01T00:00:00Z\n\
         [host]\nreserve_memory = \"900G\"\n\
         [sudo.grant.x]\ngroups = [\"dir-analysts\"]\ncommands = [\"/bin/x\"]\nas = \"nobody-here\"\n",
    );
    let out = host.run(&["policy", "check"]);
    assert_eq!(out.status.code(), Some(4));
    insta::assert_snapshot!(stdout(&out));
    let (_, document) = checked(&host);
    assert_eq!(
        (&document["valid"], &document["problems"]),
        (&json!(true), &json!([]))
    );
}

#[test]
fn a_file_can_be_checked_before_it_is_put_in_place() {
    let host = with_policy("broken");
    let file = host.path().join("draft.toml");
    std::fs::write(&file, "[limits.default]\ntask_max = 5\n").unwrap();
    let file = file.to_str().unwrap();
    let out = host.run(&["policy", "check", "--file", file]);
    assert_eq!(out.status.code(), Some(4));
    let text = stdout(&out);
    assert!(text.starts_with(&format!("{file}:2:1: ")), "{text}");
    assert!(
        text.contains("1 thing is wrong;") && !text.contains("broken"),
        "{text}"
    );
    std::fs::write(file, POLICY.replace("2001-", "2099-")).unwrap();
    assert_eq!(
        host.run(&["policy", "check", "--file", file]).status.code(),
        Some(0)
    );
    let out = host.run(&["policy", "check", "--file", "/nonexistent"]);
    assert_eq!(out.status.code(), Some(1));
}

#[test]
fn every_value_of_a_person_tells_who_says_it() {
    let host = with_policy(POLICY);
    put(
        &host,
        CONSOLE,
        "[limits.default]\nmemory_max = \"45%\"\n[limits.user.alice]\nmemory_max = { value = \"200G\", until = 2099-12-01T00:00:00Z }\n",
    );
    insta::assert_snapshot!(stdout(&host.run(&["policy", "explain", "alice"])));
    let document = host.json(&["policy", "explain", "alice", "--json"]);
    assert_eq!(document["schema"], "benchwarden.policy-explain/1");
    assert_eq!(
        document["groups"],
        json!(["analysts", "dir-analysts", "alice"])
    );
    assert_eq!(document["admin"], Value::Null);
    assert_eq!(
        document["host"],
        json!({"memory_bytes": 274_877_906_944_u64, "tasks": 20_000, "cpus": 32})
    );
    let limits = document["limits"].as_array().unwrap();
    let limit = |key: &str| limits.iter().find(|limit| limit["key"] == key).unwrap();
    let memory = limit("memory_max");
    assert_eq!(memory["value"], "200G");
    assert_eq!(
        memory["here"],
        json!({"unit": "bytes", "number": 214_748_364_800.0})
    );
    assert_eq!(memory["table"], "limits.user.alice");
    assert_eq!(memory["file"], "/etc/benchwarden/policy.d/50-console.toml");
    assert_eq!(
        (&memory["line"], &memory["until"]),
        (&json!(4), &json!("2099-12-01T00:00:00Z"))
    );
    let instead: Vec<&str> = memory["overrode"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["value"].as_str().unwrap())
        .collect();
    assert_eq!(instead, ["70%", "60%", "45%", "40%"]);
    assert_eq!(
        limit("cpu_quota")["value"],
        "400%",
        "what is over does not count"
    );
    assert_eq!(document["over"][0]["value"], "3200%");
    assert_eq!(
        limit("tasks_max")["here"],
        json!({"unit": "tasks", "number": null})
    );
    assert_eq!(
        limit("memory_high")["here"]["number"],
        json!(96_207_265_792.0)
    );
    assert_eq!(document["runtimes"][0]["value"], "4.2.2");
    assert_eq!(document["role"]["role"], "viewer");
    assert_eq!(document["sudo"][0]["grant"], "restart-shiny");

    let dirk = host.json(&["policy", "explain", "20001", "--json"]);
    assert_eq!(
        dirk["role"]["role"], "operator",
        "known to a directory alone"
    );
    assert_eq!(dirk["limits"][2]["value"], "70%");
    insta::assert_snapshot!(stdout(&host.run(&["policy", "explain", "bob"])));
    let root = host.json(&["policy", "explain", "root", "--json"]);
    assert_eq!(
        (&root["person"], &root["limits"]),
        (&json!(false), &json!([]))
    );
    let text = stdout(&host.run(&["policy", "explain", "root"]));
    assert!(text.contains("limits are for people"), "{text}");
    let out = host.run(&["policy", "explain", "nobody-here"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(
        String::from_utf8(out.stderr)
            .unwrap()
            .contains("`benchwarden user list --all`")
    );
}

#[test]
fn all_files_as_one_mean_the_same() {
    let host = with_policy(POLICY);
    put(
        &host,
        CONSOLE,
        "[limits.default]\nmemory_max = \"45%\"\n[guard]\nothers = \"leave\"\n[guard.pressure.kill]\nmemory = \"60%\"\n",
    );
    let out = host.run(&["policy", "export"]);
    assert_eq!(out.status.code(), Some(0));
    insta::assert_snapshot!(stdout(&out));
    let one = workbench();
    put(&one, SITE, stdout(&out));
    for name in ["alice", "bob", "dirk"] {
        let told = |host: &Fixture| {
            let document = host.json(&["policy", "explain", name, "--json"]);
            let of = |list: &str| -> Vec<(String, String)> {
                let lines = document[list].as_array().unwrap().iter();
                lines
                    .map(|l| (l["key"].to_string(), l["value"].to_string()))
                    .collect()
            };
            (
                of("limits"),
                of("runtimes"),
                document["role"]["role"].clone(),
                document["admin"]["group"].clone(),
            )
        };
        assert_eq!(told(&host), told(&one), "{name}");
    }
    let again = stdout(&one.run(&["policy", "export"]));
    let bare = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| line.split(" # ").next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(bare(&again), bare(&stdout(&out)));
}
