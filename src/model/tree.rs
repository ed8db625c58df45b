//! One person's processes as a person reads them: by the way they came in, and there as trees.

use std::collections::{BTreeMap, HashMap};

use crate::base::id::Pid;
use crate::base::units::{Bytes, Cores};

use super::origin::Origin;
use super::snapshot::ProcessUsage;

/// All that came in by one way.
#[derive(Debug)]
pub struct Group<'a> {
    /// Which way.
    pub origin: &'a Origin,
    /// What they use together.
    pub cpu: Cores,
    /// What they hold together.
    pub memory: Bytes,
    /// Each below its parent.
    pub lines: Vec<Line<'a>>,
}

/// A process and its place in the tree.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The process.
    pub process: &'a ProcessUsage,
    /// How many ancestors of it are in the same group.
    pub depth: usize,
}

/// Deeper trees are drawn flat from here on.
const DEEPEST: usize = 64;

/// Processes in groups, the group that uses most first; processes that began first come first.
#[must_use]
pub fn groups(processes: &[ProcessUsage]) -> Vec<Group<'_>> {
    let mut by_origin: BTreeMap<&Origin, Vec<&ProcessUsage>> = BTreeMap::new();
    for process in processes {
        by_origin.entry(&process.origin).or_default().push(process);
    }
    let mut groups: Vec<Group<'_>> = by_origin
        .into_iter()
        .map(|(origin, members)| Group {
            origin,
            cpu: members.iter().filter_map(|p| p.cpu_cores).sum(),
            memory: members
                .iter()
                .filter_map(|p| p.memory)
                .fold(Bytes(0), |a, b| a + b),
            lines: trees(&members),
        })
        .collect();
    // By what is displayed, so that no difference one cannot see moves a group.
    groups.sort_by_key(|group| std::cmp::Reverse((tenths(group.cpu), group.memory.0 >> 30)));
    groups
}

fn tenths(cores: Cores) -> i64 {
    cores.hundredths() / 10
}

/// Members of one group, each below its parent where that is one too.
fn trees<'a>(members: &[&'a ProcessUsage]) -> Vec<Line<'a>> {
    let here: HashMap<Pid, &ProcessUsage> = members.iter().map(|p| (p.pid, *p)).collect();
    let mut children: BTreeMap<Pid, Vec<&'a ProcessUsage>> = BTreeMap::new();
    let mut tops = Vec::new();
    for process in members {
        if process.parent != process.pid && here.contains_key(&process.parent) {
            children.entry(process.parent).or_default().push(process);
        } else {
            tops.push(*process);
        }
    }
    let mut lines = Vec::with_capacity(members.len());
    let mut open: Vec<(&'a ProcessUsage, usize)> = Vec::new();
    let later_first = |list: &mut Vec<&'a ProcessUsage>| {
        // The oldest is taken from the end first.
        list.sort_by_key(|p| (p.age_s.unwrap_or(0), std::cmp::Reverse(p.pid)));
    };
    later_first(&mut tops);
    open.extend(tops.into_iter().map(|process| (process, 0)));
    while let Some((process, depth)) = open.pop() {
        lines.push(Line { process, depth });
        if let Some(mut below) = children.remove(&process.pid) {
            later_first(&mut below);
            let depth = (depth + 1).min(DEEPEST);
            open.extend(below.into_iter().map(|process| (process, depth)));
        }
    }
    // A loop of parents, made by pids given away again, hangs from nowhere.
    let lost = children.into_values().flatten();
    lines.extend(lost.map(|process| Line { process, depth: 0 }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Uid;

    fn process(pid: u32, parent: u32, cgroup: &str, cpu: f64) -> ProcessUsage {
        ProcessUsage {
            pid: Pid(pid),
            parent: Pid(parent),
            uid: Uid(1001),
            cpu_cores: Some(Cores(cpu)),
            memory: Some(Bytes(1 << 20)),
            threads: 1,
            state: 'S',
            age_s: Some(u64::from(1000 - pid)),
            cgroup: None,
            origin: Origin::of(cgroup, Uid(1001)),
            name: "sh".into(),
            command: "sh".into(),
            silent: false,
        }
    }

    #[test]
    fn each_process_is_below_its_parent_and_the_busy_way_in_comes_first() {
        let session = "/user.slice/user-1001.slice/session-3.scope";
        let cron = "/system.slice/cron.service";
        let all = [
            process(10, 1, session, 0.0),
            process(12, 10, session, 0.1),
            process(14, 12, session, 0.0),
            process(13, 10, session, 0.0),
            process(11, 5, cron, 1.0),
        ];
        let groups = groups(&all);
        let told: Vec<String> = groups
            .iter()
            .map(|group| {
                let lines: Vec<String> = group
                    .lines
                    .iter()
                    .map(|line| format!("{}{}", ">".repeat(line.depth), line.process.pid))
                    .collect();
                format!("{}: {}", group.origin, lines.join(" "))
            })
            .collect();
        assert_eq!(told, ["cron: 11", "session 3: 10 >12 >>14 >13"]);
    }

    #[test]
    fn a_loop_of_parents_loses_nobody() {
        let all = [
            process(2, 3, "/x.service", 0.0),
            process(3, 2, "/x.service", 0.0),
        ];
        let lines: usize = groups(&all).iter().map(|group| group.lines.len()).sum();
        assert_eq!(lines, 2);
    }
}
