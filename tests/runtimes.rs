//! `runtime list` and `runtime which` as scripts and people call them, on hosts made of files.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use common::Fixture;
use serde_json::{Value, json};

const CONSOLE: &str = "etc/benchwarden/policy.d/50-console.toml";

/// A host whose directories are root's alone, as the owner of the tree stands for root.
struct Host(Fixture);

impl Host {
    fn new() -> Self {
        let mut fixture = Fixture::v2(4);
        fixture.account("alice", 1001);
        fixture.account("bob", 1002);
        fixture.put(
            "etc/group",
            "alice:x:1001:\nbob:x:1002:\nlegacy:x:3000:bob\n",
        );
        Self(fixture)
    }

    fn program(&self, path: &str, text: &str) {
        self.0.put_program(path);
        std::fs::write(self.0.path().join(path), text).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    /// R as its own installation makes it, in a directory of its own.
    fn r(&self, dir: &str, version: &str) {
        let home = format!("{dir}/lib/R");
        let description = format!(
            "Package: base\nVersion: {version}\nPriority: base\n\
             Built: R {version}; ; 2023-04-03 09:12:11 UTC; unix\n"
        );
        self.0
            .put(&format!("{home}/library/base/DESCRIPTION"), description);
        for package in ["stats", "utils"] {
            let file = format!("{home}/library/{package}/DESCRIPTION");
            self.0.put(&file, format!("Package: {package}\n"));
        }
        self.program(&format!("{home}/bin/exec/R"), "\u{7f}ELF");
        let script = format!("#!/bin/sh\nR_HOME_DIR=/{home}\nexec x\n");
        self.program(&format!("{home}/bin/R"), &script);
        self.link(&format!("{dir}/bin/R"), "../lib/R/bin/R");
    }

    /// Python in a directory of its own.
    fn python(&self, dir: &str, minor: &str) {
        self.program(&format!("{dir}/bin/python{minor}"), "\u{7f}ELF");
        self.link(&format!("{dir}/bin/python3"), &format!("python{minor}"));
        let packages = format!("{dir}/lib/python{minor}/site-packages");
        self.0.put(
            &format!("{packages}/numpy-2.1.0.dist-info/METADATA"),
            "Name: numpy\n",
        );
        self.0.put(&format!("{packages}/numpy/__init__.py"), "");
    }

    fn closed(&self) {
        // Whatever the umask of who runs the tests is.
        let mut left = vec![self.0.path().to_owned()];
        while let Some(at) = left.pop() {
            let meta = std::fs::symlink_metadata(&at).unwrap();
            if meta.is_symlink() {
                continue;
            }
            let mode = meta.permissions().mode() & !0o022;
            std::fs::set_permissions(&at, std::fs::Permissions::from_mode(mode)).unwrap();
            if meta.is_dir() {
                let inner = std::fs::read_dir(&at).unwrap();
                left.extend(inner.map(|entry| entry.unwrap().path()));
            }
        }
    }

    fn list(&self) -> Value {
        self.closed();
        self.0.json(&["runtime", "list", "--json"])
    }

    fn which(&self, user: &str) -> Value {
        self.closed();
        self.0.json(&["runtime", "which", user, "--json"])
    }
}

/// Two R and two Python of the host's, a kernel, RStudio, and somebody with one of her own.
fn workbench() -> Host {
    let host = Host::new();
    host.r("opt/R/4.5.0", "4.5.0");
    host.r("opt/R/4.2.2", "4.2.2");
    host.link("opt/R/current", "4.5.0");
    host.link("usr/local/bin/R", "/opt/R/current/bin/R");
    host.r("usr", "4.1.3");
    host.program("usr/bin/python3.9", "\u{7f}ELF");
    host.0.put("usr/lib/python3.9/os.py", "");
    host.link("usr/bin/python3", "python3.9");
    host.python("opt/python/3.13.1", "3.13");
    host.0.put(
        "usr/local/share/jupyter/kernels/py313/kernel.json",
        r#"{"argv":["/opt/python/3.13.1/bin/python3","-m","ipykernel_launcher"],
            "display_name":"Python 3.13","language":"python"}"#,
    );
    host.0.put(
        "etc/rstudio/rserver.conf",
        "rsession-which-r=/opt/R/4.2.2/bin/R\n",
    );
    host.python("home/alice/.pyenv/versions/3.12.4", "3.12");
    host
}

fn runtime<'a>(document: &'a Value, path: &str) -> &'a Value {
    let all = document["runtimes"].as_array().unwrap();
    let found = all.iter().find(|one| one["path"] == path);
    found.unwrap_or_else(|| panic!("no {path} in {document:#}"))
}

fn way<'a>(document: &'a Value, language: &str, way: &str) -> &'a Value {
    let all = document["ways"].as_array().unwrap();
    let found = all
        .iter()
        .find(|one| one["language"] == language && one["way"] == way);
    found.unwrap_or_else(|| panic!("no {language} by {way} in {document:#}"))
}

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn every_r_and_python_is_found_with_its_version_and_where_it_is_from() {
    let document = workbench().list();
    assert_eq!(document["schema"], "benchwarden.runtimes/1");
    let all = document["runtimes"].as_array().unwrap().iter();
    let told: Vec<String> = all
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} {} {}",
                text("language"),
                text("version"),
                text("origin"),
                text("path")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "r 4.5.0 opt /opt/R/4.5.0/bin/R",
            "r 4.2.2 opt /opt/R/4.2.2/bin/R",
            "r 4.1.3 distribution /usr/lib/R/bin/R",
            "python 3.13.1 opt /opt/python/3.13.1/bin/python3",
            "python 3.9 distribution /usr/bin/python3.9",
            "python 3.12.4 pyenv /home/alice/.pyenv/versions/3.12.4/bin/python3",
        ]
    );
    let new = runtime(&document, "/opt/R/4.5.0/bin/R");
    assert_eq!(new["prefix"], "/opt/R/4.5.0/lib/R");
    assert_eq!(
        (&new["packages"], &new["built"]),
        (&json!(3), &json!("2023-04-03"))
    );
    assert_eq!((&new["roots"], &new["runs"]), (&json!(true), &Value::Null));
    assert!(new["runs_why"].as_str().unwrap().contains("never run"));
    assert_eq!(
        texts(&new["pointed_by"]),
        ["/usr/local/bin/R", "/opt/R/current"]
    );
    assert_eq!(
        new["end"],
        Value::Null,
        "R names no end, and none is made up"
    );
    let own = runtime(&document, "/home/alice/.pyenv/versions/3.12.4/bin/python3");
    assert_eq!(
        (&own["owner"], &own["packages"]),
        (&json!("alice"), &json!(1))
    );
    assert_eq!(texts(&document["broken"]), [""; 0]);
}

#[test]
fn a_version_past_its_end_says_since_when() {
    let document = workbench().list();
    let old = runtime(&document, "/usr/bin/python3.9");
    assert_eq!(old["end"], json!({"on": "2025-10-31", "over": true}));
    assert_eq!(texts(&old["broken"]), ["it gets no fixes since 2025-10-31"]);
    let day: jiff::civil::Date = document["ends_of"].as_str().unwrap().parse().unwrap();
    assert!(day.year() >= 2026);
}

#[test]
fn what_is_broken_is_told_with_the_file_that_is_wrong() {
    let host = workbench();
    host.link("usr/local/bin/python3", "/opt/python/3.8.1/bin/python3");
    host.0.put(
        "usr/share/jupyter/kernels/gone/kernel.json",
        r#"{"argv":["/opt/venv/bin/python"],"language":"python"}"#,
    );
    host.0
        .put("usr/share/jupyter/kernels/torn/kernel.json", "{");
    // Its script says that it is another one.
    host.program(
        "opt/R/4.2.2/lib/R/bin/R",
        "#!/bin/sh\nR_HOME_DIR=/opt/R/4.5.0/lib/R\n",
    );
    // A directory that is called after what is not in it, and one without the program itself.
    host.python("opt/python/3.14.0", "3.11");
    host.r("opt/R/4.0.0", "4.0.0");
    std::fs::remove_file(host.0.path().join("opt/R/4.0.0/lib/R/bin/exec/R")).unwrap();
    let document = host.list();
    let broken = |path: &str| texts(&runtime(&document, path)["broken"]).join("|");
    assert_eq!(
        broken("/opt/R/4.2.2/bin/R"),
        "/opt/R/4.2.2/bin/R says R_HOME_DIR=/opt/R/4.5.0/lib/R, and lies in /opt/R/4.2.2/lib/R"
    );
    assert_eq!(
        broken("/opt/python/3.14.0/bin/python3"),
        "/opt/python/3.14.0 is called 3.14.0 and holds 3.11"
    );
    assert_eq!(
        broken("/opt/R/4.0.0/bin/R"),
        "/opt/R/4.0.0/lib/R/bin/exec/R, the program itself, is missing"
    );
    let all = texts(&document["broken"]).join("\n");
    for part in [
        "/usr/local/bin/python3 leads to /opt/python/3.8.1/bin/python3: it leads to \
         /opt/python/3.8.1, which is not there",
        "kernel gone (/usr/share/jupyter/kernels/gone/kernel.json) leads to /opt/venv/bin/python",
        "kernel torn (/usr/share/jupyter/kernels/torn/kernel.json) leads to nothing",
    ] {
        assert!(all.contains(part), "{part} in {all}");
    }
}

#[test]
fn what_somebody_gets_is_told_by_each_way_in_with_the_reason() {
    let host = workbench();
    let document = host.which("alice");
    assert_eq!(document["schema"], "benchwarden.runtime-which/1");
    let version = |language: &str, by: &str| way(&document, language, by)["version"].clone();
    assert_eq!(version("r", "shells, ssh, at, env"), "4.5.0");
    assert_eq!(version("r", "RStudio Server"), "4.2.2");
    assert_eq!(version("python", "shells, ssh, at, env"), "3.9");
    assert_eq!(version("python", "kernel py313"), "3.13.1");
    assert_eq!(
        version("r", "cron"),
        "4.1.3",
        "cron looks in /usr/bin alone"
    );
    let why = way(&document, "r", "shells, ssh, at, env")["why"]
        .as_str()
        .unwrap();
    assert!(
        why.ends_with("it leads to /opt/R/4.5.0/lib/R/bin/R"),
        "{why}"
    );
    assert_eq!(document["own"][0]["version"], "3.12.4");
    assert_eq!(host.which("bob")["own"], json!([]), "alice's is hers alone");
    let nobody = host.0.run(&["runtime", "which", "zoe"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("zoe is nobody on this host"));
}

#[test]
fn choices_of_the_policy_are_told_with_the_version_they_mean() {
    let host = workbench();
    host.0.put(
        CONSOLE,
        "[runtimes]\nr = \"4\"\npython = \"3.14\"\n[runtimes.group.legacy]\nr = \"4.2.2\"\n",
    );
    let document = host.list();
    let chosen = |path: &str| runtime(&document, path)["chosen_by"].clone();
    assert_eq!(
        chosen("/opt/R/4.5.0/bin/R"),
        json!([{"table": "[runtimes]", "version": "4",
            "at": "/etc/benchwarden/policy.d/50-console.toml:2"}])
    );
    assert_eq!(
        chosen("/opt/R/4.2.2/bin/R")[0]["table"],
        "[runtimes.group.legacy]"
    );
    let broken = texts(&document["broken"]).join("\n");
    assert!(
        broken.contains("chooses Python 3.14, and no such version is here"),
        "{broken}"
    );
}

#[test]
fn hostile_places_are_neither_believed_nor_waited_for_nor_run() {
    let host = workbench();
    let at = |path: &str| host.0.path().join(path);
    // What would tell that it was run.
    let trap = at("trapped");
    let script = format!("#!/bin/sh\necho > {}\n", trap.display());
    host.program("home/alice/.pyenv/versions/3.11.1/bin/python3", &script);
    host.program("opt/python/3.10.1/bin/python3", &script);
    // A pipe where a file should be, a link out of the home, a name with an escape sequence.
    std::fs::create_dir_all(at("home/bob/.local/share/jupyter/kernels/pipe")).unwrap();
    for pipe in [
        "home/bob/.local/share/jupyter/kernels/pipe/kernel.json",
        "usr/share/jupyter/kernels/pipe/kernel.json",
    ] {
        std::fs::create_dir_all(at(pipe).parent().unwrap()).unwrap();
        let status = std::process::Command::new("mkfifo").arg(at(pipe)).status();
        assert!(status.unwrap().success());
    }
    host.link("home/bob/.pyenv", "/opt");
    std::fs::create_dir_all(at("opt/R/4.9.9\u{1b}]0;owned\u{7}/lib/R/library/base")).unwrap();
    host.0.put(
        "opt/R/9.9.9/lib/R/library/base/DESCRIPTION",
        "Version: \u{1b}[31m9\n",
    );
    let begun = Instant::now();
    let document = host.list();
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "a pipe was waited for"
    );
    assert!(!trap.exists(), "an interpreter was run");
    let text = document.to_string();
    assert!(
        !text.contains("owned") && !text.contains("\\u001b"),
        "{text}"
    );
    assert_eq!(
        runtime(&document, "/opt/R/9.9.9/lib/R/bin/R")["version"],
        Value::Null
    );
    let all = document["runtimes"].as_array().unwrap();
    assert!(
        all.iter().all(|one| one["owner"] != "bob"),
        "a link out of a home was followed"
    );
    assert!(
        texts(&document["broken"])
            .iter()
            .any(|told| told.contains("kernel pipe"))
    );
    let out = host.0.run(&["runtime", "list"]);
    assert!(!out.stdout.contains(&0x1b) && out.status.success());
}

#[test]
fn what_others_may_write_is_found_and_may_not_be_chosen() {
    let host = workbench();
    host.closed();
    let mode = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(host.0.path().join("opt/R/4.5.0/bin"), mode).unwrap();
    host.0.put(CONSOLE, "[runtimes]\nr = \"4.5\"\n");
    for dir in ["etc/benchwarden", "etc/benchwarden/policy.d"] {
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(host.0.path().join(dir), mode).unwrap();
    }
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(host.0.path().join(CONSOLE), mode).unwrap();
    let document = host.0.json(&["runtime", "list", "--json"]);
    assert_eq!(runtime(&document, "/opt/R/4.5.0/bin/R")["roots"], false);
    let broken = texts(&document["broken"]).join("\n");
    assert!(broken.contains("chooses R 4.5, and no such version is here that root alone"));
}

#[test]
fn a_bare_host_has_an_answer_too_and_text_fits_a_terminal() {
    let bare = Host::new();
    let out = bare.0.run(&["runtime", "list"]);
    assert_eq!(
        String::from_utf8_lossy(&out.stdout),
        "no R and no Python found\n"
    );
    let host = workbench();
    host.closed();
    for args in [&["runtime", "list"][..], &["runtime", "which", "alice"]] {
        let out = host.0.run(args);
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success() && text.contains("4.5.0"), "{out:?}");
        let words = |line: &&str| line.split_whitespace().all(|word| word.len() < 40);
        for line in text.lines().filter(words) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

/// The plan of a changing verb, which a tree of files is only shown.
fn planned(host: &Host, args: &[&str]) -> Value {
    host.closed();
    host.0
        .json(&[&["runtime"], args, &["--dry-run", "--json"]].concat())
}

/// Why a verb is refused.
fn refused(host: &Host, args: &[&str]) -> String {
    host.closed();
    let out = host.0.run(&[&["runtime"], args, &["--dry-run"]].concat());
    assert_eq!(out.status.code(), Some(3), "{out:?}");
    String::from_utf8_lossy(&out.stderr).into_owned()
}

fn exactly(plan: &Value) -> Vec<&str> {
    let steps = plan["steps"].as_array().unwrap().iter();
    steps
        .map(|step| step["exactly"].as_str().unwrap())
        .collect()
}

/// What a step writes.
fn content<'a>(plan: &'a Value, path: &str) -> &'a str {
    let steps = plan["steps"].as_array().unwrap().iter();
    let actions = steps.flat_map(|step| step["action"].as_object().unwrap().values());
    let mut written = actions.filter(|action| action["path"] == path);
    written.next().unwrap()["content"].as_str().unwrap()
}

/// The same host with benchwarden installed, so that something can be chosen.
fn installed() -> Host {
    let host = workbench();
    host.program("usr/bin/benchwarden", "\u{7f}ELF");
    host
}

#[test]
fn a_default_is_a_line_of_the_policy_a_table_and_links_that_decide() {
    let host = installed();
    let plan = planned(&host, &["default", "r", "4.2"]);
    assert_eq!(plan["intent"], "R 4.2 for every person");
    assert_eq!(
        exactly(&plan),
        [
            "write /etc/benchwarden/policy.d/50-console.toml, mode 0644",
            "write /etc/benchwarden/runtimes.table, mode 0644",
            "link /usr/local/bin/.R.before-benchwarden to /usr/bin/benchwarden",
            "exchange /usr/local/bin/R and /usr/local/bin/.R.before-benchwarden",
            "link /usr/local/bin/Rscript to /usr/bin/benchwarden",
            "write /etc/rstudio/rserver.conf, mode 0644",
        ]
    );
    let policy = content(&plan, "/etc/benchwarden/policy.d/50-console.toml");
    assert_eq!(policy, "[runtimes]\nr = \"4.2\"\n");
    let table = content(&plan, "/etc/benchwarden/runtimes.table");
    assert_eq!(
        table,
        "benchwarden-runtimes 1\nperson 1000\n\
         have r 4.5.0 /opt/R/4.5.0/bin/R -\nhave r 4.2.2 /opt/R/4.2.2/bin/R -\n\
         have r 4.1.3 /usr/lib/R/bin/R -\n\
         system r /usr/lib/R/bin/R -\nothers r /opt/R/4.5.0/bin/R -\neverybody r 4.2.2\n"
    );
    let undone = plan["steps"].as_array().unwrap().iter();
    assert!(
        undone
            .map(|step| &step["undo"]["kind"])
            .all(|kind| kind == "exact")
    );
    let told = plan["warnings"].to_string();
    assert!(told.contains("cron looks in /usr/bin alone"), "{told}");
    // A tree is never changed.
    let out = host.0.run(&["runtime", "default", "r", "4.2", "--yes"]);
    assert_eq!(out.status.code(), Some(3), "{out:?}");
}

#[test]
fn a_pin_is_for_one_person_or_a_group_and_what_is_not_reached_is_said() {
    let host = installed();
    host.0.put(CONSOLE, "# ours\n[runtimes]\nr = \"4\"\n");
    let plan = planned(&host, &["pin", "r", "4.2.2", "--group", "legacy"]);
    let policy = content(&plan, "/etc/benchwarden/policy.d/50-console.toml");
    assert_eq!(
        policy,
        "# ours\n[runtimes]\nr = \"4\"\n\n[runtimes.group.legacy]\nr = \"4.2.2\"\n"
    );
    let table = content(&plan, "/etc/benchwarden/runtimes.table");
    assert!(
        table.ends_with("everybody r 4.5.0\ngroup 3000 r 4.2.2\n"),
        "{table}"
    );
    let told = plan["warnings"].to_string();
    assert!(
        told.contains("RStudio Server starts one R for everybody"),
        "{told}"
    );
    let plan = planned(&host, &["pin", "python", "3.13", "--user", "alice"]);
    let table = content(&plan, "/etc/benchwarden/runtimes.table");
    assert!(
        table.contains("\nsystem python /usr/bin/python3 -\n"),
        "{table}"
    );
    assert!(table.ends_with("\nuser 1001 python 3.13.1\n"), "{table}");
    assert!(exactly(&plan).contains(&"link /usr/local/bin/python3 to /usr/bin/benchwarden"));
    assert!(
        !exactly(&plan)
            .iter()
            .any(|step| step.contains("/usr/bin/python3"))
    );
}

#[test]
fn a_pin_is_taken_back_and_a_reset_takes_everything() {
    let host = installed();
    host.0.put(
        CONSOLE,
        "[limits.default]\ntasks_max = 4096\n\n[runtimes]\nr = \"4.2\"\n\n\
         [runtimes.user.alice]\nr = \"4.5.0\"\n",
    );
    let plan = planned(&host, &["unpin", "r", "--user", "alice"]);
    let policy = content(&plan, "/etc/benchwarden/policy.d/50-console.toml");
    assert!(
        !policy.contains("alice") && policy.contains("r = \"4.2\""),
        "{policy}"
    );
    let why = refused(&host, &["unpin", "r", "4.2.2", "--user", "alice"]);
    assert!(
        why.contains("says nothing of R 4.2.2 for user alice"),
        "{why}"
    );
    let why = refused(&host, &["unpin", "python", "--group", "legacy"]);
    assert!(
        why.contains("says nothing of Python for group legacy"),
        "{why}"
    );

    // As it is when the default is in force.
    let plan = planned(&host, &["default", "r", "4.2"]);
    let table = content(&plan, "/etc/benchwarden/runtimes.table").to_owned();
    let rstudio = content(&plan, "/etc/rstudio/rserver.conf").to_owned();
    host.0.put("etc/benchwarden/runtimes.table", table);
    host.0.put("etc/rstudio/rserver.conf", rstudio);
    let local = host.0.path().join("usr/local/bin");
    std::fs::rename(local.join("R"), local.join(".R.before-benchwarden")).unwrap();
    host.link("usr/local/bin/R", "/usr/bin/benchwarden");
    host.link("usr/local/bin/Rscript", "/usr/bin/benchwarden");
    let plan = planned(&host, &["default", "r", "4.2"]);
    assert_eq!(exactly(&plan), [""; 0], "everything is so");
    let plan = planned(&host, &["reset"]);
    assert_eq!(
        exactly(&plan),
        [
            "write /etc/benchwarden/policy.d/50-console.toml, mode 0644",
            "exchange /usr/local/bin/R and /usr/local/bin/.R.before-benchwarden",
            "remove /usr/local/bin/.R.before-benchwarden",
            "remove /usr/local/bin/Rscript",
            "write /etc/rstudio/rserver.conf, mode 0644",
            "remove /etc/benchwarden/runtimes.table",
        ]
    );
    let policy = content(&plan, "/etc/benchwarden/policy.d/50-console.toml");
    assert_eq!(policy, "[limits.default]\ntasks_max = 4096\n");
    let rstudio = content(&plan, "/etc/rstudio/rserver.conf");
    assert_eq!(rstudio, "rsession-which-r=/opt/R/4.2.2/bin/R\n");
}

#[test]
fn what_is_in_force_is_told_for_everybody_by_the_links_that_decide() {
    let host = installed();
    let plan = planned(&host, &["default", "r", "4.2"]);
    let table = content(&plan, "/etc/benchwarden/runtimes.table");
    host.0.put(
        "etc/benchwarden/runtimes.table",
        format!("{table}group 3000 r 4.5.0\n"),
    );
    std::fs::remove_file(host.0.path().join("usr/local/bin/R")).unwrap();
    host.link("usr/local/bin/R", "/usr/bin/benchwarden");
    let alice = host.which("alice");
    let shell = way(&alice, "r", "shells, ssh, at, env");
    assert_eq!(
        (&shell["version"], &shell["path"]),
        (&json!("4.2.2"), &json!("/opt/R/4.2.2/bin/R"))
    );
    let why = shell["why"].as_str().unwrap();
    assert_eq!(
        why,
        "/usr/local/bin/R decides: it is chosen for everybody; BENCHWARDEN_R= asks for one of \
         4.5.0, 4.2.2, 4.1.3"
    );
    let bob = host.which("bob");
    let shell = way(&bob, "r", "shells, ssh, at, env");
    assert_eq!(shell["version"], "4.5.0");
    assert!(
        shell["why"]
            .as_str()
            .unwrap()
            .contains("chosen for group legacy")
    );
    let rstudio = way(&bob, "r", "RStudio Server")["why"].as_str().unwrap();
    assert!(
        rstudio.ends_with("4.5.0, which is chosen for them, is not reached"),
        "{rstudio}"
    );
    let root = host.which("root");
    let shell = way(&root, "r", "shells, ssh, at, env");
    assert_eq!(
        (&shell["version"], &shell["path"]),
        (&json!("4.1.3"), &json!("/usr/lib/R/bin/R"))
    );
}

#[test]
fn what_cannot_be_chosen_is_refused_with_the_reason() {
    let host = workbench();
    let why = refused(&host, &["default", "r", "4.5.0"]);
    assert!(why.contains("install it there first"), "{why}");
    let host = installed();
    let why = refused(&host, &["default", "r", "4.9"]);
    assert!(why.contains("no R 4.9 is here that could be chosen; there are 4.5.0, 4.2.2, 4.1.3"));
    let why = refused(&host, &["pin", "r", "4.5.0", "--user", "zoe"]);
    assert!(why.contains("zoe is nobody on this host"), "{why}");
    let why = refused(&host, &["default", "python", "3.12"]);
    assert!(
        why.contains("no Python 3.12 is here"),
        "alice's own is hers alone: {why}"
    );
    host.0.put(
        "etc/benchwarden/policy.d/60-site.toml",
        "[runtimes]\nr = \"4.2.2\"\n",
    );
    let why = refused(&host, &["default", "r", "4.5.0"]);
    assert!(
        why.contains("R is said at /etc/benchwarden/policy.d/60-site.toml:2"),
        "{why}"
    );
    for args in [
        &["default", "perl", "5"][..],
        &["pin", "r", "4.5.0"],
        &["default", "r", "new"],
    ] {
        let out = host.0.run(&[&["runtime"], args].concat());
        assert_eq!(out.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn what_the_sites_own_policy_chooses_comes_into_force_with_it() {
    let host = installed();
    host.0.put(
        "etc/benchwarden/policy.toml",
        "[runtimes]\nr = \"4.2.2\"\npython = \"3.99\"\n",
    );
    let plan = |host: &Host| -> Value {
        host.closed();
        let out = host.0.run(&["policy", "plan", "--json"]);
        serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{out:?}"))
    };
    let wished = plan(&host);
    let table = content(&wished, "/etc/benchwarden/runtimes.table");
    assert!(table.ends_with("\neverybody r 4.2.2\n"), "{table}");
    assert!(exactly(&wished).contains(&"link /usr/local/bin/Rscript to /usr/bin/benchwarden"));
    let told = wished["warnings"].to_string();
    assert!(
        told.contains("policy.toml:3 chooses Python 3.99, and no such version"),
        "{told}"
    );
    // Where nothing can decide, the rest of the policy is not held up.
    let host = workbench();
    host.0
        .put("etc/benchwarden/policy.toml", "[runtimes]\nr = \"4.2.2\"\n");
    let wished = plan(&host);
    assert_eq!(wished["refused"], json!([]));
    assert!(
        wished["warnings"].to_string().contains("is not in force"),
        "{wished:#}"
    );
    // A host without a word of it is not even looked at.
    let host = installed();
    let none = plan(&host);
    assert!(
        !exactly(&none)
            .iter()
            .any(|step| step.contains("runtimes") || step.contains("link"))
    );
}
