//! One move: asked of systemd, done, and followed until nobody is left behind.

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Nanos};
use crate::host::clock;
use crate::host::root::Root;
use crate::host::scope::{self, Door, Wanted, members};
use crate::host::stray::Eye;
use crate::model::origin::Origin;

/// systemd is looked after so often where it says nothing.
const LOOK_AFTER: Nanos = Nanos(100_000_000);
/// And given up after so long: then the rescan begins anew.
const GIVE_UP: Nanos = Nanos(30 * Nanos::SECOND.0);
/// One turn of following takes no longer than this; others wait to be adopted.
const TURN: Nanos = Nanos(100_000_000);
/// When nobody was left behind, that is looked at again.
const ONCE_MORE: Nanos = Nanos(100_000_000);

/// A move under way.
#[derive(Debug)]
pub(super) struct Move {
    /// The number of the call.
    pub(super) call: u32,
    pub(super) wanted: Wanted,
    /// The process that was seen.
    pub(super) head: Head,
    /// Where it came from.
    pub(super) from: String,
    pub(super) way: Origin,
    /// Processes of the unit itself, which stay whosever they are.
    pub(super) keep: [Option<Pid>; 2],
    /// Others that became the same person's in the same place meanwhile, and when.
    pub(super) joined: Vec<(Pid, Nanos)>,
    /// Whether the process that was seen is in the scope.
    pub(super) first: bool,
    /// Processes put in after it.
    pub(super) others: u32,
    /// Memory that was charged where they came from.
    pub(super) held: Bytes,
    /// How long it took each of those whose birth was heard of.
    pub(super) took: Vec<Nanos>,
    state: State,
    pub(super) begun: Nanos,
    pub(super) due: Nanos,
}

/// The process a move began with.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) pid: Pid,
    pub(super) name: String,
    /// When it became its owner's, or was found.
    pub(super) born: Nanos,
    /// Whether the kernel told of it, rather than a rescan.
    pub(super) heard: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Asked,
    Following { clean: bool },
}

/// How a move stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It goes on at `due`.
    UnderWay,
    /// Everybody is in the scope.
    Done,
    /// The scope has gone, or never came; whoever is left behind needs another one.
    Gone,
}

impl Move {
    pub(super) fn asked(call: u32, wanted: Wanted, head: Head, from: String, way: Origin) -> Self {
        let now = clock::monotonic();
        Self {
            call,
            wanted,
            head,
            from,
            way,
            keep: [None; 2],
            joined: Vec::new(),
            first: false,
            others: 0,
            held: Bytes(0),
            took: Vec::new(),
            state: State::Asked,
            begun: now,
            due: now + LOOK_AFTER,
        }
    }

    pub(super) fn uid(&self) -> Uid {
        self.wanted.uid
    }

    /// Whether systemd has not made the scope yet, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Asked
    }

    /// Whether whoever becomes the same person's in the same place is taken along.
    pub(super) fn takes_along(&self, uid: Uid, from: &str) -> bool {
        self.uid() == uid && self.from == from
    }

    /// Goes on: systemd has said something, or it is time.
    pub(super) fn go_on(&mut self, root: &Root, eye: &mut Eye) -> Standing {
        let now = clock::monotonic();
        if self.state == State::Asked {
            let place = scope::cgroup(self.uid(), &self.wanted.name);
            match eye.cgroup(self.head.pid) {
                Some(cgroup) if cgroup == place => {
                    self.first = true;
                    if let Some(name) = eye.name(self.head.pid) {
                        // What su or cron was when it was seen is something else by now.
                        self.head.name = name;
                    }
                    if self.head.heard {
                        self.took.push(now.saturating_sub(self.head.born));
                    }
                    self.state = State::Following { clean: false };
                }
                // Its children may be in the scope already, or left behind without it.
                None => self.state = State::Following { clean: false },
                Some(_) if now.saturating_sub(self.begun) > GIVE_UP => return Standing::Gone,
                Some(_) => {
                    self.due = now + LOOK_AFTER;
                    return Standing::UnderWay;
                }
            }
        }
        self.follow(root, eye)
    }

    fn follow(&mut self, root: &Root, eye: &mut Eye) -> Standing {
        let begun = clock::monotonic();
        let place = scope::cgroup(self.uid(), &self.wanted.name);
        let Ok(Some(door)) = Door::open(root, &place) else {
            return Standing::Gone;
        };
        let (mut text, mut pids) = (Vec::new(), Vec::new());
        loop {
            members(root, &self.from, &mut text, &mut pids);
            pids.retain(|pid| !self.keep.contains(&Some(*pid)));
            let mut left = false;
            for pid in &pids {
                let Some(held) = eye.held_by(self.uid(), *pid) else {
                    continue;
                };
                left = true;
                match door.put(*pid) {
                    Ok(true) => self.came(*pid, held),
                    Ok(false) => {}
                    // The scope ended with its last process while its door was open.
                    Err(_) => return Standing::Gone,
                }
            }
            if !left {
                break;
            }
            if clock::monotonic().saturating_sub(begun) > TURN {
                self.state = State::Following { clean: false };
                self.due = clock::monotonic();
                return Standing::UnderWay;
            }
        }
        if self.state == (State::Following { clean: true }) {
            return Standing::Done;
        }
        self.state = State::Following { clean: true };
        self.due = clock::monotonic() + ONCE_MORE;
        Standing::UnderWay
    }

    fn came(&mut self, pid: Pid, held: Bytes) {
        self.others += 1;
        self.held += held;
        if let Some(at) = self.joined.iter().position(|(joined, _)| *joined == pid) {
            let (_, born) = self.joined.swap_remove(at);
            self.took.push(clock::monotonic().saturating_sub(born));
        }
    }
}
