//! `policy explain`: what the policy means for one person, value by value, and which line says so.

use std::io::Write;

use anyhow::anyhow;
use jiff::Timestamp;
use serde::Serialize;

use crate::base::exit::Exit;
use crate::base::hostile::Hostile;
use crate::base::id::Uid;
use crate::base::limit::{Amount, Limit};
use crate::base::units::{Bytes, Cores};
use crate::cli::args::PolicyExplainArgs;
use crate::cli::output::{in_doubt, json, notes, wrapped};
use crate::engine::Engine;
use crate::engine::policies::Policies;
use crate::host::clock;
use crate::model::people::Person;
use crate::policy::resolve::{Because, Held, HostSize, Resolved, Said, Who};
use crate::policy::schema::{Place, Scope, Value};

use super::{NO_POLICY, usable};

const SCHEMA: &str = "benchwarden.policy-explain/1";

/// The shape of `benchwarden.policy-explain/1`.
#[derive(Serialize)]
struct Document<'a> {
    user: String,
    uid: Uid,
    person: bool,
    groups: Vec<String>,
    admin: Option<Reason>,
    role: Option<Role>,
    limits: Vec<Line>,
    over: Vec<Line>,
    runtimes: Vec<Line>,
    sudo: Vec<Grant>,
    host: Host,
    partial: &'a [String],
}

#[derive(Serialize)]
struct Host {
    memory_bytes: Bytes,
    tasks: u64,
    cpus: u32,
}

#[derive(Serialize)]
struct Reason {
    group: Option<String>,
    file: Option<String>,
    line: Option<usize>,
}

#[derive(Serialize)]
struct Role {
    role: &'static str,
    #[serde(flatten)]
    because: Reason,
}

/// A value and who says it.
#[derive(Serialize)]
struct Line {
    key: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    here: Option<Here>,
    table: String,
    file: String,
    line: usize,
    until: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overrode: Vec<Line>,
}

/// What a value is on this host; `number` is `null` where there is no bound.
#[derive(Serialize)]
struct Here {
    unit: &'static str,
    number: Option<f64>,
}

#[derive(Serialize)]
struct Grant {
    grant: String,
    over: bool,
    until: Option<String>,
    #[serde(flatten)]
    because: Reason,
}

pub(super) fn run(
    args: &PolicyExplainArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let policies = engine.policy();
    let policy = usable(&policies)?;
    let name = &args.user;
    let details = engine.person(name).map_err(|lost| {
        let silence = in_doubt(&lost);
        anyhow!(
            "no account is called {name} on this host; `benchwarden user list --all` shows who is \
             known{silence}"
        )
    })?;
    let person = &details.user;
    let groups: Vec<&Hostile> = person.groups.iter().chain(&person.primary_group).collect();
    let raw: Vec<&str> = groups.iter().map(|group| group.raw()).collect();
    let who = Who {
        name: person.name.as_ref().map_or("", Hostile::raw),
        groups: &raw,
    };
    let mut resolved = policy.resolve(who, clock::now(), &policies.host);
    if !person.person {
        // Root and services are the system, for which people leave room.
        resolved.limits.clear();
        resolved.over.clear();
    }
    if args.json {
        let document = document(person, &groups, &resolved, &policies.host, &details.partial);
        json(out, SCHEMA, &document)?;
    } else {
        text(out, person, &groups, &resolved, &policies)?;
        notes(out, &details.partial)?;
    }
    Ok(Exit::Done)
}

fn document<'a>(
    person: &Person,
    groups: &[&Hostile],
    resolved: &Resolved,
    host: &HostSize,
    partial: &'a [String],
) -> Document<'a> {
    let limits = resolved.limits.iter().map(|setting| {
        let key = setting.key.name();
        Line {
            here: here(&setting.here),
            overrode: setting
                .overrode
                .iter()
                .map(|said| line(key, said, "limits"))
                .collect(),
            ..line(key, &setting.said, "limits")
        }
    });
    let runtimes = resolved.runtimes.iter().map(|choice| {
        let key = choice.runtime.name();
        Line {
            overrode: choice
                .overrode
                .iter()
                .map(|said| line(key, said, "runtimes"))
                .collect(),
            ..line(key, &choice.said, "runtimes")
        }
    });
    Document {
        user: person.shown(),
        uid: person.uid,
        person: person.person,
        groups: groups.iter().map(ToString::to_string).collect(),
        admin: resolved.admin.as_ref().map(reason),
        role: resolved.role.as_ref().map(|(role, because)| Role {
            role: role.name(),
            because: reason(because),
        }),
        limits: limits.collect(),
        over: resolved
            .over
            .iter()
            .map(|(key, said)| line(key.name(), said, "limits"))
            .collect(),
        runtimes: runtimes.collect(),
        sudo: resolved.grants.iter().map(grant).collect(),
        host: Host {
            memory_bytes: host.memory,
            tasks: host.tasks,
            cpus: host.cpus,
        },
        partial,
    }
}

fn line<T: ToString>(key: &'static str, said: &Said<T>, kind: &str) -> Line {
    Line {
        key,
        value: said.value.to_string(),
        here: None,
        table: table(kind, said),
        file: said.at.file.to_string(),
        line: said.at.line,
        until: said.until.map(moment),
        overrode: Vec::new(),
    }
}

fn table<T>(kind: &str, said: &Said<T>) -> String {
    match (&said.scope, kind) {
        (Scope::Default, "runtimes") => kind.to_owned(),
        (scope, _) => format!("{kind}.{scope}"),
    }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn reason(because: &Because) -> Reason {
    Reason {
        group: because
            .group
            .as_deref()
            .map(|name| Hostile::from(name).to_string()),
        file: because.at.as_ref().map(|at| at.file.to_string()),
        line: because.at.as_ref().map(|at| at.line),
    }
}

fn grant(held: &Held) -> Grant {
    Grant {
        grant: held.grant.name.clone(),
        over: held.over,
        until: held.grant.until.as_ref().map(|until| moment(until.value)),
        because: reason(&held.because),
    }
}

#[expect(clippy::cast_precision_loss, reason = "JSON has no other numbers")]
fn here(value: &Value) -> Option<Here> {
    let (unit, number) = match value {
        Value::Quota(quota) => ("cores", quota.at().map(|quota| quota.cores())),
        Value::Memory(Limit::At(Amount::Fixed(size))) => ("bytes", Some(size.0.0 as f64)),
        Value::Memory(_) => ("bytes", None),
        Value::Tasks(Limit::At(Amount::Fixed(count))) => ("tasks", Some(count.0 as f64)),
        Value::Tasks(_) => ("tasks", None),
        Value::Bytes(size) => ("bytes", size.at().map(|size| size.0.0 as f64)),
        Value::Count(count) => ("files", count.at().map(|count| count.0 as f64)),
        Value::Weight(_) | Value::Rates(_) | Value::Addresses(_) => return None,
    };
    Some(Here { unit, number })
}

/// What a value is on this host, for people.
fn in_words(value: &Value, host: &HostSize) -> Option<String> {
    Some(match value {
        Value::Quota(Limit::At(quota)) => {
            format!("{} of {} cores", Cores(quota.cores()).short(), host.cpus)
        }
        Value::Memory(Limit::At(Amount::Fixed(size))) => format!("{} of {}", size.0, host.memory),
        Value::Tasks(Limit::At(Amount::Fixed(count))) => {
            format!("{count} of {} tasks", host.tasks)
        }
        Value::Quota(_) | Value::Memory(_) | Value::Tasks(_) => "not bounded".to_owned(),
        _ => return None,
    })
}

/// How wide names of keys are.
const KEYS: usize = 22;

fn text(
    out: &mut dyn Write,
    person: &Person,
    groups: &[&Hostile],
    resolved: &Resolved,
    policies: &Policies,
) -> anyhow::Result<()> {
    let names: Vec<String> = groups.iter().map(ToString::to_string).collect();
    let label = format!("{} (uid {}): ", person.shown(), person.uid);
    let named = match names.as_slice() {
        [] => "in no group that is known".to_owned(),
        names => format!("in {}", names.join(", ")),
    };
    wrapped(out, &label, &named)?;
    if let Some(because) = &resolved.admin {
        let what = format!(
            "protected: never frozen or killed, no penalties; {}",
            why(because)
        );
        wrapped(out, &head("admin"), &what)?;
    }
    if let Some((role, because)) = &resolved.role {
        wrapped(
            out,
            &head("role"),
            &format!("{}; {}", role.name(), why(because)),
        )?;
    }
    if !person.person {
        let what = "none; limits are for people, and this account is the system's";
        wrapped(out, &head("limits"), what)?;
    } else if policies.sources.is_empty() {
        wrapped(out, &head("limits"), NO_POLICY)?;
    } else if resolved.limits.is_empty() {
        wrapped(out, &head("limits"), "none; no table is about this account")?;
    }
    for setting in &resolved.limits {
        let mut what = setting.said.value.to_string();
        if let Some(here) = in_words(&setting.here, &policies.host) {
            what += &format!(" ({here})");
        }
        wrapped(out, &head(setting.key.name()), &what)?;
        said(out, "", "limits", &setting.said)?;
        for other in &setting.overrode {
            said(
                out,
                &format!("instead of {} ", other.value),
                "limits",
                other,
            )?;
        }
    }
    for (key, other) in &resolved.over {
        wrapped(
            out,
            &head(key.name()),
            &format!("no longer {}", other.value),
        )?;
        said(out, "", "limits", other)?;
    }
    for choice in &resolved.runtimes {
        wrapped(
            out,
            &head(choice.runtime.name()),
            choice.said.value.as_str(),
        )?;
        said(out, "", "runtimes", &choice.said)?;
        for other in &choice.overrode {
            said(
                out,
                &format!("instead of {} ", other.value),
                "runtimes",
                other,
            )?;
        }
    }
    for held in &resolved.grants {
        let commands = held.grant.commands.iter().flat_map(|list| &list.value);
        let commands = commands.map(|command| Hostile::from(command.value.as_str()).to_string());
        let commands: Vec<String> = commands.collect();
        let mut what = format!("{}: {}", held.grant.name, commands.join(", "));
        if let Some(until) = &held.grant.until {
            let word = if held.over { "over since" } else { "until" };
            what += &format!("; {word} {}", moment(until.value));
        }
        wrapped(
            out,
            &head("sudo"),
            &format!("{what}; {}", why(&held.because)),
        )?;
    }
    Ok(())
}

fn head(key: &str) -> String {
    format!("  {key:<KEYS$} ")
}

fn said<T>(out: &mut dyn Write, before: &str, kind: &str, said: &Said<T>) -> anyhow::Result<()> {
    let mut what = format!("{before}[{}] {}", table(kind, said), short(&said.at));
    if let Some(until) = said.until {
        what += &format!(", until {}", moment(until));
    }
    wrapped(out, &head(""), &what)
}

fn why(because: &Because) -> String {
    let named = match &because.group {
        Some(group) => format!("group {}", Hostile::from(group.as_str())),
        None => "named".to_owned(),
    };
    match &because.at {
        Some(at) => format!("{named} in {}", short(at)),
        None => format!("{named}, by default"),
    }
}

/// A place without the directory that all files lie in.
fn short(at: &Place) -> String {
    let place = at.to_string();
    let inside = place.strip_prefix("/etc/benchwarden/");
    inside.map_or(place.clone(), ToOwned::to_owned)
}
