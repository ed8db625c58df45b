//! Arguments of `runtime`.

use clap::{Args, Subcommand};

use crate::base::id::{GroupName, UserName};
use crate::cli::change::How;
use crate::model::runtimes::Language;
use crate::policy::schema::{RuntimeVersion, Scope};

/// What can be done about R and Python.
#[derive(Debug, Subcommand)]
pub enum RuntimeVerb {
    /// Every R and Python here: where it is from, whether it runs, who uses it, what is broken.
    List(ListArgs),
    /// Which R and Python somebody gets by each way in, and why.
    Which(WhichArgs),
    /// Choose a version for everybody who has no other.
    Default(DefaultArgs),
    /// Choose a version for a person or a group.
    Pin(PinArgs),
    /// Take back what `runtime pin` chose.
    Unpin(UnpinArgs),
    /// Take back every choice: the host as it was before the first.
    Reset(ResetArgs),
}

/// For whom a version is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhoseArgs {
    /// A person.
    #[arg(long, value_name = "USER")]
    pub user: Option<UserName>,

    /// Every member of a group.
    #[arg(long, value_name = "GROUP", value_parser = group)]
    pub group: Option<GroupName>,
}

/// Arguments of `runtime default`.
#[derive(Debug, Args)]
pub struct DefaultArgs {
    /// r or python.
    #[arg(value_name = "LANGUAGE", value_parser = language)]
    pub language: Language,

    /// A version that is here, or the beginning of one: 3.13 means the newest 3.13.
    #[arg(value_name = "VERSION", value_parser = version)]
    pub version: RuntimeVersion,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `runtime pin`.
#[derive(Debug, Args)]
pub struct PinArgs {
    /// r or python.
    #[arg(value_name = "LANGUAGE", value_parser = language)]
    pub language: Language,

    /// A version that is here, or the beginning of one: 3.13 means the newest 3.13.
    #[arg(value_name = "VERSION", value_parser = version)]
    pub version: RuntimeVersion,

    /// For whom.
    #[command(flatten)]
    pub whose: WhoseArgs,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `runtime unpin`.
#[derive(Debug, Args)]
pub struct UnpinArgs {
    /// r or python.
    #[arg(value_name = "LANGUAGE", value_parser = language)]
    pub language: Language,

    /// Only if it is this one that is pinned.
    #[arg(value_name = "VERSION", value_parser = version)]
    pub version: Option<RuntimeVersion>,

    /// For whom.
    #[command(flatten)]
    pub whose: WhoseArgs,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `runtime reset`.
#[derive(Debug, Args)]
pub struct ResetArgs {
    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

impl WhoseArgs {
    /// The scope of the policy.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match (&self.user, &self.group) {
            (Some(user), _) => Scope::User(user.clone()),
            (None, Some(group)) => Scope::Group(group.clone()),
            // The group of arguments asks for one of them.
            (None, None) => Scope::Default,
        }
    }
}

fn group(text: &str) -> Result<GroupName, String> {
    GroupName::parse(text).map_err(|error| error.to_string())
}

fn language(text: &str) -> Result<Language, String> {
    let mut all = Language::ALL.into_iter();
    let found = all.find(|language| language.name() == text.to_ascii_lowercase());
    found.ok_or_else(|| "write r or python".to_owned())
}

fn version(text: &str) -> Result<RuntimeVersion, String> {
    RuntimeVersion::parse(text).map_err(|error| error.to_string())
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
