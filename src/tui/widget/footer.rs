//! The last row: the keys for what one is likely to do next.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::keys::{Action, hint};
use crate::tui::theme::Theme;

use super::line;

/// Draws hints, each an action and its word on this screen, as many as fit.
pub(in crate::tui) fn render(
    theme: Theme,
    hints: &[(Action, &str)],
    area: Rect,
    cells: &mut Buffer,
) {
    let row = area.height.saturating_sub(1);
    let mut at = 0;
    for (action, does) in hints {
        let text = hint(*action, does);
        let (key, word) = text.split_once(' ').unwrap_or((&text, ""));
        let width = u16::try_from(text.chars().count() + 2).unwrap_or(u16::MAX);
        if at + width > area.width + 2 {
            return;
        }
        let word = format!(" {word}  ");
        let pieces = [(key, theme.strong()), (word.as_str(), theme.dim())];
        at = line::put_from(cells, area, (at, row), &pieces);
    }
}
