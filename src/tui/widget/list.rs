//! A cursor in a list whose lines come, go and change places.

/// Where the cursor is: on a key, not on a number, so that it stays with its person when the
/// order changes; and the window moves so that the line under the eye stays where it is.
#[derive(Debug)]
pub(in crate::tui) struct Cursor<K> {
    key: Option<K>,
    index: usize,
    top: usize,
    height: usize,
    /// Whether somebody moved it: until then it stays at the top, whoever is there.
    moved: bool,
}

impl<K> Default for Cursor<K> {
    fn default() -> Self {
        Self {
            key: None,
            index: 0,
            top: 0,
            height: 1,
            moved: false,
        }
    }
}

/// A step of the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Step {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
}

impl<K: Copy + PartialEq> Cursor<K> {
    /// The key under the cursor.
    pub(in crate::tui) fn key(&self) -> Option<K> {
        self.key
    }

    /// The number of the first line that is shown.
    pub(in crate::tui) fn top(&self) -> usize {
        self.top
    }

    /// Moves over the keys as they are now.
    pub(in crate::tui) fn step(&mut self, step: Step, keys: &[K]) {
        let last = keys.len().saturating_sub(1);
        let page = self.height.saturating_sub(1).max(1);
        self.index = match step {
            Step::Up => self.index.saturating_sub(1),
            Step::Down => self.index + 1,
            Step::PageUp => self.index.saturating_sub(page),
            Step::PageDown => self.index + page,
            Step::First => 0,
            Step::Last => last,
        }
        .min(last);
        self.key = keys.get(self.index).copied();
        self.moved = true;
        self.show();
    }

    /// Goes back to the first line, for a new order.
    pub(in crate::tui) fn reset(&mut self) {
        *self = Self {
            height: self.height,
            ..Self::default()
        };
    }

    /// Stays with the key it is on, wherever a new order puts it.
    pub(in crate::tui) fn stay(&mut self) {
        self.moved = true;
    }

    /// Finds its key among the keys as they are now, in a window of `height` lines. When the key
    /// has gone, the cursor stays on its line.
    pub(in crate::tui) fn settle(&mut self, keys: &[K], height: usize) {
        self.height = height.max(1);
        let line = self.index.saturating_sub(self.top);
        let found = self
            .key
            .filter(|_| self.moved)
            .and_then(|key| keys.iter().position(|k| *k == key));
        if let Some(found) = found {
            self.index = found;
            self.top = found.saturating_sub(line);
        }
        self.index = self.index.min(keys.len().saturating_sub(1));
        self.key = keys.get(self.index).copied();
        self.top = self.top.min(keys.len().saturating_sub(self.height));
        self.show();
    }

    fn show(&mut self) {
        if self.index < self.top {
            self.top = self.index;
        } else if self.index >= self.top + self.height {
            self.top = self.index + 1 - self.height;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_with_its_person_and_on_its_line() {
        let mut cursor = Cursor::default();
        cursor.settle(&["a", "b", "c", "d", "e", "f"], 3);
        cursor.step(Step::Down, &["a", "b", "c", "d", "e", "f"]);
        assert_eq!(cursor.key(), Some("b"));
        cursor.settle(&["a", "c", "d", "b", "e", "f"], 3);
        assert_eq!((cursor.key(), cursor.top()), (Some("b"), 2));
    }

    #[test]
    fn until_somebody_moves_it_the_cursor_is_on_the_first_line() {
        let mut cursor = Cursor::default();
        cursor.settle(&["a", "b"], 3);
        cursor.settle(&["b", "a"], 3);
        assert_eq!(cursor.key(), Some("b"));
    }

    #[test]
    fn when_its_person_has_gone_the_cursor_takes_the_next() {
        let mut cursor = Cursor::default();
        cursor.settle(&["a", "b", "c"], 3);
        cursor.step(Step::Last, &["a", "b", "c"]);
        cursor.settle(&["a", "b"], 3);
        assert_eq!(cursor.key(), Some("b"));
        cursor.settle(&[], 3);
        assert_eq!(cursor.key(), None);
    }

    #[test]
    fn the_window_follows_and_never_shows_more_emptiness_than_it_must() {
        let keys: Vec<u32> = (0..10).collect();
        let mut cursor = Cursor::default();
        cursor.settle(&keys, 4);
        cursor.step(Step::Last, &keys);
        assert_eq!(cursor.top(), 6);
        cursor.step(Step::PageUp, &keys);
        assert_eq!((cursor.key(), cursor.top()), (Some(6), 6));
        cursor.settle(&keys, 8);
        assert_eq!((cursor.key(), cursor.top()), (Some(6), 2));
    }
}
