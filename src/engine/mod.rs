//! One trait between the faces and the host: whoever asks, in process or later over the guard's
//! socket, gets the same answers.

pub mod apply;
pub mod audit;
pub mod changes;
pub mod holds;
pub mod limits;
pub mod local;
pub mod policies;
pub mod receipts;
pub mod runtimes;
pub mod sudo;
mod told;
pub mod triage;
pub mod welcome;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::base::id::{Uid, UserName};
use crate::base::secret::Secret;
use crate::host::keys::KeysError;
use crate::host::root::ReadError;
use crate::model::findings::Findings;
use crate::model::people::People;
use crate::model::people::details::{GroupDetails, HeldKey, NotFound, PersonDetails};
use crate::model::runtimes::Runtimes;
use crate::model::sample::Focus;
use crate::model::snapshot::Snapshot;
use crate::plan::Plan;
use crate::plan::limits::drift::Drift;
use crate::plan::people::add::AddUser;
use crate::plan::people::many::Planned;
use crate::plan::people::welcome::Welcome;
use crate::plan::runtimes::ways::Ways;
use crate::policy::findings::Absent;
use crate::store::audit::{Problem, Record};

use apply::Watch;
use changes::{Applied, Approval, ChangeError, Intent};
use limits::Limits;
use policies::Policies;
use receipts::{Plans, PlansError};
use sudo::Sudo;

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

    /// What may be chosen as a login shell here.
    fn shells(&self) -> Vec<String>;

    /// One group, by name or by gid in digits.
    ///
    /// # Errors
    /// When nothing that answered knows it.
    fn group(&self, name: &UserName) -> Result<GroupDetails, NotFound>;

    /// What is wished for the people of this host, as the files say it now.
    fn policy(&self) -> Policies;

    /// Which of these names of people and groups nothing knows here.
    fn absent(&self, users: &BTreeSet<String>, groups: &BTreeSet<String>) -> Absent;

    /// Limits as they are wished, in systemd and in the kernel: everybody's, or one person's.
    ///
    /// # Errors
    /// When the policy is wrong, or there is nobody of that name.
    fn limits(&self, whom: Option<&UserName>) -> Result<Limits, ChangeError>;

    /// Where limits are not as the policy says.
    ///
    /// # Errors
    /// When the policy is wrong, or nothing can be limited here.
    fn drift(&self) -> Result<Vec<Drift>, ChangeError>;

    /// Every R and Python of this host and of people's homes.
    fn runtimes(&self) -> Runtimes;

    /// Which R and Python somebody gets by each way in.
    ///
    /// # Errors
    /// When nothing that answered knows them.
    fn runtime_ways(&self, name: &UserName) -> Result<Ways, NotFound>;

    /// Sudo rights as they are, of everybody.
    fn sudo(&self) -> Sudo;

    /// The keys that open somebody's account.
    ///
    /// # Errors
    /// When there is nobody of that name, or their home does not let the file be read safely.
    fn keys(&self, name: &UserName) -> Result<Vec<HeldKey>, KeysError>;

    /// What an intent means on this host now; nothing is changed.
    ///
    /// # Errors
    /// When what decides cannot be read.
    fn plan(&self, intent: &Intent) -> Result<Plan, ChangeError>;

    /// The same steps without what it takes time to find out about them.
    ///
    /// # Errors
    /// When what decides cannot be read.
    fn steps(&self, intent: &Intent) -> Result<Plan, ChangeError> {
        self.plan(intent)
    }

    /// What several new accounts mean together, each planned after those before it; nothing is
    /// changed.
    ///
    /// # Errors
    /// When what decides cannot be read.
    fn plan_people(&self, wishes: &[AddUser]) -> Result<Vec<Planned>, ChangeError>;

    /// Does what an intent means, if that is what was approved.
    ///
    /// # Errors
    /// When nothing was done; once a step has begun the answer is a report.
    fn apply(
        &self,
        intent: &Intent,
        approval: &Approval,
        secret: Option<&Secret>,
        watch: &mut Watch<'_>,
    ) -> Result<Applied, ChangeError>;

    /// The note for somebody whose account this plan has made.
    fn welcome(&self, wish: &AddUser, plan: &Plan) -> Welcome;

    /// Plans that wait for a decision, and the last ones that ended.
    ///
    /// # Errors
    /// When the caller must not read them.
    fn plans(&self) -> Result<Plans, PlansError>;

    /// Everything the audit log says, oldest first.
    ///
    /// # Errors
    /// When it cannot be read.
    fn audit_log(&self) -> Result<Vec<Record>, ReadError>;

    /// How many records the audit log has, and what is wrong with it.
    ///
    /// # Errors
    /// When it cannot be read.
    fn audit_verify(&self) -> Result<(u64, Vec<Problem>), ReadError>;

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
