//! Arguments of `sudo`.

use clap::{Args, Subcommand};

use crate::base::id::UserName;

/// What can be asked of sudo rights.
#[derive(Debug, Subcommand)]
pub enum SudoVerb {
    /// Everybody who may do something as another, and who can become root.
    List(ListArgs),
    /// What one person may do and where that is written, and how they can become root.
    Show(ShowArgs),
    /// Who may run a command; without one: who can become root, and by which way.
    Who(WhoArgs),
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

/// Arguments of `sudo check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// One JSON document (benchwarden.sudo-check/1).
    #[arg(long)]
    pub json: bool,
}
