//! Every screen and every dialogue, as text.

use super::*;
use crate::model::people::belongings::{Belongings, Outside, Place};
use crate::plan::step::Step;
use crate::tui::errand::Progress;

#[test]
fn accounts_at_80x24() {
    insta::assert_snapshot!(Console::at_accounts(SMALL, Host::default()).text(SMALL));
}

#[test]
fn accounts_at_120x40() {
    insta::assert_snapshot!(Console::at_accounts(LARGE, Host::default()).text(LARGE));
}

#[test]
fn accounts_while_the_directory_is_asked() {
    let mut console = Console::new(SMALL, Host::default());
    console.types("u");
    insta::assert_snapshot!(console.text(SMALL));
}

#[test]
fn groups_at_80x24() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("o");
    insta::assert_snapshot!(console.text(SMALL));
}

#[test]
fn groups_at_120x40() {
    let mut console = Console::at_accounts(LARGE, Host::default());
    console.types("o");
    insta::assert_snapshot!(console.text(LARGE));
}

#[test]
fn details_of_a_person_and_of_a_group() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("\n");
    console.runs();
    let person = console.text(SMALL);
    console.types("o\n");
    insta::assert_snapshot!(person + &console.text(SMALL));
}

#[test]
fn a_new_person_at_80x24() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("nAda Lovelace\tx\t@\tan");
    insta::assert_snapshot!(console.text(SMALL));
}

#[test]
fn the_other_forms() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    let mut pictures = String::new();
    for (keys, more) in [
        ("m", ""),
        ("d", ">>"),
        ("K", ">"),
        ("J", "s"),
        ("L", "z"),
        ("on", "a"),
    ] {
        console.types(keys);
        console.runs();
        console.types(more);
        pictures += &console.text(SMALL);
        console.types("\x1b");
    }
    insta::assert_snapshot!(pictures);
}

#[test]
fn what_somebody_owns_who_is_removed_and_how_far_that_is() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("d\n");
    let wish = Intent::Suspend("alice".into());
    let mut plan = some_plan(&wish);
    plan.intent = "remove user alice".into();
    plan.about = "alice".into();
    let place = |file: &str| Place {
        file: file.into(),
        line: 2,
    };
    plan.belongings = Some(Box::new(Belongings {
        outside: Outside {
            files: 1203,
            bytes: crate::base::units::Bytes(2 << 30),
            places: vec![("/srv/\u{1b}[31mproject".into(), 900), ("/tmp".into(), 200)],
            seconds: 10,
            ..Outside::default()
        },
        crontab: Some(1),
        at_jobs: Some(0),
        sudo: vec![place("/etc/sudoers.d/alice")],
        processes: 4,
        ..Belongings::default()
    }));
    console.update(Event::Answer(Answer::Plan(1, Ok(plan))));
    let mut pictures = console.text(SMALL);
    console.types("y");
    let so_far = "packing 25%, 1.00 GiB of 4.00 GiB, 1.00 GiB/s, 12 of 48 files".to_owned();
    for progress in [Progress::Begins(0), Progress::Advances(0, so_far)] {
        console.update(Event::Answer(Answer::Progress(2, progress)));
    }
    pictures += &console.text(SMALL);
    console.types("U");
    pictures += &console.text(SMALL);
    insta::assert_snapshot!(pictures);
}

#[test]
fn a_plan_its_progress_and_its_end_at_80x24() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("nAda Lovelace\n");
    let mut pictures = console.text(SMALL);
    console.runs();
    pictures += &console.text(SMALL);
    console.types("y");
    let waiting = std::mem::take(&mut console.errands);
    for errand in waiting {
        let answers = answers(&console.host, errand);
        let last = answers.len() - 1;
        for (at, answer) in answers.into_iter().enumerate() {
            if at == last {
                console.types("\x1bq");
                pictures += &console.text(SMALL);
            }
            console.update(Event::Answer(answer));
        }
    }
    insta::assert_snapshot!(pictures + &console.text(SMALL));
}

#[test]
fn a_long_plan_is_walked_through_step_by_step() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.types("x");
    let mut plan = some_plan(&Intent::Suspend("alice".into()));
    let step = plan.steps[0].clone();
    for number in 3..18 {
        plan.push(Step {
            what: format!("step {number} {}", "of many words ".repeat(number % 4)),
            ..step.clone()
        });
    }
    console.update(Event::Answer(Answer::Plan(1, Ok(plan))));
    let mut pictures = console.text(SMALL);
    console.types("j");
    pictures += &console.text(SMALL);
    console.types("jjjjjjjj");
    pictures += &console.text(SMALL);
    insta::assert_snapshot!(pictures);
    // However fast one goes, one step at a time is looked at, and all of it is in sight.
    for (code, times) in [
        (KeyCode::Home, 1),
        (KeyCode::Down, 20),
        (KeyCode::PageUp, 1),
        (KeyCode::Up, 20),
        (KeyCode::PageDown, 3),
        (KeyCode::End, 1),
        (KeyCode::Char('e'), 2),
    ] {
        for _ in 0..times {
            console.key(code);
            let text = console.text(SMALL);
            assert_eq!(text.matches("│  >").count(), 1, "{code:?}\n{text}");
            let words = text.split("│  >").nth(1).unwrap();
            if code != KeyCode::Char('e') {
                assert!(
                    words.contains("     does ") && words.contains("     undo "),
                    "{text}"
                );
            }
        }
    }
}

/// A newcomer has been made, with a password.
fn after_a_newcomer(size: (u16, u16)) -> Console {
    let mut console = Console::at_accounts(size, Host::default());
    console.types("nAda Lovelace\t\tada@example.org\tana>\t\t\t>\n");
    console.runs();
    console.types("y");
    console.runs();
    console
}

/// What was made by chance, as x.
fn without_chance(text: &str) -> String {
    let is_password = |word: &&str| word.len() == 23 && word.matches('-').count() == 3;
    let made: Vec<&str> = text.split_whitespace().filter(is_password).collect();
    assert!(made.len() < 2, "{text}");
    made.iter().fold(text.to_owned(), |text, password| {
        text.replace(password, "xxxxx-xxxxx-xxxxx-xxxxx")
    })
}

#[test]
fn the_note_for_a_newcomer_at_80x24() {
    let mut console = after_a_newcomer(SMALL);
    let mut pictures = without_chance(&console.text(SMALL));
    console.key(KeyCode::PageDown);
    pictures += &without_chance(&console.text(SMALL));
    console.types("w");
    let Some(Errand::Write(number, file, text)) = console.errands.pop() else {
        panic!("{:?}", console.errands);
    };
    assert_eq!(file, "welcome-ada.txt");
    assert!(text.starts_with("Welcome to workbench, Ada Lovelace.\n"));
    let path = "/root/welcome-ada.txt".to_owned();
    console.update(Event::Answer(Answer::Wrote(number, Ok(path))));
    pictures += &without_chance(&console.text(SMALL));
    insta::assert_snapshot!(pictures);
}

#[test]
fn the_note_is_written_once_and_again_only_when_that_failed() {
    let mut console = after_a_newcomer(LARGE);
    console.types("ww");
    assert_eq!(console.errands.len(), 1);
    let Some(Errand::Write(number, ..)) = console.errands.pop() else {
        panic!("no note is written");
    };
    let why = "welcome-ada.txt cannot be written here: File exists".to_owned();
    console.update(Event::Answer(Answer::Wrote(number, Err(why.clone()))));
    assert!(console.text(LARGE).contains(&why));
    console.types("w");
    assert_eq!(console.errands.len(), 1);
    let late = Answer::Wrote(number, Ok("/late".to_owned()));
    console.update(Event::Answer(late));
    assert!(
        !console.text(LARGE).contains("/late"),
        "that was the first question"
    );
    console.types("\x1b");
    assert!(console.text(LARGE).starts_with("Accounts"));
}

#[test]
fn a_note_is_written_into_a_new_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir
        .path()
        .join("welcome-ada.txt")
        .to_string_lossy()
        .into_owned();
    for first in [true, false] {
        let errand = Errand::Write(7, file.clone(), "Welcome\n".to_owned());
        let answer = answers(&Host::default(), errand).pop();
        let Some(Answer::Wrote(7, wrote)) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(wrote.is_ok(), first, "{wrote:?}");
    }
}

#[test]
fn a_refused_plan_and_a_failed_one() {
    let refuses = Some("alice is the last admin: nobody could take it back");
    let host = Host {
        refuses,
        ..Host::default()
    };
    let mut console = Console::at_accounts(SMALL, host);
    console.types("x");
    console.runs();
    let refused = console.text(SMALL);
    console.types("y\x1b");
    assert!(console.errands.is_empty() && console.applied() == 0);
    let host = Host {
        fails: true,
        ..Host::default()
    };
    let mut console = Console::at_accounts(SMALL, host);
    console.types("x");
    console.runs();
    console.types("y");
    console.runs();
    insta::assert_snapshot!(refused + &console.text(SMALL));
}

#[test]
fn everything_is_ascii_and_plain_where_the_terminal_is() {
    let mut console = Console::at_accounts(SMALL, Host::default());
    console.app = app(false, true, SMALL, workbench());
    console.types("ua");
    console.runs();
    for keys in [
        "",
        "\n",
        "\x1bnÄda\t\tü",
        "\x1bo",
        "\n",
        "\x1bn",
        "\x1bd",
        "y",
    ] {
        console.types(keys);
        console.runs();
        let text = console.text(SMALL);
        assert!(text.is_ascii(), "{text}");
        for cell in picture(&console.app, SMALL).content() {
            assert_eq!(cell.fg, ratatui::style::Color::Reset);
        }
    }
}
