//! The part of the console where accounts and groups are seen and changed: which of its screens
//! one is on, what is known of people, and the dialogue that is open.

mod begin;
mod limits;
mod plans;
mod question;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

use super::dialog::{Dialog, Reply};
use super::errand::{Answer, Errand, Known};
use super::keys::{Action, action};
use super::screen::accounts::Accounts;
use super::screen::groups::Groups;
use super::screen::sheet::{About, Sheet, Subject};
use super::theme::Theme;
use super::widget::filter::Filter;
use super::widget::{footer, line};

use limits::Limited;
use plans::History;
use question::Question;

/// Where one is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// Not here: where one sees who uses what.
    #[default]
    Usage,
    Accounts,
    Groups,
    /// Where one sees which plans were made here.
    Plans,
    /// Where one sees what everybody may use.
    Limits,
}

/// Accounts and groups.
#[derive(Debug, Default)]
pub(super) struct Desk {
    place: Place,
    known: Option<Known>,
    /// To the directory.
    question: Question,
    accounts: Accounts,
    groups: Groups,
    sheet: Option<Sheet>,
    dialog: Option<Dialog>,
    history: History,
    limited: Limited,
    /// The number of the last question of a dialogue.
    asked: u64,
    /// Why the last key did nothing.
    remark: Option<String>,
}

impl Desk {
    /// Whether one of its screens is seen.
    pub(super) fn is_open(&self) -> bool {
        self.place != Place::Usage
    }

    /// Whether it takes keys: a dialogue is open over where one sees who uses what.
    pub(super) fn takes_keys(&self) -> bool {
        self.is_open() || self.dialog.is_some()
    }

    /// Draws the dialogue that is open over another screen.
    pub(super) fn render_dialog(&self, theme: Theme, area: Rect, cells: &mut Buffer) {
        if let Some(dialog) = &self.dialog {
            dialog.render(theme, area, cells);
        }
    }

    /// Whether a plan is being done, so that no key leaves the console.
    fn holds(&self) -> bool {
        self.dialog.as_ref().is_some_and(Dialog::is_running)
    }

    /// Goes somewhere; accounts are read anew on every way in.
    pub(super) fn go(&mut self, place: Place) -> Vec<Errand> {
        let from = std::mem::replace(&mut self.place, place);
        if from == place || place == Place::Usage {
            return Vec::new();
        }
        self.sheet = None;
        if place == Place::Plans {
            self.history.come_from(from);
            return self.seek();
        }
        if place == Place::Limits {
            self.limited.enter();
            return self.measure();
        }
        if matches!(from, Place::Usage | Place::Limits) || self.known.is_none() {
            return self.ask();
        }
        Vec::new()
    }

    /// Asks who there is; one question at a time.
    fn ask(&mut self) -> Vec<Errand> {
        let ask = self.question.ask();
        ask.then_some(Errand::People).into_iter().collect()
    }

    /// Takes a key; `None` when it is for the whole console.
    pub(super) fn key(&mut self, key: KeyEvent) -> Option<Vec<Errand>> {
        self.remark = None;
        let asked = action(key);
        let interrupt = key.modifiers.contains(KeyModifiers::CONTROL);
        if asked == Some(Action::Quit) && interrupt && !self.holds() {
            return None;
        }
        let leaves = self.dialog.as_ref().is_some_and(Dialog::left_something);
        if asked == Some(Action::Plans) && leaves {
            self.dialog = None;
            return Some(self.go(Place::Plans));
        }
        if let Some(dialog) = &mut self.dialog {
            let nothing = Known::default();
            let known = self.known.as_ref().unwrap_or(&nothing);
            return match dialog.key(key, known) {
                Some(reply) => Some(self.after(reply)),
                None if matches!(asked, Some(Action::Help | Action::Redraw)) => None,
                None => Some(Vec::new()),
            };
        }
        if self.place == Place::Plans {
            return self.act_on_plans(asked?);
        }
        let is_list = match self.place {
            Place::Limits => self.limited.is_listed(),
            _ => self.sheet.is_none(),
        };
        if is_list && self.filter_mut().typed(key) {
            return Some(Vec::new());
        }
        if self.place == Place::Limits {
            return self.act_on_limits(asked?);
        }
        self.act(asked?)
    }

    fn filter_mut(&mut self) -> &mut Filter {
        match self.place {
            Place::Groups => self.groups.filter_mut(),
            Place::Limits => self.limited.list.filter_mut(),
            _ => self.accounts.filter_mut(),
        }
    }

    fn act(&mut self, asked: Action) -> Option<Vec<Errand>> {
        match asked {
            Action::Back => self.back(),
            Action::Again => return Some(self.ask()),
            Action::Open if self.sheet.is_none() => return Some(self.open()),
            Action::New
            | Action::Modify
            | Action::Suspend
            | Action::SshKeys
            | Action::Remove
            | Action::Join
            | Action::Leave => return Some(self.begin(asked)),
            Action::Quit | Action::Help | Action::Redraw => return None,
            Action::Usage | Action::Accounts | Action::Groups | Action::Plans | Action::Limits => {
                return None;
            }
            other => match (&mut self.sheet, self.place) {
                (Some(sheet), _) => sheet.act(other),
                (None, Place::Groups) => self.groups.act(other),
                (None, _) => self.accounts.act(other),
            },
        }
        Some(Vec::new())
    }

    fn back(&mut self) {
        if self.sheet.take().is_some() {
            return;
        }
        if !self.filter_mut().clear() {
            self.place = Place::Usage;
        }
    }

    /// Opens the sheet of what is selected.
    fn open(&mut self) -> Vec<Errand> {
        match self.subject() {
            Ok(name) if self.place == Place::Groups => {
                self.sheet = Some(Sheet::new(Subject::Group(name)));
            }
            Ok(name) => {
                self.sheet = Some(Sheet::new(Subject::Person(name.clone(), None)));
                return vec![Errand::Person(name)];
            }
            Err(why) => self.remark = Some(why),
        }
        Vec::new()
    }

    /// What follows from a reply of the dialogue.
    fn after(&mut self, reply: Reply) -> Vec<Errand> {
        if let Some(dialog) = &self.dialog {
            self.asked = dialog.number();
        }
        if reply.close {
            self.dialog = None;
        }
        let mut errands = Vec::new();
        for errand in reply.errands {
            match errand {
                Errand::People => {
                    errands.extend(self.ask());
                    if self.place == Place::Limits {
                        errands.extend(self.measure());
                    }
                }
                Errand::Plans => errands.extend(self.seek()),
                other => errands.push(other),
            }
        }
        errands
    }

    /// Takes what was pasted.
    pub(super) fn pasted(&mut self, text: &str) {
        let nothing = Known::default();
        if let Some(dialog) = &mut self.dialog {
            dialog.pasted(text, self.known.as_ref().unwrap_or(&nothing));
        }
    }

    /// Takes an answer.
    pub(super) fn answer(&mut self, answer: Answer) -> Vec<Errand> {
        match answer {
            Answer::People(known) => {
                self.known = Some(*known);
                let mut errands = Vec::new();
                if self.question.answered() {
                    errands.extend(self.ask());
                }
                if let Some(Sheet {
                    subject: Subject::Person(name, _),
                    ..
                }) = &self.sheet
                {
                    errands.push(Errand::Person(name.clone()));
                }
                errands
            }
            Answer::Person(name, details) => {
                if let Some(sheet) = &mut self.sheet {
                    sheet.learns(&name, details.as_deref());
                }
                if let (Some(dialog), Some(known)) = (&mut self.dialog, &self.known) {
                    dialog.gathered(&name, details.as_deref(), known);
                }
                Vec::new()
            }
            Answer::Plans(plans) => self.learns(*plans),
            Answer::Limits(bounds) => self.learns_limits(*bounds),
            Answer::KeyFile(number, text) => {
                if let (Some(dialog), Some(known)) = (&mut self.dialog, &self.known) {
                    dialog.key_file(number, text, known);
                }
                Vec::new()
            }
            other => {
                if let Answer::Failed(None, why) = &other {
                    self.question.failed();
                    self.learns_nothing();
                    self.learns_no_limits();
                    self.remark = Some(why.clone());
                }
                let reply = self.dialog.as_mut().map(|dialog| dialog.answer(other));
                reply.map_or_else(Vec::new, |reply| self.after(reply))
            }
        }
    }

    /// Puts every cursor on a line that exists.
    pub(super) fn settle(&mut self, theme: Theme, area: Rect) {
        let rows = area.height;
        if let Some(dialog) = &mut self.dialog {
            dialog.settle(theme, area);
        }
        self.history.settle(rows);
        self.limited.settle(rows);
        if let Some(known) = &self.known {
            match self.place {
                Place::Usage | Place::Plans | Place::Limits => {}
                Place::Accounts => self.accounts.settle(&known.people, rows),
                Place::Groups => self.groups.settle(&known.people, rows),
            }
        }
    }

    /// Draws the screen one is on, and the dialogue over it.
    pub(super) fn render(&self, theme: Theme, area: Rect, cells: &mut Buffer) {
        let asking = self.question.is_open();
        match (&self.known, &self.sheet) {
            _ if self.place == Place::Plans => self.render_plans(theme, area, cells),
            _ if self.place == Place::Limits => self.render_limits(theme, area, cells),
            (None, _) => self.waiting(theme, area, cells),
            (Some(known), Some(sheet)) => {
                let group = match &sheet.subject {
                    Subject::Group(name) => known.people.group(name),
                    Subject::Person(..) | Subject::Plan(_) => None,
                };
                let about = About { group, plan: None };
                sheet.render(theme, about, area, cells);
            }
            (Some(Known { people, .. }), None) => match self.place {
                Place::Groups => self.groups.render(theme, people, asking, area, cells),
                _ => self.accounts.render(theme, people, asking, area, cells),
            },
        }
        if let Some(remark) = &self.remark {
            let text = theme.cell(remark, usize::from(area.width));
            line::put(cells, area, area.height - 2, &[(&text, theme.warn())]);
        } else if self.sheet.is_none() && self.dialog.is_none() && self.place != Place::Plans {
            let used = match self.place {
                Place::Groups => self.groups.filter().is_seen(),
                Place::Limits => !self.limited.is_listed() || self.limited.list.filter().is_seen(),
                _ => self.accounts.filter().is_seen(),
            };
            self.notice(theme, used, area, cells);
        }
        self.render_dialog(theme, area, cells);
    }

    fn waiting(&self, theme: Theme, area: Rect, cells: &mut Buffer) {
        let title = match self.place {
            Place::Groups => "Groups",
            _ => "Accounts",
        };
        line::put(cells, area, 0, &[(title, theme.strong())]);
        line::put(cells, area, 2, &[("asking the directory...", theme.dim())]);
        let hints = [
            (Action::Back, "back"),
            (Action::Help, "keys"),
            (Action::Quit, "quit"),
        ];
        footer::render(theme, &hints, area, cells);
    }
}
