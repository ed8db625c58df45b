//! `runtime`: R and Python, what is here and what somebody gets. One file a verb.

pub mod args;
mod list;
mod which;

use std::io::Write;

use crate::base::exit::Exit;
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::engine::runtimes::RuntimesIntent;
use crate::policy::schema::Scope;

use super::change::carry_out;
use args::RuntimeVerb;

pub(super) fn run(
    verb: &RuntimeVerb,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let change = |intent: RuntimesIntent, how, out: &mut dyn Write| {
        carry_out(engine, &Intent::Runtimes(intent), None, how, out)
    };
    match verb {
        RuntimeVerb::List(args) => list::run(args, engine, out),
        RuntimeVerb::Which(args) => which::run(args, engine, out),
        RuntimeVerb::Default(args) => {
            let version = args.version.clone();
            let intent = RuntimesIntent::Choose(Scope::Default, args.language, version);
            change(intent, args.how, out)
        }
        RuntimeVerb::Pin(args) => {
            let (scope, version) = (args.whose.scope(), args.version.clone());
            let intent = RuntimesIntent::Choose(scope, args.language, version);
            change(intent, args.how, out)
        }
        RuntimeVerb::Unpin(args) => {
            let (scope, version) = (args.whose.scope(), args.version.clone());
            let intent = RuntimesIntent::Unchoose(scope, args.language, version);
            change(intent, args.how, out)
        }
        RuntimeVerb::Reset(args) => change(RuntimesIntent::Reset, args.how, out),
    }
}
