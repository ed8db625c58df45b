//! Files of grants: checked by `visudo` alone and with the whole tree before they are in place,
//! and asked of sudo afterwards.

use std::time::Duration;

use crate::base::text::printable;
use crate::host::command::{self, Output};
use crate::host::durable::{self, WriteError};
use crate::host::root::Root;
use crate::plan::sudo::file::{DIR, MODE, fact, name_of};
use crate::plan::sudo::steps::Ours;

use super::SUDOERS;

const PATIENCE: Duration = Duration::from_secs(10);
/// Where the whole tree is checked together with a file that is not in place yet.
const BENCH: &str = "/run/benchwarden/sudo-check";
/// Longer than any file of ours.
const LONGEST: usize = 1 << 20;

/// Why a grant was not put in place.
#[derive(Debug, thiserror::Error)]
pub enum SudoersError {
    /// There is no visudo.
    #[error("there is no visudo here to check {path} with; install the whole package sudo")]
    NoVisudo {
        /// What was to be checked.
        path: String,
    },
    /// visudo could not be run.
    #[error("{path} could not be checked: {source}")]
    Command {
        /// What was to be checked.
        path: String,
        /// Why not.
        source: command::CommandError,
    },
    /// visudo does not take the file by itself.
    #[error("visudo does not take {path}: {complaint}")]
    Fragment {
        /// Which.
        path: String,
        /// What it says.
        complaint: String,
    },
    /// The tree would be broken with it.
    #[error("sudo's rules would be broken with {path}: {complaint}")]
    Tree {
        /// Which.
        path: String,
        /// What visudo says.
        complaint: String,
    },
    /// It is no file of ours.
    #[error("{path} is no file of a grant")]
    NotOurs {
        /// Which.
        path: String,
    },
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// The files of grants that are there.
#[must_use]
pub fn ours(root: &Root) -> Vec<Ours> {
    let mut all = Vec::new();
    for file in root.list_names(DIR) {
        let path = format!("{DIR}/{file}");
        let Some(name) = name_of(&path).filter(|name| !name.contains(['.', '~'])) else {
            continue;
        };
        let mut bytes = Vec::new();
        if !matches!(root.read_start(&path, LONGEST, &mut bytes), Ok(true)) {
            continue;
        }
        let is = crate::host::observe::fact(root, &crate::plan::fact::Subject::File(path.clone()));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        all.push(Ours {
            name: name.to_owned(),
            fact: is.ok().flatten().unwrap_or_else(|| fact(&text)),
            text,
        });
    }
    all
}

/// Whether a file may be put in place: it is right by itself, and breaks nothing. A tree that was
/// broken before is not made worse by a file that is right.
///
/// # Errors
/// When it may not, or that cannot be told.
pub fn check(root: &Root, path: &str, content: &str) -> Result<(), SudoersError> {
    if name_of(path).is_none() {
        return Err(SudoersError::NotOurs {
            path: path.to_owned(),
        });
    }
    let visudo = root.find_executable("visudo");
    let visudo = visudo.ok_or_else(|| SudoersError::NoVisudo {
        path: path.to_owned(),
    })?;
    let run = |args: &[&str]| {
        command::run(&visudo, args, PATIENCE).map_err(|source| SudoersError::Command {
            path: path.to_owned(),
            source,
        })
    };
    durable::directory(root, "/run/benchwarden", 0o755)?;
    durable::directory(root, BENCH, 0o700)?;
    let (alone, whole) = (format!("{BENCH}/grant"), format!("{BENCH}/whole"));
    durable::replace(root, &alone, content.as_bytes(), MODE)?;
    let with = format!("@include {SUDOERS}\n@include {alone}\n");
    // What knows no `@include` is older than any sudo that is still mended.
    durable::replace(root, &whole, with.as_bytes(), MODE)?;
    let checked = (|| {
        // sudo-rs knows no -s, -O and -P.
        let strict = run(&["-c", "-s", "-O", "-P", "-f", &alone])?;
        let strict = if says_usage(&strict) {
            run(&["-c", "-f", &alone])?
        } else {
            strict
        };
        if strict.code != Some(0) {
            return Err(SudoersError::Fragment {
                path: path.to_owned(),
                complaint: complaint(&strict),
            });
        }
        let before = run(&["-c"])?;
        let after = run(&["-c", "-f", &whole])?;
        if after.code != Some(0) && before.code == Some(0) {
            return Err(SudoersError::Tree {
                path: path.to_owned(),
                complaint: complaint(&after),
            });
        }
        Ok(())
    })();
    for file in [&alone, &whole] {
        durable::remove(root, file)?;
    }
    checked
}

fn says_usage(out: &Output) -> bool {
    let text = String::from_utf8_lossy(&out.stderr).to_lowercase();
    out.code != Some(0) && (text.contains("usage:") || text.contains("invalid option"))
}

fn complaint(out: &Output) -> String {
    let text = [out.stderr.as_slice(), out.stdout.as_slice()].concat();
    let text = String::from_utf8_lossy(&text).replace(BENCH, "");
    let line = text
        .lines()
        .find(|line| line.contains(": "))
        .unwrap_or("it does not say why");
    printable(line.trim().as_bytes(), 300)
}

/// Puts a file of a grant in place, whole or not at all; a tree that it would break stays as it is.
///
/// # Errors
/// When it is not in place.
pub fn put(root: &Root, path: &str, content: &str) -> Result<(), SudoersError> {
    check(root, path, content)?;
    Ok(durable::replace(root, path, content.as_bytes(), MODE)?)
}

/// What sudo itself answers: whether somebody may run a command as somebody.
///
/// # Errors
/// When it cannot be asked.
pub fn may_run(root: &Root, who: &str, target: &str, call: &str) -> Result<bool, String> {
    let sudo = root.find_executable("sudo");
    let sudo = sudo.ok_or("there is no sudo here")?;
    let mut args = vec!["-n", "-u", target, "-l", "-U", who];
    args.extend(call.split(' ').filter(|word| *word != "\"\""));
    let out = command::run(&sudo, &args, PATIENCE).map_err(|error| error.to_string())?;
    Ok(out.code == Some(0))
}
