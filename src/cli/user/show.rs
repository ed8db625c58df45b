//! `user show`: one person in all that is known about them.

use std::io::Write;

use anyhow::anyhow;
use serde::Serialize;

use crate::base::exit::Exit;
use crate::engine::Engine;
use crate::model::people::details::{HeldGroup, HeldKey, Jobs, PersonDetails, Running};
use crate::model::people::{Person, told};

use crate::cli::args::UserShowArgs;
use crate::cli::output::{in_doubt, json, notes, wrapped};
use crate::cli::ps::SessionLine;

const SCHEMA: &str = "benchwarden.user/1";

/// The shape of `benchwarden.user/1`.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    person: &'a Person,
    sessions: Vec<SessionLine<'a>>,
    processes: &'a Running,
    jobs: &'a Jobs,
    mail_bytes: Option<crate::base::units::Bytes>,
    keys: &'a Option<Vec<HeldKey>>,
    held_groups: &'a [HeldGroup],
    partial: &'a [String],
}

pub(super) fn run(
    args: &UserShowArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let name = &args.user;
    let details = engine.person(name).map_err(|lost| {
        let silence = in_doubt(&lost);
        anyhow!(
            "no account is called {name} on this host, and nothing here belongs to such a uid; \
             `benchwarden user list --all` shows who is known{silence}"
        )
    })?;
    if args.json {
        json(out, SCHEMA, &document(&details))?;
    } else {
        text(out, &details)?;
    }
    Ok(Exit::Done)
}

fn document(details: &PersonDetails) -> Document<'_> {
    Document {
        person: &details.user,
        sessions: details.sessions.iter().map(SessionLine::of).collect(),
        processes: &details.processes,
        jobs: &details.jobs,
        mail_bytes: details.mail_bytes,
        keys: &details.keys,
        held_groups: &details.held_groups,
        partial: &details.partial,
    }
}

fn text(out: &mut dyn Write, details: &PersonDetails) -> anyhow::Result<()> {
    writeln!(out, "{}", told::whose(&details.user))?;
    for (label, text) in told::person(details) {
        wrapped(out, &format!("  {label:<11} "), &text)?;
    }
    notes(out, &details.partial)
}
