//! What a tool has used, as the kernel counts it, and how much of it each refresh took.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Ticks of the kernel's counters of ended children, on every architecture that Debian has.
const TICK: Duration = Duration::from_millis(10);
/// A pause shorter than this does not end a refresh.
const PAUSE: Duration = Duration::from_millis(200);
/// Nor does a refresh begin sooner after another than after this part of the time that is to be
/// between them: it is the rest of one that was interrupted.
const APART: f64 = 0.75;
/// Of the work of an average interval, the least that is a refresh: drawing a clock is none.
const REFRESH: f64 = 0.2;
/// What goes on at less than this part of the average rate is no work but waiting for keys.
const WORK: f64 = 0.2;
/// Windows whose smallest counts.
const WINDOWS: usize = 3;

/// The CPU time at a moment.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) at: Instant,
    pub(crate) cpu: Duration,
}

impl Reading {
    /// What a process and its descendants have used until now.
    pub(crate) fn now(pid: u32) -> Self {
        Self {
            at: Instant::now(),
            cpu: tree(pid).into_iter().map(cpu).sum(),
        }
    }
}

fn proc(pid: u32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{file}"))
}

fn tasks(pid: u32) -> Vec<PathBuf> {
    let dir = fs::read_dir(proc(pid, "task")).into_iter().flatten();
    dir.flatten().map(|entry| entry.path()).collect()
}

/// A process and its descendants, on kernels that can name them.
fn tree(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while let Some(pid) = all.get(next).copied() {
        next += 1;
        for task in tasks(pid) {
            let children = fs::read_to_string(task.join("children")).unwrap_or_default();
            all.extend(
                children
                    .split_whitespace()
                    .filter_map(|c| c.parse::<u32>().ok()),
            );
        }
    }
    all
}

/// All threads of a process, to the nanosecond, and the children it has seen end.
fn cpu(pid: u32) -> Duration {
    let threads: u64 = tasks(pid)
        .into_iter()
        .filter_map(|task| fs::read_to_string(task.join("schedstat")).ok())
        .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
        .sum();
    Duration::from_nanos(threads) + ended_children(pid).unwrap_or_default()
}

fn ended_children(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(proc(pid, "stat")).ok()?;
    // After the name, which may hold anything, the fields begin with the third.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(16 - 3);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

/// Memory in bytes: resident, and of that anonymous.
pub(crate) fn memory(pid: u32) -> (u64, u64) {
    let pids = tree(pid);
    let sum = |field: &str| pids.iter().filter_map(|pid| status(*pid, field)).sum();
    (sum("VmRSS:"), sum("RssAnon:"))
}

fn status(pid: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(proc(pid, "status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// What the whole host has used since it was started, by whomever.
pub(crate) fn host() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().next().unwrap_or_default();
    let fields = line
        .split_whitespace()
        .skip(1)
        .map(|field| field.parse().ok());
    // user, nice, system, idle, waiting, interrupts of two kinds, stolen; guests are in user.
    let ticks: u32 = fields
        .take(8)
        .enumerate()
        .filter(|(number, _)| ![3, 4].contains(number))
        .filter_map(|(_, ticks): (usize, Option<u32>)| ticks)
        .sum();
    TICK * ticks
}

/// The refreshes found in a row of readings.
pub(crate) struct Refreshes {
    /// The readings just before each began.
    begun: Vec<Reading>,
}

impl Refreshes {
    /// Finds them: work between pauses, as long as it is a good part of all the work.
    pub(crate) fn of(readings: &[Reading], every: u32) -> Self {
        let (Some(first), Some(last)) = (readings.first(), readings.last()) else {
            return Self { begun: Vec::new() };
        };
        let apart = Duration::from_secs(every.into()).mul_f64(APART);
        let average = rate(first, last);
        let mut begun: Vec<Reading> = Vec::new();
        for work in works(readings, average * WORK) {
            // Of what was going on when the readings began, the beginning is not known.
            let whole =
                work.begin.at > first.at && work.used() >= average * f64::from(every) * REFRESH;
            let last = begun.last();
            if whole && last.is_none_or(|last| work.begin.at - last.at >= apart) {
                begun.push(work.begin);
            }
        }
        Self { begun }
    }

    /// From the first that is counted to the last, and how many that is; `None` when there are
    /// too few for windows.
    pub(crate) fn span(&self) -> Option<(Instant, Instant, f64)> {
        let (first, last) = (self.begun.first()?, self.begun.last()?);
        let number = self.begun.len() - 1;
        (number >= WINDOWS).then_some((first.at, last.at, number as f64))
    }

    /// CPU time of a refresh in milliseconds, for each window.
    pub(crate) fn windows_ms(&self) -> Vec<f64> {
        let each = self.begun.len().saturating_sub(1) / WINDOWS;
        if each == 0 {
            return Vec::new();
        }
        let edges: Vec<&Reading> = self.begun.iter().step_by(each).collect();
        edges
            .windows(2)
            .map(|edge| used(edge[0], edge[1]) * 1e3 / each as f64)
            .collect()
    }
}

/// Work without a pause in it.
struct Work {
    /// Just before it began.
    begin: Reading,
    end: Reading,
}

impl Work {
    /// Seconds of CPU time.
    fn used(&self) -> f64 {
        used(&self.begin, &self.end)
    }
}

/// Seconds of CPU time between two readings. They go back when a thread ends.
fn used(from: &Reading, to: &Reading) -> f64 {
    to.cpu.saturating_sub(from.cpu).as_secs_f64()
}

/// The same for each second between them.
fn rate(from: &Reading, to: &Reading) -> f64 {
    used(from, to) / (to.at - from.at).as_secs_f64().max(1e-9)
}

/// Work at no less than a rate.
fn works(readings: &[Reading], least: f64) -> Vec<Work> {
    let mut works: Vec<Work> = Vec::new();
    for pair in readings.windows(2) {
        let [before, after] = pair else { continue };
        if used(before, after) == 0.0 || rate(before, after) < least {
            continue;
        }
        match works.last_mut() {
            Some(work) if before.at - work.end.at < PAUSE => work.end = *after,
            _ => works.push(Work {
                begin: *before,
                end: *after,
            }),
        }
    }
    works
}
