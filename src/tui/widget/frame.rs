//! A window over the screen, with a title in its frame.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::theme::Theme;

use super::line;

/// Draws a frame of at most this size in the middle of an area, empties it, and returns what is
/// inside.
pub(in crate::tui) fn centered(
    theme: Theme,
    title: &str,
    (columns, rows): (u16, u16),
    area: Rect,
    cells: &mut Buffer,
) -> Rect {
    let (columns, rows) = (columns.min(area.width), rows.min(area.height));
    let window = Rect::new(
        area.x + (area.width - columns) / 2,
        area.y + (area.height - rows) / 2,
        columns,
        rows,
    );
    let [horizontal, vertical] = theme.lines();
    let [top_left, top_right, bottom_left, bottom_right] = theme.corners();
    let across = usize::from(columns.saturating_sub(2));
    let edge = horizontal.repeat(across);
    let blank = " ".repeat(across);
    for row in 0..rows {
        let (left, middle, right) = if row == 0 {
            (top_left, &edge, top_right)
        } else if row + 1 == rows {
            (bottom_left, &edge, bottom_right)
        } else {
            (vertical, &blank, vertical)
        };
        let pieces = [
            (left, theme.dim()),
            (middle.as_str(), theme.dim()),
            (right, theme.dim()),
        ];
        line::put(cells, window, row, &pieces);
    }
    let title = format!(" {title} ");
    line::put_from(cells, window, (2, 0), &[(&title, theme.strong())]);
    Rect::new(
        window.x + 3.min(columns),
        window.y + 1.min(rows),
        columns.saturating_sub(6),
        rows.saturating_sub(2),
    )
}
