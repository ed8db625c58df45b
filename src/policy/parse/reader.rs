//! Going through a parsed file: tables, keys and values with their places, and what is wrong.

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use toml::Spanned;
use toml::de::DeValue;

use super::node::{Entry, Table};
use super::{Problem, words};
use crate::base::account::BadValue;
use crate::base::text::printable;
use crate::policy::schema::{Key, Place, Told};

/// How messages about the text itself begin.
const NO_TOML: &str = "this is no TOML";

/// A file that is being read.
pub(super) struct Reader<'a> {
    file: Arc<str>,
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    problems: Vec<Problem>,
}

/// Up to which line what is wrong was found by reading a whole file.
#[derive(Clone, Copy)]
pub(super) struct Reliable(usize);

/// A word in a file and where it stands.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &Arc<str>, text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            file: file.clone(),
            text,
            lines: std::iter::once(0).chain(ends).collect(),
            problems: Vec::new(),
        }
    }

    /// Where a byte stands.
    pub(super) fn place(&self, at: usize) -> Place {
        let at = at.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..at).unwrap_or_default();
        Place {
            file: self.file.clone(),
            line,
            column: before.trim_start_matches('\u{feff}').chars().count() + 1,
        }
    }

    /// Notes something that is wrong.
    pub(super) fn wrong(&mut self, at: &Range<usize>, what: impl Into<String>) {
        let place = self.place(at.start);
        self.problems.push(Problem::at(&place, what));
    }

    /// Notes something that is wrong at a place that is known already.
    pub(super) fn wrong_at(&mut self, place: &Place, what: impl Into<String>) {
        self.problems.push(Problem::at(place, what));
    }

    /// Notes what is no TOML; what stands behind the first of it may be misread.
    pub(super) fn syntax(&mut self, errors: &[toml::de::Error]) -> Reliable {
        let mut reliable = usize::MAX;
        for error in errors {
            let mut at = error.span().map_or(0, |span| span.start);
            // The end of a line belongs to it; the end of a file to its last line.
            let rest = self.text.get(..at).unwrap_or_default();
            if at >= self.text.len() {
                at = rest.trim_end_matches(['\n', '\r']).len();
            }
            let place = self.place(at);
            let message = error.message();
            if message == "duplicate key" {
                let key = error.span().and_then(|span| self.text.get(span));
                let key = shown(key.unwrap_or_default());
                let line = self.text.get(self.lines[place.line - 1]..at);
                let what = if line.unwrap_or_default().trim_start().starts_with('[') {
                    format!("there is a table {key} before; put all of it below one of them")
                } else {
                    format!("{key} stands in this table before; keep one of them")
                };
                self.problems.push(Problem::at(&place, what));
                continue;
            }
            reliable = reliable.min(place.line);
            let what = format!("{NO_TOML}: {}", printable(message.as_bytes(), 200));
            self.problems.push(Problem::at(&place, what));
        }
        Reliable(reliable)
    }

    /// Everything that is wrong, without what may only follow from what is no TOML.
    pub(super) fn finish(self, reliable: Reliable) -> Vec<Problem> {
        let mut problems = self.problems;
        let syntax = |problem: &Problem| problem.what.starts_with(NO_TOML);
        problems.retain(|problem| problem.line < reliable.0 || syntax(problem));
        let mut lines = Vec::new();
        // Of several complaints about one broken line the first one says it.
        problems.retain(|problem| {
            let news = !syntax(problem) || !lines.contains(&problem.line);
            lines.push(problem.line);
            news
        });
        problems
    }

    /// A key that a table does not have.
    pub(super) fn unknown(&mut self, table: &Table<'_>, entry: &Entry<'_>, keys: &[&str]) {
        let (name, inside) = (shown(entry.name()), &table.name);
        if entry.name() == "until" {
            let what = format!(
                "[{inside}] cannot have until; only tables below [limits] and [sudo.grant] end by themselves"
            );
            self.wrong(&entry.key.span(), what);
            return;
        }
        let what = if Key::find(entry.name()).is_some() {
            format!(
                "[{inside}] has no key {name}; it belongs below [limits.default], [limits.group.NAME] or [limits.user.NAME]"
            )
        } else {
            format!("[{inside}] has no key {name}")
        };
        self.not_known(entry, what, keys);
    }

    /// A limit that is none for a while.
    pub(super) fn no_penalty(&mut self, table: &Table<'_>, entry: &Entry<'_>, keys: &[&str]) {
        let what = format!(
            "[{}] cannot have {}, only {}",
            table.name,
            shown(entry.name()),
            keys.join(", ")
        );
        self.not_known(entry, what, keys);
    }

    /// A table that there is not.
    pub(super) fn unknown_table(&mut self, entry: &Entry<'_>, tables: &[&str]) {
        let name = shown(entry.name());
        let is_table = matches!(entry.value.get_ref(), DeValue::Table(_));
        let what = if Key::find(entry.name()).is_some() {
            format!("{name} stands in no table; write [limits.default] above it")
        } else if is_table {
            format!("there is no table [{name}]")
        } else {
            format!("{name} stands in no table, and nothing may stand there")
        };
        self.not_known(entry, what, tables);
    }

    fn not_known(&mut self, entry: &Entry<'_>, what: String, words: &[&str]) {
        let nearest = words::nearest(entry.name(), words);
        let place = self.place(entry.key.span().start);
        let what = match nearest {
            Some(word) if !what.contains(';') => format!("{what}; the nearest is {word}"),
            _ => what,
        };
        self.problems.push(Problem {
            nearest: nearest.map(ToOwned::to_owned),
            ..Problem::at(&place, what)
        });
    }

    /// A wrong word where only some are right.
    pub(super) fn no_such_word(&mut self, entry: &Entry<'_>, word: &Word, words: &[&str]) {
        let nearest = words::nearest(&word.text, words).map(ToOwned::to_owned);
        let place = self.place(word.span.start);
        let list = words.join(", ");
        let what = format!(
            "{}: {} is none of {list}",
            entry.called(),
            shown(&word.text)
        );
        self.problems.push(Problem {
            nearest,
            ..Problem::at(&place, what)
        });
    }

    /// A value of another type than it should be.
    pub(super) fn wrong_type(&mut self, entry: &Entry<'_>, example: &str) {
        self.wrong_item(entry, entry.value, example);
    }

    fn wrong_item(&mut self, entry: &Entry<'_>, value: &Spanned<DeValue<'_>>, example: &str) {
        let kind = kind(value.get_ref());
        let what = format!("{} is {kind}; write {example}", entry.called());
        self.wrong(&value.span(), what);
    }

    /// Something wrong with a value.
    pub(super) fn bad(&mut self, entry: &Entry<'_>, span: &Range<usize>, why: impl Display) {
        self.wrong(span, format!("{}: {why}", entry.called()));
    }

    /// A text.
    pub(super) fn text(&mut self, entry: &Entry<'_>, example: &str) -> Option<Word> {
        match entry.value.get_ref() {
            DeValue::String(text) => Some(Word {
                text: text.to_string(),
                span: entry.value.span(),
            }),
            _ => {
                self.wrong_type(entry, example);
                None
            }
        }
    }

    /// A list of texts, each of them once.
    pub(super) fn texts(&mut self, entry: &Entry<'_>, example: &str) -> Option<Vec<Word>> {
        let DeValue::Array(items) = entry.value.get_ref() else {
            self.wrong_type(entry, example);
            return None;
        };
        let mut words: Vec<Word> = Vec::new();
        for item in items {
            let DeValue::String(text) = item.get_ref() else {
                self.wrong_item(entry, item, example);
                return None;
            };
            let span = item.span();
            if words.iter().any(|word| *text == word.text) {
                let again = format!("{} stands in the list before", shown(text));
                self.bad(entry, &span, again);
            }
            words.push(Word {
                text: text.to_string(),
                span,
            });
        }
        Some(words)
    }

    /// A text or a number, as one text; a list of such where one may stand there.
    pub(super) fn scalars(
        &mut self,
        entry: &Entry<'_>,
        list: bool,
        example: &str,
    ) -> Option<Vec<Word>> {
        let items: Vec<&Spanned<DeValue<'_>>> = match entry.value.get_ref() {
            DeValue::Array(items) if list => items.iter().collect(),
            _ => vec![entry.value],
        };
        let mut words = Vec::new();
        for item in items {
            let text = match item.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) => number.to_string(),
                _ => {
                    self.wrong_item(entry, item, example);
                    return None;
                }
            };
            words.push(Word {
                text,
                span: item.span(),
            });
        }
        Some(words)
    }

    /// A value that knows how it is written.
    pub(super) fn parsed<T: FromStr<Err = BadValue>>(
        &mut self,
        entry: &Entry<'_>,
        example: &str,
    ) -> Option<Told<T>> {
        let words = self.scalars(entry, false, example)?;
        let word = words.first()?;
        match word.text.parse() {
            Ok(value) => Some(Told {
                value,
                at: self.place(entry.key.span().start),
            }),
            Err(bad) => {
                self.bad(entry, &word.span, bad);
                None
            }
        }
    }

    /// Yes or no.
    pub(super) fn yes_or_no(&mut self, entry: &Entry<'_>) -> Option<Told<bool>> {
        let DeValue::Boolean(value) = entry.value.get_ref() else {
            self.wrong_type(entry, "true or false, without quotes");
            return None;
        };
        Some(Told {
            value: *value,
            at: entry.place(self),
        })
    }

    /// A moment.
    pub(super) fn moment(&mut self, entry: &Entry<'_>) -> Option<Told<Timestamp>> {
        const EXAMPLE: &str =
            "a moment with its offset and no quotes, such as 2026-12-01T00:00:00Z";
        let DeValue::Datetime(moment) = entry.value.get_ref() else {
            self.wrong_type(entry, EXAMPLE);
            return None;
        };
        let whole = moment.date.is_some() && moment.time.is_some() && moment.offset.is_some();
        let value: Option<Timestamp> = moment.to_string().parse().ok().filter(|_| whole);
        let Some(value) = value else {
            let why = format!("{moment} is not in one place in time; write {EXAMPLE}");
            self.bad(entry, &entry.value.span(), why);
            return None;
        };
        Some(Told {
            value,
            at: entry.place(self),
        })
    }
}

/// Somebody's word in a message.
pub(super) fn shown(text: &str) -> String {
    printable(text.as_bytes(), 60)
}

pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text in quotes",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "a bare true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
