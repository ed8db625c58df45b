//! What keys make of the host, and what leaves it alone.

use super::*;
use crate::plan::people::add::Password;
use crate::plan::people::remove::{Files, Home};
use crate::plan::step::{Step, Undo};
use crate::tui::errand::Progress;

const KEY: &str = include_str!("../../../../tests/keys/ed25519-256.pub");
const SHORT_KEY: &str = include_str!("../../../../tests/keys/rsa-1024.pub");

fn applied(console: &Console) -> (Intent, Approval, Option<String>) {
    let asked = console.host.asked.lock().unwrap();
    assert_eq!(asked.applied.len(), 1);
    asked.applied[0].clone()
}

#[test]
fn a_new_colleague_by_keys_alone() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    // Full name, the suggested account, e-mail, a completed group, the third shell.
    console.types("nÁda Lovelace\t\tada@example.org\tana>,mode>\t>>>\t");
    console.pastes(KEY);
    // A password that is made; the first login need not change it; an end.
    console.types("\t>\t \t2027-01-01\n");
    console.runs();
    console.types("y");
    console.runs();
    let (intent, approval, secret) = applied(&console);
    let Intent::AddUser(wish) = intent.clone() else {
        panic!("{intent:?}");
    };
    assert_eq!(wish.name.as_str(), "ada.lovelace");
    assert_eq!(wish.full_name.as_str(), "Áda Lovelace");
    assert_eq!(wish.email.as_ref().unwrap().as_str(), "ada@example.org");
    assert_eq!(wish.groups, ["analysts", "modelling"]);
    assert_eq!(wish.shell.as_deref(), Some("/usr/bin/zsh"));
    assert_eq!(wish.keys.len(), 1);
    assert_eq!(wish.password, Password::Given { must_change: false });
    assert_eq!(wish.expires.as_deref(), Some("2027-01-01"));
    assert_eq!(approval, Approval::Shown(some_plan(&intent).fingerprint()));
    // The password is in the result once, and gone with it.
    let secret = secret.unwrap();
    let made = secret.strip_prefix("ada.lovelace:").unwrap().trim_end();
    assert_eq!(made.len(), 23);
    assert!(console.text(SMALL).contains(made));
    console.types("\n");
    assert!(!console.text(SMALL).contains(made));
    assert!(console.text(SMALL).starts_with("Accounts"));
}

#[test]
fn a_typed_password_must_be_typed_twice_and_is_never_shown() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("m\t\t\t\t\t>>\thunter2hunter\thunter2huntex\n");
    assert!(console.errands.is_empty());
    let text = console.text(SMALL);
    assert!(text.contains("the two are not the same") && !text.contains("hunter2"));
    console.key(KeyCode::Backspace);
    console.types("r\n");
    console.runs();
    assert!(!console.text(SMALL).contains("hunter2"));
    console.types("y");
    console.runs();
    let (intent, _, secret) = applied(&console);
    assert_eq!(secret.as_deref(), Some("alice:hunter2hunter\n"));
    assert!(!format!("{intent:?}").contains("hunter2"));
    let Intent::ModifyUser(wish) = intent else {
        panic!("{intent:?}");
    };
    assert_eq!(
        (&wish.full_name, &wish.email, &wish.shell),
        (&None, &None, &None)
    );
    assert_eq!(wish.groups, None);
    assert_eq!(wish.password, Password::Given { must_change: true });
    assert!(!console.text(SMALL).contains("hunter2"));
}

#[test]
fn groups_are_changed_in_the_form_of_the_person() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("m\t\t");
    for _ in "modelling".chars() {
        console.key(KeyCode::Backspace);
    }
    console.types("\n");
    console.runs();
    console.types("y");
    console.runs();
    let (intent, ..) = applied(&console);
    let Intent::ModifyUser(wish) = intent else {
        panic!("{intent:?}");
    };
    assert_eq!(wish.groups.unwrap(), ["sudo", "analysts"]);
}

#[test]
fn suspending_and_resuming_follow_the_account() {
    for (keys, resumes) in [("x", false), ("jjx", true)] {
        let mut console = Console::at_accounts(SMALL, Host::default());
        console.types(keys);
        console.runs();
        console.types("y");
        console.runs();
        let (intent, ..) = applied(&console);
        match intent {
            Intent::Suspend(name) => assert!(!resumes && name == "alice"),
            Intent::Resume(name) => assert!(resumes && name == "carol"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn deleting_a_home_asks_for_the_name() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("d>>\n");
    assert!(console.errands.is_empty());
    assert!(console.text(SMALL).contains("type alice to delete"));
    console.types("alice\n");
    console.runs();
    console.types("y");
    console.runs();
    let (intent, ..) = applied(&console);
    assert!(matches!(intent, Intent::Remove(name, Home::Delete, Files::Keep) if name == "alice"));
}

#[test]
fn files_elsewhere_are_given_to_one_person() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("d\t\t>\talice\n");
    assert!(console.errands.is_empty());
    assert!(console.text(SMALL).contains("alice is none of these"));
    for _ in 0.."alice".len() {
        console.key(KeyCode::Backspace);
    }
    console.types("bo>\n");
    console.runs();
    console.types("y");
    console.runs();
    let Intent::Remove(_, Home::Archive(file), Files::Give(heir)) = applied(&console).0 else {
        panic!("{}", console.text(SMALL));
    };
    assert_eq!(
        (file.as_str(), heir.as_str()),
        ("/root/alice.tar.zst", "bob")
    );
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("d\t\t>>\n");
    assert!(console.errands.is_empty());
    assert!(console.text(SMALL).contains("type alice to delete"));
}

#[test]
fn a_plan_that_runs_is_asked_to_stop_with_one_key() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("d\n");
    console.runs();
    console.types("y");
    let so_far = "packing 25%, 1.00 GiB of 4.00 GiB, 1.00 GiB/s, 12 of 48 files".to_owned();
    let number = 2;
    for progress in [Progress::Begins(0), Progress::Advances(0, so_far)] {
        console.update(Event::Answer(Answer::Progress(number, progress)));
    }
    assert!(
        console
            .text(SMALL)
            .contains("packing 25%, 1.00 GiB of 4.00 GiB")
    );
    assert!(console.text(SMALL).contains("U stop"));
    console.types("U");
    assert!(matches!(console.errands.last(), Some(Errand::Stop)));
    let text = console.text(SMALL);
    assert!(
        text.contains("Stopping where that") && !text.contains("U stop"),
        "{text}"
    );
}

#[test]
fn beyond_the_point_of_no_return_a_plan_offers_no_stop() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("d\n");
    let mut plan = Plan::new("remove user alice", "alice");
    let why = "the home is gone".into();
    plan.push(Step {
        what: "delete /home/alice".into(),
        action: crate::plan::step::Action::run(&["/bin/true"]),
        changes: Vec::new(),
        undo: Undo::Final { why },
    });
    console.update(Event::Answer(Answer::Plan(1, Ok(plan))));
    console.types("y");
    assert!(console.text(SMALL).contains("U stop"));
    console.update(Event::Answer(Answer::Progress(2, Progress::Begins(0))));
    assert!(!console.text(SMALL).contains("U stop"));
}

#[test]
fn keys_come_and_go() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("K");
    console.runs();
    console.types("\t");
    console.pastes(SHORT_KEY);
    assert!(
        console
            .text(SMALL)
            .contains("RSA with 1024 bits can be broken")
    );
    console.pastes("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA\n-----END");
    let text = console.text(SMALL);
    assert!(
        text.contains("PRIVATE key") && !text.contains("b3Blbn"),
        "{text}"
    );
    console.pastes(KEY);
    console.types("\n");
    console.runs();
    console.types("y");
    console.runs();
    assert!(matches!(applied(&console).0, Intent::AddKeys(_, keys) if keys.len() == 1));
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("K");
    console.runs();
    console.types(">\t \n");
    console.runs();
    console.types("y");
    console.runs();
    assert!(matches!(applied(&console).0, Intent::RemoveKeys(_, keys) if keys.len() == 1));
}

#[test]
fn groups_are_made_joined_left_and_removed() {
    let wanted = [
        ("Lmode>\n", "Leave(\"modelling\", [\"alice\"])"),
        ("jJana>\n", "Join(\"analysts\", [\"bob\"])"),
        ("oJbob,ca\x08\x08carol\n", ""),
        ("oL\n", ""),
        (
            "oLalice,carol\n",
            "Leave(\"analysts\", [\"alice\", \"carol\"])",
        ),
        (
            "onpilots\talice,bob\n",
            "AddGroup(NewName(\"pilots\"), None, [\"alice\", \"bob\"])",
        ),
        ("od", "RemoveGroup(\"analysts\")"),
    ];
    for (keys, intent) in wanted {
        let mut console = Console::at_accounts(SMALL, Host::default());
        console.types(keys);
        console.runs();
        console.types("y");
        console.runs();
        let done = console.host.asked.lock().unwrap().applied.first().cloned();
        let done = done.map_or_else(String::new, |(intent, ..)| format!("{intent:?}"));
        assert_eq!(done, intent, "{keys:?}\n{}", console.text(SMALL));
    }
}

#[test]
fn escape_at_every_stage_leaves_no_effect() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    for keys in [
        "n", "m", "x", "d", "K", "J", "L", "onpilots", "od", "oJ", "oL",
    ] {
        // In the form, while it is planned, and when the plan is shown.
        for stage in 0..3 {
            console.types(keys);
            if stage > 0 {
                console.types(if keys == "n" { "Ada\n" } else { "\n" });
            }
            if stage > 1 {
                console.runs();
            }
            for _ in 0..4 {
                console.types("\x1b");
            }
            console
                .errands
                .retain(|errand| !matches!(errand, Errand::Plan(..)));
            console.types("u");
            console.runs();
            let text = console.text(SMALL);
            assert!(text.starts_with("Accounts"), "{keys} {stage}\n{text}");
        }
    }
    assert_eq!(console.applied(), 0);
}

#[test]
fn a_plan_that_was_left_does_not_come_back() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("x\x1b");
    console.runs();
    assert!(!console.text(SMALL).contains("do it"));
    console.types("x");
    let late = Answer::Plan(1, Ok(Plan::new("remove user root", "root")));
    console.update(Event::Answer(late));
    assert!(!console.text(SMALL).contains("remove user root"));
}

#[test]
fn while_a_plan_runs_no_key_ends_it_or_the_console() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("x");
    console.runs();
    console.types("y");
    assert!(!console.key(KeyCode::Char('q')) && !console.key(KeyCode::Esc));
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert!(!console.update(Event::Terminal(event::Event::Key(interrupt))));
    assert!(
        console
            .text(SMALL)
            .contains("The plan runs and ends by itself")
    );
    console.runs();
    assert!(console.text(SMALL).contains("Done:"));
    assert!(console.update(Event::Terminal(event::Event::Key(interrupt))));
}

#[test]
fn what_was_done_is_taken_back_with_one_key_and_an_approval() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("x");
    console.runs();
    console.types("y");
    console.runs();
    console.types("U");
    console.runs();
    assert_eq!(console.applied(), 1);
    console.types("y");
    console.runs();
    let asked = console.host.asked.lock().unwrap();
    let last = &asked.applied.last().unwrap().0;
    assert!(matches!(last, Intent::Undo(id) if id == "20261121T031209-4711"));
}

#[test]
fn the_cursor_stays_with_its_person_through_orders_and_filters() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("j");
    assert!(console.text(SMALL).contains("> bob"));
    for _ in 0..5 {
        console.types("s");
        assert!(console.text(SMALL).contains("> bob"));
    }
    console.types("/model");
    let text = console.text(SMALL);
    assert!(text.contains("> bob") && text.contains("alice") && !text.contains("carol"));
    console.types("\n\x1b");
    assert!(console.text(SMALL).contains("> bob"));
}

#[test]
fn a_uid_without_an_account_cannot_be_changed() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("/4711\nx");
    assert!(console.text(SMALL).contains("no account has this uid"));
    assert!(console.errands.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_keys_and_no_size_break_a_dialogue(
        keys in "[a-zA-Z\n\t\x1b> /?]{0,40}",
        sizes in proptest::collection::vec((0u16..200, 0u16..60), 1..4),
    ) {
        let mut console = Console::at_accounts(SMALL, Host::default());
        for (at, c) in keys.chars().enumerate() {
            console.types(c.encode_utf8(&mut [0; 4]));
            if at % 3 == 0 {
                console.runs();
            }
            let (columns, rows) = sizes[at % sizes.len()];
            console.update(Event::Terminal(event::Event::Resize(columns, rows)));
            picture(&console.app, (columns, rows));
        }
    }
}
