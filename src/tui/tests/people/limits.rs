//! Limits by keys alone: seen, set, cleared and mended, with the plan shown before it runs.

use super::*;
use crate::engine::limits::LimitsIntent;
use crate::policy::schema::{Key, Scope};

fn at_limits(size: (u16, u16), host: Host) -> Console {
    let mut console = Console::new(size, host);
    console.runs();
    console.types("l");
    console.runs();
    console
}

fn drifted() -> Host {
    Host {
        drifted: true,
        ..Host::default()
    }
}

/// What was planned, in order.
fn planned(console: &Console) -> Vec<LimitsIntent> {
    let asked = console.host.asked.lock().unwrap();
    let limits = asked.plans.iter().filter_map(|intent| match intent {
        Intent::Limits(intent) => Some(intent.clone()),
        _ => None,
    });
    limits.collect()
}

#[test]
fn limits_at_80x24() {
    let mut pictures = at_limits(SMALL, Host::default()).text(SMALL);
    let mut console = at_limits(SMALL, drifted());
    pictures += &console.text(SMALL);
    console.types("/alice\n\n");
    pictures += &console.text(SMALL);
    insta::assert_snapshot!(pictures);
}

#[test]
fn limits_at_120x40() {
    let mut console = at_limits(LARGE, drifted());
    let mut pictures = console.text(LARGE);
    console.types("jjjj\n");
    pictures += &console.text(LARGE);
    insta::assert_snapshot!(pictures);
}

#[test]
fn the_forms_of_limits_and_what_a_group_says() {
    let mut console = at_limits(SMALL, Host::default());
    console.types("/alice\nm\t\t\t80G\tx");
    let mut pictures = console.text(SMALL);
    console.types("\x1bd");
    pictures += &console.text(SMALL);
    console.types("\x1b\x1b/group\n\n");
    pictures += &console.text(SMALL);
    insta::assert_snapshot!(pictures);
}

#[test]
fn a_limit_is_set_for_good_and_for_a_while_after_its_plan_was_shown() {
    let mut console = at_limits(SMALL, Host::default());
    // The person stands before their server.
    console.types("/alice\nm\t\t\t80G");
    for _ in 0..14 {
        console.key(KeyCode::Tab);
    }
    assert!(
        console
            .text(SMALL)
            .contains("for good where it stays empty"),
        "{}",
        console.text(SMALL)
    );
    console.types("\n");
    console.runs();
    let planned = planned(&console);
    let [LimitsIntent::Set(Scope::User(name), entries, None)] = planned.as_slice() else {
        panic!("{planned:?}");
    };
    assert_eq!(name.as_str(), "alice");
    assert_eq!(
        entries,
        &[(Key::MemoryMax, Key::MemoryMax.typed("80G").unwrap())]
    );
    assert_eq!(console.applied(), 0, "it is only shown");
    console.types("y");
    assert_eq!(console.errands.len(), 1);
    console.runs();
    assert_eq!(console.applied(), 1);
    // For a while: the end is a whole second some time from now.
    console.types("\x1bm\t\t\t70G");
    for _ in 0..14 {
        console.key(KeyCode::Tab);
    }
    console.types("2h\n");
    console.runs();
    let planned = self::planned(&console);
    let Some(LimitsIntent::Set(_, _, Some(until))) = planned.last() else {
        panic!("{planned:?}");
    };
    assert_eq!(until.subsec_nanosecond(), 0);
}

#[test]
fn what_cannot_be_a_limit_is_said_beside_it_and_nothing_is_planned() {
    let mut console = at_limits(SMALL, Host::default());
    console.types("/bob\nm400\n");
    assert!(
        console.text(SMALL).contains("does not end in %"),
        "{}",
        console.text(SMALL)
    );
    console.types("%\x1bm\n");
    assert!(
        console.text(SMALL).contains("no limit was written"),
        "{}",
        console.text(SMALL)
    );
    assert!(console.errands.is_empty() && planned(&console).is_empty());
}

#[test]
fn only_what_was_set_here_can_be_cleared_and_each_can_be_left() {
    let mut console = at_limits(SMALL, Host::default());
    console.types("/bob\nd");
    assert!(
        console.text(SMALL).contains("nothing was set for bob here"),
        "{}",
        console.text(SMALL)
    );
    console.types("\x1b/alice\nd");
    let text = console.text(SMALL);
    for words in [
        "[x] memory_max 80G",
        "[x] tasks_max 9000",
        "[x] ip_allow localhost",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // The first of them stays.
    console.types(" \n");
    console.runs();
    let planned = planned(&console);
    let [LimitsIntent::Clear(Scope::User(_), keys)] = planned.as_slice() else {
        panic!("{planned:?}");
    };
    assert!(
        keys.contains(&Key::TasksMax) && !keys.contains(&Key::MemoryMax),
        "{keys:?}"
    );
}

#[test]
fn the_host_is_mended_and_the_policy_applied_by_one_key_each_and_read_again_then() {
    for (key, expected) in [("M", LimitsIntent::Mend), ("A", LimitsIntent::Apply)] {
        let mut console = at_limits(SMALL, drifted());
        console.types(key);
        console.runs();
        assert_eq!((planned(&console), console.applied()), (vec![expected], 0));
        console.types("y");
        let waiting = std::mem::take(&mut console.errands);
        for errand in waiting {
            for answer in answers(&console.host, errand) {
                console.update(Event::Answer(answer));
            }
        }
        let again = console.errands.iter();
        assert!(
            again
                .into_iter()
                .any(|errand| matches!(errand, Errand::Limits))
        );
    }
}

#[test]
fn the_rows_of_all_together_say_where_they_are_changed() {
    let mut console = at_limits(SMALL, Host::default());
    console.types("m");
    assert!(
        console.text(SMALL).contains("[host] of policy.toml"),
        "{}",
        console.text(SMALL)
    );
    console.types("jm");
    assert!(
        console.text(SMALL).contains("Limits of every person"),
        "{}",
        console.text(SMALL)
    );
}

#[test]
fn a_broken_policy_is_said_in_place_of_the_limits() {
    let host = Host {
        broken: Some("the policy is wrong: /etc/benchwarden/policy.toml:2:1: no such key"),
        ..Host::default()
    };
    let mut console = at_limits(SMALL, host);
    let text = console.text(SMALL);
    assert!(
        text.contains("policy.toml:2:1") && text.contains("stays in force"),
        "{text}"
    );
    console.types("md\nM\x1b");
    assert!(console.applied() == 0);
    // Read again once it is mended.
    console.host.broken = None;
    console.types("r");
    console.runs();
    assert!(
        console.text(SMALL).contains("as its policy says"),
        "{}",
        console.text(SMALL)
    );
}
