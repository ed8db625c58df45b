//! `user add`.

use std::io::{BufRead as _, Read as _, Write};

use anyhow::Context as _;
use clap::Args;

use crate::base::account::{Email, FullName, NewName};
use crate::base::exit::Exit;
use crate::base::secret::Secret;
use crate::base::sshkey::PublicKey;
use crate::cli::change::{self, Ended, How};
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::host::{input, output};
use crate::plan::people::add::{AddUser, Password, date};
use crate::store::receipt::Outcome;

use super::many;
use super::welcome::{self, about_the_note};

/// Arguments of `user add`.
#[derive(Debug, Args)]
#[command(after_long_help = about_the_note())]
pub struct AddArgs {
    /// The name of the account.
    #[arg(value_parser = NewName::user, required_unless_present = "from")]
    pub name: Option<NewName>,

    /// Add everybody in a list, FILE.csv or FILE.toml, in one go.
    ///
    /// The first line of a table names its columns; in TOML everybody is a [[user]] table. Columns
    /// and keys are called like these options: name, full_name, email, groups, shell, uid, ssh_key
    /// (a key, or a file with keys beside the list), no_password, generate_password, must_change
    /// (yes or no) and expires. All plans are shown and approved together. When one line is bad,
    /// every bad line is named and nothing is done. Otherwise each person is a plan of their own,
    /// done one after another: when one fails it is taken back, those before it stay, those after
    /// it are not begun, and the answer tells who is who. To take people back who share a group,
    /// undo the last one first. --json gives one document (benchwarden.plans/1); passwords that
    /// are made go to standard error, as each is set.
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "name", "full_name", "email", "groups", "shell", "uid", "ssh_key", "expires",
        "no_password", "password_stdin", "generate_password", "must_change",
    ])]
    pub from: Option<String>,

    /// The person's name.
    #[arg(long, value_name = "NAME", value_parser = FullName::parse)]
    pub full_name: Option<FullName>,

    /// Where the person can be reached.
    #[arg(long, value_name = "ADDRESS", value_parser = Email::parse)]
    pub email: Option<Email>,

    /// Groups beside the person's own, parted by commas.
    #[arg(long, value_name = "GROUP,...", value_delimiter = ',')]
    pub groups: Vec<String>,

    /// The login shell.
    #[arg(long, value_name = "PATH")]
    pub shell: Option<String>,

    /// A uid by hand.
    #[arg(long)]
    pub uid: Option<u32>,

    /// A file with public keys, or - for standard input.
    #[arg(long, value_name = "FILE")]
    pub ssh_key: Vec<String>,

    /// The last day is the one before this date, for example 2026-12-01.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub expires: Option<String>,

    /// Where a password comes from.
    #[command(flatten)]
    pub password: PasswordArgs,

    /// Write the note for the newcomer into this new file as well, for its owner alone.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub welcome: Option<String>,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Where a password comes from.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct PasswordArgs {
    /// No password: in by key alone (the default).
    #[arg(long, conflicts_with_all = ["password_stdin", "generate_password"])]
    pub no_password: bool,

    /// Read the password from standard input.
    #[arg(long, conflicts_with = "generate_password")]
    pub password_stdin: bool,

    /// Make a password and show it once.
    #[arg(long)]
    pub generate_password: bool,

    /// The first login has to choose another password.
    #[arg(long)]
    pub must_change: bool,
}

pub(in crate::cli) fn run(
    args: &AddArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match (&args.name, &args.from) {
        (Some(name), _) => one(name, args, engine, out),
        (None, Some(from)) => many::run(from, args.how, engine, out),
        // The table of arguments lets nobody through with neither.
        (None, None) => Ok(Exit::Usage),
    }
}

fn one(
    name: &NewName,
    args: &AddArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    if let Some(file) = &args.welcome
        && output::is_there(file)
    {
        return welcome::is_in_the_way(file);
    }
    if args.password.password_stdin && args.ssh_key.iter().any(|file| file == "-") {
        anyhow::bail!("standard input can hold the password or the keys, not both");
    }
    let keys = read_keys(&args.ssh_key)?;
    let (password, secret) = ask_password(args.password, name.as_str())?;
    let wish = AddUser {
        name: name.clone(),
        full_name: args.full_name.clone().unwrap_or_default(),
        email: args.email.clone(),
        groups: args.groups.clone(),
        shell: args.shell.clone(),
        uid: args.uid,
        keys,
        password,
        expires: args.expires.clone(),
    };
    let intent = Intent::AddUser(Box::new(wish.clone()));
    let applied = match change::attempt(engine, &intent, secret.as_ref(), args.how, out)? {
        Ended::Applied(applied) => applied,
        Ended::Told(exit) => return Ok(exit),
    };
    if applied.report.outcome != Outcome::Done {
        return change::told(&applied, None, args.how, out);
    }
    let note = engine.welcome(&wish, &applied.plan);
    let told = change::told(&applied, Some(&note), args.how, out);
    if args.password.generate_password {
        // Whoever reads the rest may have gone; the password is known nowhere else.
        show_once(secret.as_ref())?;
    }
    let exit = told?;
    if !args.how.json {
        welcome::show(&note, out)?;
    }
    welcome::remark(&note, &mut std::io::stderr())?;
    match &args.welcome {
        Some(file) => welcome::keep(file, &note),
        None => Ok(exit),
    }
}

/// Shows a password that was made, to whoever ran the verb and nobody else.
pub(in crate::cli) fn show_once(secret: Option<&Secret>) -> anyhow::Result<()> {
    if let Some((_, password)) = secret.and_then(|secret| secret.reveal().split_once(':')) {
        let mut errors = std::io::stderr().lock();
        writeln!(errors, "password, shown this once: {}", password.trim_end())?;
    }
    Ok(())
}

/// Keys from files; every line that is not blank or a comment has to be one.
pub(in crate::cli) fn read_keys(files: &[String]) -> anyhow::Result<Vec<PublicKey>> {
    let mut keys = Vec::new();
    for file in files {
        let text = if file == "-" {
            let mut text = String::new();
            std::io::stdin()
                .lock()
                .take(1 << 20)
                .read_to_string(&mut text)?;
            text
        } else {
            input::file(file).with_context(|| format!("cannot read {file}"))?
        };
        keys.extend(keys_in(file, &text)?);
    }
    Ok(keys)
}

/// Keys from the text of a file, at least one.
pub(super) fn keys_in(file: &str, text: &str) -> anyhow::Result<Vec<PublicKey>> {
    let keys = PublicKey::list(text).map_err(|bad| anyhow::anyhow!("{file}, {bad}"))?;
    if keys.is_empty() {
        anyhow::bail!("{file} holds no key");
    }
    Ok(keys)
}

/// The password as chpasswd(8) reads it, with the name before it.
pub(in crate::cli) fn ask_password(
    args: PasswordArgs,
    name: &str,
) -> anyhow::Result<(Password, Option<Secret>)> {
    let password = if args.generate_password {
        input::new_password()?
    } else if args.password_stdin {
        let mut line = String::new();
        std::io::stdin().lock().take(4096).read_line(&mut line)?;
        let line = line.trim_end_matches(['\n', '\r']);
        if line.is_empty() || line.chars().any(char::is_control) {
            anyhow::bail!("the password on standard input is empty or holds control characters");
        }
        line.to_owned()
    } else {
        if args.must_change {
            anyhow::bail!(
                "--must-change needs a password: --generate-password or --password-stdin"
            );
        }
        return Ok((Password::None, None));
    };
    let given = Password::Given {
        must_change: args.must_change,
    };
    Ok((given, Some(Secret::new(format!("{name}:{password}\n")))))
}

#[cfg(test)]
mod tests;
