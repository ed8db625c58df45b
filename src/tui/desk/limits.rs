//! The place where one sees what everybody may use, and changes it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::host::policy::{CONSOLE, CONSOLE_UNTIL};
use crate::policy::schema::Key;
use crate::tui::dialog::Dialog;
use crate::tui::dialog::limits::Now;
use crate::tui::dialog::topic::Topic;
use crate::tui::errand::{Bounds, Errand, Known};
use crate::tui::keys::Action;
use crate::tui::screen::limits::detail::Detail;
use crate::tui::screen::limits::{LimitList, Row, all};
use crate::tui::screen::sheet::clean;
use crate::tui::theme::Theme;
use crate::tui::widget::{footer, line, wrap};

use super::question::Question;
use super::{Desk, Place};

/// What is known of limits.
#[derive(Debug, Default)]
pub(super) struct Limited {
    pub(super) list: LimitList,
    /// As they were read last, or why they cannot be.
    bounds: Option<Result<Bounds, String>>,
    detail: Option<Detail>,
    /// To the host.
    question: Question,
}

impl Limited {
    fn known(&self) -> Option<&Bounds> {
        self.bounds.as_ref()?.as_ref().ok()
    }

    /// What a key is about.
    fn selected(&self) -> Option<Row<'_>> {
        let known = self.known()?;
        match &self.detail {
            Some(detail) => all(known).find(|row| row.key() == detail.key),
            None => self.list.selected(known),
        }
    }

    pub(super) fn settle(&mut self, rows: u16) {
        if let Some(Ok(known)) = &self.bounds {
            self.list.settle(known, rows);
        }
    }

    /// Whether letters are of a filter, and not of the detail.
    pub(super) fn is_listed(&self) -> bool {
        self.detail.is_none()
    }

    /// Goes there anew.
    pub(super) fn enter(&mut self) {
        self.detail = None;
    }
}

impl Desk {
    /// Reads the limits; one question at a time.
    pub(super) fn measure(&mut self) -> Vec<Errand> {
        let ask = self.limited.question.ask();
        ask.then_some(Errand::Limits).into_iter().collect()
    }

    /// Takes what was read.
    pub(super) fn learns_limits(&mut self, bounds: Result<Bounds, String>) -> Vec<Errand> {
        self.limited.bounds = Some(bounds);
        if self.limited.question.answered() {
            return self.measure();
        }
        Vec::new()
    }

    /// Reading has failed before it began.
    pub(super) fn learns_no_limits(&mut self) {
        self.limited.question.failed();
    }

    /// Takes a key at this place; `None` when it is for the whole console.
    pub(super) fn act_on_limits(&mut self, asked: Action) -> Option<Vec<Errand>> {
        match asked {
            Action::Back if self.limited.detail.take().is_some() => {}
            Action::Back if self.limited.list.filter_mut().clear() => {}
            Action::Back => return Some(self.go(Place::Usage)),
            Action::Again => return Some(self.measure()),
            Action::Open if self.limited.detail.is_none() => {
                let key = self.limited.selected().map(|row| row.key());
                self.limited.detail = key.map(Detail::new);
            }
            Action::Modify | Action::Remove => return Some(self.change(asked)),
            Action::Mend => return Some(self.begin_limits(Topic::Mend)),
            Action::Apply => return Some(self.begin_limits(Topic::ApplyPolicy)),
            Action::Quit | Action::Help | Action::Redraw => return None,
            Action::Usage | Action::Accounts | Action::Groups | Action::Plans | Action::Limits => {
                return None;
            }
            other => match &mut self.limited.detail {
                Some(detail) => detail.act(other),
                None => self.limited.list.act(other),
            },
        }
        Some(Vec::new())
    }

    /// Opens the form that sets or clears limits of what is selected.
    fn change(&mut self, asked: Action) -> Vec<Errand> {
        let Some(row) = self.limited.selected() else {
            return Vec::new();
        };
        let now = match now(row) {
            Ok(now) => now,
            Err(why) => {
                self.remark = Some(why);
                return Vec::new();
            }
        };
        if asked == Action::Modify {
            return self.begin_limits(Topic::SetLimits(now));
        }
        if now.ours.is_empty() {
            let whose = &now.whose;
            let why =
                format!("nothing was set for {whose} here; what other files say is changed there");
            self.remark = Some(why);
            return Vec::new();
        }
        self.begin_limits(Topic::ClearLimits(now))
    }

    fn begin_limits(&mut self, topic: Topic) -> Vec<Errand> {
        let (dialog, reply) = Dialog::open(topic, &Known::default(), self.asked);
        self.dialog = Some(dialog);
        self.after(reply)
    }

    pub(super) fn render_limits(&self, theme: Theme, area: Rect, cells: &mut Buffer) {
        let limited = &self.limited;
        let why = match (&limited.bounds, &limited.detail) {
            (Some(Ok(bounds)), Some(detail)) => return detail.render(theme, bounds, area, cells),
            (Some(Ok(bounds)), None) => {
                let asking = limited.question.is_open();
                return limited.list.render(theme, (bounds, asking), area, cells);
            }
            (Some(Err(why)), _) => {
                format!("{why}. What was applied before stays in force; r reads it again.")
            }
            (None, _) => "reading the policy, systemd and the kernel...".to_owned(),
        };
        line::put(cells, area, 0, &[("Limits", theme.strong())]);
        let lines = wrap::lines(&theme.shown(&clean(&why)), usize::from(area.width));
        for (row, part) in (2..area.height.saturating_sub(2)).zip(lines) {
            line::put(cells, area, row, &[(&part, theme.text())]);
        }
        let hints = [
            (Action::Back, "back"),
            (Action::Again, "read again"),
            (Action::Help, "keys"),
            (Action::Quit, "quit"),
        ];
        footer::render(theme, &hints, area, cells);
    }
}

/// What a form has to know of a row.
fn now(row: Row<'_>) -> Result<Now, String> {
    let scope = row.scope()?;
    let said_here = |origin: &str| {
        let own = |file: &str| origin == file || origin == format!("[limits.{scope}] in {file}");
        own(CONSOLE) || own(CONSOLE_UNTIL)
    };
    let wished: Vec<(&str, String, String)> = match row {
        Row::Unit(view) => {
            let rows = view.limits.iter();
            let wished =
                rows.filter_map(|row| Some((row.key, row.wished.clone()?, row.origin.clone()?)));
            wished.collect()
        }
        Row::Group(group) => {
            let limits = group.limits.iter();
            let wished = limits.map(|limit| (limit.key, limit.value.clone(), limit.file.clone()));
            wished.collect()
        }
    };
    let known = wished.into_iter();
    let wished: Vec<(Key, String, String)> = known
        .filter_map(|(key, value, from)| Some((Key::find(key)?, value, from)))
        .collect();
    let ours = wished.iter().filter(|(.., from)| said_here(from));
    Ok(Now {
        ours: ours.map(|(key, ..)| *key).collect(),
        whose: row.whose(),
        scope,
        wished,
        throttles: false,
    })
}
