//! What a slice reads and writes where the kernel does not count it: as systemd leaves a host, the
//! io controller is off, and `io.stat` is not there.
//!
//! Then those processes of a slice that ran are asked one by one: a process whose CPU clock stands
//! still moved nothing. So many clocks are read a pass, slice by slice and in turns; the rate over
//! the time since a slice's last turn stands until its next one. What a child moved is its
//! parent's once it was waited for, so that only sums tell; what an orphan moved between its last
//! turn and its end is missed.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Nanos};
use crate::model::sample::{IoBytes, SliceSample};

use super::closely::io_bytes;
use super::cpu_clock;
use super::root::Root;

/// How many clocks are read in a pass; the slice that reaches it is still read to its end.
const CLOCKS: usize = 1024;

/// What is known of slices from their last turns.
#[derive(Debug, Default)]
pub(super) struct SliceIo {
    slices: BTreeMap<Uid, Turn>,
    /// Whose turn comes first.
    next: u32,
}

#[derive(Debug, Default)]
struct Turn {
    at: Nanos,
    cpu: Option<Nanos>,
    processes: HashMap<u32, Moved>,
    /// Bytes a second since the turn before.
    rate: (u64, u64),
    /// A counter that grows at that rate, as the kernel's would.
    total: IoBytes,
    counted: Nanos,
    /// Whether somebody's counters are not for us.
    denied: bool,
}

/// What a process had moved when its clock was there.
#[derive(Clone, Copy, Debug)]
struct Moved {
    cpu: Option<Nanos>,
    io: IoBytes,
}

impl SliceIo {
    /// Fills in what the kernel does not count, of slices whose processes are known.
    pub(super) fn fill<'m>(
        &mut self,
        root: &Root,
        slices: &mut [SliceSample],
        members: impl Fn(Uid) -> Option<&'m HashSet<u32>>,
    ) {
        self.slices
            .retain(|uid, _| slices.iter().any(|slice| slice.uid == *uid));
        let uncounted = |slice: &&mut SliceSample| slice.io.is_none();
        let mut left = CLOCKS;
        let start = slices.partition_point(|slice| slice.uid.0 < self.next);
        slices.rotate_left(start);
        self.next = 0;
        for slice in slices.iter_mut().filter(uncounted) {
            let turn = self.slices.entry(slice.uid).or_default();
            if turn.cpu == slice.cpu && turn.at != Nanos(0) {
                // Who did not run moved nothing.
                turn.rate = (0, 0);
            } else if let Some(members) = members(slice.uid).filter(|_| left > 0) {
                left = left.saturating_sub(turn.take(root, slice, members));
                if left == 0 {
                    self.next = slice.uid.0.saturating_add(1);
                }
            }
            turn.count(slice.clock);
            slice.io = (!turn.denied && turn.at != Nanos(0)).then_some(turn.total);
        }
        slices.sort_by_key(|slice| slice.uid);
    }
}

impl Turn {
    /// Lets the counter grow up to now.
    fn count(&mut self, now: Nanos) {
        let passed = now.saturating_sub(self.counted).0;
        if self.counted != Nanos(0) {
            let grown = |rate: u64| {
                let bytes = u128::from(rate) * u128::from(passed) / u128::from(Nanos::SECOND.0);
                Bytes(u64::try_from(bytes).unwrap_or(u64::MAX))
            };
            self.total.read += grown(self.rate.0);
            self.total.written += grown(self.rate.1);
        }
        self.counted = now;
    }

    /// Asks every process of the slice that ran; tells how many there are.
    fn take(&mut self, root: &Root, slice: &SliceSample, members: &HashSet<u32>) -> usize {
        let first = self.at == Nanos(0);
        let mut now = HashMap::with_capacity(members.len());
        let sum = |all: &HashMap<u32, Moved>| {
            let add = |a: IoBytes, b: &Moved| IoBytes {
                read: a.read + b.io.read,
                written: a.written + b.io.written,
            };
            all.values().fold(IoBytes::default(), add)
        };
        self.denied = false;
        let mut buffer = Vec::new();
        for pid in members {
            let cpu = cpu_clock::read(Pid(*pid)).filter(|_| root.is_live());
            let stood = |known: &&Moved| cpu.is_some() && known.cpu == cpu;
            if let Some(known) = self.processes.get(pid).filter(stood) {
                now.insert(*pid, *known);
                continue;
            }
            match root.read_into(&format!("/proc/{pid}/io"), &mut buffer) {
                Ok(true) => {
                    let io = io_bytes(&buffer);
                    now.insert(*pid, Moved { cpu, io });
                }
                Ok(false) => {}
                Err(_) => self.denied = true,
            }
        }
        let (before, after) = (sum(&self.processes), sum(&now));
        let moved = IoBytes {
            read: after.read.saturating_sub(before.read),
            written: after.written.saturating_sub(before.written),
        };
        let passed = slice.clock.saturating_sub(self.at).0.max(1);
        self.rate = if first {
            (0, 0)
        } else {
            let rate = |bytes: Bytes| {
                let scaled = u128::from(bytes.0) * u128::from(Nanos::SECOND.0);
                u64::try_from(scaled / u128::from(passed)).unwrap_or(u64::MAX)
            };
            (rate(moved.read), rate(moved.written))
        };
        (self.at, self.cpu, self.processes) = (slice.clock, slice.cpu, now);
        self.processes.len().max(1)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;
    use crate::host::cgroup::{Devices, USER_SLICE};
    use crate::host::slice_files::SliceFiles;

    struct Tree(tempfile::TempDir, HashMap<Uid, HashSet<u32>>);

    impl Tree {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap(), HashMap::new())
        }

        /// A person with one process that has read so many bytes.
        fn person(&mut self, uid: u32, pid: u32, read: u64) {
            let slice = self
                .0
                .path()
                .join(format!("{}/user-{uid}.slice", &USER_SLICE[1..]));
            let process = self.0.path().join(format!("proc/{pid}"));
            for dir in [&slice, &process] {
                std::fs::create_dir_all(dir).unwrap();
            }
            self.1.entry(Uid(uid)).or_default().insert(pid);
            let io = format!("read_bytes: {read}\nwrite_bytes: 0\n");
            std::fs::write(process.join("io"), io).unwrap();
        }
    }

    /// A slice that ran in this second, and of which the kernel counts no I/O.
    fn slice(root: &Root, uid: u32, second: u64) -> SliceSample {
        let (mut devices, dir) = (Devices::default(), format!("{USER_SLICE}/user-{uid}.slice"));
        SliceSample {
            clock: Nanos(second * Nanos::SECOND.0),
            cpu: Some(Nanos(second)),
            ..SliceFiles::new(&dir).rest(root, &mut devices, Uid(uid), &mut Vec::new())
        }
    }

    #[test]
    fn what_processes_read_is_their_slices() {
        let mut tree = Tree::new();
        tree.person(1000, 7, 5000);
        let root = Root::fixture(tree.0.path()).unwrap();
        let mut io = SliceIo::default();
        let mut told = |tree: &Tree, second: u64| {
            let mut slices = [slice(&root, 1000, second)];
            io.fill(&root, &mut slices, |uid| tree.1.get(&uid));
            slices[0].io.unwrap().read.0
        };
        let before = told(&tree, 1);
        tree.person(1000, 7, 9000);
        assert_eq!(told(&tree, 2) - before, 4000);
        assert_eq!(told(&tree, 3) - before, 4000, "nothing more");
        // Another process has begun, and read since.
        tree.person(1000, 8, 300);
        assert_eq!(told(&tree, 4) - before, 4300);
        // It ends, and what it read becomes its parent's.
        std::fs::remove_dir_all(tree.0.path().join("proc/8")).unwrap();
        tree.person(1000, 7, 9400);
        assert_eq!(told(&tree, 5) - before, 4400);
    }

    #[test]
    fn everybodys_turn_comes_however_many_there_are() {
        let mut tree = Tree::new();
        let people = 2 * u32::try_from(CLOCKS).unwrap();
        for uid in 0..people {
            tree.person(1000 + uid, 5000 + uid, 0);
        }
        let root = Root::fixture(tree.0.path()).unwrap();
        let mut io = SliceIo::default();
        for second in 1..=2 {
            let mut slices: Vec<SliceSample> = (0..people)
                .map(|uid| slice(&root, 1000 + uid, second))
                .collect();
            io.fill(&root, &mut slices, |uid| tree.1.get(&uid));
            let known = slices.iter().filter(|slice| slice.io.is_some()).count();
            assert_eq!(known, usize::try_from(second).unwrap() * CLOCKS);
            assert!(slices.is_sorted_by_key(|slice| slice.uid));
        }
    }
}
