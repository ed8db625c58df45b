//! A list of people to be added, as text: a table (CSV) or `[[user]]` tables (TOML), whose columns
//! and keys are called like the options of `user add`.
//!
//! Nothing here opens a file: keys that lie in files are asked for. Everything that is wrong with a
//! list is found at once, each thing with its line and field, and no message repeats a key.

mod field;
mod listing;
mod person;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::hash::Hash;

use crate::base::sshkey::PublicKey;

use super::add::AddUser;

pub use field::names as field_names;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with a first line that names the columns.
    Csv,
    /// A `[[user]]` table for each person.
    Toml,
}

impl Format {
    /// By the end of a file's name.
    #[must_use]
    pub fn of(file: &str) -> Option<Self> {
        let (_, end) = file.rsplit_once('.')?;
        match end.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }
}

/// What a list says.
#[derive(Debug, Default)]
pub struct Roster {
    /// Who can be added, as far as the list alone tells, in its order.
    pub people: Vec<Entry>,
    /// What is wrong with it; nobody may be added while there is anything.
    pub bad: Vec<Bad>,
}

/// One person of a list.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where they stand, counted from 1.
    pub line: usize,
    /// What is wanted.
    pub wish: AddUser,
}

/// Something that is wrong with a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// Where, counted from 1.
    pub line: usize,
    /// The column or key; what was written in its place where there is no such one.
    pub field: String,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl Bad {
    /// In a line, about a field.
    #[must_use]
    pub fn new(line: usize, field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            line,
            field: field.into(),
            reason: reason.into(),
        }
    }
}

/// Gives the keys that lie in a file of that name, or says why there are none.
pub type KeysOf<'a> = dyn FnMut(&str) -> Result<Vec<PublicKey>, String> + 'a;

/// Reads a list.
#[must_use]
pub fn read(bytes: &[u8], format: Format, keys_of: &mut KeysOf<'_>) -> Roster {
    let mut roster = Roster::default();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let line = line_at(&bytes[..error.valid_up_to()]);
            let why = "this is no UTF-8; save the list as UTF-8 text";
            roster.bad.push(Bad::new(line, "text", why));
            return roster;
        }
    };
    let (rows, bad) = match format {
        Format::Csv => table::rows(text),
        Format::Toml => listing::rows(text),
    };
    roster.bad = bad;
    let empty = rows.is_empty() && roster.bad.is_empty();
    let mut met = Met::default();
    for row in &rows {
        let (draft, mut bad) = person::read(row, keys_of);
        bad.extend(met.again(&draft, row));
        match draft.wish() {
            Some(wish) if bad.is_empty() => roster.people.push(Entry {
                line: row.line,
                wish,
            }),
            _ => roster.bad.append(&mut bad),
        }
    }
    if empty {
        let why = "there is nobody in the list";
        roster.bad.push(Bad::new(1, "name", why));
    }
    roster.bad.sort_by_key(|bad| bad.line);
    roster
}

/// One person as the list has them.
#[derive(Debug)]
struct Row {
    line: usize,
    cells: Vec<Cell>,
}

impl Row {
    /// Where a field of it stands.
    fn line_of(&self, field: field::Field) -> usize {
        let cell = self.cells.iter().find(|cell| cell.field == field);
        cell.map_or(self.line, |cell| cell.line)
    }
}

/// One field of a person: in a table one text, otherwise one or several.
#[derive(Debug)]
struct Cell {
    field: field::Field,
    line: usize,
    values: Vec<String>,
}

/// Names and uids of the people so far, and the lines they stand on.
#[derive(Default)]
struct Met {
    names: HashMap<String, usize>,
    uids: HashMap<u32, usize>,
}

impl Met {
    /// What a person has that somebody before them in the list has too.
    fn again(&mut self, draft: &person::Draft, row: &Row) -> Vec<Bad> {
        let mut bad = Vec::new();
        if let Some(name) = draft.name() {
            let line = row.line_of(field::Field::Name);
            if let Some(first) = first_of(&mut self.names, name.to_owned(), line) {
                let why = format!("line {first} has the name {name} already");
                bad.push(Bad::new(line, "name", why));
            }
        }
        if let Some(uid) = draft.uid() {
            let line = row.line_of(field::Field::Uid);
            if let Some(first) = first_of(&mut self.uids, uid, line) {
                let why = format!("line {first} has the uid {uid} already");
                bad.push(Bad::new(line, "uid", why));
            }
        }
        bad
    }
}

/// The line on which something stood first, if it did.
fn first_of<K: Eq + Hash>(met: &mut HashMap<K, usize>, key: K, line: usize) -> Option<usize> {
    match met.entry(key) {
        MapEntry::Occupied(first) => Some(*first.get()),
        MapEntry::Vacant(place) => {
            place.insert(line);
            None
        }
    }
}

/// The number of the line that follows a text, counted from 1, whatever ends its lines.
fn line_at(before: &[u8]) -> usize {
    let ends = before.iter().enumerate().filter(|(at, byte)| match byte {
        b'\n' => true,
        b'\r' => before.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    ends.count() + 1
}
