//! Versions of R and Python: numbers with points between, and which of several a choice means.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// More numbers than any version has.
const PARTS: usize = 4;

/// A version: `4.5.0`, `3.13`. Where numbers are missing it is the beginning of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(Vec<u32>);

impl Version {
    /// One to four numbers of at most five digits, with points between; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Option<Vec<u32>> = text.split('.').map(number).collect();
        let parts = parts?;
        (parts.len() <= PARTS).then_some(Self(parts))
    }

    /// The version that a text begins with, as `3.12.1` in `3.12.1+` or `4.5.0` in `4.5.0-arm64`.
    #[must_use]
    pub fn leading(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_digit() || c == '.';
        let end = text.find(|c| !plain(c)).unwrap_or(text.len());
        Self::parse(text.get(..end)?.trim_end_matches('.'))
    }

    /// Whether this is the beginning of another one, or the same: what a choice of `3.13` means.
    #[must_use]
    pub fn begins(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Its first two numbers: `3.13` of `3.13.1`.
    #[must_use]
    pub fn minor(&self) -> Self {
        Self(self.0.iter().copied().take(2).collect())
    }

    /// How many numbers it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: a version has a number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn number(text: &str) -> Option<u32> {
    let digits = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// The newest of those that a choice means; of two alike the first.
#[must_use]
pub fn newest<'a, T>(
    choice: &Version,
    all: impl IntoIterator<Item = (&'a Version, T)>,
) -> Option<T> {
    let mut best: Option<(&Version, T)> = None;
    for (version, what) in all {
        let newer = |(known, _): &(&Version, T)| version > *known;
        if choice.begins(version) && best.as_ref().is_none_or(newer) {
            best = Some((version, what));
        }
    }
    best.map(|(_, what)| what)
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.pad(&parts.join("."))
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("no version"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let mut all: Vec<Version> = ["3.9.1", "3.13", "4.5.0", "3.13.0", "3.10.12"]
            .map(of)
            .into();
        all.sort();
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(all, ["3.9.1", "3.10.12", "3.13", "3.13.0", "4.5.0"]);
    }

    #[test]
    fn a_choice_means_the_newest_that_begins_with_it() {
        let found = ["3.13.1", "3.13.10", "3.1.9", "3.14.0"].map(of);
        let newest = |choice: &str| {
            let all = found.iter().map(|version| (version, version.to_string()));
            newest(&of(choice), all)
        };
        assert_eq!(newest("3.13").as_deref(), Some("3.13.10"));
        assert_eq!(newest("3.1").as_deref(), Some("3.1.9"), "3.13 is no 3.1");
        assert_eq!(newest("3").as_deref(), Some("3.14.0"));
        assert_eq!(newest("3.13.1").as_deref(), Some("3.13.1"));
        assert_eq!(newest("3.12"), None);
    }

    #[test]
    fn only_the_beginning_of_a_text_is_a_version() {
        for (text, version) in [
            ("3.12.1+", Some("3.12.1")),
            ("4.5.0-arm64", Some("4.5.0")),
            ("3.", Some("3")),
            ("x3", None),
            ("", None),
            ("1.2.3.4.5", None),
            ("123456", None),
        ] {
            let found = Version::leading(text).map(|version| version.to_string());
            assert_eq!(found.as_deref(), version, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_parsed_is_shown_as_it_was(parts in proptest::collection::vec(0u32..100_000, 1..=4)) {
            let text = parts.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
            let version = Version::parse(&text).unwrap();
            prop_assert_eq!(version.to_string(), text);
            prop_assert!(version.minor().begins(&version) && version.begins(&version));
        }

        #[test]
        fn no_text_makes_it_fail(text in "\\PC{0,40}") {
            let whole = Version::parse(&text);
            if let Some(version) = Version::leading(&text) {
                prop_assert!(version.len() <= PARTS && !version.is_empty());
            }
            if whole.is_some() {
                prop_assert!(text.chars().all(|c| c.is_ascii_digit() || c == '.'));
            }
        }
    }
}
