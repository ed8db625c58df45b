//! What can happen to the console, and what has to be done outside of it then.

use std::sync::Arc;
use std::time::Duration;

use ratatui::crossterm::event;

use crate::model::snapshot::Snapshot;

use super::errand::{Answer, Errand};

/// What can happen.
pub(super) enum Event {
    /// New figures.
    Snapshot(Arc<Snapshot>),
    /// A key, a paste or a new size.
    Terminal(event::Event),
    /// What a screen asked for.
    Answer(Answer),
    /// For so long there were no figures.
    Waited(Duration),
    /// Somebody ends the program.
    Quit,
    /// A wake-up whose reason has passed.
    Nothing,
}

/// What has to be done outside after an event.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Leave.
    pub(super) quit: bool,
    /// Send the whole picture again.
    pub(super) redraw: bool,
    /// Look at another person or process.
    pub(super) focus: bool,
    /// Measure at another interval.
    pub(super) pace: bool,
    /// Ask, or do what was approved.
    pub(super) errands: Vec<Errand>,
}

impl Effects {
    /// Errands alone.
    pub(super) fn asks(errands: Vec<Errand>) -> Self {
        Self {
            errands,
            ..Self::default()
        }
    }

    /// Both.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.errands.extend(other.errands);
        Self {
            quit: self.quit || other.quit,
            redraw: self.redraw || other.redraw,
            focus: self.focus || other.focus,
            pace: self.pace || other.pace,
            errands: self.errands,
        }
    }
}
