//! The loop: whatever happens first is taken care of first.

use std::os::fd::AsFd as _;
use std::time::Duration;

use crate::base::units::Nanos;
use crate::host::connector::{Connector, ConnectorError, Heard};
use crate::host::notify::Notify;
use crate::host::root::Root;
use crate::host::strays::Closeness;
use crate::host::{clock, memory, waiting};
use crate::model::adoption::Rules;

use super::adopter::Adopter;
use super::policy::{self, Letter};
use super::pressure;
use super::scribe::Scribe;
use super::told::Note;

/// Between two looks for what events did not tell.
const RESCAN: Nanos = Nanos(10 * Nanos::SECOND.0);
/// Every so many of them is a thorough one.
const THOROUGH: u32 = 30;
/// Between two thorough looks, however many events are lost.
const SELDOM: Nanos = Nanos::SECOND;
/// Where somebody ended before they were looked at, children of theirs are looked for after this.
const GLANCE: Nanos = Nanos(20_000_000);
/// Births taken in before the bus is listened to again.
const BIRTHS: usize = 64;

/// Everything the loop needs.
#[derive(Debug)]
pub(super) struct Watch {
    connector: Connector,
    adopter: Adopter,
    notify: Notify,
    rescan_due: Nanos,
    rescans: u32,
    /// A thorough look is owed, and when the last one was.
    owed: bool,
    thorough_at: Nanos,
    glance_due: Option<Nanos>,
    usual_due: Option<Nanos>,
    /// Rules of a policy that has changed.
    orders: Letter<Rules>,
    alive_due: Option<Nanos>,
    lost: u64,
}

impl Watch {
    /// Listens, looks at everything once, and says that it is ready.
    pub(super) fn begin(root: &Root, rules: Rules) -> Result<Self, ConnectorError> {
        let connector = Connector::listen()?;
        memory::stay_resident();
        let notify = Notify::of_this_process();
        let scribe = Scribe::begin(root);
        let orders = policy::begin(root, scribe.clone());
        pressure::begin(root, &scribe, orders.policy);
        let mut watch = Self {
            connector,
            adopter: Adopter::new(root, rules, scribe),
            rescan_due: clock::monotonic() + RESCAN,
            rescans: 0,
            owed: true,
            thorough_at: Nanos(0),
            glance_due: None,
            usual_due: None,
            orders: orders.rules,
            alive_due: notify.watchdog().map(|_| Nanos(0)),
            notify,
            lost: 0,
        };
        watch.adopter.tick();
        watch.look();
        watch.adopter.note(Note::Begun);
        watch.notify.ready(&watch.status());
        Ok(watch)
    }

    /// Goes on until somebody ends this process.
    pub(super) fn go_on(mut self) -> ! {
        loop {
            let more = self.hear();
            self.adopter.hear_bus();
            self.adopter.tick();
            self.look();
            self.say_alive();
            if !more {
                let wait = self.next().saturating_sub(clock::monotonic());
                let connector = self.connector.as_fd();
                let wait = Duration::from_nanos(wait.0);
                match self.adopter.bus() {
                    Some(bus) => waiting::wait(&[connector, bus.as_fd()], wait),
                    None => waiting::wait(&[connector], wait),
                }
            }
        }
    }

    /// Takes in what the kernel tells; whether there may be more.
    fn hear(&mut self) -> bool {
        for _ in 0..BIRTHS {
            match self.connector.hear() {
                Heard::Birth(birth) => self.adopter.born(birth),
                Heard::Lost => {
                    self.lost += 1;
                    self.owed = true;
                    self.adopter.note(Note::Overrun);
                }
                Heard::Nothing => return false,
            }
        }
        true
    }

    /// Looks around when it is time to.
    fn look(&mut self) {
        let now = clock::monotonic();
        if std::mem::take(&mut self.adopter.vanished) {
            self.glance_due.get_or_insert(now + GLANCE);
            self.usual_due.get_or_insert(now + SELDOM);
        }
        if self.owed && (self.thorough_at == Nanos(0) || now >= self.thorough_at + SELDOM) {
            self.owed = false;
            self.thorough_at = now;
            self.adopter.rescan(Closeness::Thorough);
        }
        let past = |due: &Option<Nanos>| due.is_some_and(|due| due <= now);
        if past(&self.glance_due) {
            self.glance_due = None;
            self.adopter.rescan(Closeness::Glance);
        }
        if past(&self.usual_due) || self.rescan_due <= now {
            self.usual_due = None;
            self.adopter.rescan(Closeness::Usual);
        }
        if self.rescan_due <= now {
            self.rescan_due = now + RESCAN;
            if let Some(rules) = self.orders.take() {
                self.adopter.follow(rules);
            }
            self.rescans = self.rescans.wrapping_add(1);
            self.owed |= self.rescans.is_multiple_of(THOROUGH);
            self.notify.status(&self.status());
        }
    }

    /// Tells systemd that this thread still runs, twice as often as it has to.
    fn say_alive(&mut self) {
        let now = clock::monotonic();
        if let (Some(due), Some(limit)) = (self.alive_due, self.notify.watchdog())
            && due <= now
        {
            self.notify.alive();
            self.alive_due =
                Some(now + Nanos(u64::try_from(limit.as_nanos() / 2).unwrap_or(u64::MAX)));
        }
    }

    fn next(&self) -> Nanos {
        let owed = self.owed.then_some(self.thorough_at + SELDOM);
        let times = [
            self.adopter.due(),
            self.glance_due,
            self.usual_due,
            self.alive_due,
            owed,
        ];
        let first = times.into_iter().flatten().min();
        first.map_or(self.rescan_due, |first| first.min(self.rescan_due))
    }

    fn status(&self) -> String {
        let Adopter { births, moved, .. } = &self.adopter;
        let lost = match self.lost {
            0 => String::new(),
            times => format!("; {times} times more happened than could be heard of"),
        };
        format!("listening: {births} births heard of, {moved} processes moved{lost}")
    }
}
