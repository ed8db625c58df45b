//! `user show`: one person in all that is known about them.

use std::io::Write;

use anyhow::anyhow;
use serde::Serialize;

use crate::base::exit::Exit;
use crate::base::hostile::Hostile;
use crate::base::text::counted;
use crate::engine::Engine;
use crate::model::people::details::{Held, HeldGroup, HeldKey, Jobs, PersonDetails, Running};
use crate::model::people::local::IdRange;
use crate::model::people::{Person, Source, meaning};
use crate::model::sample::Session;

use crate::cli::args::UserShowArgs;
use crate::cli::output::{in_doubt, json, notes, wrapped};
use crate::cli::ps::SessionLine;

const SCHEMA: &str = "benchwarden.user/1";

/// The shape of `benchwarden.user/1`.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    person: &'a Person,
    sessions: Vec<SessionLine<'a>>,
    processes: &'a Running,
    jobs: &'a Jobs,
    mail_bytes: Option<crate::base::units::Bytes>,
    keys: &'a Option<Vec<HeldKey>>,
    held_groups: &'a [HeldGroup],
    partial: &'a [String],
}

pub(super) fn run(
    args: &UserShowArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let name = &args.user;
    let details = engine.person(name).map_err(|lost| {
        let silence = in_doubt(&lost);
        anyhow!(
            "no account is called {name} on this host, and nothing here belongs to such a uid; \
             `benchwarden user list --all` shows who is known{silence}"
        )
    })?;
    if args.json {
        json(out, SCHEMA, &document(&details))?;
    } else {
        text(out, &details)?;
    }
    Ok(Exit::Done)
}

fn document(details: &PersonDetails) -> Document<'_> {
    Document {
        person: &details.user,
        sessions: details.sessions.iter().map(SessionLine::of).collect(),
        processes: &details.processes,
        jobs: &details.jobs,
        mail_bytes: details.mail_bytes,
        keys: &details.keys,
        held_groups: &details.held_groups,
        partial: &details.partial,
    }
}

fn text(out: &mut dyn Write, details: &PersonDetails) -> anyhow::Result<()> {
    let user = &details.user;
    let source = match user.source {
        Source::Local => "an account of this host",
        Source::Directory => "an account of the directory: it can be seen here, not changed",
        Source::Unknown => "no account has this uid",
    };
    writeln!(out, "{} (uid {}): {source}", user.shown(), user.uid)?;
    let mut line = |label: &str, text: &str| wrapped(out, &format!("  {label:<11} "), text);
    for (label, text) in account(user) {
        line(label, &text)?;
    }
    for session in &details.sessions {
        line("session", &session_in_words(session))?;
    }
    line("processes", &running(&details.processes))?;
    line("jobs", &jobs(&details.jobs))?;
    if let Some(bytes) = details.mail_bytes {
        line("mail", &bytes.to_string())?;
    }
    for group in &details.held_groups {
        line("attention", &held(group))?;
    }
    notes(out, &details.partial)
}

/// What the account itself says, label by label.
fn account(user: &Person) -> Vec<(&'static str, String)> {
    let unknown = || "unknown".to_owned();
    let told = |text: &Option<Hostile>| text.as_ref().map(Hostile::to_string);
    let states: Vec<&str> = user.state.iter().map(|state| state.as_str()).collect();
    let primary = told(&user.primary_group)
        .or_else(|| user.gid.map(|gid| gid.to_string()))
        .map(|name| format!("{name} (primary)"));
    let others = user
        .groups
        .iter()
        .map(|group| match meaning::of(group.raw()) {
            Some(meaning) if meaning.root => format!("{group} (root)"),
            _ => group.to_string(),
        });
    let groups: Vec<String> = primary.into_iter().chain(others).collect();
    let password = user.password.map(|state| match user.password_changed {
        Some(day) => format!("{}, changed {day}", state.as_str()),
        None => state.as_str().to_owned(),
    });
    let expires = match (user.expires, user.password) {
        (Some(day), _) => day.to_string(),
        (None, Some(_)) => "never".to_owned(),
        (None, None) => unknown(),
    };
    let home = told(&user.home).map(|home| match user.home_bytes {
        Some(bytes) => format!("{home}, {bytes} on its file system"),
        None => home,
    });
    let login = user
        .last_login
        .map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    let lines = [
        ("name", told(&user.full_name)),
        ("email", told(&user.email)),
        (
            "state",
            Some(states.join(", ")).filter(|text| !text.is_empty()),
        ),
        (
            "groups",
            Some(groups.join(", ")).filter(|text| !text.is_empty()),
        ),
        ("home", home),
        ("shell", told(&user.shell)),
        ("password", Some(password.unwrap_or_else(unknown))),
        ("expires", Some(expires)),
        ("last login", Some(login.unwrap_or_else(unknown))),
        (
            "lingers",
            user.linger
                .then(|| "services run without a session".to_owned()),
        ),
        ("subuids", ranges(&user.subuids)),
        ("subgids", ranges(&user.subgids)),
    ];
    let filled = lines.into_iter();
    filled
        .filter_map(|(label, text)| Some((label, text?)))
        .collect()
}

fn ranges(ranges: &[IdRange]) -> Option<String> {
    let told: Vec<String> = ranges
        .iter()
        .map(|range| format!("{}-{}", range.first, range.last()))
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn session_in_words(session: &Session) -> String {
    let since = session
        .since
        .and_then(|at| jiff::Timestamp::from_second(at).ok());
    match since {
        Some(at) => format!(
            "{}, since {}",
            session.in_words(),
            at.strftime("%Y-%m-%d %H:%M UTC")
        ),
        None => session.in_words(),
    }
}

fn running(running: &Running) -> String {
    let mut told = counted(running.count.into(), "process", "processes");
    for cgroup in &running.cgroups {
        told += &format!("; {} in {}", cgroup.processes, cgroup.path);
    }
    told
}

fn jobs(jobs: &Jobs) -> String {
    let count = |number: Option<u32>, what: &str| match number {
        None => Some(format!("{what}: unknown")),
        Some(0) => None,
        Some(number) => Some(format!("{what}: {number}")),
    };
    let mut told: Vec<String> = count(jobs.crontab, "crontab entries")
        .into_iter()
        .chain(count(jobs.at, "at jobs"))
        .collect();
    told.extend(
        jobs.system
            .iter()
            .map(|cron| format!("{} line {}", cron.file, cron.line)),
    );
    if told.is_empty() {
        return "none".to_owned();
    }
    told.join("; ")
}

fn held(group: &HeldGroup) -> String {
    let name = group.group.as_ref().map_or_else(
        || format!("group {}", group.gid),
        |name| format!("group {name}"),
    );
    let processes = counted(group.processes.into(), "process", "processes");
    match group.held {
        Held::Still => format!("{name}: still held by {processes}, though no member any more"),
        Held::NotYet => format!("{name}: not yet held by {processes}; a new login has it"),
    }
}
