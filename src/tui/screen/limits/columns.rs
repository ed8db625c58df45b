//! The columns of limits: those that matter most, and the names of the others.

use ratatui::style::Style;

use crate::base::text::counted;
use crate::engine::limits::GroupLimits;
use crate::plan::limits::view::View;
use crate::tui::screen::sheet::clean;
use crate::tui::theme::Theme;
use crate::tui::widget::table::Column;

const WHOSE: &str = "WHOSE";
const STATE: &str = "STATE";
const ALSO: &str = "ALSO";
/// Titles of limits, and what the policy calls them.
const LIMITS: [(&str, &str); 5] = [
    ("CPU", "cpu_quota"),
    ("HIGH", "memory_high"),
    ("MEMORY", "memory_max"),
    ("SWAP", "memory_swap_max"),
    ("TASKS", "tasks_max"),
];
/// From so many columns on there is room for swap and for the names of the others.
const WIDE: u16 = 110;

pub(super) fn columns(across: u16) -> Vec<Column> {
    let text = |title, width| Column {
        title,
        width,
        number: false,
    };
    let number = |title, width| Column {
        number: true,
        ..text(title, width)
    };
    let wide = across >= WIDE;
    let mut columns = vec![
        text(WHOSE, if wide { 32 } else { 24 }),
        number("CPU", 7),
        number("HIGH", 9),
        number("MEMORY", 9),
    ];
    if wide {
        columns.push(number("SWAP", 9));
    }
    columns.push(number("TASKS", 7));
    if wide {
        columns.push(text(STATE, 14));
        columns.push(text(ALSO, 0));
    } else {
        columns.push(text(STATE, 0));
    }
    columns
}

/// The key of a column; `None` for one that is about something else.
fn key_of(title: &str) -> Option<&'static str> {
    let found = LIMITS.iter().find(|(own, _)| *own == title);
    found.map(|(_, key)| *key)
}

/// Names of the limits that have no column.
fn others<'a>(columns: &[Column], keys: impl Iterator<Item = &'a str>) -> String {
    let shown: Vec<&str> = columns.iter().filter_map(|c| key_of(c.title)).collect();
    let others: Vec<&str> = keys.filter(|key| !shown.contains(key)).collect();
    others.join(",")
}

/// The limits of a unit, cell by cell: what is in force.
pub(super) fn of_unit(
    theme: Theme,
    view: &View,
    drift: usize,
    columns: &[Column],
) -> Vec<(String, Style)> {
    let differ = view.limits.iter().filter(|row| !row.agrees).count();
    let cell = |column: &Column| match (column.title, key_of(column.title)) {
        (WHOSE, _) => (clean(&view.row_name()), theme.strong()),
        (_, Some(key)) => match view.limits.iter().find(|row| row.key == key) {
            None => ("-".to_owned(), theme.dim()),
            Some(row) => {
                let style = match (row.agrees, row.until.is_some()) {
                    (false, _) => theme.warn(),
                    (true, true) => theme.strong(),
                    (true, false) => theme.text(),
                };
                (row.in_force().unwrap_or_else(|| "-".to_owned()), style)
            }
        },
        (ALSO, _) => {
            let keys = view.limits.iter().map(|row| row.key);
            (others(columns, keys), theme.dim())
        }
        _ if differ > 0 => (format!("{differ} differ"), theme.warn()),
        _ if drift > 0 => (counted(drift as u64, "drift", "drifts"), theme.warn()),
        _ if view.limits.iter().any(|row| row.until.is_some()) => {
            ("for a while".to_owned(), theme.strong())
        }
        _ if view.live => ("in force".to_owned(), theme.text()),
        _ => ("ready".to_owned(), theme.dim()),
    };
    columns.iter().map(cell).collect()
}

/// The limits of a group as they are wished: they are in force with its members.
pub(super) fn of_group(
    theme: Theme,
    group: &GroupLimits,
    columns: &[Column],
) -> Vec<(String, Style)> {
    let cell = |column: &Column| match (column.title, key_of(column.title)) {
        (WHOSE, _) => (clean(&format!("group {}", group.group)), theme.strong()),
        (_, Some(key)) => {
            let wish = group.limits.iter().find(|wish| wish.key == key);
            let value = wish.map_or_else(|| "-".to_owned(), |wish| wish.value.clone());
            (value, theme.text())
        }
        (ALSO, _) => {
            let keys = group.limits.iter().map(|wish| wish.key);
            (others(columns, keys), theme.dim())
        }
        _ => {
            let people = counted(group.members.len() as u64, "person", "people");
            (people, theme.dim())
        }
    };
    columns.iter().map(cell).collect()
}
