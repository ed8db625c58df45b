//! Everyone who has an account, and what stands in the way of a login.

mod columns;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::hostile::Hostile;
use crate::base::text::counted;
use crate::model::people::password::State;
use crate::model::people::{People, Person};
use crate::tui::keys::Action;
use crate::tui::theme::Theme;
use crate::tui::widget::filter::Filter;
use crate::tui::widget::list::Cursor;
use crate::tui::widget::{footer, line, table};

use super::overview::step;
use columns::{Order, columns, content};

/// Rows above the list: a title, an empty one and the column titles.
const ABOVE: u16 = 3;
/// And below: one for the filter, and the footer.
const BELOW: u16 = 2;

/// Which accounts are shown, in which order, and which is selected.
#[derive(Debug, Default)]
pub(in crate::tui) struct Accounts {
    order: Order,
    all: bool,
    filter: Filter,
    cursor: Cursor<u64>,
    /// Who is shown, as [`key`] names them.
    keys: Vec<u64>,
}

/// What an account stays known by when the list is read again.
pub(super) fn key(person: &Person) -> u64 {
    let mut hasher = DefaultHasher::new();
    (person.uid, &person.name).hash(&mut hasher);
    hasher.finish()
}

impl Accounts {
    pub(in crate::tui) fn filter(&self) -> &Filter {
        &self.filter
    }

    pub(in crate::tui) fn filter_mut(&mut self) -> &mut Filter {
        &mut self.filter
    }

    /// Who is selected.
    pub(in crate::tui) fn selected<'a>(&self, people: &'a People) -> Option<&'a Person> {
        let selected = self.cursor.key()?;
        people.users.iter().find(|person| key(person) == selected)
    }

    pub(in crate::tui) fn act(&mut self, action: Action) {
        match action {
            Action::Sort | Action::SortBack => {
                self.order = self.order.next(action == Action::Sort);
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

    /// Brings the list up to date with who there is.
    pub(in crate::tui) fn settle(&mut self, people: &People, rows: u16) {
        let mut shown: Vec<&Person> = people.users.iter().filter(|p| self.shows(p)).collect();
        self.order.sort(&mut shown);
        self.keys = shown.into_iter().map(key).collect();
        let height = rows.saturating_sub(ABOVE + BELOW);
        self.cursor.settle(&self.keys, usize::from(height));
    }

    fn shows(&self, person: &Person) -> bool {
        let filter = &self.filter;
        let has = |text: &Option<Hostile>| text.as_ref().is_some_and(|t| filter.shows(t.raw()));
        (person.person || self.all)
            && (!filter.is_set()
                || filter.shows(&person.shown())
                || has(&person.full_name)
                || person.groups.iter().any(|group| filter.shows(group.raw())))
    }

    pub(in crate::tui) fn render(
        &self,
        theme: Theme,
        people: &People,
        asking: bool,
        area: Rect,
        cells: &mut Buffer,
    ) {
        title(theme, people, asking, area, cells);
        let columns = columns(area.width);
        let sorted = self.order.place(&columns);
        table::titles(theme, &columns, sorted, (ABOVE - 1, area), cells);
        if self.keys.is_empty() {
            let why = if self.filter.is_set() {
                "no name and no group has this text"
            } else {
                "nobody has an account here; a shows root and services"
            };
            line::put(cells, area, ABOVE, &[(why, theme.dim())]);
        }
        let known: std::collections::HashMap<u64, &Person> = people
            .users
            .iter()
            .map(|person| (key(person), person))
            .collect();
        let room = area.height.saturating_sub(ABOVE + BELOW);
        for (row, key) in (0..room).zip(self.keys.iter().skip(self.cursor.top())) {
            if let Some(person) = known.get(key) {
                let chosen = self.cursor.key() == Some(*key);
                let content = content(theme, person, &columns);
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
        self.footer(theme, people, area, cells);
    }

    fn footer(&self, theme: Theme, people: &People, area: Rect, cells: &mut Buffer) {
        let selected = self.selected(people);
        let suspended = selected.is_some_and(|p| p.state.contains(&State::Suspended));
        let access = if suspended { "resume" } else { "suspend" };
        let hints = [
            (Action::Open, "open"),
            (Action::New, "new"),
            (Action::Modify, "edit"),
            (Action::Suspend, access),
            (Action::SshKeys, "keys"),
            (Action::Remove, "remove"),
            (Action::Join, "join"),
            (Action::Leave, "leave"),
            (Action::Help, "help"),
            (Action::Sort, self.order.next(true).words()),
            (Action::Filter, "filter"),
            (
                Action::All,
                if self.all { "people only" } else { "everyone" },
            ),
        ];
        footer::render(theme, &hints, area, cells);
    }
}

/// How many there are, and how many of them cannot come in.
fn title(theme: Theme, people: &People, asking: bool, area: Rect, cells: &mut Buffer) {
    let persons: Vec<&Person> = people.users.iter().filter(|p| p.person).collect();
    let suspended = persons
        .iter()
        .filter(|p| p.state.contains(&State::Suspended))
        .count();
    let mut told = format!("  {}", counted(persons.len() as u64, "person", "people"));
    if suspended > 0 {
        told += &format!(", {suspended} suspended");
    }
    let pieces = [("Accounts", theme.strong()), (told.as_str(), theme.dim())];
    let taken = line::put(cells, area, 0, &pieces);
    super::sheet::corner(theme, &people.partial, asking, taken, area, cells);
}
