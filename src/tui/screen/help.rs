//! The keys, over whatever screen one is on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::keys::BINDINGS;
use crate::tui::theme::Theme;
use crate::tui::widget::{frame, line};

/// Columns of one half of the table: keys, and what they do.
const HALF: u16 = 37;
const KEYS: usize = 10;

/// Draws the key table in the middle, in two columns where that fits.
pub(in crate::tui) fn render(theme: Theme, area: Rect, cells: &mut Buffer) {
    let halves = if area.width >= 2 * HALF + 6 { 2 } else { 1 };
    let lines = BINDINGS.len().div_ceil(halves);
    let rows = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(4);
    let columns = HALF * u16::try_from(halves).unwrap_or(1) + 6;
    let inside = frame::centered(theme, "Keys", (columns, rows), area, cells);
    // An empty line above them only where none of them needs it.
    let first = u16::from(usize::from(inside.height) > lines);
    for (at, half) in (0u16..).zip(BINDINGS.chunks(lines)) {
        for (row, binding) in (first..).zip(half) {
            let keys = theme.cell(binding.keys, KEYS);
            let pieces = [
                (keys.as_str(), theme.strong()),
                (binding.does, theme.text()),
            ];
            if row < inside.height {
                line::put_from(cells, inside, (at * HALF, row), &pieces);
            }
        }
    }
}
