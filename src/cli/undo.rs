//! `undo` and `finish`: plans taken back, and plans that were interrupted.

use std::io::Write;

use clap::Args;

use crate::base::exit::Exit;
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::engine::receipts::PlansError;

use super::change::{self, How};
use super::progress::shown;

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
    let plans = match engine.plans() {
        Ok(plans) => plans,
        Err(error @ PlansError::NotRoot) => {
            writeln!(std::io::stderr(), "benchwarden: {error}")?;
            return Ok(Exit::Refused);
        }
    };
    for why in &plans.damaged {
        writeln!(std::io::stderr(), "benchwarden: {}", shown(why))?;
    }
    if let Some(who) = &plans.busy {
        let who = shown(who);
        writeln!(
            out,
            "a plan is being done ({who}); ask again when it has ended"
        )?;
        return Ok(Exit::Done);
    }
    if plans.waiting.is_empty() {
        writeln!(out, "no plan waits for a decision")?;
        return Ok(Exit::Done);
    }
    for told in &plans.waiting {
        let receipt = &told.receipt;
        let (who, intent) = (receipt.actor.in_words(), &receipt.plan.intent);
        writeln!(out, "{}  {}, by {}", receipt.id, shown(intent), shown(&who))?;
        for (word, what) in told.steps() {
            writeln!(out, "  {word:<12}  {}", shown(what))?;
        }
        match told.attention() {
            Some(attention) => writeln!(out, "  `undo` and `finish` wait: {}", shown(&attention))?,
            None => writeln!(
                out,
                "  `benchwarden finish {0}` does the rest, `benchwarden undo {0}` takes it back",
                receipt.id
            )?,
        }
    }
    Ok(Exit::Findings)
}
