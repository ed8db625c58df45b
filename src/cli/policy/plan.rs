//! `policy plan`: what would be done to make this host as its policy says.

use std::io::Write;

use anyhow::Context as _;

use crate::base::exit::Exit;
use crate::base::text::printable;
use crate::cli::args::PolicyPlanArgs;
use crate::cli::change::{How, carry_out};
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::engine::limits::LimitsIntent;
use crate::host::input;
use crate::policy::parse::{self, Source};

use super::unless_wrong;

/// The host as its policy says, or as it would with this file in place of its first.
pub(super) fn intent(file: Option<&str>) -> anyhow::Result<Intent> {
    let Some(file) = file else {
        return Ok(Intent::Limits(LimitsIntent::Apply));
    };
    let name = printable(file.as_bytes(), 300);
    let text = input::file(file).with_context(|| format!("cannot read {name}"))?;
    // What is wrong is told of the file that the caller has.
    let source = Source {
        name: name.into(),
        bytes: text.as_bytes().to_vec(),
    };
    let policy = parse::policy(std::slice::from_ref(&source));
    unless_wrong(&policy)?;
    Ok(Intent::Limits(LimitsIntent::Adopt(text)))
}

pub(super) fn run(
    args: &PolicyPlanArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let intent = intent(args.file.as_deref())?;
    let how = How {
        dry_run: true,
        yes: false,
        json: args.json,
    };
    let shown = carry_out(engine, &intent, None, how, out)?;
    let pending = shown == Exit::Done && !engine.steps(&intent)?.steps.is_empty();
    Ok(if pending { Exit::Findings } else { shown })
}
