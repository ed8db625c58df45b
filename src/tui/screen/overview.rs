//! The first screen: people, and what each uses.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::id::Uid;
use crate::base::units::{Bytes, Cores};
use crate::model::snapshot::{Snapshot, State, UserUsage};
use crate::tui::app::View;
use crate::tui::keys::Action;
use crate::tui::widget::list::{Cursor, Step};
use crate::tui::widget::{footer, header, line};

/// Order of the people, largest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Cpu,
    Memory,
    Processes,
    Name,
}

impl Order {
    fn next(self) -> Self {
        match self {
            Self::Cpu => Self::Memory,
            Self::Memory => Self::Processes,
            Self::Processes => Self::Name,
            Self::Name => Self::Cpu,
        }
    }
}

/// Which people are shown, in which order, and which is selected.
#[derive(Debug, Default)]
pub(in crate::tui) struct Overview {
    order: Order,
    all: bool,
    cursor: Cursor<Uid>,
    /// Uids in the order of the last picture.
    keys: Vec<Uid>,
}

/// Rows above the list: the host, an empty one and the column titles.
const ABOVE: u16 = header::ROWS + 2;
/// And below: an empty one and the footer.
const BELOW: u16 = 2;

impl Overview {
    /// Who is selected.
    pub(in crate::tui) fn selected(&self) -> Option<Uid> {
        self.cursor.key()
    }

    pub(in crate::tui) fn act(&mut self, action: Action) {
        match action {
            Action::Sort => {
                self.order = self.order.next();
                self.cursor.reset();
            }
            Action::All => self.all = !self.all,
            other => {
                if let Some(step) = step(other) {
                    self.cursor.step(step, &self.keys);
                }
            }
        }
    }

    pub(in crate::tui) fn settle(&mut self, snapshot: &Snapshot, size: Rect) {
        self.keys = self.rows(snapshot).iter().map(|user| user.uid).collect();
        let height = size.height.saturating_sub(ABOVE + BELOW);
        self.cursor.settle(&self.keys, usize::from(height));
    }

    fn rows<'a>(&self, snapshot: &'a Snapshot) -> Vec<&'a UserUsage> {
        let mut rows: Vec<&UserUsage> = snapshot
            .users
            .iter()
            .filter(|user| user.person || self.all)
            .collect();
        // Sorted by what is displayed, so that no difference one cannot see moves a row.
        let cpu = |u: &UserUsage| u.cpu_cores.map(Cores::hundredths);
        let memory = |u: &UserUsage| u.memory_bytes.map(|b| b.0 >> 20);
        rows.sort_by(|a, b| {
            match self.order {
                Order::Cpu => cpu(b).cmp(&cpu(a)),
                Order::Memory => memory(b).cmp(&memory(a)),
                Order::Processes => b.processes.cmp(&a.processes),
                Order::Name => std::cmp::Ordering::Equal,
            }
            .then_with(|| a.user.cmp(&b.user))
            .then_with(|| a.uid.cmp(&b.uid))
        });
        rows
    }

    pub(in crate::tui) fn render(&self, view: &View<'_>, area: Rect, cells: &mut Buffer) {
        header::render(view, area, cells);
        let table = Table::of(area.width);
        let titles = table.titles(view, self.order);
        line::put(cells, area, ABOVE - 1, &[(&titles, view.theme.heading())]);
        let rows = self.rows(view.snapshot);
        if rows.is_empty() {
            let why = "nobody has a process here; a shows root and services";
            line::put(cells, area, ABOVE, &[(why, view.theme.dim())]);
        }
        let room = area.height.saturating_sub(ABOVE + BELOW);
        for (row, user) in (0..room).zip(rows.iter().skip(self.cursor.top())) {
            let chosen = self.cursor.key() == Some(user.uid);
            let line = Rect::new(area.x, area.y + ABOVE + row, area.width, 1);
            table.row(view, user, chosen, line, cells);
        }
        let shown = if self.all {
            "people only"
        } else {
            "all accounts"
        };
        let order = match self.order.next() {
            Order::Cpu => "by CPU",
            Order::Memory => "by memory",
            Order::Processes => "by processes",
            Order::Name => "by name",
        };
        let hints = [
            (Action::Open, "processes"),
            (Action::Sort, order),
            (Action::All, shown),
            (Action::Help, "keys"),
            (Action::Quit, "quit"),
        ];
        footer::render(view.theme, &hints, area, cells);
    }
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

/// Columns that fit the width: what matters most first, more on wider screens.
struct Table {
    name: usize,
    bar: usize,
    trend: usize,
    rates: bool,
}

impl Table {
    fn of(width: u16) -> Self {
        let width = usize::from(width);
        Self {
            name: if width >= 110 { 20 } else { 14 },
            bar: if width >= 110 { 12 } else { 7 },
            trend: if width >= 110 {
                16
            } else {
                usize::from(width >= 80) * 6
            },
            rates: width >= 110,
        }
    }

    fn titles(&self, view: &View<'_>, order: Order) -> String {
        let theme = view.theme;
        let mark = |title: &str, is: Order| {
            if order == is {
                format!("{title}*")
            } else {
                title.to_owned()
            }
        };
        let mut out = theme.cell(&format!("  {}", mark("USER", Order::Name)), self.name + 2);
        out += " ";
        out += &theme.cell_right(&mark("CPU", Order::Cpu), 6);
        out += " ";
        out += &theme.cell("", self.bar);
        if self.trend > 0 {
            out += " ";
            out += &theme.cell("TREND", self.trend);
        }
        out += " ";
        out += &theme.cell_right(&mark("MEMORY", Order::Memory), 7);
        out += " ";
        out += &theme.cell_right("CACHE", 6);
        out += " ";
        out += &theme.cell_right(&mark("PROCS", Order::Processes), 6);
        if self.rates {
            out += &theme.cell_right("READ/s", 8);
            out += &theme.cell_right("WRITE/s", 8);
        }
        out += "  STATE";
        out
    }

    fn row(&self, view: &View<'_>, user: &UserUsage, chosen: bool, area: Rect, cells: &mut Buffer) {
        let theme = view.theme;
        let mark = if chosen { "> " } else { "  " };
        let name = theme.cell(&user.user, self.name);
        let cpu = user.cpu_cores.map_or_else(|| "-".to_owned(), Cores::short);
        let cpu = format!(" {} ", theme.cell_right(&cpu, 6));
        // Against the person's own limit, or else against the whole host.
        let ceiling = user
            .limits
            .cpu_quota_cores
            .unwrap_or_else(|| f64::from(view.snapshot.host.cpus.max(1)));
        let share = user.cpu_cores.map_or(0.0, |c| c.0 / ceiling);
        let (full, rest) = theme.bar_parts(share, self.bar);
        let limited = user.limits.cpu_quota_cores.is_some();
        let bar_style = if limited {
            theme.share(share)
        } else {
            theme.bar()
        };
        let trend = if self.trend > 0 {
            let values = view.history.user(user.uid, self.trend);
            #[expect(clippy::cast_possible_truncation, reason = "a plot")]
            let ceiling = ceiling as f32;
            format!(" {}", theme.trend(&values, ceiling, self.trend))
        } else {
            String::new()
        };
        let mut figures = format!(
            " {} {} {}",
            theme.cell_right(&size(user.memory_bytes), 7),
            theme.cell_right(&size(user.memory_cache_bytes), 6),
            theme.cell_right(&user.processes.to_string(), 6),
        );
        if self.rates {
            figures += &theme.cell_right(&size(user.io_read_bytes_per_s.map(Bytes)), 8);
            figures += &theme.cell_right(&size(user.io_write_bytes_per_s.map(Bytes)), 8);
        }
        let states: Vec<&str> = user.state.iter().copied().map(State::as_str).collect();
        let states = format!("  {}", states.join(" "));
        let rest_of_row = " ".repeat(usize::from(area.width));
        // The selected line is reversed as a whole, so that nothing of it is only a colour.
        let on = |style: Style| if chosen { theme.selected() } else { style };
        let bold = |style: Style| {
            if chosen {
                style.patch(theme.strong())
            } else {
                style
            }
        };
        let pieces = [
            (mark, bold(on(theme.strong()))),
            (name.as_str(), bold(on(theme.strong()))),
            (cpu.as_str(), on(theme.text())),
            (full.as_str(), on(bar_style)),
            (rest.as_str(), on(theme.dim())),
            (trend.as_str(), on(theme.bar())),
            (figures.as_str(), on(theme.text())),
            (states.as_str(), bold(on(state_style(view, &user.state)))),
            (rest_of_row.as_str(), on(theme.text())),
        ];
        line::put(cells, area, 0, &pieces);
    }
}

fn state_style(view: &View<'_>, states: &[State]) -> Style {
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
