//! `limits drift`: where the host is not as its policy says, and how it is mended.

use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;

use crate::base::exit::Exit;
use crate::base::text::printable;
use crate::cli::change::{How, carry_out};
use crate::cli::output::{json, wrapped};
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::engine::limits::{LimitsIntent, sentence};
use crate::plan::limits::drift::Drift;

use super::args::DriftArgs;

const SCHEMA: &str = "benchwarden.limits-drift/1";

/// The shape of `benchwarden.limits-drift/1`.
#[derive(Serialize)]
struct Document<'a> {
    drift: &'a [Drift],
}

pub(super) fn run(
    args: &DriftArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    if args.mend {
        let how = How {
            dry_run: args.dry_run,
            yes: args.yes,
            json: args.json,
        };
        let intent = Intent::Limits(LimitsIntent::Mend);
        return carry_out(engine, &intent, None, how, out);
    }
    let all = engine.drift()?;
    if args.json {
        json(out, SCHEMA, &Document { drift: &all })?;
    } else if all.is_empty() {
        writeln!(out, "everything is as the policy says")?;
    } else {
        for drift in &all {
            wrapped(out, "", &printable(sentence(drift).as_bytes(), 600))?;
            if let Some(whose) = whose(drift) {
                wrapped(out, "    ", &whose)?;
            }
        }
        writeln!(
            out,
            "`benchwarden limits drift --mend` makes it as the policy says"
        )?;
    }
    Ok(if all.is_empty() {
        Exit::Done
    } else {
        Exit::Findings
    })
}

/// Whose file it is.
fn whose(drift: &Drift) -> Option<String> {
    let modified = Timestamp::from_second(drift.modified?).ok()?;
    let owner = match drift.owner? {
        0 => "root".to_owned(),
        uid => format!("uid {uid}"),
    };
    let package = match &drift.package {
        Some(package) => format!(", of the package {}", printable(package.as_bytes(), 100)),
        None => String::new(),
    };
    let stays = if drift.mendable {
        ""
    } else {
        "; it says more than limits, so it has to be edited by hand"
    };
    Some(format!(
        "owned by {owner}, last changed {}{package}{stays}",
        modified.strftime("%Y-%m-%d %H:%M:%S UTC")
    ))
}
