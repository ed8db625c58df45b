//! `limits`: what everybody may use. One file a verb.

pub mod args;
mod drift;
mod list;
mod show;

use std::io::Write;

use crate::base::exit::Exit;
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::engine::limits::LimitsIntent;
use crate::host::clock;

use super::change::carry_out;
use args::LimitsVerb;

const SCHEMA: &str = "benchwarden.limits/1";

pub(super) fn run(
    verb: &LimitsVerb,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let change = |intent: LimitsIntent, how, out: &mut dyn Write| {
        carry_out(engine, &Intent::Limits(intent), None, how, out)
    };
    match verb {
        LimitsVerb::List(args) => list::run(args, engine, out),
        LimitsVerb::Show(args) => show::run(args, engine, out),
        LimitsVerb::Set(args) => {
            let until = args.until(clock::now());
            let intent = LimitsIntent::Set(args.whose.scope(), args.entries.clone(), until);
            change(intent, args.how, out)
        }
        LimitsVerb::Clear(args) => {
            let intent = LimitsIntent::Clear(args.whose.scope(), args.keys.clone());
            change(intent, args.how, out)
        }
        LimitsVerb::Drift(args) => drift::run(args, engine, out),
    }
}
