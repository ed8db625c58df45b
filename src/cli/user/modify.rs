//! `user modify`.

use std::io::Write;

use clap::Args;

use crate::base::account::{Email, FullName};
use crate::base::exit::Exit;
use crate::base::id::UserName;
use crate::cli::change::{self, How};
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::plan::people::add::date;
use crate::plan::people::modify::ModifyUser;

use super::add::{PasswordArgs, ask_password};

/// Arguments of `user modify`: what is not named stays as it is.
#[derive(Debug, Args)]
pub struct ModifyArgs {
    /// The account.
    pub name: UserName,

    /// The person's name.
    #[arg(long, value_name = "NAME", value_parser = FullName::parse)]
    pub full_name: Option<FullName>,

    /// Where the person can be reached.
    #[arg(long, value_name = "ADDRESS", value_parser = Email::parse)]
    pub email: Option<Email>,

    /// All groups beside their own, parted by commas; '' for none. `group join` and `group leave`
    /// change one alone.
    #[arg(long, value_name = "GROUP,...")]
    pub groups: Option<String>,

    /// The login shell.
    #[arg(long, value_name = "PATH")]
    pub shell: Option<String>,

    /// The last day is the one before this date; `never` for none.
    #[arg(long, value_name = "DATE", value_parser = date_or_never)]
    pub expires: Option<String>,

    /// Where a password comes from.
    #[command(flatten)]
    pub password: PasswordArgs,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// The names of a list; none of an empty one.
fn words(list: &str) -> Vec<String> {
    list.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn date_or_never(text: &str) -> Result<String, String> {
    if text == "never" {
        return Ok(text.to_owned());
    }
    date(text).map_err(|why| format!("{why}, or never"))
}

pub(in crate::cli) fn run(
    args: &ModifyArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let name = args.name.as_str();
    let (password, secret) = ask_password(args.password, name)?;
    let wish = ModifyUser {
        name: name.to_owned(),
        full_name: args.full_name.clone(),
        email: args.email.clone(),
        groups: args.groups.as_deref().map(words),
        shell: args.shell.clone(),
        expires: args.expires.clone(),
        password,
    };
    let intent = Intent::ModifyUser(Box::new(wish));
    let exit = change::carry_out(engine, &intent, secret.as_ref(), args.how, out)?;
    if args.password.generate_password && exit == Exit::Done && !args.how.dry_run {
        super::add::show_once(secret.as_ref())?;
    }
    Ok(exit)
}
