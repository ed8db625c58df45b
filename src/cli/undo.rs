//! `undo` and `finish`: plans taken back, and plans that were interrupted.

use std::io::Write;

use clap::Args;

use crate::base::exit::Exit;
use crate::base::text::printable;
use crate::engine::Engine;
use crate::engine::changes::Intent;

use super::change::{self, How};

/// Arguments of `undo` and `finish`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The plan, as `audit log` names it; without one, those that wait for a decision are listed.
    pub plan: Option<String>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

pub(super) fn undo(
    args: &PlanArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match &args.plan {
        Some(id) => change::carry_out(engine, &Intent::Undo(id.clone()), None, args.how, out),
        None => waiting(engine, out),
    }
}

pub(super) fn finish(
    args: &PlanArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match &args.plan {
        Some(id) => change::carry_out(engine, &Intent::Finish(id.clone()), None, args.how, out),
        None => waiting(engine, out),
    }
}

/// Plans that were interrupted or left something behind, and which of their steps happened.
fn waiting(engine: &dyn Engine, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let interrupted = engine.interrupted();
    if interrupted.is_empty() {
        writeln!(out, "no plan waits for a decision")?;
        return Ok(Exit::Done);
    }
    for one in &interrupted {
        let receipt = &one.receipt;
        let who = printable(receipt.actor.in_words().as_bytes(), 200);
        let intent = printable(receipt.plan.intent.as_bytes(), 200);
        writeln!(out, "{}  {intent}, by {who}", receipt.id)?;
        for (step, happened) in receipt.plan.steps.iter().zip(&one.happened) {
            let word = match happened {
                Some(true) => "happened    ",
                Some(false) => "did not     ",
                None => "half or more",
            };
            writeln!(out, "  {word}  {}", printable(step.what.as_bytes(), 200))?;
        }
        writeln!(
            out,
            "  `benchwarden finish {0}` does the rest, `benchwarden undo {0}` takes it back",
            receipt.id
        )?;
    }
    Ok(Exit::Findings)
}
