//! `sudo`: who may do what as root. One file a verb.

pub mod args;
mod check;
mod list;
mod show;
mod who;

use std::io::Write;

use crate::base::exit::Exit;
use crate::base::text::printable;
use crate::cli::change::carry_out;
use crate::cli::output::wrapped;
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::engine::sudo::SudoIntent;
use crate::host::clock;
use crate::model::sudo::view::{Known, PersonRights};

use args::SudoVerb;

const SCHEMA: &str = "benchwarden.sudo/1";

pub(super) fn run(
    verb: &SudoVerb,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match verb {
        SudoVerb::List(args) => list::run(args, engine, out),
        SudoVerb::Show(args) => show::run(args, engine, out),
        SudoVerb::Who(args) => who::run(args, engine, out),
        SudoVerb::Grant(args) => {
            let wish = Box::new(args.wish(clock::now()));
            let intent = Intent::Sudo(SudoIntent::Grant(wish, args.wildcards));
            carry_out(engine, &intent, None, args.how, out)
        }
        SudoVerb::Revoke(args) => {
            let intent = Intent::Sudo(SudoIntent::Revoke(args.name.clone()));
            carry_out(engine, &intent, None, args.how, out)
        }
        SudoVerb::Check(args) => check::run(args, engine, out),
    }
}

/// What has to be known before anything that follows is believed.
fn caveats(out: &mut dyn Write, known: &Known) -> anyhow::Result<()> {
    if known.tool.path.is_none() {
        wrapped(
            out,
            "note: ",
            "sudo is not installed here; its files say what would hold",
        )?;
    }
    let syntax = if known.broken.is_empty() {
        &known.tree.problems
    } else {
        &known.broken
    };
    for problem in syntax {
        let what = format!(
            "{}: {}; sudo passes this line over",
            problem.place,
            printable(problem.what.as_bytes(), 300)
        );
        wrapped(out, "broken: ", &what)?;
    }
    for note in &known.partial {
        wrapped(out, "not known: ", note)?;
    }
    Ok(())
}

/// Whether somebody has anything to be told of.
fn has_any(one: &PersonRights) -> bool {
    !one.rights.is_empty() || !one.ways.is_empty()
}
