//! The place where one sees which plans were made here, and decides about those that were
//! interrupted; and the line that leads there.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::id::UserName;
use crate::engine::receipts::{Plans, Told};
use crate::tui::dialog::Dialog;
use crate::tui::dialog::topic::Topic;
use crate::tui::errand::{Errand, Known};
use crate::tui::keys::{Action, hint};
use crate::tui::screen::plans::{self, PlanList};
use crate::tui::screen::sheet::{About, Sheet, Subject, clean};
use crate::tui::theme::Theme;
use crate::tui::widget::{footer, line};

use super::question::Question;
use super::{Desk, Place};

/// What is known of plans.
#[derive(Debug, Default)]
pub(super) struct History {
    list: PlanList,
    /// As they were read last, or why they cannot be.
    plans: Option<Result<Plans, String>>,
    /// To the host.
    question: Question,
    /// Where one came from.
    from: Place,
}

impl History {
    fn known(&self) -> Option<&Plans> {
        self.plans.as_ref()?.as_ref().ok()
    }

    /// The plan that a key is about.
    fn selected(&self, sheet: Option<&Sheet>) -> Option<&Told> {
        let known = self.known()?;
        match sheet.map(|sheet| &sheet.subject) {
            Some(Subject::Plan(id)) => plans::all(known).find(|told| told.receipt.id == *id),
            _ => self.list.selected(known),
        }
    }

    pub(super) fn settle(&mut self, rows: u16) {
        if let Some(Ok(known)) = &self.plans {
            self.list.settle(known, rows);
        }
    }

    /// Goes there from somewhere.
    pub(super) fn come_from(&mut self, place: Place) {
        if place != Place::Plans {
            self.from = place;
        }
    }
}

impl Desk {
    /// Reads the plans; one question at a time.
    pub(in crate::tui) fn seek(&mut self) -> Vec<Errand> {
        let ask = self.history.question.ask();
        ask.then_some(Errand::Plans).into_iter().collect()
    }

    /// Takes what was read.
    pub(super) fn learns(&mut self, plans: Result<Plans, String>) -> Vec<Errand> {
        self.history.plans = Some(plans);
        if self.history.question.answered() {
            return self.seek();
        }
        Vec::new()
    }

    /// Reading has failed before it began.
    pub(super) fn learns_nothing(&mut self) {
        self.history.question.failed();
    }

    /// Takes a key at this place; `None` when it is for the whole console.
    pub(super) fn act_on_plans(&mut self, asked: Action) -> Option<Vec<Errand>> {
        match asked {
            Action::Back if self.sheet.take().is_some() => {}
            Action::Back => return Some(self.go(self.history.from)),
            Action::Again => return Some(self.seek()),
            Action::Open if self.sheet.is_none() => {
                let told = self.history.selected(None);
                let subject = told.map(|told| Subject::Plan(told.receipt.id.clone()));
                self.sheet = subject.map(Sheet::new);
            }
            Action::Finish | Action::Undo => return Some(self.decide(asked)),
            Action::Quit | Action::Help | Action::Redraw => return None,
            Action::Usage | Action::Accounts | Action::Groups | Action::Plans | Action::Limits => {
                return None;
            }
            other => match &mut self.sheet {
                Some(sheet) => sheet.act(other),
                None => self.history.list.act(other),
            },
        }
        Some(Vec::new())
    }

    /// Opens the dialogue that finishes a plan or takes it back.
    fn decide(&mut self, asked: Action) -> Vec<Errand> {
        let Some(told) = self.history.selected(self.sheet.as_ref()) else {
            return Vec::new();
        };
        let id = &told.receipt.id;
        if !plans::decisions(told).iter().any(|(may, _)| *may == asked) {
            let what = match asked {
                Action::Finish => "finish",
                _ => "take back",
            };
            let why = format!("{id} is {}: there is nothing to {what}", told.state());
            self.remark = Some(told.attention().unwrap_or(why));
            return Vec::new();
        }
        let topic = match asked {
            Action::Finish => Topic::Finish(id.clone()),
            _ => Topic::Undo(id.clone()),
        };
        let (dialog, reply) = Dialog::open(topic, &Known::default(), self.asked);
        self.dialog = Some(dialog);
        self.after(reply)
    }

    /// The name that a sheet is about, where it is about one.
    pub(super) fn sheet_name(&self) -> Option<UserName> {
        match &self.sheet.as_ref()?.subject {
            Subject::Person(name, _) | Subject::Group(name) => Some(name.clone()),
            Subject::Plan(_) => None,
        }
    }

    pub(super) fn render_plans(&self, theme: Theme, area: Rect, cells: &mut Buffer) {
        let history = &self.history;
        let why = match (&history.plans, &self.sheet) {
            (Some(Ok(_)), Some(sheet)) => {
                let plan = history.selected(Some(sheet));
                let about = About { group: None, plan };
                return sheet.render(theme, about, area, cells);
            }
            (Some(Ok(plans)), None) => {
                let asking = history.question.is_open();
                return history.list.render(theme, (plans, asking), area, cells);
            }
            (Some(Err(why)), _) => why.as_str(),
            (None, _) => "reading what was done here...",
        };
        line::put(cells, area, 0, &[("Plans", theme.strong())]);
        let why = theme.cell(&clean(why), usize::from(area.width));
        line::put(cells, area, 2, &[(&why, theme.text())]);
        let hints = [
            (Action::Back, "back"),
            (Action::Again, "read again"),
            (Action::Help, "keys"),
            (Action::Quit, "quit"),
        ];
        footer::render(theme, &hints, area, cells);
    }

    /// Says above the footer that a plan waits for a decision, and which key leads there; in few
    /// words at the right where that row is `used`.
    pub(in crate::tui) fn notice(&self, theme: Theme, used: bool, area: Rect, cells: &mut Buffer) {
        let waiting = self.history.known().map(|plans| plans.waiting.as_slice());
        let (long, short) = match waiting.unwrap_or_default() {
            [] => return,
            [one] => {
                let intent = clean(&one.receipt.plan.intent);
                let long = format!("a plan that was {}: {intent}", one.state());
                (long, "1 plan waits".to_owned())
            }
            many => {
                let count = format!("{} plans", many.len());
                let long = format!("{count} that wait for a decision");
                (long, format!("{count} wait"))
            }
        };
        let row = area.height.saturating_sub(2);
        if used {
            let text = format!("  {}", hint(Action::Plans, &short));
            line::put_right(cells, area, row, (&theme.shown(&text), theme.warn()), 0);
            return;
        }
        let text = hint(Action::Plans, &format!("shows {long}"));
        let text = theme.cell(&text, usize::from(area.width));
        line::put(cells, area, row, &[(&text, theme.warn())]);
    }
}
