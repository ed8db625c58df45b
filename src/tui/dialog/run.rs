//! A plan that is being done: what is known of each step.

use crate::plan::Plan;
use crate::plan::step::Undo;

use super::Progress;

/// What became of a step so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Waits,
    Runs,
    Done,
    Already,
    Failed,
    TakenBack,
    Stays,
}

impl Mark {
    /// In a word of at most seven letters.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Waits => "",
            Self::Runs => "runs",
            Self::Done => "done",
            Self::Already => "was so",
            Self::Failed => "FAILED",
            Self::TakenBack => "undone",
            Self::Stays => "STAYS",
        }
    }
}

/// The plan and its steps.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) marks: Vec<Mark>,
    /// What is waited for, or what failed.
    pub(super) says: Vec<String>,
    /// How far the step is that runs, where that takes long.
    pub(super) so_far: Option<String>,
    /// Somebody tried to leave.
    pub(super) wants_out: bool,
    /// Somebody asked it to stop.
    pub(super) stops: bool,
}

impl Run {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            marks: vec![Mark::Waits; plan.steps.len()],
            plan,
            says: Vec::new(),
            so_far: None,
            wants_out: false,
            stops: false,
        }
    }

    /// Whether what was done can still be taken back as a whole.
    pub(super) fn can_stop(&self) -> bool {
        let mut steps = self.plan.steps.iter().zip(&self.marks);
        !self.stops
            && !steps
                .any(|(step, mark)| *mark != Mark::Waits && matches!(step.undo, Undo::Final { .. }))
    }

    /// The step that runs, counted from 0.
    pub(super) fn at(&self) -> Option<usize> {
        self.marks.iter().rposition(|mark| *mark != Mark::Waits)
    }

    pub(super) fn takes(&mut self, progress: Progress) {
        if let Progress::Advances(_, so_far) = progress {
            self.so_far = Some(so_far);
            return;
        }
        self.so_far = None;
        let (at, mark) = match progress {
            Progress::Advances(..) => return,
            Progress::Waits(who) => {
                self.says = vec![format!("waits for {who}")];
                return;
            }
            Progress::Begins(at) => {
                self.says.clear();
                (at, Mark::Runs)
            }
            Progress::Done(at) => (at, Mark::Done),
            Progress::Already(at) => (at, Mark::Already),
            Progress::TakesBack(at) => (at, Mark::TakenBack),
            Progress::Failed(at, why) => {
                self.says.push(why);
                (at, Mark::Failed)
            }
            Progress::Stays(at, why) => {
                self.says.push(why);
                (at, Mark::Stays)
            }
        };
        if let Some(known) = self.marks.get_mut(at) {
            *known = mark;
        }
    }
}
