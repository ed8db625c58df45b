//! Looking for strays now and then: for what events lost, and what began before anybody listened.
//!
//! Outside `user.slice` every process of a person is one. In a person's slice those are that are
//! somebody else's, which is looked for in turns: slices hold most of the processes of a host, and
//! few of them are guests. Only who owns a process is asked, which costs least; a process that
//! hides its memory looks like root's, and is asked more closely in a thorough look.

use std::collections::BTreeSet;

use crate::base::id::{Pid, Uid};
use crate::model::sample::slice_owner;

use super::cgroup::{MOUNT, USER_SLICE};
use super::root::Root;
use super::scope::members;
use super::stray::Eye;

/// Every slice has its turn within so many looks.
const TURNS: usize = 12;
/// Nobody has a reason to nest cgroups deeper.
const DEEPEST: u32 = 16;

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closeness {
    /// Where strays have been found lately.
    Glance,
    /// Everything outside `user.slice`, and the slices whose turn it is.
    Usual,
    /// Everything.
    Thorough,
}

/// Looks for strays.
#[derive(Debug, Default)]
pub struct Strays {
    turn: usize,
    text: Vec<u8>,
    pids: Vec<Pid>,
    found: Vec<(Pid, Uid)>,
}

impl Strays {
    /// Finds processes that are somebody's and not in their own slice: root's, services' and
    /// containers' among them. `lately` is where strays were found before.
    pub fn find(
        &mut self,
        root: &Root,
        eye: &mut Eye,
        closeness: Closeness,
        lately: &BTreeSet<String>,
    ) -> &[(Pid, Uid)] {
        self.found.clear();
        let hidden = closeness == Closeness::Thorough;
        for cgroup in lately {
            self.visit(root, eye, cgroup, hidden);
        }
        if closeness > Closeness::Glance {
            for name in root.subdirectories(MOUNT) {
                if name != "user.slice" {
                    self.descend(root, eye, &format!("/{name}"), hidden, 0);
                }
            }
            self.slices(root, eye, hidden);
        }
        if hidden {
            // Kernel threads are here too.
            self.visit(root, eye, "", false);
            self.visit(root, eye, "/user.slice", true);
        }
        &self.found
    }

    fn slices(&mut self, root: &Root, eye: &mut Eye, all: bool) {
        self.turn = (self.turn + 1) % TURNS;
        for (at, name) in root.subdirectories(USER_SLICE).enumerate() {
            if all || at % TURNS == self.turn {
                self.descend(root, eye, &format!("/user.slice/{name}"), all, 0);
            }
        }
    }

    fn descend(&mut self, root: &Root, eye: &mut Eye, cgroup: &str, hidden: bool, depth: u32) {
        self.visit(root, eye, cgroup, hidden);
        if depth < DEEPEST {
            for child in root.subdirectories(&format!("{MOUNT}{cgroup}")) {
                self.descend(root, eye, &format!("{cgroup}/{child}"), hidden, depth + 1);
            }
        }
    }

    fn visit(&mut self, root: &Root, eye: &mut Eye, cgroup: &str, hidden: bool) {
        let Self {
            text, pids, found, ..
        } = self;
        members(root, cgroup, text, pids);
        let home = slice_owner(cgroup);
        for pid in pids.iter().copied() {
            let mut owner = eye.owner(pid);
            if hidden && owner == Some(Uid::ROOT) {
                owner = eye.uid(pid);
            }
            if let Some(uid) = owner.filter(|uid| *uid != Uid::ROOT && Some(*uid) != home) {
                found.push((pid, uid));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;
    use std::os::unix::fs::chown;

    struct Tree(tempfile::TempDir);

    impl Tree {
        /// A process of this uid in a cgroup, as far as the test may give files away.
        fn process(&self, pid: u32, cgroup: &str, uid: u32) -> bool {
            let at = self.0.path().join(format!("proc/{pid}"));
            std::fs::create_dir_all(&at).unwrap();
            std::fs::write(
                at.join("status"),
                format!("Uid:\t{uid} {uid} {uid} {uid}\n"),
            )
            .unwrap();
            let dir = self.0.path().join(format!("sys/fs/cgroup{cgroup}"));
            std::fs::create_dir_all(&dir).unwrap();
            let procs = dir.join("cgroup.procs");
            let others = std::fs::read_to_string(&procs).unwrap_or_default();
            std::fs::write(procs, format!("{others}{pid}\n")).unwrap();
            chown(&at, Some(uid), None).is_ok()
        }
    }

    #[test]
    fn strays_are_found_wherever_they_are_and_those_at_home_are_not() {
        let tree = Tree(tempfile::tempdir().unwrap());
        let own = rustix::process::geteuid().as_raw();
        let other = if own == 0 { 1001 } else { own };
        let cron = "/system.slice/cron.service";
        let home = format!("/user.slice/user-{other}.slice/session-1.scope");
        for (pid, cgroup) in [
            (10, cron),
            (11, &*home),
            (12, "/user.slice/user-4000.slice/session-2.scope"),
            (13, "/system.slice/a.service/deep/er"),
            (14, "/"),
        ] {
            assert!(tree.process(pid, cgroup, other), "{pid}");
        }
        let root = Root::fixture(tree.0.path()).unwrap();
        let (mut strays, mut eye) = (Strays::default(), Eye::new(&root));
        let mut look = |closeness, lately: &BTreeSet<String>| {
            let found = strays.find(&root, &mut eye, closeness, lately);
            let mut pids: Vec<u32> = found.iter().map(|(pid, _)| pid.0).collect();
            pids.sort_unstable();
            pids
        };
        let nowhere = BTreeSet::new();
        assert_eq!(look(Closeness::Thorough, &nowhere), [10, 12, 13, 14]);
        assert!(look(Closeness::Glance, &nowhere).is_empty());
        assert_eq!(
            look(Closeness::Glance, &BTreeSet::from([cron.to_owned()])),
            [10]
        );
        // In turns everything is seen.
        let mut seen = BTreeSet::new();
        for _ in 0..TURNS {
            let found = look(Closeness::Usual, &nowhere);
            assert!(found.contains(&10) && found.contains(&13), "{found:?}");
            seen.extend(found);
        }
        assert!(seen.contains(&12), "{seen:?}");
    }
}
