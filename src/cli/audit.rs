//! `audit log` and `audit verify`: what was done, by whom, and whether the log still says so.

use std::io::Write;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::base::exit::Exit;
use crate::base::text::{counted, printable};
use crate::engine::Engine;
use crate::host::clock;
use crate::store::audit::Record;

use super::output;

const LOG: &str = "benchwarden.audit/1";
const VERIFY: &str = "benchwarden.audit-verify/1";

/// What can be asked of the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// What was done and refused, oldest first.
    Log(LogArgs),
    /// Whether a line was edited, taken out or moved.
    Verify(VerifyArgs),
}

/// Arguments of `audit log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// Only what this person did, or what was about them.
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,

    /// Only from then on: a date, a moment in RFC 3339, or a time back such as 2h or 7d.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Go on as lines come.
    #[arg(long)]
    pub follow: bool,

    /// The lines themselves, as one JSON document (benchwarden.audit/1); one a line with --follow.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// One JSON document (benchwarden.audit-verify/1).
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(
    verb: &AuditVerb,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match verb {
        AuditVerb::Log(args) => log(args, engine, out),
        AuditVerb::Verify(args) => verify(args, engine, out),
    }
}

fn log(args: &LogArgs, engine: &dyn Engine, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let since = args.since.as_deref().map(moment).transpose()?;
    let wanted = |record: &Record| {
        let user = args
            .user
            .as_deref()
            .is_none_or(|user| record.about == user || record.actor.user == user);
        user && since.as_ref().is_none_or(|since| record.at >= *since)
    };
    let records = engine.audit_log()?;
    let chosen: Vec<&Record> = records.iter().filter(|record| wanted(record)).collect();
    if args.json && !args.follow {
        output::json(out, LOG, &json!({ "records": chosen }))?;
        return Ok(Exit::Done);
    }
    for record in &chosen {
        one(out, record, args.json)?;
    }
    if args.follow {
        return follow(
            args,
            records.last().map_or(0, |record| record.seq),
            &wanted,
            engine,
            out,
        );
    }
    if chosen.is_empty() {
        writeln!(out, "nothing was done here that matches")?;
    }
    Ok(Exit::Done)
}

/// Until whoever reads has gone.
fn follow(
    args: &LogArgs,
    mut seen: u64,
    wanted: &dyn Fn(&Record) -> bool,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    loop {
        out.flush()?;
        clock::pause(Duration::from_millis(500));
        let records = engine.audit_log()?;
        for record in records
            .iter()
            .filter(|record| record.seq > seen && wanted(record))
        {
            one(out, record, args.json)?;
        }
        seen = records.last().map_or(seen, |record| record.seq);
    }
}

fn one(out: &mut dyn Write, record: &Record, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(out, LOG, record);
    }
    let who = record.actor.in_words();
    let plan = if record.plan.is_empty() {
        "-"
    } else {
        &record.plan
    };
    let mut line = format!(
        "{}  {plan}  {}: {} by {who}",
        record.at, record.result, record.intent
    );
    if let Some(reason) = &record.reason {
        line.push_str(": ");
        line.push_str(reason);
    }
    writeln!(out, "{}", printable(line.as_bytes(), 2000))?;
    Ok(())
}

/// A date, a moment, or a time back from now, as the log writes moments.
fn moment(text: &str) -> anyhow::Result<String> {
    let written = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(written(at));
    }
    if let Ok(date) = text.parse::<jiff::civil::Date>() {
        return Ok(format!("{date}T00:00:00Z"));
    }
    let (count, unit) = text.split_at(text.len().saturating_sub(1));
    let seconds = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 0,
    };
    let back = count
        .parse::<i64>()
        .ok()
        .filter(|count| *count >= 0 && seconds > 0);
    let back = back.and_then(|count| count.checked_mul(seconds));
    let at = back.and_then(|back| {
        let now = clock::now();
        now.checked_sub(jiff::SignedDuration::from_secs(back)).ok()
    });
    at.map(written).ok_or_else(|| {
        anyhow::anyhow!("--since {text}: write a date such as 2026-12-01, or 30m, 2h, 7d")
    })
}

fn verify(args: &VerifyArgs, engine: &dyn Engine, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let (records, problems) = engine.audit_verify()?;
    if args.json {
        let document = json!({ "records": records, "problems": problems });
        output::json(out, VERIFY, &document)?;
    } else if problems.is_empty() {
        let records = counted(records, "record", "records");
        writeln!(out, "{records}, none edited, missing or moved")?;
    } else {
        for problem in &problems {
            writeln!(out, "line {}: {}", problem.line, problem.what)?;
        }
    }
    Ok(if problems.is_empty() {
        Exit::Done
    } else {
        Exit::Findings
    })
}
