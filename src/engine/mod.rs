//! One trait between the faces and the host: whoever asks, in process or later over the guard's
//! socket, gets the same answers.

pub mod local;

use std::sync::Arc;
use std::time::Duration;

use crate::base::id::{Uid, UserName};
use crate::model::findings::Findings;
use crate::model::people::People;
use crate::model::people::details::{GroupDetails, NotFound, PersonDetails};
use crate::model::sample::Focus;
use crate::model::snapshot::Snapshot;

/// What every face may ask of a host.
pub trait Engine {
    /// What the host offers and lacks.
    fn findings(&self) -> Findings;

    /// The uid of a name or of digits; `None` when nothing knows it.
    fn uid_of(&self, name: &UserName) -> Option<Uid>;

    /// Everyone who matters here, and the groups.
    fn people(&self) -> People;

    /// One person in all parts, by name or by uid in digits.
    ///
    /// # Errors
    /// When nothing that answered knows them.
    fn person(&self, name: &UserName) -> Result<PersonDetails, NotFound>;

    /// One group, by name or by gid in digits.
    ///
    /// # Errors
    /// When nothing that answered knows it.
    fn group(&self, name: &UserName) -> Result<GroupDetails, NotFound>;

    /// Starts measuring; every snapshot goes to `sink` until it says [`Flow::Stop`] or the handle
    /// is dropped. `sink` runs on the sampling thread and must not block.
    fn follow(&self, pace: Pace, sink: Sink) -> Box<dyn Follow>;
}

/// Receives snapshots.
pub type Sink = Box<dyn FnMut(Arc<Snapshot>) -> Flow + Send>;

/// Whether measuring goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Until the next one.
    Continue,
    /// This was the last.
    Stop,
}

/// How often to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two snapshots.
    pub interval: Duration,
    /// Whether the first snapshot comes early, over a shorter interval: for a screen that
    /// somebody waits for.
    pub early_first: bool,
    /// Who is looked at closely from the start.
    pub focus: Option<Focus>,
}

impl Pace {
    /// The shortest interval that is offered: below it the measuring itself becomes the load.
    pub const SHORTEST: Duration = Duration::from_millis(100);
    /// The longest.
    pub const LONGEST: Duration = Duration::from_secs(3600);
}

/// A running measurement; dropping it ends it.
pub trait Follow {
    /// Looks closely at this person, or this process of theirs, from now on, and measures at once.
    fn focus(&self, focus: Option<Focus>);
    /// Changes the interval.
    fn set_interval(&self, interval: Duration);
    /// Waits until measuring has ended by itself; tells whether it ended well.
    fn join(self: Box<Self>) -> bool;
}
