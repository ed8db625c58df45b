//! What is written means the grant, whatever it is made of, or nothing is written.

use proptest::prelude::*;

use super::file::{Wish, fact, is_pattern, name_of, path, read, until_of};
use super::steps::{Ours, remove, write};
use crate::plan::Plan;
use crate::plan::step::{Action, Undo};

fn wish() -> Wish {
    Wish {
        name: "shiny".to_owned(),
        users: vec!["alice".to_owned(), "first.last".to_owned()],
        groups: vec!["domain users".to_owned()],
        commands: vec![
            "/usr/bin/systemctl restart shiny-server".to_owned(),
            "/usr/bin/date --date=10:20".to_owned(),
        ],
        until: Some("2026-12-01T00:00:00Z".parse().unwrap()),
        reason: Some("until the upgrade #7".to_owned()),
        ..Wish::default()
    }
}

#[test]
fn a_grant_is_one_rule_with_its_end_and_its_reason() {
    assert_eq!(
        wish().text(true).unwrap(),
        "# Written by benchwarden for [sudo.grant.shiny]; change it with `benchwarden sudo`.\n\
         # until: 2026-12-01T00:00:00Z\n\
         # reason: \"until the upgrade #7\"\n\
         alice, first.last, %domain\\ users ALL=(root) NOTAFTER=20261201000000Z PASSWD: \\\n    \
         /usr/bin/systemctl restart shiny-server, \\\n    \
         /usr/bin/date --date\\=10\\:20\n"
    );
    let without = wish().text(false).unwrap();
    assert!(!without.contains("NOTAFTER"));
    assert_eq!(until_of(&without), wish().until);
    assert_eq!(name_of(&path("shiny")), Some("shiny"));
    assert_eq!(name_of("/etc/sudoers.d/other"), None);
}

#[test]
fn what_sudo_would_read_as_something_else_is_refused() {
    type Spoil = fn(&mut Wish);
    let spoils: [Spoil; 10] = [
        |wish| wish.users = vec!["%wheel".to_owned()],
        |wish| wish.users = vec!["#0".to_owned()],
        |wish| wish.users = vec!["a\nroot ALL".to_owned()],
        |wish| wish.users = vec![],
        |wish| wish.commands = vec!["ls".to_owned()],
        |wish| wish.commands = vec!["/bin/ls\nx ALL=ALL".to_owned()],
        |wish| wish.commands = vec!["/bin/ls \\".to_owned()],
        |wish| wish.commands = vec!["/bin/ls ^.*$".to_owned()],
        |wish| wish.commands = vec!["!/bin/ls".to_owned()],
        |wish| wish.reason = Some("x\nALL ALL=ALL".to_owned()),
    ];
    for (at, spoil) in spoils.iter().enumerate() {
        let mut bad = wish();
        if at == 3 {
            bad.groups.clear();
        }
        spoil(&mut bad);
        assert!(bad.text(true).is_err(), "{at}: {bad:?}");
    }
}

#[test]
fn a_name_in_capitals_is_no_alias_and_root_is_said() {
    let mut wish = wish();
    wish.users = vec!["ALICE".to_owned()];
    wish.groups.clear();
    wish.commands = vec!["ALL".to_owned()];
    let text = wish.text(true).unwrap();
    assert!(text.contains("\n\"ALICE\" ALL=(root) "), "{text}");
}

#[test]
fn a_step_writes_once_and_its_undo_brings_back_what_was() {
    let mut plan = Plan::new("grant", "shiny");
    write(&mut plan, &wish(), None, true, &[]).unwrap();
    let text = wish().text(true).unwrap();
    let there = Ours {
        name: "shiny".to_owned(),
        fact: fact(&text),
        text,
    };
    write(&mut plan, &wish(), Some(&there), true, &[]).unwrap();
    assert_eq!(plan.steps.len(), 1, "what is there is not written again");
    remove(&mut plan, &there, "");
    let Undo::Exact { action, .. } = &plan.steps[1].undo else {
        panic!("it can be brought back");
    };
    assert!(matches!(action, Action::WriteSudoers { content, .. } if *content == there.text));
}

#[test]
fn patterns_are_told_from_exact_commands() {
    for pattern in ["/usr/bin/*", "/usr/bin/", "/bin/x *", "sudoedit /etc/*"] {
        assert!(is_pattern(pattern), "{pattern}");
    }
    for exact in ["/bin/x", "/bin/x -a b", "ALL", "sudoedit /etc/hosts"] {
        assert!(!is_pattern(exact), "{exact}");
    }
}

proptest! {
    #[test]
    fn whatever_it_is_made_of_it_means_the_grant_or_is_refused(
        user in "[a-zA-Z0-9%#+!,=:()\\\\\"@. \n*-]{0,12}",
        command in "/[a-z%#!,=:()\\\\\"@. \n*^$-]{0,24}",
        reason in "[a-z%#!,=:\\\\\"\n]{0,16}",
        group in proptest::option::of("[a-zA-Z %#!,=:\\\\]{1,8}"),
    ) {
        let wish = Wish {
            name: "x".to_owned(),
            users: vec![user.clone()],
            groups: group.clone().into_iter().collect(),
            commands: vec![command],
            reason: Some(reason),
            ..Wish::default()
        };
        if let Ok(text) = wish.text(true) {
            let tree = read(&text);
            prop_assert_eq!(tree.rules.len(), 1);
            prop_assert_eq!(tree.rules[0].who.len(), 1 + usize::from(group.is_some()));
            prop_assert!(tree.problems.is_empty() && tree.settings.is_empty());
        }
    }
}
