//! Policy files as text: everything that is wrong with them is found at once, each thing with its
//! file, line and column, and while there is anything nothing of them counts.

mod contradictions;
mod guard;
mod limits;
mod node;
mod reader;
mod rights;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use toml::de::DeTable;

use super::schema::{File, HostTable, Place, Policy};
use crate::base::text::printable;

pub(super) use contradictions::above;
use node::Table;
use reader::Reader;
pub use words::nearest;

/// The tables of a file.
const TABLES: [&str; 7] = [
    "host", "admins", "limits", "sudo", "runtimes", "roles", "guard",
];

/// A file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path on the host.
    pub name: Arc<str>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its path on the host.
    pub file: Arc<str>,
    /// Counted from 1; 0 where it is the whole file.
    pub line: usize,
    /// In characters, counted from 1; 0 where it is the whole file.
    pub column: usize,
    /// What is wrong, and what to do.
    pub what: String,
    /// The valid word that is nearest to a wrong one.
    pub nearest: Option<String>,
    /// The line itself, safe to show.
    pub excerpt: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file, line, column, ..
        } = self;
        match line {
            0 => write!(f, "{file}: {}", self.what),
            _ => write!(f, "{file}:{line}:{column}: {}", self.what),
        }
    }
}

impl Problem {
    /// About a whole file.
    #[must_use]
    pub fn of_file(file: &Arc<str>, what: impl Into<String>) -> Self {
        Self {
            file: file.clone(),
            line: 0,
            column: 0,
            what: what.into(),
            nearest: None,
            excerpt: String::new(),
        }
    }

    pub(super) fn at(place: &Place, what: impl Into<String>) -> Self {
        Self {
            line: place.line,
            column: place.column,
            ..Self::of_file(&place.file, what)
        }
    }
}

/// Reads all files, in this order.
///
/// # Errors
/// Everything that is wrong with any of them, or with all of them together.
pub fn policy(sources: &[Source]) -> Result<Policy, Vec<Problem>> {
    let mut problems = Vec::new();
    let files: Vec<File> = sources
        .iter()
        .map(|source| file(source, &mut problems))
        .collect();
    let policy = Policy { files };
    if problems.is_empty() {
        contradictions::find(&policy, &mut problems);
    }
    if problems.is_empty() {
        return Ok(policy);
    }
    let order = |problem: &Problem| {
        let file = sources
            .iter()
            .position(|source| source.name == problem.file);
        (file, problem.line, problem.column)
    };
    problems.sort_by_key(order);
    quote(&mut problems, sources);
    Err(problems)
}

/// Adds to each the line it is about.
pub fn quote(problems: &mut [Problem], sources: &[Source]) {
    for problem in problems {
        let source = sources.iter().find(|source| source.name == problem.file);
        problem.excerpt = excerpt(source, problem.line);
    }
}

/// A line of a file, safe to show.
fn excerpt(source: Option<&Source>, line: usize) -> String {
    const LONGEST: usize = 100;
    let lines = source.map(|source| source.bytes.split(|byte| *byte == b'\n'));
    let line = lines.and_then(|mut lines| lines.nth(line.checked_sub(1)?));
    let line = line.unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let tabs: Vec<u8> = line
        .iter()
        .map(|byte| if *byte == b'\t' { b' ' } else { *byte })
        .collect();
    printable(&tabs, LONGEST)
}

/// One file, as far as it can be read.
fn file(source: &Source, problems: &mut Vec<Problem>) -> File {
    let mut file = File {
        name: source.name.clone(),
        ..File::default()
    };
    let text = match std::str::from_utf8(&source.bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = &source.bytes[..error.valid_up_to()];
            let text = std::str::from_utf8(valid).unwrap_or_default();
            let place = Reader::new(&source.name, text).place(text.len());
            let why = "what stands here is no UTF-8; save the file as UTF-8 text";
            problems.push(Problem::at(&place, why));
            return file;
        }
    };
    let mut reader = Reader::new(&source.name, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let reliable = reader.syntax(&errors);
    let root = Table::new(String::new(), root.get_ref());
    tables(&mut reader, &root, &mut file);
    problems.extend(reader.finish(reliable));
    file
}

fn tables(reader: &mut Reader<'_>, root: &Table<'_>, file: &mut File) {
    for entry in root.entries() {
        let name = entry.name();
        if !TABLES.contains(&name) {
            reader.unknown_table(&entry, &TABLES);
            continue;
        }
        let table = entry.table(reader);
        match name {
            "host" => host(reader, &table, &mut file.host),
            "admins" => file.admins = rights::whom(reader, &table, &[]),
            "limits" => limits::read(reader, &table, &mut file.limits),
            "sudo" => rights::sudo(reader, &table, &mut file.grants),
            "runtimes" => {
                let at = entry.place(reader);
                rights::runtimes(reader, &table, at, &mut file.runtimes);
            }
            "roles" => rights::roles(reader, &table, &mut file.roles),
            _ => guard::read(reader, &table, &mut file.guard),
        }
    }
}

fn host(reader: &mut Reader<'_>, table: &Table<'_>, host: &mut HostTable) {
    for entry in table.entries() {
        match entry.name() {
            "reserve_memory" => {
                let example = "bytes such as \"4G\", or a part of the memory such as \"10%\"";
                host.reserve_memory = reader.parsed(&entry, example);
            }
            "reserve_tasks" => {
                let example = "a number such as 2000, or a part such as \"10%\"";
                host.reserve_tasks = reader.parsed(&entry, example);
            }
            _ => reader.unknown(table, &entry, &["reserve_memory", "reserve_tasks"]),
        }
    }
}
