//! The keys, over whatever screen one is on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::keys::BINDINGS;
use crate::tui::theme::Theme;
use crate::tui::widget::{frame, line};

const COLUMNS: u16 = 42;

/// Draws the key table in the middle.
pub(in crate::tui) fn render(theme: Theme, area: Rect, cells: &mut Buffer) {
    let lines = u16::try_from(BINDINGS.len()).unwrap_or(u16::MAX);
    let size = (COLUMNS, lines.saturating_add(4));
    let inside = frame::centered(theme, "Keys", size, area, cells);
    for (row, binding) in (1u16..).zip(&BINDINGS) {
        let keys = theme.cell(binding.keys, 10);
        let pieces = [
            (keys.as_str(), theme.strong()),
            (binding.does, theme.text()),
        ];
        line::put(cells, inside, row, &pieces);
    }
}
