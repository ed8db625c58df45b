//! `sudo show`: what one person may do, each with the line that says so.

use std::io::Write;

use anyhow::anyhow;

use crate::base::exit::Exit;
use crate::base::id::UserName;
use crate::cli::output::{json, wrapped};
use crate::engine::Engine;
use crate::model::sudo::view::PersonRights;
use crate::model::sudo::ways::Kind;

use super::args::ShowArgs;
use super::list::Document;
use super::{SCHEMA, caveats};

pub(super) fn run(
    args: &ShowArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let sudo = engine.sudo();
    let name = &args.user;
    let one = find(&sudo.rights, name).ok_or_else(|| {
        anyhow!(
            "nobody is called {name} on this host; `benchwarden user list --all` shows who is \
             known"
        )
    })?;
    if args.json {
        let document = Document {
            sudo: &sudo.known.tool,
            files: &sudo.known.files,
            users: vec![one],
            partial: &sudo.known.partial,
        };
        json(out, SCHEMA, &document)?;
        return Ok(Exit::Done);
    }
    text(out, one)?;
    caveats(out, &sudo.known)?;
    Ok(Exit::Done)
}

fn find<'a>(all: &'a [PersonRights], name: &UserName) -> Option<&'a PersonRights> {
    let by_name = all.iter().find(|one| one.user.raw() == name.as_str());
    by_name.or_else(|| {
        let uid: u32 = name.as_str().parse().ok()?;
        all.iter().find(|one| one.uid == uid)
    })
}

fn text(out: &mut dyn Write, one: &PersonRights) -> anyhow::Result<()> {
    let root = if one.root {
        "can become root"
    } else {
        "cannot become root by any way that is known here"
    };
    wrapped(out, "", &format!("{} (uid {}): {root}", one.user, one.uid))?;
    for way in one.ways.iter().filter(|way| way.kind != Kind::Sudo) {
        wrapped(out, "  root: ", &way.how)?;
    }
    if one.rights.is_empty() {
        writeln!(out, "  no rule of sudo's is about them")?;
    }
    for right in &one.rights {
        wrapped(out, "  ", &right.words)?;
        if let Some(why) = &right.root {
            wrapped(out, "      root: ", why)?;
        }
        if let Some(note) = &right.note {
            wrapped(out, "      note: ", note)?;
        }
        let place = right.place.as_ref();
        let place = place.map_or_else(|| "line not known".to_owned(), ToString::to_string);
        wrapped(out, "      ", &format!("{place}, {}", right.through))?;
    }
    Ok(())
}
