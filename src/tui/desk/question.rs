//! One question to the host at a time: what changes while it is being answered has it asked once
//! more.

/// Whether something is being asked.
#[derive(Debug, Default)]
pub(super) struct Question {
    open: bool,
    /// Whether something has changed meanwhile.
    once_more: bool,
}

impl Question {
    /// Whether to ask now; while it is open, it is asked again after its answer.
    pub(super) fn ask(&mut self) -> bool {
        self.once_more = self.open;
        !std::mem::replace(&mut self.open, true)
    }

    /// The answer is here; tells whether to ask once more.
    pub(super) fn answered(&mut self) -> bool {
        self.open = false;
        self.once_more
    }

    /// It failed before it began.
    pub(super) fn failed(&mut self) {
        self.open = false;
    }

    /// Whether an answer is still to come.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }
}
