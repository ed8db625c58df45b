//! What is told of a list: what is wrong with it, its plans, and what became of each person.

use std::io::Write;

use serde_json::{Value, json};

use crate::base::exit::Exit;
use crate::base::text::counted;
use crate::cli::change::{self, How};
use crate::cli::output;
use crate::cli::progress::shown;
use crate::cli::user::welcome;
use crate::engine::changes::ChangeError;
use crate::plan::people::many::Planned;
use crate::plan::people::roster::{Bad, Entry};
use crate::store::receipt::Outcome;

use super::{Became, List, SCHEMA};

/// The notes for those who are there now.
fn notes(became: &[Became], out: &mut dyn Write) -> std::io::Result<()> {
    let mut notes = became.iter().filter_map(Became::note);
    notes.try_for_each(|note| welcome::show(note, out))
}

impl List<'_> {
    /// Why nobody is added.
    pub(super) fn refused(
        &self,
        bad: &[Bad],
        how: How,
        out: &mut dyn Write,
        errors: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let from = shown(self.from);
        let wrong = counted(bad.len() as u64, "thing is", "things are");
        writeln!(errors, "benchwarden: refused: {wrong} wrong with {from}")?;
        for Bad {
            line,
            field,
            reason,
        } in bad
        {
            let (field, reason) = (shown(field), shown(reason));
            writeln!(errors, "{from}:{line}: {field}: {reason}")?;
        }
        writeln!(errors, "nothing was done")?;
        if how.json {
            let bad: Vec<Value> = bad
                .iter()
                .map(|bad| json!({"line": bad.line, "field": bad.field, "reason": bad.reason}))
                .collect();
            let document = json!({
                "from": self.from, "result": "refused", "bad": bad, "people": [],
            });
            output::json(out, SCHEMA, &document)?;
        }
        Ok(())
    }

    /// All plans, as they are approved.
    pub(super) fn plans(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let people = counted(self.people.len() as u64, "person", "people");
        writeln!(out, "add {people} from {}", shown(self.from))?;
        for (_, planned) in &self.people {
            change::text(out, &planned.plan)?;
        }
        Ok(())
    }

    /// One line for one person.
    pub(super) fn say(
        &self,
        number: usize,
        became: Option<&Became>,
        how: How,
        out: &mut dyn Write,
        errors: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let (Some((_, planned)), Some(became)) = (self.people.get(number - 1), became) else {
            return Ok(());
        };
        let what = match became {
            Became::Applied(applied, _) => {
                let (id, failure) = (&applied.id, applied.report.failure.as_deref());
                let failure = failure.unwrap_or("something is not as it should be");
                match applied.report.outcome {
                    Outcome::Done => format!("done; `benchwarden undo {id}` takes it back"),
                    Outcome::RolledBack => {
                        format!("failed: {failure}; nothing of it is left (plan {id})")
                    }
                    Outcome::Remains => {
                        let remains = applied.report.remains.join("; ");
                        format!("failed: {failure}; this remains (plan {id}): {remains}")
                    }
                }
            }
            Became::Nothing(error) => format!("not done: {error}"),
        };
        let all = self.people.len();
        let line = format!("{number}/{all} {}: {}", planned.wish.name, shown(&what));
        if how.json || matches!(became, Became::Nothing(_)) {
            writeln!(errors, "{line}")?;
        } else {
            writeln!(out, "{line}")?;
            out.flush()?;
        }
        Ok(())
    }

    /// The end of it: who is there now, and who is not.
    pub(super) fn told(
        &self,
        mut became: Vec<Became>,
        how: How,
        out: &mut dyn Write,
        errors: &mut dyn Write,
    ) -> anyhow::Result<Exit> {
        let done = became.iter().filter(|one| one.is_done()).count();
        let all = self.people.len();
        let result = if done == all { "done" } else { "stopped" };
        let written = if how.json {
            output::json(out, SCHEMA, &self.document(result, &became))
        } else {
            // A reader who has gone needs no note.
            let _ = notes(&became, out);
            Ok(())
        };
        if let Some(note) = became.iter().find_map(Became::note) {
            // Whoever is told may have gone; what was done counts.
            let _ = welcome::remark(note, errors);
        }
        if done == all {
            return written.map(|()| Exit::Done);
        }
        let names = |people: &[(Entry, Planned)]| {
            let names = people.iter().map(|(entry, _)| entry.wish.name.as_str());
            let names: Vec<&str> = names.collect();
            if names.is_empty() {
                "nobody".to_owned()
            } else {
                names.join(", ")
            }
        };
        let (before, rest) = self.people.split_at(done);
        let (failed, after) = rest.split_at(became.len().saturating_sub(done).min(rest.len()));
        writeln!(errors, "done, and stays: {}", names(before))?;
        writeln!(errors, "not done: {}", names(failed))?;
        writeln!(errors, "not begun: {}", names(after))?;
        if let (0, Some(Became::Nothing(error))) = (done, became.pop()) {
            let refused = matches!(
                error,
                ChangeError::Refused(_) | ChangeError::NotRoot | ChangeError::Fixture
            );
            return Ok(if refused { Exit::Refused } else { Exit::Failed });
        }
        Ok(Exit::Failed)
    }

    /// Everybody with their plan, and what became of it.
    pub(super) fn document(&self, result: &str, became: &[Became]) -> Value {
        let people = self
            .people
            .iter()
            .enumerate()
            .map(|(at, (entry, planned))| {
                let mut one = change::document(&planned.plan);
                one["line"] = json!(entry.line);
                one["name"] = json!(planned.wish.name.as_str());
                match became.get(at) {
                    Some(Became::Applied(applied, note)) => {
                        change::ended(&mut one, applied, note.as_ref());
                    }
                    Some(Became::Nothing(error)) => {
                        one["result"] = json!("not done");
                        one["failure"] = json!(error.to_string());
                    }
                    None if result == "planned" => one["result"] = json!("planned"),
                    None => one["result"] = json!("not begun"),
                }
                one
            });
        let people: Vec<Value> = people.collect();
        json!({"from": self.from, "result": result, "bad": [], "people": people})
    }
}
