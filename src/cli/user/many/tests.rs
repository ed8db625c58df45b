//! A list carried out on a host that only writes down what it is asked.

use serde_json::Value;

use super::*;
use crate::base::account::{FullName, NewName};
use crate::cli::user::fake::Host;
use crate::plan::people::add::AddUser;
use crate::plan::people::many;
use crate::plan::world::World;

fn list(names: &[&str], password: Password) -> List<'static> {
    let entry = |name: &&str| Entry {
        line: 2,
        wish: AddUser {
            name: NewName::user(name).unwrap(),
            full_name: FullName::default(),
            email: None,
            groups: Vec::new(),
            shell: None,
            uid: None,
            keys: Vec::new(),
            password,
            expires: None,
        },
    };
    let entries: Vec<Entry> = names.iter().map(entry).collect();
    let wishes: Vec<AddUser> = entries.iter().map(|entry| entry.wish.clone()).collect();
    let planned = many::plan(
        &wishes,
        World {
            shells: vec!["/bin/bash".into()],
            ..World::default()
        },
    );
    List {
        from: "people.csv",
        people: entries.into_iter().zip(planned).collect(),
    }
}

fn yes(json: bool) -> How {
    How {
        yes: true,
        json,
        ..How::default()
    }
}

/// What the verb wrote: its answer, and what it told beside it.
struct Said {
    out: String,
    errors: String,
}

fn carried_out(names: &[&str], password: Password, json: bool) -> (Host, Exit, Said) {
    let (host, mut out, mut errors) = (Host::default(), Vec::new(), Vec::new());
    let list = list(names, password);
    let exit = list.carry_out(&host, yes(json), &mut out, &mut errors);
    let said = Said {
        out: String::from_utf8(out).unwrap(),
        errors: String::from_utf8(errors).unwrap(),
    };
    (host, exit.unwrap(), said)
}

fn asked(host: &Host) -> Vec<String> {
    let applied = host.applied.lock().unwrap();
    applied.iter().map(|(name, ..)| name.clone()).collect()
}

#[test]
fn everybody_is_made_in_the_order_of_the_list_and_has_a_line() {
    let (host, exit, said) = carried_out(&["ada", "bob"], Password::None, false);
    assert_eq!(exit, Exit::Done);
    assert_eq!(asked(&host), ["ada", "bob"]);
    assert_eq!(said.errors, "");
    assert_eq!(
        said.out,
        "1/2 ada: done; `benchwarden undo id-of-ada` takes it back\n\
         2/2 bob: done; `benchwarden undo id-of-bob` takes it back\n\
         \nWelcome, ada!\n\
         \nWelcome, bob!\n"
    );
}

#[test]
fn after_one_that_fails_nobody_is_begun() {
    for json in [false, true] {
        let names = ["ada", "fails", "carol"];
        let (host, exit, said) = carried_out(&names, Password::None, json);
        assert_eq!(exit, Exit::Failed);
        assert_eq!(asked(&host), ["ada", "fails"]);
        if !json {
            let line =
                "2/3 fails: failed: the disk is full; nothing of it is left (plan id-of-fails)\n";
            assert!(said.out.contains(line), "{}", said.out);
            assert!(said.out.ends_with("\nWelcome, ada!\n"));
            let end = "done, and stays: ada\nnot done: fails\nnot begun: carol\n";
            assert_eq!(said.errors, end);
            continue;
        }
        let document: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(document["schema"], SCHEMA);
        assert_eq!(document["result"], "stopped");
        let results: Vec<&Value> = (0..3).map(|at| &document["people"][at]["result"]).collect();
        assert_eq!(results, ["done", "rolled back", "not begun"]);
        assert_eq!(document["people"][0]["plan"], "id-of-ada");
        assert_eq!(document["people"][0]["welcome"], "Welcome, ada!\n");
        assert_eq!(document["people"][1]["welcome"], Value::Null);
        assert_eq!(document["people"][1]["failure"], "the disk is full");
    }
}

#[test]
fn a_host_that_has_changed_since_stops_the_list() {
    let (host, exit, said) = carried_out(&["ada", "taken", "bob"], Password::None, true);
    assert_eq!((exit, asked(&host).len()), (Exit::Failed, 2));
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(document["people"][1]["result"], "not done");
}

#[test]
fn everybody_gets_a_password_of_their_own_and_no_document_holds_it() {
    let given = Password::Given { must_change: true };
    let (host, exit, said) = carried_out(&["ada", "bob"], given, true);
    assert_eq!(exit, Exit::Done);
    let applied = host.applied.lock().unwrap();
    let secrets: Vec<&str> = applied.iter().filter_map(|(.., s)| s.as_deref()).collect();
    assert!(secrets[0].starts_with("ada:") && secrets[1].starts_with("bob:"));
    let password = |at: usize| secrets[at].split_once(':').unwrap().1.trim_end();
    assert_ne!(password(0), password(1));
    assert!(!said.out.contains(password(0)) && !said.out.contains(password(1)));
    for (at, name) in ["ada", "bob"].into_iter().enumerate() {
        let line = format!("password of {name}, shown this once: {}\n", password(at));
        assert_eq!(said.errors.matches(&line).count(), 1);
    }
}

#[test]
fn a_reader_who_has_gone_ends_nothing() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let host = Host::default();
    let list = list(&["ada", "bob", "eve"], Password::None);
    let exit = list.carry_out(&host, yes(false), &mut Gone, &mut Gone);
    assert_eq!(exit.unwrap(), Exit::Done);
    assert_eq!(asked(&host), ["ada", "bob", "eve"]);
}

#[test]
fn without_yes_and_without_a_terminal_nothing_is_begun() {
    let (host, mut out) = (Host::default(), Vec::new());
    // Where the tests run in a terminal, its user would be asked.
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return;
    }
    let list = list(&["ada"], Password::None);
    let exit = list
        .carry_out(&host, How::default(), &mut out, &mut std::io::sink())
        .unwrap();
    assert_eq!((exit, asked(&host).len()), (Exit::Refused, 0));
}
