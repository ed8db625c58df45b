//! What only a close look needs: command lines, one process in all its parts, bytes read and
//! written. These files can keep their reader waiting (a process stopped in the middle of its own
//! start, or with its memory on a file system that hangs), so a [`Reader`] opens them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Nanos};
use crate::model::sample::{
    CgroupVersion, Details, Focus, IoBytes, IoReading, ProcessIo, ProcessSample,
};

use super::reader::{Marker, Reader};
use super::root::Root;
use super::shares::{Sharer, Shares};
use super::{clock, cpu_clock, details, shares};

/// How long one pass waits for what it asked for.
const PATIENCE: Duration = Duration::from_millis(200);
/// And for what costs next to nothing.
const GLANCE: Duration = Duration::from_millis(10);
/// Processes whose I/O is read in one pass: those that ran, in turn.
const IO_AT_ONCE: usize = 256;
/// And in the first, so that there is something to compare with: those that ran most so far.
const IO_AT_FIRST: usize = 1024;

/// Looks closely, without ever keeping a pass waiting for long.
#[derive(Debug)]
pub(super) struct Closely {
    reader: Reader<Pid, Job, Answer>,
    /// Processes that kept a reader waiting; they are not asked again.
    silent: BTreeSet<Pid>,
    details: Arc<Details>,
    io: BTreeMap<Pid, Known>,
    denied: BTreeSet<Uid>,
    shares: Shares,
    sharers: Vec<Sharer>,
    /// Where the next turn begins.
    turn: Pid,
    at_first: bool,
    /// Whether the reader has not yet done what the pass before asked for.
    behind: bool,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    birth: u32,
    before: IoReading,
    last: IoReading,
}

/// A process whose I/O is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ran {
    pub(super) pid: Pid,
    pub(super) birth: u32,
    pub(super) uid: Uid,
    /// CPU time so far.
    pub(super) cpu: Nanos,
    /// Whether it began within this pass: then nothing was before.
    pub(super) new: bool,
}

enum Job {
    Look {
        version: CgroupVersion,
        focus: Focus,
        elsewhere: Vec<Pid>,
        silent: BTreeSet<Pid>,
    },
    Io(Vec<Ran>),
    Shares(Vec<Sharer>, bool),
}

enum Answer {
    Look(Details),
    Io(Vec<(Ran, Option<IoReading>)>),
    Shares(Vec<(Sharer, f64)>),
}

impl Closely {
    pub(super) fn new(root: &Root) -> Self {
        let root = root.clone();
        Self {
            reader: Reader::new("close-up", move |job, marker: &Marker<Pid>| match job {
                Job::Look {
                    version,
                    focus,
                    elsewhere,
                    silent,
                } => Answer::Look(details::read(
                    &root, version, focus, elsewhere, &silent, marker,
                )),
                Job::Io(wanted) => Answer::Io(read_io(&root, &wanted, marker)),
                Job::Shares(sharers, at_first) => {
                    Answer::Shares(shares::read(&root, &sharers, at_first, marker))
                }
            }),
            silent: BTreeSet::new(),
            details: Arc::default(),
            io: BTreeMap::new(),
            denied: BTreeSet::new(),
            shares: Shares::default(),
            sharers: Vec::new(),
            turn: Pid(0),
            at_first: true,
            behind: false,
        }
    }

    /// Asks for the I/O of processes that ran, as many as one pass may.
    pub(super) fn ask_io(&mut self, ran: &[Ran]) {
        if self.behind {
            return; // They come in their turn.
        }
        if std::mem::take(&mut self.at_first) {
            let mut most: Vec<Ran> = ran.to_vec();
            if most.len() > IO_AT_FIRST {
                most.select_nth_unstable_by_key(IO_AT_FIRST, |p| std::cmp::Reverse(p.cpu));
                most.truncate(IO_AT_FIRST);
            }
            self.reader.ask(Job::Io(most));
            return;
        }
        let start = ran.partition_point(|process| process.pid < self.turn);
        let in_turn = ran[start..].iter().chain(&ran[..start]);
        let wanted: Vec<Ran> = in_turn
            .filter(|p| !self.silent.contains(&p.pid) && !self.denied.contains(&p.uid))
            .take(IO_AT_ONCE)
            .copied()
            .collect();
        if let Some(last) = wanted.last() {
            self.turn = Pid(last.pid.0.wrapping_add(1));
            self.reader.ask(Job::Io(wanted));
        }
    }

    /// Takes in what was read since the last pass, and bills each process for its part of the
    /// memory that it maps together with others.
    pub(super) fn catch_up(
        &mut self,
        focus: Option<Focus>,
        sharers: Vec<Sharer>,
        processes: &mut [ProcessSample],
    ) {
        self.sharers = sharers;
        self.sharers.retain(|s| !self.silent.contains(&s.pid));
        self.take_in(Duration::ZERO, focus);
        self.behind = self.reader.busy();
        self.shares.note(&[], &self.sharers);
        self.shares.apply(&self.sharers, processes);
    }

    /// Asks for what is whose of that memory.
    pub(super) fn ask_shares(&mut self, at_first: bool) {
        if !self.sharers.is_empty() && !self.behind {
            let turn = self.shares.next(&self.sharers);
            self.reader.ask(Job::Shares(turn, at_first));
        }
    }

    /// Asks for the processes of the one who is looked at.
    pub(super) fn ask_details(
        &mut self,
        version: CgroupVersion,
        focus: Option<Focus>,
        elsewhere: Vec<Pid>,
    ) {
        let Some(focus) = focus else {
            self.details = Arc::default();
            return;
        };
        if self.details.of != Some(focus.uid) {
            self.details = Arc::default();
        }
        self.reader.ask(Job::Look {
            version,
            focus,
            elsewhere,
            silent: self.silent.clone(),
        });
    }

    /// Takes in what has been read, waiting a moment for what this pass asked for.
    pub(super) fn collect(&mut self, live: bool, soon: bool, focus: Option<Focus>) {
        let patience = match focus {
            Some(_) if live => PATIENCE,
            _ if !live => PATIENCE * 50, // A fixture answers, however busy the machine is.
            _ if soon => Duration::ZERO,
            _ => GLANCE,
        };
        self.take_in(patience, focus);
        if let Some(pid) = self.reader.stuck() {
            self.silent.insert(pid);
        }
        if live {
            self.silent.retain(|pid| cpu_clock::read(*pid).is_some());
        }
    }

    fn take_in(&mut self, patience: Duration, focus: Option<Focus>) {
        let begun = clock::monotonic();
        while self.reader.busy() {
            let passed = Duration::from_nanos(clock::monotonic().saturating_sub(begun).0);
            match self.reader.answer(patience.saturating_sub(passed)) {
                Some(Answer::Look(mut details)) if details.of == focus.map(|f| f.uid) => {
                    for process in &mut details.processes {
                        let at = self.sharers.binary_search_by_key(&process.pid, |s| s.pid);
                        let sharer = at.ok().map(|at| &self.sharers[at]);
                        let part = sharer.and_then(|s| self.shares.part(s, &self.sharers));
                        if let Some((memory, part)) = process.memory.zip(part) {
                            process.memory = Some(shares::part_of(memory, part));
                        }
                    }
                    self.details = Arc::new(details);
                }
                Some(Answer::Look(_)) => {}
                Some(Answer::Io(read)) => self.note(read),
                Some(Answer::Shares(told)) => self.shares.note(&told, &self.sharers),
                None => break,
            }
        }
    }

    fn note(&mut self, read: Vec<(Ran, Option<IoReading>)>) {
        for (ran, reading) in read {
            let Some(reading) = reading else {
                self.denied.insert(ran.uid);
                continue;
            };
            let known = self.io.get(&ran.pid).filter(|k| k.birth == ran.birth);
            let before = match known {
                Some(known) => known.last,
                None if ran.new => IoReading::default(),
                None => reading,
            };
            let known = Known {
                birth: ran.birth,
                before,
                last: reading,
            };
            self.io.insert(ran.pid, known);
        }
    }

    /// Forgets processes that are no longer followed.
    pub(super) fn forget(&mut self, followed: impl Fn(Pid) -> bool) {
        self.io.retain(|pid, _| followed(*pid));
    }

    pub(super) fn details(&self) -> Arc<Details> {
        Arc::clone(&self.details)
    }

    /// Bytes read and written so far, ordered by pid; of those that moved any.
    pub(super) fn io(&self) -> Vec<ProcessIo> {
        let moved = self.io.iter();
        let moved = moved.filter(|(_, known)| known.last.bytes != IoBytes::default());
        let one = |(pid, known): (&Pid, &Known)| ProcessIo {
            pid: *pid,
            birth: known.birth,
            before: known.before,
            last: known.last,
        };
        moved.map(one).collect()
    }

    pub(super) fn denied(&self) -> BTreeSet<Uid> {
        self.denied.clone()
    }
}

/// `/proc/PID/io` of each; `None` where it is not to be had.
fn read_io(root: &Root, wanted: &[Ran], marker: &Marker<Pid>) -> Vec<(Ran, Option<IoReading>)> {
    let mut bytes = Vec::new();
    let mut read = Vec::with_capacity(wanted.len());
    for ran in wanted {
        marker.at(ran.pid);
        match root.read_into(&format!("/proc/{}/io", ran.pid), &mut bytes) {
            Ok(true) => {
                let reading = IoReading {
                    clock: clock::monotonic(),
                    bytes: io_bytes(&bytes),
                };
                read.push((*ran, Some(reading)));
            }
            // The kernel does not count, unless the process has ended.
            Ok(false) if root.exists(&format!("/proc/{}/stat", ran.pid)) => {
                read.push((*ran, None));
            }
            Ok(false) => {}
            Err(error) if error.denied() => read.push((*ran, None)),
            Err(_) => {}
        }
    }
    read
}

/// What of `proc_pid_io(5)` reached or left a device.
pub(super) fn io_bytes(bytes: &[u8]) -> IoBytes {
    let text = String::from_utf8_lossy(bytes);
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().parse().ok().map(Bytes)
    };
    IoBytes {
        read: value("read_bytes:").unwrap_or_default(),
        // What was written and dropped again before it reached the device does not count.
        written: value("write_bytes:")
            .unwrap_or_default()
            .saturating_sub(value("cancelled_write_bytes:").unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reached_a_device_counts() {
        let io = b"rchar: 9\nwchar: 9\nsyscr: 1\nsyscw: 1\nread_bytes: 4096\nwrite_bytes: 8192\n\
            cancelled_write_bytes: 4096\n";
        let bytes = io_bytes(io);
        assert_eq!((bytes.read, bytes.written), (Bytes(4096), Bytes(4096)));
        assert_eq!(io_bytes(b"\xff"), IoBytes::default());
    }
}
