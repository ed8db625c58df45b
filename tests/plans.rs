//! Receipts on disk: which plans wait for a decision, and what may still be done about each.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::fs;

use benchwarden::engine::Engine as _;
use benchwarden::engine::changes::Intent;
use benchwarden::engine::local::Local;
use benchwarden::engine::receipts::{DIR, Told};
use benchwarden::host::root::Root;
use benchwarden::model::actor::Actor;
use benchwarden::plan::Plan;
use benchwarden::plan::step::{Action, Step, Undo};
use benchwarden::store::receipt::{Event, Outcome, line};

/// A plan of one step.
fn plan(intent: &str, settles: Option<&str>, finishes: bool) -> Plan {
    let mut plan = Plan::new(intent, "x");
    let action = Action::run(&["/bin/true"]);
    plan.push(Step {
        what: "do it".into(),
        action: action.clone(),
        changes: Vec::new(),
        undo: Undo::Exact {
            what: "take it back".into(),
            action,
        },
    });
    plan.settles = settles.map(str::to_owned);
    plan.finishes = finishes;
    plan
}

/// A tree with the receipts of these plans: each done, or interrupted before its only step.
fn tree(plans: &[(&str, Plan, bool)]) -> (tempfile::TempDir, Local) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("proc")).unwrap();
    let at = dir.path().join(DIR.trim_start_matches('/'));
    fs::create_dir_all(&at).unwrap();
    for (id, plan, done) in plans {
        let mut text = line(&Event::Approved {
            id: (*id).to_owned(),
            at: "2026-11-21T03:12:09Z".into(),
            actor: Actor::default(),
            plan: Box::new(plan.clone()),
        });
        if *done {
            let outcome = Outcome::Done;
            text += &line(&Event::Done { step: 0 });
            text += &line(&Event::Ended { outcome });
        }
        fs::write(at.join(format!("{id}.jsonl")), text).unwrap();
    }
    let root = Root::fixture(dir.path()).unwrap();
    (dir, Local::new(root))
}

fn ids(told: &[Told]) -> Vec<&str> {
    told.iter().map(|told| told.receipt.id.as_str()).collect()
}

#[test]
fn an_undo_that_was_interrupted_is_decided_first_and_settles_once_finished() {
    let mut all = vec![
        ("1", plan("suspend user x", None, false), true),
        ("2", plan("undo 1: suspend user x", Some("1"), false), false),
    ];
    let (_dir, host) = tree(&all);
    let told = host.plans().unwrap();
    assert_eq!(
        (ids(&told.waiting), ids(&told.ended)),
        (vec!["2"], vec!["1"])
    );
    assert_eq!(told.ended[0].first.as_deref(), Some("2"));
    let refused = |plan: Plan| plan.refused.join("; ");
    let why = refused(host.plan(&Intent::Undo("1".into())).unwrap());
    assert!(
        why.contains("2 (undo 1: suspend user x) was interrupted"),
        "{why}"
    );
    let why = refused(host.plan(&Intent::Resume("x".into())).unwrap());
    assert!(
        why.contains("2 (undo 1: suspend user x) was interrupted"),
        "{why}"
    );
    let finish = host.plan(&Intent::Finish("2".into())).unwrap();
    assert!(finish.refused.is_empty() && finish.finishes);
    all.push(("3", finish, true));
    let (_dir, host) = tree(&all);
    let told = host.plans().unwrap();
    assert_eq!(ids(&told.waiting), [""; 0]);
    let states: Vec<&str> = told.ended.iter().map(Told::state).collect();
    assert_eq!(states, ["done", "finished", "taken back"]);
    let why = refused(host.plan(&Intent::Undo("1".into())).unwrap());
    assert_eq!(why, "1 was taken back by 2");
    let why = refused(host.plan(&Intent::Finish("2".into())).unwrap());
    assert_eq!(why, "2 has ended; there is nothing to finish");
}

#[test]
fn a_suspension_that_is_in_force_again_can_be_resumed_again() {
    let (_dir, host) = tree(&[
        ("1", plan("suspend user x", None, false), true),
        ("2", plan("resume user x", Some("1"), false), true),
        ("3", plan("undo 2: resume user x", Some("2"), false), true),
    ]);
    let again = host.plan(&Intent::Resume("x".into())).unwrap();
    assert_eq!(
        (again.refused.len(), again.settles.as_deref()),
        (0, Some("1"))
    );
}

#[test]
fn a_damaged_receipt_is_told_and_one_that_had_not_begun_is_not() {
    let (dir, host) = tree(&[("1", plan("add user x", None, false), true)]);
    let at = dir.path().join(DIR.trim_start_matches('/'));
    fs::write(at.join("2.jsonl"), "{\"event\":\"appr").unwrap();
    assert!(host.plans().unwrap().damaged.is_empty());
    fs::write(at.join("3.jsonl"), "{}\n").unwrap();
    let told = host.plans().unwrap();
    assert!(
        told.damaged[0].contains("3.jsonl: line 1 is damaged"),
        "{told:?}"
    );
    assert_eq!(ids(&told.ended), ["1"]);
    let absent = host.plan(&Intent::Finish("9".into())).unwrap_err();
    let absent = absent.to_string();
    assert!(absent.contains("there is no plan"), "{absent}");
}
