//! `group`: groups and who is in them. One file a verb.

mod list;
mod show;

use std::io::Write;

use crate::base::exit::Exit;
use crate::engine::Engine;

use super::args::GroupVerb;

pub(super) fn run(
    verb: &GroupVerb,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match verb {
        GroupVerb::List(args) => list::run(args, engine, out),
        GroupVerb::Show(args) => show::run(args, engine, out),
    }
}
