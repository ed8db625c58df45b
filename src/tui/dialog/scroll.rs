//! Up and down in a dialogue: from step to step in a plan, from line to line in everything else.

use std::ops::Range;

use ratatui::layout::Rect;

use crate::tui::keys::Action;
use crate::tui::theme::Theme;

use super::told::Page;
use super::{Dialog, Stage};

impl Dialog {
    /// Learns where it is drawn, and puts what is scrolled to where there is something.
    pub(in crate::tui) fn settle(&mut self, theme: Theme, area: Rect) {
        self.seen_on = Some((theme, area));
        if let Some((page, height)) = self.laid_out() {
            self.top = self.top.min(page.lines.len().saturating_sub(height));
        }
    }

    /// What is in the window, and how many lines of it are seen at once.
    fn laid_out(&self) -> Option<(Page, usize)> {
        let (theme, area) = self.seen_on?;
        let page = self.page(theme, area);
        let height = Self::height(&page, area);
        Some((page, height))
    }

    /// Moves by a key; what is beyond the end comes back when it is settled.
    pub(super) fn scroll(&mut self, asked: Action) {
        let steps = match &self.stage {
            Stage::Shown(plan) => plan.steps.len(),
            _ => 0,
        };
        if steps > 0 && self.walk(asked, steps - 1) {
            return;
        }
        self.top = match asked {
            Action::Up => self.top.saturating_sub(1),
            Action::Down => self.top.saturating_add(1),
            Action::PageUp => self.top.saturating_sub(10),
            Action::PageDown => self.top.saturating_add(10),
            Action::First => 0,
            _ => self.top,
        };
        if matches!(asked, Action::PageUp | Action::PageDown) {
            self.look_at_what_is_seen(asked == Action::PageDown);
        }
    }

    /// After a page, a step is looked at that is in sight, where there is one.
    fn look_at_what_is_seen(&mut self, down: bool) {
        let Some((page, height)) = self.laid_out() else {
            return;
        };
        self.top = self.top.min(page.lines.len().saturating_sub(height));
        let seen = self.top..self.top + height;
        let whole = |step: &Range<usize>| seen.start <= step.start && step.end <= seen.end;
        if page.steps.get(self.look.step).is_none_or(whole) {
            return;
        }
        let mut steps = page.steps.iter();
        let nearest = if down {
            steps.position(whole)
        } else {
            steps.rposition(whole)
        };
        if let Some(step) = nearest {
            self.look.step = step;
            self.bring_into_sight();
        }
    }

    /// Goes from step to step, once everything before the next one was in sight; tells whether
    /// it did.
    fn walk(&mut self, asked: Action, last: usize) -> bool {
        let Some((page, height)) = self.laid_out() else {
            return false;
        };
        let Some(here) = page.steps.get(self.look.step) else {
            return false;
        };
        let (first_seen, end_seen) = (self.top <= here.start, here.end <= self.top + height);
        self.look.step = match asked {
            Action::Down if end_seen && self.look.step < last => self.look.step + 1,
            Action::Up if first_seen && self.look.step > 0 => self.look.step - 1,
            Action::First => {
                (self.look.step, self.top) = (0, 0);
                return true;
            }
            Action::Last => last,
            _ => return false,
        };
        self.bring_into_sight();
        true
    }

    /// Scrolls as little as shows the step that is looked at, from its first line.
    pub(super) fn bring_into_sight(&mut self) {
        let Some((page, height)) = self.laid_out() else {
            return;
        };
        if let Some(here) = page.steps.get(self.look.step) {
            let least = here.end.saturating_sub(height);
            self.top = self.top.max(least).min(here.start);
        }
    }
}
