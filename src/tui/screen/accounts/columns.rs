//! The columns of accounts, and the orders they can stand in.

use std::cmp::Reverse;

use ratatui::style::Style;

use crate::base::hostile::Hostile;
use crate::model::people::password::State;
use crate::model::people::{Person, Source, told};
use crate::tui::theme::Theme;
use crate::tui::widget::table::Column;

/// What accounts are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    User,
    Name,
    State,
    Login,
    Groups,
}

const ORDERS: [Order; 5] = [
    Order::User,
    Order::Name,
    Order::State,
    Order::Login,
    Order::Groups,
];

const USER: &str = "USER";
const UID: &str = "UID";
const NAME: &str = "NAME";
const STATE: &str = "STATE";
const LOGIN: &str = "LAST LOGIN";
const SOURCE: &str = "SOURCE";
const GROUPS: &str = "GROUPS";

/// From so many columns on there is room for uid and source.
const WIDE: u16 = 110;

impl Order {
    /// The one after it, or before.
    pub(super) fn next(self, forward: bool) -> Self {
        let at = ORDERS.iter().position(|order| *order == self).unwrap_or(0);
        let step = if forward { 1 } else { ORDERS.len() - 1 };
        ORDERS[(at + step) % ORDERS.len()]
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::User => "by account",
            Self::Name => "by name",
            Self::State => "by state",
            Self::Login => "by last login",
            Self::Groups => "by groups",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::User => USER,
            Self::Name => NAME,
            Self::State => STATE,
            Self::Login => LOGIN,
            Self::Groups => GROUPS,
        }
    }

    /// The column that it goes by.
    pub(super) fn place(self, columns: &[Column]) -> usize {
        let found = columns
            .iter()
            .position(|column| column.title == self.title());
        found.unwrap_or(0)
    }

    /// The latest login and the most groups come first; a state that is not simply active too.
    pub(super) fn sort(self, people: &mut [&Person]) {
        // Those without an account come last.
        let name = |p: &Person| (p.name.is_none(), p.shown().to_lowercase(), p.uid);
        match self {
            Self::User => people.sort_by_cached_key(|p| name(p)),
            Self::Name => people.sort_by_cached_key(|p| {
                let full = p.full_name.as_ref().map(|full| full.raw().to_lowercase());
                (full.is_none(), full, name(p))
            }),
            Self::State => {
                people
                    .sort_by_cached_key(|p| (p.state == [State::Active], told::state(p), name(p)));
            }
            Self::Login => people.sort_by_cached_key(|p| (Reverse(p.last_login), name(p))),
            Self::Groups => people.sort_by_cached_key(|p| (Reverse(p.groups.len()), name(p))),
        }
    }
}

pub(super) fn columns(across: u16) -> Vec<Column> {
    let text = |title, width| Column {
        title,
        width,
        number: false,
    };
    if across < WIDE {
        return vec![
            text(USER, 15),
            text(NAME, 17),
            text(STATE, 16),
            text(LOGIN, 11),
            text(GROUPS, 0),
        ];
    }
    let uid = Column {
        title: UID,
        width: 7,
        number: true,
    };
    vec![
        text(USER, 20),
        uid,
        text(NAME, 24),
        text(STATE, 20),
        text(LOGIN, 11),
        text(SOURCE, 9),
        text(GROUPS, 0),
    ]
}

/// One account, cell by cell.
pub(super) fn content(theme: Theme, person: &Person, columns: &[Column]) -> Vec<(String, Style)> {
    let unknown = || "-".to_owned();
    let cell = |column: &Column| match column.title {
        USER => (person.shown(), theme.strong()),
        UID => (person.uid.to_string(), theme.dim()),
        NAME => {
            let name = person.full_name.as_ref();
            (name.map_or_else(unknown, Hostile::to_string), theme.text())
        }
        STATE => (told::state(person), state_style(theme, person)),
        LOGIN => {
            let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
            (person.last_login.map_or_else(unknown, day), theme.text())
        }
        SOURCE => (person.source.as_str().to_owned(), theme.dim()),
        _ => {
            let groups: Vec<String> = person.groups.iter().map(Hostile::to_string).collect();
            (groups.join(","), theme.dim())
        }
    };
    columns.iter().map(cell).collect()
}

fn state_style(theme: Theme, person: &Person) -> Style {
    let has = |state: State| person.state.contains(&state);
    if person.source == Source::Unknown || has(State::NoPassword) {
        theme.alarm()
    } else if has(State::Suspended) || has(State::Expired) || has(State::PasswordExpired) {
        theme.warn()
    } else {
        theme.text()
    }
}
