//! Dialogues: a form where something has to be asked, the plan that follows from it, its progress
//! and what became of it. Until the plan is approved every one of them can be left without effect.

mod answers;
mod draw;
mod fill;
mod groups;
mod keys;
pub(super) mod limits;
mod lists;
mod number;
mod person;
mod remove;
mod run;
mod scroll;
mod told;
pub(super) mod topic;
mod words;

use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::base::id::UserName;
use crate::engine::changes::{Applied, Intent};
use crate::plan::Plan;
use crate::store::receipt::Outcome;

use super::errand::{Errand, Handed, Known, Order, Password, Progress};
use super::keys::{Action, action};
use super::theme::Theme;
use super::widget::form::Form;

use keys::KeyFile;
use run::Run;
use told::Look;
use topic::Topic;

/// A dialogue.
#[derive(Debug)]
pub(super) struct Dialog {
    topic: Topic,
    form: Option<Form>,
    stage: Stage,
    /// What the plan is made of.
    wish: Option<(Intent, Password)>,
    /// The question that an answer is waited for.
    number: u64,
    /// What of a plan is looked at closely.
    look: Look,
    /// Why the plan is shown once more.
    note: Option<&'static str>,
    /// The file with keys that was named last.
    file: Option<KeyFile>,
    top: usize,
    /// How it is drawn, once that is known: scrolling depends on it.
    seen_on: Option<(Theme, Rect)>,
}

/// Where a dialogue stands.
#[derive(Debug)]
enum Stage {
    /// What the form is made of is asked for.
    Gathering,
    Filling,
    /// The plan is being made.
    Planning,
    Shown(Plan),
    Running(Run),
    Ended(End),
}

/// How it ended.
#[derive(Debug)]
enum End {
    /// A plan was begun.
    Applied(Box<Applied>, Shown),
    /// Nothing was done, and why.
    Nothing(String),
}

/// What is shown at the end of a plan, here and nowhere else.
#[derive(Debug)]
struct Shown {
    handed: Handed,
    /// Whether the note is being written, or was.
    asked: bool,
    /// Where the note for a newcomer was written, or why it was not.
    written: Option<Result<String, String>>,
}

impl Shown {
    /// What became of the note; one that was not written may be asked for again.
    fn wrote(&mut self, path: Result<String, String>) {
        self.asked = path.is_ok();
        self.written = Some(path);
    }
}

/// The file that the note about a plan is written into: in the directory that the console was
/// started in.
fn note_file(applied: &Applied) -> String {
    format!("welcome-{}.txt", applied.plan.about)
}

/// What a dialogue asks for after an event.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// It is over.
    pub(super) close: bool,
    pub(super) errands: Vec<Errand>,
}

impl Reply {
    fn close() -> Self {
        Self {
            close: true,
            ..Self::default()
        }
    }

    fn ask(errand: Errand) -> Self {
        Self {
            close: false,
            errands: vec![errand],
        }
    }
}

impl Dialog {
    /// Opens a dialogue; its questions have numbers after `number`.
    pub(super) fn open(topic: Topic, known: &Known, number: u64) -> (Self, Reply) {
        let mut dialog = Self {
            form: topic.form(known),
            topic,
            stage: Stage::Filling,
            wish: None,
            number,
            look: Look::default(),
            note: None,
            file: None,
            top: 0,
            seen_on: None,
        };
        let reply = if dialog.form.is_some() {
            dialog.judge(known);
            Reply::default()
        } else {
            dialog.ask_plan()
        };
        (dialog, reply)
    }

    /// Opens the dialogue of somebody's keys, which have to be read first.
    pub(super) fn of_keys(name: &UserName, number: u64) -> (Self, Reply) {
        let dialog = Self {
            topic: Topic::Keys(name.as_str().to_owned(), Vec::new()),
            form: None,
            stage: Stage::Gathering,
            wish: None,
            number,
            look: Look::default(),
            note: None,
            file: None,
            top: 0,
            seen_on: None,
        };
        (dialog, Reply::ask(Errand::Person(name.clone())))
    }

    /// The number of its last question.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether a plan is being done, so that nothing ends it.
    pub(super) fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running(_))
    }

    /// Whether it ended badly and something of it waits for a decision.
    pub(super) fn left_something(&self) -> bool {
        matches!(&self.stage, Stage::Ended(End::Applied(applied, _))
            if applied.report.outcome == Outcome::Remains)
    }

    /// Takes a key; `None` when it means nothing here.
    pub(super) fn key(&mut self, key: KeyEvent, known: &Known) -> Option<Reply> {
        let asked = action(key);
        match &mut self.stage {
            Stage::Filling => self.fill(key, known),
            Stage::Gathering | Stage::Planning => (asked? == Action::Back).then(|| self.one_back()),
            Stage::Running(run) => {
                let asked = asked?;
                if asked == Action::Undo && run.can_stop() {
                    run.stops = true;
                    return Some(Reply::ask(Errand::Stop));
                }
                run.wants_out |= matches!(asked, Action::Back | Action::Quit);
                self.scroll(asked);
                Some(Reply::default())
            }
            Stage::Shown(_) => match asked? {
                Action::Back => Some(self.one_back()),
                Action::Approve => Some(self.approve()),
                other => self.look(other),
            },
            Stage::Ended(end) => match (asked?, &*end) {
                (Action::Back | Action::Open, End::Nothing(_)) => Some(self.one_back()),
                (Action::Back | Action::Open, _) => Some(Reply::close()),
                (Action::Undo, End::Applied(applied, _))
                    if applied.report.outcome == Outcome::Done =>
                {
                    self.topic = self.topic.undo(&applied.id);
                    self.form = None;
                    Some(self.ask_plan())
                }
                (Action::Write, _) => self.write_note(),
                (other, _) => self.look(other),
            },
        }
    }

    /// Asks for the note to be written, once.
    fn write_note(&mut self) -> Option<Reply> {
        let Stage::Ended(End::Applied(applied, shown)) = &mut self.stage else {
            return None;
        };
        let note = shown.handed.welcome.as_ref().filter(|_| !shown.asked)?;
        let (file, text) = (note_file(applied), note.text.clone());
        shown.asked = true;
        self.number += 1;
        Some(Reply::ask(Errand::Write(self.number, file, text)))
    }

    /// Asks what the form, or the topic alone, means.
    fn ask_plan(&mut self) -> Reply {
        self.top = 0;
        self.look.step = 0;
        match self.topic.intent(self.form.as_ref()) {
            Ok((intent, password)) => {
                self.number += 1;
                self.stage = Stage::Planning;
                self.wish = Some((intent.clone(), password));
                Reply::ask(Errand::Plan(self.number, intent))
            }
            Err(why) => {
                self.stage = Stage::Ended(End::Nothing(why));
                Reply::default()
            }
        }
    }

    /// Back to the form, or out where there is none. What was asked is not waited for.
    fn one_back(&mut self) -> Reply {
        self.number += 1;
        self.note = None;
        if self.form.is_none() {
            return Reply::close();
        }
        self.stage = Stage::Filling;
        Reply::default()
    }

    fn approve(&mut self) -> Reply {
        let Stage::Shown(plan) = &self.stage else {
            return Reply::default();
        };
        let Some((intent, password)) = &self.wish else {
            return Reply::default();
        };
        if !plan.may_be_done() {
            return Reply::default();
        }
        self.number += 1;
        self.top = 0;
        let order = Order {
            intent: intent.clone(),
            fingerprint: plan.fingerprint(),
            password: password.clone(),
        };
        self.stage = Stage::Running(Run::new(plan.clone()));
        Reply::ask(Errand::Apply(self.number, Box::new(order)))
    }

    /// What only changes the picture.
    fn look(&mut self, asked: Action) -> Option<Reply> {
        match asked {
            Action::Exactly => {
                self.look.exactly = !self.look.exactly;
                self.bring_into_sight();
            }
            Action::Redraw | Action::Help => return None,
            other => self.scroll(other),
        }
        Some(Reply::default())
    }
}
