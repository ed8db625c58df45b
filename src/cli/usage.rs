//! `usage`: who uses what.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::channel;

use anyhow::{Context as _, bail};

use crate::base::exit::Exit;
use crate::base::id::{Uid, UserName};
use crate::base::units::{Bytes, Cores};
use crate::engine::{Engine, Flow, Pace};
use crate::model::snapshot::{HostUsage, Snapshot, State, UserUsage};

use super::args::{SortKey, UsageArgs};
use super::output::{Column, json, left, right, table};

const SCHEMA: &str = "benchwarden.usage/1";
const UNKNOWN: &str = "-";

pub(super) fn run(
    args: &UsageArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let wanted = wanted(args, engine)?;
    let pace = Pace {
        interval: args.interval,
        early_first: false,
        focus: None,
    };
    let (sender, snapshots) = channel();
    let mut left = args.count;
    let following = engine.follow(
        pace,
        Box::new(move |snapshot| {
            left -= 1;
            if sender.send(snapshot).is_err() || left == 0 {
                Flow::Stop
            } else {
                Flow::Continue
            }
        }),
    );
    let mut taken = 0;
    for snapshot in snapshots {
        let snapshot = select(snapshot, args, &wanted);
        if args.json {
            json(out, SCHEMA, &snapshot)?;
        } else {
            if taken > 0 {
                writeln!(out)?;
            }
            text(out, &snapshot)?;
            if args.all && args.users.is_empty() {
                rest(out, &snapshot)?;
            }
            out.flush()?;
        }
        taken += 1;
    }
    if !following.join() || taken < args.count {
        bail!(
            "measuring stopped after {taken} of {} measurements",
            args.count
        );
    }
    Ok(Exit::Done)
}

/// The uids asked for; empty for everyone.
fn wanted(args: &UsageArgs, engine: &dyn Engine) -> anyhow::Result<BTreeSet<Uid>> {
    args.users.iter().map(|name| uid_of(name, engine)).collect()
}

/// The uid of a name that has to be known.
pub(super) fn uid_of(name: &UserName, engine: &dyn Engine) -> anyhow::Result<Uid> {
    engine.uid_of(name).with_context(|| {
        format!(
            "no account is called {name} on this host; `getent passwd {name}` knows none either"
        )
    })
}

/// The people asked for, in the order asked for. Who is named is shown, person or not.
fn select(snapshot: Arc<Snapshot>, args: &UsageArgs, wanted: &BTreeSet<Uid>) -> Snapshot {
    let mut snapshot = Arc::unwrap_or_clone(snapshot);
    snapshot.users.retain(|user| {
        if wanted.is_empty() {
            user.person || args.all
        } else {
            wanted.contains(&user.uid)
        }
    });
    snapshot.users.sort_by(|a, b| match args.sort {
        SortKey::Cpu => cores(b).total_cmp(&cores(a)),
        SortKey::Memory => b.memory_bytes.cmp(&a.memory_bytes),
        SortKey::Processes => b.processes.cmp(&a.processes),
        SortKey::User => a.user.cmp(&b.user),
    });
    snapshot
}

fn cores(user: &UserUsage) -> f64 {
    user.cpu_cores.map_or(-1.0, |cores| cores.0)
}

fn text(out: &mut dyn Write, snapshot: &Snapshot) -> anyhow::Result<()> {
    host(out, &snapshot.host)?;
    if snapshot.users.is_empty() {
        writeln!(
            out,
            "nobody has a process here (--all shows root and services)"
        )?;
        return Ok(());
    }
    const COLUMNS: [Column; 10] = [
        left("USER"),
        right("CPU"),
        right("MEMORY"),
        right("CACHE"),
        right("SWAP"),
        right("PROCS"),
        right("TASKS"),
        right("READ/S"),
        right("WRITE/S"),
        left("STATE"),
    ];
    let rows: Vec<Vec<String>> = snapshot.users.iter().map(row).collect();
    table(out, &COLUMNS, &rows)
}

/// What belongs to no account, so that the sum is the host.
fn rest(out: &mut dyn Write, snapshot: &Snapshot) -> anyhow::Result<()> {
    let (cpu, memory) = snapshot.rest();
    let cpu = cpu.map_or_else(|| UNKNOWN.to_owned(), Cores::short);
    let memory = bytes(memory);
    writeln!(out, "the kernel and the rest: CPU {cpu}, memory {memory}")?;
    Ok(())
}

fn row(user: &UserUsage) -> Vec<String> {
    let rate = |per_second: Option<u64>| bytes(per_second.map(Bytes));
    let states: Vec<&str> = user.state.iter().copied().map(State::as_str).collect();
    vec![
        user.user.to_string(),
        user.cpu_cores
            .map_or_else(|| UNKNOWN.to_owned(), Cores::short),
        bytes(user.memory_bytes),
        bytes(user.memory_cache_bytes),
        bytes(user.swap_bytes),
        user.processes.to_string(),
        user.tasks
            .map_or_else(|| UNKNOWN.to_owned(), |n| n.to_string()),
        rate(user.io_read_bytes_per_s),
        rate(user.io_write_bytes_per_s),
        states.join(" "),
    ]
}

pub(super) fn bytes(bytes: Option<Bytes>) -> String {
    bytes.map_or_else(|| UNKNOWN.to_owned(), Bytes::short)
}

fn host(out: &mut dyn Write, host: &HostUsage) -> anyhow::Result<()> {
    let mut parts = vec![host.name.to_string()];
    if let Some(busy) = host.cpu_busy_cores {
        let system = host
            .cpu_system_cores
            .map_or_else(String::new, |s| format!(" ({} system)", s.short()));
        parts.push(format!(
            "cpu {} of {} cores{system}",
            busy.short(),
            host.cpus
        ));
    }
    if let (Some(total), Some(available)) = (host.memory_total_bytes, host.memory_available_bytes) {
        parts.push(format!(
            "memory {} of {total}",
            total.saturating_sub(available)
        ));
    }
    if let Some([one, five, fifteen]) = host.load {
        parts.push(format!("load {one:.2} {five:.2} {fifteen:.2}"));
    }
    let pressure = [
        ("cpu", host.pressure.cpu_some_avg10),
        ("memory", host.pressure.memory_some_avg10),
        ("io", host.pressure.io_some_avg10),
    ];
    let told: Vec<String> = pressure
        .iter()
        .filter_map(|(name, value)| value.map(|v| format!("{name} {v:.0}%")))
        .collect();
    if !told.is_empty() {
        parts.push(format!("pressure {}", told.join(" ")));
    }
    parts.push(format!("{} processes", host.processes));
    writeln!(out, "{}", parts.join(" | "))?;
    Ok(())
}
