//! The first screen: people, and what each uses.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::id::Uid;
use crate::base::units::{Bytes, Cores};
use crate::model::cause::{self, Cause, Scarce};
use crate::model::snapshot::{HostUsage, Snapshot, State, UserUsage};
use crate::tui::app::View;
use crate::tui::keys::Action;
use crate::tui::widget::filter::Filter;
use crate::tui::widget::list::{Cursor, Step};
use crate::tui::widget::{footer, header, line};

use super::columns::{Column, Layout};

/// Which people are shown, in which order, and which is selected.
#[derive(Debug, Default)]
pub(in crate::tui) struct Overview {
    /// The column to sort by; `None` for what hurts the host most.
    order: Option<Column>,
    all: bool,
    filter: Filter,
    cursor: Cursor<Uid>,
    /// Uids in the order of the last picture.
    keys: Vec<Uid>,
    /// Whether the next picture starts from a strict order.
    anew: bool,
    /// Whether the last order was made of figures over a very short time.
    rough: bool,
    columns: Vec<Column>,
}

/// Figures over less time than this, in seconds, are the first ones, for those who wait.
const ROUGH_S: f64 = 0.2;
/// Rows above the list: the host, an empty one and the column titles.
const ABOVE: u16 = header::ROWS + 2;
/// And below: one for the filter or the rest of the host, and the footer.
const BELOW: u16 = 2;

impl Overview {
    /// Who is selected.
    pub(in crate::tui) fn selected(&self) -> Option<Uid> {
        self.cursor.key()
    }

    pub(in crate::tui) fn filter_mut(&mut self) -> &mut Filter {
        &mut self.filter
    }

    pub(in crate::tui) fn act(&mut self, action: Action) {
        match action {
            Action::Sort | Action::SortBack => {
                self.order = self.next_order(action == Action::Sort);
                self.anew = true;
                self.cursor.reset();
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

    /// The column to the right of the one that is sorted by, or to its left; after the last one
    /// come names, then what hurts.
    fn next_order(&self, forward: bool) -> Option<Column> {
        let figures = self.columns.iter().filter(|c| c.sorts()).copied();
        let figures = figures.filter(|column| *column != Column::User);
        let orders: Vec<Option<Column>> = std::iter::once(None)
            .chain(figures.map(Some))
            .chain([Some(Column::User)])
            .collect();
        let at = orders.iter().position(|o| *o == self.order).unwrap_or(0);
        let step = if forward { 1 } else { orders.len() - 1 };
        orders[(at + step) % orders.len()]
    }

    pub(in crate::tui) fn settle(&mut self, snapshot: &Snapshot, size: Rect) {
        self.columns = Layout::of(size.width, snapshot).columns;
        self.keys = self.ordered(snapshot);
        self.anew = false;
        self.rough = snapshot.interval_s < ROUGH_S;
        let height = size.height.saturating_sub(ABOVE + BELOW);
        self.cursor.settle(&self.keys, usize::from(height));
    }

    /// Uids as they are to be shown. Rows change places only for a difference that matters, so
    /// that two people who use about the same do not swap each second.
    fn ordered(&self, snapshot: &Snapshot) -> Vec<Uid> {
        let shown = |user: &&UserUsage| (user.person || self.all) && self.filter.shows(&user.user);
        let mut rows: Vec<&UserUsage> = snapshot.users.iter().filter(shown).collect();
        let host = &snapshot.host;
        let value = |user: &UserUsage| weight(self.order, user, host);
        rows.sort_by(|a, b| {
            let names = || a.user.cmp(&b.user).then_with(|| a.uid.cmp(&b.uid));
            value(b).total_cmp(&value(a)).then_with(names)
        });
        if self.anew || self.rough || self.keys.is_empty() {
            return rows.into_iter().map(|user| user.uid).collect();
        }
        let values: HashMap<Uid, f64> = rows.iter().map(|u| (u.uid, value(u))).collect();
        let mut order: Vec<Uid> = self.keys.clone();
        order.retain(|uid| values.contains_key(uid));
        // Whoever was not there goes where the strict order has them.
        let known: HashSet<Uid> = order.iter().copied().collect();
        for (at, user) in rows.iter().enumerate() {
            if !known.contains(&user.uid) {
                order.insert(at.min(order.len()), user.uid);
            }
        }
        settle_order(
            &mut order,
            &values,
            self.order.map_or(0.01, Column::matters),
        );
        order
    }

    pub(in crate::tui) fn render(&self, view: &View<'_>, area: Rect, cells: &mut Buffer) {
        header::render(view, area, cells);
        self.banner(view, area, cells);
        let layout = Layout::of(area.width, view.snapshot);
        let titles = layout.titles(view.theme, self.order);
        line::put(cells, area, ABOVE - 1, &[(&titles, view.theme.heading())]);
        if self.keys.is_empty() {
            let why = if self.filter.is_set() {
                "nobody's name has this text"
            } else {
                "nobody has a process here; a shows root and services"
            };
            line::put(cells, area, ABOVE, &[(why, view.theme.dim())]);
        }
        let users: HashMap<Uid, &UserUsage> =
            view.snapshot.users.iter().map(|u| (u.uid, u)).collect();
        let room = area.height.saturating_sub(ABOVE + BELOW);
        for (row, uid) in (0..room).zip(self.keys.iter().skip(self.cursor.top())) {
            if let Some(user) = users.get(uid) {
                let chosen = self.cursor.key() == Some(*uid);
                let line = Rect::new(area.x, area.y + ABOVE + row, area.width, 1);
                layout.row(view, user, chosen, line, cells);
            }
        }
        let below = area.height.saturating_sub(BELOW);
        if self.all {
            rest_of_host(view, below, area, cells);
        }
        let blank = " ".repeat(usize::from(area.width));
        if self.filter.is_set() {
            line::put(cells, area, below, &[(&blank, view.theme.text())]);
        }
        self.filter.render(view.theme, below, area, cells);
        self.footer(view, area, cells);
    }

    /// Whether the row above the footer is in use.
    pub(in crate::tui) fn says_below(&self) -> bool {
        self.all || self.filter.is_seen()
    }

    /// Why the host suffers, who makes it, and the keys that help.
    fn banner(&self, view: &View<'_>, area: Rect, cells: &mut Buffer) {
        let Some(Cause { scarce, waited, by }) = cause::of(view.snapshot) else {
            return;
        };
        let lacks = match scarce {
            Scarce::Memory => "memory is short",
            Scarce::Disk => "the disk is too slow",
            Scarce::Processors => "processors are short",
        };
        let waits = waited.map_or_else(String::new, |share| format!(" (work waits {share:.0}%)"));
        let mut text = format!("! {lacks}{waits}");
        let user = by.and_then(|(uid, part)| Some((view.snapshot.user(uid)?, part)));
        if let Some((user, part)) = user {
            let name = view
                .theme
                .cell(&user.user, user.user.chars().count().min(32));
            let _ = write!(text, ": {name} has {:.0}%", part * 100.0);
            if user.state.contains(&State::Frozen) {
                text.push_str(", and is frozen");
            } else if self.cursor.key() == Some(user.uid) {
                text.push_str("; z freezes, X kills");
            }
        }
        line::put(cells, area, ABOVE - 2, &[(&text, view.theme.alarm())]);
    }

    fn footer(&self, view: &View<'_>, area: Rect, cells: &mut Buffer) {
        let everyone = if self.all { "people" } else { "all" };
        let next = self.next_order(true);
        let order = format!("by {}", next.map_or("what hurts", Column::words));
        let pause = if view.paused { "go on" } else { "pause" };
        let selected = self.cursor.key().and_then(|uid| view.snapshot.user(uid));
        let is_frozen = selected.is_some_and(|user| user.state.contains(&State::Frozen));
        let freeze = if is_frozen { "thaw" } else { "freeze" };
        let hints = [
            (Action::Open, "person"),
            (Action::Freeze, freeze),
            (Action::Kill, "kill"),
            (Action::Sort, order.as_str()),
            (Action::Filter, "filter"),
            (Action::Help, "keys"),
            (Action::Quit, "quit"),
            (Action::All, everyone),
            (Action::Accounts, "accounts"),
            (Action::Groups, "groups"),
            (Action::Pause, pause),
        ];
        footer::render(view.theme, &hints, area, cells);
    }
}

/// How high up somebody belongs. What hurts the host most is the largest share of it that one
/// person has, of its processors or of its memory.
fn weight(order: Option<Column>, user: &UserUsage, host: &HostUsage) -> f64 {
    if let Some(column) = order {
        return column.value(user);
    }
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let memory = match (user.memory_bytes, host.memory_total_bytes) {
        (Some(used), Some(total)) => used.0 as f64 / total.0.max(1) as f64,
        _ => 0.0,
    };
    let cpu = user.cpu_cores.map_or(0.0, |c| c.0) / f64::from(host.cpus.max(1));
    cpu.max(memory)
}

/// Brings an order up to date: a row passes the one above it when it is larger by a tenth and by
/// what matters at all.
fn settle_order(order: &mut [Uid], values: &HashMap<Uid, f64>, matters: f64) {
    let value = |uid: Uid| values.get(&uid).copied().unwrap_or(0.0);
    for at in 1..order.len() {
        let mut here = at;
        while here > 0 && value(order[here]) > value(order[here - 1]) * 1.1 + matters {
            order.swap(here, here - 1);
            here -= 1;
        }
    }
}

/// What belongs to no account, so that the sum is the host.
fn rest_of_host(view: &View<'_>, row: u16, area: Rect, cells: &mut Buffer) {
    let (cpu, memory) = view.snapshot.rest();
    let text = format!(
        "  the kernel and the rest  CPU {}  memory {}",
        cpu.map_or_else(|| "-".to_owned(), Cores::short),
        size(memory),
    );
    line::put(cells, area, row, &[(&text, view.theme.dim())]);
}

/// The step of the cursor that an action is, if it is one.
pub(super) fn step(action: Action) -> Option<Step> {
    match action {
        Action::Up => Some(Step::Up),
        Action::Down => Some(Step::Down),
        Action::PageUp => Some(Step::PageUp),
        Action::PageDown => Some(Step::PageDown),
        Action::First => Some(Step::First),
        Action::Last => Some(Step::Last),
        _ => None,
    }
}

pub(super) fn state_style(view: &View<'_>, states: &[State]) -> Style {
    if states.iter().any(|s| matches!(s, State::Oom)) {
        view.theme.alarm()
    } else if states.iter().any(|s| !matches!(s, State::Outside)) {
        view.theme.warn()
    } else {
        view.theme.dim()
    }
}

/// A size, or that it is not known.
pub(super) fn size(bytes: Option<Bytes>) -> String {
    bytes.map_or_else(|| "-".to_owned(), Bytes::short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_do_not_flap_and_a_large_difference_moves_them() {
        let of = |pairs: &[(u32, f64)]| -> HashMap<Uid, f64> {
            pairs.iter().map(|(uid, v)| (Uid(*uid), *v)).collect()
        };
        let mut order = [Uid(1), Uid(2), Uid(3)];
        settle_order(&mut order, &of(&[(1, 1.00), (2, 1.04), (3, 0.9)]), 0.05);
        assert_eq!(order, [Uid(1), Uid(2), Uid(3)]);
        settle_order(&mut order, &of(&[(1, 1.00), (2, 1.04), (3, 4.0)]), 0.05);
        assert_eq!(order, [Uid(3), Uid(1), Uid(2)]);
        settle_order(&mut order, &of(&[(1, 0.0), (2, 0.04), (3, 0.0)]), 0.05);
        assert_eq!(order, [Uid(3), Uid(1), Uid(2)]);
    }
}
