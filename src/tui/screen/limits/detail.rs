//! One row of the limits in all values: wished, in systemd and in the kernel, who says so, which
//! file decides, and what is not as it should be.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::engine::limits::{GroupLimits, sentence};
use crate::plan::limits::drift::Drift;
use crate::plan::limits::view::{self, View};
use crate::tui::errand::Bounds;
use crate::tui::keys::Action;
use crate::tui::screen::sheet::clean;
use crate::tui::theme::Theme;
use crate::tui::widget::{footer, line, wrap};

use super::Row;

/// Rows above the lines and below.
const ABOVE: u16 = 2;
const BELOW: u16 = 2;
/// Columns of a limit's name, and of what is said behind its values.
const NAME: usize = 24;
const SAID: usize = 8;

/// What is looked at, and how far it is scrolled.
#[derive(Debug)]
pub(in crate::tui) struct Detail {
    pub(in crate::tui) key: u64,
    top: usize,
}

type Line = Vec<(String, Style)>;

impl Detail {
    pub(in crate::tui) fn new(key: u64) -> Self {
        Self { key, top: 0 }
    }

    pub(in crate::tui) fn act(&mut self, action: Action) {
        self.top = match action {
            Action::Up => self.top.saturating_sub(1),
            Action::Down => self.top.saturating_add(1),
            Action::PageUp => self.top.saturating_sub(10),
            Action::PageDown => self.top.saturating_add(10),
            Action::First => 0,
            _ => self.top,
        };
    }

    pub(in crate::tui) fn render(
        &self,
        theme: Theme,
        bounds: &Bounds,
        area: Rect,
        cells: &mut Buffer,
    ) {
        let row = super::all(bounds).find(|row| row.key() == self.key);
        let (title, lines) = match row {
            None => (
                "Limits".to_owned(),
                vec![one(theme, "it is not there any more")],
            ),
            Some(Row::Unit(view)) => {
                let drift = row
                    .iter()
                    .flat_map(|row| row.drift(bounds.drift()))
                    .collect();
                (of_whom(view), of_unit(theme, view, drift, area.width))
            }
            Some(Row::Group(group)) => {
                let title = format!("Limits of group {}", group.group);
                (title, of_group(theme, group, area.width))
            }
        };
        let title = theme.cell(&clean(&title), usize::from(area.width));
        line::put(cells, area, 0, &[(&title, theme.strong())]);
        let room = area.height.saturating_sub(ABOVE + BELOW);
        let last = lines.len().saturating_sub(usize::from(room));
        let top = self.top.min(last);
        for (at, pieces) in (0..room).zip(lines.iter().skip(top)) {
            let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
            line::put(cells, area, ABOVE + at, &pieces);
        }
        if last > 0 {
            let to = top + usize::from(room);
            let more = format!("lines {}-{to} of {}", top + 1, lines.len());
            line::put(cells, area, area.height - BELOW, &[(&more, theme.dim())]);
        }
        let hints = [
            (Action::Back, "limits"),
            (Action::Modify, "set"),
            (Action::Remove, "clear"),
            (Action::Mend, "mend"),
            (Action::Again, "read again"),
            (Action::Down, "further"),
            (Action::Help, "keys"),
        ];
        footer::render(theme, &hints, area, cells);
    }
}

fn of_whom(view: &View) -> String {
    let runs = if view.live {
        "runs now"
    } else {
        "nothing runs in it"
    };
    format!("Limits of {} ({}, {runs})", view.whose, view.unit)
}

fn one(theme: Theme, text: &str) -> Line {
    vec![(text.to_owned(), theme.text())]
}

fn titles(theme: Theme, width: usize, titles: &[&str]) -> Line {
    let mut text = theme.cell("LIMIT", NAME);
    for title in titles {
        text += &theme.cell_right(title, width);
    }
    vec![(text, theme.heading())]
}

fn of_unit(theme: Theme, view: &View, drift: Vec<&Drift>, across: u16) -> Vec<Line> {
    if view.limits.is_empty() && drift.is_empty() {
        return vec![one(theme, "nothing bounds it")];
    }
    let width = usize::from(across).saturating_sub(NAME + SAID + 1).min(66) / 3;
    let mut lines = vec![titles(theme, width, &["WISHED", "SYSTEMD", "KERNEL"])];
    for row in &view.limits {
        let values = [
            row.wished.clone().unwrap_or_else(|| "-".to_owned()),
            row.told(row.systemd.as_ref()),
            row.told(row.kernel.as_ref()),
        ];
        let mut pieces = vec![(theme.cell(row.key, NAME), theme.strong())];
        for value in values {
            // A gap, however long the value is.
            let cell = theme.cell_right(clean(&value).trim(), width.saturating_sub(1));
            pieces.push((format!(" {cell}"), theme.text()));
        }
        if !row.agrees {
            pieces.push((" differs".to_owned(), theme.warn()));
        }
        lines.push(pieces);
        lines.extend(wrapped(theme, &why(row), across, theme.dim()));
    }
    if !drift.is_empty() {
        lines.push(Vec::new());
        lines.push(vec![("not as the policy says".to_owned(), theme.heading())]);
        for drift in drift {
            lines.extend(wrapped(theme, &sentence(drift), across, theme.warn()));
        }
    }
    lines
}

/// Who wishes a value, until when, and the file that decides.
fn why(row: &view::Row) -> String {
    let mut told = row.origin.clone();
    let told_by = told.get_or_insert_with(|| "no policy wishes it".to_owned());
    if let Some(until) = row.until {
        *told_by += &format!(", until {} UTC", until.strftime("%Y-%m-%d %H:%M"));
    }
    *told_by += &match &row.file {
        Some(file) if row.agrees => format!("; by {file}"),
        Some(file) => format!("; {file} wins"),
        None => "; in no file of systemd's".to_owned(),
    };
    told.unwrap_or_default()
}

fn of_group(theme: Theme, group: &GroupLimits, across: u16) -> Vec<Line> {
    let width = usize::from(across).saturating_sub(NAME).min(30);
    let mut lines = vec![titles(theme, width, &["WISHED"])];
    for wish in &group.limits {
        let value = theme.cell_right(clean(&wish.value).trim(), width);
        lines.push(vec![
            (theme.cell(wish.key, NAME), theme.strong()),
            (value, theme.text()),
        ]);
        let mut said = format!("in {}", wish.file);
        if let Some(until) = wish.until {
            said += &format!(", until {} UTC", until.strftime("%Y-%m-%d %H:%M"));
        }
        lines.extend(wrapped(theme, &said, across, theme.dim()));
    }
    lines.push(Vec::new());
    lines.push(vec![("who has them".to_owned(), theme.heading())]);
    let members = match group.members.as_slice() {
        [] => "nobody who is known here".to_owned(),
        members => members.join(", "),
    };
    lines.extend(wrapped(theme, &members, across, theme.text()));
    let note = "what a person's own table says wins over it";
    lines.extend(wrapped(theme, note, across, theme.dim()));
    lines
}

fn wrapped(theme: Theme, text: &str, across: u16, style: Style) -> Vec<Line> {
    const INDENT: usize = 2;
    let text = theme.shown(&clean(text));
    let parts = wrap::lines(&text, usize::from(across).saturating_sub(INDENT));
    let line = |part: String| vec![(format!("{:INDENT$}{part}", ""), style)];
    parts.into_iter().map(line).collect()
}
