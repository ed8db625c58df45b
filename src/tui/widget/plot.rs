//! A plot of the last minutes, with the limit drawn in.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::theme::Theme;

use super::line;

/// What is plotted.
pub(in crate::tui) struct Plot<'a> {
    /// Values, oldest first; the newest is at the right edge.
    pub(in crate::tui) values: &'a [f32],
    /// The limit, if there is one.
    pub(in crate::tui) limit: Option<f32>,
    /// The least that the top stands for, so that little does not look like much.
    pub(in crate::tui) at_least: f32,
}

impl Plot<'_> {
    /// What the top edge stands for: the limit, or what was reached where that is more.
    pub(in crate::tui) fn top(&self) -> f32 {
        let most = self.values.iter().copied().fold(0.0, f32::max);
        let wanted = self.limit.unwrap_or(self.at_least);
        most.max(wanted).max(f32::MIN_POSITIVE)
    }

    /// The row of the limit, counted from the top, and what a cell of it shows.
    fn limit_row(&self, rows: u16) -> Option<u16> {
        let share = self.limit? / self.top();
        let from_top = (1.0 - share) * f32::from(rows);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the rows of a screen"
        )]
        let row = from_top.clamp(0.0, f32::from(rows) - 1.0) as u16;
        Some(row)
    }

    /// Draws it into an area, over the limit in another style.
    pub(in crate::tui) fn render(&self, theme: Theme, area: Rect, cells: &mut Buffer) {
        let (width, rows) = (usize::from(area.width), area.height);
        let shown = &self.values[self.values.len().saturating_sub(width)..];
        let (top, limit_row) = (self.top(), self.limit_row(rows));
        for row in 0..rows {
            let is_limit = limit_row == Some(row);
            let empty = if is_limit { theme.dashes() } else { ' ' };
            let above = f32::from(rows - 1 - row);
            let blank: String = std::iter::repeat_n(empty, width - shown.len()).collect();
            let dashes = if is_limit { theme.warn() } else { theme.dim() };
            line::put(cells, area, row, &[(&blank, dashes)]);
            for (column, value) in (width - shown.len()..).zip(shown) {
                let filled = value / top * f32::from(rows) - above;
                // The lowest row shows that something was used, however little.
                let least = row + 1 == rows && *value > 0.0;
                let block = theme.block(filled.max(if least { 0.01 } else { 0.0 }));
                let over = self.limit.is_some_and(|limit| *value > limit * 0.9);
                let style = if over { theme.alarm() } else { theme.bar() };
                let (shown, style): (char, Style) = match block {
                    Some(block) => (block, style),
                    None => (empty, dashes),
                };
                let column = u16::try_from(column).unwrap_or(u16::MAX);
                line::put_from(cells, area, (column, row), &[(&shown.to_string(), style)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(plot: &Plot<'_>, ascii: bool) -> Vec<String> {
        let area = Rect::new(0, 0, 6, 3);
        let mut cells = Buffer::empty(area);
        plot.render(Theme::new(true, ascii), area, &mut cells);
        let rows = cells.content().chunks(6);
        rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect())
            .collect()
    }

    #[test]
    fn the_limit_is_drawn_where_nothing_is_used() {
        let plot = Plot {
            values: &[0.0, 1.0, 2.0, 3.0],
            limit: Some(3.0),
            at_least: 1.0,
        };
        assert_eq!(drawn(&plot, false), ["╌╌╌╌╌█", "    ██", "   ███"]);
        assert_eq!(drawn(&plot, true), ["-----#", "    ##", "   ###"]);
    }

    #[test]
    fn what_exceeds_the_limit_moves_the_limit_down() {
        let plot = Plot {
            values: &[6.0],
            limit: Some(3.0),
            at_least: 1.0,
        };
        assert_eq!(drawn(&plot, false), ["     █", "╌╌╌╌╌█", "     █"]);
    }

    #[test]
    fn without_a_limit_little_looks_little() {
        let plot = Plot {
            values: &[0.02],
            limit: None,
            at_least: 1.0,
        };
        assert_eq!(drawn(&plot, false), ["      ", "      ", "     ▁"]);
    }
}
