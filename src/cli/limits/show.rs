//! `limits show`: one person's limits, wished, in systemd and in the kernel.

use std::io::Write;

use crate::base::exit::Exit;
use crate::base::text::printable;
use crate::cli::output::{Column, json, left, notes, right, table, wrapped};
use crate::engine::Engine;
use crate::plan::limits::view::View;

use super::SCHEMA;
use super::args::ShowArgs;

pub(super) fn run(
    args: &ShowArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let limits = engine.limits(Some(&args.user))?;
    if args.json {
        json(out, SCHEMA, &limits)?;
        return Ok(Exit::Done);
    }
    for view in &limits.units {
        text(out, view)?;
    }
    notes(out, &limits.partial)?;
    Ok(Exit::Done)
}

fn text(out: &mut dyn Write, view: &View) -> anyhow::Result<()> {
    let clean = |text: &str| printable(text.as_bytes(), 300);
    let runs = if view.live {
        "runs now"
    } else {
        "nothing runs in it"
    };
    writeln!(out, "{}: {}, {runs}", clean(&view.whose), view.unit)?;
    if view.limits.is_empty() {
        writeln!(out, "  nothing bounds it")?;
        return Ok(());
    }
    const COLUMNS: [Column; 5] = [
        left("  LIMIT"),
        right("WISHED"),
        right("SYSTEMD"),
        right("KERNEL"),
        left(""),
    ];
    let rows: Vec<Vec<String>> = view
        .limits
        .iter()
        .map(|row| {
            vec![
                format!("  {}", row.key),
                row.wished.clone().unwrap_or_else(|| "-".to_owned()),
                row.told(row.systemd.as_ref()),
                row.told(row.kernel.as_ref()),
                if row.agrees { "" } else { "differs" }.to_owned(),
            ]
        })
        .collect();
    table(out, &COLUMNS, &rows)?;
    for row in &view.limits {
        let mut told = match &row.origin {
            Some(origin) => clean(origin),
            None => "no policy wishes it".to_owned(),
        };
        if let Some(until) = row.until {
            told += &format!(", until {}", until.strftime("%Y-%m-%dT%H:%M:%SZ"));
        }
        match &row.file {
            Some(file) if row.agrees => told += &format!("; by {}", clean(file)),
            Some(file) => told += &format!("; {} wins", clean(file)),
            None => told += "; in no file of systemd's",
        }
        wrapped(out, &format!("  {}: ", row.key), &told)?;
    }
    Ok(())
}
