//! `user list`: everyone who has an account here, or left a trace.

use std::io::Write;

use serde::Serialize;

use crate::base::exit::Exit;
use crate::base::hostile::Hostile;
use crate::engine::Engine;
use crate::model::people::{Person, told};

use crate::cli::args::UserListArgs;
use crate::cli::output::{Column, json, left, narrow, notes, right, table};

const SCHEMA: &str = "benchwarden.users/1";

/// The shape of `benchwarden.users/1`.
#[derive(Serialize)]
struct Document {
    users: Vec<Person>,
    partial: Vec<String>,
}

pub(super) fn run(
    args: &UserListArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let people = engine.people();
    let mut users = people.users;
    users.retain(|user| user.person || args.all);
    let partial = people.partial;
    if args.json {
        json(out, SCHEMA, &Document { users, partial })?;
        return Ok(Exit::Done);
    }
    if users.is_empty() {
        writeln!(
            out,
            "nobody has an account here (--all shows root and services)"
        )?;
    } else {
        text(out, &users)?;
    }
    notes(out, &partial)?;
    Ok(Exit::Done)
}

fn text(out: &mut dyn Write, users: &[Person]) -> anyhow::Result<()> {
    const COLUMNS: [Column; 6] = [
        left("USER"),
        right("UID"),
        left("LAST LOGIN"),
        left("STATE"),
        left("NAME"),
        left("GROUPS"),
    ];
    let mut rows: Vec<Vec<String>> = users.iter().map(row).collect();
    // The name of the account and its state are what one comes for.
    narrow(&COLUMNS, &mut rows, &[4, 5]);
    narrow(&COLUMNS, &mut rows, &[3]);
    table(out, &COLUMNS, &rows)
}

fn row(user: &Person) -> Vec<String> {
    let unknown = || "-".to_owned();
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
    let groups: Vec<String> = user.groups.iter().map(Hostile::to_string).collect();
    vec![
        user.shown(),
        user.uid.to_string(),
        user.last_login.map_or_else(unknown, day),
        told::state(user),
        user.full_name
            .as_ref()
            .map_or_else(unknown, Hostile::to_string),
        groups.join(","),
    ]
}
