//! `policy check`: what is wrong with the files, and what speaks against them on this host.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use serde::Serialize;

use crate::base::exit::Exit;
use crate::base::hostile::Hostile;
use crate::base::text::{counted, printable};
use crate::cli::args::PolicyCheckArgs;
use crate::cli::output::{json, wrapped};
use crate::engine::Engine;
use crate::engine::policies::Policies;
use crate::host::{clock, input};
use crate::policy::findings::{self, Clashes};
use crate::policy::parse::{self, Problem, Source};
use crate::policy::resolve::Who;
use crate::policy::schema::Policy;

use super::NO_POLICY;

const SCHEMA: &str = "benchwarden.policy-check/1";

/// The shape of `benchwarden.policy-check/1`.
#[derive(Serialize)]
struct Document<'a> {
    /// Whether the files can be used.
    valid: bool,
    files: Vec<Arc<str>>,
    ignored: &'a [String],
    /// What makes them unusable.
    problems: &'a [Problem],
    /// What an admin should know of files that can be used.
    findings: &'a [Problem],
}

pub(super) fn run(
    args: &PolicyCheckArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let mut policies = engine.policy();
    if let Some(file) = &args.file {
        let name = printable(file.as_bytes(), 300);
        let bytes = input::bytes(file).with_context(|| format!("cannot read {name}"))?;
        let name = name.into();
        policies.sources = vec![Source { name, bytes }];
        policies.policy = parse::policy(&policies.sources);
        policies.ignored.clear();
    }
    let (problems, mut found) = match &policies.policy {
        Ok(policy) => (&[][..], look(policy, &policies, engine, clock::now())),
        Err(problems) => (problems.as_slice(), Vec::new()),
    };
    parse::quote(&mut found, &policies.sources);
    if args.json {
        let document = Document {
            valid: policies.policy.is_ok(),
            files: policies.sources.iter().map(|s| s.name.clone()).collect(),
            ignored: &policies.ignored,
            problems,
            findings: &found,
        };
        json(out, SCHEMA, &document)?;
    } else {
        text(out, &policies, problems, &found)?;
    }
    let clean = problems.is_empty() && found.is_empty();
    Ok(if clean { Exit::Done } else { Exit::Findings })
}

/// What speaks against a well written policy here.
fn look(policy: &Policy, policies: &Policies, engine: &dyn Engine, now: Timestamp) -> Vec<Problem> {
    let named = policy.named();
    let names = |groups: bool| -> BTreeSet<String> {
        let own = named.iter().filter(|named| named.is_group == groups);
        own.map(|named| named.name.clone()).collect()
    };
    let absent = engine.absent(&names(false), &names(true));
    let mut found = findings::of_names(policy, &absent);
    found.extend(findings::of_host(policy, &policies.host));
    found.extend(findings::of_time(policy, now));
    let mut clashes = Clashes::default();
    let people = engine.people();
    for person in people.users.iter().filter(|user| user.person) {
        let Some(name) = &person.name else {
            continue;
        };
        let groups = person.groups.iter().chain(&person.primary_group);
        let groups: Vec<&str> = groups.map(Hostile::raw).collect();
        let who = Who {
            name: name.raw(),
            groups: &groups,
        };
        clashes.look(&name.to_string(), &policy.resolve(who, now, &policies.host));
    }
    found.extend(clashes.found());
    let order = |problem: &Problem| {
        let file = policies.sources.iter().position(|s| s.name == problem.file);
        (file, problem.line, problem.column)
    };
    found.sort_by_key(order);
    found
}

fn text(
    out: &mut dyn Write,
    policies: &Policies,
    problems: &[Problem],
    found: &[Problem],
) -> anyhow::Result<()> {
    for problem in problems.iter().chain(found) {
        writeln!(out, "{problem}")?;
        if !problem.excerpt.is_empty() {
            writeln!(out, "{:>6} | {}", problem.line, problem.excerpt)?;
        }
    }
    for name in &policies.ignored {
        let why = "passed over; only names that end in .toml and do not begin with a dot are read";
        wrapped(out, &format!("{name}: "), why)?;
    }
    let files: Vec<&str> = policies
        .sources
        .iter()
        .map(|source| &*source.name)
        .collect();
    let count = |list: &[Problem]| counted(list.len() as u64, "thing is wrong", "things are wrong");
    if !problems.is_empty() {
        let what = format!(
            "{}; nothing of the policy counts until that is mended",
            count(problems)
        );
        wrapped(out, "", &what)
    } else if !found.is_empty() {
        let what = counted(found.len() as u64, "finding", "findings");
        wrapped(
            out,
            "",
            &format!("the policy can be used; {what} on this host"),
        )
    } else if files.is_empty() {
        wrapped(out, "", NO_POLICY)
    } else {
        wrapped(
            out,
            "",
            &format!("nothing is wrong with {}", files.join(", ")),
        )
    }
}
