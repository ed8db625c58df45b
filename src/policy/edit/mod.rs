//! Changing a policy file as text: comments, order and style of what is not meant stay.
//!
//! The result is read again and has to mean the old file with exactly the wish done, or there is
//! no result.

#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use toml::de::{DeTable, DeValue};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Value as Node};

use super::parse::{Problem, Source};
use super::schema::{Key, Policy, Runtime, RuntimeVersion, Scope, Value};
use tree::Tree;

/// A value to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// A text or, where it is all digits, a number.
    Text(String),
    /// A text in quotes, whatever is in it.
    Quoted(String),
    /// Several texts.
    List(Vec<String>),
    /// Yes or no.
    Flag(bool),
    /// A moment.
    Moment(Timestamp),
    /// A limit that ends by itself, with nothing else in its table.
    Until(Box<Wish>, Timestamp),
}

/// One change: a key of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The table's name, part by part.
    pub table: Vec<String>,
    /// The key in it.
    pub key: String,
    /// What it is to be; `None` takes it out.
    pub to: Option<Wish>,
}

/// Why a file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file, or all files together, would be wrong afterwards, or were before.
    #[error("{}", .0.first().map_or_else(String::new, ToString::to_string))]
    Wrong(Vec<Problem>),
    /// A table stands in the way in a form in which it cannot be changed.
    #[error("{file}: [{table}] is written in a way that cannot be changed here; edit it by hand")]
    Form {
        /// Where.
        file: String,
        /// Which.
        table: String,
    },
    /// The text that came out means something else than the wish.
    #[error("{file}: the change would alter more than it should; edit it by hand")]
    NotTheWish {
        /// Where.
        file: String,
    },
}

impl Change {
    /// A limit.
    #[must_use]
    pub fn limit(scope: &Scope, key: Key, value: &Value, until: Option<Timestamp>) -> Self {
        let texts = value.texts();
        let wish = match (value, texts.as_slice()) {
            (Value::Addresses(_), _) => Wish::List(texts),
            (_, [one]) => Wish::Text(one.clone()),
            _ => Wish::List(texts),
        };
        let wish = match until {
            None => wish,
            Some(until) => Wish::Until(Box::new(wish), until),
        };
        Self {
            to: Some(wish),
            ..Self::clear(scope, key)
        }
    }

    /// A version of R or Python for somebody; none at all takes it out.
    #[must_use]
    pub fn runtime(scope: &Scope, of: Runtime, version: Option<&RuntimeVersion>) -> Self {
        let mut table = vec!["runtimes".to_owned()];
        match scope {
            Scope::Default => {}
            Scope::Group(name) => table.extend(["group", name.as_str()].map(String::from)),
            Scope::User(name) => table.extend(["user", name.as_str()].map(String::from)),
        }
        Self {
            table,
            key: of.name().to_owned(),
            to: version.map(|version| Wish::Quoted(version.to_string())),
        }
    }

    /// A limit that is no more.
    #[must_use]
    pub fn clear(scope: &Scope, key: Key) -> Self {
        let table = match scope {
            Scope::Default => vec!["limits".to_owned(), "default".to_owned()],
            Scope::Group(name) => ["limits", "group", name.as_str()]
                .map(String::from)
                .to_vec(),
            Scope::User(name) => ["limits", "user", name.as_str()].map(String::from).to_vec(),
        };
        Self {
            table,
            key: key.name().to_owned(),
            to: None,
        }
    }
}

/// Changes one of the files; `own` says that it is the console's, from which tables that become
/// empty are taken out where no comment speaks of them. Gives the file's new text and the policy
/// of all files with it.
///
/// # Errors
/// When the files are wrong, before or after, or the file cannot be changed without changing more.
pub fn edit(
    sources: &[Source],
    name: &str,
    own: bool,
    changes: &[Change],
) -> Result<(String, Policy), EditError> {
    let mut sources = sources.to_vec();
    super::parse::policy(&sources).map_err(EditError::Wrong)?;
    let at = sources.iter().position(|source| &*source.name == name);
    let old = match at.and_then(|at| sources.get(at)) {
        Some(source) => String::from_utf8_lossy(&source.bytes).into_owned(),
        None => String::new(),
    };
    let new = text(&old, name, own, changes)?;
    let changed = Source {
        name: name.into(),
        bytes: new.clone().into_bytes(),
    };
    match at.and_then(|at| sources.get_mut(at)) {
        Some(source) => *source = changed,
        None => {
            let place = sources.partition_point(|source| before(&source.name, name));
            sources.insert(place, changed);
        }
    }
    let policy = super::parse::policy(&sources).map_err(EditError::Wrong)?;
    Ok((new, policy))
}

/// Whether a file is read before another: those beside `policy.d` first, then by name.
fn before(one: &str, other: &str) -> bool {
    let order = |name: &str| (name.contains("/policy.d/"), name.to_owned());
    order(one) < order(other)
}

/// The new text of one file.
fn text(old: &str, file: &str, own: bool, changes: &[Change]) -> Result<String, EditError> {
    let form = |change: &Change| EditError::Form {
        file: file.to_owned(),
        table: change.table.join("."),
    };
    let mut wish = Tree::of(old).unwrap_or_default();
    let mut new = old.to_owned();
    for change in changes {
        new = match &change.to {
            Some(value) => put(&new, change, value).ok_or_else(|| form(change))?,
            None => take(&new, change, own).ok_or_else(|| form(change))?,
        };
        wish.change(&change.table, &change.key, change.to.as_ref());
    }
    if old.contains("\r\n") && !old.replace("\r\n", "").contains('\n') {
        new = new.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    let mut found = Tree::of(&new).unwrap_or_default();
    found.without_empty();
    wish.without_empty();
    if found == wish {
        Ok(new)
    } else {
        Err(EditError::NotTheWish {
            file: file.to_owned(),
        })
    }
}

/// The text with a key set; `None` where what stands there cannot be changed.
fn put(text: &str, change: &Change, value: &Wish) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let table = table(document.as_item_mut(), &change.table)?;
    let is_one_line = is_one_line(table);
    let table = table.as_table_like_mut()?;
    let mut new = value.node()?;
    match table.get_mut(&change.key) {
        Some(Item::Value(old)) => {
            // What stands around it, a comment behind it above all, stays.
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        Some(other) => *other = Item::Value(new),
        None => {
            table.insert(&change.key, Item::Value(new));
            if is_one_line {
                table.fmt();
            }
        }
    }
    Some(document.to_string())
}

/// The table of a name, made where it is not there; `None` where something else stands there.
fn table<'a>(at: &'a mut Item, path: &[String]) -> Option<&'a mut Item> {
    let Some((first, rest)) = path.split_first() else {
        if let Some(table) = at.as_table_mut().filter(|table| !table.is_dotted()) {
            // Written only because of tables below it, so far.
            table.set_implicit(false);
        }
        return Some(at);
    };
    let inside = at.is_inline_table();
    let like = at.as_table_like_mut()?;
    if !like.contains_key(first) {
        let new = if inside {
            Item::Value(Node::InlineTable(InlineTable::new()))
        } else {
            let mut table = toml_edit::Table::new();
            table.set_implicit(true);
            Item::Table(table)
        };
        like.insert(first, new);
    }
    table(like.get_mut(first)?, rest)
}

/// The text without a key, and without its table where that is to go; the text as it is where
/// there is no such key.
fn take(text: &str, change: &Change, own: bool) -> Option<String> {
    let Some(span) = span_of(text, change) else {
        return Some(text.to_owned());
    };
    let without = match lines_of(text, &span) {
        // Whole lines: comments above them stay.
        Some(lines) => format!("{}{}", &text[..lines.start], &text[lines.end..]),
        None => {
            let mut document: DocumentMut = text.parse().ok()?;
            let mut at = document.as_item_mut();
            for name in &change.table {
                at = at.as_table_like_mut()?.get_mut(name)?;
            }
            let is_one_line = is_one_line(at);
            let table = at.as_table_like_mut()?;
            table.remove(&change.key);
            if is_one_line {
                table.fmt();
            }
            document.to_string()
        }
    };
    let tidied = own.then(|| tidy(&without, change)).flatten();
    Some(tidied.unwrap_or(without))
}

/// The text without a table that has become empty, and without those around it that have become so
/// with it; `None` where there is none.
fn tidy(text: &str, change: &Change) -> Option<String> {
    let mut tidied = without_table(text, &change.table)?;
    for parts in (1..change.table.len()).rev() {
        let parent = change.table.get(..parts)?;
        tidied = without_table(&tidied, parent).unwrap_or(tidied);
    }
    Some(tidied)
}

/// The text without a table in which nothing is and of which no comment speaks; `None` where there
/// is none.
fn without_table(text: &str, table: &[String]) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let (name, parents) = table.split_last()?;
    let mut at = document.as_item_mut();
    for parent in parents {
        at = at.as_table_like_mut()?.get_mut(parent)?;
    }
    let above = at.as_table_like_mut()?;
    let table = above.get(name).and_then(Item::as_table);
    let silent = |table: &toml_edit::Table| {
        let decor = table.decor();
        let around = [decor.prefix(), decor.suffix()].into_iter().flatten();
        let mut around = around.filter_map(|raw| raw.as_str());
        table.is_empty() && around.all(|text| !text.contains('#'))
    };
    table.filter(|table| silent(table))?;
    above.remove(name);
    Some(document.to_string())
}

/// Whether a table stands within braces and holds no comment: only that is laid out anew.
fn is_one_line(table: &Item) -> bool {
    table.is_inline_table() && !table.to_string().contains('\n')
}

/// Where a key and its value stand.
fn span_of(text: &str, change: &Change) -> Option<Range<usize>> {
    let root = DeTable::parse(text).ok()?;
    let mut table = root.get_ref();
    for name in &change.table {
        match table.get(name.as_str())?.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => return None,
        }
    }
    let (key, value) = table.get_key_value(change.key.as_str())?;
    Some(key.span().start..value.span().end)
}

/// The lines of a key, if nothing else stands on them.
fn lines_of(text: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..].find('\n');
    let end = end.map_or(text.len(), |at| span.end + at + 1);
    let (before, behind) = (text[start..span.start].trim(), text[span.end..end].trim());
    let alone = before.is_empty() || before.ends_with('.');
    let rest = behind.is_empty() || behind.starts_with('#');
    (alone && rest).then_some(start..end)
}

impl Wish {
    fn node(&self) -> Option<Node> {
        Some(match self {
            Self::Text(text) => match number(text) {
                Some(number) => Node::from(number),
                None => Node::from(text.as_str()),
            },
            Self::Quoted(text) => Node::from(text.as_str()),
            Self::List(texts) => Node::Array(texts.iter().map(String::as_str).collect::<Array>()),
            Self::Flag(flag) => Node::from(*flag),
            Self::Moment(at) => {
                let moment: toml_edit::Datetime = whole_second(*at).parse().ok()?;
                Node::from(moment)
            }
            Self::Until(value, until) => {
                let mut table = InlineTable::new();
                table.insert("value", value.node()?);
                table.insert("until", Self::Moment(*until).node()?);
                Node::InlineTable(table)
            }
        })
    }

    fn tree(&self) -> Tree {
        match self {
            Self::Text(text) => match number(text) {
                Some(number) => Tree::Leaf(number.to_string()),
                None => Tree::Text(text.clone()),
            },
            Self::Quoted(text) => Tree::Text(text.clone()),
            Self::List(texts) => Tree::List(texts.iter().cloned().map(Tree::Text).collect()),
            Self::Flag(flag) => Tree::Leaf(flag.to_string()),
            Self::Moment(at) => Tree::Leaf(whole_second(*at)),
            Self::Until(value, until) => Tree::Table(BTreeMap::from([
                ("value".to_owned(), value.tree()),
                ("until".to_owned(), Self::Moment(*until).tree()),
            ])),
        }
    }
}

fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn whole_second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
