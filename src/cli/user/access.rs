//! `user suspend`, `user resume` and `user remove`.

use std::io::Write;

use clap::Args;

use crate::base::exit::Exit;
use crate::base::id::UserName;
use crate::cli::change::{self, How};
use crate::engine::Engine;
use crate::engine::changes::Intent;
use crate::plan::people::remove::{Files, Home};

/// Arguments of `user suspend` and `user resume`.
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// Whose.
    pub name: UserName,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

/// Arguments of `user remove`.
#[derive(Debug, Args)]
#[group(id = "home", required = true, multiple = false, args = ["archive", "delete_home", "keep_home"])]
pub struct RemoveArgs {
    /// Whom.
    pub name: UserName,

    /// Pack the home into this file (tar, compressed with zstd), compare, then delete it.
    #[arg(long, value_name = "FILE")]
    pub archive: Option<String>,

    /// Delete the home.
    #[arg(long)]
    pub delete_home: bool,

    /// Leave the home where it is.
    #[arg(long)]
    pub keep_home: bool,

    /// Leave their files outside the home as they are, under a uid that nobody receives.
    #[arg(long, conflicts_with_all = ["give_files", "delete_files"])]
    pub keep_files: bool,

    /// Give their files outside the home to this person.
    #[arg(long, value_name = "USER", conflicts_with = "delete_files")]
    pub give_files: Option<UserName>,

    /// Delete their files outside the home; they are in no archive.
    #[arg(long)]
    pub delete_files: bool,

    /// How it is carried out.
    #[command(flatten)]
    pub how: How,
}

pub(in crate::cli) fn suspend(
    args: &AccessArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let intent = Intent::Suspend(args.name.as_str().to_owned());
    change::carry_out(engine, &intent, None, args.how, out)
}

pub(in crate::cli) fn resume(
    args: &AccessArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let intent = Intent::Resume(args.name.as_str().to_owned());
    change::carry_out(engine, &intent, None, args.how, out)
}

pub(in crate::cli) fn remove(
    args: &RemoveArgs,
    engine: &dyn Engine,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let home = match &args.archive {
        Some(file) if !file.starts_with('/') => {
            anyhow::bail!("--archive {file}: write the whole path, beginning with /")
        }
        Some(file) => Home::Archive(file.clone()),
        None if args.delete_home => Home::Delete,
        None => Home::Keep,
    };
    let files = match &args.give_files {
        Some(heir) => Files::Give(heir.as_str().to_owned()),
        None if args.delete_files => Files::Delete,
        None => Files::Keep,
    };
    let intent = Intent::Remove(args.name.as_str().to_owned(), home, files);
    change::carry_out(engine, &intent, None, args.how, out)
}
