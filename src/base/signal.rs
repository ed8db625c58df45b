//! Signals that may be sent to somebody's processes, by name or number (`signal(7)`).

use std::fmt;
use std::str::FromStr;

/// Names and numbers; the numbers are those of every architecture that Debian releases for.
const ALL: [(&str, i32); 10] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("KILL", 9),
    ("USR1", 10),
    ("USR2", 12),
    ("TERM", 15),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
];

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalName {
    name: &'static str,
    number: i32,
}

/// A text that names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is none of HUP, INT, QUIT, KILL, USR1, USR2, TERM, CONT, STOP, TSTP")]
pub struct NoSignal;

impl SignalName {
    /// Its number.
    #[must_use]
    pub fn number(self) -> i32 {
        self.number
    }

    /// Its name, without `SIG`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.name
    }
}

impl fmt::Display for SignalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIG{}", self.name)
    }
}

impl FromStr for SignalName {
    type Err = NoSignal;

    fn from_str(text: &str) -> Result<Self, NoSignal> {
        let upper = text.to_ascii_uppercase();
        let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
        let number = bare.parse().ok();
        let known = ALL
            .iter()
            .find(|(name, n)| *name == bare || Some(*n) == number);
        known
            .map(|(name, number)| Self {
                name,
                number: *number,
            })
            .ok_or(NoSignal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_a_name_with_or_without_its_prefix_and_a_number() {
        for text in ["TERM", "SIGTERM", "sigterm", "15"] {
            assert_eq!(text.parse().map(SignalName::number), Ok(15), "{text}");
        }
        for text in ["", "SIG", "0", "-9", "64", "SEGV", "TERM "] {
            assert_eq!(text.parse::<SignalName>(), Err(NoSignal), "{text}");
        }
    }
}
