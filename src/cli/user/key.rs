//! `user key list, add, remove`.

use std::io::Write;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::base::exit::Exit;
use crate::base::id::UserName;
use crate::cli::change::{self, How};
use crate::cli::output::{json, left, right, table};
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::model::people::details::HeldKey;

use super::add::read_keys;

const SCHEMA: &str = "benchwarden.keys/1";

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// The keys that open an account.
    List(ListArgs),
    /// Let somebody in with more keys.
    Add(AddArgs),
    /// Take keys away.
    Remove(RemoveArgs),
}

/// Arguments of `user key list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Whose.
    pub name: UserName,

    /// One JSON document (benchwarden.keys/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `user key add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// Whose.
    pub name: UserName,

    /// Files with public keys, or - for standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `user key remove`.
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// Whose.
    pub name: UserName,

    /// Fingerprints, as `user key list` shows them.
    #[arg(required = true, value_name = "FINGERPRINT")]
    pub fingerprints: Vec<String>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

#[derive(Serialize)]
struct Keys<'a> {
    user: &'a str,
    keys: &'a [HeldKey],
}

pub(in crate::cli) fn run(
    verb: &KeyVerb,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match verb {
        KeyVerb::List(args) => list(args, engine, out),
        KeyVerb::Add(args) => {
            let keys = read_keys(&args.files)?;
            let intent = Intent::AddKeys(args.name.as_str().to_owned(), keys);
            change::carry_out(engine, &intent, None, args.how, out)
        }
        KeyVerb::Remove(args) => {
            let name = args.name.as_str().to_owned();
            let intent = Intent::RemoveKeys(name, args.fingerprints.clone());
            change::carry_out(engine, &intent, None, args.how, out)
        }
    }
}

fn list(args: &ListArgs, engine: &dyn Engine, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let keys = engine.keys(&args.name)?;
    if args.json {
        let user = args.name.as_str();
        json(out, SCHEMA, &Keys { user, keys: &keys })?;
        return Ok(Exit::Done);
    }
    if keys.is_empty() {
        writeln!(out, "{} has no keys", args.name)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            let HeldKey {
                kind,
                bits,
                fingerprint,
                comment,
                ..
            } = key;
            vec![
                kind.clone(),
                bits.to_string(),
                fingerprint.clone(),
                comment.to_string(),
            ]
        })
        .collect();
    let columns = [
        left("TYPE"),
        right("BITS"),
        left("FINGERPRINT"),
        left("COMMENT"),
    ];
    table(out, &columns, &rows)?;
    Ok(Exit::Done)
}
