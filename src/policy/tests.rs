use jiff::Timestamp;
use proptest::prelude::*;

use super::export::{export, literal};
use super::parse::{self, Source};
use super::resolve::{HostSize, Resolved, Who};
use super::schema::{Key, Pattern, Policy, Value};
use crate::base::units::Bytes;

const HOST: HostSize = HostSize {
    memory: Bytes(10_000_000_000),
    page: Bytes(4096),
    tasks: 1000,
    cpus: 8,
};

fn read(texts: &[&str]) -> Policy {
    let sources: Vec<Source> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| Source {
            name: format!("{at}.toml").into(),
            bytes: text.as_bytes().to_vec(),
        })
        .collect();
    parse::policy(&sources).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn resolved(policy: &Policy, name: &str, groups: &[&str], now: &str) -> Resolved {
    policy.resolve(Who { name, groups }, at(now), &HOST)
}

fn said(policy: &Policy, name: &str, groups: &[&str], now: &str) -> Vec<String> {
    let resolved = resolved(policy, name, groups, now);
    let limits = resolved.limits.iter();
    limits
        .map(|limit| {
            format!(
                "{}={} {}",
                limit.key.name(),
                limit.said.value,
                limit.said.at
            )
        })
        .collect()
}

#[test]
fn a_person_wins_over_groups_and_groups_over_everybody_in_their_order() {
    let policy = read(&[
        "[limits.user.a]\ncpu_weight = 1\n[limits.group.g]\ncpu_weight = 2\ntasks_max = 20\n[limits.group.h]\ncpu_weight = 3\n[limits.default]\ncpu_weight = 4\nio_weight = 4\n",
        "[limits.group.g]\ncpu_weight = 5\n",
    ]);
    let of = |name, groups| said(&policy, name, groups, "2026-01-01T00:00:00Z");
    assert_eq!(of("a", &["g", "h"])[0], "cpu_weight=1 0.toml:2");
    assert_eq!(
        of("b", &["g"]),
        [
            "cpu_weight=5 1.toml:2",
            "tasks_max=20 0.toml:5",
            "io_weight=4 0.toml:10"
        ]
    );
    assert_eq!(
        of("b", &["h", "g"])[0],
        "cpu_weight=3 0.toml:7",
        "what a later file says of g leaves g where it was"
    );
    assert_eq!(
        of("c", &[]),
        ["cpu_weight=4 0.toml:9", "io_weight=4 0.toml:10"]
    );
    assert_eq!(
        of("g", &["a"])[0],
        "cpu_weight=4 0.toml:9",
        "names of people are not names of groups"
    );
}

#[test]
fn what_is_over_does_not_count_from_that_very_moment() {
    let policy = read(&[
        "[limits.user.a]\ncpu_weight = 1\n[sudo.grant.g]\nusers = [\"a\"]\ncommands = [\"/x\"]\nuntil = 2026-03-01T00:00:00Z\n",
        "[limits.user.a]\ncpu_weight = 2\ntasks_max = { value = 30, until = 2026-02-01T00:00:00Z }\nuntil = 2026-01-01T01:00:00+01:00\n",
    ]);
    let of = |now| said(&policy, "a", &[], now);
    assert_eq!(
        of("2025-12-31T23:59:59Z"),
        ["cpu_weight=2 1.toml:2", "tasks_max=30 1.toml:3"]
    );
    assert_eq!(
        of("2026-01-01T00:00:00Z"),
        ["cpu_weight=1 0.toml:2", "tasks_max=30 1.toml:3"]
    );
    assert_eq!(of("2026-02-01T00:00:00Z"), ["cpu_weight=1 0.toml:2"]);
    let later = resolved(&policy, "a", &[], "2026-03-01T00:00:00Z");
    assert_eq!(later.over.len(), 2);
    assert!(later.grants[0].over);
    let mut ends = Vec::new();
    let mut now = at("2025-01-01T00:00:00Z");
    while let Some(end) = policy.next_end(now) {
        ends.push(end.to_string());
        now = end;
    }
    assert_eq!(
        ends,
        [
            "2026-01-01T00:00:00Z",
            "2026-02-01T00:00:00Z",
            "2026-03-01T00:00:00Z"
        ]
    );
}

#[test]
fn percentages_become_this_hosts_pages_and_tasks() {
    let policy = read(&[
        "[limits.default]\nmemory_max = \"33%\"\nmemory_high = 100000001\ntasks_max = \"33.3%\"\nmemory_swap_max = \"infinity\"\n",
    ]);
    let resolved = resolved(&policy, "a", &[], "2026-01-01T00:00:00Z");
    let here: Vec<String> = resolved
        .limits
        .iter()
        .map(|limit| limit.here.to_string())
        .collect();
    assert_eq!(here, ["100000001", "3222656K", "infinity", "333"]);
}

#[test]
fn who_is_protected_and_who_may_do_what_is_told_with_the_reason() {
    let policy = read(&[
        "[admins]\nusers = [\"a\"]\ngroups = [\"adm\"]\n[roles]\nviewer = { groups = [\"g\"] }\nadmin = { groups = [\"adm\"] }\n",
    ]);
    let of = |name, groups| resolved(&policy, name, groups, "2026-01-01T00:00:00Z");
    assert_eq!(
        of("a", &[]).admin.unwrap().at.unwrap().to_string(),
        "0.toml:2"
    );
    let b = of("b", &["g", "adm"]);
    assert_eq!(b.admin.unwrap().group.as_deref(), Some("adm"));
    assert_eq!(b.role.unwrap().0.name(), "admin", "the most of several");
    assert_eq!(of("c", &["g"]).role.unwrap().0.name(), "viewer");
    let nobody = of("g", &[]);
    assert!(nobody.role.is_none() && nobody.admin.is_none());
}

#[test]
fn a_star_stands_for_any_characters() {
    for (pattern, unit, is) in [
        ("cron.service", "cron.service", true),
        ("cron.service", "cron.service.service", false),
        ("jupyter-*.service", "jupyter-a.service", true),
        ("jupyter-*.service", "jupyter-.service", true),
        ("jupyter-*.service", "jupyter.service", false),
        ("*-x-*.scope", "a-x-b.scope", true),
        ("*-x-*.scope", "a-y-b.scope", false),
        ("a*a.service", "a.service", false),
        ("a*b*b.service", "ab.service", false),
        ("a*b*b.service", "abb.service", true),
    ] {
        assert_eq!(
            Pattern::parse(pattern).unwrap().is_of(unit),
            is,
            "{pattern} {unit}"
        );
    }
    for bad in [
        "",
        "*",
        "*.service",
        "cron",
        "a b.service",
        "x.slice",
        "/x.service",
    ] {
        assert!(Pattern::parse(bad).is_err(), "{bad}");
    }
}

fn some_value() -> impl Strategy<Value = (Key, Vec<String>)> {
    (
        prop::sample::select(Key::ALL.to_vec()),
        1u64..9999,
        0usize..4,
    )
        .prop_map(|(key, number, form)| {
            use super::schema::Kind;
            let texts = match (key.kind(), form) {
                (Kind::Quota | Kind::Memory | Kind::Tasks | Kind::Bytes | Kind::Count, 0) => {
                    vec!["infinity".into()]
                }
                (Kind::Quota, _) => vec![format!("{}%", number + 5)],
                (Kind::Memory | Kind::Tasks, 1) => {
                    vec![format!("{}.{:02}%", 10 + number % 90, number % 100)]
                }
                (Kind::Memory | Kind::Bytes, _) => vec![format!("{}M", number + 32)],
                (Kind::Weight, _) => vec![number.to_string()],
                (Kind::Tasks | Kind::Count, _) => vec![(number + 16).to_string()],
                (Kind::Rates, 0) => vec![format!("{number}K")],
                (Kind::Rates, _) => vec![
                    format!("/dev/disk/by-label/a b {number}"),
                    "infinity".into(),
                ],
                (Kind::Addresses, 0) => vec![],
                (Kind::Addresses, _) => {
                    vec![format!("10.{}.0.0/16", number % 256), "multicast".into()]
                }
            };
            (key, texts)
        })
}

fn parsed(key: Key, texts: &[String]) -> Value {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    key.value(&texts).unwrap()
}

proptest! {
    #[test]
    fn values_survive_being_written_and_read((key, texts) in some_value()) {
        let value = parsed(key, &texts);
        prop_assert_eq!(&parsed(key, &value.texts()), &value);
        let file = format!("[limits.default]\n{} = {}\n", key.name(), literal(&value));
        let policy = read(&[&file]);
        prop_assert_eq!(&policy.files[0].limits[0].entries[0].value, &value);
    }

    #[test]
    fn what_is_exported_means_the_same_for_everybody(
        entries in prop::collection::vec((0usize..3, 0usize..7, some_value(), any::<bool>()), 0..25),
    ) {
        const SCOPES: [&str; 7] = ["default", "group.a", "group.\"b c\"", "group.d", "user.a", "user.\"x.y\"", "user.z"];
        let mut files = vec![String::new(); 3];
        let mut met = std::collections::BTreeSet::new();
        for (file, scope, (key, texts), ends) in entries {
            // Pairs that may contradict one another are another test's.
            let pair = matches!(key, Key::MemoryHigh | Key::DiskSoft | Key::InodesSoft);
            if pair || !met.insert((file, scope, key)) {
                continue;
            }
            let value = literal(&parsed(key, &texts));
            let value = if ends { format!("{{ value = {value}, until = 2030-01-01T00:00:00Z }}") } else { value };
            files[file] += &format!("limits.{}.{} = {value}\n", SCOPES[scope], key.name());
        }
        let texts: Vec<&str> = files.iter().map(String::as_str).collect();
        let policy = read(&texts);
        for now in ["2026-01-01T00:00:00Z", "2031-01-01T00:00:00Z"] {
            let one = read(&[&export(&policy, at(now))]);
            for (name, groups) in [("a", &["a", "b c"][..]), ("x.y", &["d", "a"]), ("z", &[]), ("w", &["d", "b c"])] {
                let told = |policy: &Policy| -> Vec<(Key, Value, Option<Timestamp>)> {
                    let resolved = resolved(policy, name, groups, now);
                    let limits = resolved.limits.into_iter();
                    limits.map(|limit| (limit.key, limit.said.value, limit.said.until)).collect()
                };
                prop_assert_eq!(told(&policy), told(&one));
            }
        }
    }

    #[test]
    fn no_file_is_too_odd(text in "(\\[(limits|host|sudo|guard|roles|runtimes|admins)[a-z.\"]{0,12}\\]\n|[a-z_.\"]{1,12} ?= ?[0-9a-z\"%{}\\[\\], .:-]{0,16}\n|\\PC{0,10}\n){0,8}") {
        let sources = [Source { name: "x".into(), bytes: text.clone().into_bytes() }];
        if let Err(problems) = parse::policy(&sources) {
            let lines = text.lines().count().max(1);
            for problem in problems {
                prop_assert!((1..=lines).contains(&problem.line), "{}", problem);
            }
        }
    }
}
