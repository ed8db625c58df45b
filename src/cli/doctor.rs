//! `doctor`: what this host offers and lacks.

use std::io::Write;

use crate::base::exit::Exit;
use crate::engine::Engine;
use crate::model::findings::Findings;

use super::args::DoctorArgs;
use super::output::{json, wrapped};

const SCHEMA: &str = "benchwarden.doctor/1";

pub(super) fn run(
    args: &DoctorArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let findings = engine.findings();
    if args.json {
        json(out, SCHEMA, &findings)?;
    } else {
        text(out, &findings)?;
    }
    Ok(Exit::Done)
}

fn text(out: &mut dyn Write, findings: &Findings) -> anyhow::Result<()> {
    writeln!(out, "{}: what it offers and lacks", findings.host)?;
    for finding in &findings.findings {
        writeln!(out)?;
        let label = format!("{:<8} {:<17} ", finding.status.as_str(), finding.topic);
        wrapped(out, &label, &finding.found)?;
        wrapped(out, "           for: ", finding.why)?;
        if let Some(todo) = &finding.todo {
            wrapped(out, "           do:  ", todo)?;
        }
    }
    Ok(())
}
