//! A length of time in whole seconds: `10s`, `5m`, `2h`, `7d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::base::account::BadValue;

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    seconds: u64,
}

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
/// Ten years: longer is a slip.
const LONGEST: u64 = 10 * 365 * 86_400;

impl Span {
    /// From seconds; at most ten years.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self {
            seconds: if seconds < LONGEST { seconds } else { LONGEST },
        }
    }

    /// As the standard library has it.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

impl FromStr for Span {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = |why| BadValue::new("a length of time", text, why);
        let end = text.find(|c: char| !c.is_ascii_digit());
        let (number, unit) = text.split_at(end.unwrap_or(text.len()));
        let unit = UNITS.iter().find(|(name, _)| *name == unit);
        let (Some((_, unit)), false) = (unit, number.is_empty()) else {
            return Err(bad("write a number and s, m, h or d, such as 10s or 5m"));
        };
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(*unit))
            .filter(|seconds| *seconds <= LONGEST)
            .map(Self::seconds)
            .ok_or_else(|| bad("it is longer than ten years"))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole =
            |(_, unit): &&(&str, u64)| self.seconds > 0 && self.seconds.is_multiple_of(*unit);
        let (name, unit) = UNITS.iter().find(whole).unwrap_or(&("s", 1));
        f.pad(&format!("{}{name}", self.seconds / unit))
    }
}
