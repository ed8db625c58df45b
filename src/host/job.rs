//! One person's processes as triage sees them: which they are, where, and whether they stand
//! still.

use rustix::param::clock_ticks_per_second;

use crate::base::id::Uid;
use crate::model::sample::slice_owner;
use crate::plan::triage::{FROZEN, RUNNING};

use super::cgroup::{self, MOUNT};
use super::process::{Stat, cgroup_path};
use super::root::{Root, numeric};
use super::scope;
use super::subuids::Subuids;

/// A process of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct One {
    pub(super) pid: u32,
    pub(super) parent: u32,
    /// When it began, in nanoseconds since boot: a number alone is handed on.
    pub(super) started: u64,
    /// Whether their slice holds it, so that the kernel freezes it with the others.
    pub(super) inside: bool,
    /// Whether it was outside before the guard moved it.
    pub(super) adopted: bool,
    /// Whether a signal has stopped it.
    pub(super) stopped: bool,
}

/// Everything of somebody, what their containers run under subordinate uids included.
#[derive(Debug)]
pub(super) struct Person {
    uid: u32,
    subuids: Subuids,
}

/// The lines of `/proc/PID/status` that matter.
struct Told {
    state: char,
    threads: u32,
    /// Real, effective, saved and file system uid.
    uids: [u32; 4],
}

impl Told {
    fn read(root: &Root, pid: u32) -> Option<Self> {
        let bytes = root.read(&format!("/proc/{pid}/status")).ok().flatten()?;
        // The name comes first and escapes line ends, so no process can fake a line.
        let text = String::from_utf8_lossy(&bytes);
        let field = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
        let mut uids = field("Uid:")?
            .split_ascii_whitespace()
            .filter_map(|word| word.parse().ok());
        let mut next = || uids.next();
        Some(Self {
            state: field("State:")?.trim_start().chars().next()?,
            threads: field("Threads:").map_or(1, |n| n.trim().parse().unwrap_or(1)),
            uids: [next()?, next()?, next()?, next()?],
        })
    }

    /// A zombie runs nothing, unless only its first thread has ended.
    fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X') && self.threads <= 1
    }
}

impl Person {
    pub(super) fn new(root: &Root, uid: u32) -> Self {
        let mut subuids = Subuids::default();
        subuids.refresh(root);
        Self { uid, subuids }
    }

    /// The directory of their slice.
    pub(super) fn slice(&self) -> String {
        format!("{MOUNT}/user.slice/user-{}.slice", self.uid)
    }

    /// Whether the kernel was told to freeze their slice; `None` where it cannot be told.
    pub(super) fn is_slice_frozen(&self, root: &Root) -> Option<bool> {
        let text = root.peek(&format!("{}/cgroup.freeze", self.slice()))?;
        Some(text.trim() == "1")
    }

    /// A process, if it is theirs.
    pub(super) fn one(&self, root: &Root, pid: u32) -> Option<One> {
        let told = Told::read(root, pid)?;
        if told.is_dead() || !told.uids.iter().any(|uid| self.is_theirs(*uid)) {
            return None;
        }
        let cgroup = root.read(&format!("/proc/{pid}/cgroup")).ok().flatten();
        let path = cgroup
            .and_then(|bytes| cgroup_path(&bytes))
            .unwrap_or_default();
        let in_slice = slice_owner(&path) == Some(Uid(self.uid));
        // A service of root's that acts for them for a moment is root's.
        let is_roots =
            told.uids[0] == 0 || (told.uids[1..].contains(&0) && !self.is_theirs(told.uids[0]));
        if !in_slice && is_roots {
            return None;
        }
        let stat = stat(root, pid)?;
        let guards = format!("/{}", scope::prefix(Uid(self.uid)));
        Some(One {
            pid,
            parent: stat.parent.0,
            started: stat.started.0,
            inside: in_slice && self.is_slice_frozen(root).is_some(),
            adopted: in_slice && path.contains(&guards),
            stopped: match told.state {
                'T' => true,
                'Z' | 'X' => are_threads_stopped(root, pid),
                _ => false,
            },
        })
    }

    fn is_theirs(&self, uid: u32) -> bool {
        uid == self.uid || self.subuids.owner(Uid(uid)) == Uid(self.uid)
    }

    /// All of them.
    pub(super) fn all(&self, root: &Root) -> Vec<One> {
        let names = root.list("/proc");
        let pids = names.iter().filter_map(|name| numeric(name));
        pids.filter_map(|pid| self.one(root, pid)).collect()
    }

    /// Whether nothing is left of them, in their slice by whatever name.
    pub(super) fn has_nothing(&self, root: &Root) -> bool {
        self.all(root).is_empty()
    }

    /// Whether everything of theirs stands still; `None` when there is nothing.
    pub(super) fn standstill(&self, root: &Root) -> Option<&'static str> {
        let frozen = self.is_slice_frozen(root);
        let all = self.all(root);
        if all.is_empty() && frozen != Some(true) {
            return None;
        }
        // What runs outside of a frozen slice is told apart: it is what a person can change.
        let stands = frozen.unwrap_or_else(|| all.iter().all(|one| one.stopped));
        Some(if stands { FROZEN } else { RUNNING })
    }

    /// A process of theirs and everything of theirs below it, the process itself first.
    pub(super) fn tree(&self, root: &Root, pid: u32) -> Vec<One> {
        let known = self.all(root);
        let mut found: Vec<One> = known.iter().filter(|one| one.pid == pid).copied().collect();
        let mut next = 0;
        while let Some(parent) = found.get(next).map(|one| one.pid) {
            next += 1;
            let below = known.iter().filter(|one| one.parent == parent);
            let below: Vec<One> = below.filter(|one| !found.contains(one)).copied().collect();
            found.extend(below);
        }
        found
    }

    /// Whether it is still there, and still theirs.
    pub(super) fn has(&self, root: &Root, one: &One) -> bool {
        self.one(root, one.pid)
            .is_some_and(|now| now.started == one.started)
    }

    /// How many processes in their slice are others': whoever became somebody else there.
    pub(super) fn guests(&self, root: &Root) -> Vec<u32> {
        let mut uids = Vec::new();
        super::slices::visit_processes(root, &self.slice(), 0, &mut |_, pid| {
            if let Some(told) = Told::read(root, pid)
                && !told.is_dead()
                && !told.uids.iter().any(|uid| self.is_theirs(*uid))
            {
                uids.push(told.uids[0]);
            }
        });
        uids
    }
}

fn stat(root: &Root, pid: u32) -> Option<Stat> {
    let bytes = root.read(&format!("/proc/{pid}/stat")).ok().flatten()?;
    Stat::parse(&bytes, clock_ticks_per_second())
}

/// What a process is called.
pub(super) fn name(root: &Root, pid: u32) -> Option<String> {
    Some(stat(root, pid)?.name)
}

/// When a process began; `None` when it has ended.
pub(super) fn started(root: &Root, pid: u32) -> Option<u64> {
    if Told::read(root, pid)?.is_dead() {
        return None;
    }
    Some(stat(root, pid)?.started.0)
}

/// Whether all threads of a process are stopped whose first one has ended.
fn are_threads_stopped(root: &Root, pid: u32) -> bool {
    let dir = format!("/proc/{pid}/task");
    root.list_names(&dir).all(|thread| {
        let bytes = root.read(&format!("{dir}/{thread}/stat")).ok().flatten();
        let stat = bytes.and_then(|bytes| Stat::parse(&bytes, clock_ticks_per_second()));
        stat.is_none_or(|stat| matches!(stat.state, 'T' | 'Z' | 'X'))
    })
}

/// The uids that this program and what started it run under: whoever stops one of them stops us.
pub(super) fn uids_above(root: &Root) -> Vec<u32> {
    let mut uids = Vec::new();
    let mut next = std::process::id();
    // Nobody nests deeper.
    for _ in 0..64 {
        if let Some(told) = Told::read(root, next) {
            uids.extend(told.uids);
        }
        match stat(root, next) {
            Some(stat) if stat.parent.0 > 1 => next = stat.parent.0,
            _ => break,
        }
    }
    uids
}

/// Whether the kernel says that everything in a slice stands still.
pub(super) fn has_come_to_rest(root: &Root, slice: &str) -> bool {
    let events = root.peek(&format!("{slice}/cgroup.events"));
    events.is_some_and(|events| cgroup::keyed(&events, "frozen") == Some(1))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;

    struct Tree(tempfile::TempDir, Root);

    impl Tree {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("proc")).unwrap();
            let root = Root::fixture(dir.path()).unwrap();
            let tree = Self(dir, root);
            tree.write("etc/passwd", "alice:x:1001:1001::/home/alice:/bin/sh\n");
            tree.write("etc/subuid", "alice:200000:65536\n");
            tree
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        /// A process: its parent, state, uids and cgroup.
        fn put(&self, pid: u32, parent: u32, state: &str, uids: [u32; 4], cgroup: &str) {
            let (letter, threads) = state.split_at(1);
            let threads = if threads.is_empty() { "1" } else { threads };
            let zeros = "0 ".repeat(17);
            self.write(
                &format!("proc/{pid}/stat"),
                &format!("{pid} (a) b)) {letter} {parent} {zeros}{pid} 0\n"),
            );
            let [real, effective, saved, files] = uids;
            self.write(
                &format!("proc/{pid}/status"),
                &format!(
                    "Name:\ta\nState:\t{letter} (x)\nUid:\t{real}\t{effective}\t{saved}\t\
                     {files}\nThreads:\t{threads}\n"
                ),
            );
            self.write(&format!("proc/{pid}/cgroup"), &format!("0::{cgroup}\n"));
        }

        fn process(&self, pid: u32, parent: u32, state: &str, cgroup: &str) {
            self.put(pid, parent, state, [1001; 4], cgroup);
        }

        fn freeze(&self, state: &str) {
            let file = "sys/fs/cgroup/user.slice/user-1001.slice/cgroup.freeze";
            self.write(file, state);
        }

        fn pids(&self, of: &[One]) -> Vec<u32> {
            let _ = self;
            of.iter().map(|one| one.pid).collect()
        }

        fn alice(&self) -> Person {
            Person::new(&self.1, 1001)
        }
    }

    const INSIDE: &str = "/user.slice/user-1001.slice/session-1.scope";
    const CRON: &str = "/system.slice/cron.service";

    #[test]
    fn a_tree_is_a_process_with_all_below_it_and_nobody_dead() {
        let tree = Tree::new();
        for (pid, parent, state) in [(10, 1, "S"), (11, 10, "R"), (12, 11, "D"), (13, 10, "Z")] {
            tree.process(pid, parent, state, INSIDE);
        }
        tree.process(20, 1, "S", INSIDE);
        let alice = tree.alice();
        let below = |pid| tree.pids(&alice.tree(&tree.1, pid));
        assert_eq!(below(10), [10, 11, 12]);
        assert_eq!((below(12), below(13)), (vec![12], Vec::new()));
        assert_eq!(started(&tree.1, 13), None);
        let eleven = alice.one(&tree.1, 11).unwrap();
        assert!(alice.has(&tree.1, &eleven));
        tree.put(11, 1, "R", [1002; 4], INSIDE);
        assert!(!alice.has(&tree.1, &eleven), "somebody else has its number");
    }

    #[test]
    fn a_process_whose_first_thread_has_ended_lives_on() {
        let tree = Tree::new();
        tree.process(10, 1, "Z3", CRON);
        let alice = tree.alice();
        assert_eq!(tree.pids(&alice.all(&tree.1)), [10]);
        let thread = |state: char| {
            let zeros = "0 ".repeat(17);
            tree.write(
                "proc/10/task/11/stat",
                &format!("11 (a) {state} 1 {zeros}9 0\n"),
            );
        };
        thread('R');
        assert!(!alice.one(&tree.1, 10).unwrap().stopped);
        thread('T');
        assert!(alice.one(&tree.1, 10).unwrap().stopped);
    }

    #[test]
    fn containers_are_theirs_and_a_service_that_acts_for_them_is_roots() {
        let tree = Tree::new();
        tree.put(10, 1, "R", [200_033; 4], CRON);
        tree.put(11, 1, "R", [0, 1001, 0, 1001], CRON);
        tree.put(12, 1, "R", [1001, 0, 0, 0], CRON);
        tree.put(13, 1, "R", [1002; 4], INSIDE);
        let slice = "sys/fs/cgroup/user.slice/user-1001.slice";
        tree.write(&format!("{slice}/cgroup.procs"), "13\n");
        let alice = tree.alice();
        assert_eq!(tree.pids(&alice.all(&tree.1)), [10, 12]);
        assert_eq!(alice.guests(&tree.1), [1002]);
    }

    #[test]
    fn everything_stands_still_when_the_slice_does_and_without_one_when_all_are_stopped() {
        let tree = Tree::new();
        let alice = tree.alice();
        let now = || alice.standstill(&tree.1);
        assert_eq!(now(), None);
        tree.process(10, 1, "S", INSIDE);
        // Where the kernel cannot freeze, being in a slice stops nobody.
        assert_eq!(now(), Some(RUNNING));
        tree.process(10, 1, "T", INSIDE);
        assert_eq!(now(), Some(FROZEN));
        tree.freeze("0\n");
        assert_eq!(now(), Some(RUNNING));
        tree.freeze("1\n");
        assert_eq!(now(), Some(FROZEN));
        tree.process(11, 1, "R", CRON);
        assert_eq!(now(), Some(FROZEN), "what runs outside is told apart");
        let loose: Vec<One> = alice
            .all(&tree.1)
            .into_iter()
            .filter(|one| !one.inside)
            .collect();
        assert_eq!(tree.pids(&loose), [11]);
        tree.process(
            11,
            1,
            "T",
            "/user.slice/user-1001.slice/benchwarden-1001-11-5.scope",
        );
        assert!(
            alice
                .one(&tree.1, 11)
                .is_some_and(|one| one.adopted && one.stopped)
        );
    }
}
