//! Acting on pressure before the kernel must, and explaining what the kernel did.
//!
//! The kernel says when somebody waits too much for a processor, for memory or for a disk; until
//! then nothing here runs. Then everybody is looked at twice, a moment apart, which tells who
//! causes it, and the policy tells what follows. A thread of its own does it all: a disk that a
//! receipt waits for keeps nobody from being adopted.

mod acts;
mod alarms;
mod culprit;
mod terms;
mod words;

use std::time::Duration;

use crate::base::units::Nanos;
use crate::host::accounts::Accounts;
use crate::host::kmsg::KernelLog;
use crate::host::root::Root;
use crate::host::uses::{self, Uses};
use crate::host::{clock, waiting};
use crate::policy::schema::Policy;

use super::policy::Letter;
use super::scribe::Scribe;
use super::told::Note;
use acts::Acts;
use alarms::Alarms;

/// Between the two looks that tell who causes pressure.
const MOMENT: Nanos = Nanos(300_000_000);
/// Who is held back is looked after so often.
const LOOK_AFTER: Nanos = Nanos(5 * Nanos::SECOND.0);
/// And a policy that has changed is taken up so often.
const POLICY: Nanos = Nanos(5 * Nanos::SECOND.0);

struct Watch {
    root: Root,
    scribe: Scribe,
    policy: Policy,
    /// What it becomes.
    orders: Letter<Policy>,
    alarms: Alarms,
    log: Option<KernelLog>,
    acts: Acts,
    /// How it was when the kernel last spoke up, and when the second look is due.
    first: Option<(Uses, Nanos)>,
}

/// Begins to watch, in a thread of its own.
pub(super) fn begin(root: &Root, scribe: &Scribe, orders: Letter<Policy>) {
    let (root, scribe) = (root.clone(), scribe.clone());
    // Without the thread everybody is adopted all the same.
    let _ = std::thread::Builder::new()
        .name("pressure".into())
        .stack_size(512 << 10)
        .spawn(move || Watch::new(root, scribe, orders).go_on());
}

impl Watch {
    fn new(root: Root, scribe: Scribe, orders: Letter<Policy>) -> Self {
        let mut watch = Self {
            alarms: Alarms::default(),
            log: None,
            acts: Acts::begin(&root, &scribe, Accounts::new(&root)),
            policy: Policy::default(),
            orders,
            first: None,
            root,
            scribe,
        };
        match KernelLog::follow(&watch.root) {
            Ok(log) => watch.log = Some(log),
            Err(error) => watch.say(format!(
                "cannot read the kernel's log: {error}; processes that the kernel ends for want \
                 of memory are not explained"
            )),
        }
        watch.obey();
        watch
    }

    fn say(&self, line: String) {
        self.scribe.note(Note::Said(line));
    }

    fn go_on(mut self) -> ! {
        let mut policy_due = clock::monotonic() + POLICY;
        loop {
            let mut due = policy_due;
            if self.acts.holds_anybody() {
                due = due.min(clock::monotonic() + LOOK_AFTER);
            }
            let second = self.first.as_ref().map(|(_, second)| *second);
            due = due.min(second.unwrap_or(due));
            let rung = self.wait(due);
            while let Some(kill) = self.log.as_ref().and_then(KernelLog::next) {
                self.acts.explain(&kill);
            }
            let now = clock::monotonic();
            if rung && self.first.is_none() {
                self.first = Some((uses::now(&self.root), now + MOMENT));
            } else if second.is_some_and(|second| second <= now)
                && let Some((first, _)) = self.first.take()
            {
                self.decide(&first);
            }
            self.acts.look_after();
            if policy_due <= now {
                policy_due = now + POLICY;
                if let Some(policy) = self.orders.take() {
                    self.policy = policy;
                    self.obey();
                }
            }
        }
    }

    /// Waits; tells whether the kernel spoke up about pressure from which something follows.
    fn wait(&mut self, due: Nanos) -> bool {
        let limit = Duration::from_nanos(due.saturating_sub(clock::monotonic()).0);
        let mut fds = self.alarms.fds();
        fds.extend(self.log.as_ref().map(waiting::readable));
        let ready = waiting::wait_for_any(&fds, limit);
        self.alarms.rang(&ready, clock::monotonic())
    }

    /// Does what follows of what lasts.
    fn decide(&mut self, first: &Uses) {
        let second = uses::now(&self.root);
        for (reaction, resource) in self.alarms.due(second.at) {
            let policy = &self.policy;
            self.acts
                .react(policy, (reaction, resource), first, &second);
            self.alarms
                .begin_anew(reaction, resource, clock::monotonic());
        }
    }

    /// Takes up what the policy says.
    fn obey(&mut self) {
        let (alarms, lacking) = Alarms::set(&self.root, &self.policy.guard().pressure);
        self.alarms = alarms;
        if let Some(why) = lacking {
            self.say(format!(
                "cannot wait for the kernel's word about pressure: {why}; nobody is told of who \
                 causes it (a kernel with CONFIG_PSI, started with psi=1 where that is not the \
                 default, has it)"
            ));
        }
    }
}
