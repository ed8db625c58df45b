//! Every screen and every dialogue, as text.

use super::*;

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
