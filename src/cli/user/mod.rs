//! `user`: accounts of people. One file a verb.

pub mod access;
pub mod add;
#[cfg(test)]
mod fake;
pub mod key;
mod list;
mod many;
pub mod modify;
mod show;
mod welcome;

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
        UserVerb::Add(args) => add::run(args, engine, out),
        UserVerb::Modify(args) => modify::run(args, engine, out),
        UserVerb::Suspend(args) => access::suspend(args, engine, out),
        UserVerb::Resume(args) => access::resume(args, engine, out),
        UserVerb::Remove(args) => access::remove(args, engine, out),
        UserVerb::Key(verb) => key::run(verb, engine, out),
    }
}
