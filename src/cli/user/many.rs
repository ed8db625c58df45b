//! `user add --from`: everybody in a list, each a plan of their own, approved together and done one
//! after another. A list with one bad line is refused whole.

mod tell;

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;

use crate::base::exit::Exit;
use crate::base::secret::Secret;
use crate::cli::change::{self, How};
use crate::cli::output;
use crate::cli::progress::{Interrupt, Progress, shown};
use crate::engine::Engine;
use crate::engine::changes::{Applied, Approval, ChangeError, Intent};
use crate::host::input;
use crate::plan::people::add::Password;
use crate::plan::people::many::Planned;
use crate::plan::people::roster::{self, Bad, Entry, Format};
use crate::plan::people::welcome::Welcome;
use crate::store::receipt::Outcome;

use super::add::keys_in;

const SCHEMA: &str = "benchwarden.plans/1";

/// A list, and what it means on this host.
struct List<'a> {
    from: &'a str,
    people: Vec<(Entry, Planned)>,
}

/// What became of one person.
enum Became {
    /// The plan was begun; the note where it was done.
    Applied(Box<Applied>, Option<Welcome>),
    /// Nothing of it was done, and why.
    Nothing(ChangeError),
}

impl Became {
    fn is_done(&self) -> bool {
        matches!(self, Self::Applied(applied, _) if applied.report.outcome == Outcome::Done)
    }

    fn note(&self) -> Option<&Welcome> {
        match self {
            Self::Applied(_, note) => note.as_ref(),
            Self::Nothing(_) => None,
        }
    }
}

/// So many people are planned together.
const AT_ONCE: usize = 2000;

pub(super) fn run(
    from: &str,
    how: How,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let mut errors = std::io::stderr();
    let Some(format) = Format::of(from) else {
        let why = "the name of a list ends in .csv or .toml";
        writeln!(errors, "benchwarden: {}: {why}", shown(from))?;
        return Ok(Exit::Usage);
    };
    let bytes = input::bytes(from).with_context(|| format!("cannot read {from}"))?;
    let mut keys_of = |file: &str| {
        let beside = Path::new(from).with_file_name("").join(file);
        let beside = beside.to_string_lossy();
        let text =
            input::listed(&beside).map_err(|error| format!("cannot read {beside}: {error}"))?;
        keys_in(file, &text).map_err(|error| error.to_string())
    };
    let roster = roster::read(&bytes, format, &mut keys_of);
    if roster.people.len() > AT_ONCE {
        let why = format!("it names more than {AT_ONCE} people: part it into several lists");
        writeln!(errors, "benchwarden: {}: {why}", shown(from))?;
        return Ok(Exit::Usage);
    }
    let wishes: Vec<_> = roster
        .people
        .iter()
        .map(|entry| entry.wish.clone())
        .collect();
    let planned = match engine.plan_people(&wishes) {
        Ok(planned) => planned,
        // What is wrong with the list is told whoever asks.
        Err(_) if !roster.bad.is_empty() => Vec::new(),
        Err(error) => return nothing(error),
    };
    let list = List {
        from,
        people: roster.people.into_iter().zip(planned).collect(),
    };
    let exit = if roster.bad.is_empty() {
        Exit::Refused
    } else {
        Exit::Usage
    };
    let bad = list.everything_bad(roster.bad);
    if !bad.is_empty() {
        list.refused(&bad, how, out, &mut errors)?;
        return Ok(exit);
    }
    list.carry_out(engine, how, out, &mut errors)
}

/// Why nothing was done at all.
fn nothing(error: ChangeError) -> anyhow::Result<Exit> {
    match error {
        error @ (ChangeError::NotRoot | ChangeError::Fixture) => {
            writeln!(std::io::stderr(), "benchwarden: {error}")?;
            Ok(Exit::Refused)
        }
        error => Err(error.into()),
    }
}

/// A new password, where the list asks for one.
fn password(planned: &Planned) -> anyhow::Result<Option<Secret>> {
    if planned.wish.password == Password::None {
        return Ok(None);
    }
    let password = input::new_password().context("no password can be made")?;
    let name = planned.wish.name.as_str();
    Ok(Some(Secret::new(format!("{name}:{password}\n"))))
}

/// Shows a password that was set, to whoever ran the verb and nobody else.
fn show(secret: Option<&Secret>, errors: &mut dyn Write) -> std::io::Result<()> {
    let Some((name, password)) = secret.and_then(|secret| secret.reveal().split_once(':')) else {
        return Ok(());
    };
    let password = password.trim_end();
    writeln!(errors, "password of {name}, shown this once: {password}")
}

impl List<'_> {
    /// What is wrong with the list itself and what speaks against it on this host, by line.
    fn everything_bad(&self, mut bad: Vec<Bad>) -> Vec<Bad> {
        for (entry, planned) in &self.people {
            let objections = planned.objections.iter();
            bad.extend(objections.map(|no| Bad::new(entry.line, no.field, &no.reason)));
        }
        bad.sort_by_key(|bad| bad.line);
        bad
    }

    /// Has the plans approved and does them.
    fn carry_out(
        &self,
        engine: &dyn Engine,
        how: How,
        out: &mut dyn Write,
        errors: &mut dyn Write,
    ) -> anyhow::Result<Exit> {
        if how.dry_run {
            if how.json {
                output::json(out, SCHEMA, &self.document("planned", &[]))?;
            } else {
                self.plans(out)?;
            }
            return Ok(Exit::Done);
        }
        if !how.yes {
            self.plans(errors)?;
            if !change::approved(errors)? {
                return Ok(Exit::Refused);
            }
        }
        let became = self.one_after_another(engine, how, out, errors)?;
        self.told(became, how, out, errors)
    }

    /// Makes the accounts, up to the first that fails.
    fn one_after_another(
        &self,
        engine: &dyn Engine,
        how: How,
        out: &mut dyn Write,
        errors: &mut dyn Write,
    ) -> anyhow::Result<Vec<Became>> {
        let mut became = Vec::new();
        // A wish to stop that comes between two plans is heard as well.
        let asked = Interrupt::listen();
        let people = self.people.iter().map(|(_, planned)| planned);
        let passwords: Vec<Option<Secret>> = people.map(password).collect::<Result<_, _>>()?;
        for ((_, planned), secret) in self.people.iter().zip(&passwords) {
            let approval = if how.yes {
                Approval::Any
            } else {
                Approval::Shown(planned.plan.fingerprint())
            };
            let intent = Intent::AddUser(Box::new(planned.wish.clone()));
            let mut progress = Progress::of_one_of_many(&mut *errors, &planned.plan);
            let applied = engine.apply(&intent, &approval, secret.as_ref(), &mut |moment| {
                progress.takes(moment)
            });
            drop(progress);
            let one = match applied {
                Ok(applied) => {
                    let done = applied.report.outcome == Outcome::Done;
                    let note = done.then(|| engine.welcome(&planned.wish, &applied.plan));
                    Became::Applied(Box::new(applied), note)
                }
                Err(error) => Became::Nothing(error),
            };
            let done = one.is_done();
            became.push(one);
            // A reader who has gone ends nothing either.
            let _ = self.say(became.len(), became.last(), how, out, errors);
            if !done {
                break;
            }
            let _ = show(secret.as_ref(), errors);
            if asked.came() {
                break;
            }
        }
        Ok(became)
    }
}

#[cfg(test)]
mod tests;
