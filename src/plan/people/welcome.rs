//! The note for somebody who has just got an account: a template with placeholders. It never holds
//! a password; that is told apart from it.

use crate::base::sshkey::PublicKey;
use crate::base::text::printable;
use crate::plan::Plan;
use crate::plan::fact::{Expect, Subject};

use super::add::{AddUser, Password};

/// The note where the site has none of its own.
pub const BUILT_IN: &str = include_str!("../../../assets/welcome.txt");

/// What may stand in braces, and what comes in its place.
pub const PLACEHOLDERS: [(&str, &str); 11] = [
    ("name", "the account"),
    (
        "full_name",
        "the person's name; the account where there is none",
    ),
    ("email", "the person's address, or none"),
    ("host", "the name of this host"),
    ("login", "how to get in: ssh NAME@HOST"),
    (
        "way_in",
        "a sentence: by which key, or that a password is told separately",
    ),
    ("uid", "the uid"),
    ("home", "the home"),
    ("shell", "the login shell"),
    ("groups", "groups beside their own, or none"),
    ("expires", "the day the account closes, or never"),
];

/// Longer lines are cut.
const LINE_CHARS: usize = 1000;
/// What a tab becomes.
const TAB: &str = "    ";

/// A note, and what the admin should hear about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Welcome {
    /// The note: printable lines.
    pub text: String,
    /// What is wrong with the template.
    pub remarks: Vec<String>,
}

/// Fills a template for somebody whose account was made by this plan. `source` is what messages
/// call the template.
#[must_use]
pub fn note(template: &str, source: &str, host: &str, wish: &AddUser, plan: &Plan) -> Welcome {
    let value = |placeholder: &str| value(placeholder, host, wish, plan);
    let mut welcome = Welcome::default();
    for (number, line) in (1..).zip(template.lines()) {
        let (filled, unknown) = fill(line, &value);
        let clean = printable(filled.replace('\t', TAB).as_bytes(), LINE_CHARS);
        welcome.text.push_str(clean.trim_end());
        welcome.text.push('\n');
        let told = unknown.iter().map(|name| {
            let nearest = nearest(name);
            format!(
                "{source}:{number}: there is no placeholder {{{name}}}; the nearest is {{{nearest}}}, and {{{{ stands for a brace"
            )
        });
        welcome.remarks.extend(told);
    }
    welcome
}

/// One line filled in, and the placeholders in it that nobody knows: they stay as they are.
fn fill(line: &str, value: &dyn Fn(&str) -> Option<String>) -> (String, Vec<String>) {
    let (mut out, mut unknown) = (String::new(), Vec::new());
    let mut rest = line;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            out.push_str(&rest[..1]);
            rest = &rest[2..];
        } else if let Some((name, after)) = placeholder(rest) {
            match value(name) {
                Some(value) => out.push_str(&value),
                None => {
                    out.push_str(&rest[..rest.len() - after.len()]);
                    unknown.push(name.to_owned());
                }
            }
            rest = after;
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    (out, unknown)
}

/// The name in braces at the start of a text, and what follows it. Braces around anything but
/// letters are braces.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('{')?.split_once('}')?;
    let letters = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    (letters && name.starts_with(|c: char| c.is_ascii_alphabetic())).then_some((name, after))
}

fn nearest(name: &str) -> &'static str {
    let likeness = |known: &str| strsim::jaro_winkler(known, name);
    let nearest = PLACEHOLDERS
        .iter()
        .max_by(|(a, _), (b, _)| likeness(a).total_cmp(&likeness(b)));
    nearest.map_or("", |(known, _)| known)
}

/// What comes in the place of a placeholder; `None` when there is none of that name.
fn value(placeholder: &str, host: &str, wish: &AddUser, plan: &Plan) -> Option<String> {
    let name = wish.name.as_str();
    let or_none = |text: String| {
        if text.is_empty() {
            "none".to_owned()
        } else {
            text
        }
    };
    let fact = account(plan, name);
    let field = |at: usize| fact.split(':').nth(at).unwrap_or("").to_owned();
    Some(match placeholder {
        "name" => name.to_owned(),
        "full_name" => match wish.full_name.as_str() {
            "" => name.to_owned(),
            full_name => full_name.to_owned(),
        },
        "email" => {
            let email = wish.email.as_ref();
            or_none(email.map_or_else(String::new, |email| email.as_str().to_owned()))
        }
        "host" => host.to_owned(),
        "login" => format!("ssh {name}@{host}"),
        "way_in" => way_in(wish),
        "uid" => field(0),
        "home" => field(3),
        "shell" => field(4),
        "groups" => or_none(wish.groups.join(", ")),
        "expires" => wish.expires.clone().unwrap_or_else(|| "never".to_owned()),
        _ => return None,
    })
}

/// The account as the plan leaves it: uid, gid, GECOS, home and shell, parted by colons.
fn account<'a>(plan: &'a Plan, name: &str) -> &'a str {
    let changes = plan.steps.iter().flat_map(|step| &step.changes);
    let mut accounts = changes.filter(|change| match &change.subject {
        Subject::Account(account) => account == name,
        _ => false,
    });
    match accounts.next().map(|change| &change.after) {
        Some(Expect::Is(fact)) => fact,
        _ => "",
    }
}

fn way_in(wish: &AddUser) -> String {
    let keys: Vec<String> = wish.keys.iter().map(PublicKey::fingerprint).collect();
    let by_key = match keys.as_slice() {
        [] => None,
        [key] => Some(format!("Your ssh key opens the account: {key}.")),
        keys => Some(format!(
            "Your ssh keys open the account: {}.",
            keys.join(", ")
        )),
    };
    let by_password = match wish.password {
        Password::None => None,
        Password::Given { must_change: false } => Some("You are told the password separately."),
        Password::Given { must_change: true } => {
            Some("You are told the password separately; the first login asks for a new one.")
        }
    };
    match (by_key, by_password) {
        (Some(key), Some(password)) => format!("{key} {password}"),
        (Some(key), None) => key,
        (None, Some(password)) => password.to_owned(),
        (None, None) => "An admin has to add your ssh key before you can log in.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::account::{Email, FullName, NewName};
    use crate::plan::people::add;
    use crate::plan::world::World;
    use proptest::prelude::*;

    const KEY: &str = include_str!("../../../tests/keys/ed25519-256.pub");

    fn ada() -> AddUser {
        AddUser {
            name: NewName::user("ada").unwrap(),
            full_name: FullName::parse("Ada Lovelace").unwrap(),
            email: Some(Email::parse("ada@example.org").unwrap()),
            groups: Vec::new(),
            shell: None,
            uid: None,
            keys: vec![PublicKey::parse(KEY).unwrap()],
            password: Password::Given { must_change: true },
            expires: Some("2027-03-01".into()),
        }
    }

    fn filled(template: &str) -> Welcome {
        let wish = ada();
        let plan = add::plan(&wish, &World::default());
        note(template, "welcome.txt", "workbench", &wish, &plan)
    }

    #[test]
    fn every_placeholder_has_a_value() {
        for (name, _) in PLACEHOLDERS {
            let welcome = filled(&format!("{{{name}}}"));
            assert!(welcome.remarks.is_empty(), "{name}");
            assert!(
                !welcome.text.contains('{') && welcome.text.len() > 1,
                "{name}"
            );
        }
        let all = filled("{uid} {home} {shell} {login} {groups}").text;
        assert_eq!(all, "1000 /home/ada /bin/bash ssh ada@workbench none\n");
    }

    #[test]
    fn the_built_in_note_leaves_nothing_open() {
        let welcome = filled(BUILT_IN);
        assert_eq!(welcome.remarks, Vec::<String>::new());
        insta::assert_snapshot!(welcome.text);
        assert!(welcome.text.lines().all(|line| line.len() <= 160));
    }

    #[test]
    fn an_unknown_placeholder_is_named_with_its_line() {
        let welcome = filled("Hello\n{hots} and {name}\n");
        assert_eq!(welcome.text, "Hello\n{hots} and ada\n");
        assert_eq!(
            welcome.remarks,
            [
                "welcome.txt:2: there is no placeholder {hots}; the nearest is {host}, and {{ stands for a brace"
            ]
        );
    }

    #[test]
    fn braces_that_are_no_placeholders_stay() {
        let welcome = filled("{{name}} {} { name } {a b} {name\u{1b}[31m} }{ \t}");
        let text = "{name} {} { name } {a b} {name\\x1b[31m} }{     }\n";
        assert_eq!(welcome.text, text);
        assert!(welcome.remarks.is_empty());
    }

    proptest! {
        #[test]
        fn no_template_breaks_it_or_reaches_a_terminal(template in "[{}a-z_\n\t\u{1b}\u{202e}é]{0,80}") {
            let text = filled(&template).text;
            let hostile = ['\u{1b}', '\u{202e}', '\t'];
            prop_assert!(!text.contains(hostile));
        }
    }
}
