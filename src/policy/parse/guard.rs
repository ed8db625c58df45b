//! `[guard]` and `[guard.pressure.…]`.

use super::limits;
use super::node::{Entry, Table};
use super::reader::{Reader, Word, shown};
use crate::base::limit::Percent;
use crate::policy::schema::{
    GuardTable, Key, Pattern, PressureKey, PressureTable, Reaction, Resource, Told, Treatment,
};

const KEYS: [&str; 5] = ["adopt", "leave", "never", "others", "pressure"];
const SPAN: &str = "a length of time in quotes, such as \"10s\"";

pub(super) fn read(reader: &mut Reader<'_>, table: &Table<'_>, guard: &mut GuardTable) {
    for entry in table.entries() {
        let list = Treatment::ALL
            .into_iter()
            .find(|kind| kind.name() == entry.name());
        match (list, entry.name()) {
            (Some(kind), _) => {
                if let Some(list) = patterns(reader, &entry) {
                    guard.lists.push((kind, list));
                }
            }
            (None, "others") => guard.others = others(reader, &entry),
            (None, "pressure") => {
                let table = entry.table(reader);
                pressure(reader, &table, &mut guard.pressure);
            }
            _ => reader.unknown(table, &entry, &KEYS),
        }
    }
}

fn patterns(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Option<Told<Vec<Told<Pattern>>>> {
    let words = reader.texts(entry, "a list of units such as [\"cron.service\"]")?;
    let mut value = Vec::new();
    for word in words {
        match Pattern::parse(&word.text) {
            Ok(pattern) => value.push(Told {
                value: pattern,
                at: reader.place(word.span.start),
            }),
            Err(bad) => reader.bad(entry, &word.span, bad),
        }
    }
    Some(Told {
        value,
        at: entry.place(reader),
    })
}

fn others(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Option<Told<Treatment>> {
    let word = reader.text(entry, "\"adopt\", \"leave\" or \"never\"")?;
    let mut kinds = Treatment::ALL.into_iter();
    match kinds.find(|kind| kind.name() == word.text) {
        Some(value) => Some(Told {
            value,
            at: entry.place(reader),
        }),
        None => {
            reader.no_such_word(entry, &word, &Treatment::ALL.map(Treatment::name));
            None
        }
    }
}

fn pressure(reader: &mut Reader<'_>, table: &Table<'_>, all: &mut Vec<PressureTable>) {
    for entry in table.entries() {
        let mut reactions = Reaction::ALL.into_iter();
        let Some(reaction) = reactions.find(|reaction| reaction.name() == entry.name()) else {
            reader.unknown(table, &entry, &Reaction::ALL.map(Reaction::name));
            continue;
        };
        let at = entry.place(reader);
        let table = entry.table(reader);
        let mut keys = Vec::new();
        for entry in table.entries() {
            if !reaction.keys().contains(&entry.name()) {
                reader.unknown(&table, &entry, reaction.keys());
                continue;
            }
            let place = entry.place(reader);
            let key = key(reader, &entry);
            keys.extend(key.map(|key| (key, place)));
        }
        all.push(PressureTable { reaction, at, keys });
    }
}

fn key(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Option<PressureKey> {
    let mut resources = Resource::ALL.into_iter();
    if let Some(resource) = resources.find(|resource| resource.name() == entry.name()) {
        let share = share(reader, entry)?;
        return Some(PressureKey::Above(resource, share));
    }
    if entry.name() == "limits" {
        return penalty(reader, entry).map(PressureKey::Limits);
    }
    let span = reader.parsed(entry, SPAN)?.value;
    Some(match entry.name() {
        "after" => PressureKey::After(span),
        "again" => PressureKey::Again(span),
        "for" => PressureKey::For(span),
        "at_most" => PressureKey::AtMost(span),
        _ => PressureKey::Forget(span),
    })
}

/// A share of the time; `None` inside for never.
fn share(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Option<Option<Percent>> {
    const EXAMPLE: &str = "a share of the time such as \"20%\", or \"never\"";
    let word = reader.text(entry, EXAMPLE)?;
    if word.text == "never" {
        return Some(None);
    }
    match word.text.parse::<Percent>() {
        Ok(share) if share != Percent::whole(0) => Some(Some(share)),
        Ok(_) => {
            let why = "0% is always reached; write \"never\", or a share above it";
            reader.bad(entry, &word.span, why);
            None
        }
        Err(_) => {
            let Word { text, span } = word;
            reader.bad(
                entry,
                &span,
                format!("{} is none; write {EXAMPLE}", shown(&text)),
            );
            None
        }
    }
}

/// What a throttled person gets.
fn penalty(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
) -> Option<Vec<(Key, crate::policy::schema::Value)>> {
    /// A bound on memory would kill, and a quota on disks or addresses help nobody now.
    const MAY: [Key; 7] = [
        Key::CpuQuota,
        Key::CpuWeight,
        Key::IoWeight,
        Key::IoReadBandwidthMax,
        Key::IoWriteBandwidthMax,
        Key::IoReadIopsMax,
        Key::IoWriteIopsMax,
    ];
    let table = entry.table(reader);
    let mut limits = Vec::new();
    for inner in table.entries() {
        match MAY.into_iter().find(|key| key.name() == inner.name()) {
            Some(key) => {
                let value = limits::value(reader, &inner, key);
                limits.extend(value.map(|value| (key, value)));
            }
            None => reader.no_penalty(&table, &inner, &MAY.map(Key::name)),
        }
    }
    if table.entries().is_empty() {
        reader.wrong_type(entry, "{ cpu_quota = \"100%\" } or other limits");
    }
    Some(limits)
}
