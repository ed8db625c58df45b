//! The steps that make a choice so: the table, the links in front of every other R and Python, and
//! RStudio's setting. Each takes the place of what was there in one moment, and is taken back
//! exactly; a link that was there before waits beside ours.

use std::collections::BTreeMap;

use crate::base::digest::sha256_hex;
use crate::model::runtimes::Language;
use crate::model::runtimes::table::{self, Because, Caller, Table};
use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::limits::dropin;
use crate::plan::step::{Action, Step, Undo};

use super::rstudio;

/// Where the links are: before every directory of the distribution in everybody's `PATH`.
pub const DIR: &str = "/usr/local/bin";
/// What the links are called.
pub const FRONTS: [(&str, Language); 3] = [
    ("R", Language::R),
    ("Rscript", Language::R),
    ("python3", Language::Python),
];

/// What is there of all this.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// The program that the links point to, or why there is none to point to.
    pub program: Option<String>,
    /// What is in their places, and beside them.
    pub entries: BTreeMap<String, Entry>,
    /// The table.
    pub table: Option<Held>,
    /// RStudio's file, where RStudio is.
    pub rstudio: Option<Held>,
}

/// Something in the place of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What [`Subject::Link`] tells of it.
    pub fact: String,
    /// What it says, where it is a link.
    pub target: Option<String>,
    /// Whether it is a directory, which no link takes the place of.
    pub is_dir: bool,
}

/// A file with what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What [`Subject::File`] tells of it.
    pub fact: String,
    /// What is in it.
    pub text: String,
    /// Its permission bits.
    pub mode: u32,
    /// Whether it is a regular file of root's.
    pub is_roots: bool,
}

/// A link as a fact.
#[must_use]
pub fn link_fact(target: &str) -> String {
    format!("link to {target}")
}

/// The place of a link, and where waits what was there before.
#[must_use]
pub fn places(name: &str) -> (String, String) {
    (
        format!("{DIR}/{name}"),
        format!("{DIR}/.{name}.before-benchwarden"),
    )
}

impl Present {
    /// Whether an entry is a link of ours: to the program, wherever it was when it was made.
    #[must_use]
    pub fn is_ours(entry: &Entry) -> bool {
        let target = entry.target.as_deref();
        target.is_some_and(|target| target.starts_with('/') && target.ends_with("/benchwarden"))
    }

    /// Whether anything of ours is there.
    #[must_use]
    pub fn is_something(&self) -> bool {
        self.table.is_some() || self.entries.values().any(Self::is_ours)
    }
}

/// Adds the steps to this table, or to none at all.
pub fn add(plan: &mut Plan, table: Option<&Table>, present: &Present) {
    let wants = |language: Language| {
        let choices = table.into_iter().flat_map(|table| &table.choices);
        choices
            .into_iter()
            .any(|choice| choice.language == language)
    };
    let any = table.is_some();
    if any && present.program.is_none() {
        plan.refused.push(
            "the links to R and Python need this very benchwarden at /usr/bin/benchwarden, root's \
             and for everybody to execute: install it there first"
                .to_owned(),
        );
        return;
    }
    // The table comes before whoever reads it, and goes after them.
    if let Some(table) = table {
        write_table(plan, table, present);
    }
    for (name, language) in FRONTS {
        if wants(language) {
            put(plan, name, present);
        } else {
            take_away(plan, name, present);
        }
    }
    tell_rstudio(plan, table, present);
    if table.is_none() {
        remove_table(plan, present);
    }
}

fn write_table(plan: &mut Plan, table: &Table, present: &Present) {
    let text = table.to_text();
    if present
        .table
        .as_ref()
        .is_some_and(|now| now.text == text && now.is_roots)
    {
        return;
    }
    let write = |content: String| Action::WriteDropIn {
        path: table::PATH.to_owned(),
        content,
    };
    let now = present.table.as_ref();
    plan.push(Step {
        what: "write down who gets which R and Python".to_owned(),
        changes: vec![Change::new(
            Subject::File(table::PATH.to_owned()),
            Expect::from_read(now.map(|now| now.fact.as_str())),
            Expect::Is(dropin::fact(&text)),
        )],
        action: write(text),
        undo: Undo::Exact {
            what: format!("bring {} back as it was", table::PATH),
            action: now.map_or_else(
                || Action::RemoveDropIn {
                    path: table::PATH.to_owned(),
                },
                |now| write(now.text.clone()),
            ),
        },
    });
}

fn remove_table(plan: &mut Plan, present: &Present) {
    let Some(now) = &present.table else {
        return;
    };
    plan.push(Step {
        what: "remove the table of who gets which R and Python".to_owned(),
        action: Action::RemoveDropIn {
            path: table::PATH.to_owned(),
        },
        changes: vec![Change::new(
            Subject::File(table::PATH.to_owned()),
            Expect::Is(now.fact.clone()),
            Expect::Absent,
        )],
        undo: Undo::Exact {
            what: "write it again".to_owned(),
            action: Action::WriteDropIn {
                path: table::PATH.to_owned(),
                content: now.text.clone(),
            },
        },
    });
}

/// A link of ours in the place of whatever is there, which then waits beside it.
fn put(plan: &mut Plan, name: &str, present: &Present) {
    let (place, beside) = places(name);
    let Some(program) = &present.program else {
        return;
    };
    let now = present.entries.get(&place);
    let kept = present.entries.get(&beside);
    match now {
        Some(now) if now.is_dir => {
            plan.refused.push(format!("{place} is a directory"));
        }
        Some(now) if now.target.as_ref() == Some(program) => {}
        // Nothing to keep: there was none, or one of ours that points elsewhere.
        None => place_link(plan, (&place, program), now),
        Some(now) if Present::is_ours(now) => place_link(plan, (&place, program), Some(now)),
        Some(now) => {
            match kept {
                // Somebody has put another in our place since: theirs is what is there before.
                Some(kept) if kept.target.is_some() => remove_link(plan, &beside, kept),
                Some(_) => {
                    plan.refused.push(format!(
                        "{beside} is left from an earlier change and {place} is not ours: move \
                         one of them away"
                    ));
                    return;
                }
                None => {}
            }
            place_link(plan, (&beside, program), None);
            exchange(plan, (&place, &beside), (&now.fact, &link_fact(program)));
        }
    }
}

/// What was there before comes back; nothing where there was nothing.
fn take_away(plan: &mut Plan, name: &str, present: &Present) {
    let (place, beside) = places(name);
    let Some(now) = present
        .entries
        .get(&place)
        .filter(|now| Present::is_ours(now))
    else {
        return;
    };
    match present.entries.get(&beside) {
        Some(kept) => {
            exchange(plan, (&place, &beside), (&now.fact, &kept.fact));
            remove_link(plan, &beside, now);
        }
        None => remove_link(plan, &place, now),
    }
}

fn place_link(plan: &mut Plan, (path, target): (&str, &str), now: Option<&Entry>) {
    let link = |target: &str| Action::PlaceLink {
        path: path.to_owned(),
        target: target.to_owned(),
    };
    let before = now.and_then(|now| now.target.as_deref());
    plan.push(Step {
        what: format!("let {path} decide at each start"),
        action: link(target),
        changes: vec![Change::new(
            Subject::Link(path.to_owned()),
            Expect::from_read(now.map(|now| now.fact.as_str())),
            Expect::Is(link_fact(target)),
        )],
        undo: Undo::Exact {
            what: format!("bring {path} back as it was"),
            action: before.map_or_else(
                || Action::RemoveFile {
                    path: path.to_owned(),
                },
                link,
            ),
        },
    });
}

fn remove_link(plan: &mut Plan, path: &str, now: &Entry) {
    let target = now.target.clone().unwrap_or_default();
    plan.push(Step {
        what: format!("remove {path}"),
        action: Action::RemoveFile {
            path: path.to_owned(),
        },
        changes: vec![Change::new(
            Subject::Link(path.to_owned()),
            Expect::Is(now.fact.clone()),
            Expect::Absent,
        )],
        undo: Undo::Exact {
            what: format!("link {path} again"),
            action: Action::PlaceLink {
                path: path.to_owned(),
                target,
            },
        },
    });
}

fn exchange(plan: &mut Plan, (place, beside): (&str, &str), (now, other): (&str, &str)) {
    let action = || Action::Exchange {
        path: place.to_owned(),
        with: beside.to_owned(),
    };
    plan.push(Step {
        what: format!("put it in the place of {place}, which stays beside it"),
        action: action(),
        changes: vec![
            Change::turns(Subject::Link(place.to_owned()), now, other),
            Change::turns(Subject::Link(beside.to_owned()), other, now),
        ],
        undo: Undo::Exact {
            what: "exchange them again".to_owned(),
            action: action(),
        },
    });
}

/// RStudio's one setting: what everybody gets.
fn tell_rstudio(plan: &mut Plan, table: Option<&Table>, present: &Present) {
    let Some(now) = &present.rstudio else {
        return;
    };
    // Somebody of whom nothing more is known than that they are a person.
    let anybody = |table: &'_ Table| {
        let caller = Caller {
            uid: table.first_person,
            gids: &[],
            wish: None,
        };
        let only_everybody = Table {
            choices: table
                .choices
                .iter()
                .filter(|choice| choice.whom == table::Whom::Everybody)
                .cloned()
                .collect(),
            ..table.clone()
        };
        let given = only_everybody.given(Language::R, caller)?;
        let chosen = given.because == Because::Chosen(table::Whom::Everybody);
        chosen.then(|| given.program.path.clone())
    };
    let wished = table.and_then(anybody);
    let text = match &wished {
        Some(path) => rstudio::with(&now.text, path),
        None => rstudio::without(&now.text),
    };
    if text == now.text {
        return;
    }
    if !now.is_roots {
        plan.warn(format!(
            "{} is no plain file of root's: RStudio Server keeps the R it has",
            rstudio::CONF
        ));
        return;
    }
    let write = |content: &str| Action::WriteFile {
        path: rstudio::CONF.to_owned(),
        content: content.to_owned(),
        mode: now.mode,
    };
    plan.push(Step {
        what: match wished {
            Some(path) => format!("tell RStudio Server to start {path}"),
            None => "give RStudio Server its own setting back".to_owned(),
        },
        action: write(&text),
        changes: vec![Change::new(
            Subject::File(rstudio::CONF.to_owned()),
            Expect::Is(now.fact.clone()),
            Expect::Is(format!(
                "0:0 {:04o} {}",
                now.mode,
                sha256_hex(text.as_bytes())
            )),
        )],
        undo: Undo::Exact {
            what: "write what it was told before".to_owned(),
            action: write(&now.text),
        },
    });
    plan.warn(
        "RStudio Server reads its setting when it starts: `systemctl restart rstudio-server` when \
         it suits; sessions that run keep their R",
    );
}

#[cfg(test)]
mod tests;
