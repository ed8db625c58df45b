//! `[admins]`, `[sudo.grant.NAME]`, `[runtimes]` and `[roles]`.

use super::limits::{group, named, user};
use super::node::{Entry, Table};
use super::reader::{Reader, Word, shown};
use crate::policy::schema::{
    GrantTable, Place, Role, RoleTable, Runtime, RuntimeTable, RuntimeVersion, Scope, Told, Whom,
};

const NAMES: &str = "a list of names such as [\"alice\", \"bob\"]";

/// `users` and `groups` of a table; `more` are the keys that somebody else reads.
pub(super) fn whom(reader: &mut Reader<'_>, table: &Table<'_>, more: &[&str]) -> Whom {
    let mut whom = Whom::default();
    for entry in table.entries() {
        match entry.name() {
            "users" => whom.users = names(reader, &entry, user),
            "groups" => whom.groups = names(reader, &entry, group),
            other if more.contains(&other) => {}
            _ => {
                let mut keys = vec!["users", "groups"];
                keys.extend(more);
                reader.unknown(table, &entry, &keys);
            }
        }
    }
    whom
}

fn names<T>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    parse: fn(&str) -> Result<T, String>,
) -> Option<Told<Vec<Told<T>>>> {
    let words = reader.texts(entry, NAMES)?;
    Some(each(reader, entry, words, parse))
}

fn each<T>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    words: Vec<Word>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Told<Vec<Told<T>>> {
    let mut value = Vec::new();
    for word in words {
        match parse(&word.text) {
            Ok(name) => value.push(Told {
                value: name,
                at: reader.place(word.span.start),
            }),
            Err(why) => reader.bad(entry, &word.span, why),
        }
    }
    Told {
        value,
        at: entry.place(reader),
    }
}

pub(super) fn sudo(reader: &mut Reader<'_>, table: &Table<'_>, grants: &mut Vec<GrantTable>) {
    for entry in table.entries() {
        if entry.name() != "grant" {
            reader.unknown(table, &entry, &["grant"]);
            continue;
        }
        let table = entry.table(reader);
        for entry in table.entries() {
            if let Err(why) = grant_name(entry.name()) {
                reader.wrong(&entry.key_span(), format!("[{}.…]: {why}", table.name()));
                continue;
            }
            let table = entry.table(reader);
            grants.push(grant(reader, &entry, &table));
        }
    }
    grants.sort_by_key(|grant| (grant.at.line, grant.at.column));
}

/// What a grant may be called: it becomes part of a file name.
fn grant_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err(format!(
            "{} cannot be the name of a grant; 1 to 64 letters, digits, '-' and '_' can",
            shown(name)
        ));
    }
    Ok(())
}

/// What a grant has besides `users` and `groups`.
const GRANT: [&str; 5] = ["commands", "as", "nopasswd", "until", "reason"];

fn grant(reader: &mut Reader<'_>, head: &Entry<'_>, table: &Table<'_>) -> GrantTable {
    let mut grant = GrantTable {
        name: head.name().to_owned(),
        at: head.place(reader),
        whom: whom(reader, table, &GRANT),
        commands: None,
        run_as: None,
        nopasswd: None,
        until: None,
        reason: None,
    };
    for entry in table.entries() {
        match entry.name() {
            "commands" => {
                let example = "a list such as [\"/usr/bin/systemctl restart x\"]";
                let words = reader.texts(&entry, example);
                grant.commands = words.map(|words| each(reader, &entry, words, command));
            }
            "as" => {
                if let Some(word) = reader.text(&entry, "the name of an account in quotes") {
                    match user(&word.text) {
                        Ok(value) => {
                            let at = entry.place(reader);
                            grant.run_as = Some(Told { value, at });
                        }
                        Err(why) => reader.bad(&entry, &word.span, why),
                    }
                }
            }
            "nopasswd" => grant.nopasswd = reader.yes_or_no(&entry),
            "until" => grant.until = reader.moment(&entry),
            "reason" => {
                if let Some(word) = reader.text(&entry, "a sentence in quotes") {
                    if let Err(why) = plain(&word.text) {
                        reader.bad(&entry, &word.span, why);
                    }
                    let at = entry.place(reader);
                    let value = word.text;
                    grant.reason = Some(Told { value, at });
                }
            }
            _ => {}
        }
    }
    grant
}

/// Text of one line.
fn plain(text: &str) -> Result<(), String> {
    const LONGEST: usize = 500;
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.chars().count() > LONGEST {
        return Err(format!("it has more than {LONGEST} characters"));
    }
    match text.chars().find(|c| c.is_control()) {
        Some(odd) => Err(format!("it holds '{}'", odd.escape_unicode())),
        None => Ok(()),
    }
}

fn command(text: &str) -> Result<String, String> {
    plain(text)?;
    let program = text.strip_prefix("sudoedit ").unwrap_or(text);
    if text == "ALL" || program.starts_with('/') {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{} is no absolute path; write the whole path of the program, or ALL for root itself",
        shown(text)
    ))
}

pub(super) fn runtimes(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    at: Place,
    all: &mut Vec<RuntimeTable>,
) {
    let mut everyone = RuntimeTable {
        scope: Scope::Default,
        at,
        choices: Vec::new(),
    };
    for entry in table.entries() {
        match entry.name() {
            "group" | "user" => {
                for (scope, entry) in named(reader, &entry) {
                    let table = entry.table(reader);
                    let at = entry.place(reader);
                    let mut choices = Vec::new();
                    for entry in table.entries() {
                        choice(reader, &table, &entry, &["r", "python"], &mut choices);
                    }
                    all.push(RuntimeTable { scope, at, choices });
                }
            }
            _ => {
                let keys = ["r", "python", "group", "user"];
                choice(reader, table, &entry, &keys, &mut everyone.choices);
            }
        }
    }
    if !everyone.choices.is_empty() {
        all.push(everyone);
    }
    all.sort_by_key(|table| (table.at.line, table.at.column));
}

fn choice(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    entry: &Entry<'_>,
    keys: &[&str],
    choices: &mut Vec<(Runtime, Told<RuntimeVersion>)>,
) {
    let mut runtimes = Runtime::ALL.into_iter();
    let Some(runtime) = runtimes.find(|r| r.name() == entry.name()) else {
        reader.unknown(table, entry, keys);
        return;
    };
    let Some(word) = reader.text(entry, "a version in quotes, such as \"3.13\"") else {
        return;
    };
    match RuntimeVersion::parse(&word.text) {
        Ok(value) => {
            let at = entry.place(reader);
            choices.push((runtime, Told { value, at }));
        }
        Err(bad) => reader.bad(entry, &word.span, bad),
    }
}

pub(super) fn roles(reader: &mut Reader<'_>, table: &Table<'_>, roles: &mut Vec<RoleTable>) {
    for entry in table.entries() {
        let Some(role) = Role::ALL
            .into_iter()
            .find(|role| role.name() == entry.name())
        else {
            reader.unknown(table, &entry, &Role::ALL.map(Role::name));
            continue;
        };
        let at = entry.place(reader);
        let table = entry.table(reader);
        let whom = whom(reader, &table, &[]);
        roles.push(RoleTable { role, at, whom });
    }
}
