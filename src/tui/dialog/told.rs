//! Plans, their progress and their ends as lines of text.

use std::ops::Range;

use ratatui::style::Style;

use crate::base::text::{counted, printable};
use crate::engine::changes::Applied;
use crate::plan::people::welcome::Welcome;
use crate::plan::step::Undo;
use crate::plan::{Plan, told};
use crate::store::receipt::Outcome;
use crate::tui::theme::Theme;
use crate::tui::widget::wrap;

use super::run::{Mark, Run};
use super::{End, note_file};

/// Names and paths in a plan may be other people's text; none is longer.
const LONGEST: usize = 2000;
/// Columns before a password or a note.
const NUMBER: usize = 4;
/// Columns of a step's number, and of what stands before its exact words.
const STEP: usize = 5;
const EXACTLY: usize = 11;
/// Columns of what became of a step.
const MARK: usize = 8;
/// Columns of what something is that somebody owns.
const LABEL: usize = 11;

/// What of a plan is looked at closely.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// The step that is.
    pub(super) step: usize,
    /// Whether all of them are.
    pub(super) exactly: bool,
}

/// A line: what stands at its left, and the text.
pub(super) type Line = Vec<(String, Style)>;

/// Lines of a given width, in the making.
pub(super) struct Page {
    theme: Theme,
    width: usize,
    pub(super) lines: Vec<Line>,
    /// The line that ought to be seen.
    pub(super) seen: Option<usize>,
    /// Of a plan the lines of each step.
    pub(super) steps: Vec<Range<usize>>,
    /// How many lines it has at most, whichever step is looked at.
    pub(super) most: usize,
}

impl Page {
    pub(super) fn new(theme: Theme, width: usize) -> Self {
        Self {
            theme,
            width,
            lines: Vec::new(),
            seen: None,
            steps: Vec::new(),
            most: 0,
        }
    }

    /// A text behind a word that stands at the left of its first line.
    fn tell(&mut self, (word, columns, style): (&str, usize, Style), text: &str, how: Style) {
        let clean = self.theme.shown(&printable(text.as_bytes(), LONGEST));
        let width = self.width.saturating_sub(columns);
        for (at, line) in wrap::lines(&clean, width).into_iter().enumerate() {
            let word = if at == 0 { word } else { "" };
            let word = self.theme.cell(word, columns);
            self.lines.push(vec![(word, style), (line, how)]);
        }
    }

    pub(super) fn say(&mut self, text: &str, how: Style) {
        self.tell(("", 0, how), text, how);
    }

    fn blank(&mut self) {
        self.lines.push(Line::new());
    }

    /// What has to be known before a plan is approved comes first, then its steps: the one that
    /// is looked at exactly, or every one.
    pub(super) fn plan(&mut self, plan: &Plan, look: Look, note: Option<&str>) {
        let theme = self.theme;
        if let Some(note) = note {
            self.say(note, theme.warn());
        }
        if !plan.refused.is_empty() {
            self.say("This is refused:", theme.alarm());
            for reason in &plan.refused {
                self.tell(("  ", 2, theme.text()), reason, theme.strong());
            }
            return;
        }
        if let Some(all) = &plan.belongings {
            self.say(
                &format!("What {} owns and runs:", plan.about),
                theme.strong(),
            );
            for (label, text) in all.told() {
                self.tell((label, LABEL, theme.dim()), &text, theme.text());
            }
            self.blank();
        }
        let steps = counted(plan.steps.len() as u64, "step", "steps");
        self.say(&format!("{}: {steps}", plan.intent), theme.strong());
        for warning in &plan.warnings {
            self.tell(("note", 6, theme.warn()), warning, theme.text());
        }
        for (step, why) in plan.not_exactly_undone() {
            let text = format!("{}: {why}", step.what);
            let word = match step.undo {
                Undo::None { .. } | Undo::Final { .. } => "cannot be undone",
                _ => "undone in part",
            };
            self.tell((word, 18, theme.warn()), &text, theme.text());
        }
        self.blank();
        let mut longest = 0;
        for (at, step) in plan.steps.iter().enumerate() {
            let from = self.lines.len();
            let here = at == look.step;
            let (mark, how) = if here {
                (">", theme.strong())
            } else {
                (" ", theme.text())
            };
            let number = format!("{mark}{:>2}.", at + 1);
            self.tell((&number, STEP, theme.strong()), &step.what, how);
            let mut exactly = Self::new(theme, self.width);
            for (word, text) in told::step(step) {
                exactly.tell(
                    (&format!("     {word}"), EXACTLY, theme.dim()),
                    &text,
                    theme.text(),
                );
            }
            longest = longest.max(exactly.lines.len());
            if here || look.exactly {
                self.lines.append(&mut exactly.lines);
            }
            self.steps.push(from..self.lines.len());
        }
        let looked_at = self.steps.get(look.step).map_or(0, Range::len);
        self.most = match look.exactly {
            true => self.lines.len(),
            false => self.lines.len() + (longest + 1).saturating_sub(looked_at),
        };
        if plan.steps.is_empty() {
            let text = if plan.may_be_done() {
                "Nothing of it has to be done: this only notes that it is decided."
            } else {
                "There is nothing to do."
            };
            self.say(text, theme.strong());
        }
    }

    pub(super) fn run(&mut self, run: &Run) {
        let theme = self.theme;
        for (at, (step, mark)) in run.plan.steps.iter().zip(&run.marks).enumerate() {
            let (style, how) = match mark {
                Mark::Waits => (theme.dim(), theme.dim()),
                Mark::Runs => (theme.strong(), theme.strong()),
                Mark::Done | Mark::Already => (theme.bar(), theme.text()),
                Mark::TakenBack => (theme.warn(), theme.text()),
                Mark::Failed | Mark::Stays => (theme.alarm(), theme.text()),
            };
            self.tell((mark.word(), MARK, style), &step.what, how);
            if run.at() == Some(at) {
                if let Some(so_far) = &run.so_far {
                    self.tell(("", MARK, theme.text()), so_far, theme.text());
                }
                self.seen = Some(self.lines.len());
            }
        }
        for text in &run.says {
            self.say(text, theme.warn());
        }
        if run.stops {
            self.blank();
            let text = "Stopping where that leaves nothing half done; what was done is taken back.";
            self.say(text, theme.warn());
            self.seen = Some(self.lines.len());
        } else if run.wants_out {
            self.blank();
            let text = "The plan runs and ends by itself; what it did can be undone then.";
            self.say(text, theme.warn());
            self.seen = Some(self.lines.len());
        }
    }

    pub(super) fn end(&mut self, end: &End) {
        let theme = self.theme;
        match end {
            End::Nothing(why) => {
                self.say("Nothing was done.", theme.alarm());
                self.say(why, theme.text());
            }
            End::Applied(applied, shown) => {
                self.applied(applied);
                if let Some(password) = &shown.handed.password {
                    self.blank();
                    self.say("The password, shown this once:", theme.strong());
                    self.tell(
                        ("", NUMBER, theme.text()),
                        password.reveal(),
                        theme.strong(),
                    );
                }
                if let Some(welcome) = &shown.handed.welcome {
                    self.welcome(welcome, &note_file(applied), shown.written.as_ref());
                }
            }
        }
    }

    /// The note for a newcomer, and where it is.
    fn welcome(&mut self, welcome: &Welcome, file: &str, written: Option<&Result<String, String>>) {
        let theme = self.theme;
        self.blank();
        match written {
            None => {
                let text = format!("A note for the newcomer; w writes it into {file} here:");
                self.say(&text, theme.strong());
            }
            Some(Ok(path)) => self.say(&format!("The note is in {path}."), theme.strong()),
            Some(Err(why)) => self.say(why, theme.alarm()),
        }
        for remark in &welcome.remarks {
            self.say(remark, theme.warn());
        }
        for line in welcome.text.lines() {
            let text = line.trim_start();
            let indent = NUMBER + line.len() - text.len();
            self.tell(("", indent, theme.text()), text, theme.text());
        }
    }

    fn applied(&mut self, applied: &Applied) {
        let theme = self.theme;
        let (id, report) = (&applied.id, &applied.report);
        match report.outcome {
            Outcome::Done => self.say(&format!("Done: {}.", applied.plan.intent), theme.strong()),
            Outcome::RolledBack if report.stopped => {
                self.say("Stopped; everything is as it was before.", theme.strong());
            }
            Outcome::RolledBack => {
                self.say("It failed; everything is as it was before.", theme.alarm());
            }
            Outcome::Remains => self.say("It failed, and something remains:", theme.alarm()),
        }
        for what in &report.remains {
            self.tell(("  ", 2, theme.text()), what, theme.strong());
        }
        if let Some(failure) = &report.failure {
            self.say(failure, theme.text());
        }
        self.blank();
        self.say(&format!("plan {id}"), theme.dim());
        if report.outcome == Outcome::Done {
            self.say(&format!("benchwarden undo {id}"), theme.dim());
        }
    }
}
