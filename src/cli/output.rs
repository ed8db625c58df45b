//! How verbs write: a JSON document on one line, or a plain table.

use std::io::Write;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::base::text::fit;
use crate::model::people::details::NotFound;

/// A document with its schema as the first key.
#[derive(Serialize)]
struct Document<'a, T> {
    schema: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

/// Writes one document on one line, at once: a reader may be waiting for it.
pub(super) fn json<T: Serialize>(
    out: &mut dyn Write,
    schema: &'static str,
    body: &T,
) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(&Document { schema, body })?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()?;
    Ok(())
}

/// The width that text is made for: a terminal's, whatever reads it.
const WIDTH: usize = 80;

/// Writes text after a label, broken between words at the width of a terminal, further lines
/// under the first.
pub(super) fn wrapped(out: &mut dyn Write, label: &str, text: &str) -> anyhow::Result<()> {
    let indent = " ".repeat(label.width());
    let mut line = label.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.width() + 1 + word.width() > WIDTH {
            writeln!(out, "{line}")?;
            line.clone_from(&indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(out, "{line}")?;
    Ok(())
}

/// One column of a table.
pub(super) struct Column {
    title: &'static str,
    right: bool,
}

/// A column of text.
pub(super) const fn left(title: &'static str) -> Column {
    Column {
        title,
        right: false,
    }
}

/// A column of numbers.
pub(super) const fn right(title: &'static str) -> Column {
    Column { title, right: true }
}

/// Writes a table: columns as wide as their content, two blanks between, nothing at line ends.
pub(super) fn table(
    out: &mut dyn Write,
    columns: &[Column],
    rows: &[Vec<String>],
) -> anyhow::Result<()> {
    let width = |at: usize, title: &str| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells
            .map(|cell| cell.width())
            .chain([title.width()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| width(at, column.title))
        .collect();
    let titles: Vec<String> = columns.iter().map(|c| c.title.to_owned()).collect();
    for row in std::iter::once(&titles).chain(rows) {
        let mut line = String::new();
        for ((cell, column), width) in row.iter().zip(columns).zip(&widths) {
            if !line.is_empty() {
                line.push_str("  ");
            }
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            if column.right {
                line.push_str(&pad);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&pad);
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Cuts the cells of some columns, the widest first, until the table fits a terminal; a column
/// keeps at least the width of its title.
pub(super) fn narrow(columns: &[Column], rows: &mut [Vec<String>], which: &[usize]) {
    let widest = |at: usize, title: &str| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        let widest = cells.map(|cell| cell.width()).max().unwrap_or(0);
        widest.max(title.width())
    };
    let titled = columns.iter().enumerate();
    let mut widths: Vec<usize> = titled
        .map(|(at, column)| widest(at, column.title))
        .collect();
    let blanks = 2 * columns.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + blanks > WIDTH {
        let least = |at: usize| columns.get(at).map_or(0, |column| column.title.width());
        let may = |at: &usize| widths.get(*at) > Some(&least(*at));
        let may_be_cut = which.iter().copied().filter(may);
        let Some(at) = may_be_cut.max_by_key(|at| widths.get(*at)) else {
            break;
        };
        widths[at] -= 1;
    }
    for row in rows {
        for at in which {
            if let (Some(cell), Some(width)) = (row.get_mut(*at), widths.get(*at))
                && cell.width() > *width
            {
                *cell = fit(cell, *width, false);
            }
        }
    }
}

/// Writes what could not be read, under everything else.
pub(super) fn notes(out: &mut dyn Write, partial: &[String]) -> anyhow::Result<()> {
    for note in partial {
        wrapped(out, "not read: ", note)?;
    }
    Ok(())
}

/// What to add where somebody was not found and not everything could be read.
pub(super) fn in_doubt(lost: &NotFound) -> String {
    let told = lost
        .partial
        .iter()
        .map(|note| format!("\nnot read: {note}"));
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_between_words_and_stays_under_its_label() {
        let mut out = Vec::new();
        wrapped(&mut out, "do: ", &"word ".repeat(20)).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.len() <= 80));
        assert!(lines[0].starts_with("do: word") && lines[1].starts_with("    word"));
        assert_eq!(text.matches("word").count(), 20);
    }

    #[test]
    fn a_table_is_cut_where_it_may_be() {
        let columns = [left("USER"), left("NAME"), left("GROUPS")];
        let long = "x".repeat(60);
        let mut rows = vec![vec![long.clone(), long.clone(), "a,b".to_owned()]];
        narrow(&columns, &mut rows, &[2, 1]);
        assert_eq!(rows[0], [long, "xxxxxxxxx…".to_owned(), "a,b".to_owned()]);
    }

    #[test]
    fn a_word_longer_than_the_line_is_not_lost() {
        let mut out = Vec::new();
        let long = "x".repeat(200);
        wrapped(&mut out, "a ", &format!("{long} b")).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("a {long}\n  b\n"));
    }
}
