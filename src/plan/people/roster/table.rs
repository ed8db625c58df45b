//! A list as a table, as spreadsheets write it: commas or semicolons, quotes where a field holds
//! one of them. The first line names the columns.

use crate::base::text::counted;

use super::field::{self, Field};
use super::{Bad, Cell, Row, line_at};

/// The columns that the first line names; `None` where it names nothing.
struct Head {
    line: usize,
    columns: Vec<Option<Column>>,
}

/// A column: the field, `None` where there is none of that name.
struct Column {
    title: String,
    field: Option<Field>,
}

/// Everybody in a table, and what is wrong with the table itself.
pub(super) fn rows(text: &str) -> (Vec<Row>, Vec<Bad>) {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(text))
        .from_reader(text.as_bytes());
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    let mut head: Option<Head> = None;
    let mut record = csv::StringRecord::new();
    let mut lines = Lines {
        text: text.as_bytes(),
        at: 0,
        line: 1,
    };
    loop {
        let line = lines.of_next(reader.position().byte());
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                bad.push(Bad::new(line, "text", error.to_string()));
                break;
            }
        }
        if record.iter().all(|value| value.trim().is_empty()) {
            continue;
        }
        match &head {
            None => head = Some(columns(&record, line, &mut bad)),
            Some(head) if head.names_people() => rows.extend(row(head, &record, line, &mut bad)),
            Some(_) => break,
        }
    }
    if let Some(head) = head.filter(|head| !head.names_people()) {
        let names = field::names().join(", ");
        let why = format!("the first line names no such column; it names some of {names}");
        bad.push(Bad::new(head.line, Field::Name.name(), why));
    }
    (rows, bad)
}

/// What parts the columns: semicolons where the first line has those and no comma.
fn separator(text: &str) -> u8 {
    let first = text.trim_start().lines().next().unwrap_or("");
    if first.contains(';') && !first.contains(',') {
        b';'
    } else {
        b','
    }
}

/// Counts lines from one record to the next.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line on which the next record begins: the reader stands before the line ends between.
    fn of_next(&mut self, byte: u64) -> usize {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        let byte = byte.clamp(self.at, self.text.len());
        let ends = self.text[byte..].iter();
        let ends = ends.take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let to = byte + ends.count();
        self.line += line_at(&self.text[self.at..to]) - 1;
        self.at = to;
        self.line
    }
}

impl Head {
    fn names_people(&self) -> bool {
        let mut fields = self.columns.iter().flatten().map(|column| column.field);
        fields.any(|field| field == Some(Field::Name))
    }
}

fn columns(record: &csv::StringRecord, line: usize, bad: &mut Vec<Bad>) -> Head {
    let mut columns: Vec<Option<Column>> = Vec::new();
    for title in record.iter().map(str::trim) {
        if title.is_empty() {
            columns.push(None);
            continue;
        }
        let field = Field::find(title);
        let twice = columns
            .iter()
            .flatten()
            .any(|c| c.field == field.clone().ok());
        match &field {
            Err(why) => bad.push(Bad::new(line, title, why.clone())),
            Ok(_) if twice => bad.push(Bad::new(line, title, "there are two such columns")),
            Ok(_) => {}
        }
        columns.push(Some(Column {
            title: title.to_owned(),
            field: field.ok(),
        }));
    }
    Head { line, columns }
}

/// One person; `None` when the line has other columns than the first.
fn row(head: &Head, record: &csv::StringRecord, line: usize, bad: &mut Vec<Bad>) -> Option<Row> {
    let (wanted, found) = (head.columns.len(), record.len());
    if wanted != found {
        let of_column = |at: usize| match head.columns.get(at) {
            Some(Some(column)) => column.title.clone(),
            _ => format!("column {}", at + 1),
        };
        let why = format!(
            "the line has {}, the first line {wanted}; put quotes around a field that holds what parts them",
            counted(found as u64, "field", "fields")
        );
        bad.push(Bad::new(line, of_column(found.min(wanted)), why));
        return None;
    }
    let mut cells = Vec::new();
    for (at, (column, value)) in head.columns.iter().zip(record).enumerate() {
        match column {
            Some(Column {
                field: Some(field), ..
            }) => cells.push(Cell {
                field: *field,
                line,
                values: vec![value.to_owned()],
            }),
            // What is wrong with it was said of the first line.
            Some(_) => {}
            None if value.trim().is_empty() => {}
            None => {
                let why = "the first line gives this column no name";
                bad.push(Bad::new(line, format!("column {}", at + 1), why));
            }
        }
    }
    Some(Row { line, cells })
}
