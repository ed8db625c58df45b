//! Plans, their progress and their ends as lines of text.

use ratatui::style::Style;

use crate::base::text::{counted, printable};
use crate::engine::changes::Applied;
use crate::plan::Plan;
use crate::plan::people::welcome::Welcome;
use crate::store::receipt::Outcome;
use crate::tui::theme::Theme;
use crate::tui::widget::wrap;

use super::run::{Mark, Run};
use super::{End, may_be_done, note_file};

/// Names and paths in a plan may be other people's text; none is longer.
const LONGEST: usize = 2000;
/// Columns of a step's number, or of what became of it.
const NUMBER: usize = 4;
const MARK: usize = 8;
/// Columns of what something is that somebody owns.
const LABEL: usize = 11;

/// A line: what stands at its left, and the text.
pub(super) type Line = Vec<(String, Style)>;

/// Lines of a given width, in the making.
pub(super) struct Page {
    theme: Theme,
    width: usize,
    pub(super) lines: Vec<Line>,
    /// The line that ought to be seen.
    pub(super) seen: Option<usize>,
}

impl Page {
    pub(super) fn new(theme: Theme, width: u16) -> Self {
        Self {
            theme,
            width: usize::from(width),
            lines: Vec::new(),
            seen: None,
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

    /// What has to be known before a plan is approved comes first, then its steps.
    pub(super) fn plan(&mut self, plan: &Plan, exactly: bool, note: Option<&str>) {
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
                crate::plan::step::Undo::None { .. } => "cannot be undone",
                _ => "undone in part",
            };
            self.tell((word, 18, theme.warn()), &text, theme.text());
        }
        self.blank();
        for (number, step) in (1..).zip(&plan.steps) {
            let number = format!("{number}.");
            self.tell((&number, NUMBER, theme.strong()), &step.what, theme.text());
            if exactly {
                let exact = step.action.to_string();
                self.tell(("", NUMBER, theme.dim()), &exact, theme.dim());
            }
        }
        if !may_be_done(plan) {
            self.say("There is nothing to do.", theme.strong());
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
