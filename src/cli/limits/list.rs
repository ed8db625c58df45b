//! `limits list`: everybody's limits in a few columns.

use std::io::Write;

use crate::base::exit::Exit;
use crate::base::text::printable;
use crate::cli::output::{Column, json, left, narrow, notes, right, table};
use crate::engine::Engine;
use crate::plan::limits::view::{Row, View};

use super::SCHEMA;
use super::args::ListArgs;

/// What fits beside a name: the limits that matter most.
const SHOWN: [&str; 4] = ["cpu_quota", "memory_high", "memory_max", "tasks_max"];

pub(super) fn run(
    args: &ListArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let limits = engine.limits(None)?;
    if args.json {
        json(out, SCHEMA, &limits)?;
        return Ok(Exit::Done);
    }
    const COLUMNS: [Column; 7] = [
        left("WHOSE"),
        right("CPU"),
        right("HIGH"),
        right("MEMORY"),
        right("TASKS"),
        left("ALSO"),
        left("STATE"),
    ];
    let mut rows: Vec<Vec<String>> = limits.units.iter().map(row).collect();
    narrow(&COLUMNS, &mut rows, &[5, 0]);
    table(out, &COLUMNS, &rows)?;
    notes(out, &limits.partial)?;
    Ok(Exit::Done)
}

fn row(view: &View) -> Vec<String> {
    let find = |key: &str| view.limits.iter().find(|row| row.key == key);
    let value = |row: &Row| row.in_force().unwrap_or_else(|| "-".to_owned());
    let mut cells = vec![printable(view.row_name().as_bytes(), 64)];
    cells.extend(
        SHOWN
            .iter()
            .map(|key| find(key).map_or_else(|| "-".to_owned(), value)),
    );
    let others = view.limits.iter().filter(|row| !SHOWN.contains(&row.key));
    let others: Vec<&str> = others.map(|row| row.key).collect();
    cells.push(others.join(","));
    let wrong = view.limits.iter().filter(|row| !row.agrees).count();
    cells.push(match (wrong, view.live) {
        (0, true) => "in force".to_owned(),
        (0, false) => "ready".to_owned(),
        (wrong, _) => format!("{wrong} differ"),
    });
    cells
}
