//! `policy plan`: what would be done to make this host as its policy says.

use std::io::Write;

use crate::base::exit::Exit;
use crate::cli::args::PolicyPlanArgs;
use crate::cli::change::{How, carry_out};
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::engine::limits::LimitsIntent;

pub(super) fn run(
    args: &PolicyPlanArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let intent = Intent::Limits(LimitsIntent::Apply);
    let how = How {
        dry_run: true,
        yes: false,
        json: args.json,
    };
    let shown = carry_out(engine, &intent, None, how, out)?;
    let pending = shown == Exit::Done && !engine.steps(&intent)?.steps.is_empty();
    Ok(if pending { Exit::Findings } else { shown })
}
