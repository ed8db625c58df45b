//! `sudo who`: who may run a command, and who can become root.

use std::io::Write;

use serde::Serialize;

use crate::base::exit::Exit;
use crate::base::text::printable;
use crate::cli::output::{json, wrapped};
use crate::engine::Engine;
use crate::model::sudo::view::{PersonRights, Runner};
use crate::model::sudo::ways::Way;

use super::args::WhoArgs;
use super::caveats;

const SCHEMA: &str = "benchwarden.sudo-who/1";

/// The shape of `benchwarden.sudo-who/1`.
#[derive(Serialize)]
struct Document<'a> {
    /// What was asked; `null` where it was who becomes root.
    command: Option<String>,
    /// Who may run it.
    may: Vec<Runner>,
    /// Who can become root.
    root: Vec<Becomes<'a>>,
    partial: &'a [String],
}

/// Somebody who can become root.
#[derive(Serialize)]
struct Becomes<'a> {
    user: String,
    uid: u32,
    person: bool,
    ways: &'a [Way],
}

pub(super) fn run(
    args: &WhoArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let program = args.command.first().map_or("", String::as_str);
    let asks_root = args.command.is_empty();
    if !asks_root && !program.starts_with('/') && program != "sudoedit" {
        writeln!(
            std::io::stderr(),
            "benchwarden: write the whole path of the program, such as /usr/bin/systemctl; sudo \
             compares paths"
        )?;
        return Ok(Exit::Usage);
    }
    let sudo = engine.sudo();
    let rest = args.command.get(1..).unwrap_or_default().join(" ");
    let may = if asks_root {
        Vec::new()
    } else {
        sudo.runners(program, &rest)
    };
    let roots = sudo.rights.iter().filter(|one| asks_root && one.root);
    let roots: Vec<&PersonRights> = roots.collect();
    if args.json {
        let document = Document {
            command: (!asks_root).then(|| printable(args.command.join(" ").as_bytes(), 2000)),
            may,
            root: roots.iter().map(|one| becomes(one)).collect(),
            partial: &sudo.known.partial,
        };
        json(out, SCHEMA, &document)?;
        return Ok(Exit::Done);
    }
    if asks_root {
        for one in roots {
            writeln!(out, "{}", one.user)?;
            for way in &one.ways {
                let place = way.place.as_ref().filter(|place| !way.how.contains(*place));
                let place = place.map_or_else(String::new, |place| format!(" ({place})"));
                wrapped(out, "  ", &format!("{}{place}", way.how))?;
            }
        }
    } else if may.is_empty() {
        writeln!(out, "nobody may run that with sudo")?;
    } else {
        for runner in &may {
            let password = if runner.password {
                "asked for a password"
            } else {
                "without a password"
            };
            let place = runner.place.as_ref();
            let place = place.map_or_else(String::new, |place| format!(" ({place})"));
            let text = format!("as {}, {password}{place}", runner.target);
            wrapped(out, &format!("{} ", runner.user), &text)?;
        }
    }
    caveats(out, &sudo.known)?;
    Ok(Exit::Done)
}

fn becomes(one: &PersonRights) -> Becomes<'_> {
    Becomes {
        user: one.user.to_string(),
        uid: one.uid,
        person: one.person,
        ways: &one.ways,
    }
}
