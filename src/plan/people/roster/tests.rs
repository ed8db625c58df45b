//! Lists as people write them, as spreadsheets spoil them and as nobody should.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::base::account::NewName;
use crate::plan::people::add::Password;

const KEY: &str = include_str!("../../../../tests/keys/ed25519-256.pub");

/// Reads a list; `keys.pub` is the only file there is.
fn reads(text: &[u8], format: Format) -> Roster {
    read(text, format, &mut |file| match file {
        "keys.pub" => Ok(vec![PublicKey::parse(KEY).unwrap()]),
        _ => Err(format!("there is no {file}")),
    })
}

fn csv(text: &str) -> Roster {
    reads(text.as_bytes(), Format::Csv)
}

fn toml(text: &str) -> Roster {
    reads(text.as_bytes(), Format::Toml)
}

fn words(roster: &Roster) -> Vec<String> {
    let words = |bad: &Bad| format!("{}: {}: {}", bad.line, bad.field, bad.reason);
    roster.bad.iter().map(words).collect()
}

fn names(roster: &Roster) -> Vec<(usize, &str)> {
    let name = |entry: &'_ Entry| entry.line;
    roster
        .people
        .iter()
        .map(|entry| (name(entry), entry.wish.name.as_str()))
        .collect()
}

#[test]
fn a_table_and_toml_say_the_same() {
    let key = KEY.trim();
    let table = csv(&format!(
        "name,full_name,email,groups,shell,uid,ssh_key,no_password,generate_password,must_change,expires\n\
         ada,Ada Lovelace,ada@example.org,\"modelling, pilots\",/bin/zsh,4242,{key},no,yes,yes,2027-03-01\n"
    ));
    let list = toml(&format!(
        "[[user]]\nname = \"ada\"\nfull_name = \"Ada Lovelace\"\nemail = \"ada@example.org\"\n\
         groups = [\"modelling\", \"pilots\"]\nshell = \"/bin/zsh\"\nuid = 4242\n\
         ssh_key = [\"{key}\"]\ngenerate_password = true\nmust_change = true\n\
         expires = 2027-03-01\n"
    ));
    for roster in [table, list] {
        assert_eq!(words(&roster), Vec::<String>::new());
        let wish = &roster.people[0].wish;
        assert_eq!(wish.name.as_str(), "ada");
        assert_eq!(wish.full_name.as_str(), "Ada Lovelace");
        assert_eq!(wish.email.as_ref().unwrap().as_str(), "ada@example.org");
        assert_eq!(wish.groups, ["modelling", "pilots"]);
        assert_eq!(wish.shell.as_deref(), Some("/bin/zsh"));
        assert_eq!(wish.uid, Some(4242));
        assert_eq!(wish.keys, [PublicKey::parse(KEY).unwrap()]);
        assert_eq!(wish.password, Password::Given { must_change: true });
        assert_eq!(wish.expires.as_deref(), Some("2027-03-01"));
    }
}

#[test]
fn tables_are_taken_as_spreadsheets_save_them() {
    let excel = "\u{feff}Name;Full Name;groups\r\n\r\nada;Ada;a,b\r\n;;\r\nbob;\"Bob\";\r\n";
    let roster = csv(excel);
    assert_eq!(words(&roster), Vec::<String>::new());
    assert_eq!(names(&roster), [(3, "ada"), (5, "bob")]);
    assert_eq!(roster.people[0].wish.groups, ["a", "b"]);
    let old = csv("name,ssh-key,\rada,keys.pub,\rbob,,\r");
    assert_eq!(names(&old), [(2, "ada"), (3, "bob")]);
    assert_eq!(old.people[0].wish.keys.len(), 1);
}

#[test]
fn every_bad_line_is_named_with_its_field() {
    let roster = csv(
        "name,email,uid,expires,generate_password,no_password,must_change\n\
         -rf,nobody,,,,,\n\
         ada,,one,soon,perhaps,,\n\
         ,x@example.org,,,,,\n\
         bob,,5000,,yes,yes,\n\
         eve,,5000,,,,yes\n\
         ada,,,,,,\n\
         zoe,,,,,,\n\
         zoe,,,,,,\n\
         carl,,5000,,,,\n",
    );
    let words = words(&roster);
    let expected = [
        "2: name: \"-rf\" cannot be a user name",
        "2: email: \"nobody\" cannot be an e-mail address",
        "3: uid: it is not a number",
        "3: expires: write a date such as",
        "3: generate_password: it is neither yes nor no",
        "4: name: there is none",
        "5: no_password: it says yes",
        "6: must_change: it needs a password",
        "6: uid: line 5 has the uid 5000 already",
        "7: name: line 3 has the name ada already",
        "9: name: line 8 has the name zoe already",
        "10: uid: line 5 has the uid 5000 already",
    ];
    assert_eq!(words.len(), expected.len(), "{words:#?}");
    for (word, expected) in words.iter().zip(expected) {
        assert!(word.starts_with(expected), "{word} / {expected}");
    }
    assert_eq!(names(&roster), [(8, "zoe")]);
}

#[test]
fn an_unknown_column_names_the_nearest_and_a_password_is_refused() {
    let roster = csv("name,emial,password,name\nada,a@b.example,hunter2,eve\n");
    let words = words(&roster);
    assert!(words[0].starts_with("1: emial: there is no such field; the nearest is email"));
    assert!(words[1].starts_with("1: password: a list holds no passwords"));
    assert_eq!(words[2], "1: name: there are two such columns");
    assert!(!words.join("").contains("hunter2"));
    let roster = csv("ada,Ada\nbob,Bob\n");
    assert!(roster.people.is_empty());
    assert!(
        roster.bad.iter().any(|bad| bad.field == "name"),
        "{roster:?}"
    );
}

#[test]
fn lines_with_too_many_or_too_few_fields_name_the_first_that_does_not_fit() {
    let roster = csv("name,groups\nada,a,b\nbob\n");
    let words = words(&roster);
    assert!(words[0].starts_with("2: column 3: the line has 3 fields, the first line 2"));
    assert!(words[1].starts_with("3: groups: the line has 1 field,"));
}

#[test]
fn toml_errors_have_lines_and_keys_too() {
    let roster =
        toml("[[user]]\nname = \"ada\"\nshel = \"/bin/sh\"\nuid = 1.5\n\n[other]\nx = 1\n");
    assert_eq!(
        roster
            .bad
            .iter()
            .map(|bad| (bad.line, bad.field.as_str()))
            .collect::<Vec<_>>(),
        [(3, "shel"), (4, "uid"), (6, "other")]
    );
    let broken = toml("[[user]]\nname = \"ada\n");
    assert_eq!(
        (broken.bad[0].line, broken.bad[0].field.as_str()),
        (2, "syntax")
    );
    let flat = toml("user = [{name = \"ada\"}, {name = \"ada\"}, 3]\n");
    assert!(words(&flat)[1].starts_with("1: name: line 1 has the name ada already"));
    assert!(words(&flat)[0].starts_with("1: user: write [[user]]"));
    assert!(!toml("").bad.is_empty() && !csv("").bad.is_empty());
    assert!(!csv("name\n").bad.is_empty());
}

#[test]
fn text_in_another_encoding_is_named_by_its_line() {
    let roster = reads(b"name,full_name\nada,Ada\njurgen,J\xfcrgen\n", Format::Csv);
    assert_eq!(roster.bad[0].line, 3);
    assert!(roster.people.is_empty());
}

#[test]
fn a_private_key_is_refused_and_not_repeated() {
    let roster = csv("name,ssh_key\nada,-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaA\n");
    assert!(words(&roster)[0].contains("PRIVATE"), "{roster:?}");
    assert!(!words(&roster)[0].contains("b3Blbn"));
    let roster = csv("name,ssh_key\nada,missing.pub\n");
    assert_eq!(words(&roster), ["2: ssh_key: there is no missing.pub"]);
}

/// Names and other words that somebody might put into a list.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z_][a-z0-9_.-]{0,31}",
        1 => Just("-rf".to_owned()),
        1 => Just("..".to_owned()),
        1 => Just("a".repeat(33)),
        1 => Just("größe".to_owned()),
        1 => "[a-z]{1,4}[:\n\r\t\u{0}-\u{1f}\u{7f}\u{202e}\"',;][a-z]{0,4}",
        1 => any::<String>(),
    ]
}

/// As a spreadsheet would write it, or as it is.
fn field() -> impl Strategy<Value = String> {
    (hostile(), any::<bool>()).prop_map(|(text, quoted)| {
        if quoted {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    })
}

#[test]
fn a_thousand_hostile_lines_give_valid_people_or_a_line_and_a_field() {
    let mut runner = TestRunner::new(Config::with_cases(1000));
    let line = (field(), field(), field());
    let test = |(name, full_name, groups): (String, String, String)| {
        let text = format!("name,full_name,groups\n{name},{full_name},{groups}\n");
        let roster = csv(&text);
        let lines = line_at(text.as_bytes());
        for entry in &roster.people {
            prop_assert!(NewName::user(entry.wish.name.as_str()).is_ok());
            prop_assert!(entry.line > 1 && entry.line <= lines);
            let odd = |text: &str| text.chars().any(|c| c.is_control() || c == ':');
            prop_assert!(!odd(entry.wish.full_name.as_str()));
            let groups = &entry.wish.groups;
            prop_assert!(
                !groups
                    .iter()
                    .any(|group| group.chars().any(char::is_control))
            );
        }
        for bad in &roster.bad {
            prop_assert!(bad.line >= 1 && bad.line <= lines, "{:?}", bad);
            prop_assert!(!bad.field.is_empty() && !bad.reason.is_empty());
        }
        prop_assert!(!roster.people.is_empty() || !roster.bad.is_empty());
        Ok(())
    };
    runner.run(&line, test).unwrap();
}

#[test]
fn a_thousand_hostile_lines_in_one_file_are_all_accounted_for() {
    let strategy = proptest::collection::vec(hostile(), 1000);
    let mut runner = TestRunner::new(Config::with_cases(4));
    let test = |values: Vec<String>| {
        let mut text = "name\n".to_owned();
        for value in &values {
            text.push_str(&format!("\"{}\"\n", value.replace('"', "\"\"")));
        }
        let roster = csv(&text);
        let filled = values
            .iter()
            .filter(|value| !value.trim().is_empty())
            .count();
        prop_assert_eq!(roster.people.len() + roster.bad.len(), filled);
        Ok(())
    };
    runner.run(&strategy, test).unwrap();
}

proptest! {
    #[test]
    fn no_bytes_break_the_readers(bytes in any::<Vec<u8>>(), text in ".{0,200}") {
        for format in [Format::Csv, Format::Toml] {
            let _ = reads(&bytes, format);
            let _ = reads(text.as_bytes(), format);
            let _ = reads(format!("name,ssh_key\n{text}").as_bytes(), format);
            let _ = reads(format!("[[user]]\nname = {text}").as_bytes(), format);
        }
    }
}
