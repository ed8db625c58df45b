//! Groups, who is in them, and what that means.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::hostile::Hostile;
use crate::base::id::{PeopleRange, Uid};
use crate::base::text::counted;
use crate::model::people::{Group, People};
use crate::tui::keys::Action;
use crate::tui::theme::Theme;
use crate::tui::widget::filter::Filter;
use crate::tui::widget::list::Cursor;
use crate::tui::widget::table::Column;
use crate::tui::widget::{footer, line, table};

use super::overview::step;

const ABOVE: u16 = 3;
const BELOW: u16 = 2;

/// What groups are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Name,
    Gid,
    Size,
}

const ORDERS: [(Order, &str, usize); 3] = [
    (Order::Name, "by name", 0),
    (Order::Gid, "by gid", 1),
    (Order::Size, "by members", 2),
];

/// Which groups are shown, in which order, and which is selected.
#[derive(Debug, Default)]
pub(in crate::tui) struct Groups {
    order: Order,
    all: bool,
    filter: Filter,
    cursor: Cursor<u64>,
    keys: Vec<u64>,
}

fn key(group: &Group) -> u64 {
    let mut hasher = DefaultHasher::new();
    (group.gid, &group.name).hash(&mut hasher);
    hasher.finish()
}

impl Groups {
    pub(in crate::tui) fn filter(&self) -> &Filter {
        &self.filter
    }

    pub(in crate::tui) fn filter_mut(&mut self) -> &mut Filter {
        &mut self.filter
    }

    /// Which is selected.
    pub(in crate::tui) fn selected<'a>(&self, people: &'a People) -> Option<&'a Group> {
        let selected = self.cursor.key()?;
        people.groups.iter().find(|group| key(group) == selected)
    }

    pub(in crate::tui) fn act(&mut self, action: Action) {
        match action {
            Action::Sort | Action::SortBack => {
                self.order = self.next_order(action == Action::Sort).0;
                self.cursor.stay();
            }
            Action::All => self.all = !self.all,
            Action::Filter => self.filter.start(),
            other => {
                if let Some(step) = step(other) {
                    self.cursor.step(step, &self.keys);
                }
            }
        }
    }

    fn order_at(&self) -> usize {
        let at = ORDERS.iter().position(|(order, ..)| *order == self.order);
        at.unwrap_or(0)
    }

    fn next_order(&self, forward: bool) -> (Order, &'static str, usize) {
        let step = if forward { 1 } else { ORDERS.len() - 1 };
        ORDERS[(self.order_at() + step) % ORDERS.len()]
    }

    /// Brings the list up to date with the groups there are.
    pub(in crate::tui) fn settle(&mut self, people: &People, rows: u16) {
        let persons = people.users.iter().filter(|user| user.person);
        let persons: HashSet<&Hostile> = persons.filter_map(|user| user.name.as_ref()).collect();
        let mut shown: Vec<&Group> = people.groups.iter().collect();
        shown.retain(|group| (self.all || is_shared(group, &persons)) && self.shows(group));
        match self.order {
            Order::Name => shown.sort_by(|a, b| a.name.cmp(&b.name).then(a.gid.cmp(&b.gid))),
            Order::Gid => shown.sort_by_key(|group| group.gid),
            Order::Size => {
                shown.sort_by_cached_key(|group| (Reverse(group.everyone().count()), group.gid));
            }
        }
        self.keys = shown.into_iter().map(key).collect();
        let height = rows.saturating_sub(ABOVE + BELOW);
        self.cursor.settle(&self.keys, usize::from(height));
    }

    fn shows(&self, group: &Group) -> bool {
        !self.filter.is_set()
            || self.filter.shows(group.name.raw())
            || group.everyone().any(|name| self.filter.shows(name.raw()))
    }

    pub(in crate::tui) fn render(
        &self,
        theme: Theme,
        people: &People,
        asking: bool,
        area: Rect,
        cells: &mut Buffer,
    ) {
        let told = format!(
            "  {} shown",
            counted(self.keys.len() as u64, "group", "groups")
        );
        let pieces = [("Groups", theme.strong()), (told.as_str(), theme.dim())];
        let taken = line::put(cells, area, 0, &pieces);
        super::sheet::corner(theme, &people.partial, asking, taken, area, cells);
        let columns = columns(area.width);
        let sorted = ORDERS[self.order_at()].2;
        table::titles(theme, &columns, sorted, (ABOVE - 1, area), cells);
        if self.keys.is_empty() {
            let why = "no group of people here has this text; a shows every group";
            line::put(cells, area, ABOVE, &[(why, theme.dim())]);
        }
        let known: HashMap<u64, &Group> = people.groups.iter().map(|g| (key(g), g)).collect();
        let room = area.height.saturating_sub(ABOVE + BELOW);
        for (row, key) in (0..room).zip(self.keys.iter().skip(self.cursor.top())) {
            if let Some(group) = known.get(key) {
                let chosen = self.cursor.key() == Some(*key);
                let content = content(theme, group);
                table::row(
                    theme,
                    &columns,
                    &content,
                    chosen,
                    (ABOVE + row, area),
                    cells,
                );
            }
        }
        self.filter.render(theme, area.height - BELOW, area, cells);
        let hints = [
            (Action::Open, "open"),
            (Action::New, "new"),
            (Action::Join, "join"),
            (Action::Leave, "leave"),
            (Action::Remove, "remove"),
            (Action::Help, "help"),
            (Action::Sort, self.next_order(true).1),
            (Action::Filter, "filter"),
            (Action::All, if self.all { "of people" } else { "all" }),
        ];
        footer::render(theme, &hints, area, cells);
    }
}

/// Whether several people are or could be meant by it.
fn is_shared(group: &Group, persons: &HashSet<&Hostile>) -> bool {
    let of_people = group.everyone().any(|name| persons.contains(name));
    !group.private && (of_people || !group.strangers.is_empty() || of_people_by_number(group))
}

/// Whether its gid is among those that groups of people are given.
fn of_people_by_number(group: &Group) -> bool {
    PeopleRange::default().is_person(Uid(group.gid.0), true)
}

fn columns(across: u16) -> [Column; 6] {
    let wide = across >= 110;
    let text = |title, width| Column {
        title,
        width,
        number: false,
    };
    let number = |title, width| Column {
        number: true,
        ..text(title, width)
    };
    [
        text("GROUP", if wide { 24 } else { 16 }),
        number("GID", 6),
        number("PEOPLE", 7),
        text("SOURCE", 9),
        text("MEANING", if wide { 36 } else { 16 }),
        text("MEMBERS", 0),
    ]
}

fn content(theme: Theme, group: &Group) -> [(String, Style); 6] {
    let (meaning, style) = match group.meaning {
        Some(meaning) if meaning.root => (format!("root: {}", meaning.says), theme.warn()),
        Some(meaning) => (meaning.says.to_owned(), theme.dim()),
        None => (String::new(), theme.dim()),
    };
    let members: Vec<String> = group.everyone().map(Hostile::to_string).collect();
    [
        (group.name.to_string(), theme.strong()),
        (group.gid.to_string(), theme.dim()),
        (members.len().to_string(), theme.text()),
        (group.source.as_str().to_owned(), theme.dim()),
        (meaning, style),
        (members.join(","), theme.text()),
    ]
}
