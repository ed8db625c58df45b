//! Text that somebody else chose, kept as it is and cleaned whenever it is shown.
//!
//! Planning needs the very bytes of a name or a home; a terminal must not get them. So the text
//! stays in a type whose `Display` and JSON go through [`printable`], and only [`Hostile::raw`]
//! hands it out unchanged.

use std::fmt;

use serde::{Serialize, Serializer};

use super::text::printable;

/// The longest text that is shown; longer names exist in no account file.
const SHOWN_CHARS: usize = 1024;

/// Somebody else's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hostile(Box<str>);

impl Hostile {
    /// The text unchanged: to compare, to look up, never to show.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, unless there is nothing in it.
    #[must_use]
    pub fn filled(self) -> Option<Self> {
        (!self.is_empty()).then_some(self)
    }
}

impl From<&str> for Hostile {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Hostile {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl PartialEq<str> for Hostile {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Hostile {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&printable(self.0.as_bytes(), SHOWN_CHARS))
    }
}

impl Serialize for Hostile {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_clean_and_what_is_kept_is_not() {
        let text = Hostile::from("a\u{1b}[2J\u{202e}b");
        assert_eq!(text.to_string(), "a\\x1b[2J\\u{202e}b");
        assert_eq!(text.raw(), "a\u{1b}[2J\u{202e}b");
        assert_eq!(
            serde_json::to_string(&text).unwrap(),
            r#""a\\x1b[2J\\u{202e}b""#
        );
        assert_eq!(Hostile::from("").filled(), None);
    }
}
