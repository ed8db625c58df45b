//! Text that lines must hold to be shown, typed while they are shown.

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Rect;

use crate::tui::theme::Theme;

use super::line;

/// Nobody types a longer one.
const LONGEST: usize = 64;

/// A filter; empty, it lets everything through.
#[derive(Debug, Default)]
pub(in crate::tui) struct Filter {
    text: String,
    typing: bool,
}

impl Filter {
    /// Whether anything is left out.
    pub(in crate::tui) fn is_set(&self) -> bool {
        !self.text.is_empty()
    }

    /// Whether it is drawn.
    pub(in crate::tui) fn is_seen(&self) -> bool {
        self.typing || self.is_set()
    }

    /// Letters are part of it from now on.
    pub(in crate::tui) fn start(&mut self) {
        self.typing = true;
    }

    /// Lets everything through again; tells whether it did not before.
    pub(in crate::tui) fn clear(&mut self) -> bool {
        let was = self.is_set() || self.typing;
        *self = Self::default();
        was
    }

    /// Takes a key while it is being typed; tells whether it did.
    pub(in crate::tui) fn typed(&mut self, key: KeyEvent) -> bool {
        if !self.typing || key.kind == KeyEventKind::Release {
            return false;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            if key.code == KeyCode::Char('u') {
                self.text.clear();
                return true;
            }
            return false;
        }
        match key.code {
            KeyCode::Char(c) if self.text.chars().count() < LONGEST && !c.is_control() => {
                self.text.push(c);
            }
            KeyCode::Char(_) => {}
            KeyCode::Backspace if self.text.pop().is_none() => self.typing = false,
            KeyCode::Backspace => {}
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.clear();
            }
            _ => return false, // Cursor keys move on in the list.
        }
        true
    }

    /// Whether a line with this text is shown; case does not matter.
    pub(in crate::tui) fn shows(&self, text: &str) -> bool {
        self.text.is_empty() || text.to_lowercase().contains(&self.text.to_lowercase())
    }

    /// Draws it on a row, unless it is neither set nor typed.
    pub(in crate::tui) fn render(&self, theme: Theme, row: u16, area: Rect, cells: &mut Buffer) {
        if !self.is_seen() {
            return;
        }
        let text = theme.cell(&self.text, self.text.chars().count());
        let (cursor, help) = if self.typing {
            ("_", "  Enter keeps it, Esc shows all again")
        } else {
            ("", "  Esc shows all again")
        };
        let pieces = [
            ("filter ", theme.heading()),
            (text.as_str(), theme.strong()),
            (cursor, theme.text()),
            (help, theme.dim()),
        ];
        line::put(cells, area, row, &pieces);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn letters_are_letters_only_while_it_is_typed() {
        let mut filter = Filter::default();
        assert!(!filter.typed(key(KeyCode::Char('q'))));
        filter.start();
        for c in "Ali".chars() {
            assert!(filter.typed(key(KeyCode::Char(c))));
        }
        assert!(!filter.typed(key(KeyCode::Down)));
        assert!(filter.shows("alice") && filter.shows("NATALIE") && !filter.shows("bob"));
        assert!(filter.typed(key(KeyCode::Enter)));
        assert!(!filter.typed(key(KeyCode::Char('q'))));
        assert!(filter.is_set() && filter.clear() && !filter.is_set() && !filter.clear());
    }

    #[test]
    fn backspace_on_nothing_and_escape_end_it() {
        let mut filter = Filter::default();
        filter.start();
        assert!(filter.typed(key(KeyCode::Backspace)));
        assert!(!filter.typed(key(KeyCode::Char('x'))));
        filter.start();
        assert!(filter.typed(key(KeyCode::Char('x'))));
        assert!(filter.typed(key(KeyCode::Esc)));
        assert!(!filter.is_set() && filter.shows("bob"));
    }
}
