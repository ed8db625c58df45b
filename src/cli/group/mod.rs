//! `group`: groups and who is in them. One file a verb.

pub mod change;
mod list;
mod show;

use std::io::Write;

use crate::base::exit::Exit;
use crate::engine::Engine;

use super::args::GroupVerb;
use super::change::carry_out;
use crate::engine::changes::Intent;

pub(super) fn run(
    verb: &GroupVerb,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match verb {
        GroupVerb::List(args) => list::run(args, engine, out),
        GroupVerb::Show(args) => show::run(args, engine, out),
        GroupVerb::Add(args) => {
            let intent = Intent::AddGroup(args.name.clone(), args.gid, args.members.clone());
            carry_out(engine, &intent, None, args.how, out)
        }
        GroupVerb::Remove(args) => {
            let intent = Intent::RemoveGroup(args.name.as_str().to_owned());
            carry_out(engine, &intent, None, args.how, out)
        }
        GroupVerb::Join(args) => {
            let (group, users) = args.named();
            carry_out(engine, &Intent::Join(group, users), None, args.how, out)
        }
        GroupVerb::Leave(args) => {
            let (group, users) = args.named();
            carry_out(engine, &Intent::Leave(group, users), None, args.how, out)
        }
    }
}
