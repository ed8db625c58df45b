use super::*;
use crate::policy::schema::{Key, Reaction, Resource, Role, Scope, Treatment};

fn source(name: &str, text: impl AsRef<[u8]>) -> Source {
    Source {
        name: name.into(),
        bytes: text.as_ref().to_vec(),
    }
}

fn read(text: &str) -> Result<Policy, Vec<Problem>> {
    policy(&[source("policy.toml", text)])
}

/// What is wrong with a file, as one reads it.
fn told(text: &str) -> String {
    let problems = read(text).expect_err(text);
    let lines = problems.iter().map(|problem| format!("{problem}\n"));
    lines.collect()
}

const DESIGN: &str = r#"
[host]
reserve_memory = "10%"
[admins]
groups = ["sudo"]
[limits.default]
cpu_quota = "400%"
memory_high = "35%"
memory_max = "40%"
memory_swap_max = "0"
tasks_max = 4096
[limits.group.modelling]
memory_max = "60%"
[limits.user.alice]
memory_max = "200G"
until = 2026-12-01T00:00:00Z
[sudo.grant.alice-restart-shiny]
users = ["alice"]
commands = ["/usr/bin/systemctl restart shiny-server"]
until = 2026-12-01T00:00:00Z
[runtimes]
r = "4.5.0"
python = "3.13"
[runtimes.group.legacy]
r = "4.2.2"
[roles]
viewer = { groups = ["leads"] }
operator = { users = ["dana"] }
admin = { groups = ["sudo"] }
"#;

#[test]
fn every_table_of_the_design_is_read() {
    let policy = read(DESIGN).unwrap();
    let file = &policy.files[0];
    assert_eq!(file.limits.len(), 3);
    assert_eq!(file.limits[0].entries.len(), 5);
    assert_eq!(file.limits[0].entries[4].value.to_string(), "4096");
    assert_eq!(file.limits[2].at.to_string(), "policy.toml:14");
    assert!(matches!(&file.limits[2].scope, Scope::User(name) if name.as_str() == "alice"));
    assert!(file.limits[2].until.is_some());
    let grant = &policy.grants()[0];
    assert_eq!(grant.whom.users.as_ref().unwrap().value.len(), 1);
    assert_eq!(file.runtimes.len(), 2);
    let roles: Vec<Role> = policy.roles().0.iter().map(|(role, ..)| *role).collect();
    assert_eq!(roles, Role::ALL);
}

#[test]
fn no_file_and_an_empty_one_wish_nothing_and_protect_the_usual_admins() {
    for policy in [
        policy(&[]).unwrap(),
        read("").unwrap(),
        read("# x\n").unwrap(),
    ] {
        assert!(policy.host().reserve_memory.is_none());
        let groups: Vec<String> = policy
            .admins()
            .groups
            .iter()
            .map(|(g, _)| g.to_string())
            .collect();
        assert_eq!(groups, ["sudo", "wheel"]);
        let guard = policy.guard();
        assert_eq!(guard.others, Treatment::Adopt);
        assert!(!guard.pressure.tell.is_off());
        assert!(
            Reaction::ALL[1..]
                .iter()
                .all(|r| guard.pressure.trigger(*r).is_off())
        );
    }
}

#[test]
fn the_example_that_is_shipped_is_right_with_everything_in_it() {
    let text = include_str!("../../../config/policy.toml");
    let policy = read(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(policy.files[0].limits[0].entries.len(), 5);
    let pressure = policy.guard().pressure;
    assert_eq!(pressure.penalty.limits.len(), 2);
    assert_eq!(
        pressure.freeze.above(Resource::Memory).unwrap().to_string(),
        "40%"
    );
    assert!(pressure.kill.is_off());
    // What is commented out is TOML as well: nothing in prose begins so.
    let code = |line: &str| {
        let word = line.split([' ', '=']).next().unwrap_or("");
        let head = line.starts_with('[') && line.contains(']');
        head || Key::find(word).is_some() && line.contains(" = ")
            || [
                "users", "commands", "as", "nopasswd", "until", "reason", "r", "python", "viewer",
                "operator", "admin", "memory", "after",
            ]
            .contains(&word)
                && line.contains(" = ")
    };
    let all: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if code(rest) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let policy = read(&all).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(policy.files[0].limits.len(), 3);
    assert_eq!(policy.files[0].limits[2].entries.len(), 2);
    assert_eq!(policy.grants().len(), 1);
    assert_eq!(policy.roles().0.len(), 3);
    assert!(!policy.guard().pressure.kill.is_off());
}

#[test]
fn a_later_file_wins_key_by_key() {
    let first = source(
        "a",
        "[host]\nreserve_memory = \"1G\"\nreserve_tasks = 9\n[admins]\ngroups = [\"a\"]\nusers = [\"x\"]\n[sudo.grant.g]\nusers = [\"x\"]\ncommands = [\"/bin/x\"]\n[guard]\nnever = [\"a.service\"]\n",
    );
    let second = source(
        "b",
        "[host]\nreserve_memory = \"2G\"\n[admins]\ngroups = [\"b\"]\n[sudo.grant.g]\nusers = [\"y\"]\n[guard]\nnever = [\"b.service\"]\nadopt = [\"ssh.service\"]\n",
    );
    let policy = policy(&[first, second]).unwrap();
    let host = policy.host();
    assert_eq!(host.reserve_memory.unwrap().at.to_string(), "b:2");
    assert_eq!(host.reserve_tasks.unwrap().at.to_string(), "a:3");
    let admins = policy.admins();
    assert_eq!(admins.groups[0].0.as_str(), "b");
    assert_eq!(admins.users[0].0.as_str(), "x");
    let grants = policy.grants();
    assert_eq!(grants.len(), 1);
    assert_eq!(
        grants[0].whom.users.as_ref().unwrap().value[0]
            .value
            .as_str(),
        "y"
    );
    assert!(grants[0].commands.is_some());
    let guard = policy.guard();
    assert_eq!(guard.treatment("b.service"), Treatment::Never);
    assert_eq!(guard.treatment("a.service"), Treatment::Adopt);
    assert_eq!(
        guard.treatment("ssh.service"),
        Treatment::Adopt,
        "what a file names comes first"
    );
}

#[test]
fn services_are_treated_as_what_they_are() {
    let guard = policy(&[]).unwrap().guard();
    for (unit, treatment) in [
        ("cron.service", Treatment::Adopt),
        ("crond.service", Treatment::Adopt),
        ("atd.service", Treatment::Adopt),
        ("rstudio-server.service", Treatment::Adopt),
        ("rstudio-launcher.service", Treatment::Adopt),
        ("jupyterhub.service", Treatment::Adopt),
        ("session-3.scope", Treatment::Adopt),
        ("user@1001.service", Treatment::Adopt),
        ("jupyter-alice-singleuser.service", Treatment::Leave),
        ("docker-0a1b.scope", Treatment::Never),
        ("ssh.service", Treatment::Never),
        ("systemd-logind.service", Treatment::Never),
        ("init.scope", Treatment::Never),
    ] {
        assert_eq!(guard.treatment(unit), treatment, "{unit}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_with_its_line() {
    insta::assert_snapshot!(told(
        r#"
[limits.default]
memroy_max = "40%"
MemoryHigh = "35%"
cpu_quota = 400
tasks_max = "101%"
memory_max = 200
memory_swap_max = 1.5
io_read_bandwidth_max = ["50M", "vdb 5M"]
ip_deny = ["10.1.2.3/8", "example.org"]
disk_hard = "200GB"
until = 2026-12-01
[limits.user."a b"]
memory_max = "1G"
[limits.user.1001]
memory_max = "1G"
[limits.user.bob]
cpu_quota = { value = "10%", untill = 2026-12-01T00:00:00Z }
cpu_weight = { until = 2026-12-01T00:00:00Z }
tasks_max = true
[limits.user.carl]
until = "2026-12-01T00:00:00Z"
[limits.users.carla]
memory_max = "1G"
[limits.group]
memory_max = "1G"
[host]
memory_max = "1G"
until = 2026-12-01T00:00:00Z
reserve_memory = true
[admins]
groups = "sudo"
users = ["x", "x", ""]
[sudo.grant."a/b"]
[sudo.grants.x]
[sudo.grant.empty]
commands = ["systemctl restart x", "/bin/x\n"]
as = 0
nopasswd = "yes"
reason = ""
[runtimes]
python = 3.13
r = "latest"
julia = "1.10"
[roles]
reader = { users = ["x"] }
admin = ["sudo"]
[guard]
adopt = ["cron", "*.service", 5]
others = "ignore"
[guard.pressure]
warn = { cpu = "10%" }
[guard.pressure.tell]
cpu = 80
memory = "0%"
for = "5m"
after = "2 s"
[guard.pressure.throttle]
limits = { memory_max = "1G" }
[[limits.user.dora]]
memory_max = "1G"
[limit.default]
memory_max = "1G"
"#
    ));
    insta::assert_snapshot!(told("memory_max = \"1G\"\nlimits = 5\nx = 1\n"));
}

#[test]
fn what_cannot_both_be_meant_is_told_where_it_is_said_last() {
    insta::assert_snapshot!(told(
        r#"
[host]
reserve_memory = "100%"
[admins]
groups = []
[limits.default]
memory_max = "30%"
memory_high = "35%"
disk_soft = "infinity"
disk_hard = "10G"
[limits.user.alice]
memory_high = "20G"
memory_max = "10G"
[sudo.grant.nothing]
[sudo.grant.nobody]
users = []
commands = ["/bin/x"]
[roles]
viewer = { users = ["dana"], groups = ["a"] }
operator = { groups = ["a"] }
admin = { users = ["dana"] }
[guard]
adopt = ["x.service"]
never = ["x.service"]
[guard.pressure.throttle]
for = "3h"
[guard.pressure.freeze]
memory = "5%"
[guard.pressure.tell]
memory = "50%"
"#
    ));
    let files = [
        source("a", "[limits.default]\nmemory_high = \"35%\"\n"),
        source("b", "[limits.default]\nmemory_max = \"30%\"\n"),
    ];
    let problems = policy(&files).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "b:2:1: [limits.default] memory_high = 35% is above memory_max = 30%; memory_high stands in a:2"
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_line_and_what_stands_before_it_too() {
    let broken = [
        "[host]\nreserve_memory = \"10%\n[admins]\n",
        "[host\nreserve_memory = \"10%\"\n",
        "[host]\nreserve_memory \"10%\"\n",
        "[host]\nreserve_memory = 10%\n",
        "[host]\nreserve_memory =\n",
        "[host]\nreserve_memory = \"10%\"\nreserve_memory = \"11%\"\n",
        "[host]\n[host]\n",
        "[admins]\ngroups = [\"a\", \"b\"\n",
        "[admins]\ngroups = [\"a\" \"b\"]\n",
        "[limits.user.a]\nuntil = 2026-13-01T00:00:00Z\n",
        "[limits.user.a]\nuntil = 2026-02-30T00:00:00Z\nmemory_max = \"1G\"\n",
        "[host]\nreserve_tasks = 99999999999999999999999999\n",
        "[host]\nx = \"\u{1}\"\n",
        "[host]\n# \u{1b}[31m\n",
        "[host]\nreserve_tasks = 10",
        "[hos]\nreserve_tasks = 10\n]\n[hosts]\n",
        "[sudo.grant.x]\nreason = \"\"\"one\ntwo\n",
    ];
    let mut all = String::new();
    for text in broken {
        let said = match read(text) {
            Ok(_) => "fine\n".to_owned(),
            Err(_) => told(text),
        };
        all += &format!("{text:?}\n{said}\n");
    }
    insta::assert_snapshot!(all);
    let problems = policy(&[source("p", b"[host]\nx = \"\xff\"\n")]).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "p:2:6: what stands here is no UTF-8; save the file as UTF-8 text"
    );
    assert_eq!(problems[0].excerpt, "x = \"\\xff\"");
}

#[test]
fn somebody_elses_text_is_harmless_in_a_message() {
    let said = told("\"\\u001b[31m\" = 1\n[limits.user.\"\\u202ex\"]\n\"\\u0007\" = 1\n");
    assert!(!said.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{said}");
}

#[test]
fn other_ends_of_lines_and_a_mark_at_the_start_change_nothing() {
    let said = told("\u{feff}x = 1\r\n[host]\r\nreserve = 1\r\n");
    assert_eq!(
        said,
        "policy.toml:1:1: x stands in no table, and nothing may stand there; the nearest is host\n\
         policy.toml:3:1: [host] has no key reserve; the nearest is reserve_tasks\n"
    );
    let dos = DESIGN.replace('\n', "\r\n");
    assert_eq!(
        read(&format!("\u{feff}{dos}")).unwrap().files[0]
            .limits
            .len(),
        3
    );
}
