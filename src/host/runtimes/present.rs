//! What is there of a choice: the table, the links, RStudio's file, the program itself.

use std::collections::BTreeMap;

use rustix::fs::FileType;

use crate::host::root::Root;
use crate::host::{durable, observe};
use crate::model::runtimes::table::{self, Table};
use crate::plan::fact::Subject;
use crate::plan::runtimes::rstudio::CONF;
use crate::plan::runtimes::steps::{Entry, FRONTS, Held, Present, places};

use super::ground::Ground;

/// Where benchwarden is installed.
const PROGRAM: &str = "/usr/bin/benchwarden";
/// This very program.
const OWN_PROGRAM: &str = "/proc/self/exe";
/// Longer than any table or setting.
const LONGEST: u64 = 4 << 20;

/// Everything of it.
#[must_use]
pub fn present(root: &Root) -> Present {
    let mut entries = BTreeMap::new();
    for (name, _) in FRONTS {
        let (place, beside) = places(name);
        for path in [place, beside] {
            if let Some(entry) = entry(root, &path) {
                entries.insert(path, entry);
            }
        }
    }
    let rstudio = held(root, CONF);
    Present {
        program: program(root),
        entries,
        table: held(root, table::PATH),
        // Where there is RStudio and no file, there is nothing to say it in; one is not made up.
        rstudio: rstudio.filter(|_| super::has_rstudio(root)),
    }
}

/// The table that is in force.
#[must_use]
pub fn in_force(root: &Root) -> Option<Table> {
    Table::parse(&held(root, table::PATH)?.text)
}

/// Where a path leads in the end; nothing where it leads nowhere.
#[must_use]
pub fn real(root: &Root, path: &str) -> Option<String> {
    let real = Ground::host(root)?.real(path)?;
    Some(real.path)
}

/// The installed program, if it is this one, root's, and for everybody.
fn program(root: &Root) -> Option<String> {
    let found = Ground::host(root)?.real(PROGRAM)?;
    if !(found.is_program() && found.roots && found.open) {
        return None;
    }
    // Another one might not know that it is to decide, and take R's arguments for its own.
    if root.is_live() {
        let file = |path: &str| {
            let stat = rustix::fs::stat(path).ok()?;
            Some((stat.st_dev, stat.st_ino))
        };
        (file(PROGRAM)? == file(OWN_PROGRAM)?).then_some(())?;
    }
    Some(PROGRAM.to_owned())
}

fn entry(root: &Root, path: &str) -> Option<Entry> {
    let fact = observe::fact(root, &Subject::Link(path.to_owned()));
    let target = root.link(path);
    let stat = durable::stat(root, path)?;
    Some(Entry {
        fact: fact.ok().flatten()?,
        target: target.and_then(|target| target.into_string().ok()),
        is_dir: FileType::from_raw_mode(stat.st_mode).is_dir(),
    })
}

fn held(root: &Root, path: &str) -> Option<Held> {
    let fact = observe::fact(root, &Subject::File(path.to_owned()));
    let stat = durable::stat(root, path)?;
    let ground = Ground::host(root)?;
    let is_file = FileType::from_raw_mode(stat.st_mode).is_file();
    Some(Held {
        fact: fact.ok().flatten()?,
        text: ground.text(path, LONGEST)?,
        mode: stat.st_mode & 0o7777,
        is_roots: is_file && ground.real(path).is_some_and(|real| real.roots),
    })
}
