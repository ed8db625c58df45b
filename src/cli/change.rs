//! How every changing verb is carried out: the plan is shown, approved and done, and what became
//! of it is told. Progress and questions go to standard error, the document to standard output.

use std::io::{BufRead as _, IsTerminal as _, Write};

use clap::Args;
use serde_json::{Value, json};

use crate::base::exit::Exit;
use crate::base::secret::Secret;
use crate::base::text::counted;
use crate::engine::Engine;
use crate::engine::changes::{Applied, Approval, ChangeError, Intent};
use crate::plan::Plan;
use crate::plan::people::welcome::Welcome;
use crate::plan::step::Undo;
use crate::plan::told;
use crate::store::receipt::Outcome;

use super::output::wrapped;
use super::progress::{Progress, shown};

const SCHEMA: &str = "benchwarden.plan/1";

/// What every changing verb takes.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct How {
    /// Show the plan and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Do it without asking.
    #[arg(long)]
    pub yes: bool,

    /// One JSON document (benchwarden.plan/1).
    #[arg(long)]
    pub json: bool,
}

/// How far a change came.
pub(super) enum Ended {
    /// A plan was begun; what became of it is not told yet.
    Applied(Box<Applied>),
    /// None was begun, and everything is told.
    Told(Exit),
}

/// Makes the plan of an intent, has it approved, does it and tells what became of it.
///
/// # Errors
/// When the plan cannot be made, or the answer cannot be written.
pub(super) fn carry_out(
    engine: &dyn Engine,
    intent: &Intent,
    secret: Option<&Secret>,
    how: How,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match attempt(engine, intent, secret, how, out)? {
        Ended::Applied(applied) => told(&applied, None, how, out),
        Ended::Told(exit) => Ok(exit),
    }
}

/// The same, for whoever has more to tell of a plan that was begun.
///
/// # Errors
/// As for [`carry_out`].
pub(super) fn attempt(
    engine: &dyn Engine,
    intent: &Intent,
    secret: Option<&Secret>,
    how: How,
    out: &mut dyn Write,
) -> anyhow::Result<Ended> {
    // Where nobody reads the plan, nothing has to be found out for them.
    let unread = how.yes && !how.json && !how.dry_run;
    let planned = if unread {
        engine.steps(intent)
    } else {
        engine.plan(intent)
    };
    let plan = match planned {
        Ok(plan) => plan,
        Err(error @ (ChangeError::NotRoot | ChangeError::Fixture)) => {
            writeln!(std::io::stderr(), "benchwarden: {error}")?;
            return Ok(Ended::Told(Exit::Refused));
        }
        Err(error) => return Err(error.into()),
    };
    if !plan.refused.is_empty() {
        return refused(&plan, how, out).map(Ended::Told);
    }
    if how.dry_run {
        if how.json {
            super::output::json(out, SCHEMA, &document(&plan))?;
        } else {
            text(out, &plan)?;
        }
        return Ok(Ended::Told(Exit::Done));
    }
    let mut errors = std::io::stderr().lock();
    if !plan.may_be_done() {
        for warning in &plan.warnings {
            writeln!(errors, "{}", shown(warning))?;
        }
        if how.json {
            super::output::json(out, SCHEMA, &document(&plan))?;
        }
        return Ok(Ended::Told(Exit::Done));
    }
    let approval = if how.yes {
        Approval::Any
    } else {
        text(&mut errors, &plan)?;
        if !approved(&mut errors)? {
            return Ok(Ended::Told(Exit::Refused));
        }
        Approval::Shown(plan.fingerprint())
    };
    let mut progress = Progress::new(&mut errors, &plan);
    let applied = engine.apply(intent, &approval, secret, &mut |moment| {
        progress.takes(moment)
    });
    drop(progress);
    match applied {
        Ok(mut applied) => {
            // What was found out for whoever read the plan is told of what was done, too.
            (applied.plan.belongings, applied.plan.warnings) = (plan.belongings, plan.warnings);
            Ok(Ended::Applied(Box::new(applied)))
        }
        Err(ChangeError::Refused(plan)) => refused(&plan, how, out).map(Ended::Told),
        Err(error @ (ChangeError::NotRoot | ChangeError::Fixture)) => {
            writeln!(errors, "benchwarden: {error}")?;
            Ok(Ended::Told(Exit::Refused))
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(plan: &Plan, how: How, out: &mut dyn Write) -> anyhow::Result<Exit> {
    if how.json {
        super::output::json(out, SCHEMA, &document(plan))?;
    }
    let mut errors = std::io::stderr().lock();
    writeln!(errors, "benchwarden: refused: {}", shown(&plan.intent))?;
    for reason in &plan.refused {
        writeln!(errors, "  {}", shown(reason))?;
    }
    Ok(Exit::Refused)
}

/// The plan as it is approved: what, exactly how, and how it is taken back.
pub(super) fn text(out: &mut dyn Write, plan: &Plan) -> anyhow::Result<()> {
    belongings(out, plan)?;
    let steps = counted(plan.steps.len() as u64, "step", "steps");
    writeln!(out, "{}: {steps}", shown(&plan.intent))?;
    for (number, step) in (1..).zip(&plan.steps) {
        wrapped(out, &format!("{number:>3}. "), &shown(&step.what))?;
        for (word, text) in told::step(step) {
            let (label, text) = (format!("     {word:<5} "), shown(&text));
            // What is done exactly can be copied whole.
            if matches!(word, told::DOES | told::HOLDS) {
                writeln!(out, "{label}{text}")?;
            } else {
                wrapped(out, &label, &text)?;
            }
        }
    }
    for warning in &plan.warnings {
        wrapped(out, "note: ", &shown(warning))?;
    }
    Ok(())
}

/// What they own and run whom a plan removes.
fn belongings(out: &mut dyn Write, plan: &Plan) -> anyhow::Result<()> {
    let Some(all) = &plan.belongings else {
        return Ok(());
    };
    writeln!(out, "what {} owns and runs:", shown(&plan.about))?;
    for (label, text) in all.told() {
        wrapped(out, &format!("  {label:<10} "), &shown(&text))?;
    }
    Ok(())
}

/// The plan for programs.
pub(super) fn document(plan: &Plan) -> Value {
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| {
            let (kind, back) = match &step.undo {
                Undo::Exact { what, .. } | Undo::Last { what, .. } => ("exact", Some(what)),
                Undo::Partly { why, .. } => ("partly", Some(why)),
                Undo::None { why } | Undo::Final { why } => ("none", Some(why)),
                Undo::Nothing => ("exact", None),
            };
            json!({
                "what": step.what,
                "exactly": step.action.to_string(),
                "action": step.action,
                "changes": step.changes.iter().map(|change| json!({
                    "subject": change.subject.to_string(),
                    "before": change.before.to_string(),
                    "after": change.after.to_string(),
                })).collect::<Vec<_>>(),
                "undo": {"kind": kind, "what": back},
            })
        })
        .collect();
    let mut document = json!({
        "intent": plan.intent,
        "about": plan.about,
        "fingerprint": plan.fingerprint(),
        "steps": steps,
        "warnings": plan.warnings,
        "refused": plan.refused,
    });
    if let Some(all) = &plan.belongings {
        document["belongings"] = json!(all);
    }
    document
}

/// Asks whether what was shown is to be done.
pub(super) fn approved(out: &mut dyn Write) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        writeln!(
            out,
            "benchwarden: nobody is there to approve it; --yes does, --dry-run shows it"
        )?;
        return Ok(false);
    }
    write!(out, "Do this? [y/N] ")?;
    out.flush()?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    let yes = matches!(line.trim(), "y" | "Y" | "yes");
    if !yes {
        writeln!(out, "nothing was done")?;
    }
    Ok(yes)
}

/// Adds what became of a plan to its document.
pub(super) fn ended(document: &mut Value, applied: &Applied, welcome: Option<&Welcome>) {
    let report = &applied.report;
    document["plan"] = json!(applied.id);
    document["result"] = json!(report.outcome.as_str());
    document["failure"] = json!(report.failure);
    document["remains"] = json!(report.remains);
    document["stopped"] = json!(report.stopped);
    if let Some(welcome) = welcome {
        document["welcome"] = json!(welcome.text);
    }
}

/// Tells what became of a plan; of a new account with the note for the newcomer.
///
/// # Errors
/// When the answer cannot be written.
pub(super) fn told(
    applied: &Applied,
    welcome: Option<&Welcome>,
    how: How,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let report = &applied.report;
    if how.json {
        let mut document = document(&applied.plan);
        ended(&mut document, applied, welcome);
        super::output::json(out, SCHEMA, &document)?;
    } else {
        let id = &applied.id;
        let failed = if report.stopped { "stopped" } else { "failed" };
        match report.outcome {
            Outcome::Done => {
                writeln!(out, "done; `benchwarden undo {id}` takes it back")?;
                // What does not come back is told of what is there now, whoever read the plan.
                let settles = applied.plan.settles.is_some();
                let stays = applied.plan.warnings.iter().filter(|_| settles);
                for remark in stays.chain(&report.remains) {
                    writeln!(out, "  {}", shown(remark))?;
                }
            }
            Outcome::RolledBack => {
                writeln!(out, "{failed}; everything is as it was before (plan {id})")?;
            }
            Outcome::Remains => {
                writeln!(out, "{failed}, and this remains (plan {id}):")?;
                for what in &report.remains {
                    writeln!(out, "  {}", shown(what))?;
                }
            }
        }
    }
    Ok(match report.outcome {
        Outcome::Done => Exit::Done,
        Outcome::RolledBack | Outcome::Remains => Exit::Failed,
    })
}
