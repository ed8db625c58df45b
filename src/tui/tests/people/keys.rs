//! Keys that are handed in: typed, pasted as a block, or read from a file.

use super::*;
use crate::base::sshkey::PublicKey;

const ED: &str = include_str!("../../../../tests/keys/ed25519-256.pub");
const RSA: &str = include_str!("../../../../tests/keys/rsa-3072.pub");
const EC: &str = include_str!("../../../../tests/keys/ecdsa-256.pub");
const SHORT: &str = include_str!("../../../../tests/keys/rsa-1024.pub");

/// In the field of keys of a new person.
fn at_keys(size: (u16, u16)) -> Console {
    let mut console = Console::at_accounts(size, Host::default());
    console.types("nAda Lovelace\t\t\t\t\t");
    console
}

/// The bits of the keys in the plan that is asked for.
fn wished(console: &mut Console) -> Vec<u32> {
    console.types("\n");
    let Some(Errand::Plan(_, Intent::AddUser(wish))) = console.errands.pop() else {
        panic!("{:?}\n{}", console.errands, console.text(SMALL));
    };
    wish.keys.iter().map(PublicKey::bits).collect()
}

fn fingerprint(key: &str) -> String {
    PublicKey::parse(key).unwrap().fingerprint()
}

#[test]
fn several_keys_in_a_form_at_80x24_and_at_120x40() {
    let mut console = at_keys(SMALL);
    console.pastes(&format!("# two\n{ED}\n{RSA}"));
    let mut pictures = console.text(SMALL);
    console.key(KeyCode::Up);
    console.types(" ");
    pictures += &console.text(SMALL);
    console.types("\t");
    console.pastes(&format!("{EC}{SHORT}"));
    pictures += &console.text(LARGE);
    insta::assert_snapshot!(pictures);
}

#[test]
fn keys_come_as_a_block_and_one_after_another_and_each_can_be_left_out() {
    let mut console = at_keys(SMALL);
    console.pastes(&format!("# of ada\n{ED}\n\n{RSA}"));
    console.pastes(EC);
    console.pastes(ED);
    let text = console.text(LARGE);
    for key in [ED, RSA, EC] {
        assert_eq!(text.matches(&fingerprint(key)).count(), 1, "{text}");
    }
    console.key(KeyCode::Up);
    console.types(" ");
    assert!(!console.text(LARGE).contains(&fingerprint(EC)));
    assert_eq!(wished(&mut console), [256, 3072]);
}

#[test]
fn a_block_without_a_bracket_around_it_is_typed_and_asks_for_no_plan() {
    let mut console = at_keys(SMALL);
    console.types(&format!("{ED}{RSA}{EC}"));
    assert!(console.errands.is_empty());
    assert_eq!(wished(&mut console), [256, 3072, 256]);
    // A key that is left with Tab is taken as well, and so is one that stands there at the end.
    let mut console = at_keys(SMALL);
    console.types(&format!("{}\t", ED.trim_end()));
    assert!(console.text(LARGE).contains(&fingerprint(ED)));
    assert_eq!(wished(&mut console), [256]);
}

#[test]
fn of_a_block_with_a_bad_line_nothing_is_taken_and_nothing_goes_on() {
    let mut console = at_keys(SMALL);
    console.pastes(&format!("{ED}{SHORT}"));
    let text = console.text(LARGE);
    assert!(
        text.contains("line 2: RSA with 1024 bits can be broken"),
        "{text}"
    );
    assert!(!text.contains("[x]"), "{text}");
    console.types("\n");
    assert!(console.errands.is_empty());
    let long = format!("{}{}", format!("{ED}\n").repeat(200), SHORT);
    console.pastes(&long);
    let text = console.text(LARGE);
    assert!(
        text.contains("nothing was taken: line 401: RSA with"),
        "{text}"
    );
    console.pastes(&format!("{ED}\n{EC}").repeat(100));
    assert_eq!(wished(&mut console), [256, 256]);
}

#[test]
fn a_private_key_among_others_is_refused_and_shown_nowhere() {
    let mut console = at_keys(SMALL);
    console.pastes(&format!(
        "{ED}-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA\n"
    ));
    let text = console.text(LARGE);
    assert!(
        text.contains("PRIVATE key") && !text.contains("b3Blbn"),
        "{text}"
    );
    assert!(!text.contains("[x]"), "{text}");
}

#[test]
fn a_file_is_read_aside_and_refused_whole_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    let write = |name: &str, text: &str| {
        answers(
            &Host::default(),
            Errand::Write(7, at(name), text.to_owned()),
        );
    };
    write("good", &format!("{ED}# and\n{RSA}"));
    write("weak", &format!("{ED}{SHORT}"));
    write("empty", "# none\n");
    write(
        "secret",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA\n",
    );
    let mut console = at_keys(LARGE);
    for (name, why) in [
        ("weak", "line 2: RSA with 1024 bits can be broken"),
        ("empty", "there is no key in it"),
        ("secret", "PRIVATE key"),
        ("none", "it cannot be read: No such file"),
        ("", "it cannot be read: it is no plain file"),
    ] {
        console.types(&at(name));
        assert!(
            console
                .text(LARGE)
                .contains("Enter reads the keys in this file")
        );
        console.types("\n");
        assert!(console.text(LARGE).contains("reading it..."), "{name}");
        console.types("\n");
        assert_eq!(console.errands.len(), 1, "asked once, and no plan");
        console.runs();
        let text = console.text(LARGE);
        assert!(
            text.contains(why) && !text.contains("[x]"),
            "{name}\n{text}"
        );
        let clear = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL);
        console.update(Event::Terminal(event::Event::Key(clear)));
    }
    console.types("~/x\n");
    assert!(console.text(LARGE).contains("write the whole path") && console.errands.is_empty());
    for _ in 0..3 {
        console.key(KeyCode::Backspace);
    }
    console.types(&format!("{}\t", at("good")));
    console.runs();
    assert!(console.text(LARGE).contains(&fingerprint(RSA)));
    assert_eq!(wished(&mut console), [256, 3072]);
}

#[test]
fn a_file_that_nobody_waits_for_any_more_changes_nothing() {
    let mut console = at_keys(LARGE);
    console.types("/a\n/b\n");
    let numbers: Vec<u64> = console
        .errands
        .iter()
        .map(|errand| match errand {
            Errand::KeyFile(number, _) => *number,
            other => panic!("{other:?}"),
        })
        .collect();
    for (number, key) in numbers.iter().zip([ED, RSA]) {
        console.update(Event::Answer(Answer::KeyFile(*number, Ok(key.to_owned()))));
    }
    let text = console.text(LARGE);
    assert!(
        !text.contains(&fingerprint(ED)) && text.contains(&fingerprint(RSA)),
        "{text}"
    );
    console.types("/c\n\x1b");
    let late = Answer::KeyFile(numbers[1] + 1, Ok(ED.to_owned()));
    console.update(Event::Answer(late));
    assert!(console.text(LARGE).starts_with("Accounts"));
}
