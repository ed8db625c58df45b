//! The columns of the overview: what fits the width, what matters most first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::units::{Bytes, Cores, short_age};
use crate::model::snapshot::{Snapshot, State, UserUsage};
use crate::tui::app::View;
use crate::tui::theme::Theme;
use crate::tui::widget::line;

use super::overview::{size, state_style};

/// One column, in the order in which they are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tui) enum Column {
    User,
    Cpu,
    CpuBar,
    Trend,
    Memory,
    MemoryBar,
    Cache,
    Swap,
    Processes,
    Tasks,
    Read,
    Write,
    Gpu,
    GpuMemory,
    Throttled,
    Stall,
    Idle,
    Sessions,
    State,
}

/// What every width has; the wide ones have more, in the order of [`MORE`].
const ALWAYS: [Column; 8] = [
    Column::User,
    Column::Cpu,
    Column::CpuBar,
    Column::Trend,
    Column::Memory,
    Column::Cache,
    Column::Processes,
    Column::State,
];
const MORE: [Column; 9] = [
    Column::MemoryBar,
    Column::Read,
    Column::Write,
    Column::Idle,
    Column::Swap,
    Column::Stall,
    Column::Throttled,
    Column::Tasks,
    Column::Sessions,
];
/// From here on a terminal is wide.
const WIDE: usize = 110;

impl Column {
    fn title(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Cpu => "CPU",
            Self::CpuBar | Self::MemoryBar => "",
            Self::Trend => "TREND",
            Self::Memory => "MEMORY",
            Self::Cache => "CACHE",
            Self::Swap => "SWAP",
            Self::Processes => "PROCS",
            Self::Tasks => "TASKS",
            Self::Read => "READ/s",
            Self::Write => "WRITE/s",
            Self::Gpu => "GPU",
            Self::GpuMemory => "GPUMEM",
            Self::Throttled => "THROT",
            Self::Stall => "STALL",
            Self::Idle => "IDLE",
            Self::Sessions => "SESS",
            Self::State => "STATE",
        }
    }

    /// As the footer calls it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::User => "name",
            Self::Cpu | Self::CpuBar | Self::Trend => "CPU",
            Self::Memory | Self::MemoryBar => "memory",
            Self::Cache => "cache",
            Self::Swap => "swap",
            Self::Processes => "processes",
            Self::Tasks => "tasks",
            Self::Read => "reads",
            Self::Write => "writes",
            Self::Gpu => "GPU",
            Self::GpuMemory => "GPU memory",
            Self::Throttled => "throttling",
            Self::Stall => "stalls",
            Self::Idle => "idle time",
            Self::Sessions => "sessions",
            Self::State => "state",
        }
    }

    /// Whether its title is one to sort by.
    pub(super) fn sorts(self) -> bool {
        !matches!(self, Self::CpuBar | Self::MemoryBar | Self::Trend)
    }

    /// Blanks before it and its width.
    fn width(self, wide: bool) -> (usize, usize) {
        match self {
            Self::User => (0, if wide { 22 } else { 16 }),
            Self::Cpu => (1, 6),
            Self::CpuBar => (1, if wide { 8 } else { 7 }),
            Self::Trend => (1, if wide { 12 } else { 6 }),
            Self::MemoryBar => (1, 8),
            Self::Cache | Self::Swap | Self::Processes | Self::Tasks | Self::GpuMemory => (1, 6),
            Self::Memory | Self::Read | Self::Write => (1, 7),
            Self::Gpu | Self::Throttled | Self::Stall => (1, 5),
            Self::Idle | Self::Sessions => (1, 4),
            Self::State => (2, 10),
        }
    }

    /// What it is sorted by, largest first; names sort themselves.
    #[expect(clippy::cast_precision_loss, reason = "to be compared")]
    pub(super) fn value(self, user: &UserUsage) -> f64 {
        let bytes = |b: Option<Bytes>| b.map_or(-1.0, |b| b.0 as f64);
        let number = |n: Option<u64>| n.map_or(-1.0, |n| n as f64);
        match self {
            Self::User => 0.0,
            Self::Cpu | Self::CpuBar | Self::Trend => user.cpu_cores.map_or(-1.0, |c| c.0),
            Self::Memory | Self::MemoryBar => bytes(user.memory_bytes),
            Self::Cache => bytes(user.memory_cache_bytes),
            Self::Swap => bytes(user.swap_bytes),
            Self::Processes => f64::from(user.processes),
            Self::Tasks => number(user.tasks),
            Self::Read => number(user.io_read_bytes_per_s),
            Self::Write => number(user.io_write_bytes_per_s),
            Self::Gpu => user.gpu.and_then(|g| g.gpu_busy).unwrap_or(-1.0),
            Self::GpuMemory => bytes(user.gpu.and_then(|g| g.gpu_memory_bytes)),
            Self::Throttled => user.cpu_throttled_ratio.unwrap_or(-1.0),
            Self::Stall => stall(user).unwrap_or(-1.0),
            Self::Idle => number(user.idle_s),
            Self::Sessions => f64::from(user.sessions),
            Self::State => user.state.len() as f64,
        }
    }

    /// The difference below which two rows stay where they are.
    pub(super) fn matters(self) -> f64 {
        match self {
            Self::Cpu | Self::CpuBar | Self::Trend => 0.05,
            Self::Memory | Self::MemoryBar | Self::Cache | Self::Swap | Self::GpuMemory => {
                16.0 * 1_048_576.0
            }
            Self::Read | Self::Write => 65_536.0,
            Self::Gpu | Self::Throttled => 0.02,
            Self::Stall => 1.0,
            Self::Idle => 60.0,
            Self::User | Self::Processes | Self::Tasks | Self::Sessions | Self::State => 0.0,
        }
    }

    /// What it says of one person.
    fn text(self, user: &UserUsage) -> String {
        let unknown = || "-".to_owned();
        let count = |n: Option<u64>| n.map_or_else(unknown, |n| n.to_string());
        let percent = |share: Option<f64>| share.map_or_else(unknown, |s| format!("{s:.0}%"));
        match self {
            Self::User | Self::CpuBar | Self::MemoryBar | Self::Trend => String::new(),
            Self::Cpu => user.cpu_cores.map_or_else(unknown, Cores::short),
            Self::Memory => size(user.memory_bytes),
            Self::Cache => size(user.memory_cache_bytes),
            Self::Swap => size(user.swap_bytes),
            Self::Processes => user.processes.to_string(),
            Self::Tasks => count(user.tasks),
            Self::Read => size(user.io_read_bytes_per_s.map(Bytes)),
            Self::Write => size(user.io_write_bytes_per_s.map(Bytes)),
            Self::Gpu => {
                let busy = user.gpu.and_then(|g| g.gpu_busy);
                busy.map_or_else(unknown, |busy| format!("{busy:.2}"))
            }
            Self::GpuMemory => size(user.gpu.and_then(|g| g.gpu_memory_bytes)),
            Self::Throttled => percent(user.cpu_throttled_ratio.map(|r| r * 100.0)),
            Self::Stall => percent(stall(user)),
            Self::Idle => user.idle_s.map_or_else(unknown, short_age),
            Self::Sessions => user.sessions.to_string(),
            Self::State => {
                let states: Vec<&str> = user.state.iter().copied().map(State::as_str).collect();
                states.join(" ")
            }
        }
    }
}

/// The worst of a person's pressures: the share of the last ten seconds in which they waited.
fn stall(user: &UserUsage) -> Option<f64> {
    let pressure = user.pressure;
    [
        pressure.cpu_some_avg10,
        pressure.memory_full_avg10,
        pressure.io_full_avg10,
    ]
    .into_iter()
    .flatten()
    .reduce(f64::max)
}

/// The columns of one width.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) columns: Vec<Column>,
    wide: bool,
}

impl Layout {
    pub(super) fn of(width: u16, snapshot: &Snapshot) -> Self {
        let width = usize::from(width);
        let wide = width >= WIDE;
        let needs = |column: Column| {
            let (blanks, width) = column.width(wide);
            blanks + width
        };
        let mut columns: Vec<Column> = ALWAYS.to_vec();
        if width < 80 {
            columns.retain(|column| *column != Column::Trend);
        }
        let mut left = width.saturating_sub(columns.iter().copied().map(needs).sum());
        let gpu = if snapshot.host.gpus.is_empty() {
            &[][..]
        } else {
            &[Column::GpuMemory, Column::Gpu]
        };
        for column in gpu.iter().chain(&MORE) {
            // A little is left for a second word of state.
            if wide && left >= needs(*column) + 5 {
                left -= needs(*column);
                columns.push(*column);
            }
        }
        columns.sort_unstable();
        Self { columns, wide }
    }

    pub(super) fn titles(&self, theme: Theme, order: Option<Column>) -> String {
        let mut out = String::new();
        for column in &self.columns {
            let (blanks, width) = column.width(self.wide);
            let mark = if order == Some(*column) { "*" } else { "" };
            let title = format!("{}{mark}", column.title());
            out += &" ".repeat(blanks);
            out += &match column {
                Column::User => theme.cell(&format!("  {title}"), width),
                Column::CpuBar | Column::MemoryBar | Column::Trend | Column::State => {
                    theme.cell(&title, width)
                }
                _ => theme.cell_right(&title, width),
            };
        }
        out
    }

    pub(super) fn row(
        &self,
        view: &View<'_>,
        user: &UserUsage,
        chosen: bool,
        area: Rect,
        cells: &mut Buffer,
    ) {
        let theme = view.theme;
        // The selected line is reversed as a whole, so that nothing of it is only a colour.
        let on = |style: Style| if chosen { theme.selected() } else { style };
        let bold = |style: Style| {
            if chosen {
                theme.selected().patch(theme.strong())
            } else {
                style
            }
        };
        let mut pieces: Vec<(String, Style)> = Vec::with_capacity(2 * self.columns.len());
        for column in &self.columns {
            let (blanks, width) = column.width(self.wide);
            pieces.push((" ".repeat(blanks), on(theme.text())));
            match column {
                Column::User => {
                    let mark = if chosen { "> " } else { "  " };
                    let name = theme.cell(&format!("{mark}{}", user.user), width);
                    pieces.push((name, bold(theme.strong())));
                }
                Column::CpuBar => {
                    let (share, limited) = cpu_share(view, user);
                    push_bar(&mut pieces, theme, share, limited, width, &on);
                }
                Column::MemoryBar => {
                    let (share, limited) = memory_share(view, user);
                    push_bar(&mut pieces, theme, share, limited, width, &on);
                }
                Column::Trend => {
                    let values = view.history.cores(user.uid, width);
                    #[expect(clippy::cast_possible_truncation, reason = "a plot")]
                    let ceiling = cpu_ceiling(view, user) as f32;
                    pieces.push((theme.trend(&values, ceiling, width), on(theme.bar())));
                }
                Column::State => {
                    let style = bold(state_style(view, &user.state));
                    pieces.push((column.text(user), style));
                }
                _ => pieces.push((
                    theme.cell_right(&column.text(user), width),
                    on(theme.text()),
                )),
            }
        }
        pieces.push((" ".repeat(usize::from(area.width)), on(theme.text())));
        let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
        line::put(cells, area, 0, &pieces);
    }
}

/// The person's own limit, or else the whole host.
fn cpu_ceiling(view: &View<'_>, user: &UserUsage) -> f64 {
    let host = f64::from(view.snapshot.host.cpus.max(1));
    user.limits.cpu_quota_cores.unwrap_or(host)
}

fn cpu_share(view: &View<'_>, user: &UserUsage) -> (f64, bool) {
    let used = user.cpu_cores.map_or(0.0, |c| c.0);
    let limited = user.limits.cpu_quota_cores.is_some();
    (used / cpu_ceiling(view, user), limited)
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn memory_share(view: &View<'_>, user: &UserUsage) -> (f64, bool) {
    let limits = [user.limits.memory_high_bytes, user.limits.memory_max_bytes];
    let limit = limits.into_iter().flatten().min();
    let host = view.snapshot.host.memory_total_bytes.unwrap_or_default();
    let used = user.memory_bytes.unwrap_or_default();
    let ceiling = limit.unwrap_or(host);
    (used.0 as f64 / ceiling.0.max(1) as f64, limit.is_some())
}

fn push_bar(
    pieces: &mut Vec<(String, Style)>,
    theme: Theme,
    share: f64,
    limited: bool,
    width: usize,
    on: &dyn Fn(Style) -> Style,
) {
    let (full, rest) = theme.bar_parts(share, width);
    let style = if limited {
        theme.share(share)
    } else {
        theme.bar()
    };
    pieces.push((full, on(style)));
    pieces.push((rest, on(theme.dim())));
}
