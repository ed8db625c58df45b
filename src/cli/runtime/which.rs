//! `runtime which`: which R and Python somebody gets by each way in, and why.

use std::io::Write;

use anyhow::anyhow;

use crate::base::exit::Exit;
use crate::cli::output::{Column, in_doubt, json, left, narrow, notes, table, wrapped};
use crate::engine::Engine;
use crate::plan::runtimes::ways::{Way, Ways};

use super::args::WhichArgs;

const SCHEMA: &str = "benchwarden.runtime-which/1";

pub(super) fn run(
    args: &WhichArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let ways = engine.runtime_ways(&args.user).map_err(|lost| {
        anyhow!(
            "{} is nobody on this host; see `benchwarden user list`{}",
            args.user,
            in_doubt(&lost)
        )
    })?;
    if args.json {
        json(out, SCHEMA, &ways)?;
    } else {
        text(out, &ways)?;
    }
    Ok(Exit::Done)
}

fn text(out: &mut dyn Write, all: &Ways) -> anyhow::Result<()> {
    const COLUMNS: [Column; 4] = [left(""), left("BY"), left("VERSION"), left("PROGRAM")];
    let mut rows: Vec<Vec<String>> = all.ways.iter().map(row).collect();
    narrow(&COLUMNS, &mut rows, &[3, 1]);
    table(out, &COLUMNS, &rows)?;
    writeln!(out)?;
    for way in &all.ways {
        let label = format!("{}, {}: ", way.language.title(), way.way);
        wrapped(out, &label, &way.why.to_string())?;
    }
    for own in &all.own {
        let version = own.version.as_ref();
        let version = version.map_or_else(|| "?".to_owned(), ToString::to_string);
        let told = format!("{} {version}, {}", own.language.title(), own.path);
        wrapped(out, "their own, if they say so: ", &told)?;
    }
    let partial: Vec<String> = all.partial.iter().map(ToString::to_string).collect();
    notes(out, &partial)
}

fn row(way: &Way) -> Vec<String> {
    let version = way.version.as_ref();
    let path = way.path.as_ref();
    vec![
        way.language.title().to_owned(),
        way.way.clone(),
        version.map_or_else(|| "?".to_owned(), ToString::to_string),
        path.map_or_else(|| "none".to_owned(), ToString::to_string),
    ]
}
