//! One line that is typed, with a cursor in it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// More fits into no field: the longest public key has about 4,000 characters.
pub(in crate::tui) const LONGEST: usize = 8192;

/// Text, and where in it the next letter goes.
#[derive(Clone, Default)]
pub(in crate::tui) struct Entry {
    text: Vec<char>,
    at: usize,
}

impl std::fmt::Debug for Entry {
    /// It may be a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({} characters)", self.text.len())
    }
}

impl Entry {
    /// With text already in it, the cursor behind it.
    pub(in crate::tui) fn new(text: &str) -> Self {
        let text: Vec<char> = text.chars().collect();
        let at = text.len();
        Self { text, at }
    }

    pub(in crate::tui) fn text(&self) -> String {
        self.text.iter().collect()
    }

    pub(in crate::tui) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Characters before the cursor, and in all.
    pub(in crate::tui) fn place(&self) -> (usize, usize) {
        (self.at, self.text.len())
    }

    /// Takes a key that edits; tells whether it did.
    pub(in crate::tui) fn typed(&mut self, key: KeyEvent) -> bool {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return self.controlled(key.code);
        }
        match key.code {
            KeyCode::Char(c) if !key.modifiers.contains(KeyModifiers::ALT) && !c.is_control() => {
                self.insert(c);
            }
            KeyCode::Backspace => {
                if self.at > 0 {
                    self.at -= 1;
                    self.text.remove(self.at);
                }
            }
            KeyCode::Delete => {
                if self.at < self.text.len() {
                    self.text.remove(self.at);
                }
            }
            KeyCode::Left => self.at = self.at.saturating_sub(1),
            KeyCode::Right => self.at = (self.at + 1).min(self.text.len()),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.text.len(),
            _ => return false,
        }
        true
    }

    /// The editing keys that shells have.
    fn controlled(&mut self, code: KeyCode) -> bool {
        match code {
            KeyCode::Char('a') => self.at = 0,
            KeyCode::Char('e') => self.at = self.text.len(),
            KeyCode::Char('u') => {
                self.text.drain(..self.at);
                self.at = 0;
            }
            KeyCode::Char('k') => self.text.truncate(self.at),
            KeyCode::Char('w') => {
                let blank = |c: &char| c.is_whitespace() || *c == ',';
                let before = &self.text[..self.at];
                let word = before.iter().rposition(|c| !blank(c)).unwrap_or(0);
                let from = before[..word].iter().rposition(blank).map_or(0, |b| b + 1);
                self.text.drain(from..self.at);
                self.at = from;
            }
            _ => return false,
        }
        true
    }

    /// Puts a text in at the cursor, as it is.
    pub(in crate::tui) fn insert_all(&mut self, text: &str) {
        for c in text.chars() {
            self.insert(c);
        }
    }

    fn insert(&mut self, c: char) {
        if self.text.len() < LONGEST {
            self.text.insert(self.at, c);
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(entry: &mut Entry, code: KeyCode) -> bool {
        entry.typed(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn control(entry: &mut Entry, c: char) -> bool {
        entry.typed(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL))
    }

    #[test]
    fn letters_go_where_the_cursor_is() {
        let mut entry = Entry::new("ada");
        press(&mut entry, KeyCode::Home);
        press(&mut entry, KeyCode::Right);
        press(&mut entry, KeyCode::Char('ö'));
        assert_eq!((entry.text().as_str(), entry.place()), ("aöda", (2, 4)));
        press(&mut entry, KeyCode::Delete);
        press(&mut entry, KeyCode::Backspace);
        assert_eq!(entry.text(), "aa");
        press(&mut entry, KeyCode::End);
        press(&mut entry, KeyCode::Left);
        press(&mut entry, KeyCode::Left);
        press(&mut entry, KeyCode::Left);
        press(&mut entry, KeyCode::Backspace);
        assert_eq!((entry.text().as_str(), entry.place()), ("aa", (0, 2)));
        assert!(!press(&mut entry, KeyCode::Up) && !press(&mut entry, KeyCode::Enter));
    }

    #[test]
    fn whole_words_and_lines_go_at_once() {
        let mut entry = Entry::new("Ada King Lovelace");
        control(&mut entry, 'w');
        assert_eq!(entry.text(), "Ada King ");
        control(&mut entry, 'w');
        control(&mut entry, 'w');
        control(&mut entry, 'w');
        assert!(entry.is_empty());
        let mut entry = Entry::new("abc");
        control(&mut entry, 'a');
        control(&mut entry, 'k');
        assert!(entry.is_empty() && !control(&mut entry, 'c'));
    }

    #[test]
    fn what_was_typed_is_in_no_debug_output() {
        assert_eq!(format!("{:?}", Entry::new("hunter2")), "(7 characters)");
    }
}
