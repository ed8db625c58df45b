//! One process: what one needs to decide about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use jiff::Timestamp;

use crate::base::id::Pid;
use crate::base::text::counted;
use crate::base::units::{Bytes, Cores, short_age};
use crate::model::origin::Origin;
use crate::model::sample::{CgroupVersion, Closeup};
use crate::model::snapshot::ProcessUsage;
use crate::tui::app::View;
use crate::tui::keys::Action;
use crate::tui::widget::{footer, header, line};

use super::overview::size;
use super::person::way_in_words;

/// Which process, and how far it is scrolled.
#[derive(Debug)]
pub(in crate::tui) struct Process {
    pid: Pid,
    top: usize,
}

const ABOVE: u16 = header::ROWS + 1;
const BELOW: u16 = 2;
/// Columns of the words at the left.
const LABEL: usize = 13;
/// So many lines of a command line are shown at most.
const COMMAND_LINES: usize = 12;

impl Process {
    pub(in crate::tui) fn new(pid: Pid) -> Self {
        Self { pid, top: 0 }
    }

    pub(in crate::tui) fn pid(&self) -> Pid {
        self.pid
    }

    pub(in crate::tui) fn act(&mut self, action: Action) {
        self.top = match action {
            Action::Up => self.top.saturating_sub(1),
            Action::Down => self.top + 1,
            Action::PageUp => self.top.saturating_sub(10),
            Action::PageDown => self.top + 10,
            Action::First => 0,
            _ => self.top,
        };
    }

    pub(in crate::tui) fn render(&self, view: &View<'_>, area: Rect, cells: &mut Buffer) {
        header::render(view, area, cells);
        let theme = view.theme;
        let process = view.snapshot.processes.iter().find(|p| p.pid == self.pid);
        let closeup = view.snapshot.closeup.as_deref();
        let closeup = closeup.filter(|closeup| closeup.pid == self.pid);
        let lines = match process {
            Some(process) => lines(view, process, closeup, usize::from(area.width)),
            None => vec![(String::new(), format!("process {} has ended", self.pid))],
        };
        let room = area.height.saturating_sub(ABOVE + BELOW);
        // The last page is full, however far somebody scrolls.
        let last = lines.len().saturating_sub(usize::from(room));
        let top = self.top.min(last);
        for (row, (label, text)) in (0..room).zip(lines.iter().skip(top)) {
            let label = theme.cell(label, LABEL);
            let text = theme.cell(text, usize::from(area.width).saturating_sub(LABEL));
            let pieces: [(&str, Style); 2] = [(&label, theme.heading()), (&text, theme.text())];
            line::put(cells, area, ABOVE + row, &pieces);
        }
        if lines.len() > usize::from(room) {
            let more = format!(
                "lines {}-{} of {}",
                top + 1,
                top + usize::from(room),
                lines.len()
            );
            line::put(cells, area, area.height - BELOW, &[(&more, theme.dim())]);
        }
        let hints = [
            (Action::Back, "person"),
            (Action::Kill, "kill the job"),
            (Action::Down, "further"),
            (Action::Pause, if view.paused { "go on" } else { "pause" }),
            (Action::Help, "keys"),
            (Action::Quit, "quit"),
        ];
        footer::render(theme, &hints, area, cells);
    }
}

/// Everything that is told, each with its word.
fn lines(
    view: &View<'_>,
    process: &ProcessUsage,
    closeup: Option<&Closeup>,
    width: usize,
) -> Vec<(String, String)> {
    let snapshot = view.snapshot;
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut tell = |label: &str, text: String| lines.push((label.to_owned(), text));
    let unknown = || "-".to_owned();
    tell(
        "Process",
        format!(
            "{} {}  of {}  {}",
            process.pid,
            process.name,
            snapshot.name_of(process.uid),
            state_word(process.state),
        ),
    );
    tell(
        "Uses",
        format!(
            "CPU {} cores  memory {}  {}",
            process.cpu_cores.map_or_else(unknown, Cores::short),
            size(process.memory),
            counted(process.threads.into(), "thread", "threads"),
        ),
    );
    let since = closeup.and_then(|c| Timestamp::from_second(c.since?).ok());
    let since = since.map_or_else(String::new, |at| {
        format!("{} UTC, ", at.strftime("%Y-%m-%d %H:%M:%S"))
    });
    let age = process.age_s.map_or_else(unknown, short_age);
    let from = way_in_words(snapshot, process.uid, &process.origin);
    let from = match process.origin {
        Origin::Unknown => String::new(),
        _ => format!(", from {from}"),
    };
    tell("Began", format!("{since}{age} ago{from}"));
    let place = process.cgroup.as_deref().unwrap_or("not known");
    tell("Cgroup", place.to_owned());
    let Some(closeup) = closeup else {
        tell("", "the rest is being read".to_owned());
        return lines;
    };
    for (label, text) in command(process, closeup, width.saturating_sub(LABEL)) {
        tell(label, text);
    }
    let path = |path: &Option<std::sync::Arc<str>>| {
        path.as_deref().unwrap_or("not for us to see").to_owned()
    };
    tell("Program", path(&closeup.program));
    tell("Directory", path(&closeup.cwd));
    let split = closeup.memory;
    tell(
        "Memory",
        format!(
            "own {}  shared {}  swapped {}  files {}  most ever {}",
            size(split.anonymous),
            size(split.shared),
            size(split.swap),
            size(split.file),
            size(split.peak),
        ),
    );
    let io = closeup.io.map_or_else(
        || "not for us to see".to_owned(),
        |io| format!("read {}  written {}", io.read.short(), io.written.short()),
    );
    tell("Disk", io);
    let files = closeup.files.map_or_else(unknown, |n| n.to_string());
    let kill = closeup
        .oom_score_adj
        .map_or_else(unknown, |n| n.to_string());
    tell(
        "Other",
        format!(
            "open files {files}  nice {}  oom_score_adj {kill}",
            closeup.nice
        ),
    );
    let parents: Vec<String> = closeup
        .ancestors
        .iter()
        .map(|(pid, uid, name)| {
            if *uid == process.uid {
                format!("{name} {pid}")
            } else {
                format!("{name} {pid} ({})", snapshot.name_of(*uid))
            }
        })
        .collect();
    wrap(&mut lines, "Started by", &parents, width);
    let children: Vec<String> = closeup
        .children
        .iter()
        .map(|(pid, name)| format!("{name} {pid}"))
        .collect();
    wrap(&mut lines, "Children", &children, width);
    limits(view, process, closeup, &mut lines, width);
    lines
}

/// The limits that bind it: those of its owner's slice, then its own.
fn limits(
    view: &View<'_>,
    process: &ProcessUsage,
    closeup: &Closeup,
    lines: &mut Vec<(String, String)>,
    width: usize,
) {
    let is_v2 = view.snapshot.host.cgroup == CgroupVersion::V2;
    if let Some(user) = view.snapshot.user(process.uid).filter(|_| is_v2) {
        let limits = user.limits;
        let bytes = |b: Option<Bytes>| b.map_or_else(|| "none".to_owned(), Bytes::short);
        let number = |n: Option<String>| n.unwrap_or_else(|| "none".to_owned());
        let told = format!(
            "CPU {}  memory {} (slowed from {})  tasks {}",
            number(limits.cpu_quota_cores.map(|q| Cores(q).short())),
            bytes(limits.memory_max_bytes),
            bytes(limits.memory_high_bytes),
            number(limits.tasks_max.map(|n| n.to_string())),
        );
        lines.push(("Slice limits".to_owned(), told));
    }
    let own: Vec<String> = closeup
        .limits
        .iter()
        .map(|(name, soft)| format!("{name} {soft}"))
        .collect();
    wrap(lines, "Own limits", &own, width);
}

/// The command line, argument by argument, broken where the screen ends.
fn command<'a>(process: &ProcessUsage, closeup: &Closeup, width: usize) -> Vec<(&'a str, String)> {
    if process.silent {
        return vec![("Command", "it does not let anybody read it".to_owned())];
    }
    let mut words: Vec<String> = closeup.arguments.iter().map(|a| quoted(a)).collect();
    if closeup.arguments_cut {
        words.push("…".to_owned());
    }
    if words.is_empty() {
        words.push(format!("[{}]", process.name));
    }
    let all: Vec<char> = words.join(" ").chars().collect();
    let mut rows: Vec<String> = all
        .chunks(width.max(10))
        .map(|row| row.iter().collect())
        .collect();
    if rows.len() > COMMAND_LINES {
        let left_out = rows.len() - COMMAND_LINES;
        rows.truncate(COMMAND_LINES);
        rows.push(format!(
            "and {} more",
            counted(left_out as u64, "line", "lines")
        ));
    }
    let labels = std::iter::once("Command").chain(std::iter::repeat(""));
    labels.zip(rows).collect()
}

/// An argument with blanks is told from two arguments.
fn quoted(argument: &str) -> String {
    if argument.is_empty() || argument.contains([' ', '\'', '"']) {
        format!("'{argument}'")
    } else {
        argument.to_owned()
    }
}

/// Words on as many lines as they need.
fn wrap(lines: &mut Vec<(String, String)>, label: &str, words: &[String], width: usize) {
    let room = width.saturating_sub(LABEL).max(10);
    let mut label = label.to_owned();
    let mut text = String::new();
    for word in words {
        let needed = text.chars().count() + 2 + word.chars().count();
        if !text.is_empty() && needed > room {
            lines.push((std::mem::take(&mut label), std::mem::take(&mut text)));
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(word);
    }
    let nothing = text.is_empty() && !label.is_empty();
    lines.push((label, if nothing { "none".to_owned() } else { text }));
}

/// What the letter of `/proc/PID/stat` means.
fn state_word(state: char) -> &'static str {
    match state {
        'R' => "runs or waits for a processor",
        'S' => "sleeps",
        'D' => "waits for a device and cannot be killed until it answers",
        'T' => "stopped",
        't' => "stopped by a debugger",
        'Z' => "ended, and its parent has not asked how",
        'X' | 'x' => "ends",
        'I' => "idle",
        _ => "in a state of its own",
    }
}
