//! The verbs: arguments, text and JSON. One file a verb.
//!
//! JSON goes to standard output alone, messages to standard error.

pub mod args;
pub mod audit;
pub mod change;
mod doctor;
pub mod group;
pub mod limits;
mod output;
mod policy;
mod progress;
mod ps;
pub mod runtime;
pub mod sudo;
pub mod triage;
pub mod undo;
mod usage;
pub mod user;

use std::io::Write;

use crate::base::exit::Exit;
use crate::engine::Engine;

use args::Verb;

/// Runs a verb, writing its answer to `out`.
///
/// # Errors
/// When the answer cannot be had or written.
pub fn run(verb: &Verb, engine: &dyn Engine, out: &mut dyn Write) -> anyhow::Result<Exit> {
    match verb {
        Verb::Usage(args) => usage::run(args, engine, out),
        Verb::Ps(args) => ps::run(args, engine, out),
        Verb::Freeze(args) => triage::freeze(args, engine, out),
        Verb::Thaw(args) => triage::thaw(args, engine, out),
        Verb::Kill(args) => triage::kill(args, engine, out),
        Verb::Throttle(args) => triage::throttle(args, engine, out),
        Verb::Message(args) => triage::message(args, engine, out),
        Verb::User(verb) => user::run(verb, engine, out),
        Verb::Group(verb) => group::run(verb, engine, out),
        Verb::Sudo(verb) => sudo::run(verb, engine, out),
        Verb::Limits(verb) => limits::run(verb, engine, out),
        Verb::Runtime(verb) => runtime::run(verb, engine, out),
        Verb::Policy(verb) => policy::run(verb, engine, out),
        Verb::Audit(verb) => audit::run(verb, engine, out),
        Verb::Undo(args) => undo::undo(args, engine, out),
        Verb::Finish(args) => undo::finish(args, engine, out),
        Verb::Doctor(args) => doctor::run(args, engine, out),
    }
}

/// Whether an error only says that the reader of our output has gone, as `| head` does.
#[must_use]
pub fn reader_gone(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}
