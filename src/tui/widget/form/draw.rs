//! How a form looks.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthChar as _;

use crate::base::text::printable;
use crate::tui::theme::Theme;
use crate::tui::widget::entry::Entry;
use crate::tui::widget::{line, wrap};

use super::{Field, Form, Kind, Remark};

/// Columns of the mark and the words before the fields.
const LABEL: usize = 16;
/// A remark has so many lines at most.
const REMARK_LINES: usize = 3;
/// Longer than any remark.
const REMARK_CHARS: usize = 400;

/// Pieces of one row.
type Row = Vec<(String, Style)>;

impl Form {
    /// Rows it would like to have, in a window of so many columns.
    pub(in crate::tui) fn rows(&self, theme: Theme, width: u16) -> u16 {
        let (rows, _) = self.laid_out(theme, width, true);
        u16::try_from(rows.len()).unwrap_or(u16::MAX)
    }

    /// Draws it into an area; where not everything fits, the field one is in is seen.
    pub(in crate::tui) fn render(&self, theme: Theme, area: Rect, cells: &mut Buffer) {
        let roomy = self.rows(theme, area.width) <= area.height;
        let (rows, seen) = self.laid_out(theme, area.width, roomy);
        let height = usize::from(area.height);
        let top = seen.end.saturating_sub(height).min(seen.start);
        for (at, row) in (0..area.height).zip(rows.iter().skip(top)) {
            let pieces: Vec<(&str, Style)> = row.iter().map(|(t, s)| (t.as_str(), *s)).collect();
            line::put(cells, area, at, &pieces);
        }
    }

    /// All rows, and which belong to the field one is in. Where there is room a field without a
    /// remark has an empty row in its place, so that nothing moves when it gets one.
    fn laid_out(&self, theme: Theme, width: u16, roomy: bool) -> (Vec<Row>, Range<usize>) {
        let mut rows: Vec<Row> = Vec::new();
        let mut seen = 0..0;
        let shown = self.fields.iter().enumerate().filter(|(_, f)| f.shown);
        for (at, field) in shown {
            let here = at == self.at;
            let first = rows.len();
            rows.push(row(theme, field, here, width));
            let remarks = self.remark_rows(theme, field, here, width);
            let empty = roomy && remarks.is_empty();
            rows.extend(remarks);
            if here {
                seen = first..rows.len();
            }
            if empty {
                rows.push(Vec::new());
            }
        }
        (rows, seen)
    }

    /// What is said under a field: always where one is, elsewhere only what is wrong.
    fn remark_rows(&self, theme: Theme, field: &Field, here: bool, width: u16) -> Vec<Row> {
        let (text, style) = match &field.remark {
            Remark::Bad(text) if field.touched || self.tried => (text, theme.warn()),
            Remark::Bad(text) | Remark::Hint(text) if here => (text, theme.dim()),
            Remark::Look(text) => (text, theme.warn()),
            Remark::Says(text) => (text, theme.text()),
            _ => return Vec::new(),
        };
        let clean = theme.shown(&printable(text.as_bytes(), REMARK_CHARS));
        let width = usize::from(width).saturating_sub(LABEL);
        let lines = wrap::lines(&clean, width).into_iter().take(REMARK_LINES);
        lines
            .map(|line| vec![(" ".repeat(LABEL), theme.text()), (line, style)])
            .collect()
    }
}

fn row(theme: Theme, field: &Field, here: bool, width: u16) -> Row {
    let mark = if here { "> " } else { "  " };
    let label = theme.cell(&format!("{mark}{}", field.label), LABEL);
    let style = if here { theme.strong() } else { theme.text() };
    let mut row = vec![(label, style)];
    let width = usize::from(width).saturating_sub(LABEL);
    match &field.kind {
        Kind::Text(entry) => row.extend(typed(theme, entry, here, width, &field.completion)),
        Kind::Hidden(entry) => {
            let word = if entry.is_empty() { "" } else { "(not shown)" };
            row.push((word.to_owned(), theme.text()));
            let cursor = if here { theme.selected() } else { theme.dim() };
            row.push(("_".to_owned(), cursor));
        }
        Kind::Choice(options, at) => row.extend(choice(theme, options, *at, here, width)),
        Kind::Check(on) => {
            let boxed = if *on { "[x]" } else { "[ ]" };
            let style = if here { theme.selected() } else { theme.text() };
            row.push((boxed.to_owned(), style));
        }
        Kind::Thing { words, on, .. } => {
            let boxed = if *on { "[x]" } else { "[ ]" };
            let style = if here { theme.selected() } else { theme.text() };
            row.push((boxed.to_owned(), style));
            let words = theme.shown(&printable(words.as_bytes(), REMARK_CHARS));
            let style = if *on { theme.text() } else { theme.dim() };
            row.push((format!(" {words}"), style));
        }
    }
    row
}

/// What can be seen of a text around its cursor, and the room behind it.
fn typed(theme: Theme, entry: &Entry, here: bool, width: usize, completion: &str) -> Row {
    let chars: Vec<String> = entry.text().chars().map(|c| shown_char(theme, c)).collect();
    let wide = |text: &str| text.chars().map(|c| c.width().unwrap_or(0)).sum::<usize>();
    let (at, all) = entry.place();
    // From the cursor to the left as far as there is room; one column is the cursor's own.
    let mut from = if here { at } else { 0 };
    let mut used = 1;
    while from > 0 && used + wide(&chars[from - 1]) <= width {
        from -= 1;
        used += wide(&chars[from]);
    }
    let mut row: Row = Vec::new();
    let mut left = width;
    for (place, text) in chars.iter().enumerate().skip(from) {
        let columns = wide(text);
        if columns > left {
            break;
        }
        left -= columns;
        let cursor = here && place == at;
        let style = if cursor {
            theme.selected()
        } else {
            theme.text()
        };
        row.push((text.clone(), style));
    }
    if here && at == all && left > 0 {
        let mut rest = completion.chars();
        let under = rest.next().map_or_else(|| "_".to_owned(), String::from);
        row.push((under, theme.selected()));
        left -= 1;
        let rest: String = rest.take(left).collect();
        left -= rest.chars().count();
        row.push((rest, theme.dim()));
    }
    row.push(("_".repeat(left), theme.dim()));
    row
}

/// One character as it may stand on the screen, in one column where it could not.
fn shown_char(theme: Theme, c: char) -> String {
    let text = c.to_string();
    if printable(text.as_bytes(), 9) == text {
        theme.shown(&text)
    } else {
        "?".to_owned()
    }
}

/// All options where they fit, with the chosen one in brackets; else the chosen one alone.
fn choice(theme: Theme, options: &[String], at: usize, here: bool, width: usize) -> Row {
    let style = if here { theme.selected() } else { theme.text() };
    let clean = |text: &String| theme.shown(&printable(text.as_bytes(), 200));
    let together: usize = options.iter().map(|o| clean(o).chars().count() + 4).sum();
    if together > width {
        let chosen = options.get(at).map(clean).unwrap_or_default();
        let count = format!("  {} of {}", at + 1, options.len());
        return vec![(format!("< {chosen} >"), style), (count, theme.dim())];
    }
    let mut row = Row::new();
    for (place, option) in options.iter().enumerate() {
        if place == at {
            row.push((format!("[{}]", clean(option)), style));
        } else {
            row.push((format!(" {} ", clean(option)), theme.dim()));
        }
        row.push(("  ".to_owned(), theme.text()));
    }
    row
}
