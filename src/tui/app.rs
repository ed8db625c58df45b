//! The state of the console, and how events change it.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event;
use ratatui::layout::Rect;

use crate::base::id::Uid;
use crate::model::snapshot::Snapshot;
use crate::store::history::History;

use super::keys::{self, Action};
use super::screen::overview::Overview;
use super::screen::person::Person;
use super::screen::{self, help};
use super::theme::Theme;

/// What can happen.
pub(super) enum Event {
    /// New figures.
    Snapshot(Arc<Snapshot>),
    /// A key, a paste or a new size.
    Terminal(event::Event),
    /// Somebody ends the program.
    Quit,
    /// A wake-up whose reason has passed.
    Nothing,
}

/// What has to be done outside after an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// Leave.
    pub(super) quit: bool,
    /// Send the whole picture again.
    pub(super) redraw: bool,
    /// Look at another person.
    pub(super) focus: bool,
}

impl Effects {
    /// Both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            quit: self.quit || other.quit,
            redraw: self.redraw || other.redraw,
            focus: self.focus || other.focus,
        }
    }
}

/// What every screen draws from.
pub(super) struct View<'a> {
    pub(super) theme: Theme,
    pub(super) snapshot: &'a Snapshot,
    pub(super) history: &'a History,
}

/// The console.
pub(super) struct App {
    theme: Theme,
    size: Rect,
    snapshot: Option<Arc<Snapshot>>,
    history: History,
    overview: Overview,
    person: Option<Person>,
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
            overview: Overview::default(),
            person: None,
            help: false,
        }
    }

    /// Whose command lines are wanted.
    pub(super) fn focus(&self) -> Option<Uid> {
        self.person.as_ref().map(Person::uid)
    }

    /// Takes one event in.
    pub(super) fn update(&mut self, event: Event) -> Effects {
        let effects = match event {
            Event::Snapshot(snapshot) => {
                self.history.push(&snapshot);
                self.snapshot = Some(snapshot);
                Effects::default()
            }
            Event::Terminal(event::Event::Resize(columns, rows)) => {
                self.size = Rect::new(0, 0, columns, rows);
                Effects::default()
            }
            Event::Terminal(event::Event::Key(key)) => {
                keys::action(key).map_or_else(Effects::default, |action| self.act(action))
            }
            Event::Terminal(_) | Event::Nothing => Effects::default(),
            Event::Quit => Effects {
                quit: true,
                ..Effects::default()
            },
        };
        self.settle();
        effects
    }

    fn act(&mut self, action: Action) -> Effects {
        let mut effects = Effects::default();
        match action {
            Action::Quit => effects.quit = true,
            Action::Redraw => effects.redraw = true,
            Action::Help => self.help = !self.help,
            Action::Back if self.help => self.help = false,
            Action::Back => effects.focus = self.person.take().is_some(),
            Action::Open if self.help || self.person.is_some() => {}
            Action::Open => {
                self.person = self.overview.selected().map(Person::new);
                effects.focus = self.person.is_some();
            }
            _ => match &mut self.person {
                Some(person) => person.act(action),
                None => self.overview.act(action),
            },
        }
        effects
    }

    /// Puts every cursor on a line that exists.
    fn settle(&mut self) {
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
        let Some(snapshot) = &self.snapshot else {
            screen::waiting(self.theme, area, cells);
            return;
        };
        let view = View {
            theme: self.theme,
            snapshot,
            history: &self.history,
        };
        match &self.person {
            Some(person) => person.render(&view, area, cells),
            None => self.overview.render(&view, area, cells),
        }
        if self.help {
            help::render(self.theme, area, cells);
        }
    }
}
