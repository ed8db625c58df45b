//! `ps USER`: the processes of one person, by the way they came in.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::channel;

use anyhow::bail;
use serde::Serialize;

use crate::base::exit::Exit;
use crate::base::id::{Pid, Uid};
use crate::base::text::counted;
use crate::base::units::{Bytes, Cores, short_age};
use crate::engine::{Engine, Flow, Pace};
use crate::model::origin::Origin;
use crate::model::sample::{Focus, Session};
use crate::model::snapshot::{ProcessUsage, Snapshot, UserUsage};
use crate::model::tree;

use super::args::PsArgs;
use super::output::{Column, json, left, right, table};
use super::usage::{bytes, uid_of};

const SCHEMA: &str = "benchwarden.ps/1";

pub(super) fn run(args: &PsArgs, engine: &dyn Engine, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let uid = uid_of(&args.user, engine)?;
    let Some(snapshot) = measure(args, uid, engine) else {
        bail!("measuring stopped before there were figures");
    };
    if args.json {
        json(out, SCHEMA, &document(&snapshot, uid))?;
    } else {
        text(out, &snapshot, uid)?;
    }
    Ok(Exit::Done)
}

/// Two looks, an interval apart, at the one who is asked for.
fn measure(args: &PsArgs, uid: Uid, engine: &dyn Engine) -> Option<Arc<Snapshot>> {
    let pace = Pace {
        interval: args.interval,
        early_first: false,
        focus: Some(Focus { uid, pid: None }),
    };
    let (sender, snapshots) = channel();
    let once = move |snapshot| {
        let _ = sender.send(snapshot); // Whoever asked waits for it.
        Flow::Stop
    };
    let following = engine.follow(pace, Box::new(once));
    let snapshot = snapshots.recv().ok();
    following.join().then_some(snapshot)?
}

/// The shape of `benchwarden.ps/1`.
#[derive(Serialize)]
struct Document<'a> {
    taken_at: String,
    interval_s: f64,
    /// As in `benchwarden.usage/1`; `null` for one who has neither process nor slice.
    user: Option<&'a UserUsage>,
    sessions: Vec<SessionLine<'a>>,
    processes: Vec<ProcessLine<'a>>,
    /// Processes beyond those that are listed.
    processes_left_out: usize,
}

/// A session in JSON.
#[derive(Serialize)]
pub(super) struct SessionLine<'a> {
    id: &'a str,
    service: &'a str,
    from: Option<&'a str>,
    tty: Option<&'a str>,
    idle_s: Option<u64>,
    since: Option<i64>,
}

impl<'a> SessionLine<'a> {
    pub(super) fn of(session: &'a Session) -> Self {
        Self {
            id: &session.id,
            service: &session.service,
            from: session.remote.as_deref(),
            tty: session.tty.as_deref(),
            idle_s: session.idle_s,
            since: session.since,
        }
    }
}

#[derive(Serialize)]
struct ProcessLine<'a> {
    pid: Pid,
    parent: Pid,
    cpu_cores: Option<Cores>,
    memory_bytes: Option<Bytes>,
    threads: u32,
    state: char,
    age_s: Option<u64>,
    way_in: &'a Origin,
    cgroup: Option<&'a str>,
    name: &'a str,
    command: Option<&'a str>,
}

fn document(snapshot: &Snapshot, uid: Uid) -> Document<'_> {
    let session = |session: &Session| session.uid == uid;
    Document {
        taken_at: snapshot.taken_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        interval_s: (snapshot.interval_s * 1000.0).round() / 1000.0,
        user: snapshot.user(uid),
        sessions: snapshot
            .sessions
            .iter()
            .filter(|s| session(s))
            .map(SessionLine::of)
            .collect(),
        processes: snapshot.processes.iter().map(process_line).collect(),
        processes_left_out: snapshot.processes_left_out,
    }
}

fn process_line(process: &ProcessUsage) -> ProcessLine<'_> {
    ProcessLine {
        pid: process.pid,
        parent: process.parent,
        cpu_cores: process.cpu_cores,
        memory_bytes: process.memory,
        threads: process.threads,
        state: process.state,
        age_s: process.age_s,
        way_in: &process.origin,
        cgroup: process.cgroup.as_deref(),
        name: &process.name,
        command: (!process.silent).then_some(&process.command),
    }
}

fn text(out: &mut dyn Write, snapshot: &Snapshot, uid: Uid) -> anyhow::Result<()> {
    const COLUMNS: [Column; 6] = [
        right("PID"),
        right("CPU"),
        right("MEMORY"),
        right("THR"),
        right("AGE"),
        left("COMMAND"),
    ];
    let name = snapshot.name_of(uid);
    let Some(user) = snapshot.user(uid) else {
        writeln!(out, "{name} has no process here")?;
        return Ok(());
    };
    writeln!(
        out,
        "{name} | cpu {} cores | memory {} | {} | {}",
        user.cpu_cores.map_or_else(|| "-".to_owned(), Cores::short),
        bytes(user.memory_bytes),
        counted(user.processes.into(), "process", "processes"),
        counted(user.sessions.into(), "session", "sessions"),
    )?;
    let groups = tree::groups(&snapshot.processes);
    // One table for all, so that the columns of every group are the same.
    let mut rows = Vec::new();
    for group in &groups {
        rows.extend(group.lines.iter().map(row));
    }
    let mut lines = Vec::new();
    table(&mut lines, &COLUMNS, &rows)?;
    let lines = String::from_utf8_lossy(&lines);
    let mut lines = lines.lines();
    writeln!(out, "{}", lines.next().unwrap_or(""))?;
    for group in &groups {
        writeln!(
            out,
            "{}: cpu {}, memory {}",
            snapshot.way_in(uid, group.origin),
            group.cpu.short(),
            group.memory.short(),
        )?;
        for line in lines.by_ref().take(group.lines.len()) {
            writeln!(out, "{line}")?;
        }
    }
    if snapshot.processes_left_out > 0 {
        writeln!(out, "and {} more", snapshot.processes_left_out)?;
    }
    Ok(())
}

fn row(line: &tree::Line<'_>) -> Vec<String> {
    let process = line.process;
    let unknown = || "-".to_owned();
    let command = if process.silent {
        format!("{} (keeps its command line back)", process.name)
    } else {
        process.command.to_string()
    };
    vec![
        process.pid.to_string(),
        process.cpu_cores.map_or_else(unknown, Cores::short),
        bytes(process.memory),
        process.threads.to_string(),
        process.age_s.map_or_else(unknown, short_age),
        format!("{}{command}", "  ".repeat(line.depth)),
    ]
}
