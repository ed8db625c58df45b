//! Colours that mean something, and characters the terminal can show.
//!
//! Colour only repeats what a word, a sign or a position says already. The sixteen colours of
//! the terminal are used, so the admin's own palette stays in charge.

use ratatui::style::{Color, Modifier, Style};

use crate::base::text::{fit, to_ascii};
use crate::host::probe::{Colors, Terminal};

/// How the console looks on this terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    color: bool,
    ascii: bool,
}

impl Theme {
    /// What this terminal can show.
    pub(super) fn of(terminal: &Terminal) -> Self {
        Self {
            color: terminal.colors != Colors::None,
            ascii: !terminal.utf8,
        }
    }

    /// A given look, for tests.
    #[cfg(test)]
    pub(super) fn new(color: bool, ascii: bool) -> Self {
        Self { color, ascii }
    }

    fn paint(self, color: Color, style: Style) -> Style {
        if self.color { style.fg(color) } else { style }
    }

    /// Ordinary text.
    pub(super) fn text(self) -> Style {
        Style::new()
    }

    /// What matters less.
    pub(super) fn dim(self) -> Style {
        self.paint(Color::DarkGray, Style::new())
    }

    /// Names and titles.
    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Column titles.
    pub(super) fn heading(self) -> Style {
        self.paint(Color::Cyan, Style::new().add_modifier(Modifier::BOLD))
    }

    /// The selected line.
    pub(super) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// What is in use, as a bar or a trend.
    pub(super) fn bar(self) -> Style {
        self.paint(Color::Green, Style::new())
    }

    /// Worth a look.
    pub(super) fn warn(self) -> Style {
        self.paint(Color::Yellow, Style::new().add_modifier(Modifier::BOLD))
    }

    /// Hurts.
    pub(super) fn alarm(self) -> Style {
        self.paint(Color::Red, Style::new().add_modifier(Modifier::BOLD))
    }

    /// How a share of something that runs out is painted.
    pub(super) fn share(self, share: f64) -> Style {
        if share >= 0.9 {
            self.alarm()
        } else if share >= 0.7 {
            self.warn()
        } else {
            self.bar()
        }
    }

    /// Clean text in exactly `width` columns.
    pub(super) fn cell(self, text: &str, width: usize) -> String {
        if self.ascii {
            fit(&to_ascii(text), width, true)
        } else {
            fit(text, width, false)
        }
    }

    /// Clean text as this terminal can show it, as wide as it is.
    pub(super) fn shown(self, text: &str) -> String {
        if self.ascii {
            to_ascii(text)
        } else {
            text.to_owned()
        }
    }

    /// Clean text in exactly `width` columns, against the right edge. A number that does not fit is cut, not rounded.
    pub(super) fn cell_right(self, text: &str, width: usize) -> String {
        let shown = text.chars().count();
        if shown >= width {
            return self.cell(text, width);
        }
        format!("{}{text}", " ".repeat(width - shown))
    }

    /// A horizontal and a vertical line.
    pub(super) fn lines(self) -> [&'static str; 2] {
        if self.ascii {
            ["-", "|"]
        } else {
            ["─", "│"]
        }
    }

    /// The corners of a frame: the upper two, then the lower two, each from left to right.
    pub(super) fn corners(self) -> [&'static str; 4] {
        if self.ascii {
            ["+"; 4]
        } else {
            ["┌", "┐", "└", "┘"]
        }
    }

    /// A bar: the filled part and the rest, together `width` columns.
    pub(super) fn bar_parts(self, share: f64, width: usize) -> (String, String) {
        let steps = steps(share, width * 2);
        let (full, half) = (steps / 2, steps % 2);
        let rest = width - full - half;
        if self.ascii {
            return ("=".repeat(full + half), "-".repeat(rest));
        }
        let filled = "━".repeat(full) + &"╸".repeat(half);
        (filled, "─".repeat(rest))
    }

    /// A dashed line, as a limit is drawn.
    pub(super) fn dashes(self) -> char {
        if self.ascii { '-' } else { '╌' }
    }

    /// One cell of a plot, filled from below by a share; `None` when nothing of it is.
    pub(super) fn block(self, share: f32) -> Option<char> {
        const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const ASCII: [char; 8] = ['_', '_', '.', ':', ':', '|', '|', '#'];
        let level = steps(f64::from(share), 8).checked_sub(1)?;
        Some(if self.ascii {
            ASCII[level]
        } else {
            BLOCKS[level]
        })
    }

    /// A trend, newest value at the right edge, against a ceiling; `width` columns.
    pub(super) fn trend(self, values: &[f32], ceiling: f32, width: usize) -> String {
        const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const ASCII: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];
        let levels = if self.ascii { ASCII } else { BLOCKS };
        let shown = &values[values.len().saturating_sub(width)..];
        let mut out = " ".repeat(width - shown.len());
        for value in shown {
            let share = if ceiling > 0.0 {
                f64::from(value / ceiling)
            } else {
                0.0
            };
            let level = steps(share, 7);
            out.push(levels[level]);
        }
        out
    }
}

/// A share of `of` steps, rounded; anything above nothing is at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "between 0 and the width of a screen"
)]
fn steps(share: f64, of: usize) -> usize {
    if !share.is_finite() || share <= 0.0 {
        return 0;
    }
    let exact = share.min(1.0) * of as f64;
    let least = usize::from(share >= 0.001);
    (exact.round() as usize).clamp(least, of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_wide_as_asked_and_grow_by_halves() {
        let theme = Theme::new(true, false);
        assert_eq!(theme.bar_parts(0.0, 4), (String::new(), "────".into()));
        assert_eq!(theme.bar_parts(0.002, 4), ("╸".into(), "───".into()));
        assert_eq!(theme.bar_parts(0.5, 4), ("━━".into(), "──".into()));
        assert_eq!(theme.bar_parts(7.0, 4), ("━━━━".into(), String::new()));
        assert_eq!(theme.bar_parts(f64::NAN, 2), (String::new(), "──".into()));
        assert_eq!(
            Theme::new(true, true).bar_parts(0.5, 4),
            ("==".into(), "--".into())
        );
    }

    #[test]
    fn a_trend_ends_at_the_right_edge() {
        let theme = Theme::new(true, false);
        assert_eq!(theme.trend(&[0.0, 1.0, 2.0], 2.0, 5), "  ▁▅█");
        assert_eq!(theme.trend(&[1.0; 9], 0.0, 3), "▁▁▁");
        assert_eq!(Theme::new(true, true).trend(&[0.0, 2.0], 2.0, 2), "_#");
    }

    #[test]
    fn without_colour_no_style_has_one() {
        let theme = Theme::new(false, false);
        for style in [
            theme.dim(),
            theme.heading(),
            theme.warn(),
            theme.alarm(),
            theme.bar(),
        ] {
            assert_eq!(style.fg, None);
        }
    }
}
