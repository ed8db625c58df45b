//! One person: totals, trends with their limits, and processes by the way they came in.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::id::{Pid, Uid};
use crate::base::text::counted;
use crate::base::units::{Bytes, Cores, short_age};
use crate::model::origin::Origin;
use crate::model::snapshot::{ProcessUsage, Snapshot, State, UserUsage};
use crate::model::tree::{Group, groups};
use crate::tui::app::View;
use crate::tui::keys::Action;
use crate::tui::theme::Theme;
use crate::tui::widget::filter::Filter;
use crate::tui::widget::list::Cursor;
use crate::tui::widget::plot::Plot;
use crate::tui::widget::{footer, header, line};

use super::overview::{size, step};

/// How the processes are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    /// By the way they came in, and there as trees.
    #[default]
    Tree,
    Cpu,
    Memory,
    Age,
}

const ORDERS: [Order; 4] = [Order::Tree, Order::Cpu, Order::Memory, Order::Age];

/// What a line of the list stands for; it stays the same from picture to picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// A way in, by its hash.
    WayIn(u64),
    Process(Pid),
}

/// Whose processes, in which order, and which is selected.
#[derive(Debug)]
pub(in crate::tui) struct Person {
    uid: Uid,
    order: Order,
    filter: Filter,
    cursor: Cursor<Key>,
    /// Ways in whose processes are not shown.
    folded: BTreeSet<u64>,
    /// Lines of the last picture.
    keys: Vec<Key>,
}

/// A line as it is drawn.
enum Row<'a> {
    WayIn(&'a Group<'a>),
    Process(&'a ProcessUsage, usize),
}

/// Below the list: one for the filter, and the footer.
const BELOW: u16 = 2;
/// On a terminal of so many rows the plots are tall.
const TALL: u16 = 34;

/// Rows of the plots.
fn plot_rows(height: u16) -> u16 {
    if height >= TALL { 4 } else { 1 }
}

/// Rows above the list: the host, an empty one, the person, the plots, a remark, the titles.
fn above(height: u16) -> u16 {
    header::ROWS + 2 + plot_rows(height) + 2
}

impl Person {
    pub(in crate::tui) fn new(uid: Uid) -> Self {
        Self {
            uid,
            order: Order::default(),
            filter: Filter::default(),
            cursor: Cursor::default(),
            folded: BTreeSet::new(),
            keys: Vec::new(),
        }
    }

    pub(in crate::tui) fn uid(&self) -> Uid {
        self.uid
    }

    pub(in crate::tui) fn filter_mut(&mut self) -> &mut Filter {
        &mut self.filter
    }

    pub(in crate::tui) fn act(&mut self, action: Action) {
        match action {
            Action::Sort | Action::SortBack => {
                self.order = self.next_order(action == Action::Sort);
                self.cursor.reset();
            }
            Action::Filter => self.filter.start(),
            other => {
                if let Some(step) = step(other) {
                    self.cursor.step(step, &self.keys);
                }
            }
        }
    }

    /// The process that is selected; of a way in, the first process of each tree, whatever the
    /// filter shows of them.
    pub(in crate::tui) fn selected(&self, snapshot: &Snapshot) -> Vec<Pid> {
        match self.cursor.key() {
            Some(Key::Process(pid)) => vec![pid],
            Some(Key::WayIn(chosen)) => {
                let theirs = snapshot.processes.iter().filter(|p| p.uid == self.uid);
                let theirs: Vec<ProcessUsage> = theirs.cloned().collect();
                let groups = groups(&theirs);
                let group = groups.iter().find(|group| hash(group.origin) == chosen);
                let lines = group.into_iter().flat_map(|group| &group.lines);
                let first = lines.filter(|line| line.depth == 0);
                first.map(|line| line.process.pid).collect()
            }
            None => Vec::new(),
        }
    }

    /// The process to be looked at; a way in is folded or unfolded instead.
    pub(in crate::tui) fn open(&mut self) -> Option<Pid> {
        match self.cursor.key()? {
            Key::Process(pid) => Some(pid),
            Key::WayIn(hash) => {
                if !self.folded.remove(&hash) {
                    self.folded.insert(hash);
                }
                None
            }
        }
    }

    fn next_order(&self, forward: bool) -> Order {
        let at = ORDERS.iter().position(|o| *o == self.order).unwrap_or(0);
        let step = if forward { 1 } else { ORDERS.len() - 1 };
        ORDERS[(at + step) % ORDERS.len()]
    }

    pub(in crate::tui) fn settle(&mut self, snapshot: &Snapshot, size: Rect) {
        let theirs = self.theirs(snapshot);
        let groups = groups(&theirs);
        self.keys = self.rows(&theirs, &groups).iter().map(key).collect();
        let height = size.height.saturating_sub(above(size.height) + BELOW);
        self.cursor.settle(&self.keys, usize::from(height));
    }

    /// Their processes, as far as the filter shows them.
    fn theirs(&self, snapshot: &Snapshot) -> Vec<ProcessUsage> {
        let shown = |p: &&ProcessUsage| p.uid == self.uid && self.filter.shows(&p.command);
        snapshot.processes.iter().filter(shown).cloned().collect()
    }

    fn rows<'a>(&self, theirs: &'a [ProcessUsage], groups: &'a [Group<'a>]) -> Vec<Row<'a>> {
        let mut rows = Vec::with_capacity(theirs.len() + groups.len());
        if self.order == Order::Tree {
            for group in groups {
                rows.push(Row::WayIn(group));
                if !self.folded.contains(&hash(group.origin)) {
                    let lines = group.lines.iter();
                    rows.extend(lines.map(|line| Row::Process(line.process, line.depth)));
                }
            }
            return rows;
        }
        let mut flat: Vec<&ProcessUsage> = theirs.iter().collect();
        // By what is displayed, so that no difference one cannot see moves a row.
        let cpu = |p: &ProcessUsage| p.cpu_cores.map(Cores::hundredths);
        let memory = |p: &ProcessUsage| p.memory.map(|b| b.0 >> 20);
        flat.sort_by(|a, b| {
            match self.order {
                Order::Cpu => cpu(b).cmp(&cpu(a)),
                Order::Memory => memory(b).cmp(&memory(a)),
                Order::Age | Order::Tree => b.age_s.cmp(&a.age_s),
            }
            .then_with(|| a.pid.cmp(&b.pid))
        });
        rows.extend(flat.into_iter().map(|process| Row::Process(process, 0)));
        rows
    }

    pub(in crate::tui) fn render(&self, view: &View<'_>, area: Rect, cells: &mut Buffer) {
        header::render(view, area, cells);
        let theme = view.theme;
        let above = above(area.height);
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
        line::put(cells, area, above - 1, &[(&titles, theme.heading())]);
        let theirs = self.theirs(view.snapshot);
        let groups = groups(&theirs);
        let rows = self.rows(&theirs, &groups);
        if rows.is_empty() && view.snapshot.user(self.uid).is_some() {
            let why = if self.filter.is_set() {
                "no command line has this text"
            } else {
                "no process to be seen (a slice stays until its last session has ended)"
            };
            line::put(cells, area, above, &[(why, theme.dim())]);
        }
        let room = area.height.saturating_sub(above + BELOW);
        for (row, shown) in (0..room).zip(rows.iter().skip(self.cursor.top())) {
            let chosen = self.cursor.key() == Some(key(shown));
            let line = Rect::new(area.x, area.y + above + row, area.width, 1);
            match shown {
                Row::WayIn(group) => self.way_in(view, group, chosen, line, cells),
                Row::Process(process, depth) => {
                    process_row(view, process, *depth, chosen, line, cells);
                }
            }
        }
        let below = area.height.saturating_sub(BELOW);
        if view.snapshot.processes_left_out > 0 {
            let more = format!("and {} more", view.snapshot.processes_left_out);
            line::put(cells, area, below, &[(&more, theme.dim())]);
        }
        self.filter.render(theme, below, area, cells);
        self.footer(view, area, cells);
    }

    fn footer(&self, view: &View<'_>, area: Rect, cells: &mut Buffer) {
        let order = match self.next_order(true) {
            Order::Tree => "as trees",
            Order::Cpu => "by CPU",
            Order::Memory => "by memory",
            Order::Age => "by age",
        };
        let open = match self.cursor.key() {
            Some(Key::WayIn(hash)) if self.folded.contains(&hash) => "unfold",
            Some(Key::WayIn(_)) => "fold",
            _ => "process",
        };
        let kill = match self.cursor.key() {
            Some(Key::Process(_)) => "kill the job",
            Some(Key::WayIn(_)) => "kill the session",
            None => "kill all",
        };
        let pause = if view.paused { "go on" } else { "pause" };
        let hints = [
            (Action::Open, open),
            (Action::Back, "people"),
            (Action::Kill, kill),
            (Action::Sort, order),
            (Action::Filter, "filter"),
            (Action::Help, "keys"),
            (Action::Quit, "quit"),
            (Action::Pause, pause),
        ];
        footer::render(view.theme, &hints, area, cells);
    }

    /// The line of a way in: where it comes from, and what all in it use together.
    fn way_in(
        &self,
        view: &View<'_>,
        group: &Group<'_>,
        chosen: bool,
        area: Rect,
        cells: &mut Buffer,
    ) {
        let theme = view.theme;
        let folded = self.folded.contains(&hash(group.origin));
        let mark = if chosen { "> " } else { "  " };
        let sign = if folded { "+ " } else { "" };
        let words = way_in_words(view.snapshot, self.uid, group.origin);
        let count = counted(group.lines.len() as u64, "process", "processes");
        let (cpu, memory) = (group.cpu.short(), group.memory.short());
        let words = format!("{sign}{words}  {count}  CPU {cpu}  memory {memory}");
        let words = theme.cell(&words, usize::from(area.width).saturating_sub(mark.len()));
        let style = row_style(theme, chosen, theme.heading());
        line::put(cells, area, 0, &[(mark, style), (&words, style)]);
    }
}

fn key(row: &Row<'_>) -> Key {
    match row {
        Row::WayIn(group) => Key::WayIn(hash(group.origin)),
        Row::Process(process, _) => Key::Process(process.pid),
    }
}

fn hash(origin: &Origin) -> u64 {
    let mut hasher = DefaultHasher::new();
    origin.hash(&mut hasher);
    hasher.finish()
}

/// A way in with what logind knows of it.
pub(super) fn way_in_words(snapshot: &Snapshot, uid: Uid, origin: &Origin) -> String {
    if let Origin::Guest(owner) = origin {
        return format!("su in a session of {}", snapshot.name_of(*owner));
    }
    let mut words = snapshot.way_in(uid, origin);
    if let Origin::Session(id) = origin {
        let session = snapshot.sessions.iter().find(|s| *s.id == **id);
        if let Some(idle) = session.and_then(|s| s.idle_s) {
            words += &format!(", idle {}", short_age(idle));
        }
    }
    words
}

fn row_style(theme: Theme, chosen: bool, otherwise: Style) -> Style {
    if chosen { theme.selected() } else { otherwise }
}

fn person(view: &View<'_>, user: &UserUsage, area: Rect, cells: &mut Buffer) {
    let theme = view.theme;
    let name = theme.cell(&user.user, user.user.chars().count().min(40));
    let idle = match user.idle_s {
        Some(idle) => format!(", idle {}", short_age(idle)),
        None => String::new(),
    };
    let sessions = match user.sessions {
        0 => "no session".to_owned(),
        n => counted(n.into(), "session", "sessions"),
    };
    let io = match (user.io_read_bytes_per_s, user.io_write_bytes_per_s) {
        (Some(read), Some(write)) => format!(
            "  reads {}/s, writes {}/s",
            Bytes(read).short(),
            Bytes(write).short()
        ),
        _ => String::new(),
    };
    let figures = format!(
        "  uid {}  {}  {sessions}{idle}{io}",
        user.uid,
        counted(user.processes.into(), "process", "processes"),
    );
    let states: Vec<&str> = user.state.iter().copied().map(State::as_str).collect();
    let states = format!("  {}", states.join(" "));
    let pieces = [
        (name.as_str(), theme.strong()),
        (figures.as_str(), theme.text()),
        (
            states.as_str(),
            super::overview::state_style(view, &user.state),
        ),
    ];
    line::put(cells, area, header::ROWS + 1, &pieces);
    plots(view, user, area, cells);
    let row = header::ROWS + 2 + plot_rows(area.height);
    remark(view, user, row, area, cells);
}

/// CPU and memory over the last minutes, side by side.
fn plots(view: &View<'_>, user: &UserUsage, area: Rect, cells: &mut Buffer) {
    let half = area.width / 2;
    let y = area.y + header::ROWS + 2;
    let rows = plot_rows(area.height);
    let points = usize::from(half);
    let limits = user.limits;
    let cpu = user.cpu_cores.map_or_else(|| "-".to_owned(), Cores::short);
    let quota = match limits.cpu_quota_cores {
        Some(quota) => format!("of {}", Cores(quota).short()),
        None => "no limit".to_owned(),
    };
    #[expect(clippy::cast_possible_truncation, reason = "a plot")]
    let cores = Plot {
        values: &view.history.cores(user.uid, points),
        limit: limits.cpu_quota_cores.map(|quota| quota as f32),
        at_least: 1.0,
    };
    let left = Rect::new(area.x, y, half, rows);
    plot(view.theme, ("CPU", &cpu, &quota), &cores, left, cells);
    let bounds = [limits.memory_high_bytes, limits.memory_max_bytes];
    let bound = bounds.into_iter().flatten().min();
    let limit = match bound {
        Some(bound) => format!("of {}", bound.short()),
        None => "no limit".to_owned(),
    };
    #[expect(clippy::cast_precision_loss, reason = "a plot")]
    let mebibytes = |bytes: Bytes| (bytes.0 >> 20) as f32;
    let total = view.snapshot.host.memory_total_bytes.unwrap_or_default();
    let memory = Plot {
        values: &view.history.mebibytes(user.uid, points),
        limit: bound.map(mebibytes),
        at_least: mebibytes(total) / 8.0,
    };
    let right = Rect::new(area.x + half, y, area.width - half, rows);
    let used = size(user.memory_bytes);
    plot(view.theme, ("Memory", &used, &limit), &memory, right, cells);
}

/// One plot: its words at the left, the last minutes to their right.
fn plot(
    theme: Theme,
    (title, now, limit): (&str, &str, &str),
    plot: &Plot<'_>,
    area: Rect,
    cells: &mut Buffer,
) {
    const WORDS: u16 = 24;
    let title = theme.cell(title, 7);
    let now = theme.cell_right(now, 6);
    let limit_words = theme.cell(&format!(" {limit}"), 10);
    let pieces = [
        (title.as_str(), theme.strong()),
        (now.as_str(), theme.text()),
        (limit_words.as_str(), theme.dim()),
    ];
    line::put(cells, area, 0, &pieces);
    if area.width > WORDS + 4 {
        let inside = Rect::new(area.x + WORDS, area.y, area.width - WORDS - 2, area.height);
        plot.render(theme, inside, cells);
    }
}

/// What no limit reaches, or else how near the limits are.
fn remark(view: &View<'_>, user: &UserUsage, row: u16, area: Rect, cells: &mut Buffer) {
    let theme = view.theme;
    let outside = &user.outside;
    if outside.processes > 0 {
        let what = format!(
            "no limit reaches {}, CPU {}, memory {} in ",
            counted(outside.processes.into(), "process", "processes"),
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
        line::put(cells, area, row, &pieces);
        return;
    }
    let mut told = Vec::new();
    if let (Some(tasks), Some(most)) = (user.tasks, user.limits.tasks_max) {
        told.push(format!("tasks {tasks} of {most}"));
    }
    if let Some(swap) = user.swap_bytes.filter(|swap| *swap > Bytes(0)) {
        told.push(format!("swap {}", swap.short()));
    }
    if let Some(cache) = user.memory_cache_bytes {
        told.push(format!("cache {}", cache.short()));
    }
    if let Some(kills) = user.oom_kills.filter(|kills| *kills > 0) {
        told.push(counted(kills, "kill for memory", "kills for memory"));
    }
    if let Some(ratio) = user.cpu_throttled_ratio.filter(|ratio| *ratio > 0.0) {
        told.push(format!("held back {:.0}% of the time", ratio * 100.0));
    }
    let waits = [
        ("cpu", user.pressure.cpu_some_avg10),
        ("memory", user.pressure.memory_full_avg10),
        ("io", user.pressure.io_full_avg10),
    ];
    for (what, share) in waits {
        if let Some(share) = share.filter(|share| *share >= 1.0) {
            told.push(format!("waits for {what} {share:.0}%"));
        }
    }
    let told = told.join("  ");
    line::put(cells, area, row, &[(&told, theme.dim())]);
}

fn process_row(
    view: &View<'_>,
    process: &ProcessUsage,
    depth: usize,
    chosen: bool,
    area: Rect,
    cells: &mut Buffer,
) {
    let theme = view.theme;
    let mark = if chosen { "> " } else { "  " };
    let unknown = || "-".to_owned();
    let cpu = process.cpu_cores.map_or_else(unknown, Cores::short);
    let age = process.age_s.map_or_else(unknown, short_age);
    let memory = process.memory.map_or_else(unknown, Bytes::short);
    let figures = format!(
        "{} {} {} {} {}  ",
        theme.cell_right(&process.pid.to_string(), 8),
        theme.cell_right(&cpu, 6),
        theme.cell_right(&memory, 7),
        theme.cell_right(&process.threads.to_string(), 4),
        theme.cell_right(&age, 4),
    );
    // A deep tree must leave room for what it is about.
    let indent = "  ".repeat(depth.min(8));
    let command = if process.silent {
        format!("{indent}{} (keeps its command line back)", process.name)
    } else {
        format!("{indent}{}", process.command)
    };
    let left = usize::from(area.width).saturating_sub(figures.len() + mark.len());
    let command = theme.cell(&command, left);
    let text = row_style(theme, chosen, theme.text());
    let pieces = [
        (mark, text),
        (figures.as_str(), text),
        (command.as_str(), text),
    ];
    line::put(cells, area, 0, &pieces);
}
