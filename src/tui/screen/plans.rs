//! Plans that were made here: those that wait for a decision come first, then what was done last.
//! Under the list stands what is known of the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::text::counted;
use crate::engine::receipts::{Plans, Told};
use crate::tui::keys::Action;
use crate::tui::theme::Theme;
use crate::tui::widget::list::Cursor;
use crate::tui::widget::table::Column;
use crate::tui::widget::{footer, line, table};

use super::overview::step;
use super::sheet;

/// Rows above the list: a title, an empty one and the column titles.
const ABOVE: u16 = 3;
/// And below: an empty one, and the footer.
const BELOW: u16 = 2;
/// The list gets so many rows at least, where there are so many plans.
const LEAST: u16 = 4;

/// Which plan is selected.
#[derive(Debug, Default)]
pub(in crate::tui) struct PlanList {
    cursor: Cursor<u64>,
    /// The plans that are shown, as [`key`] names them.
    keys: Vec<u64>,
}

/// What a plan stays known by when they are read again: the digits of its name, which is a time.
fn key(told: &Told) -> u64 {
    let digits = told.receipt.id.bytes().filter(u8::is_ascii_digit);
    digits.fold(0, |sum, digit| {
        sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))
    })
}

/// All of them, in the order they are shown.
pub(in crate::tui) fn all(plans: &Plans) -> impl Iterator<Item = &Told> {
    plans.waiting.iter().chain(&plans.ended)
}

impl PlanList {
    pub(in crate::tui) fn selected<'a>(&self, plans: &'a Plans) -> Option<&'a Told> {
        let selected = self.cursor.key()?;
        all(plans).find(|told| key(told) == selected)
    }

    pub(in crate::tui) fn act(&mut self, action: Action) {
        if let Some(step) = step(action) {
            self.cursor.step(step, &self.keys);
        }
    }

    pub(in crate::tui) fn settle(&mut self, plans: &Plans, rows: u16) {
        self.keys = all(plans).map(key).collect();
        let height = list_rows(self.keys.len(), rows);
        self.cursor.settle(&self.keys, usize::from(height));
    }

    pub(in crate::tui) fn render(
        &self,
        theme: Theme,
        (plans, asking): (&Plans, bool),
        area: Rect,
        cells: &mut Buffer,
    ) {
        let waiting = match plans.waiting.len() as u64 {
            0 => "  none waits for a decision".to_owned(),
            1 => "  1 waits for a decision".to_owned(),
            more => format!("  {more} wait for a decision"),
        };
        let style = if plans.waiting.is_empty() {
            theme.dim()
        } else {
            theme.warn()
        };
        let pieces = [("Plans", theme.strong()), (waiting.as_str(), style)];
        let taken = line::put(cells, area, 0, &pieces);
        corner(theme, plans, asking, taken, area, cells);
        let columns = columns(area.width);
        table::titles(theme, &columns, usize::MAX, (ABOVE - 1, area), cells);
        if self.keys.is_empty() {
            let none = "nothing was changed here with benchwarden yet";
            line::put(cells, area, ABOVE, &[(none, theme.dim())]);
        }
        let room = list_rows(self.keys.len(), area.height);
        let shown = all(plans).skip(self.cursor.top());
        for (row, told) in (0..room).zip(shown) {
            let content = content(theme, told);
            let chosen = self.cursor.key() == Some(key(told));
            table::row(
                theme,
                &columns,
                &content,
                chosen,
                (ABOVE + row, area),
                cells,
            );
        }
        if let Some(told) = self.selected(plans) {
            below(theme, told, ABOVE + room, area, cells);
        }
        footer::render(theme, &self.hints(plans), area, cells);
    }

    fn hints(&self, plans: &Plans) -> Vec<(Action, &'static str)> {
        let mut hints = self.selected(plans).map_or_else(Vec::new, decisions);
        hints.extend([
            (Action::Open, "all of it"),
            (Action::Back, "back"),
            (Action::Again, "read again"),
            (Action::Help, "keys"),
        ]);
        hints
    }
}

/// What can be decided about a plan.
pub(in crate::tui) fn decisions(told: &Told) -> Vec<(Action, &'static str)> {
    match (told.first.is_some(), told.receipt.is_open(), told.state()) {
        (true, ..) => Vec::new(),
        (_, true, _) => vec![
            (Action::Finish, "finish it"),
            (Action::Undo, "take it back"),
        ],
        (_, _, "done") => vec![(Action::Undo, "take it back")],
        _ => Vec::new(),
    }
}

/// Rows of the list, of so many on the screen: at most the upper half.
fn list_rows(plans: usize, rows: u16) -> u16 {
    let room = rows.saturating_sub(ABOVE + BELOW);
    let wanted = u16::try_from(plans).unwrap_or(u16::MAX);
    wanted.min((room / 2).max(LEAST)).min(room)
}

/// That they are being read, who changes the host now, or what cannot be read.
fn corner(theme: Theme, plans: &Plans, asking: bool, taken: u16, area: Rect, cells: &mut Buffer) {
    let (text, style) = match (&plans.busy, plans.damaged.first()) {
        _ if asking => ("reading...".to_owned(), theme.dim()),
        (Some(who), _) => (format!("being done now: {who}"), theme.text()),
        (None, Some(why)) => (why.clone(), theme.warn()),
        (None, None) => return,
    };
    let width = usize::from(area.width.saturating_sub(taken + 2));
    let text = theme.cell(&sheet::clean(&text), width);
    line::put_right(cells, area, 0, (text.trim_end(), style), taken);
}

fn columns(across: u16) -> [Column; 4] {
    let text = |title, width| Column {
        title,
        width,
        number: false,
    };
    [
        text("WHEN (UTC)", 16),
        text("STATE", 11),
        text("BY", if across >= 110 { 24 } else { 10 }),
        text("PLAN", 0),
    ]
}

fn content(theme: Theme, told: &Told) -> [(String, Style); 4] {
    let style = if told.receipt.is_open() {
        theme.warn()
    } else {
        theme.dim()
    };
    let receipt = &told.receipt;
    [
        (told.when(), theme.dim()),
        (told.state().to_owned(), style),
        (sheet::clean(&receipt.actor.user), theme.dim()),
        (sheet::clean(&receipt.plan.intent), theme.text()),
    ]
}

/// What is known of the selected one, a row each, as far as there is room.
fn below(theme: Theme, told: &Told, from: u16, area: Rect, cells: &mut Buffer) {
    let (top, end) = (from + 1, area.height.saturating_sub(BELOW - 1));
    let room = usize::from(end.saturating_sub(top));
    let rows = sheet::rows(theme, &lines(told), area.width, false);
    let cut = rows.len() > room;
    let fits = if cut { room.saturating_sub(1) } else { room };
    for (row, pieces) in (top..end).zip(rows.iter().take(fits)) {
        let (label, text, style) = pieces;
        let pieces = [(label.as_str(), theme.heading()), (text.as_str(), *style)];
        line::put(cells, area, row, &pieces);
    }
    if cut && top < end {
        let more = counted((rows.len() - fits) as u64, "line", "lines");
        let more = format!("{more} more: Enter shows all of it");
        line::put(cells, area, end - 1, &[(&more, theme.dim())]);
    }
}

/// Everything that is known of a plan: words at the left, and what they are about.
pub(in crate::tui) fn lines(told: &Told) -> Vec<(&'static str, String)> {
    let receipt = &told.receipt;
    let mut lines = vec![
        ("plan", format!("{}: {}", receipt.id, receipt.plan.intent)),
        (
            "by",
            format!("{}, {} UTC", receipt.actor.in_words(), told.when()),
        ),
    ];
    if let Some(settled) = &receipt.settled {
        lines.push((
            "since then",
            format!("{} by plan {}", told.state(), settled.by),
        ));
    }
    if receipt.is_open() {
        lines.push(("left", told.left()));
    }
    lines.extend(told.attention().map(|text| ("attention", text)));
    let steps = told.steps().enumerate();
    lines.extend(steps.map(|(at, (word, what))| (word, format!("{}. {what}", at + 1))));
    lines
}
