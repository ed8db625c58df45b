//! `user`: accounts of people. One file a verb.

mod list;
mod show;

use std::io::Write;

use crate::base::exit::Exit;
use crate::engine::Engine;

use super::args::UserVerb;

pub(super) fn run(
    verb: &UserVerb,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match verb {
        UserVerb::List(args) => list::run(args, engine, out),
        UserVerb::Show(args) => show::run(args, engine, out),
    }
}
