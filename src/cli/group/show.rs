//! `group show`: who is in a group, and what that means.

use std::io::Write;

use anyhow::anyhow;
use serde::Serialize;

use crate::base::exit::Exit;
use crate::base::hostile::Hostile;
use crate::engine::Engine;
use crate::model::people::details::GroupDetails;
use crate::model::people::{Group, Source};

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
    let source = match group.source {
        Source::Local | Source::Unknown => "a group of this host",
        Source::Directory => "a group of the directory: it can be seen here, not changed",
    };
    writeln!(out, "{} (gid {}): {source}", group.name, group.gid)?;
    let mut line = |label: &str, text: &str| wrapped(out, &format!("  {label:<11} "), text);
    if let Some(meaning) = group.meaning {
        line("meaning", &format!("a member {}", meaning.says))?;
    }
    line("members", &names(&group.members))?;
    if !group.primary_members.is_empty() {
        line("primary of", &names(&group.primary_members))?;
    }
    if !group.strangers.is_empty() {
        let names = names(&group.strangers);
        let text = format!("no account: {names}; whoever gets such a name becomes a member");
        line("attention", &text)?;
    }
    Ok(())
}

fn names(names: &[Hostile]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = names.iter().map(Hostile::to_string).collect();
    names.join(", ")
}
