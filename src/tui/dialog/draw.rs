//! How a dialogue looks: a window over the screen that it belongs to.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::text::printable;
use crate::store::receipt::Outcome;
use crate::tui::keys::Action;
use crate::tui::theme::Theme;
use crate::tui::widget::{footer, frame, line};

use super::told::Page;
use super::{Dialog, End, Stage};

/// Nothing reads well in wider windows.
const WIDEST: u16 = 96;
/// Columns beside what is in a frame, and rows above and below it.
const FRAME: (u16, u16) = (6, 2);
/// Fewer rows make a window look like an accident.
const LEAST: u16 = 5;

/// The footer stays in sight.
fn above_the_footer(area: Rect) -> Rect {
    Rect::new(area.x, area.y, area.width, area.height.saturating_sub(1))
}

/// The lines of a window for a page.
fn wanted(page: &Page) -> u16 {
    let lines = page.lines.len().max(page.most);
    u16::try_from(lines).unwrap_or(u16::MAX).max(LEAST)
}

impl Dialog {
    /// Draws it over what is there.
    pub(in crate::tui) fn render(&self, theme: Theme, area: Rect, cells: &mut Buffer) {
        let title = theme.shown(&printable(self.topic.title().as_bytes(), 60));
        let blank = " ".repeat(usize::from(area.width));
        line::put(cells, area, area.height - 1, &[(&blank, theme.text())]);
        footer::render(theme, &self.hints(), area, cells);
        let room = above_the_footer(area);
        let columns = room.width.min(WIDEST);
        if let (Stage::Filling, Some(form)) = (&self.stage, &self.form) {
            let rows = form.rows(theme, columns.saturating_sub(FRAME.0));
            let rows = rows.max(LEAST).saturating_add(FRAME.1);
            let inside = frame::centered(theme, &title, (columns, rows), room, cells);
            form.render(theme, inside, cells);
            return;
        }
        let page = self.page(theme, area);
        let rows = wanted(&page).saturating_add(FRAME.1);
        let inside = frame::centered(theme, &title, (columns, rows), room, cells);
        self.show(theme, &page, inside, cells);
    }

    /// What is in the window, unless that is a form.
    pub(super) fn page(&self, theme: Theme, area: Rect) -> Page {
        let columns = area.width.min(WIDEST).saturating_sub(FRAME.0);
        let mut page = Page::new(theme, usize::from(columns));
        match &self.stage {
            Stage::Gathering => page.say("asking for the keys...", theme.dim()),
            Stage::Filling => {}
            Stage::Planning => page.say("looking at the host and making the plan...", theme.dim()),
            Stage::Shown(plan) => page.plan(plan, self.look, self.note),
            Stage::Running(run) => page.run(run),
            Stage::Ended(end) => page.end(end),
        }
        page
    }

    /// Lines of a page that are seen at once.
    pub(super) fn height(page: &Page, area: Rect) -> usize {
        let room = above_the_footer(area).height.saturating_sub(FRAME.1);
        usize::from(wanted(page).min(room))
    }

    /// The part of a page that is scrolled to; while a plan runs, the step that runs.
    fn show(&self, theme: Theme, page: &Page, inside: Rect, cells: &mut Buffer) {
        let height = usize::from(inside.height);
        let last = page.lines.len().saturating_sub(height);
        let top = match page.seen {
            Some(seen) => seen.saturating_sub(height).max(self.top),
            None => self.top,
        };
        let top = top.min(last);
        for (row, content) in (0..inside.height).zip(page.lines.iter().skip(top)) {
            let pieces: Vec<(&str, Style)> =
                content.iter().map(|(t, s)| (t.as_str(), *s)).collect();
            line::put(cells, inside, row, &pieces);
        }
        if last > 0 {
            let (from, all) = (top + 1, page.lines.len());
            let more = format!(" lines {from}-{} of {all} ", (top + height).min(all));
            // In the frame, which is the row below what is inside.
            let framed = Rect::new(inside.x, inside.y, inside.width, inside.height + 1);
            let pieces = [(more.as_str(), theme.strong())];
            line::put_from(cells, framed, (0, inside.height), &pieces);
        }
    }

    fn hints(&self) -> Vec<(Action, &'static str)> {
        let exactly = if self.look.exactly {
            "one step alone"
        } else {
            "all steps exactly"
        };
        let back = if self.form.is_some() {
            "back to the form"
        } else {
            "leave it"
        };
        match &self.stage {
            Stage::Gathering | Stage::Planning => vec![(Action::Back, back)],
            Stage::Filling => vec![
                (Action::Open, "show the plan"),
                (Action::Next, "next field"),
                (Action::Back, "leave it, nothing is done"),
            ],
            Stage::Shown(plan) if plan.may_be_done() => vec![
                (Action::Approve, "do it"),
                (
                    Action::Back,
                    if self.form.is_some() {
                        "no, back"
                    } else {
                        "no"
                    },
                ),
                (Action::Down, "next step"),
                (Action::Exactly, exactly),
            ],
            Stage::Shown(_) => vec![(Action::Back, back)],
            Stage::Running(run) if run.can_stop() => vec![
                (Action::Undo, "stop, and take back what was done"),
                (Action::Down, "further"),
            ],
            Stage::Running(_) => vec![(Action::Down, "further")],
            Stage::Ended(End::Applied(applied, shown)) => {
                let mut hints = vec![(Action::Back, "close")];
                if shown.handed.welcome.is_some() {
                    hints.push((Action::Write, "write the note"));
                    hints.push((Action::Down, "further"));
                }
                match applied.report.outcome {
                    Outcome::Done => hints.push((Action::Undo, "undo it")),
                    Outcome::Remains => hints.push((Action::Plans, "finish it, or take it back")),
                    Outcome::RolledBack => {}
                }
                hints
            }
            Stage::Ended(End::Nothing(_)) => vec![(Action::Back, back)],
        }
    }
}
