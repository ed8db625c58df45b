//! `group show`: who is in a group, and what that means.

use std::io::Write;

use anyhow::anyhow;
use serde::Serialize;

use crate::base::exit::Exit;
use crate::engine::Engine;
use crate::model::people::details::GroupDetails;
use crate::model::people::{Group, told};

use crate::cli::args::GroupShowArgs;
use crate::cli::output::{in_doubt, json, notes, wrapped};

const SCHEMA: &str = "benchwarden.group/1";

/// The shape of `benchwarden.group/1`.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    group: &'a Group,
    partial: &'a [String],
}

pub(super) fn run(
    args: &GroupShowArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let name = &args.group;
    let GroupDetails { group, partial } = engine.group(name).map_err(|lost| {
        let silence = in_doubt(&lost);
        anyhow!(
            "no group is called {name} on this host; `benchwarden group list --all` shows which \
             are known{silence}"
        )
    })?;
    if args.json {
        let (group, partial) = (&group, &partial[..]);
        json(out, SCHEMA, &Document { group, partial })?;
    } else {
        text(out, &group)?;
        notes(out, &partial)?;
    }
    Ok(Exit::Done)
}

fn text(out: &mut dyn Write, group: &Group) -> anyhow::Result<()> {
    writeln!(out, "{}", told::which(group))?;
    for (label, text) in told::group(group) {
        wrapped(out, &format!("  {label:<11} "), &text)?;
    }
    Ok(())
}
