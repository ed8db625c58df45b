//! The engine in this very process: a thread that samples, and answers read on the spot.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::base::id::{Uid, UserName};
use crate::base::secret::Secret;
use crate::base::units::Nanos;
use crate::host::collect::Collector;
use crate::host::keys::{self, KeysError};
use crate::host::root::ReadError;
use crate::host::root::Root;
use crate::host::{self, accounts, clock, directory, memory, probe};
use crate::model::findings::Findings;
use crate::model::people::People;
use crate::model::people::details::{GroupDetails, HeldKey, NotFound, PersonDetails};
use crate::model::runtimes::Runtimes;
use crate::plan::Plan;
use crate::plan::limits::drift::Drift;
use crate::plan::people::add::AddUser;
use crate::plan::people::many::Planned;
use crate::plan::people::welcome::Welcome;
use crate::plan::runtimes::ways::Ways;
use crate::policy::findings::Absent;
use crate::store::audit::{Problem, Record};

use crate::model::rates;
use crate::model::sample::{Focus, Sample};

use super::apply::Watch;
use super::audit;
use super::changes::{self, Applied, Approval, ChangeError, Intent};
use super::limits::{self, Limits};
use super::policies::{self, Policies};
use super::receipts::{self, Plans, PlansError};
use super::runtimes;
use super::sudo::{self, Sudo};
use super::triage;
use super::{Engine, Flow, Follow, Pace, Sink, welcome};

/// An early first snapshot measures over this time: enough for clocks that count nanoseconds.
const EARLY: Duration = Duration::from_millis(10);

/// Looks at the host, or the fixture tree, by itself.
#[derive(Clone, Debug)]
pub struct Local {
    root: Root,
}

impl Local {
    /// An engine for one host.
    #[must_use]
    pub fn new(root: Root) -> Self {
        Self { root }
    }

    /// Writes down what is still in memory alone, before somebody reads what was written.
    fn catch_up(&self) {
        if host::is_root() {
            // A disk that does not take it is told of by whoever has to write.
            let _ = triage::pay(&self.root);
        }
    }
}

impl Engine for Local {
    fn findings(&self) -> Findings {
        probe::findings(&self.root)
    }

    fn uid_of(&self, name: &UserName) -> Option<Uid> {
        accounts::uid_of(&self.root, name)
    }

    fn people(&self) -> People {
        directory::people(&self.root)
    }

    fn person(&self, name: &UserName) -> Result<PersonDetails, NotFound> {
        let mut details = directory::person(&self.root, name)?;
        match keys::held(&self.root, name) {
            Ok(keys) => details.keys = Some(keys),
            Err(KeysError::Fixture) => {}
            Err(error) => details.partial.push(error.to_string()),
        }
        Ok(details)
    }

    fn shells(&self) -> Vec<String> {
        directory::local(&self.root).shells
    }

    fn group(&self, name: &UserName) -> Result<GroupDetails, NotFound> {
        directory::group(&self.root, name)
    }

    fn policy(&self) -> Policies {
        policies::of(&self.root)
    }

    fn absent(&self, users: &BTreeSet<String>, groups: &BTreeSet<String>) -> Absent {
        directory::absent(&self.root, users, groups)
    }

    fn limits(&self, whom: Option<&UserName>) -> Result<Limits, ChangeError> {
        limits::limits(&self.root, whom)
    }

    fn drift(&self) -> Result<Vec<Drift>, ChangeError> {
        limits::drift(&self.root)
    }

    fn runtimes(&self) -> Runtimes {
        runtimes::all(&self.root)
    }

    fn runtime_ways(&self, name: &UserName) -> Result<Ways, NotFound> {
        runtimes::ways(&self.root, name)
    }

    fn sudo(&self) -> Sudo {
        sudo::of(&self.root)
    }

    fn keys(&self, name: &UserName) -> Result<Vec<HeldKey>, KeysError> {
        keys::held(&self.root, name)
    }

    fn plan(&self, intent: &Intent) -> Result<Plan, ChangeError> {
        if matches!(intent, Intent::Undo(_) | Intent::Finish(_)) {
            self.catch_up();
        }
        changes::plan(&self.root, intent)
    }

    fn plan_people(&self, wishes: &[AddUser]) -> Result<Vec<Planned>, ChangeError> {
        changes::plan_people(&self.root, wishes)
    }

    fn steps(&self, intent: &Intent) -> Result<Plan, ChangeError> {
        if matches!(intent, Intent::Undo(_) | Intent::Finish(_)) {
            self.catch_up();
        }
        changes::steps(&self.root, intent)
    }

    fn apply(
        &self,
        intent: &Intent,
        approval: &Approval,
        secret: Option<&Secret>,
        watch: &mut Watch<'_>,
    ) -> Result<Applied, ChangeError> {
        changes::apply(&self.root, intent, approval, secret, watch)
    }

    fn welcome(&self, wish: &AddUser, plan: &Plan) -> Welcome {
        welcome::note(&self.root, wish, plan)
    }

    fn plans(&self) -> Result<Plans, PlansError> {
        self.catch_up();
        receipts::plans(&self.root)
    }

    fn audit_log(&self) -> Result<Vec<Record>, ReadError> {
        self.catch_up();
        audit::audit_log(&self.root)
    }

    fn audit_verify(&self) -> Result<(u64, Vec<Problem>), ReadError> {
        self.catch_up();
        audit::audit_verify(&self.root)
    }

    fn follow(&self, pace: Pace, sink: Sink) -> Box<dyn Follow> {
        let (orders, received) = channel();
        let root = self.root.clone();
        let sampler = std::thread::Builder::new()
            .name("sampler".into())
            .spawn(move || Sampler::new(root, pace, received).run(sink))
            .ok();
        Box::new(Sampling { orders, sampler })
    }
}

enum Order {
    Focus(Option<Focus>),
    Interval(Duration),
}

/// The handle on the sampling thread.
struct Sampling {
    orders: Sender<Order>,
    sampler: Option<JoinHandle<()>>,
}

impl Follow for Sampling {
    fn focus(&self, focus: Option<Focus>) {
        // A sampler that ended needs no orders.
        let _ = self.orders.send(Order::Focus(focus));
    }

    fn set_interval(&self, interval: Duration) {
        let _ = self.orders.send(Order::Interval(interval));
    }

    fn join(self: Box<Self>) -> bool {
        let Self { orders, sampler } = *self;
        let ended = sampler.is_some_and(|thread| thread.join().is_ok());
        drop(orders); // Not earlier: its end is what stops a sampler.
        ended
    }
}

struct Sampler {
    collector: Collector,
    orders: Receiver<Order>,
    interval: Duration,
    early_first: bool,
    focus: Option<Focus>,
}

impl Sampler {
    fn new(root: Root, pace: Pace, orders: Receiver<Order>) -> Self {
        Self {
            collector: Collector::new(root, pace.early_first),
            orders,
            interval: pace.interval,
            early_first: pace.early_first,
            focus: pace.focus,
        }
    }

    fn run(mut self, mut sink: Sink) {
        let mut before = self.collector.sample(self.focus);
        let first = if self.early_first {
            EARLY.min(self.interval)
        } else {
            self.interval
        };
        let mut due = before.clock + Nanos::from(first);
        let mut starting = true;
        loop {
            match self.wait_until(&mut due) {
                Wait::Over => {}
                Wait::Early => {
                    // Somebody wants to see more now: the same interval, looked at again. The
                    // older sample stays, since rates over an instant would be noise.
                    let now = self.collector.sample(self.focus);
                    if publish(&before, &now, &mut sink) == Flow::Stop {
                        return;
                    }
                    continue;
                }
                Wait::End => return,
            }
            let after = self.collector.sample(self.focus);
            if publish(&before, &after, &mut sink) == Flow::Stop {
                return;
            }
            // After a measurement that came late the rhythm moves: none is over much less time
            // than was asked for, which would be noise, and no two are taken at once.
            due = (due + Nanos::from(self.interval))
                .max(after.clock + Nanos::from(self.interval / 10 * 9));
            before = after;
            if std::mem::take(&mut starting) {
                memory::start_is_over();
            }
        }
    }

    /// Waits for the next sample, taking orders meanwhile.
    fn wait_until(&mut self, due: &mut Nanos) -> Wait {
        loop {
            match self.orders.recv_timeout(clock::until(*due)) {
                Ok(Order::Focus(focus)) => {
                    self.focus = focus;
                    if focus.is_some() {
                        return Wait::Early;
                    }
                }
                Ok(Order::Interval(interval)) => {
                    self.interval = interval;
                    *due = (*due).min(clock::after(interval));
                }
                Err(RecvTimeoutError::Timeout) => return Wait::Over,
                Err(RecvTimeoutError::Disconnected) => return Wait::End,
            }
        }
    }
}

enum Wait {
    /// The interval is over.
    Over,
    /// An order asks for a look now.
    Early,
    /// Nobody listens any more.
    End,
}

fn publish(before: &Sample, after: &Sample, sink: &mut Sink) -> Flow {
    sink(Arc::new(rates::usage(before, after)))
}
