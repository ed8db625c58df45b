//! Who is adopted: from what was heard to a move that is done, without ever waiting.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::base::id::{Pid, Uid};
use crate::base::units::Nanos;
use crate::host::accounts::Accounts;
use crate::host::bus::{Answer, Bus, BusLost, Heard};
use crate::host::cgroup;
use crate::host::clock;
use crate::host::connector::Birth;
use crate::host::root::Root;
use crate::host::stray::{Eye, Look};
use crate::host::strays::{Closeness, Strays};
use crate::model::adoption::{Rules, Verdict, decide, unit_of};

use super::follow::Move;
use super::homes::Homes;
use super::scribe::Scribe;
use super::told::Note;
use super::units::Units;

/// The first wait for whoever it is too early to decide about; each is half as long as all before.
const SHORTEST_WAIT: Nanos = Nanos(5_000_000);
const LONGEST_WAIT: Nanos = Nanos(250_000_000);
/// systemd's answer about a unit is waited for so long before it is asked again.
const ANSWER: Nanos = Nanos(Nanos::SECOND.0);
/// Between two looks at somebody who changes again and again.
const BREATH: Nanos = Nanos(50_000_000);
/// Between two attempts to reach the bus.
const RECONNECT: Nanos = Nanos(Nanos::SECOND.0 / 2);
/// A verdict that somebody stays holds so long for rescans.
const STAYS: Nanos = Nanos(300 * Nanos::SECOND.0);
/// More than this is not remembered.
const MOST: usize = 1 << 16;

/// Adopts.
#[derive(Debug)]
pub(super) struct Adopter {
    pub(super) root: Root,
    rules: Rules,
    pub(super) eye: Eye,
    pub(super) accounts: Accounts,
    units: Units,
    strays: Strays,
    pub(super) bus: Option<Bus>,
    /// Not before then.
    pub(super) reconnect: Nanos,
    pub(super) waiting: Vec<Candidate>,
    pub(super) moves: Vec<Move>,
    pub(super) refused: HashMap<(Pid, u64), Nanos>,
    stays: HashMap<Pid, (Uid, Nanos)>,
    /// When somebody was looked at.
    looked: HashMap<Pid, Nanos>,
    pub(super) lately: BTreeSet<String>,
    pub(super) homes: Homes,
    pub(super) scribe: Scribe,
    /// Since the start: births heard of that were a person's, and processes moved.
    pub(super) births: u64,
    pub(super) moved: u64,
    /// Somebody had ended before they could be looked at, and may have left children.
    pub(super) vanished: bool,
}

/// A process to be looked at, again or for the first time.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) pid: Pid,
    pub(super) born: Nanos,
    pub(super) heard: bool,
    pub(super) due: Nanos,
    /// The unit whose facts it waits for.
    pub(super) unit: Option<String>,
}

impl Adopter {
    pub(super) fn new(root: &Root, rules: Rules, scribe: Scribe) -> Self {
        Self {
            root: root.clone(),
            rules,
            eye: Eye::new(root),
            accounts: Accounts::new(root),
            units: Units::default(),
            strays: Strays::default(),
            bus: None,
            reconnect: Nanos(0),
            waiting: Vec::new(),
            moves: Vec::new(),
            refused: HashMap::new(),
            stays: HashMap::new(),
            looked: HashMap::new(),
            lately: BTreeSet::new(),
            homes: Homes::default(),
            scribe,
            births: 0,
            moved: 0,
            vanished: false,
        }
    }

    /// Tells something.
    pub(super) fn note(&self, note: Note) {
        self.scribe.note(note);
    }

    /// From now on by these rules; who stays by others is looked at again.
    pub(super) fn follow(&mut self, rules: Rules) {
        self.rules = rules;
        self.stays.clear();
    }

    pub(super) fn bus(&self) -> Option<&Bus> {
        self.bus.as_ref()
    }

    /// When there is something to do without anything being heard.
    pub(super) fn due(&self) -> Option<Nanos> {
        let waiting = self.waiting.iter().map(|candidate| candidate.due);
        let moves = self.moves.iter().map(|m| m.due);
        let reconnect = self.bus.is_none().then_some(self.reconnect);
        waiting.chain(moves).chain(reconnect).min()
    }

    /// Somebody became a person, or somebody else.
    pub(super) fn born(&mut self, birth: Birth) {
        let owner = self.accounts.owner(birth.uid);
        if !owner.person && !owner.asked {
            return;
        }
        self.births += 1;
        let candidate = Candidate {
            pid: birth.pid,
            born: birth.at,
            heard: true,
            due: birth.at,
            unit: None,
        };
        match self.looked.get(&birth.pid) {
            Some(at) if birth.at < *at + BREATH => self.once_more(candidate, *at + BREATH),
            _ => self.consider(candidate),
        }
    }

    /// Whoever changes again and again, as anybody can within a namespace of their own, is looked
    /// at now and then.
    fn once_more(&mut self, candidate: Candidate, due: Nanos) {
        if !self.waiting.iter().any(|other| other.pid == candidate.pid) {
            self.waiting.push(Candidate { due, ..candidate });
        }
    }

    /// Looks for strays that nobody told of; tells how many there were to be considered.
    pub(super) fn rescan(&mut self, closeness: Closeness) {
        let now = clock::monotonic();
        self.looked.retain(|_, at| now < *at + BREATH);
        if closeness == Closeness::Thorough {
            self.accounts.refresh();
            self.stays.clear();
            self.refused.retain(|_, until| *until > now);
            self.lately
                .retain(|place| cgroup::exists(&self.root, place));
        }
        let mut strays = std::mem::take(&mut self.strays);
        let found = strays.find(&self.root, &mut self.eye, closeness, &self.lately);
        for (pid, uid) in found.iter().copied() {
            let stays = self.stays.get(&pid);
            let known = stays.is_some_and(|(whose, until)| *whose == uid && *until > now);
            if known || self.waiting.iter().any(|candidate| candidate.pid == pid) {
                continue;
            }
            let owner = self.accounts.owner(uid);
            if owner.person || owner.asked {
                self.consider(Candidate {
                    pid,
                    born: now,
                    heard: false,
                    due: now,
                    unit: None,
                });
            }
        }
        self.strays = strays;
    }

    /// Does what is due.
    pub(super) fn tick(&mut self) {
        let now = clock::monotonic();
        if self.bus.is_none() && now >= self.reconnect {
            self.connect();
        }
        let (due, later) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|candidate| candidate.due <= now);
        self.waiting = later;
        let due: Vec<Candidate> = due;
        for candidate in due {
            self.consider(candidate);
        }
        let mut at = 0;
        while at < self.moves.len() {
            let due = self.moves[at].due <= now;
            if !due || !self.go_on(at) {
                at += 1;
            }
        }
    }

    fn connect(&mut self) {
        match Bus::connect(&self.root) {
            Ok(bus) => {
                self.bus = Some(bus);
                self.scribe.note(Note::BusFound);
                self.ask_again();
            }
            Err(error) => self.bus_lost(&error),
        }
    }

    /// What was asked for may not have been heard. What was is refused now, and found done.
    fn ask_again(&mut self) {
        let mut moves = std::mem::take(&mut self.moves);
        for open in moves.iter_mut().filter(|m| m.is_open()) {
            if let Some(call) = self.call(&open.wanted) {
                open.call = call;
            }
        }
        self.moves.append(&mut moves);
    }

    pub(super) fn bus_lost(&mut self, error: &BusLost) {
        // At once when it was there: it may only have started anew.
        let again = if self.bus.take().is_some() {
            Nanos(0)
        } else {
            RECONNECT
        };
        self.reconnect = clock::monotonic() + again;
        self.units.lost();
        self.scribe.note(Note::BusLost(error.to_string()));
    }

    /// Takes in what the bus says.
    pub(super) fn hear_bus(&mut self) {
        while let Some(bus) = &mut self.bus {
            match bus.hear() {
                Ok(None) => return,
                Ok(Some(heard)) => self.heard(heard),
                Err(error) => self.bus_lost(&error),
            }
        }
    }

    fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Answer(number, answer) => {
                if self.units.answer(number, answer) {
                    self.answered();
                }
            }
            Heard::Refused(number, _, why) => {
                if self.units.answer(number, Answer::Nothing) {
                    self.answered();
                } else if let Some(at) = self.moves.iter().position(|m| m.call == number) {
                    self.refused(at, &why);
                }
            }
            Heard::JobRemoved(unit, how) => {
                if let Some(at) = self.moves.iter().position(|m| m.wanted.name == unit) {
                    if how == "done" || !self.moves[at].is_open() {
                        self.go_on(at);
                    } else {
                        // Its cgroup may be there, and nobody's: nobody is put into it.
                        self.refused(at, &format!("its job ended as {how}"));
                    }
                }
            }
            Heard::Other => {}
        }
    }

    /// Whoever waits for a unit that is known now is decided about.
    fn answered(&mut self) {
        let now = clock::monotonic();
        let units = &self.units;
        let known =
            |unit: &Option<String>| unit.as_ref().is_some_and(|u| units.get(u, now).is_some());
        for candidate in &mut self.waiting {
            if known(&candidate.unit) {
                candidate.due = now;
            }
        }
        self.tick();
    }

    fn consider(&mut self, candidate: Candidate) {
        let now = clock::monotonic();
        if self.looked.len() >= MOST {
            self.looked.clear();
        }
        self.looked.insert(candidate.pid, now);
        let waited = Duration::from_nanos(now.saturating_sub(candidate.born).0);
        let Some(look) = self.eye.look(candidate.pid, waited) else {
            self.vanished |= candidate.heard;
            return;
        };
        let owner = self.accounts.owner(look.found.uid);
        let unit = unit_of(&look.found.cgroup).and_then(|(name, _)| self.units.get(name, now));
        let unit = unit.cloned().map(|mut unit| {
            unit.main_uid = unit.main.and_then(|pid| self.eye.uid(pid));
            unit
        });
        match decide(&look.found, &owner, unit.as_ref(), &self.rules) {
            Verdict::Fine => {}
            Verdict::Adopt(way) => {
                let keep = unit.map_or([None; 2], |unit| [unit.main, unit.control]);
                self.adopt(look, way, keep, candidate);
            }
            Verdict::Leave(left) => {
                self.stay(&look);
                self.scribe.note(Note::Left(look.found.uid, left));
            }
            Verdict::Spare(_) => self.stay(&look),
            Verdict::Ask(unit) => self.ask(unit, candidate),
            Verdict::Wait(_) => {
                let wait = Nanos(now.saturating_sub(candidate.born).0 / 2);
                self.waiting.push(Candidate {
                    due: now + wait.clamp(SHORTEST_WAIT, LONGEST_WAIT),
                    ..candidate
                });
            }
        }
    }

    fn stay(&mut self, look: &Look) {
        if self.stays.len() >= MOST {
            self.stays.clear();
        }
        let until = clock::monotonic() + STAYS;
        self.stays.insert(look.found.pid, (look.found.uid, until));
    }

    fn ask(&mut self, unit: String, mut candidate: Candidate) {
        let now = clock::monotonic();
        candidate.due = self.reconnect.max(now + SHORTEST_WAIT);
        if let Some(bus) = &mut self.bus {
            candidate.due = now + ANSWER;
            if let Err(error) = self.units.ask(bus, &unit, now) {
                self.bus_lost(&error);
                candidate.due = self.reconnect;
            }
        }
        candidate.unit = Some(unit);
        self.waiting.push(candidate);
    }
}
