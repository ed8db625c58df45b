//! What helps at once: the banner, and the dialogue over where one sees who uses what.

use super::*;
use crate::engine::changes::Intent;
use crate::engine::limits::LimitsIntent;
use crate::engine::triage::Triage;
use crate::model::cause::{self, Scarce};
use crate::plan::Plan;
use crate::plan::triage::{Act, RUNNING, Target, plan};
use crate::tui::errand::{Answer, Errand};

/// A host on which alice has taken the memory.
fn suffering() -> Snapshot {
    let mut snapshot = workbench();
    snapshot.host.pressure.memory_full_avg10 = Some(34.0);
    snapshot.host.pressure.memory_some_avg10 = Some(51.0);
    snapshot.users[0].memory_bytes = Some(Bytes(230 * GIB));
    snapshot
}

const SIZE: (u16, u16) = (120, 40);

fn shown(snapshot: Snapshot) -> App {
    app(true, false, SIZE, snapshot)
}

fn key(app: &mut App, key: char) -> Vec<Errand> {
    code(app, KeyCode::Char(key))
}

fn code(app: &mut App, code: KeyCode) -> Vec<Errand> {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    app.update(Event::Terminal(event::Event::Key(key))).errands
}

/// What was asked for to be planned.
fn asked(errands: &[Errand]) -> (u64, Triage) {
    match errands {
        [Errand::Plan(number, Intent::Triage(wish))] => (*number, wish.clone()),
        other => panic!("{other:?}"),
    }
}

fn planned(act: &Act) -> Plan {
    let target = Target {
        name: "alice".into(),
        uid: 1001,
        processes: 4,
        state: Some(RUNNING.into()),
        ..Target::default()
    };
    plan(act, &target)
}

#[test]
fn a_host_that_suffers_says_why_and_by_whom() {
    assert_eq!(cause::of(&workbench()), None);
    let cause = cause::of(&suffering()).unwrap();
    assert_eq!(cause.scarce, Scarce::Memory);
    assert_eq!(cause.by.map(|(uid, _)| uid), Some(Uid(1001)));
    let mut busy = workbench();
    busy.host.pressure.cpu_some_avg10 = Some(90.0);
    let cause = cause::of(&busy).unwrap();
    assert_eq!(
        (cause.scarce, cause.waited),
        (Scarce::Processors, Some(90.0))
    );
    assert!(
        cause
            .by
            .is_some_and(|(uid, part)| uid == Uid(1001) && part < 0.5)
    );
    let mut writes = workbench();
    writes.host.pressure.io_full_avg10 = Some(70.0);
    writes.users[1].io_write_bytes_per_s = Some(1 << 30);
    assert_eq!(
        cause::of(&writes).unwrap().by.map(|(uid, _)| uid),
        Some(Uid(1002))
    );
}

#[test]
fn nobody_is_blamed_for_little_and_old_kernels_are_judged_by_what_is_left() {
    let mut snapshot = suffering();
    snapshot.users[0].memory_bytes = Some(Bytes(30 * GIB));
    assert_eq!(cause::of(&snapshot).unwrap().by, None);
    let mut old = workbench();
    old.host.pressure = HostPressure::default();
    assert_eq!(cause::of(&old), None);
    old.host.memory_available_bytes = Some(Bytes(GIB));
    assert_eq!(cause::of(&old).unwrap().scarce, Scarce::Memory);
}

#[test]
fn the_banner_names_the_cause_and_the_keys() {
    for size in [(80, 24), SIZE] {
        let app = app(true, false, size, suffering());
        insta::assert_snapshot!(format!("banner_{}x{}", size.0, size.1), text(&app, size));
    }
}

#[test]
fn two_keys_freeze_whoever_is_selected() {
    let mut app = shown(suffering());
    let (number, wish) = asked(&key(&mut app, 'z'));
    assert_eq!((wish.uid, wish.act), (Uid(1001), Act::Freeze));
    app.update(Event::Answer(Answer::Plan(
        number,
        Ok(planned(&Act::Freeze)),
    )));
    insta::assert_snapshot!("freeze_120x40", text(&app, SIZE));
    let applied = key(&mut app, 'y');
    let is_order = |errand: &Errand| matches!(errand, Errand::Apply(_, order) if matches!(order.intent, Intent::Triage(_)));
    assert!(
        applied.len() == 1 && applied.iter().all(is_order),
        "{applied:?}"
    );
}

#[test]
fn whoever_is_frozen_is_thawed_by_the_same_key_and_a_no_changes_nothing() {
    let mut snapshot = suffering();
    snapshot.users[0].state = vec![State::Frozen];
    let mut app = shown(snapshot);
    let (number, wish) = asked(&key(&mut app, 'z'));
    assert_eq!(wish.act, Act::Thaw);
    app.update(Event::Answer(Answer::Plan(number, Ok(planned(&Act::Thaw)))));
    press(&mut app, &[KeyCode::Esc]);
    assert!(key(&mut app, 'y').is_empty(), "nothing waits for a yes");
}

#[test]
fn a_job_is_killed_where_one_is_selected_and_everything_elsewhere() {
    let mut app = shown(suffering());
    assert_eq!(asked(&key(&mut app, 'X')).1.act, Act::Kill);
    press(&mut app, &[KeyCode::Esc, KeyCode::Enter]);
    app.update(Event::Snapshot(Arc::new(suffering())));
    let Act::KillJobs(session) = asked(&key(&mut app, 'X')).1.act else {
        panic!("a session was selected")
    };
    press(&mut app, &[KeyCode::Esc, KeyCode::Down]);
    let Act::KillJobs(job) = asked(&key(&mut app, 'X')).1.act else {
        panic!("a process was selected")
    };
    assert!(
        job.len() == 1 && session.contains(&job[0]),
        "{session:?} {job:?}"
    );
}

#[test]
fn somebody_is_throttled_for_an_hour_unless_told_otherwise() {
    let mut app = shown(suffering());
    assert!(key(&mut app, 't').is_empty(), "the form comes first");
    for letter in "50%".chars() {
        key(&mut app, letter);
    }
    insta::assert_snapshot!("throttle_120x40", text(&app, SIZE));
    let asked = code(&mut app, KeyCode::Enter);
    let [Errand::Plan(_, Intent::Limits(LimitsIntent::Set(scope, entries, Some(_))))] = &asked[..]
    else {
        panic!("{asked:?}")
    };
    assert_eq!(
        (scope.to_string(), entries.len()),
        ("user.alice".to_owned(), 1)
    );
}

#[test]
fn a_uid_without_an_account_is_not_throttled_and_the_screen_says_why() {
    let mut snapshot = suffering();
    snapshot.users[0].user = "1001".into();
    let mut app = shown(snapshot);
    assert!(key(&mut app, 't').is_empty());
    let why = "uid 1001 has no account the policy could name: z stops it";
    assert!(text(&app, SIZE).contains(why), "{}", text(&app, SIZE));
    key(&mut app, 'j');
    assert!(!text(&app, SIZE).contains(why), "until the next key");
}

#[test]
fn words_go_to_whoever_is_selected() {
    let mut app = shown(suffering());
    key(&mut app, 'W');
    for letter in "at 5 pm".chars() {
        key(&mut app, letter);
    }
    insta::assert_snapshot!("words_120x40", text(&app, SIZE));
    let (_, wish) = asked(&code(&mut app, KeyCode::Enter));
    assert_eq!(wish.act, Act::Tell("at 5 pm".into()));
}
