//! Rows of cells under titles.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::theme::Theme;

use super::line;

/// One column: its title and how wide it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Column {
    pub(in crate::tui) title: &'static str,
    /// Columns of the terminal; what is left of the row where it is 0.
    pub(in crate::tui) width: usize,
    /// Whether it holds numbers, which stand at the right.
    pub(in crate::tui) number: bool,
}

/// Columns before the first: the mark of the selected row.
const MARK: usize = 2;

/// Widths of the columns in a row of so many.
fn widths(columns: &[Column], across: u16) -> Vec<usize> {
    let gaps = columns.len().saturating_sub(1);
    let fixed: usize = columns.iter().map(|column| column.width).sum();
    let rest = usize::from(across).saturating_sub(MARK + gaps + fixed);
    let width = |column: &Column| {
        if column.width == 0 {
            rest
        } else {
            column.width
        }
    };
    columns.iter().map(width).collect()
}

fn cell(theme: Theme, column: &Column, text: &str, width: usize) -> String {
    if column.number {
        theme.cell_right(text, width)
    } else {
        theme.cell(text, width)
    }
}

/// Draws the titles; the one that is sorted by carries a star.
pub(in crate::tui) fn titles(
    theme: Theme,
    columns: &[Column],
    sorted: usize,
    (row, area): (u16, Rect),
    cells: &mut Buffer,
) {
    let mut text = " ".repeat(MARK);
    for (at, (column, width)) in columns.iter().zip(widths(columns, area.width)).enumerate() {
        let star = if at == sorted { "*" } else { "" };
        text += &cell(theme, column, &format!("{}{star}", column.title), width);
        text.push(' ');
    }
    line::put(cells, area, row, &[(&text, theme.heading())]);
}

/// Draws a row; the selected one is reversed as a whole and has a mark.
pub(in crate::tui) fn row(
    theme: Theme,
    columns: &[Column],
    content: &[(String, Style)],
    chosen: bool,
    (row, area): (u16, Rect),
    cells: &mut Buffer,
) {
    let on = |style: Style| if chosen { theme.selected() } else { style };
    let mark = if chosen { "> " } else { "  " };
    let mut pieces: Vec<(String, Style)> = vec![(mark.to_owned(), on(theme.text()))];
    for ((column, width), (text, style)) in
        columns.iter().zip(widths(columns, area.width)).zip(content)
    {
        let shown = cell(theme, column, text, width);
        pieces.push((shown, on(*style)));
        pieces.push((" ".to_owned(), on(theme.text())));
    }
    let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
    line::put(cells, area, row, &pieces);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_column_takes_what_the_others_leave() {
        let column = |width| Column {
            title: "T",
            width,
            number: false,
        };
        assert_eq!(widths(&[column(5), column(0), column(3)], 20), [5, 8, 3]);
        assert_eq!(widths(&[column(5), column(0)], 4), [5, 0]);
    }
}
