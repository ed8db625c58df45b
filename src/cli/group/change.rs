//! Arguments of `group add, remove, join, leave`.

use clap::Args;

use crate::base::account::NewName;
use crate::base::id::UserName;
use crate::cli::change::How;

/// Arguments of `group add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The name of the group.
    #[arg(value_parser = NewName::group)]
    pub name: NewName,

    /// A gid by hand.
    #[arg(long)]
    pub gid: Option<u32>,

    /// Its first members, parted by commas.
    #[arg(long, value_name = "USER,...", value_delimiter = ',')]
    pub members: Vec<String>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `group remove`.
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// Which.
    pub name: UserName,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `group join` and `group leave`.
#[derive(Debug, Args)]
pub struct MembersArgs {
    /// Which group.
    pub group: UserName,

    /// Who.
    #[arg(required = true, value_name = "USER")]
    pub users: Vec<UserName>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

impl MembersArgs {
    /// The group and the people, as an intent takes them.
    #[must_use]
    pub fn named(&self) -> (String, Vec<String>) {
        let users = self.users.iter().map(|user| user.as_str().to_owned());
        (self.group.as_str().to_owned(), users.collect())
    }
}
