//! The processes of one person, looked at closely: what only a screen of theirs needs.

use crate::base::id::{Pid, Uid};
use crate::model::sample::{CgroupVersion, ProcessDetail};

use super::cgroup::USER_SLICE;
use super::process::{Stat, Status, cgroup_path, command_line};
use super::root::Root;
use super::slices::visit_processes;
use super::{births, clock};

/// Nobody's command line is read further than this.
const COMMAND_BYTES: usize = 4096;
/// Nobody reads a list longer than this, and whoever makes one must not hold up a sample.
const AT_MOST: usize = 4096;

/// Everything about a person's processes: in their slice, and those `elsewhere` that are known
/// to be theirs.
pub(super) fn read(
    root: &Root,
    version: CgroupVersion,
    uid: Uid,
    elsewhere: impl Iterator<Item = Pid>,
) -> Vec<ProcessDetail> {
    let mut pids: Vec<Pid> = elsewhere.collect();
    if version == CgroupVersion::V2 {
        let slice = format!("{USER_SLICE}/user-{uid}.slice");
        visit_processes(root, &slice, 0, &mut |_, pid| pids.push(Pid(pid)));
    } else if pids.is_empty() && !root.is_live() {
        pids = births::everywhere(root);
    }
    pids.sort_unstable();
    pids.dedup();
    let ticks = rustix::param::clock_ticks_per_second();
    let mut buffer = Vec::with_capacity(COMMAND_BYTES);
    pids.into_iter()
        .take(AT_MOST)
        .filter_map(|pid| detail(root, pid, ticks, &mut buffer))
        .filter(|detail| detail.uid == uid)
        .collect()
}

/// One process; `None` when it ended meanwhile or may not be seen.
fn detail(root: &Root, pid: Pid, ticks: u64, buffer: &mut Vec<u8>) -> Option<ProcessDetail> {
    let mut read = |file: &str, limit: usize| {
        let path = format!("/proc/{pid}/{file}");
        let there = root.read_start(&path, limit, buffer);
        there
            .is_ok_and(|there| there)
            .then(|| std::mem::take(buffer))
    };
    let stat = Stat::parse(&read("stat", usize::MAX)?, ticks)?;
    let clock = clock::monotonic();
    let status = Status::parse(&read("status", usize::MAX)?)?;
    let cgroup = read("cgroup", usize::MAX).and_then(|bytes| cgroup_path(&bytes));
    let command = read("cmdline", COMMAND_BYTES).and_then(|bytes| command_line(&bytes));
    Some(ProcessDetail {
        pid,
        parent: stat.parent,
        uid: status.uid,
        started: stat.started,
        clock,
        cpu: stat.cpu,
        memory: status.memory.map(super::process::StatusMemory::billed),
        threads: stat.threads,
        state: stat.state,
        cgroup: cgroup.map(Into::into),
        command: command.unwrap_or(stat.name).into(),
    })
}
