//! Tables and keys of a parsed file, with their places.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::reader::{Reader, kind, shown};
use crate::policy::schema::{Place, quoted};

/// A table and what it is called.
pub(super) struct Table<'a> {
    pub(super) name: String,
    table: Option<&'a DeTable<'a>>,
}

/// One key of a table and its value.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    table: String,
    pub(super) key: &'a Spanned<DeString<'a>>,
    pub(super) value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(name: String, table: &'a DeTable<'a>) -> Self {
        Self {
            name,
            table: Some(table),
        }
    }

    /// What it is called, without brackets.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its keys, in the order of the file.
    pub(super) fn entries(&self) -> Vec<Entry<'a>> {
        let all = self.table.iter().flat_map(|table| table.iter());
        let mut entries: Vec<Entry<'a>> = all
            .map(|(key, value)| Entry {
                table: self.name.clone(),
                key,
                value,
            })
            .collect();
        entries.sort_by_key(|entry| entry.key.span().start);
        entries
    }
}

impl<'a> Entry<'a> {
    /// The key.
    pub(super) fn name(&self) -> &'a str {
        self.key.get_ref()
    }

    pub(super) fn key_span(&self) -> Range<usize> {
        self.key.span()
    }

    pub(super) fn place(&self, reader: &Reader<'_>) -> Place {
        reader.place(self.key.span().start)
    }

    /// The value, as a table below this one; an empty one where it is something else, which is
    /// noted.
    pub(super) fn table(&self, reader: &mut Reader<'_>) -> Table<'a> {
        let own = quoted(&shown(self.name()));
        let name = if self.table.is_empty() {
            own
        } else {
            format!("{}.{own}", self.table)
        };
        let table = match self.value.get_ref() {
            DeValue::Table(table) => Some(table),
            other => {
                let hint = match other {
                    DeValue::Array(_) => format!("write [{name}] with one bracket"),
                    _ => format!("write [{name}] on a line of its own"),
                };
                let what = format!("{name} has to be a table, not {}; {hint}", kind(other));
                reader.wrong(&self.key.span(), what);
                None
            }
        };
        Table { name, table }
    }

    /// Whether the value is a table.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Table(_))
    }

    /// Table and key, as messages begin.
    pub(super) fn called(&self) -> String {
        format!("[{}] {}", self.table, shown(self.name()))
    }
}
