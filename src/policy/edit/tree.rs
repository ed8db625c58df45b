//! What a file means, apart from how it is written: for comparing before and after.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::{Wish, whole_second};

/// What a file means, without places, comments and ways of writing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Text(String),
    Leaf(String),
    List(Vec<Tree>),
    Table(BTreeMap<String, Tree>),
}

impl Default for Tree {
    fn default() -> Self {
        Self::Table(BTreeMap::new())
    }
}

impl Tree {
    pub(super) fn of(text: &str) -> Option<Self> {
        let root = DeTable::parse(text).ok()?;
        Some(Self::of_table(root.get_ref()))
    }

    fn of_table(table: &DeTable<'_>) -> Self {
        let entries = table.iter();
        let entries = entries.map(|(key, value)| {
            let key: &str = key.get_ref();
            (key.to_owned(), Self::of_value(value.get_ref()))
        });
        Self::Table(entries.collect())
    }

    fn of_value(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => Self::Leaf(number.to_string()),
            DeValue::Float(number) => Self::Leaf(number.to_string()),
            DeValue::Boolean(flag) => Self::Leaf(flag.to_string()),
            DeValue::Datetime(moment) => {
                let text = moment.to_string();
                Self::Leaf(text.parse().map_or(text, whole_second))
            }
            DeValue::Array(items) => {
                let items = items.iter();
                Self::List(items.map(|item| Self::of_value(item.get_ref())).collect())
            }
            DeValue::Table(table) => Self::of_table(table),
        }
    }

    pub(super) fn change(&mut self, table: &[String], key: &str, to: Option<&Wish>) {
        let Self::Table(entries) = self else {
            return;
        };
        match (table.split_first(), to) {
            (Some((first, rest)), Some(_)) => {
                let next = entries.entry(first.clone()).or_default();
                next.change(rest, key, to);
            }
            (Some((first, rest)), None) => {
                if let Some(next) = entries.get_mut(first) {
                    next.change(rest, key, to);
                }
            }
            (None, Some(wish)) => {
                entries.insert(key.to_owned(), wish.tree());
            }
            (None, None) => {
                entries.remove(key);
            }
        }
    }

    /// Tables in which nothing is said mean nothing.
    pub(super) fn without_empty(&mut self) {
        if let Self::Table(entries) = self {
            for entry in entries.values_mut() {
                entry.without_empty();
            }
            entries.retain(|_, entry| *entry != Self::default());
        }
    }
}
