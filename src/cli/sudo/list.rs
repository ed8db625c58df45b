//! `sudo list`: everybody who may do something as another, and who can become root.

use std::io::Write;

use serde::Serialize;

use crate::base::exit::Exit;
use crate::cli::output::{Column, json, left, narrow, table};
use crate::engine::Engine;
use crate::model::sudo::rights::{Right, State};
use crate::model::sudo::view::{PersonRights, Tool};
use crate::model::sudo::ways::Kind;

use super::args::ListArgs;
use super::{SCHEMA, caveats, has_any};

/// The shape of `benchwarden.sudo/1`.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub(super) sudo: &'a Tool,
    pub(super) files: &'a [String],
    pub(super) users: Vec<&'a PersonRights>,
    pub(super) partial: &'a [String],
}

pub(super) fn run(
    args: &ListArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let sudo = engine.sudo();
    let shown = |one: &&PersonRights| has_any(one) && (args.all || one.person);
    let users: Vec<&PersonRights> = sudo.rights.iter().filter(shown).collect();
    if args.json {
        let document = Document {
            sudo: &sudo.known.tool,
            files: &sudo.known.files,
            users,
            partial: &sudo.known.partial,
        };
        json(out, SCHEMA, &document)?;
        return Ok(Exit::Done);
    }
    if users.is_empty() {
        writeln!(
            out,
            "no person may do anything as another (--all shows every account)"
        )?;
    } else {
        const COLUMNS: [Column; 4] = [left("USER"), left("ROOT"), left("BY"), left("MAY RUN")];
        let mut rows: Vec<Vec<String>> = users.iter().map(|one| row(one)).collect();
        narrow(&COLUMNS, &mut rows, &[3, 2]);
        table(out, &COLUMNS, &rows)?;
    }
    caveats(out, &sudo.known)?;
    Ok(Exit::Done)
}

fn row(one: &PersonRights) -> Vec<String> {
    let mut by: Vec<String> = Vec::new();
    for way in &one.ways {
        let word = match way.kind {
            Kind::Sudo => "sudo".to_owned(),
            Kind::Uid => "uid 0".to_owned(),
            // `in the group docker: …`
            Kind::Group => way
                .how
                .split([':', ' '])
                .nth(3)
                .unwrap_or("group")
                .to_owned(),
            Kind::Capability => "capability".to_owned(),
            Kind::Writable => "writable file".to_owned(),
        };
        if !by.contains(&word) {
            by.push(word);
        }
    }
    let active = |right: &&Right| right.state == State::Active;
    let mut may: Vec<String> = Vec::new();
    for right in one.rights.iter().filter(active) {
        let not = if right.allowed { "" } else { "!" };
        let word = format!("{not}{}", right.command);
        if !may.contains(&word) {
            may.push(word);
        }
    }
    let idle = one
        .rights
        .iter()
        .filter(|right| right.state != State::Active)
        .count();
    if idle > 0 {
        may.push(format!("({idle} not in force)"));
    }
    vec![
        one.user.to_string(),
        if one.root { "root" } else { "" }.to_owned(),
        by.join(","),
        may.join(", "),
    ]
}
