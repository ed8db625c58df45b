//! Plans on a host made of facts: failures and crashes at every point of every plan.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use benchwarden::engine::apply::{Journal, Machine, Moment, rehearse, run};
use benchwarden::engine::receipts::{finish_plan, steps_that_happened, undo_plan};
use benchwarden::model::actor::Actor;
use benchwarden::plan::Plan;
use benchwarden::plan::advance::Tell;
use benchwarden::plan::fact::{Change, Expect, Subject};
use benchwarden::plan::step::{Action, Step, Undo};
use benchwarden::store::ledger::Ledger;
use benchwarden::store::receipt::{Event, Outcome, Receipt, line};

/// A host that is nothing but groups. `/bin/set NAME VALUE` makes one, `/bin/unset NAME` removes
/// it.
#[derive(Clone, Default, PartialEq, Debug)]
struct Host {
    groups: BTreeMap<String, String>,
    /// The action that fails, counted from 0, and whether it has its effect all the same.
    fails: Option<(usize, bool)>,
    performed: usize,
}

impl Machine for Host {
    fn observe(&self, subject: &Subject) -> Result<Option<String>, String> {
        let Subject::Group(name) = subject else {
            return Err("only groups".into());
        };
        Ok(self.groups.get(name).cloned())
    }

    fn perform(&mut self, action: &Action, _: &mut Tell<'_>) -> Result<(), String> {
        let argv = match action {
            Action::Run { argv, .. } => argv,
            Action::GiveFiles { .. } => return Err("one is immutable".into()),
            _ => panic!("{action}"),
        };
        let fails = self.fails.filter(|(at, _)| *at == self.performed);
        self.performed += 1;
        if !matches!(fails, Some((_, false))) {
            match argv[0].as_str() {
                "/bin/set" => drop(self.groups.insert(argv[1].clone(), argv[2].clone())),
                _ => drop(self.groups.remove(&argv[1])),
            }
        }
        fails.map_or(Ok(()), |_| Err("no space".into()))
    }

    fn sync(&mut self) {}
}

/// A receipt that a crash may cut: it panics before or after line `end`.
struct Paper {
    text: String,
    crash: Option<(usize, bool)>,
    lines: usize,
}

impl Paper {
    fn new(plan: &Plan, crash: Option<(usize, bool)>) -> Self {
        Self::of("P", plan, crash)
    }

    fn of(id: &str, plan: &Plan, crash: Option<(usize, bool)>) -> Self {
        let approved = Event::Approved {
            id: id.into(),
            at: String::new(),
            actor: Actor::default(),
            plan: Box::new(plan.clone()),
        };
        Self {
            text: line(&approved),
            crash,
            lines: 0,
        }
    }
}

impl Journal for Paper {
    fn write(&mut self, event: &Event) -> Result<(), String> {
        let here = self.crash.filter(|(at, _)| *at == self.lines);
        self.lines += 1;
        assert!(!matches!(here, Some((_, false))), "crash");
        self.text.push_str(&line(event));
        assert!(here.is_none(), "crash");
        Ok(())
    }
}

fn set(name: &str, value: &str) -> Action {
    Action::run(&["/bin/set", name, value])
}

fn unset(name: &str) -> Action {
    Action::run(&["/bin/unset", name])
}

/// Makes a group, changes it twice, makes another and removes a third.
fn plan() -> Plan {
    let mut plan = Plan::new("test", "a");
    let group = |name: &str| Subject::Group(name.to_owned());
    let step = |action: Action, change: Change, back: Action| Step {
        what: action.to_string(),
        undo: Undo::Exact {
            what: back.to_string(),
            action: back,
        },
        action,
        changes: vec![change],
    };
    plan.push(step(
        set("a", "1"),
        Change::creates(group("a"), "1"),
        unset("a"),
    ));
    plan.push(step(
        set("a", "2"),
        Change::turns(group("a"), "1", "2"),
        set("a", "1"),
    ));
    plan.push(step(
        set("a", "3"),
        Change::turns(group("a"), "2", "3"),
        set("a", "2"),
    ));
    plan.push(step(
        set("b", "1"),
        Change::creates(group("b"), "1"),
        unset("b"),
    ));
    plan.push(step(
        unset("c"),
        Change::new(group("c"), Expect::Is("9".into()), Expect::Absent),
        set("c", "9"),
    ));
    plan
}

fn before() -> Host {
    Host {
        groups: BTreeMap::from([("c".into(), "9".into())]),
        ..Host::default()
    }
}

fn after() -> BTreeMap<String, String> {
    BTreeMap::from([("a".into(), "3".into()), ("b".into(), "1".into())])
}

fn quiet(_: Moment<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_plan_that_works_is_done_and_its_undo_brings_everything_back() {
    let (plan, mut host) = (plan(), before());
    let mut paper = Paper::new(&plan, None);
    let report = run(&plan, &mut host, &mut paper, &mut quiet);
    assert_eq!(report.outcome, Outcome::Done);
    assert_eq!(host.groups, after());
    let receipt = Receipt::parse(&paper.text).unwrap();
    assert!(!receipt.is_open());
    let undo = undo_plan(&receipt, &host);
    rehearse(&undo, &host).unwrap();
    let report = run(&undo, &mut host, &mut Paper::new(&undo, None), &mut quiet);
    assert_eq!(report.outcome, Outcome::Done);
    assert_eq!(host.groups, before().groups);
}

#[test]
fn whichever_step_fails_everything_is_as_it_was() {
    for at in 0..plan().steps.len() {
        for effect in [false, true] {
            let (plan, mut host) = (plan(), before());
            host.fails = Some((at, effect));
            let mut paper = Paper::new(&plan, None);
            let report = run(&plan, &mut host, &mut paper, &mut quiet);
            assert_eq!(report.outcome, Outcome::RolledBack, "{at} {effect}");
            assert!(report.failure.unwrap().ends_with("no space"));
            assert_eq!(host.groups, before().groups, "{at} {effect}");
            assert!(!Receipt::parse(&paper.text).unwrap().is_open());
        }
    }
}

#[test]
fn what_cannot_be_taken_back_is_told() {
    let mut plan = plan();
    let why = "it is gone".into();
    plan.steps[1].undo = Undo::None { why };
    let mut host = before();
    host.fails = Some((3, false));
    let report = run(&plan, &mut host, &mut Paper::new(&plan, None), &mut quiet);
    assert_eq!(
        (report.outcome, report.remains.len()),
        (Outcome::Remains, 1)
    );
    assert!(report.remains[0].ends_with("it is gone"), "{report:?}");
}

#[test]
fn what_came_before_the_point_of_no_return_stays() {
    let mut plan = plan();
    plan.steps[1].undo = Undo::Final {
        why: "the home is in the archive".into(),
    };
    let mut host = before();
    host.fails = Some((3, false));
    let report = run(&plan, &mut host, &mut Paper::new(&plan, None), &mut quiet);
    assert_eq!(
        (report.outcome, report.remains.len()),
        (Outcome::Remains, 2)
    );
    assert!(report.remains[0].ends_with("in the archive"), "{report:?}");
    assert_eq!(host.groups["a"], "2", "only what came after it is undone");
}

#[test]
fn files_that_were_given_stay_given_when_one_of_them_cannot_be() {
    let mut plan = plan();
    plan.steps.truncate(1);
    plan.steps[0].changes.clear();
    plan.steps[0].action = Action::GiveFiles {
        from: (1, 1),
        to: (2, 2),
        except: "/a".into(),
        record: "/given".into(),
    };
    let mut paper = Paper::new(&plan, None);
    let remains = run(&plan, &mut before(), &mut paper, &mut quiet).remains;
    assert!(remains[0].contains("benchwarden finish"));
    let receipt = Receipt::parse(&paper.text).unwrap();
    for plan in [finish_plan, undo_plan] {
        assert_eq!(plan(&receipt, &before()).steps.len(), 1);
    }
}

#[test]
fn wherever_a_plan_is_stopped_everything_is_as_it_was() {
    let steps = plan().steps.len();
    for at in 0..steps {
        let (plan, mut host) = (plan(), before());
        let mut paper = Paper::new(&plan, None);
        let mut stop = |moment: Moment<'_>| match moment {
            Moment::Begins(step) if step >= at => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let report = run(&plan, &mut host, &mut paper, &mut stop);
        assert_eq!(report.outcome, Outcome::RolledBack, "{at}");
        assert!(report.stopped && report.failure.unwrap().ends_with("stopped as asked"));
        assert_eq!(host.groups, before().groups, "{at}");
        assert!(
            paper.text.contains("stopped as asked"),
            "the receipt says so"
        );
    }
}

#[test]
fn beyond_the_point_of_no_return_a_plan_goes_on_to_its_end() {
    let mut plan = plan();
    let why = "the home is gone".into();
    plan.steps[1].undo = Undo::Final { why };
    let mut host = before();
    let mut paper = Paper::new(&plan, None);
    let mut late = |moment: Moment<'_>| match moment {
        Moment::Begins(0 | 1) => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    };
    let report = run(&plan, &mut host, &mut paper, &mut late);
    assert_eq!((report.outcome, report.stopped), (Outcome::Done, false));
    assert_eq!(host.groups, after());
}

#[test]
fn of_a_tree_that_was_begun_to_be_deleted_nothing_is_certain() {
    let mut plan = Plan::new("test", "a");
    plan.push(Step {
        what: "delete".into(),
        action: Action::DeleteTree {
            path: "/home/a".into(),
            uid: 1,
        },
        changes: vec![Change::new(
            Subject::Group("c".into()),
            Expect::Is("9".into()),
            Expect::Absent,
        )],
        undo: Undo::Final {
            why: "it is gone".into(),
        },
    });
    let text = Paper::new(&plan, None).text + &line(&Event::Started { step: 0 });
    let receipt = Receipt::parse(&text).unwrap();
    assert_eq!(steps_that_happened(&receipt, &before()), [None]);
    assert!(!undo_plan(&receipt, &before()).refused.is_empty());
}

#[test]
fn what_an_earlier_step_makes_readable_is_not_read_before_it() {
    let mut plan = plan();
    let subject = Subject::Keys("a".into());
    let keys = Change::new(subject, Expect::Any, Expect::Is("key".into()));
    plan.steps[4].changes.push(keys);
    rehearse(&plan, &before()).unwrap();
}

#[test]
fn after_a_crash_at_any_point_the_receipt_tells_the_truth_and_both_ways_lead_on() {
    let count = {
        let mut paper = Paper::new(&plan(), None);
        run(&plan(), &mut before(), &mut paper, &mut quiet);
        paper.lines
    };
    assert!(count > 10);
    for at in 0..count {
        for written in [false, true] {
            let (plan, mut host) = (plan(), before());
            let mut paper = Paper::new(&plan, Some((at, written)));
            let crashed = catch_unwind(AssertUnwindSafe(|| {
                run(&plan, &mut host, &mut paper, &mut quiet);
            }));
            assert!(crashed.is_err());
            let receipt = Receipt::parse(&paper.text).unwrap();
            // How often something was performed is how many steps happened.
            let truth: Vec<Option<bool>> = (0..plan.steps.len())
                .map(|step| Some(step < host.performed))
                .collect();
            let told = steps_that_happened(&receipt, &host);
            assert_eq!(told, truth, "{at} {written}\n{}", paper.text);
            if !receipt.is_open() {
                assert_eq!((at, written), (count - 1, true));
                continue;
            }
            let finish = finish_plan(&receipt, &host);
            let mut finished = host.clone();
            rehearse(&finish, &finished).unwrap();
            run(
                &finish,
                &mut finished,
                &mut Paper::new(&finish, None),
                &mut quiet,
            );
            assert_eq!(finished.groups, after(), "{at} {written}");
            let undo = undo_plan(&receipt, &host);
            assert_eq!(undo.settles.as_deref(), Some("P"));
            assert!(undo.refused.is_empty(), "{undo:?}");
            rehearse(&undo, &host).unwrap();
            run(&undo, &mut host, &mut Paper::new(&undo, None), &mut quiet);
            assert_eq!(host.groups, before().groups, "{at} {written}");
        }
    }
}

#[test]
fn wherever_an_undo_is_interrupted_finishing_it_settles_what_it_was_to_take_back() {
    let whole = {
        let (mut host, mut paper) = (before(), Paper::of("1", &plan(), None));
        run(&plan(), &mut host, &mut paper, &mut quiet);
        (host, paper.text)
    };
    let read = |text: &str| Receipt::parse(text).unwrap();
    let undo = undo_plan(&read(&whole.1), &whole.0);
    let mut crashes = 0;
    for at in 0.. {
        let (mut host, mut paper) = (whole.0.clone(), Paper::of("2", &undo, Some((at, true))));
        let crashed = catch_unwind(AssertUnwindSafe(|| {
            run(&undo, &mut host, &mut paper, &mut quiet);
        }));
        if crashed.is_ok() {
            break;
        }
        let interrupted = read(&paper.text);
        let half = Ledger::new(vec![read(&whole.1), interrupted.clone()]);
        let settled = |ledger: &Ledger, id: &str| {
            let settled = ledger.one(id).unwrap().settled.clone();
            settled.map(|settled| (settled.by, settled.finished))
        };
        if !interrupted.is_open() {
            assert_eq!(settled(&half, "1"), Some(("2".into(), false)));
            continue;
        }
        crashes += 1;
        assert_eq!(settled(&half, "1"), None, "{at}");
        assert_eq!(half.open_about("1").unwrap().id, "2");
        let finish = finish_plan(&interrupted, &host);
        let mut last = Paper::of("3", &finish, None);
        run(&finish, &mut host, &mut last, &mut quiet);
        assert_eq!(host.groups, before().groups, "{at}");
        let all = [&whole.1, &paper.text, &last.text].map(|text| read(text));
        let ledger = Ledger::new(all.to_vec());
        assert_eq!(settled(&ledger, "1"), Some(("2".into(), false)), "{at}");
        assert_eq!(settled(&ledger, "2"), Some(("3".into(), true)), "{at}");
    }
    assert!(crashes > 5);
}

#[test]
fn a_host_that_has_changed_stops_a_plan_before_its_first_step() {
    let plan = plan();
    let mut host = before();
    host.groups.insert("b".into(), "somebody's".into());
    let drift = rehearse(&plan, &host).unwrap_err();
    assert_eq!(
        drift,
        "group b is not as the plan expects: expected absent, found somebody's"
    );
    assert_eq!(host.performed, 0);
}

#[test]
fn a_host_that_changes_meanwhile_stops_a_plan_where_it_is() {
    struct Meddled(Host);
    impl Machine for Meddled {
        fn observe(&self, subject: &Subject) -> Result<Option<String>, String> {
            self.0.observe(subject)
        }
        fn perform(&mut self, action: &Action, tell: &mut Tell<'_>) -> Result<(), String> {
            self.0.groups.insert("b".into(), "somebody's".into());
            self.0.perform(action, tell)
        }
        fn sync(&mut self) {}
    }
    let plan = plan();
    let mut host = Meddled(before());
    let report = run(&plan, &mut host, &mut Paper::new(&plan, None), &mut quiet);
    assert_eq!(report.outcome, Outcome::RolledBack);
    assert!(report.failure.unwrap().contains("found somebody's"));
    assert_eq!(
        host.0.groups.get("b").unwrap(),
        "somebody's",
        "what is not ours stays"
    );
}
