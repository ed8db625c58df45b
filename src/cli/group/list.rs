//! `group list`: the groups that people are in.

use std::collections::BTreeSet;
use std::io::Write;

use serde::Serialize;

use crate::base::exit::Exit;
use crate::base::hostile::Hostile;
use crate::engine::Engine;
use crate::model::people::{Group, People, Source};

use crate::cli::args::GroupListArgs;
use crate::cli::output::{Column, json, left, narrow, notes, right, table};

const SCHEMA: &str = "benchwarden.groups/1";

/// The shape of `benchwarden.groups/1`.
#[derive(Serialize)]
struct Document {
    groups: Vec<Group>,
    partial: Vec<String>,
}

pub(super) fn run(
    args: &GroupListArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let people = engine.people();
    let (groups, partial) = select(people, args.all);
    if args.json {
        json(out, SCHEMA, &Document { groups, partial })?;
        return Ok(Exit::Done);
    }
    if groups.is_empty() {
        writeln!(
            out,
            "no person is in a group of several (--all shows every group)"
        )?;
    } else {
        text(out, &groups)?;
    }
    notes(out, &partial)?;
    Ok(Exit::Done)
}

/// All groups, or those that have a person in them who is not alone there by design.
fn select(people: People, all: bool) -> (Vec<Group>, Vec<String>) {
    let persons = people.users.iter().filter(|user| user.person);
    let persons: BTreeSet<&Hostile> = persons.filter_map(|user| user.name.as_ref()).collect();
    let shared = |group: &Group| {
        let of_people = group.everyone().any(|name| persons.contains(name));
        !group.private && (of_people || !group.strangers.is_empty())
    };
    let mut groups = people.groups;
    groups.retain(|group| all || shared(group));
    (groups, people.partial)
}

fn text(out: &mut dyn Write, groups: &[Group]) -> anyhow::Result<()> {
    const COLUMNS: [Column; 5] = [
        left("GROUP"),
        right("GID"),
        right("PEOPLE"),
        left("MEANING"),
        left("MEMBERS"),
    ];
    let mut rows: Vec<Vec<String>> = groups.iter().map(row).collect();
    narrow(&COLUMNS, &mut rows, &[3, 4]);
    table(out, &COLUMNS, &rows)
}

fn row(group: &Group) -> Vec<String> {
    let meaning = match (&group.meaning, group.source) {
        (Some(meaning), _) if meaning.root => "root".to_owned(),
        (Some(meaning), _) => meaning.says.to_owned(),
        (None, Source::Directory) => "directory".to_owned(),
        (None, Source::Local | Source::Unknown) => String::new(),
    };
    let members: Vec<String> = group.everyone().map(Hostile::to_string).collect();
    vec![
        group.name.to_string(),
        group.gid.to_string(),
        members.len().to_string(),
        meaning,
        members.join(","),
    ]
}
