//! Until when versions of Python get fixes, by a table that says of when it is. R names no day, so
//! nothing is said of it but its age.

use jiff::civil::Date;
use serde::Serialize;

use super::version::Version;

/// The table; see `assets/`.
const TABLE: &str = include_str!("../../../assets/python-ends.csv");

/// When a version is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// A day, or a month at whose end it is.
    pub on: String,
    /// Whether that is over.
    pub over: bool,
}

/// Of when the table is.
#[must_use]
pub fn table_date() -> &'static str {
    lines()
        .find_map(|(key, value)| (key == "table").then_some(value))
        .unwrap_or_default()
}

/// The end of a version of Python; `None` where the table does not know it.
#[must_use]
pub fn of_python(version: &Version, today: Date) -> Option<End> {
    let minor = version.minor();
    let on = lines()
        .find_map(|(key, value)| (Version::parse(key).as_ref() == Some(&minor)).then_some(value))?;
    Some(End {
        on: on.to_owned(),
        over: today > last_day(on)?,
    })
}

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(','))
}

/// The last day of what is written as a day or as a month.
fn last_day(text: &str) -> Option<Date> {
    if let Ok(day) = text.parse() {
        return Some(day);
    }
    let month: Date = format!("{text}-01").parse().ok()?;
    Some(month.last_of_month())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(version: &str, today: &str) -> Option<bool> {
        let version = Version::parse(version).unwrap();
        let end = of_python(&version, today.parse().unwrap())?;
        Some(end.over)
    }

    #[test]
    fn a_version_is_over_after_its_day_or_its_month() {
        assert_eq!(over("3.9.2", "2025-10-31"), Some(false));
        assert_eq!(over("3.9.2", "2025-11-01"), Some(true));
        assert_eq!(over("3.10", "2026-10-31"), Some(false));
        assert_eq!(over("3.10", "2026-11-01"), Some(true));
        assert_eq!(over("3.1", "2026-11-01"), None, "3.1 is not 3.10");
    }

    #[test]
    fn every_line_of_the_table_is_understood_and_it_has_a_date() {
        let date: Date = table_date().parse().unwrap();
        assert!(date.year() >= 2026);
        for (key, value) in lines().filter(|(key, _)| *key != "table") {
            assert!(Version::parse(key).is_some(), "{key}");
            assert!(last_day(value).is_some(), "{value}");
        }
        assert!(lines().count() > 10);
    }
}
