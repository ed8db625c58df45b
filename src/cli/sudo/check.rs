//! `sudo check`: what is not as it should be.

use std::io::Write;

use serde::Serialize;

use crate::base::exit::Exit;
use crate::base::text::counted;
use crate::cli::change::{How, carry_out};
use crate::cli::output::{json, notes, wrapped};
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::engine::sudo::SudoIntent;
use crate::model::sudo::findings::Finding;

use super::args::CheckArgs;

const SCHEMA: &str = "benchwarden.sudo-check/1";

/// The shape of `benchwarden.sudo-check/1`.
#[derive(Serialize)]
struct Document<'a> {
    findings: &'a [Finding],
    partial: &'a [String],
}

pub(super) fn run(
    args: &CheckArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    if args.mend {
        let how = How {
            dry_run: args.dry_run,
            yes: args.yes,
            json: args.json,
        };
        return carry_out(engine, &Intent::Sudo(SudoIntent::Mend), None, how, out);
    }
    let sudo = engine.sudo();
    let findings = sudo.findings();
    if args.json {
        let document = Document {
            findings: &findings,
            partial: &sudo.known.partial,
        };
        json(out, SCHEMA, &document)?;
    } else {
        for finding in &findings {
            let text = format!("{}: {}", finding.place, finding.what);
            wrapped(out, &format!("{:<10} ", finding.kind.as_str()), &text)?;
            wrapped(out, "           ", &finding.todo)?;
        }
        if findings.is_empty() {
            writeln!(out, "nothing is wrong with sudo's rules")?;
        } else {
            let count = counted(findings.len() as u64, "finding", "findings");
            writeln!(out, "{count}")?;
        }
        notes(out, &sudo.known.partial)?;
    }
    Ok(if findings.is_empty() {
        Exit::Done
    } else {
        Exit::Findings
    })
}
