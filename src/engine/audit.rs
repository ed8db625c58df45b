//! The audit log on disk: one line for each thing that was done or refused, and a copy for the
//! journal.

use std::time::Duration;

use crate::host::durable::{self, Lock};
use crate::host::root::{ReadError, Root};
use crate::host::{clock, journal};
use crate::model::actor::Actor;
use crate::plan::Plan;
use crate::store::audit::{self, Head, Problem, Record};

use super::changes::LOCK_DIR;

/// The audit log.
pub const AUDIT: &str = "/var/log/benchwarden/audit.jsonl";
/// Where the audit log ends.
pub const AUDIT_HEAD: &str = "/var/lib/benchwarden/audit.head";
const LOCK: &str = "/run/benchwarden/audit.lock";
/// The last line is looked for in so much of the log's end: it is far shorter.
const END: u64 = 1 << 20;

/// What is to be written about a plan.
pub(super) fn record(
    who: &Actor,
    plan: &Plan,
    id: &str,
    result: &str,
    reason: Option<String>,
) -> Record {
    Record {
        seq: 0,
        at: clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        actor: who.clone(),
        intent: plan.intent.clone(),
        about: plan.about.clone(),
        plan: id.to_owned(),
        result: result.to_owned(),
        reason,
        steps: Vec::new(),
        duration_ms: None,
        prev: String::new(),
    }
}

/// Writes a record down. A log that cannot be written is told to the journal: what was done is
/// done, and the receipt has it.
pub(super) fn note_down(root: &Root, record: Record) {
    tell(root, &record);
    if let Err(error) = append(root, record) {
        journal::tell(
            root,
            &format!("the audit log cannot be written: {error}"),
            &[],
        );
    }
}

/// Tells the journal, which needs no disk of ours.
pub(super) fn tell(root: &Root, record: &Record) {
    let message = format!(
        "{}: {} by {}",
        record.result,
        record.intent,
        record.actor.in_words()
    );
    let fields = [
        ("BENCHWARDEN_PLAN", record.plan.clone()),
        ("BENCHWARDEN_RESULT", record.result.clone()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    journal::tell(root, &message, &fields);
}

/// Writes down what the guard did by itself, once it is done: no plan takes it back.
///
/// # Errors
/// When the log cannot be written.
pub fn by_guard(
    root: &Root,
    intent: &str,
    about: &str,
    reason: &str,
    steps: Vec<String>,
) -> Result<(), durable::WriteError> {
    let record = Record {
        seq: 0,
        at: clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        actor: super::holds::guard(),
        intent: intent.to_owned(),
        about: about.to_owned(),
        plan: String::new(),
        result: "done".to_owned(),
        reason: Some(reason.to_owned()),
        steps,
        duration_ms: None,
        prev: String::new(),
    };
    append(root, record)
}

pub(super) fn append(root: &Root, record: Record) -> Result<(), durable::WriteError> {
    for (path, mode) in [
        ("/var/log/benchwarden", 0o750),
        ("/var/lib/benchwarden", 0o755),
    ] {
        durable::directory(root, path, mode)?;
    }
    durable::directory(root, LOCK_DIR, 0o755)?;
    let mut lock = Lock::take(root, LOCK)?;
    while lock.is_none() {
        clock::pause(Duration::from_millis(10));
        lock = Lock::take(root, LOCK)?;
    }
    let kept: Head = root
        .peek(AUDIT_HEAD)
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let log = root.read_end(AUDIT, END).ok().flatten().unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let last = log.lines().next_back().and_then(Head::of_line);
    // After a power cut the log may be one line ahead of its head, never behind it by itself: a
    // log that was shortened goes on where it should have been, so that the gap shows.
    let mut head = match last {
        Some(last) if last.seq > kept.seq => last,
        _ => kept,
    };
    let torn = !log.is_empty() && !log.ends_with('\n');
    let line = head.chain(record);
    let line = if torn { format!("\n{line}") } else { line };
    durable::append(root, AUDIT, &line, 0o640)?;
    let text = serde_json::to_string(&head).unwrap_or_default();
    durable::replace(root, AUDIT_HEAD, text.as_bytes(), 0o600)
}

/// Whether the end of the log has this record.
pub(super) fn has(root: &Root, record: &Record) -> bool {
    let log = root.read_end(AUDIT, END).ok().flatten().unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let mut records = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Record>(line).ok());
    records.any(|known| {
        let told = (&known.plan, &known.result, &known.at, &known.intent);
        told == (&record.plan, &record.result, &record.at, &record.intent)
    })
}

/// The records of the audit log; lines that are none are left to [`audit_verify`].
pub(super) fn audit_log(root: &Root) -> Result<Vec<Record>, ReadError> {
    let log = text(root, AUDIT)?;
    Ok(log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

/// How many lines it has, and which of them are not as they were written.
pub(super) fn audit_verify(root: &Root) -> Result<(u64, Vec<Problem>), ReadError> {
    let log = text(root, AUDIT)?;
    let head: Option<Head> = serde_json::from_str(&text(root, AUDIT_HEAD)?).ok();
    Ok((
        log.lines().count() as u64,
        audit::verify(&log, head.as_ref()),
    ))
}

fn text(root: &Root, path: &str) -> Result<String, ReadError> {
    let bytes = root.read(path)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
