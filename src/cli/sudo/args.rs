//! Arguments of `sudo`.

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::base::id::{GroupName, UserName};
use crate::base::limit::Span;
use crate::cli::change::How;
use crate::plan::sudo::file::Wish;

/// What can be asked of sudo rights.
#[derive(Debug, Subcommand)]
pub enum SudoVerb {
    /// Everybody who may do something as another, and who can become root.
    List(ListArgs),
    /// What one person may do and where that is written, and how they can become root.
    Show(ShowArgs),
    /// Who may run a command; without one: who can become root, and by which way.
    Who(WhoArgs),
    /// Let people run commands as another, for a while or for ever.
    Grant(Box<GrantArgs>),
    /// Take a grant back.
    Revoke(RevokeArgs),
    /// What is wrong with the rules: broken, dangerous, in vain, about nobody.
    Check(CheckArgs),
}

/// Arguments of `sudo list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Root and service accounts too.
    #[arg(long)]
    pub all: bool,

    /// One JSON document (benchwarden.sudo/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `sudo show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Whose, by name or uid.
    #[arg(value_name = "USER")]
    pub user: UserName,

    /// One JSON document (benchwarden.sudo/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `sudo who`.
#[derive(Debug, Args)]
pub struct WhoArgs {
    /// One JSON document (benchwarden.sudo-who/1).
    #[arg(long)]
    pub json: bool,

    /// The program by its whole path, or sudoedit, and its arguments; without it: who can become
    /// root.
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub command: Vec<String>,
}

/// Arguments of `sudo grant`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("whom").required(true).multiple(true))]
#[command(group = clap::ArgGroup::new("end").required(true))]
pub struct GrantArgs {
    /// What it is to be called: letters, digits, '-' and '_'.
    #[arg(value_name = "NAME")]
    pub name: String,

    /// To a person; may be given several times.
    #[arg(long = "user", value_name = "USER", group = "whom")]
    pub users: Vec<UserName>,

    /// To the members of a group; may be given several times.
    #[arg(long = "group", value_name = "GROUP", value_parser = group, group = "whom")]
    pub groups: Vec<GroupName>,

    /// What may be run: the whole path and the exact arguments in one word, such as
    /// '/usr/bin/systemctl restart shiny-server', or ALL for root itself.
    #[arg(long = "command", value_name = "CMD", required = true, num_args = 1..)]
    pub commands: Vec<String>,

    /// As whom, instead of root.
    #[arg(long = "as", value_name = "USER")]
    pub run_as: Option<UserName>,

    /// When it ends: a date, or a moment such as 2026-12-01T18:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = moment, group = "end")]
    pub until: Option<Timestamp>,

    /// How long it lasts: 30m, 2h, 7d.
    #[arg(long = "for", value_name = "TIME", group = "end")]
    pub span: Option<Span>,

    /// That it never ends by itself.
    #[arg(long, group = "end")]
    pub forever: bool,

    /// That no password is asked for.
    #[arg(long)]
    pub nopasswd: bool,

    /// That '*', '?' and '[' in a command are patterns, and meant.
    #[arg(long)]
    pub wildcards: bool,

    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `sudo revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Which.
    #[arg(value_name = "NAME")]
    pub name: String,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `sudo check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Make the files of grants as the policy says: what is over goes.
    #[arg(long)]
    pub mend: bool,

    /// With --mend: show the plan and change nothing.
    #[arg(long, requires = "mend")]
    pub dry_run: bool,

    /// With --mend: do it without asking.
    #[arg(long, requires = "mend")]
    pub yes: bool,

    /// One JSON document (benchwarden.sudo-check/1, with --mend benchwarden.plan/1).
    #[arg(long)]
    pub json: bool,
}

impl GrantArgs {
    /// The grant that is meant.
    #[must_use]
    pub fn wish(&self, now: Timestamp) -> Wish {
        let later = |span: &Span| now.checked_add(span.duration()).ok();
        let until = self.until.or_else(|| self.span.as_ref().and_then(later));
        Wish {
            name: self.name.clone(),
            users: self
                .users
                .iter()
                .map(|name| name.as_str().to_owned())
                .collect(),
            groups: self
                .groups
                .iter()
                .map(|name| name.as_str().to_owned())
                .collect(),
            commands: self.commands.clone(),
            run_as: self.run_as.as_ref().map(|name| name.as_str().to_owned()),
            nopasswd: self.nopasswd,
            until: until.and_then(|until| Timestamp::from_second(until.as_second()).ok()),
            reason: self.reason.clone().filter(|text| !text.trim().is_empty()),
        }
    }
}

fn group(text: &str) -> Result<GroupName, String> {
    GroupName::parse(text).map_err(|error| error.to_string())
}

/// A moment, or the beginning of a day in UTC.
fn moment(text: &str) -> Result<Timestamp, String> {
    let day = || format!("{text}T00:00:00Z").parse().ok();
    let at = text.parse().ok().or_else(day);
    at.ok_or_else(|| "write a date such as 2026-12-01, or 2026-12-01T18:00:00Z".to_owned())
}
