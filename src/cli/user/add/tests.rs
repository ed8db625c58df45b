//! One newcomer, on a host that only writes down what it is asked.

use clap::Parser as _;
use serde_json::Value;

use super::*;
use crate::cli;
use crate::cli::args::{Cli, Command};
use crate::cli::user::fake::Host;

/// Runs `user add` with these words.
fn add(words: &[&str]) -> (Host, Exit, String) {
    let words = [&["benchwarden", "user", "add"], words].concat();
    let Some(Command::Verb(verb)) = Cli::try_parse_from(words).unwrap().verb else {
        panic!("user add is a verb");
    };
    let (host, mut out) = (Host::default(), Vec::new());
    let exit = cli::run(&verb, &host, &mut out).unwrap();
    (host, exit, String::from_utf8(out).unwrap())
}

#[test]
fn the_note_follows_the_result() {
    let (_, exit, text) = add(&["ada", "--yes"]);
    assert_eq!(exit, Exit::Done);
    let end = "done; `benchwarden undo id-of-ada` takes it back\n\nWelcome, ada!\n";
    assert_eq!(text, end);
    let (_, _, text) = add(&["ada", "--yes", "--json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["schema"], "benchwarden.plan/1");
    assert_eq!(document["welcome"], "Welcome, ada!\n");
}

#[test]
fn where_no_account_was_made_there_is_no_note() {
    let (_, exit, text) = add(&["fails", "--yes"]);
    assert_eq!(exit, Exit::Failed);
    assert!(!text.contains("Welcome"), "{text}");
    let (host, exit, text) = add(&["ada", "--dry-run"]);
    assert_eq!(exit, Exit::Done);
    assert!(!text.contains("Welcome") && host.applied.lock().unwrap().is_empty());
}

#[test]
fn the_note_is_written_into_a_new_file_and_never_over_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ada.txt");
    let file = file.to_str().unwrap();
    let words = ["ada", "--yes", "--welcome", file];
    let (_, exit, _) = add(&words);
    assert_eq!(exit, Exit::Done);
    assert_eq!(input::file(file).unwrap(), "Welcome, ada!\n");
    let (host, exit, text) = add(&words);
    assert_eq!((exit, text.as_str()), (Exit::Refused, ""));
    assert!(host.applied.lock().unwrap().is_empty(), "nothing is done");
}

#[test]
fn a_note_that_cannot_be_written_fails_after_the_account_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("nowhere/ada.txt");
    let (host, exit, text) = add(&["ada", "--yes", "--welcome", file.to_str().unwrap()]);
    assert_eq!(exit, Exit::Failed);
    assert_eq!(host.applied.lock().unwrap().len(), 1);
    assert!(text.ends_with("Welcome, ada!\n"), "{text}");
}
