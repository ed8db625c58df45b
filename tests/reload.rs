//! Plans whose files count only once systemd has read them: failures and crashes at every point
//! leave no file that was not read and nothing in force that no file says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use benchwarden::engine::apply::{Journal, Machine, Moment, Report, run};
use benchwarden::engine::receipts::{finish_plan, undo_plan};
use benchwarden::model::actor::Actor;
use benchwarden::plan::Plan;
use benchwarden::plan::advance::Tell;
use benchwarden::plan::fact::{Change, Expect, Subject};
use benchwarden::plan::step::{Action, Step, Undo};
use benchwarden::store::receipt::{Event, Outcome, Receipt, line};

/// Files, and what has been read of them.
#[derive(Clone, Debug, Default, PartialEq)]
struct Host {
    files: BTreeMap<String, String>,
    in_force: BTreeMap<String, String>,
    /// The action that fails, counted from 0, and whether it has its effect all the same.
    fails: Option<(usize, bool)>,
    performed: usize,
    /// A setting that is silently ignored.
    ignores: Option<&'static str>,
}

impl Machine for Host {
    fn observe(&self, subject: &Subject) -> Result<Option<String>, String> {
        Ok(match subject {
            Subject::File(path) => self.files.get(path).cloned(),
            Subject::LimitsInKernel(path) => self.in_force.get(path).cloned(),
            other => panic!("{other}"),
        })
    }

    fn perform(&mut self, action: &Action, _: &mut Tell<'_>) -> Result<(), String> {
        let fails = self.fails.filter(|(at, _)| *at == self.performed);
        self.performed += 1;
        if !matches!(fails, Some((_, false))) {
            match action {
                Action::WriteDropIn { path, content } => {
                    self.files.insert(path.clone(), content.clone());
                }
                Action::RemoveDropIn { path } => drop(self.files.remove(path)),
                Action::ReloadUnits { .. } => {
                    self.in_force = self.files.clone();
                    self.in_force
                        .retain(|path, _| Some(path.as_str()) != self.ignores);
                }
                other => panic!("{other}"),
            }
        }
        fails.map_or(Ok(()), |_| Err("no space".into()))
    }

    fn sync(&mut self) {}
}

/// A receipt that a crash may cut: it panics before or after a line.
struct Paper(String, Option<(usize, bool)>, usize);

impl Paper {
    fn new(plan: &Plan, crash: Option<(usize, bool)>) -> Self {
        let approved = Event::Approved {
            id: "P".into(),
            at: String::new(),
            actor: Actor::default(),
            plan: Box::new(plan.clone()),
        };
        Self(line(&approved), crash, 0)
    }
}

impl Journal for Paper {
    fn write(&mut self, event: &Event) -> Result<(), String> {
        let here = self.1.filter(|(at, _)| *at == self.2);
        self.2 += 1;
        assert!(!matches!(here, Some((_, false))), "crash");
        self.0.push_str(&line(event));
        assert!(here.is_none(), "crash");
        Ok(())
    }
}

fn write(path: &str, before: Option<&str>, after: &str) -> Step {
    let put = |content: &str| Action::WriteDropIn {
        path: path.into(),
        content: content.into(),
    };
    Step {
        what: format!("write {path}"),
        action: put(after),
        changes: vec![Change::new(
            Subject::File(path.into()),
            Expect::from_read(before),
            Expect::Is(after.into()),
        )],
        undo: Undo::Exact {
            what: format!("bring back {path}"),
            action: before.map_or(Action::RemoveDropIn { path: path.into() }, put),
        },
    }
}

/// One file is changed, one is new; then both are read.
fn plan() -> Plan {
    let mut plan = Plan::new("test", "x");
    plan.push(write("a", Some("1"), "2"));
    plan.push(write("b", None, "3"));
    let held = |path: &str, before: Expect, after: &str| {
        let subject = Subject::LimitsInKernel(path.into());
        Change::new(subject, before, Expect::IfThere(after.into()))
    };
    plan.push(Step {
        what: "read them".into(),
        action: Action::ReloadUnits { within: Vec::new() },
        changes: vec![
            held("a", Expect::IfThere("1".into()), "2"),
            held("b", Expect::Any, "3"),
        ],
        undo: Undo::Last {
            what: "read them again".into(),
            action: Action::ReloadUnits { within: Vec::new() },
        },
    });
    plan
}

fn before() -> Host {
    let files = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    Host {
        in_force: files.clone(),
        files,
        ..Host::default()
    }
}

fn carried_out(plan: &Plan, host: &mut Host) -> Report {
    let quiet = &mut |_: Moment<'_>| ControlFlow::Continue(());
    run(plan, host, &mut Paper::new(plan, None), quiet)
}

#[test]
fn what_is_written_is_read_and_its_undo_is_read_too() {
    let mut host = before();
    assert_eq!(carried_out(&plan(), &mut host).outcome, Outcome::Done);
    assert_eq!(host.in_force, host.files);
    assert_eq!(host.files.len(), 2);
    let undo = benchwarden::plan::undo::plan("P", &plan(), &[0, 1, 2]);
    assert_eq!(carried_out(&undo, &mut host).outcome, Outcome::Done);
    assert_eq!(
        (&host.files, &host.in_force),
        (&before().files, &before().files)
    );
}

#[test]
fn they_are_read_even_where_everything_seems_to_be_in_force() {
    // Somebody else had systemd read them: what is there is not known to come from these files.
    let mut host = before();
    host.in_force = BTreeMap::from([("a".into(), "2".into()), ("b".into(), "3".into())]);
    host.files = host.in_force.clone();
    assert_eq!(carried_out(&plan(), &mut host).outcome, Outcome::Done);
    assert_eq!(
        host.performed, 1,
        "the files were there, and are read all the same"
    );
}

#[test]
fn whatever_fails_nothing_is_in_force_that_no_file_says() {
    for at in 0..3 {
        for effect in [false, true] {
            let mut host = before();
            host.fails = Some((at, effect));
            let report = carried_out(&plan(), &mut host);
            assert_eq!(
                report.outcome,
                Outcome::RolledBack,
                "{at} {effect}: {report:?}"
            );
            assert_eq!(host.files, before().files, "{at} {effect}");
            assert_eq!(host.in_force, before().files, "{at} {effect}");
        }
    }
}

#[test]
fn a_setting_that_is_silently_ignored_makes_the_plan_fail_in_words() {
    let mut host = before();
    host.ignores = Some("a");
    host.in_force.insert("a".into(), "1".into());
    let mut strict = plan();
    strict.steps[2].changes[0].after = Expect::Is("2".into());
    let report = carried_out(&strict, &mut host);
    let why = report.failure.unwrap();
    assert!(
        why.contains("a in the kernel reads back as absent, not as 2"),
        "{why}"
    );
    assert_eq!(host.files, before().files);
}

#[test]
fn after_a_crash_at_any_point_both_ways_end_with_everything_read() {
    let plan = plan();
    for at in 0..7 {
        for after_the_line in [false, true] {
            for back in [false, true] {
                let mut host = before();
                let mut paper = Paper::new(&plan, Some((at, after_the_line)));
                let quiet = &mut |_: Moment<'_>| ControlFlow::Continue(());
                let crash = catch_unwind(AssertUnwindSafe(|| {
                    run(&plan, &mut host, &mut paper, quiet)
                }));
                let receipt = Receipt::parse(&paper.0).unwrap();
                if crash.is_ok() || !receipt.is_open() {
                    continue;
                }
                let next = if back {
                    undo_plan(&receipt, &host)
                } else {
                    finish_plan(&receipt, &host)
                };
                let told = format!("{at} {after_the_line} {back}: {host:?}\n{next:#?}");
                assert_eq!(next.refused, Vec::<String>::new(), "{told}");
                let report = carried_out(&next, &mut host);
                assert_eq!(report.outcome, Outcome::Done, "{report:?} {told}");
                assert_eq!(host.in_force, host.files, "{told}");
                let wanted = if back { before().files.len() } else { 2 };
                assert_eq!(host.files.len(), wanted, "{told}");
            }
        }
    }
}
