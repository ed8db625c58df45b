//! The screens. Each owns its cursor and its order, and draws from the snapshot alone.

mod columns;
pub(super) mod help;
pub(super) mod overview;
pub(super) mod person;
pub(super) mod process;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::theme::Theme;
use super::widget::line;

/// Columns and rows below which nothing useful fits.
pub(super) const SMALLEST: (u16, u16) = (40, 10);

/// What is shown before the first figures.
pub(super) fn waiting(theme: Theme, area: Rect, cells: &mut Buffer) {
    line::put(cells, area, 0, &[("benchwarden", theme.strong())]);
    line::put(cells, area, 2, &[("measuring", theme.dim())]);
    let last = area.height - 1;
    line::put(cells, area, last, &[("q quit", theme.dim())]);
}

/// What is shown on a terminal where nothing fits.
pub(super) fn too_small(area: Rect, cells: &mut Buffer) {
    let (columns, rows) = SMALLEST;
    let text = format!("needs {columns}x{rows}, q quits");
    line::put(cells, area, 0, &[(&text, Style::new())]);
}
