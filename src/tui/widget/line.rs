//! One line of styled text.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Writes pieces of text one after the other on a row of an area; what does not fit is left out.
/// Returns the first free column.
pub(in crate::tui) fn put(
    cells: &mut Buffer,
    area: Rect,
    row: u16,
    pieces: &[(&str, Style)],
) -> u16 {
    put_from(cells, area, (0, row), pieces)
}

/// The same from a column on.
pub(in crate::tui) fn put_from(
    cells: &mut Buffer,
    area: Rect,
    (column, row): (u16, u16),
    pieces: &[(&str, Style)],
) -> u16 {
    let mut at = column;
    if row >= area.height {
        return at;
    }
    for (text, style) in pieces {
        let left = usize::from(area.width.saturating_sub(at));
        if left == 0 {
            break;
        }
        // Whatever was in the cells before has no part in what is there now.
        let style = Style::reset().patch(*style);
        let (x, _) = cells.set_stringn(area.x + at, area.y + row, text, left, style);
        at = x - area.x;
    }
    at
}

/// Writes text against the right edge, unless it would run into what ends at `taken`.
pub(in crate::tui) fn put_right(
    cells: &mut Buffer,
    area: Rect,
    row: u16,
    (text, style): (&str, Style),
    taken: u16,
) {
    let width = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
    if let Some(column) = area.width.checked_sub(width)
        && column > taken
    {
        put_from(cells, area, (column, row), &[(text, style)]);
    }
}
