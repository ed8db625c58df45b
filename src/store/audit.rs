//! The audit log: one JSON line for each thing that was done or refused, each carrying the hash of
//! the line before, so that an edited, missing or moved line is found.
//!
//! Lines are only ever appended. The number of the last line and its hash are kept beside the log
//! (`Head`), so that lines cut off at its end are missed too.

use serde::{Deserialize, Serialize};

use crate::base::digest::sha256_hex;

use crate::model::actor::Actor;

/// What the first line carries in place of a hash.
const NOTHING_BEFORE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Counted from 1.
    pub seq: u64,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Who asked, and from where.
    pub actor: Actor,
    /// What was wanted, in words.
    pub intent: String,
    /// Whom or what it was about.
    pub about: String,
    /// The plan's name; `undo` takes it.
    pub plan: String,
    /// `began`, `done`, `rolled back`, `failed, something remains`, `refused`.
    pub result: String,
    /// What went wrong, or why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was done, step by step, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// From approval to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The SHA-256 of the line before.
    pub prev: String,
}

/// Where the log ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The number of the last line.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            seq: 0,
            hash: NOTHING_BEFORE.to_owned(),
        }
    }
}

impl Head {
    /// The head of a log whose last whole line is this; `None` when it is not a line of this log.
    #[must_use]
    pub fn of_line(line: &str) -> Option<Self> {
        let record: Record = serde_json::from_str(line).ok()?;
        Some(Self {
            seq: record.seq,
            hash: sha256_hex(line.as_bytes()),
        })
    }

    /// Makes a record the next line: gives it its number and the hash before it, and moves on.
    pub fn chain(&mut self, mut record: Record) -> String {
        record.seq = self.seq + 1;
        record.prev.clone_from(&self.hash);
        // Plain data of our own: serializing it cannot fail.
        let mut line = serde_json::to_string(&record).unwrap_or_default();
        *self = Self {
            seq: record.seq,
            hash: sha256_hex(line.as_bytes()),
        };
        line.push('\n');
        line
    }
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line of the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

/// Looks for lines that were edited, taken out or moved; `head` is what is kept beside the log.
#[must_use]
pub fn verify(log: &str, head: Option<&Head>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut before = Head::default();
    let mut number = 0;
    for line in log.lines() {
        number += 1;
        let mut found = |what: String| problems.push(Problem { line: number, what });
        let Ok(record) = serde_json::from_str::<Record>(line) else {
            found("it is not a line of this log".to_owned());
            continue;
        };
        let (expected, seq) = (before.seq + 1, record.seq);
        if seq > expected {
            let missing = if seq == expected + 1 {
                format!("record {expected} is missing before it")
            } else {
                format!("records {expected} to {} are missing before it", seq - 1)
            };
            found(missing);
        } else if seq < expected {
            found(format!("record {seq} stands after record {}", before.seq));
        } else if record.prev != before.hash {
            let edited = if before.seq == 0 {
                "it does not begin the log".to_owned()
            } else {
                format!("record {} before it was edited", before.seq)
            };
            found(edited);
        }
        before = Head {
            seq,
            hash: sha256_hex(line.as_bytes()),
        };
    }
    if !log.is_empty() && !log.ends_with('\n') {
        problems.push(Problem {
            line: number,
            what: "its end is missing".to_owned(),
        });
    }
    if let Some(head) = head {
        // The log is written before its head: after a power cut it may be one line ahead.
        let ahead = before.seq == head.seq + 1;
        if before.seq < head.seq {
            problems.push(Problem {
                line: number,
                what: format!(
                    "records {} to {} are missing after it",
                    before.seq + 1,
                    head.seq
                ),
            });
        } else if !ahead && before.seq == head.seq && before.hash != head.hash {
            problems.push(Problem {
                line: number,
                what: format!("record {} was edited", head.seq),
            });
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: u32) -> (Vec<String>, Head) {
        let mut head = Head::default();
        let lines = (0..lines)
            .map(|n| {
                head.chain(Record {
                    seq: 0,
                    at: "2026-11-21T03:12:09Z".into(),
                    actor: Actor::default(),
                    intent: format!("add user u{n}"),
                    about: format!("u{n}"),
                    plan: format!("P{n}"),
                    result: "done".into(),
                    reason: None,
                    steps: Vec::new(),
                    duration_ms: Some(7),
                    prev: String::new(),
                })
            })
            .collect();
        (lines, head)
    }

    fn found(lines: &[String], head: &Head) -> Vec<String> {
        let problems = verify(&lines.concat(), Some(head));
        problems
            .into_iter()
            .map(|p| format!("{}: {}", p.line, p.what))
            .collect()
    }

    #[test]
    fn an_untouched_log_has_no_problems() {
        let (lines, head) = log(5);
        assert!(found(&lines, &head).is_empty());
        assert!(verify("", None).is_empty());
        assert_eq!(Head::of_line(lines[4].trim_end()), Some(head));
    }

    #[test]
    fn a_changed_line_is_named() {
        let (mut lines, head) = log(5);
        lines[2] = lines[2].replace("u2", "u9");
        assert_eq!(found(&lines, &head), ["4: record 3 before it was edited"]);
        let (mut lines, head) = log(5);
        lines[4] = lines[4].replace("u4", "u9");
        assert_eq!(found(&lines, &head), ["5: record 5 was edited"]);
    }

    #[test]
    fn a_missing_line_is_named_at_the_end_too() {
        let (mut lines, head) = log(5);
        lines.remove(1);
        assert_eq!(found(&lines, &head), ["2: record 2 is missing before it"]);
        let (mut lines, head) = log(5);
        lines.truncate(3);
        assert_eq!(
            found(&lines, &head),
            ["3: records 4 to 5 are missing after it"]
        );
        assert_eq!(
            found(&[], &head),
            ["0: records 1 to 5 are missing after it"]
        );
    }

    #[test]
    fn lines_that_changed_places_are_named() {
        let (mut lines, head) = log(5);
        lines.swap(1, 2);
        let problems = found(&lines, &head);
        assert_eq!(problems[0], "2: record 2 is missing before it");
        assert_eq!(problems[1], "3: record 2 stands after record 3");
    }

    #[test]
    fn a_head_that_a_power_cut_left_one_behind_is_no_problem() {
        let (lines, _) = log(5);
        let head = Head::of_line(lines[3].trim_end()).unwrap();
        assert!(found(&lines, &head).is_empty());
    }

    #[test]
    fn a_line_of_something_else_is_named() {
        let (mut lines, head) = log(2);
        lines.insert(1, "hello\n".into());
        assert_eq!(found(&lines, &head), ["2: it is not a line of this log"]);
    }
}
