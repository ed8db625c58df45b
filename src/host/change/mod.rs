//! Doing what a step of a plan says. Who decides, checks before and reads back after is the
//! engine; here each action is done once, or fails with a sentence that says what and why.

mod archive;
mod at_jobs;
mod end;
mod files;
mod freeze;
mod home;
mod meter;
mod record;
mod subids;
mod tar_stream;
mod tree;

use std::time::Duration;

use crate::base::secret::Secret;
use crate::base::text::printable;
use crate::plan::advance::Tell;
use crate::plan::limits::dropin;
use crate::plan::step::Action;

use super::command::{self, CommandError};
use super::durable::{self, WriteError};
use super::holds::{self, HoldError};
use super::keys;
use super::quota;
use super::root::Root;
use super::sudo::{self, SudoersError};
use super::terminals;
use super::units;
use crate::base::id::Uid;

/// shadow's tools wait 15 seconds for their lock by themselves.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of what a tool complains is told.
const COMPLAINT_CHARS: usize = 300;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// A tool could not be run.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A tool said no.
    #[error("{program} failed ({status}): {complaint}{hint}")]
    Refused {
        /// Its path.
        program: String,
        /// Its exit status, in words.
        status: String,
        /// What it said.
        complaint: String,
        /// What that usually means, where it is known.
        hint: &'static str,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Keys could not be written.
    #[error(transparent)]
    Keys(#[from] keys::KeysError),
    /// Somebody could not be held back, or let go.
    #[error(transparent)]
    Hold(#[from] HoldError),
    /// A grant could not be put in place.
    #[error(transparent)]
    Sudoers(#[from] SudoersError),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// Does one action. `secret` is what a program reads from its standard input where the action
/// says so; `tell` hears how far a long action is, and says whether one that can be stopped goes on.
/// Returns what is to be said of it: what was left alone, and why.
///
/// # Errors
/// When it was not done, or only in part: what is there then has to be looked up.
pub fn perform(
    root: &Root,
    action: &Action,
    secret: Option<&Secret>,
    tell: &mut Tell<'_>,
) -> Result<Vec<String>, ActionError> {
    if !root.is_live() {
        return Err(ActionError::Other(
            "a fixture tree is never changed".to_owned(),
        ));
    }
    match action {
        Action::GiveFiles {
            from,
            to,
            except,
            record,
        } => files::give(root, (*from, *to), except, record, tell),
        Action::DeleteFiles { uid, except } => files::delete(root, *uid, except, tell),
        Action::Freeze { uid } => freeze::freeze(root, *uid),
        other => perform_silently(root, other, secret, tell).map(|()| Vec::new()),
    }
}

/// Does one of those of which there is nothing to say when they are done.
fn perform_silently(
    root: &Root,
    action: &Action,
    secret: Option<&Secret>,
    tell: &mut Tell<'_>,
) -> Result<(), ActionError> {
    match action {
        Action::Run {
            argv,
            secret: wanted,
        } => {
            let input = match (wanted, secret) {
                (false, _) => None,
                (true, Some(secret)) => Some(secret.reveal().as_bytes()),
                (true, None) => {
                    let why = "the password is not known any more; set it with `user modify`";
                    return Err(ActionError::Other(why.to_owned()));
                }
            };
            run(argv, input)
        }
        Action::WriteFile {
            path,
            content,
            mode,
        } => {
            above(root, path)?;
            Ok(durable::replace(root, path, content.as_bytes(), *mode)?)
        }
        Action::WriteSudoers { path, content } => Ok(sudo::put(root, path, content)?),
        Action::AskSudo { calls } => ask_sudo(root, calls),
        Action::HoldBack { unit, knob, to, .. } => Ok(holds::set(root, unit, *knob, *to)?),
        Action::LetGo {
            unit,
            knob,
            from,
            to,
        } => Ok(holds::let_go(root, unit, *knob, *from, *to)?),
        Action::Tell { uid, words } => match terminals::tell(root, Uid(*uid), words) {
            0 => Err(ActionError::Other(
                "they work at no terminal that takes words; notebooks and RStudio have none"
                    .to_owned(),
            )),
            _ => Ok(()),
        },
        Action::KillJob { uid, processes } => end::these(root, *uid, processes),
        Action::WriteDropIn { path, content } => {
            let dir = path.rsplit_once('/').map_or("/", |(dir, _)| dir);
            durable::directory(root, dir, 0o755)?;
            Ok(durable::replace(
                root,
                path,
                content.as_bytes(),
                dropin::MODE,
            )?)
        }
        Action::RemoveDropIn { path } => {
            durable::remove(root, path)?;
            let dir = path.rsplit_once('/').map_or("/", |(dir, _)| dir);
            Ok(durable::remove_empty(root, dir)?)
        }
        Action::SetQuota { device, uid, quota } => {
            quota::set(device, *uid, *quota).map_err(|error| {
                ActionError::Other(format!(
                    "the quota of uid {uid} on {device} cannot be set: {error}"
                ))
            })
        }
        Action::ReloadUnits { within } => {
            units::reload(root, within).map_err(|error| ActionError::Other(error.to_string()))
        }
        Action::PlaceLink { path, target } => Ok(durable::place_link(root, path, target)?),
        Action::Exchange { path, with } => Ok(durable::exchange(root, path, with)?),
        Action::RemoveFile { path } => Ok(durable::remove(root, path)?),
        Action::MoveFile { from, to } => {
            above(root, to)?;
            Ok(durable::move_file(root, from, to)?)
        }
        Action::MoveAtJobs { uid, from, to } => at_jobs::move_all(root, *uid, from, to),
        Action::CreateHome {
            path,
            uid,
            gid,
            skel,
        } => home::create(root, path, (*uid, *gid), skel),
        Action::DeleteUnusedHome { path, uid, skel } => home::delete_unused(root, path, *uid, skel),
        Action::DeleteTree { path, uid } => tree::delete(root, path, *uid),
        Action::WriteKeys { user, add, remove } => Ok(keys::change(root, user, add, remove)?),
        Action::EndProcesses { user, uid } => end::everything(root, user, *uid),
        Action::Thaw { uid } => freeze::thaw(root, *uid),
        Action::EndAtOnce { uid } => end::at_once(root, *uid),
        Action::EndJob { uid, pid, started } => end::job(root, *uid, *pid, *started),
        Action::Signal { uid, job, signal } => end::signal(root, *uid, *job, *signal),
        Action::ReserveIds {
            path,
            owner,
            ranges,
        } => subids::reserve(root, path, owner, ranges),
        Action::FreeIds { path, owner } => subids::free(root, path, owner),
        Action::Archive { tree, file } => archive::pack(root, tree, file, tell),
        Action::GiveBackFiles { record } => files::give_back(root, record, tell),
        Action::GiveFiles { .. } | Action::DeleteFiles { .. } | Action::Freeze { .. } => {
            perform(root, action, secret, tell).map(drop)
        }
    }
}

/// Reads a grant back through sudo itself.
fn ask_sudo(root: &Root, calls: &[(String, String, String)]) -> Result<(), ActionError> {
    for (who, target, command) in calls {
        if !sudo::may_run(root, who, target, command).map_err(ActionError::Other)? {
            return Err(ActionError::Other(format!(
                "sudo does not let {who} run {command} as {target}: another rule, read later, says \
                 otherwise; `benchwarden sudo show {who}` tells which"
            )));
        }
    }
    Ok(())
}

/// The directory of a file of ours, for root alone where it is made.
fn above(root: &Root, path: &str) -> Result<(), WriteError> {
    let dir = path.rsplit_once('/').map_or("/", |(dir, _)| dir);
    durable::directory(root, dir, 0o700)
}

fn run(argv: &[String], input: Option<&[u8]>) -> Result<(), ActionError> {
    let Some((program, args)) = argv.split_first() else {
        return Err(ActionError::Other("there is no program to run".to_owned()));
    };
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = command::run_with(program, &args, input, PATIENCE)?;
    if said.code == Some(0) {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&said.stderr)
        .trim()
        .replace('\n', "; ");
    let locked = complaint.contains("lock");
    // As the shadow tools say it: somebody else had the name or the id first.
    let taken = complaint.contains("not unique") || complaint.contains("already exists");
    let full = complaint.contains("No space left") || complaint.contains("Read-only");
    Err(ActionError::Refused {
        program: program.clone(),
        status: said
            .code
            .map_or_else(|| "killed".to_owned(), |code| format!("exit {code}")),
        complaint: printable(complaint.as_bytes(), COMPLAINT_CHARS),
        hint: if locked {
            "; another program is changing accounts: try again when it has ended"
        } else if taken {
            "; another program was faster: plan it again"
        } else if full {
            "; make room, or mount it writable, and try again"
        } else {
            ""
        },
    })
}
