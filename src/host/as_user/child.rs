//! The child's side: this program started anew, for one job, with nobody's rights but the user's.
//!
//! It runs before everything else of `main`: no arguments are parsed, no thread is started, no
//! configuration is read while it is still root.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use crate::host::runtimes::homes;

use super::home::{Home, facts};
use super::privileges::become_user;
use super::refusal::Refusal;
use super::request::{Answer, Job, Reply, Request};
use super::{ARGUMENT, MESSAGE_BYTES, keys};

/// Does the job when this process was started for one; `None` when it is an ordinary start.
///
/// The caller is never given more than it has: only root can ask for somebody else's uid.
#[must_use]
pub fn serve() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    if args.next()? != ARGUMENT || args.next().is_some() {
        return None;
    }
    let reply: Reply = receive().and_then(|request| {
        become_user(&request)?;
        perform(&request.job, request.uid)
    });
    let sent = serde_json::to_vec(&reply)
        .map_err(std::io::Error::from)
        .and_then(|json| std::io::stdout().write_all(&json));
    Some(match sent {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn receive() -> Result<Request, Refusal> {
    let bad = |why: String| Refusal::BadRequest { why };
    let mut json = Vec::new();
    std::io::stdin()
        .take(MESSAGE_BYTES)
        .read_to_end(&mut json)
        .map_err(|error| bad(error.to_string()))?;
    serde_json::from_slice(&json).map_err(|error| bad(error.to_string()))
}

/// Does the job with the rights the process has by now.
fn perform(job: &Job, owner: u32) -> Reply {
    match job {
        Job::HomeFacts { home } => facts(home).map(Answer::Home),
        Job::ReadKeys { home } => keys::read(&Home::open(home, owner)?).map(Answer::Keys),
        Job::FindRuntimes { home } => {
            let home = Home::open(home, owner)?;
            Ok(Answer::Runtimes(homes::look(home.dir, &home.path)))
        }
        Job::WriteKeys {
            home,
            expected_sha256,
            content,
        } => {
            let home = Home::open(home, owner)?;
            let content = content.as_ref().map(|content| content.0.as_slice());
            keys::write(&home, expected_sha256.as_deref(), content)?;
            Ok(Answer::Written)
        }
    }
}
