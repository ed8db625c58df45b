//! The state of the console, and how events change it.

use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event;
use ratatui::layout::Rect;

use crate::base::id::UserName;
use crate::engine::triage::Triage;
use crate::model::sample::Focus;
use crate::model::snapshot::{Snapshot, State};
use crate::plan::triage::Act;
use crate::store::history::History;

use super::desk::{Desk, Place};
use super::dialog::limits::throttled;
use super::dialog::topic::Topic;
use super::errand::Errand;
use super::keys::{self, Action};
use super::screen::overview::Overview;
use super::screen::person::Person;
use super::screen::process::Process;
use super::screen::{self, help};
use super::theme::Theme;
use super::widget::line;

pub(super) use super::event::{Effects, Event};

/// How often can be measured, by key.
const INTERVALS_MS: [u64; 8] = [500, 1000, 2000, 3000, 5000, 10_000, 30_000, 60_000];
/// Which of them it is at the start.
const USUAL: usize = 1;

/// So much later than usual, figures are missed.
const LATE: Duration = Duration::from_secs(2);

/// What every screen draws from.
pub(super) struct View<'a> {
    pub(super) theme: Theme,
    pub(super) snapshot: &'a Snapshot,
    pub(super) history: &'a History,
    pub(super) interval: Duration,
    pub(super) paused: bool,
    /// For how many seconds there have been no figures, where that is too long.
    pub(super) late_s: Option<u64>,
}

/// The console.
pub(super) struct App {
    theme: Theme,
    size: Rect,
    snapshot: Option<Arc<Snapshot>>,
    history: History,
    interval: usize,
    paused: bool,
    late_s: Option<u64>,
    /// Why the last key did nothing.
    remark: Option<String>,
    /// While paused: somebody asked for what is not there yet.
    wants_one: bool,
    overview: Overview,
    person: Option<Person>,
    process: Option<Process>,
    desk: Desk,
    help: bool,
}

impl App {
    /// A console that has no figures yet.
    pub(super) fn new(theme: Theme, (columns, rows): (u16, u16)) -> Self {
        Self {
            theme,
            size: Rect::new(0, 0, columns, rows),
            snapshot: None,
            history: History::default(),
            interval: USUAL,
            paused: false,
            late_s: None,
            remark: None,
            wants_one: false,
            overview: Overview::default(),
            person: None,
            process: None,
            desk: Desk::default(),
            help: false,
        }
    }

    /// What is asked before anything happens: whether something was interrupted.
    pub(super) fn first_errands(&mut self) -> Vec<Errand> {
        self.desk.seek()
    }

    /// What is to be looked at closely.
    pub(super) fn focus(&self) -> Option<Focus> {
        self.person.as_ref().map(|person| Focus {
            uid: person.uid(),
            pid: self.process.as_ref().map(Process::pid),
        })
    }

    /// How often to measure.
    pub(super) fn interval(&self) -> Duration {
        Duration::from_millis(INTERVALS_MS[self.interval])
    }

    /// Takes one event in.
    pub(super) fn update(&mut self, event: Event) -> Effects {
        let effects = match event {
            Event::Snapshot(snapshot) => {
                self.history.push(&snapshot);
                self.late_s = None;
                if !self.paused || self.snapshot.is_none() || std::mem::take(&mut self.wants_one) {
                    self.snapshot = Some(snapshot);
                }
                Effects::default()
            }
            Event::Terminal(event::Event::Resize(columns, rows)) => {
                self.size = Rect::new(0, 0, columns, rows);
                Effects::default()
            }
            Event::Terminal(event::Event::Key(key)) => self.key(key),
            Event::Terminal(event::Event::Paste(text)) => {
                self.desk.pasted(&text);
                Effects::default()
            }
            Event::Answer(answer) => Effects::asks(self.desk.answer(answer)),
            Event::Terminal(_) | Event::Nothing => Effects::default(),
            Event::Waited(passed) => {
                let late = passed > self.interval() * 2 + LATE;
                self.late_s = late.then_some(passed.as_secs());
                Effects::default()
            }
            Event::Quit => Effects {
                quit: true,
                ..Effects::default()
            },
        };
        self.wants_one |= effects.focus;
        self.settle();
        effects
    }

    fn key(&mut self, key: event::KeyEvent) -> Effects {
        self.remark = None;
        if !self.help && self.desk.takes_keys() {
            if let Some(errands) = self.desk.key(key) {
                return Effects::asks(errands);
            }
        // While a filter is typed, letters are letters.
        } else if !self.help && self.process.is_none() {
            let taken = match &mut self.person {
                Some(person) => person.filter_mut().typed(key),
                None => self.overview.filter_mut().typed(key),
            };
            if taken {
                return Effects::default();
            }
        }
        keys::action(key).map_or_else(Effects::default, |action| self.act(action))
    }

    fn act(&mut self, action: Action) -> Effects {
        let mut effects = Effects::default();
        match action {
            Action::Quit => effects.quit = true,
            Action::Redraw => effects.redraw = true,
            Action::Help => self.help = !self.help,
            Action::Pause => self.paused = !self.paused,
            Action::Slower | Action::Faster => {
                let slower = (self.interval + 1).min(INTERVALS_MS.len() - 1);
                let faster = self.interval.saturating_sub(1);
                self.interval = if action == Action::Slower {
                    slower
                } else {
                    faster
                };
                effects.pace = true;
            }
            Action::Usage | Action::Accounts | Action::Groups | Action::Plans | Action::Limits
                if !self.help =>
            {
                effects.errands = self.desk.go(match action {
                    Action::Accounts => Place::Accounts,
                    Action::Groups => Place::Groups,
                    Action::Plans => Place::Plans,
                    Action::Limits => Place::Limits,
                    _ => Place::Usage,
                });
            }
            Action::Freeze | Action::Kill | Action::Throttle | Action::Tell if !self.help => {
                match self.triage(action) {
                    Some(Ok(topic)) => effects.errands = self.desk.triage(topic),
                    Some(Err(why)) => self.remark = Some(why),
                    None => {}
                }
            }
            Action::Back => effects.focus = self.back(),
            Action::Open if !self.help => effects.focus = self.open(),
            Action::Open => {}
            _ => match (&mut self.process, &mut self.person) {
                (Some(process), _) => process.act(action),
                (None, Some(person)) => person.act(action),
                (None, None) => self.overview.act(action),
            },
        }
        effects
    }

    /// What a key of triage means where one is: who is selected, or looked at, and what of theirs;
    /// or why it means nothing.
    fn triage(&self, asked: Action) -> Option<Result<Topic, String>> {
        let process = self.process.as_ref().map(Process::pid);
        let (uid, jobs) = match (&self.person, process) {
            (Some(person), Some(pid)) => (person.uid(), vec![pid]),
            (Some(person), None) => (person.uid(), person.selected(self.snapshot.as_ref()?)),
            (None, _) => (self.overview.selected()?, Vec::new()),
        };
        let user = self.snapshot.as_ref()?.user(uid)?;
        let wish = |act| Triage {
            uid,
            name: user.user.to_string(),
            act,
        };
        Some(Ok(match asked {
            Action::Kill if jobs.is_empty() => Topic::Triage(wish(Act::Kill)),
            Action::Kill => {
                let pids = jobs.into_iter().map(|pid| pid.0).collect();
                Topic::Triage(wish(Act::KillJobs(pids)))
            }
            // A uid without a name has no limits of its own in the policy.
            Action::Throttle => match UserName::parse(&user.user) {
                Ok(name) if name.as_str() != uid.to_string() => Topic::SetLimits(throttled(name)),
                _ => {
                    return Some(Err(format!(
                        "uid {uid} has no account the policy could name: z stops it, X ends it"
                    )));
                }
            },
            Action::Tell => Topic::Tell(wish(Act::Tell(String::new()))),
            _ if user.state.contains(&State::Frozen) => Topic::Triage(wish(Act::Thaw)),
            _ => Topic::Triage(wish(Act::Freeze)),
        }))
    }

    /// One step back; tells whether something else is looked at now.
    fn back(&mut self) -> bool {
        if self.help {
            self.help = false;
            return false;
        }
        if self.process.take().is_some() {
            return true;
        }
        if let Some(person) = &mut self.person {
            if person.filter_mut().clear() {
                return false;
            }
            self.person = None;
            return true;
        }
        self.overview.filter_mut().clear();
        false
    }

    /// One step in; tells whether something else is looked at now.
    fn open(&mut self) -> bool {
        match (&self.process, &mut self.person) {
            (Some(_), _) => false,
            (None, Some(person)) => {
                self.process = person.open().map(Process::new);
                self.process.is_some()
            }
            (None, None) => {
                self.person = self.overview.selected().map(Person::new);
                self.person.is_some()
            }
        }
    }

    /// Puts every cursor on a line that exists.
    fn settle(&mut self) {
        self.desk.settle(self.theme, self.size);
        let Some(snapshot) = &self.snapshot else {
            return;
        };
        self.overview.settle(snapshot, self.size);
        if let Some(person) = &mut self.person {
            person.settle(snapshot, self.size);
        }
    }

    /// Draws the console as it is.
    pub(super) fn render(&self, area: Rect, cells: &mut Buffer) {
        if area.width < screen::SMALLEST.0 || area.height < screen::SMALLEST.1 {
            screen::too_small(area, cells);
            return;
        }
        if self.desk.is_open() {
            self.desk.render(self.theme, area, cells);
        } else {
            self.render_usage(area, cells);
        }
        if self.help {
            help::render(self.theme, area, cells);
        }
    }

    fn render_usage(&self, area: Rect, cells: &mut Buffer) {
        let Some(snapshot) = &self.snapshot else {
            screen::waiting(self.theme, area, cells);
            return;
        };
        let view = View {
            theme: self.theme,
            snapshot,
            history: &self.history,
            interval: self.interval(),
            paused: self.paused,
            late_s: self.late_s,
        };
        match (&self.process, &self.person) {
            (Some(process), _) => process.render(&view, area, cells),
            (None, Some(person)) => person.render(&view, area, cells),
            (None, None) => {
                self.overview.render(&view, area, cells);
                let used = self.overview.says_below();
                self.desk.notice(self.theme, used, area, cells);
            }
        }
        if let Some(remark) = &self.remark {
            let text = self.theme.cell(remark, usize::from(area.width));
            line::put(cells, area, area.height - 2, &[(&text, self.theme.warn())]);
        }
        self.desk.render_dialog(self.theme, area, cells);
    }
}
