//! Arguments of `runtime`.

use clap::{Args, Subcommand};

use crate::base::id::UserName;

/// What can be done about R and Python.
#[derive(Debug, Subcommand)]
pub enum RuntimeVerb {
    /// Every R and Python here: where it is from, whether it runs, who uses it, what is broken.
    List(ListArgs),
    /// Which R and Python somebody gets by each way in, and why.
    Which(WhichArgs),
}

/// Arguments of `runtime list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// One JSON document (benchwarden.runtimes/1).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `runtime which`.
#[derive(Debug, Args)]
pub struct WhichArgs {
    /// Who, by name or uid.
    #[arg(value_name = "USER")]
    pub user: UserName,

    /// One JSON document (benchwarden.runtime-which/1).
    #[arg(long)]
    pub json: bool,
}
