//! The command line. Help, and later the man page and completions, come from these tables.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::base::id::UserName;
use crate::engine::Pace;

use super::audit::AuditVerb;
use super::change::How;
use super::group::change;
use super::limits::args::LimitsVerb;
use super::runtime::args::RuntimeVerb;
use super::sudo::args::SudoVerb;
use super::triage::{KillArgs, MessageArgs, ThrottleArgs, WhomArgs};
use super::undo::PlanArgs;
use super::user::{access, add, key, modify};

/// See who uses what on a shared workbench host, person by person.
///
/// Without a verb: the console.
#[derive(Debug, Parser)]
#[command(name = "benchwarden", version, max_term_width = 100)]
pub struct Cli {
    /// Look at a tree of files as if it were a host; read only.
    #[arg(long, value_name = "DIR", global = true)]
    pub root: Option<PathBuf>,

    /// What to do instead of opening the console.
    #[command(subcommand)]
    pub verb: Option<Command>,
}

/// What the program can be besides the console.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A verb that answers and ends.
    #[command(flatten)]
    Verb(Verb),
    /// The daemon that keeps what one person starts from taking the host down (for systemd).
    Guard,
}

/// Everything the program does and ends.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Who uses what: CPU, memory and processes of each person.
    Usage(UsageArgs),
    /// The processes of one person, by the way they came in.
    Ps(PsArgs),
    /// Stop everything of one person where it is; nothing is lost.
    Freeze(WhomArgs),
    /// Let everything of one person go on.
    Thaw(WhomArgs),
    /// End everything of one person, or one process of theirs with all below it.
    Kill(KillArgs),
    /// Give one person other limits for a while.
    Throttle(ThrottleArgs),
    /// Write a line on every terminal of one person.
    Message(MessageArgs),
    /// Accounts of people.
    #[command(subcommand)]
    User(UserVerb),
    /// Groups and who is in them.
    #[command(subcommand)]
    Group(GroupVerb),
    /// Who may do what with sudo, and who can become root.
    #[command(subcommand)]
    Sudo(SudoVerb),
    /// What everybody may use: wished, in systemd and in the kernel.
    #[command(subcommand)]
    Limits(LimitsVerb),
    /// R and Python: every version that is here, and which one somebody gets.
    #[command(subcommand)]
    Runtime(RuntimeVerb),
    /// What is wished for people: limits, sudo, versions, roles.
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// What was done to this host, by whom, and whether the log still says so.
    #[command(subcommand)]
    Audit(AuditVerb),
    /// Take a plan back.
    Undo(PlanArgs),
    /// Do the rest of a plan that was interrupted.
    Finish(PlanArgs),
    /// What this host offers and lacks, why it matters and what to do.
    Doctor(DoctorArgs),
}

/// Arguments of `usage`.
#[derive(Debug, Args)]
pub struct UsageArgs {
    /// Only these people, by name or uid.
    #[arg(value_name = "USER")]
    pub users: Vec<UserName>,

    /// Measure over this time, for example 500ms, 1s, 5m.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    pub interval: Duration,

    /// How many measurements, one after the other.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub count: u32,

    /// What to sort by, largest first.
    #[arg(long, value_enum, default_value_t = SortKey::Cpu)]
    pub sort: SortKey,

    /// Root and service accounts too.
    #[arg(long)]
    pub all: bool,

    /// One JSON document a measurement (benchwarden.usage/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `ps`.
#[derive(Debug, Args)]
pub struct PsArgs {
    /// Whose, by name or uid.
    #[arg(value_name = "USER")]
    pub user: UserName,

    /// Measure over this time, for example 500ms, 1s, 5m.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    pub interval: Duration,

    /// One JSON document (benchwarden.ps/1).
    #[arg(long)]
    pub json: bool,
}

/// What can be done about people.
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Everyone who has an account here, or left a trace.
    List(UserListArgs),
    /// One person: account, groups, sessions, jobs.
    Show(UserShowArgs),
    /// Make an account that leaves nothing to do by hand.
    Add(Box<add::AddArgs>),
    /// Change full name, address, shell, last day or password.
    Modify(Box<modify::ModifyArgs>),
    /// End access by every way in, so that it can be given back.
    Suspend(access::AccessArgs),
    /// Give back exactly what a suspension took.
    Resume(access::AccessArgs),
    /// End an account for good.
    Remove(access::RemoveArgs),
    /// Public keys that open an account.
    #[command(subcommand)]
    Key(key::KeyVerb),
}

/// What can be done about groups.
#[derive(Debug, Subcommand)]
pub enum GroupVerb {
    /// The groups that people are in.
    List(GroupListArgs),
    /// One group: who is in it, and what that means.
    Show(GroupShowArgs),
    /// Make a group.
    Add(change::AddArgs),
    /// Remove a group.
    Remove(change::RemoveArgs),
    /// Make people members.
    Join(change::MembersArgs),
    /// Take people out.
    Leave(change::MembersArgs),
}

/// What can be asked of the policy files.
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// What is wrong with the policy files, line by line.
    Check(PolicyCheckArgs),
    /// What the policy means for one person, and which line says so.
    Explain(PolicyExplainArgs),
    /// What would be done to make this host as its policy says.
    Plan(PolicyPlanArgs),
    /// Make this host as its policy says.
    Apply(PolicyApplyArgs),
    /// All policy files as one, each value with the line that says it.
    Export,
}

/// Arguments of `policy check`.
#[derive(Debug, Args)]
pub struct PolicyCheckArgs {
    /// Look at this file alone instead of those in /etc/benchwarden.
    #[arg(long, value_name = "FILE")]
    pub file: Option<String>,

    /// One JSON document (benchwarden.policy-check/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `policy plan`.
#[derive(Debug, Args)]
pub struct PolicyPlanArgs {
    /// As if this file were policy.toml.
    #[arg(long, value_name = "FILE")]
    pub file: Option<String>,

    /// One JSON document (benchwarden.plan/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `policy apply`.
#[derive(Debug, Args)]
pub struct PolicyApplyArgs {
    /// Make this file policy.toml first.
    #[arg(long, value_name = "FILE")]
    pub file: Option<String>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `policy explain`.
#[derive(Debug, Args)]
pub struct PolicyExplainArgs {
    /// For whom, by name or uid.
    #[arg(value_name = "USER")]
    pub user: UserName,

    /// One JSON document (benchwarden.policy-explain/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `user list`.
#[derive(Debug, Args)]
pub struct UserListArgs {
    /// Root and service accounts too.
    #[arg(long)]
    pub all: bool,

    /// One JSON document (benchwarden.users/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `user show`.
#[derive(Debug, Args)]
pub struct UserShowArgs {
    /// Whom, by name or uid.
    #[arg(value_name = "USER")]
    pub user: UserName,

    /// One JSON document (benchwarden.user/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `group list`.
#[derive(Debug, Args)]
pub struct GroupListArgs {
    /// Groups of the system and of one person alone, too.
    #[arg(long)]
    pub all: bool,

    /// One JSON document (benchwarden.groups/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `group show`.
#[derive(Debug, Args)]
pub struct GroupShowArgs {
    /// Which, by name or gid.
    #[arg(value_name = "GROUP")]
    pub group: UserName,

    /// One JSON document (benchwarden.group/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// One JSON document (benchwarden.doctor/1).
    #[arg(long)]
    pub json: bool,
}

/// What people can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SortKey {
    /// CPU in cores.
    Cpu,
    /// Memory.
    Memory,
    /// Processes.
    Processes,
    /// Name, from a to z.
    User,
}

/// A time such as `1s`, `500ms`, `2m`; a bare number is seconds.
fn interval(text: &str) -> Result<Duration, String> {
    let with_unit = if text.ends_with(|c: char| c.is_ascii_digit()) {
        format!("{text}s")
    } else {
        text.to_owned()
    };
    let parsed: Option<jiff::SignedDuration> = with_unit.parse().ok();
    let duration = parsed
        .and_then(|d| Duration::try_from(d).ok())
        .ok_or("write a time such as 500ms, 1s or 5m")?;
    if duration < Pace::SHORTEST || duration > Pace::LONGEST {
        return Err("it has to be between 100ms and 1h".to_owned());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_tables_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn intervals_have_units_and_bounds() {
        for (text, millis) in [
            ("1s", 1000),
            ("500ms", 500),
            ("2m", 120_000),
            ("2", 2000),
            ("0.5s", 500),
            ("1h", 3_600_000),
        ] {
            assert_eq!(interval(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "s",
            "-1s",
            "10ms",
            "2h",
            "1 fortnight",
            "99999999999999999999s",
        ] {
            assert!(interval(text).is_err(), "{text}");
        }
    }
}
