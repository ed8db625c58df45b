//! Arguments of `limits`.

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::base::id::{GroupName, UserName};
use crate::base::limit::Span;
use crate::base::text::printable;
use crate::cli::change::How;
use crate::policy::parse::nearest;
use crate::policy::schema::{Key, Scope, Value};

/// What can be done about limits.
#[derive(Debug, Subcommand)]
pub enum LimitsVerb {
    /// Everybody's limits in a few columns, and where something is amiss.
    List(ListArgs),
    /// One person's limits: wished, systemd's and the kernel's, and which file decides.
    Show(ShowArgs),
    /// Give a person, a group or everybody other limits.
    Set(SetArgs),
    /// Take back what `limits set` gave.
    Clear(ClearArgs),
    /// Where the host is not as its policy says, and whose file it is; --mend mends it.
    Drift(DriftArgs),
}

/// Arguments of `limits list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// One JSON document (benchwarden.limits/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `limits show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Whose, by name or uid.
    #[arg(value_name = "USER")]
    pub user: UserName,

    /// One JSON document (benchwarden.limits/1).
    #[arg(long)]
    pub json: bool,
}

/// Whose limits are meant.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhoseArgs {
    /// A person's.
    #[arg(long, value_name = "USER")]
    pub user: Option<UserName>,

    /// Those of every member of a group.
    #[arg(long, value_name = "GROUP", value_parser = group)]
    pub group: Option<GroupName>,

    /// Those of every person who has no others.
    #[arg(long)]
    pub default: bool,
}

/// Arguments of `limits set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Whose.
    #[command(flatten)]
    pub whose: WhoseArgs,

    /// What: memory_max=40%, cpu_quota=400%, tasks_max=4096, ip_deny=any, ...; lists are parted
    /// by commas.
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = entry)]
    pub entries: Vec<(Key, Value)>,

    /// Only for so long: 30m, 2h, 7d.
    #[arg(long = "for", value_name = "TIME")]
    pub span: Option<Span>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `limits clear`.
#[derive(Debug, Args)]
pub struct ClearArgs {
    /// Whose.
    #[command(flatten)]
    pub whose: WhoseArgs,

    /// Which; all that were set without one.
    #[arg(value_name = "KEY", value_parser = key)]
    pub keys: Vec<Key>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `limits drift`.
#[derive(Debug, Args)]
pub struct DriftArgs {
    /// Set others' files aside and write those of the policy again.
    #[arg(long)]
    pub mend: bool,

    /// With --mend: show the plan and change nothing.
    #[arg(long, requires = "mend")]
    pub dry_run: bool,

    /// With --mend: do it without asking.
    #[arg(long, requires = "mend")]
    pub yes: bool,

    /// One JSON document (benchwarden.limits-drift/1, with --mend benchwarden.plan/1).
    #[arg(long)]
    pub json: bool,
}

impl WhoseArgs {
    /// The scope of the policy.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match (&self.user, &self.group) {
            (Some(user), _) => Scope::User(user.clone()),
            (_, Some(group)) => Scope::Group(group.clone()),
            (None, None) => Scope::Default,
        }
    }
}

impl SetArgs {
    /// When it is over.
    #[must_use]
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let later = now.checked_add(self.span?.duration()).ok()?;
        // The policy speaks of whole seconds.
        Timestamp::from_second(later.as_second()).ok()
    }
}

fn group(text: &str) -> Result<GroupName, String> {
    GroupName::parse(text).map_err(|error| error.to_string())
}

fn key(text: &str) -> Result<Key, String> {
    Key::find(text).ok_or_else(|| {
        let names: Vec<&str> = Key::ALL.iter().map(|key| key.name()).collect();
        let shown = printable(text.as_bytes(), 60);
        match nearest(text, &names) {
            Some(near) => format!("there is no limit {shown}; the nearest is {near}"),
            None => format!("there is no limit {shown}; there are {}", names.join(", ")),
        }
    })
}

pub(in crate::cli) fn entry(text: &str) -> Result<(Key, Value), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write KEY=VALUE, such as memory_max=40%")?;
    let key = key(name.trim())?;
    let value = key.typed(value).map_err(|error| error.to_string())?;
    Ok((key, value))
}
