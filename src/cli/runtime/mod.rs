//! `runtime`: R and Python, what is here and what somebody gets. One file a verb.

pub mod args;
mod list;
mod which;

use std::io::Write;

use crate::base::exit::Exit;
use crate::engine::Engine;

use args::RuntimeVerb;

pub(super) fn run(
    verb: &RuntimeVerb,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match verb {
        RuntimeVerb::List(args) => list::run(args, engine, out),
        RuntimeVerb::Which(args) => which::run(args, engine, out),
    }
}
