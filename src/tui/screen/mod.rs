//! The screens. Each owns its cursor and its order, and draws from the snapshot alone.

pub(super) mod accounts;
mod columns;
pub(super) mod groups;
pub(super) mod help;
pub(super) mod limits;
pub(super) mod overview;
pub(super) mod person;
pub(super) mod plans;
pub(super) mod process;
pub(super) mod sheet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::keys::Action;
use super::theme::Theme;
use super::widget::{footer, header, line};

/// Columns and rows below which nothing useful fits.
pub(super) const SMALLEST: (u16, u16) = (40, 10);

/// What is shown before the first figures: the same frame, so that nothing jumps when they come.
pub(super) fn waiting(theme: Theme, area: Rect, cells: &mut Buffer) {
    header::empty(theme, area, cells);
    let below = header::ROWS + 2;
    if below < area.height {
        let text = "reading every process for the first time";
        line::put(cells, area, below, &[(text, theme.dim())]);
    }
    let hints = [(Action::Help, "keys"), (Action::Quit, "quit")];
    footer::render(theme, &hints, area, cells);
}

/// What is shown on a terminal where nothing fits.
pub(super) fn too_small(area: Rect, cells: &mut Buffer) {
    let (columns, rows) = SMALLEST;
    let text = format!("needs {columns}x{rows}, q quits");
    line::put(cells, area, 0, &[(&text, Style::new())]);
}
