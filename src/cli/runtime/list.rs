//! `runtime list`: every R and Python that is here.

use std::io::Write;

use crate::base::exit::Exit;
use crate::base::hostile::Hostile;
use crate::base::text::counted;
use crate::base::units::Bytes;
use crate::cli::output::{Column, json, left, narrow, notes, right, table, wrapped};
use crate::engine::Engine;
use crate::model::runtimes::{Runtime, Runtimes};

use super::args::ListArgs;

const SCHEMA: &str = "benchwarden.runtimes/1";

pub(super) fn run(
    args: &ListArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let all = engine.runtimes();
    if args.json {
        json(out, SCHEMA, &all)?;
        return Ok(Exit::Done);
    }
    text(out, &all)?;
    Ok(Exit::Done)
}

fn text(out: &mut dyn Write, all: &Runtimes) -> anyhow::Result<()> {
    if all.runtimes.is_empty() {
        writeln!(out, "no R and no Python found")?;
    } else {
        const COLUMNS: [Column; 7] = [
            left(""),
            left("VERSION"),
            left("FROM"),
            left("RUNS"),
            right("SIZE"),
            right("PACKAGES"),
            left("PATH"),
        ];
        let mut rows: Vec<Vec<String>> = all.runtimes.iter().map(row).collect();
        narrow(&COLUMNS, &mut rows, &[6]);
        table(out, &COLUMNS, &rows)?;
    }
    for runtime in &all.runtimes {
        details(out, runtime)?;
    }
    for broken in &all.broken {
        wrapped(out, "broken: ", &broken.to_string())?;
    }
    let partial: Vec<String> = all.partial.iter().map(ToString::to_string).collect();
    notes(out, &partial)
}

fn row(one: &Runtime) -> Vec<String> {
    let version = one.version.as_ref();
    let from = match &one.owner {
        Some(owner) => format!("{}, {owner}'s", one.origin.as_str()),
        None => one.origin.as_str().to_owned(),
    };
    let runs = match one.runs {
        Some(true) => "yes",
        Some(false) => "no",
        None => "-",
    };
    vec![
        one.language.title().to_owned(),
        version.map_or_else(|| "?".to_owned(), ToString::to_string),
        from,
        runs.to_owned(),
        one.size.map_or_else(|| "-".to_owned(), Bytes::short),
        one.packages.to_string(),
        one.path.to_string(),
    ]
}

/// What does not fit a line: who has it, what leads to it, what is wrong.
fn details(out: &mut dyn Write, one: &Runtime) -> anyhow::Result<()> {
    let chosen = one
        .chosen_by
        .iter()
        .map(|chosen| format!("{} says {} ({})", chosen.table, chosen.version, chosen.at));
    let in_use = one.in_use.iter().map(|using| {
        let who = using
            .user
            .as_ref()
            .map_or_else(|| format!("uid {}", using.uid.0), ToString::to_string);
        format!(
            "{who} ({})",
            counted(using.processes, "process", "processes")
        )
    });
    let age = match (&one.released, &one.built) {
        (Some(day), _) => vec![format!("released {day}")],
        (None, Some(day)) => vec![format!("built {day}")],
        (None, None) => Vec::new(),
    };
    let fixed = one.end.as_ref().filter(|end| !end.over);
    let fixed = fixed.map(|end| format!("gets fixes until {}", end.on));
    let all = [
        ("chosen by", chosen.collect::<Vec<_>>()),
        ("in use by", in_use.collect()),
        ("led to by", strings(&one.pointed_by)),
        ("age", age.into_iter().chain(fixed).collect()),
        ("broken", strings(&one.broken)),
    ];
    if all.iter().all(|(_, told)| told.is_empty()) {
        return Ok(());
    }
    let version = one.version.as_ref();
    let version = version.map_or_else(|| "?".to_owned(), ToString::to_string);
    writeln!(out, "{} {version}, {}:", one.language.title(), one.path)?;
    for (label, told) in all.iter().filter(|(_, told)| !told.is_empty()) {
        wrapped(out, &format!("  {label:<10} "), &told.join("; "))?;
    }
    Ok(())
}

fn strings(all: &[Hostile]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}
