use super::*;
use crate::base::id::{GroupName, UserName};
use crate::policy::resolve::{HostSize, Who};
use proptest::prelude::*;

const FILE: &str = "/etc/benchwarden/policy.d/50-console.toml";

fn user(name: &str) -> Scope {
    Scope::User(UserName::parse(name).unwrap())
}

fn set(scope: &Scope, key: Key, text: &str) -> Change {
    Change::limit(scope, key, &key.value(&[text]).unwrap(), None)
}

fn changed(old: &str, changes: &[Change]) -> String {
    let sources = [Source {
        name: FILE.into(),
        bytes: old.into(),
    }];
    edit(&sources, FILE, true, changes).unwrap().0
}

const OLD: &str = "\
# Written by hand.
[limits.default] # for all
# half of it
memory_max = \"40%\"   # was 30%
tasks_max   = 4096

# modellers
[limits.group.modelling]
memory_max = \"60%\"
";

#[test]
fn a_value_is_replaced_and_everything_around_it_stays() {
    let new = changed(
        OLD,
        &[
            set(&Scope::Default, Key::MemoryMax, "45%"),
            set(&Scope::Default, Key::TasksMax, "33%"),
            set(&Scope::Default, Key::CpuQuota, "400%"),
        ],
    );
    assert_eq!(
        new,
        OLD.replace("\"40%\"", "\"45%\"")
            .replace("4096\n", "\"33%\"\ncpu_quota = \"400%\"\n")
    );
}

#[test]
fn new_tables_come_last_of_their_kind_and_in_an_empty_file_first() {
    let until: Timestamp = "2030-12-01T00:00:00Z".parse().unwrap();
    let value = Key::MemoryMax.value(&["200G"]).unwrap();
    let alice = user("first.last");
    let new = changed(
        OLD,
        &[Change::limit(&alice, Key::MemoryMax, &value, Some(until))],
    );
    assert_eq!(
        new,
        format!(
            "{OLD}\n[limits.user.\"first.last\"]\nmemory_max = {{ value = \"200G\", until = 2030-12-01T00:00:00Z }}\n"
        )
    );
    let leads = Scope::Group(GroupName::parse("domain users").unwrap());
    let rates = Key::IoReadBandwidthMax
        .value(&["50M", "/scratch 100M"])
        .unwrap();
    let new = changed(
        "",
        &[
            Change::limit(&leads, Key::IoReadBandwidthMax, &rates, None),
            Change::limit(
                &leads,
                Key::IpDeny,
                &Key::IpDeny.value(&["any"]).unwrap(),
                None,
            ),
            set(&leads, Key::CpuWeight, "50"),
        ],
    );
    assert_eq!(
        new,
        "[limits.group.\"domain users\"]\nio_read_bandwidth_max = [\"50M\", \"/scratch 100M\"]\n\
         ip_deny = [\"any\"]\ncpu_weight = 50\n"
    );
}

#[test]
fn what_is_taken_out_leaves_comments_and_an_empty_table_goes_when_nothing_speaks_of_it() {
    let new = changed(OLD, &[Change::clear(&Scope::Default, Key::MemoryMax)]);
    assert_eq!(new, OLD.replace("memory_max = \"40%\"   # was 30%\n", ""));
    let modelling = Scope::Group(GroupName::parse("modelling").unwrap());
    let new = changed(OLD, &[Change::clear(&modelling, Key::MemoryMax)]);
    assert_eq!(
        new,
        OLD.replace("memory_max = \"60%\"\n", ""),
        "a comment speaks of it"
    );
    let bare = OLD.replace("# modellers\n", "");
    let new = changed(&bare, &[Change::clear(&modelling, Key::MemoryMax)]);
    assert_eq!(
        new,
        bare.replace("\n[limits.group.modelling]\nmemory_max = \"60%\"\n", "")
    );
    let sources = [Source {
        name: FILE.into(),
        bytes: bare.clone().into(),
    }];
    let (new, _) = edit(
        &sources,
        FILE,
        false,
        &[Change::clear(&modelling, Key::MemoryMax)],
    )
    .unwrap();
    assert!(
        new.contains("[limits.group.modelling]"),
        "the file is not the console's"
    );
    let new = changed(OLD, &[Change::clear(&user("nobody"), Key::MemoryMax)]);
    assert_eq!(new, OLD);
}

#[test]
fn other_ways_of_writing_are_changed_in_their_own_way() {
    for (old, new) in [
        (
            "limits.default.cpu_quota = \"100%\"\n",
            "limits.default.cpu_quota = \"200%\"\nlimits.default.tasks_max = 100\n",
        ),
        (
            "[limits]\ndefault = { cpu_quota = \"100%\" } # x\n",
            "[limits]\ndefault = { cpu_quota = \"200%\", tasks_max = 100 } # x\n",
        ),
        (
            "[limits.default]\r\ncpu_quota = '100%'\r\n",
            "[limits.default]\r\ncpu_quota = \"200%\"\r\ntasks_max = 100\r\n",
        ),
    ] {
        let wish = [
            set(&Scope::Default, Key::CpuQuota, "200%"),
            set(&Scope::Default, Key::TasksMax, "100"),
        ];
        assert_eq!(changed(old, &wish), new);
        let back = [
            Change::clear(&Scope::Default, Key::TasksMax),
            set(&Scope::Default, Key::CpuQuota, "100%"),
        ];
        assert_eq!(changed(new, &back), old.replace('\'', "\""));
    }
}

#[test]
fn what_would_be_wrong_is_not_written() {
    let source = |name: &str, text: &str| Source {
        name: name.into(),
        bytes: text.into(),
    };
    let first = source(
        "/etc/benchwarden/policy.toml",
        "[limits.default]\nmemory_high = \"35%\"\n",
    );
    let change = [set(&Scope::Default, Key::MemoryMax, "30%")];
    let error = edit(std::slice::from_ref(&first), FILE, true, &change).unwrap_err();
    assert!(
        error.to_string().contains("is above memory_max = 30%"),
        "{error}"
    );
    let broken = source(FILE, "[limits.defalt]\n");
    let error = edit(&[first.clone(), broken], FILE, true, &change).unwrap_err();
    assert!(
        error.to_string().contains("the nearest is default"),
        "{error}"
    );
    let ok = [set(&Scope::Default, Key::MemoryMax, "40%")];
    let (text, policy) = edit(&[first], FILE, true, &ok).unwrap();
    assert_eq!(text, "[limits.default]\nmemory_max = \"40%\"\n");
    assert_eq!(policy.files.len(), 2);
}

#[test]
fn a_new_file_is_read_where_its_name_belongs() {
    let names = [
        "/etc/benchwarden/policy.toml",
        "/etc/benchwarden/policy.d/10-a.toml",
        "/etc/benchwarden/policy.d/90-z.toml",
    ];
    let sources = names.map(|name| Source {
        name: name.into(),
        bytes: b"[limits.default]\ncpu_weight = 10\n".to_vec(),
    });
    let (_, policy) = edit(
        &sources,
        FILE,
        true,
        &[set(&Scope::Default, Key::CpuWeight, "20")],
    )
    .unwrap();
    let order: Vec<&str> = policy.files.iter().map(|file| &*file.name).collect();
    assert_eq!(order, [names[0], names[1], FILE, names[2]]);
}

fn some_change() -> impl Strategy<Value = Change> {
    let scope = prop_oneof![
        Just(Scope::Default),
        "[a-c]|a b|x\\.y".prop_map(|name| Scope::Group(GroupName::parse(&name).unwrap())),
        "[a-c]|x\\.y".prop_map(|name| user(&name)),
    ];
    let key = prop::sample::select(vec![
        (Key::CpuQuota, vec!["100%", "infinity"]),
        (Key::MemorySwapMax, vec!["0", "1G", "10%"]),
        (Key::TasksMax, vec!["100", "33%"]),
        (Key::IoWeight, vec!["10", "1000"]),
        (Key::IpDeny, vec!["any", "10.0.0.0/8"]),
    ]);
    (scope, key, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(scope, (key, texts), set, first, ends)| {
            let value = key.value(&[texts[usize::from(first)]]).unwrap();
            let until = "2030-01-01T00:00:00Z".parse().ok().filter(|_| ends);
            if set {
                Change::limit(&scope, key, &value, until)
            } else {
                Change::clear(&scope, key)
            }
        },
    )
}

proptest! {
    #[test]
    fn any_changes_come_out_as_they_are_meant(
        changes in prop::collection::vec(some_change(), 1..12),
        own: bool,
        start in prop::sample::select(vec!["", OLD, "limits.default.io_weight = 5\n", "limits = { user = { a = { tasks_max = 50 } } }\n"]),
    ) {
        let sources = [Source { name: FILE.into(), bytes: start.into() }];
        let (text, policy) = edit(&sources, FILE, own, &changes).unwrap();
        for line in start.lines().filter(|line| line.starts_with('#')) {
            prop_assert!(text.lines().any(|other| other == line), "{line} is lost");
        }
        // The last change of each key is what the policy says.
        let host = HostSize { memory: crate::base::units::Bytes(1 << 30), page: crate::base::units::Bytes(4096), tasks: 1000, cpus: 2 };
        for (at, change) in changes.iter().enumerate() {
            let again = |other: &Change| other.table == change.table && other.key == change.key;
            if changes[at + 1..].iter().any(again) {
                continue;
            }
            let (name, groups) = match change.table[1].as_str() {
                "user" => (change.table[2].as_str(), vec![]),
                "group" => ("nobody", vec![change.table[2].as_str()]),
                _ => ("nobody", vec![]),
            };
            let who = Who { name, groups: &groups };
            let resolved = policy.resolve(who, Timestamp::UNIX_EPOCH, &host);
            let found = resolved.limit(Key::find(&change.key).unwrap());
            let here = found.filter(|setting| {
                let table = Change::clear(&setting.said.scope, setting.key).table;
                table == change.table
            });
            prop_assert_eq!(here.is_some(), change.to.is_some());
        }
    }
}

#[test]
fn a_table_goes_with_the_last_one_in_it_whichever_is_emptied_first() {
    use crate::policy::schema::{Runtime, RuntimeVersion};
    let version = RuntimeVersion::parse("4").unwrap();
    let whose = [Scope::Default, user("alice"), user("bob")];
    let all: Vec<Change> = whose
        .iter()
        .map(|scope| Change::runtime(scope, Runtime::R, Some(&version)))
        .collect();
    let full = changed("", &all);
    assert!(
        full.contains("[runtimes]\nr = \"4\"\n"),
        "a version is a text: {full}"
    );
    let mut none: Vec<Change> = whose
        .iter()
        .map(|scope| Change::runtime(scope, Runtime::R, None))
        .collect();
    assert_eq!(changed(&full, &none), "");
    none.reverse();
    assert_eq!(changed(&full, &none), "");
}
