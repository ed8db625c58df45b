//! One person: totals, and the processes they are made of.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::id::{Pid, Uid};
use crate::base::text::counted;
use crate::base::units::{Bytes, Cores, short_age};
use crate::model::snapshot::{ProcessUsage, Snapshot, UserUsage};
use crate::tui::app::View;
use crate::tui::keys::Action;
use crate::tui::widget::list::Cursor;
use crate::tui::widget::{footer, header, line};

use super::overview::{size, step};

/// Order of the processes, largest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Cpu,
    Memory,
    Pid,
}

/// Whose processes, in which order, and which is selected.
#[derive(Debug)]
pub(in crate::tui) struct Person {
    uid: Uid,
    order: Order,
    cursor: Cursor<Pid>,
    /// Pids in the order of the last picture.
    keys: Vec<Pid>,
}

/// Rows above the list: the host, an empty one, two about the person, an empty one, the titles.
const ABOVE: u16 = header::ROWS + 5;
const BELOW: u16 = 2;

impl Person {
    pub(in crate::tui) fn new(uid: Uid) -> Self {
        Self {
            uid,
            order: Order::default(),
            cursor: Cursor::default(),
            keys: Vec::new(),
        }
    }

    pub(in crate::tui) fn uid(&self) -> Uid {
        self.uid
    }

    pub(in crate::tui) fn act(&mut self, action: Action) {
        if action == Action::Sort {
            self.order = self.next_order();
            self.cursor.reset();
        } else if let Some(step) = step(action) {
            self.cursor.step(step, &self.keys);
        }
    }

    fn next_order(&self) -> Order {
        match self.order {
            Order::Cpu => Order::Memory,
            Order::Memory => Order::Pid,
            Order::Pid => Order::Cpu,
        }
    }

    pub(in crate::tui) fn settle(&mut self, snapshot: &Snapshot, size: Rect) {
        self.keys = self
            .rows(snapshot)
            .iter()
            .map(|process| process.pid)
            .collect();
        let height = size.height.saturating_sub(ABOVE + BELOW);
        self.cursor.settle(&self.keys, usize::from(height));
    }

    fn rows<'a>(&self, snapshot: &'a Snapshot) -> Vec<&'a ProcessUsage> {
        let mut rows: Vec<&ProcessUsage> = snapshot
            .processes
            .iter()
            .filter(|process| process.uid == self.uid)
            .collect();
        let cpu = |p: &ProcessUsage| p.cpu_cores.map(Cores::hundredths);
        let memory = |p: &ProcessUsage| p.memory.map(|b| b.0 >> 20);
        rows.sort_by(|a, b| {
            match self.order {
                Order::Cpu => cpu(b).cmp(&cpu(a)),
                Order::Memory => memory(b).cmp(&memory(a)),
                Order::Pid => std::cmp::Ordering::Equal,
            }
            .then_with(|| a.pid.cmp(&b.pid))
        });
        rows
    }

    pub(in crate::tui) fn render(&self, view: &View<'_>, area: Rect, cells: &mut Buffer) {
        header::render(view, area, cells);
        let theme = view.theme;
        let rows = self.rows(view.snapshot);
        match view.snapshot.user(self.uid) {
            Some(user) => person(view, user, area, cells),
            None => {
                let gone = format!("uid {}: no process any more", self.uid);
                line::put(cells, area, header::ROWS + 1, &[(&gone, theme.dim())]);
            }
        }
        let titles = format!(
            "  {} {} {} {} {}  COMMAND",
            theme.cell_right("PID", 8),
            theme.cell_right("CPU", 6),
            theme.cell_right("MEMORY", 7),
            theme.cell_right("THR", 4),
            theme.cell_right("AGE", 4),
        );
        line::put(cells, area, ABOVE - 1, &[(&titles, theme.heading())]);
        let room = area.height.saturating_sub(ABOVE + BELOW);
        for (row, process) in (0..room).zip(rows.iter().skip(self.cursor.top())) {
            let chosen = self.cursor.key() == Some(process.pid);
            process_row(view, process, chosen, area, ABOVE + row, cells);
        }
        let order = match self.next_order() {
            Order::Cpu => "by CPU",
            Order::Memory => "by memory",
            Order::Pid => "by pid",
        };
        let hints = [
            (Action::Back, "people"),
            (Action::Sort, order),
            (Action::Help, "keys"),
            (Action::Quit, "quit"),
        ];
        footer::render(theme, &hints, area, cells);
    }
}

fn person(view: &View<'_>, user: &UserUsage, area: Rect, cells: &mut Buffer) {
    let theme = view.theme;
    let name = theme.cell(&user.user, user.user.chars().count().min(40));
    let cpu = user.cpu_cores.map_or_else(|| "-".to_owned(), Cores::short);
    let quota = user
        .limits
        .cpu_quota_cores
        .map_or_else(String::new, |quota| format!(" of {quota:.2}"));
    let limit = user
        .limits
        .memory_max_bytes
        .or(user.limits.memory_high_bytes)
        .map_or_else(String::new, |max| format!(" of {}", max.short()));
    let figures = format!(
        "  uid {}  CPU {cpu}{quota} cores  memory {}{limit}  {}",
        user.uid,
        size(user.memory_bytes),
        processes_word(user.processes),
    );
    let pieces = [
        (name.as_str(), theme.strong()),
        (figures.as_str(), theme.text()),
    ];
    line::put(cells, area, header::ROWS + 1, &pieces);
    let outside = &user.outside;
    if outside.processes > 0 {
        let what = format!(
            "no limit reaches {}, CPU {}, memory {} in ",
            processes_word(outside.processes),
            outside
                .cpu_cores
                .map_or_else(|| "-".to_owned(), Cores::short),
            size(outside.memory_bytes),
        );
        let places = outside.cgroups.join(", ");
        let places = theme.cell(&places, places.chars().count());
        let pieces = [
            (what.as_str(), theme.warn()),
            (places.as_str(), theme.dim()),
        ];
        line::put(cells, area, header::ROWS + 2, &pieces);
    }
}

fn processes_word(number: u32) -> String {
    counted(u64::from(number), "process", "processes")
}

fn process_row(
    view: &View<'_>,
    process: &ProcessUsage,
    chosen: bool,
    area: Rect,
    row: u16,
    cells: &mut Buffer,
) {
    let theme = view.theme;
    let mark = if chosen { "> " } else { "  " };
    let cpu = process
        .cpu_cores
        .map_or_else(|| "-".to_owned(), Cores::short);
    let age = process.age_s.map_or_else(|| "-".to_owned(), short_age);
    let figures = format!(
        "{} {} {} {} {}  ",
        theme.cell_right(&process.pid.to_string(), 8),
        theme.cell_right(&cpu, 6),
        theme.cell_right(
            &process.memory.map_or_else(|| "-".to_owned(), Bytes::short),
            7
        ),
        theme.cell_right(&process.threads.to_string(), 4),
        theme.cell_right(&age, 4),
    );
    let left = usize::from(area.width).saturating_sub(figures.len() + mark.len());
    let command = theme.cell(&process.command, left);
    let text = if chosen {
        theme.selected()
    } else {
        theme.text()
    };
    let pieces = [
        (mark, text),
        (figures.as_str(), text),
        (command.as_str(), text),
    ];
    line::put(cells, area, row, &pieces);
}
