//! A process as the guard looks at it: whose it is, where, and whose child.

use std::sync::Arc;
use std::time::Duration;

use crate::base::id::{Pid, Uid};
use crate::base::text::printable;
use crate::base::units::Bytes;
use crate::model::adoption::{Ancestor, Found};
use crate::model::sample::slice_owner;

use super::procdir::ProcDir;
use super::process::cgroup_path;
use super::root::Root;

/// A chain of parents longer than this is cut.
const MOST_ANCESTORS: usize = 32;
/// The first user namespace maps every uid to itself, and is recognised by that.
const WHOLE: [&str; 3] = ["0", "0", "4294967295"];

/// A process, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What decides.
    pub found: Found,
    /// When it began, in ticks since boot: with the pid, which process it is.
    pub started: u64,
    /// What it is called, cleaned.
    pub name: String,
    /// Memory that is charged to where it is now.
    pub held: Bytes,
}

/// Looks at processes with buffers that are used again.
#[derive(Debug)]
pub struct Eye {
    root: Root,
    proc: ProcDir,
    buffer: Vec<u8>,
}

/// The lines of `/proc/PID/status` that matter.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    name: String,
    parent: u32,
    uids: [u32; 3],
    /// As many pid namespaces it is in.
    depth: usize,
    held: Bytes,
}

impl Eye {
    /// For one host.
    #[must_use]
    pub fn new(root: &Root) -> Self {
        Self {
            root: root.clone(),
            proc: ProcDir::new(root),
            buffer: Vec::with_capacity(16 << 10),
        }
    }

    /// Looks at a process, first seen so long ago; `None` when it has ended.
    pub fn look(&mut self, pid: Pid, waited: Duration) -> Option<Look> {
        let told = self.status(pid)?;
        let started = self.started(pid)?;
        let cgroup = self.cgroup(pid)?;
        let uid = Uid(told.uids[0]);
        let stray = slice_owner(&cgroup) != Some(uid);
        let ancestors = if stray {
            self.ancestors(Pid(told.parent))
        } else {
            Vec::new()
        };
        let found = Found {
            pid,
            uid,
            settled: told.uids == [uid.0; 3],
            cgroup,
            contained: stray && told.depth > 1 && self.in_first_user_namespace(pid),
            ancestors,
            waited,
        };
        Some(Look {
            found,
            started,
            name: told.name,
            held: told.held,
        })
    }

    /// What a process holds, if it is this person's for good.
    pub fn held_by(&mut self, uid: Uid, pid: Pid) -> Option<Bytes> {
        let told = self.status(pid)?;
        (told.uids == [uid.0; 3]).then_some(told.held)
    }

    /// The real uid of a process.
    pub fn uid(&mut self, pid: Pid) -> Option<Uid> {
        Some(Uid(self.status(pid)?.uids[0]))
    }

    /// What a process is called, cleaned.
    pub fn name(&mut self, pid: Pid) -> Option<String> {
        Some(self.status(pid)?.name)
    }

    /// Where a process is.
    pub fn cgroup(&mut self, pid: Pid) -> Option<String> {
        if !self.proc.read(pid, "cgroup", &mut self.buffer) {
            return None;
        }
        cgroup_path(&self.buffer)
    }

    /// Who owns its directory, at the least cost: its uid, or root where it hides its memory.
    #[must_use]
    pub fn owner(&self, pid: Pid) -> Option<Uid> {
        self.proc.owner(pid)
    }

    fn status(&mut self, pid: Pid) -> Option<Told> {
        // A long list of groups comes before what is wanted.
        let path = format!("/proc/{pid}/status");
        match self.root.read_into(&path, &mut self.buffer) {
            Ok(true) => parse(&self.buffer),
            _ => None,
        }
    }

    fn started(&mut self, pid: Pid) -> Option<u64> {
        if !self.proc.read(pid, "stat", &mut self.buffer) {
            return None;
        }
        started(&self.buffer)
    }

    fn ancestors(&mut self, nearest: Pid) -> Vec<Ancestor> {
        let mut ancestors = Vec::new();
        let mut pid = nearest;
        while pid.0 > 0 && ancestors.len() < MOST_ANCESTORS {
            let Some(told) = self.status(pid) else {
                break;
            };
            ancestors.push(Ancestor {
                pid,
                uid: Uid(told.uids[0]),
                name: Arc::from(told.name),
            });
            pid = Pid(told.parent);
        }
        ancestors
    }

    fn in_first_user_namespace(&mut self, pid: Pid) -> bool {
        self.proc.read(pid, "uid_map", &mut self.buffer)
            && std::str::from_utf8(&self.buffer)
                .is_ok_and(|map| map.split_ascii_whitespace().eq(WHOLE))
    }
}

fn parse(status: &[u8]) -> Option<Told> {
    let mut told = Told::default();
    let mut seen = false;
    for line in status.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (key, value) = (&line[..colon], &line[colon + 1..]);
        if key == b"Name" {
            told.name = printable(value.trim_ascii(), 64);
            continue;
        }
        let text = std::str::from_utf8(value).unwrap_or_default();
        let mut numbers = text.split_ascii_whitespace().map_while(|n| n.parse().ok());
        match key {
            b"PPid" => told.parent = numbers.next()?,
            b"Uid" => {
                told.uids = [numbers.next()?, numbers.next()?, numbers.next()?];
                seen = true;
            }
            b"NSpid" => told.depth = numbers.count(),
            b"RssAnon" | b"RssShmem" | b"VmSwap" => {
                told.held += Bytes::from_kib(u64::from(numbers.next().unwrap_or(0)));
            }
            _ => {}
        }
    }
    seen.then_some(told)
}

/// Field 22 of `/proc/PID/stat`.
fn started(stat: &[u8]) -> Option<u64> {
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GROUPS: usize = 900;

    /// A process in a fixture tree.
    fn process(dir: &std::path::Path, pid: u32, parent: u32, uids: &str, more: &[(&str, &str)]) {
        let at = dir.join(format!("proc/{pid}"));
        std::fs::create_dir_all(&at).unwrap();
        let groups = "1000000 ".repeat(GROUPS);
        let status = format!(
            "Name:\tR (x)\\n\nPPid:\t{parent}\nUid:\t{uids}\nGroups:\t{groups}\n\
             NSpid:\t{pid}\t7\nRssAnon:\t  2048 kB\nRssFile:\t 9 kB\nRssShmem:\t 1024 kB\n"
        );
        let stat =
            format!("{pid} (R (x)) S {parent} 1 1 0 -1 0 1 1 1 1 1 2 3 4 20 0 1 0 98765 1 1");
        for (file, text) in [("status", &*status), ("stat", &stat)]
            .into_iter()
            .chain(more.iter().copied())
        {
            std::fs::write(at.join(file), text).unwrap();
        }
    }

    #[test]
    fn a_stray_is_told_with_its_parents_and_what_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        let cron = ("cgroup", "0::/system.slice/cron.service\n");
        process(dir.path(), 1, 0, "0 0 0 0", &[]);
        process(dir.path(), 50, 1, "0 0 0 0", &[]);
        process(
            dir.path(),
            4711,
            50,
            "1001 1001 1001 1001",
            &[cron, ("uid_map", "0 0 4294967295\n")],
        );
        let mut eye = Eye::new(&Root::fixture(dir.path()).unwrap());
        let look = eye.look(Pid(4711), Duration::ZERO).unwrap();
        assert_eq!(look.found.uid, Uid(1001));
        assert_eq!(look.found.cgroup, "/system.slice/cron.service");
        assert!(look.found.settled && look.found.contained);
        let parents: Vec<(u32, u32)> = look
            .found
            .ancestors
            .iter()
            .map(|a| (a.pid.0, a.uid.0))
            .collect();
        assert_eq!(parents, [(50, 0), (1, 0)]);
        assert_eq!((look.started, look.held), (98_765, Bytes(3 << 20)));
        assert_eq!(look.name, "R (x)\\n");
        assert_eq!(eye.look(Pid(9), Duration::ZERO), None);
    }

    #[test]
    fn a_namespace_of_a_users_own_hides_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let cron = ("cgroup", "0::/system.slice/cron.service\n");
        process(
            dir.path(),
            4711,
            0,
            "1001 1001 1001 1001",
            &[cron, ("uid_map", "0 1001 1\n")],
        );
        let mut eye = Eye::new(&Root::fixture(dir.path()).unwrap());
        assert!(!eye.look(Pid(4711), Duration::ZERO).unwrap().found.contained);
    }

    #[test]
    fn whoever_can_go_back_is_not_settled() {
        let dir = tempfile::tempdir().unwrap();
        process(
            dir.path(),
            7,
            0,
            "1001 1001 0 1001",
            &[("cgroup", "0::/x\n")],
        );
        let mut eye = Eye::new(&Root::fixture(dir.path()).unwrap());
        assert!(!eye.look(Pid(7), Duration::ZERO).unwrap().found.settled);
        assert_eq!(eye.held_by(Uid(1001), Pid(7)), None);
        assert_eq!(eye.uid(Pid(7)), Some(Uid(1001)));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_parsers(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = (parse(&bytes), started(&bytes));
        }
    }
}
