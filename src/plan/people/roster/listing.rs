//! A list as TOML: a `[[user]]` table for each person.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::field::Field;
use super::{Bad, Cell, Row, line_at};

/// The only key at the top.
const USER: &str = "user";

/// Everybody in a list, and what is wrong with the list itself.
pub(super) fn rows(text: &str) -> (Vec<Row>, Vec<Bad>) {
    let line = |at: usize| line_at(&text.as_bytes()[..at.min(text.len())]);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What follows from a broken line is no news.
        let told = errors.iter().map(|error| {
            let at = error.span().map_or(0, |span| span.start);
            Bad::new(line(at), "syntax", error.message())
        });
        return (Vec::new(), told.collect());
    }
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    for (key, value) in table.get_ref() {
        let at = line(key.span().start);
        let name: &str = key.get_ref();
        match value.get_ref() {
            DeValue::Array(people) if name == USER => {
                for person in people {
                    match person.get_ref() {
                        DeValue::Table(table) => {
                            let at = line(person.span().start);
                            rows.push(row(table, at, &line, &mut bad));
                        }
                        _ => bad.push(no_person(line(person.span().start), USER)),
                    }
                }
            }
            _ => bad.push(no_person(at, name)),
        }
    }
    (rows, bad)
}

fn no_person(line: usize, key: &str) -> Bad {
    Bad::new(line, key, "write [[user]] above the fields of every person")
}

fn row(table: &DeTable<'_>, at: usize, line: &dyn Fn(usize) -> usize, bad: &mut Vec<Bad>) -> Row {
    let mut cells = Vec::new();
    for (key, value) in table {
        let (name, line): (&str, usize) = (key.get_ref(), line(key.span().start));
        let cell = Field::find(name).and_then(|field| {
            Ok(Cell {
                field,
                line,
                values: values(value)?,
            })
        });
        match cell {
            Ok(cell) => cells.push(cell),
            Err(why) => bad.push(Bad::new(line, name, why)),
        }
    }
    let line = cells.iter().map(|cell| cell.line).min();
    Row {
        line: line.map_or(at, |first| first.min(at)),
        cells,
    }
}

/// A value as texts: several of an array, one of anything else.
fn values(value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, String> {
    match value.get_ref() {
        DeValue::Array(values) => values.iter().map(one).collect(),
        _ => Ok(vec![one(value)?]),
    }
}

fn one(value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Boolean(yes) => Ok(yes.to_string()),
        DeValue::Datetime(date) => Ok(date.to_string()),
        other => {
            let kind = other.type_str();
            Err(format!("it is of type {kind}; write it in quotes"))
        }
    }
}
