//! `freeze`, `thaw`, `kill` and `throttle`: what helps at once.

use std::io::Write;

use clap::Args;
use jiff::Timestamp;

use crate::base::exit::Exit;
use crate::base::id::UserName;
use crate::base::limit::Span;
use crate::base::signal::SignalName;
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::engine::limits::LimitsIntent;
use crate::engine::triage::Triage;
use crate::host::clock;
use crate::plan::triage::Act;
use crate::policy::schema::{Key, Scope, Value};

use super::change::{How, carry_out};
use super::limits::args::entry;
use super::usage::uid_of;

/// Arguments of `freeze` and `thaw`.
#[derive(Debug, Args)]
pub struct WhomArgs {
    /// Whom, by name or uid.
    pub user: UserName,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `kill`.
#[derive(Debug, Args)]
pub struct KillArgs {
    /// Whose, by name or uid.
    pub user: UserName,

    /// Only this process and everything below it.
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,

    /// Only send this signal: HUP, INT, TERM, STOP, ...
    #[arg(long, value_name = "SIGNAL")]
    pub signal: Option<SignalName>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `message`.
#[derive(Debug, Args)]
pub struct MessageArgs {
    /// To whom, by name or uid.
    pub user: UserName,

    /// What to write on every terminal they work at.
    #[arg(required = true, value_name = "WORDS")]
    pub words: Vec<String>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `throttle`.
#[derive(Debug, Args)]
pub struct ThrottleArgs {
    /// Whom.
    pub user: UserName,

    /// To what: cpu_quota=100%, memory_high=4G, io_weight=10, tasks_max=200, ...
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = entry)]
    pub entries: Vec<(Key, Value)>,

    /// For how long: 30m, 2h, 7d; then it is gone by itself.
    #[arg(long = "for", value_name = "TIME", required = true)]
    pub span: Span,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

fn act(
    user: &UserName,
    act: Act,
    how: How,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let intent = Intent::Triage(Triage {
        uid: uid_of(user, engine)?,
        name: user.as_str().to_owned(),
        act,
    });
    carry_out(engine, &intent, None, how, out)
}

pub(super) fn freeze(
    args: &WhomArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    act(&args.user, Act::Freeze, args.how, engine, out)
}

pub(super) fn thaw(
    args: &WhomArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    act(&args.user, Act::Thaw, args.how, engine, out)
}

pub(super) fn kill(
    args: &KillArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let what = match (args.signal, args.pid) {
        (Some(signal), pid) => Act::Signal(pid, signal),
        (None, Some(pid)) => Act::KillJobs(vec![pid]),
        (None, None) => Act::Kill,
    };
    act(&args.user, what, args.how, engine, out)
}

pub(super) fn message(
    args: &MessageArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let words = args.words.join(" ");
    act(&args.user, Act::Tell(words), args.how, engine, out)
}

pub(super) fn throttle(
    args: &ThrottleArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let later = clock::now().checked_add(args.span.duration())?;
    // The policy speaks of whole seconds.
    let until = Timestamp::from_second(later.as_second())?;
    let scope = Scope::User(args.user.clone());
    let intent = Intent::Limits(LimitsIntent::Set(scope, args.entries.clone(), Some(until)));
    carry_out(engine, &intent, None, args.how, out)
}
