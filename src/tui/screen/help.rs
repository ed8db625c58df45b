//! The keys, over whatever screen one is on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::keys::BINDINGS;
use crate::tui::theme::Theme;
use crate::tui::widget::line;

const COLUMNS: u16 = 40;

/// Draws the key table in the middle.
pub(in crate::tui) fn render(theme: Theme, area: Rect, cells: &mut Buffer) {
    let lines = u16::try_from(BINDINGS.len()).unwrap_or(u16::MAX);
    let rows = lines.saturating_add(4).min(area.height);
    let columns = COLUMNS.min(area.width);
    let window = Rect::new(
        area.x + (area.width - columns) / 2,
        area.y + (area.height - rows) / 2,
        columns,
        rows,
    );
    let blank = " ".repeat(usize::from(columns));
    for row in 0..rows {
        line::put(cells, window, row, &[(&blank, theme.selected())]);
    }
    let inside = Rect::new(
        window.x + 2,
        window.y + 1,
        columns - 4,
        rows.saturating_sub(2),
    );
    line::put(
        cells,
        inside,
        0,
        &[("Keys", theme.selected().patch(theme.strong()))],
    );
    for (row, binding) in (2u16..).zip(&BINDINGS) {
        let keys = theme.cell(binding.keys, 10);
        let pieces = [
            (keys.as_str(), theme.selected().patch(theme.strong())),
            (binding.does, theme.selected()),
        ];
        line::put(cells, inside, row, &pieces);
    }
}
