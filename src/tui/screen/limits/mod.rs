//! What everybody may use, as it is wished and as it is: for all together, for each by default, for
//! groups and for people. Under `Enter` stands one of them in all values.

mod columns;
pub(in crate::tui) mod detail;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::id::GroupName;
use crate::base::text::counted;
use crate::engine::limits::GroupLimits;
use crate::plan::limits::drift::Drift;
use crate::plan::limits::owned::is_pattern;
use crate::plan::limits::view::View;
use crate::plan::limits::wishes::EVERYBODY;
use crate::policy::schema::Scope;
use crate::tui::errand::Bounds;
use crate::tui::keys::Action;
use crate::tui::theme::Theme;
use crate::tui::widget::filter::Filter;
use crate::tui::widget::list::Cursor;
use crate::tui::widget::{footer, line, table};

use super::overview::step;
use super::sheet::corner;
use columns::{columns, of_group, of_unit};

/// Rows above the list: a title, an empty one and the column titles.
const ABOVE: u16 = 3;
/// And below: one for the filter, and the footer.
const BELOW: u16 = 2;

/// Which limits are shown, and which are selected.
#[derive(Debug, Default)]
pub(in crate::tui) struct LimitList {
    filter: Filter,
    cursor: Cursor<u64>,
    /// What is shown, as [`Row::key`] names it.
    keys: Vec<u64>,
}

/// Whose limits a row tells.
#[derive(Clone, Copy, Debug)]
pub(in crate::tui) enum Row<'a> {
    /// Those of a unit.
    Unit(&'a View),
    /// Those that the policy gives to every member.
    Group(&'a GroupLimits),
}

impl Row<'_> {
    /// What it stays known by when everything is read again.
    pub(in crate::tui) fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Unit(view) => view.unit.hash(&mut hasher),
            Self::Group(group) => ("group", &group.group).hash(&mut hasher),
        }
        hasher.finish()
    }

    /// In words.
    pub(in crate::tui) fn whose(&self) -> String {
        match self {
            Self::Unit(view) => view.whose.clone(),
            Self::Group(group) => format!("group {}", group.group),
        }
    }

    /// The table of the policy that is theirs alone, or why there is none.
    pub(in crate::tui) fn scope(&self) -> Result<Scope, String> {
        match self {
            Self::Group(group) => GroupName::parse(&group.group)
                .map(Scope::Group)
                .map_err(|bad| bad.to_string()),
            Self::Unit(view) => view.scope().ok_or_else(|| {
                "what everybody leaves is [host] of policy.toml; d and m are for people, groups \
                 and the default"
                    .to_owned()
            }),
        }
    }

    /// Whether a file, or what runs, says something else than the policy.
    fn drift<'b>(&self, all: &'b [Drift]) -> impl Iterator<Item = &'b Drift> + use<'b, '_> {
        let unit = match self {
            Self::Unit(view) => view.unit.as_str(),
            Self::Group(_) => "",
        };
        let quota = match self {
            Self::Unit(view) if view.unit.ends_with(".slice") => view.whose.as_str(),
            _ => "",
        };
        all.iter()
            .filter(move |drift| drift.unit == unit || (!quota.is_empty() && drift.unit == quota))
    }
}

/// All of them, in the order they are shown: the widest first, what is nobody's last.
pub(in crate::tui) fn all(bounds: &Bounds) -> impl Iterator<Item = Row<'_>> {
    let units = &bounds.limits.units;
    let is_wide = |view: &&View| view.unit == EVERYBODY || is_pattern(&view.unit);
    let wide = units.iter().filter(is_wide).map(Row::Unit);
    let groups = bounds.limits.groups.iter().map(Row::Group);
    let rest = units.iter().filter(move |view| !is_wide(view));
    wide.chain(groups).chain(rest.map(Row::Unit))
}

impl LimitList {
    pub(in crate::tui) fn filter(&self) -> &Filter {
        &self.filter
    }

    pub(in crate::tui) fn filter_mut(&mut self) -> &mut Filter {
        &mut self.filter
    }

    pub(in crate::tui) fn selected<'a>(&self, bounds: &'a Bounds) -> Option<Row<'a>> {
        let selected = self.cursor.key()?;
        all(bounds).find(|row| row.key() == selected)
    }

    pub(in crate::tui) fn act(&mut self, action: Action) {
        match action {
            Action::Filter => self.filter.start(),
            other => {
                if let Some(step) = step(other) {
                    self.cursor.step(step, &self.keys);
                }
            }
        }
    }

    pub(in crate::tui) fn settle(&mut self, bounds: &Bounds, rows: u16) {
        let shows = |row: &Row<'_>| {
            let text = match row {
                Row::Unit(view) => &view.unit,
                Row::Group(_) => "",
            };
            !self.filter.is_set() || self.filter.shows(&row.whose()) || self.filter.shows(text)
        };
        self.keys = all(bounds).filter(shows).map(|row| row.key()).collect();
        let height = rows.saturating_sub(ABOVE + BELOW);
        self.cursor.settle(&self.keys, usize::from(height));
    }

    pub(in crate::tui) fn render(
        &self,
        theme: Theme,
        (bounds, asking): (&Bounds, bool),
        area: Rect,
        cells: &mut Buffer,
    ) {
        title(theme, bounds, asking, area, cells);
        let columns = columns(area.width);
        table::titles(theme, &columns, usize::MAX, (ABOVE - 1, area), cells);
        if self.keys.is_empty() {
            let none = "nobody has this text in their name";
            line::put(cells, area, ABOVE, &[(none, theme.dim())]);
        }
        let room = area.height.saturating_sub(ABOVE + BELOW);
        let shown = all(bounds).filter(|row| self.keys.contains(&row.key()));
        for (at, row) in (0..room).zip(shown.skip(self.cursor.top())) {
            let content = match row {
                Row::Unit(view) => {
                    of_unit(theme, view, row.drift(bounds.drift()).count(), &columns)
                }
                Row::Group(group) => of_group(theme, group, &columns),
            };
            let chosen = self.cursor.key() == Some(row.key());
            table::row(theme, &columns, &content, chosen, (ABOVE + at, area), cells);
        }
        self.filter.render(theme, area.height - BELOW, area, cells);
        footer::render(theme, &hints(bounds), area, cells);
    }
}

fn hints(bounds: &Bounds) -> Vec<(Action, &'static str)> {
    let mut hints = vec![
        (Action::Open, "open"),
        (Action::Modify, "set"),
        (Action::Remove, "clear"),
    ];
    if !bounds.drift().is_empty() {
        hints.push((Action::Mend, "mend"));
    }
    hints.extend([
        (Action::Apply, "apply policy"),
        (Action::Again, "read again"),
        (Action::Help, "keys"),
        (Action::Filter, "filter"),
    ]);
    hints
}

/// Whether the host is as its policy says, and what could not be read.
fn title(theme: Theme, bounds: &Bounds, asking: bool, area: Rect, cells: &mut Buffer) {
    let (told, style) = match &bounds.drift {
        Err(why) => (why.clone(), theme.warn()),
        Ok(drift) if drift.is_empty() => ("the host is as its policy says".to_owned(), theme.dim()),
        Ok(drift) => {
            let count = counted(drift.len() as u64, "thing is", "things are");
            (format!("{count} not as the policy says"), theme.warn())
        }
    };
    let told = theme.cell(&super::sheet::clean(&told), usize::from(area.width - 8));
    let pieces = [
        ("Limits", theme.strong()),
        ("  ", theme.dim()),
        (told.trim_end(), style),
    ];
    let taken = line::put(cells, area, 0, &pieces);
    corner(theme, &bounds.limits.partial, asking, taken, area, cells);
}
