//! How somebody is moved: into a scope that was just made, or into one that systemd makes.

use std::time::Duration;

use crate::base::id::Pid;
use crate::base::units::Nanos;
use crate::host::clock;
use crate::host::scope::{self, Wanted, members};
use crate::host::stray::Look;
use crate::model::origin::Origin;

use super::adopter::{Adopter, Candidate};
use super::follow::{Head, Move, Standing};
use super::told::{Adopted, Note};

/// Whom systemd refused to move is left alone for so long.
const AFTER_REFUSAL: Nanos = Nanos(8 * Nanos::SECOND.0);
/// So many scopes that systemd has not made yet are enough for it.
const BUSY: usize = 4;
/// Places where strays were found lately.
const MOST_PLACES: usize = 64;

impl Adopter {
    pub(super) fn adopt(
        &mut self,
        look: Look,
        way: Origin,
        keep: [Option<Pid>; 2],
        candidate: Candidate,
    ) {
        let Look { found, name, held } = look;
        let now = clock::monotonic();
        if self.lately.len() < MOST_PLACES {
            self.lately.insert(found.cgroup.clone());
        }
        let head = Head {
            pid: found.pid,
            name,
            born: candidate.born,
            heard: candidate.heard,
        };
        let taken = |m: &&mut Move| m.takes_along(found.uid, &found.cgroup);
        if let Some(under_way) = self.moves.iter_mut().find(taken) {
            under_way.take_along(head.pid, head.heard.then_some(head.born), held);
            return;
        }
        let busy = self.moves.iter().filter(|m| m.is_open()).count() >= BUSY;
        if let Some(scope) = self.homes.shared(found.uid, &found.cgroup, busy, now) {
            let from = found.cgroup.clone();
            let mut joining = Move::join(&scope, found.uid, head.clone(), from, way.clone());
            if joining.put_head(&self.root) {
                joining.held = held;
                joining.keep = keep;
                self.moves.push(joining);
                return;
            }
            self.homes.gone(found.uid, &found.cgroup);
        }
        let started = self.eye.started(found.pid).unwrap_or(0);
        let refused = self.refused.get(&(found.pid, started));
        if refused.is_some_and(|until| *until > now) {
            return;
        }
        let known = self.accounts.name(found.uid);
        let whose = known.map_or_else(|| format!("uid {}", found.uid), |name| name.to_string());
        let wanted = Wanted {
            name: scope::name(found.uid, found.pid, started),
            uid: found.uid,
            description: format!("{} of {whose}, started by {way}", head.name),
            pids: vec![found.pid],
            plain: false,
        };
        let Some(call) = self.call(&wanted) else {
            let due = self.reconnect;
            self.waiting.push(Candidate { due, ..candidate });
            return;
        };
        let mut begun = Move::asked(call, wanted, head, found.cgroup, way);
        begun.held = held;
        begun.keep = keep;
        self.moves.push(begun);
    }

    pub(super) fn call(&mut self, wanted: &Wanted) -> Option<u32> {
        let asked = scope::ask(self.bus.as_mut()?, wanted);
        asked.map_err(|error| self.bus_lost(&error)).ok()
    }

    /// systemd does not make a scope.
    pub(super) fn refused(&mut self, at: usize, why: &str) {
        let mut refused = self.moves.swap_remove(at);
        if scope::is_unknown_property(why) && !refused.wanted.plain {
            refused.wanted.plain = true;
            if let Some(call) = self.call(&refused.wanted) {
                refused.call = call;
                self.moves.push(refused);
                return;
            }
        }
        let pid = refused.head.pid;
        if let Some(look) = self.eye.look(pid, Duration::ZERO)
            && look.found.cgroup == refused.from
        {
            let until = clock::monotonic() + AFTER_REFUSAL;
            let started = self.eye.started(pid).unwrap_or(0);
            self.refused.insert((pid, started), until);
            let name = refused.head.name.clone();
            self.scribe
                .note(Note::Refused(refused.uid(), name, pid, why.to_owned()));
        }
        self.left_behind(&refused);
    }

    /// Goes on with a move; tells whether it is over.
    pub(super) fn go_on(&mut self, at: usize) -> bool {
        let standing = self.moves[at].go_on(&self.root, &mut self.eye);
        if standing == Standing::UnderWay {
            return false;
        }
        let over = self.moves.swap_remove(at);
        if standing == Standing::Gone {
            self.left_behind(&over);
        }
        if over.first || over.others > 0 {
            self.done(over);
        }
        true
    }

    /// Whoever is still where a move began becomes a candidate of their own.
    fn left_behind(&mut self, over: &Move) {
        let now = clock::monotonic();
        let (mut text, mut pids) = (Vec::new(), Vec::new());
        members(&self.root, &over.from, &mut text, &mut pids);
        for pid in pids {
            if over.keep.contains(&Some(pid)) || self.eye.held_by(over.uid(), pid).is_none() {
                continue;
            }
            let born = over.born(pid);
            self.waiting.push(Candidate {
                pid,
                born: born.unwrap_or(over.head.born),
                heard: born.is_some(),
                due: now,
                unit: None,
            });
        }
    }

    fn done(&mut self, over: Move) {
        self.moved += u64::from(over.others) + u64::from(over.first);
        let now = clock::monotonic();
        let name = &over.wanted.name;
        self.homes.made(over.uid(), &over.from, name, now);
        self.scribe.note(Note::Adopted(Adopted {
            uid: over.uid(),
            pid: over.head.pid,
            name: over.head.name,
            way: over.way,
            from: over.from,
            first: over.first,
            others: over.others,
            held: over.held,
            took: over.took,
            heard: over.head.heard,
        }));
    }
}
