//! The processes of one person, looked at closely: what only a screen of theirs needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::id::{Pid, Uid};
use crate::base::text::printable;
use crate::base::units::Nanos;
use crate::model::sample::{CgroupVersion, Closeup, Details, Focus, ProcessDetail};

use super::cgroup::USER_SLICE;
use super::closely::io_bytes;
use super::process::{self, Stat, Status, cgroup_path, command_line};
use super::reader::Marker;
use super::root::Root;
use super::slices::visit_processes;
use super::subuids::Subuids;
use super::{births, clock};

/// Nobody's command line is read further than this in a list, nor further in a close-up.
const COMMAND_BYTES: usize = 4096;
const ARGUMENT_BYTES: usize = 32 << 10;
const ARGUMENTS: usize = 512;
const ARGUMENT_CHARS: usize = 4096;
/// Nobody reads a list longer than this.
const AT_MOST: usize = 4096;
/// A longer line of ancestors is a loop made by pids given away again.
const ANCESTORS: usize = 32;
const CHILDREN: usize = 64;

/// Everything about a person's processes: in their slice, and those `elsewhere` that are known
/// to be theirs. Of the `silent` only what no process can hold back is read.
pub(super) fn read(
    root: &Root,
    version: CgroupVersion,
    focus: Focus,
    elsewhere: Vec<Pid>,
    silent: &BTreeSet<Pid>,
    marker: &Marker<Pid>,
) -> Details {
    let mut pids = elsewhere;
    if version == CgroupVersion::V2 {
        let slice = format!("{USER_SLICE}/user-{}.slice", focus.uid);
        visit_processes(root, &slice, 0, &mut |_, pid| pids.push(Pid(pid)));
    } else if pids.is_empty() && !root.is_live() {
        pids = births::everywhere(root);
    }
    pids.sort_unstable();
    pids.dedup();
    let mut subuids = Subuids::default();
    subuids.refresh(root);
    let left_out = pids.len().saturating_sub(AT_MOST);
    let mut close = Close {
        root,
        silent,
        marker,
        ticks: rustix::param::clock_ticks_per_second(),
        buffer: Vec::with_capacity(COMMAND_BYTES),
    };
    let processes: Vec<ProcessDetail> = pids
        .into_iter()
        .take(AT_MOST)
        .filter_map(|pid| close.detail(pid))
        .filter(|detail| subuids.owner(detail.uid) == focus.uid)
        .map(|detail| ProcessDetail {
            uid: focus.uid,
            ..detail
        })
        .collect();
    let closeup = focus.pid.and_then(|pid| close.closeup(pid, &processes));
    Details {
        of: Some(focus.uid),
        processes,
        left_out,
        closeup: closeup.map(Arc::new),
    }
}

struct Close<'a> {
    root: &'a Root,
    silent: &'a BTreeSet<Pid>,
    marker: &'a Marker<Pid>,
    ticks: u64,
    buffer: Vec<u8>,
}

impl Close<'_> {
    /// A file of a process, as far as the limit; `None` when it is absent or refused.
    fn file(&mut self, pid: Pid, file: &str, limit: usize) -> Option<&[u8]> {
        let path = format!("/proc/{pid}/{file}");
        let there = self.root.read_start(&path, limit, &mut self.buffer);
        there.is_ok_and(|there| there).then_some(&self.buffer[..])
    }

    /// One process; `None` when it ended meanwhile or may not be seen.
    fn detail(&mut self, pid: Pid) -> Option<ProcessDetail> {
        self.marker.at(pid);
        let ticks = self.ticks;
        let stat = Stat::parse(self.file(pid, "stat", usize::MAX)?, ticks)?;
        let clock = clock::monotonic();
        let status = Status::parse(self.file(pid, "status", usize::MAX)?)?;
        let cgroup = self.file(pid, "cgroup", usize::MAX).and_then(cgroup_path);
        let silent = self.silent.contains(&pid);
        let command = if silent {
            None
        } else {
            self.file(pid, "cmdline", COMMAND_BYTES)
                .and_then(command_line)
        };
        let name: Arc<str> = stat.name.into();
        Some(ProcessDetail {
            pid,
            parent: stat.parent,
            uid: status.uid,
            started: stat.started,
            clock,
            cpu: stat.cpu,
            memory: status.memory.map(process::StatusMemory::billed),
            threads: stat.threads,
            state: stat.state,
            cgroup: cgroup.map(Into::into),
            command: command.map_or_else(|| Arc::clone(&name), Into::into),
            name,
            silent,
        })
    }

    /// One process in all its parts.
    fn closeup(&mut self, pid: Pid, processes: &[ProcessDetail]) -> Option<Closeup> {
        self.marker.at(pid);
        let ticks = self.ticks;
        let stat = self.file(pid, "stat", usize::MAX)?;
        let nice = process::nice(stat).unwrap_or(0);
        let stat = Stat::parse(stat, ticks)?;
        let memory = process::memory_split(self.file(pid, "status", usize::MAX)?);
        let limits = self.file(pid, "limits", usize::MAX);
        let limits = limits.map_or_else(Vec::new, process::limits);
        let adjusted = self.file(pid, "oom_score_adj", 64);
        let oom_score_adj = adjusted.and_then(|b| std::str::from_utf8(b).ok()?.trim().parse().ok());
        let silent = self.silent.contains(&pid);
        let (arguments, arguments_cut) = if silent {
            (Vec::new(), false)
        } else {
            self.file(pid, "cmdline", ARGUMENT_BYTES)
                .map_or_else(Default::default, arguments)
        };
        let io = if silent {
            None
        } else {
            self.file(pid, "io", 4096).map(io_bytes)
        };
        let link = |name: &str| {
            let target = self.root.link(&format!("/proc/{pid}/{name}"))?;
            Some(printable(target.as_encoded_bytes(), ARGUMENT_CHARS).into())
        };
        let (program, cwd) = (link("exe"), link("cwd"));
        let files = self.root.count(&format!("/proc/{pid}/fd"));
        let children = processes.iter().filter(|child| child.parent == pid);
        let children = children.map(|child| (child.pid, Arc::clone(&child.name)));
        Some(Closeup {
            pid,
            arguments,
            arguments_cut,
            program,
            cwd,
            files,
            memory,
            limits,
            nice,
            oom_score_adj,
            io,
            ancestors: self.ancestors(stat.parent),
            children: children.take(CHILDREN).collect(),
            since: self.since(stat.started),
        })
    }

    fn ancestors(&mut self, mut pid: Pid) -> Vec<(Pid, Uid, Arc<str>)> {
        let mut found = Vec::new();
        while pid != Pid(0) && found.len() < ANCESTORS {
            let ticks = self.ticks;
            let stat = self.file(pid, "stat", usize::MAX);
            let Some(stat) = stat.and_then(|bytes| Stat::parse(bytes, ticks)) else {
                break;
            };
            let status = self.file(pid, "status", usize::MAX).and_then(Status::parse);
            let uid = status.map_or(Uid::ROOT, |status| status.uid);
            found.push((pid, uid, stat.name.into()));
            pid = stat.parent;
        }
        found
    }

    /// A moment since boot as seconds since 1970.
    fn since(&self, started: Nanos) -> Option<i64> {
        let stat = self.root.peek("/proc/stat")?;
        let boot = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
        let boot: i64 = boot.trim().parse().ok()?;
        i64::try_from(started.0 / Nanos::SECOND.0)
            .ok()
            .map(|seconds| boot + seconds)
    }
}

/// Arguments one by one, cleaned; and whether some were left out.
fn arguments(bytes: &[u8]) -> (Vec<Arc<str>>, bool) {
    let text = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let mut parts = text.split(|byte| *byte == 0);
    let taken = parts
        .by_ref()
        .take(ARGUMENTS)
        .map(|part| printable(part, ARGUMENT_CHARS).into())
        .collect();
    (
        taken,
        bytes.len() >= ARGUMENT_BYTES || parts.next().is_some(),
    )
}
