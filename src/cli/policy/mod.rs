//! `policy`: what is wished for people, as the files say it. One file a verb.

mod check;
mod explain;
mod plan;

use std::io::Write;

use anyhow::anyhow;

use crate::base::exit::Exit;
use crate::base::text::counted;
use crate::engine::Engine;
use crate::engine::policies::Policies;
use crate::host::clock;
use crate::policy::export::export;
use crate::policy::parse::Problem;
use crate::policy::schema::Policy;

use super::args::PolicyVerb;
use super::change::carry_out;

pub(super) fn run(
    verb: &PolicyVerb,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match verb {
        PolicyVerb::Check(args) => check::run(args, engine, out),
        PolicyVerb::Explain(args) => explain::run(args, engine, out),
        PolicyVerb::Plan(args) => plan::run(args, engine, out),
        PolicyVerb::Apply(args) => {
            let intent = plan::intent(args.file.as_deref())?;
            carry_out(engine, &intent, None, args.how, out)
        }
        PolicyVerb::Export => {
            let policies = engine.policy();
            let text = export(usable(&policies)?, clock::now());
            if policies.sources.is_empty() {
                writeln!(out, "# {NO_POLICY}")?;
            }
            write!(out, "{text}")?;
            Ok(Exit::Done)
        }
    }
}

/// What to say of a host without any file.
const NO_POLICY: &str = "there is no file in /etc/benchwarden that says anything, so nothing is \
                         limited";

/// The policy, or why there is none.
fn usable(policies: &Policies) -> anyhow::Result<&Policy> {
    unless_wrong(&policies.policy)
}

/// What was understood, or what is wrong with it.
fn unless_wrong(policy: &Result<Policy, Vec<Problem>>) -> anyhow::Result<&Policy> {
    policy.as_ref().map_err(|problems| {
        let first = problems.first().map(ToString::to_string);
        let count = counted(problems.len() as u64, "thing is wrong", "things are wrong");
        anyhow!(
            "the policy cannot be used: {count} with its files, the first is\n{}\n\
             `benchwarden policy check` tells all of them",
            first.unwrap_or_default()
        )
    })
}
