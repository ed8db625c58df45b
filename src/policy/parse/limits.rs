//! `[limits.…]`.

use super::node::{Entry, Table};
use super::reader::{Reader, Word, shown};
use crate::base::id::{GroupName, UserName};
use crate::policy::schema::{Key, LimitEntry, LimitTable, Scope, Value};

const SCOPES: [&str; 3] = ["default", "group", "user"];

pub(super) fn read(reader: &mut Reader<'_>, table: &Table<'_>, limits: &mut Vec<LimitTable>) {
    for entry in table.entries() {
        match entry.name() {
            "default" => {
                let table = entry.table(reader);
                limits.push(one(reader, &entry, &table, Scope::Default));
            }
            "group" | "user" => {
                for (scope, entry) in named(reader, &entry) {
                    let table = entry.table(reader);
                    limits.push(one(reader, &entry, &table, scope));
                }
            }
            _ => reader.unknown(table, &entry, &SCOPES),
        }
    }
    // Dotted names may stand in any order; what counts is where each table begins.
    limits.sort_by_key(|table| (table.at.line, table.at.column));
}

/// The tables below `…group` or `…user`, each with the group or person it is for.
pub(super) fn named<'a>(reader: &mut Reader<'_>, entry: &Entry<'a>) -> Vec<(Scope, Entry<'a>)> {
    let table = entry.table(reader);
    let mut scopes = Vec::new();
    for inner in table.entries() {
        if !inner.is_table() {
            let name = table.name();
            let what = format!(
                "{} stands in [{name}] itself; write [{name}.NAME] above it",
                shown(inner.name())
            );
            reader.wrong(&inner.key_span(), what);
            continue;
        }
        let scope = if entry.name() == "group" {
            group(inner.name()).map(Scope::Group)
        } else {
            user(inner.name()).map(Scope::User)
        };
        match scope {
            Ok(scope) => scopes.push((scope, inner)),
            Err(why) => reader.wrong(&inner.key_span(), format!("[{}.…]: {why}", table.name())),
        }
    }
    scopes
}

/// The name of a group, not its number.
pub(super) fn group(name: &str) -> Result<GroupName, String> {
    by_name(name)?;
    GroupName::parse(name).map_err(|bad| bad.to_string())
}

/// The name of a person, not their number.
pub(super) fn user(name: &str) -> Result<UserName, String> {
    by_name(name)?;
    UserName::parse(name).map_err(|bad| bad.to_string())
}

fn by_name(name: &str) -> Result<(), String> {
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{} is a number; write the name", shown(name)));
    }
    Ok(())
}

fn one(reader: &mut Reader<'_>, head: &Entry<'_>, table: &Table<'_>, scope: Scope) -> LimitTable {
    let mut limits = LimitTable {
        scope,
        at: head.place(reader),
        until: None,
        entries: Vec::new(),
    };
    for entry in table.entries() {
        if entry.name() == "until" {
            limits.until = reader.moment(&entry);
            continue;
        }
        match Key::find(entry.name()) {
            Some(key) => limits.entries.extend(limit(reader, &entry, key)),
            None => {
                let mut keys = Key::ALL.map(Key::name).to_vec();
                keys.push("until");
                reader.unknown(table, &entry, &keys);
            }
        }
    }
    if let Some(until) = limits.until.as_ref().filter(|_| table.entries().len() == 1) {
        let what = format!(
            "[{}] has an end and no limit; add one, or remove the table",
            table.name()
        );
        reader.wrong_at(&until.at, what);
    }
    limits
}

fn limit(reader: &mut Reader<'_>, entry: &Entry<'_>, key: Key) -> Option<LimitEntry> {
    let mut until = None;
    let value = if entry.is_table() {
        let table = entry.table(reader);
        let mut value = None;
        for inner in table.entries() {
            match inner.name() {
                "value" => value = Some(self::value(reader, &inner, key)?),
                "until" => until = Some(reader.moment(&inner)?),
                _ => reader.unknown(&table, &inner, &["value", "until"]),
            }
        }
        if value.is_none() {
            reader.wrong_type(entry, key.kind().example());
        }
        value?
    } else {
        value(reader, entry, key)?
    };
    Some(LimitEntry {
        key,
        value,
        at: entry.place(reader),
        until,
    })
}

/// The value of a limit.
pub(super) fn value(reader: &mut Reader<'_>, entry: &Entry<'_>, key: Key) -> Option<Value> {
    let kind = key.kind();
    let words = reader.scalars(entry, kind.takes_a_list(), kind.example())?;
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    match key.value(&texts) {
        Ok(value) => Some(value),
        Err(bad) => {
            // The first of a list that is wrong by itself; else the list.
            let alone = |word: &&Word| key.value(&[&word.text]).is_err();
            let word = words.iter().find(alone).or(words.first());
            let span = word.map_or(entry.key_span(), |word| word.span.clone());
            reader.bad(entry, &span, bad);
            None
        }
    }
}
