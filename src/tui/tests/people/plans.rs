//! Plans that were interrupted, and those that were done: seen, finished and taken back by keys.

use super::*;
use crate::engine::receipts::{Plans, Told};
use crate::model::actor::Actor;
use crate::plan::step::{Action, Step, Undo};
use crate::store::receipt::{Outcome, Receipt, Settled};

fn told(id: &str, intent: &str, outcome: Option<Outcome>, happened: &[Option<bool>]) -> Told {
    let mut plan = Plan::new(intent, "vera");
    let words = [
        "close the account vera, so that no login of any kind begins",
        "note that uid 1500 was vera's, so that nobody receives it",
        "pack /home/vera into /root/vera.tar.zst and compare every file",
        "delete /home/vera",
        "remove the account vera (uid 1500)",
    ];
    for (what, _) in words.iter().zip(happened) {
        plan.push(Step {
            what: (*what).to_owned(),
            action: Action::run(&["/bin/true"]),
            changes: Vec::new(),
            undo: Undo::Nothing,
        });
    }
    Told {
        receipt: Receipt {
            id: id.to_owned(),
            at: format!("2026-11-{}T03:12:09Z", &id[6..8]),
            actor: Actor {
                user: "ada".into(),
                sudo_user: Some("ada".into()),
                tty: Some("pts/0".into()),
                from: Some("10.0.2.2".into()),
                ..Actor::default()
            },
            plan,
            progress: Vec::new(),
            outcome,
            settled: None,
        },
        happened: happened.to_vec(),
        first: None,
    }
}

const INTERRUPTED: &str = "20261121-031209";
const DONE: &str = "20261119-031209";

fn history() -> Plans {
    let (yes, no) = (Some(true), Some(false));
    let mut undone = told(
        "20261118-031209",
        "suspend user bob",
        Some(Outcome::Done),
        &[yes],
    );
    undone.receipt.settled = Some(Settled {
        by: DONE.into(),
        finished: false,
    });
    Plans {
        waiting: vec![told(
            INTERRUPTED,
            "remove user ve\u{1b}[31mra",
            None,
            &[yes, yes, yes, None, no],
        )],
        ended: vec![
            told(
                "20261120-031209",
                "add user eve",
                Some(Outcome::RolledBack),
                &[no, no],
            ),
            told(DONE, "resume user bob", Some(Outcome::Done), &[yes]),
            undone,
        ],
        ..Plans::default()
    }
}

fn console(size: (u16, u16), plans: Plans) -> Console {
    let host = Host {
        plans,
        ..Host::default()
    };
    let mut console = Console::new(size, host);
    console.runs();
    console
}

/// What was done to the host, in order.
fn done(console: &Console) -> Vec<String> {
    let asked = console.host.asked.lock().unwrap();
    asked
        .applied
        .iter()
        .map(|(intent, ..)| format!("{intent:?}"))
        .collect()
}

#[test]
fn plans_at_80x24_and_the_line_that_leads_there() {
    let mut console = console(SMALL, history());
    let mut pictures = console.text(SMALL);
    console.types("up");
    console.runs();
    pictures += &console.text(SMALL);
    console.types("jj\n");
    pictures += &console.text(SMALL);
    insta::assert_snapshot!(pictures);
}

#[test]
fn plans_at_120x40() {
    let mut console = console(LARGE, history());
    console.types("p");
    console.runs();
    insta::assert_snapshot!(console.text(LARGE));
}

#[test]
fn a_plan_that_was_interrupted_is_said_on_every_list_and_never_over_what_stands_there() {
    let mut console = console(SMALL, history());
    let line = "p shows a plan that was interrupted: remove user ve";
    for keys in ["", "u", "o"] {
        console.types(keys);
        console.runs();
        assert!(console.text(SMALL).contains(line), "{keys}");
        console.types("/a");
        let text = console.text(SMALL);
        assert!(
            text.contains("filter a") && text.contains("p 1 plan waits"),
            "{text}"
        );
        console.types("\x1b");
    }
    let text = self::console(SMALL, Plans::default()).text(SMALL);
    assert!(!text.contains("p shows"), "{text}");
    let mut many = history();
    many.waiting
        .push(told("20261117-031209", "add user x", None, &[None]));
    let text = self::console(SMALL, many).text(SMALL);
    assert!(
        text.contains("p shows 2 plans that wait for a decision"),
        "{text}"
    );
}

#[test]
fn an_interrupted_plan_is_finished_or_taken_back_through_the_usual_dialogue() {
    for (key, intent) in [('f', "Finish"), ('U', "Undo")] {
        for sheet in ["", "\n"] {
            let mut console = console(SMALL, history());
            console.types(&format!("p{sheet}{key}"));
            console.runs();
            assert_eq!(done(&console), [""; 0]);
            console.types("y");
            console.runs();
            assert_eq!(done(&console), [format!("{intent}(\"{INTERRUPTED}\")")]);
            // At the start, on the way there and after it was done.
            assert_eq!(console.host.asked.lock().unwrap().read, 3);
        }
    }
}

#[test]
fn a_plan_that_was_done_is_taken_back_and_others_are_left_alone() {
    let mut console = console(SMALL, history());
    console.types("pjj");
    console.runs();
    console.types("f");
    assert!(console.errands.is_empty());
    assert!(
        console
            .text(SMALL)
            .contains("20261119-031209 is done: there is nothing to finish")
    );
    console.types("U");
    console.runs();
    console.types("y");
    console.runs();
    assert_eq!(done(&console), [format!("Undo(\"{DONE}\")")]);
    // One that was rolled back, and one that was taken back.
    for keys in ["\x1bkU", "jjU", "f"] {
        console.types(keys);
        console.runs();
        assert!(
            console.text(SMALL).contains("there is nothing to "),
            "{keys}"
        );
    }
    assert_eq!(console.applied(), 1);
}

#[test]
fn what_has_to_be_decided_first_is_said() {
    let mut plans = history();
    plans.ended[0].first = Some(INTERRUPTED.into());
    let mut console = console(SMALL, plans);
    console.types("pjU");
    console.runs();
    let text = console.text(SMALL);
    assert!(
        text.contains("was to settle this one and was interrupted"),
        "{text}"
    );
    assert!(!text.contains("take it back") && console.errands.is_empty());
}

#[test]
fn a_plan_that_ends_badly_says_which_key_leads_on() {
    let host = Host {
        fails: true,
        plans: history(),
        ..Host::default()
    };
    let mut console = Console::at_accounts(SMALL, host);
    console.types("x");
    console.runs();
    console.types("y");
    console.runs();
    let text = console.text(SMALL);
    assert!(text.contains("p finish it, or take it back"), "{text}");
    console.types("p");
    console.runs();
    assert!(
        console
            .text(SMALL)
            .starts_with("Plans  1 waits for a decision")
    );
    console.types("\x1b");
    assert!(console.text(SMALL).starts_with("Accounts"));
}

#[test]
fn without_root_and_while_somebody_works_the_screen_says_so() {
    let host = Host {
        no_root: true,
        ..Host::default()
    };
    let mut console = Console::new(SMALL, host);
    console.types("p");
    assert!(console.text(SMALL).contains("reading what was done here"));
    console.runs();
    let text = console.text(SMALL);
    assert!(
        text.contains("only root can tell what was changed here; sudo benchwarden"),
        "{text}"
    );
    console.types("fU\n");
    assert!(console.errands.is_empty());
    let busy = Plans {
        busy: Some("bob (sudo): add user eve".into()),
        waiting: Vec::new(),
        ..history()
    };
    let mut console = self::console(SMALL, busy);
    console.types("p");
    console.runs();
    let text = console.text(SMALL);
    assert!(
        text.contains("being done now: bob (sudo): add user eve"),
        "{text}"
    );
}
