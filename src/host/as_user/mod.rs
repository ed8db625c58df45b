//! A small job in a user's home, done with the user's rights and no others.
//!
//! A home is its owner's ground: links, pipes and mounts may lie anywhere in it, and change while
//! one looks. So root never touches it. This program starts itself again with a clean
//! environment, the child gives up every right but the user's, proves that it cannot get them
//! back, does one job and answers. The parent waits for a limited time and for a limited answer.

mod child;

mod home;
mod keys;
mod privileges;
mod refusal;
mod request;
mod staged;

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{geteuid, getpid};

use super::command::wait_until;
use super::credentials::Credentials;

pub use child::serve;
pub use refusal::Refusal;
pub use request::{Answer, Content, HomeFacts, Job, Keys};
use request::{Reply, Request};

/// The argument that only this module gives and takes.
const ARGUMENT: &str = "--as-user";
/// This very program, even when its file was replaced by an upgrade.
const OWN_PROGRAM: &str = "/proc/self/exe";
/// A mebibyte of keys in base64, and what is said around it.
const MESSAGE_BYTES: u64 = 2 << 20;
/// How long a child that was killed may take to go; one in a hung file system may take forever.
const FAREWELL: Duration = Duration::from_millis(200);

/// Why a job in a user's home gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum AsUserError {
    /// The job was looked at and not done.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The child could not be started or waited for.
    #[error("cannot start a process to act as {name}: {source}")]
    Start {
        /// For whom.
        name: String,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// It was still busy when its time was over, and was killed.
    #[error(
        "the home of {name} did not answer within {} s: its file system may hang, or its owner stopped the process; a file .ssh/.authorized_keys.benchwarden-* may be left there",
        limit.as_secs()
    )]
    Slow {
        /// Whose home.
        name: String,
        /// The time it had.
        limit: Duration,
    },
    /// It ended without an answer that can be understood.
    #[error(
        "the process that acted as {name} ended without an answer; its owner may have killed it, so look again and repeat"
    )]
    NoAnswer {
        /// For whom.
        name: String,
    },
}

impl AsUserError {
    /// Whether there is no home to do anything in.
    #[must_use]
    pub fn is_no_home(&self) -> bool {
        matches!(self, Self::Refused(Refusal::NoHome { .. }))
    }
}

/// Starts the children.
#[derive(Clone, Debug)]
pub struct Errands {
    program: PathBuf,
    limit: Duration,
}

impl Default for Errands {
    /// This very program, and ten seconds for each job.
    fn default() -> Self {
        Self {
            program: PathBuf::from(OWN_PROGRAM),
            limit: Duration::from_secs(10),
        }
    }
}

impl Errands {
    /// The same with another time limit.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Another benchwarden, and another time limit, for tests whose own program is none.
    #[must_use]
    pub fn of(program: PathBuf, limit: Duration) -> Self {
        Self { program, limit }
    }

    /// Does a job as `who` and returns what came of it. It waits for at most the time limit.
    ///
    /// # Errors
    /// When it was refused, when `who` is somebody else and the caller is not root, and when no
    /// answer came in time.
    pub fn run(&self, who: &Credentials, job: Job) -> Result<Answer, AsUserError> {
        let me = geteuid();
        if !me.is_root() && me.as_raw() != who.uid.0 {
            return Err(Refusal::NotPermitted { uid: who.uid.0 }.into());
        }
        let request = Request {
            uid: who.uid.0,
            gid: who.gid,
            groups: who.groups.clone(),
            parent: getpid().as_raw_pid(),
            job,
        };
        let start = |source| AsUserError::Start {
            name: who.shown(),
            source,
        };
        let json = serde_json::to_vec(&request).map_err(|error| start(error.into()))?;
        let mut child = self.spawn().map_err(start)?;
        let reply = converse(&mut child, json);
        let ended = wait_until(&child, self.limit).map_err(start);
        if !matches!(ended, Ok(true)) {
            let _ = child.kill();
            bury(child);
            ended?;
            return Err(AsUserError::Slow {
                name: who.shown(),
                limit: self.limit,
            });
        }
        bury(child);
        // Its end of the pipe is closed, so what it said is here in a moment.
        let no_answer = || AsUserError::NoAnswer { name: who.shown() };
        let reply = reply.recv_timeout(self.limit).map_err(|_| no_answer())?;
        let reply: Reply = serde_json::from_slice(&reply).map_err(|_| no_answer())?;
        Ok(reply?)
    }

    fn spawn(&self) -> std::io::Result<Child> {
        #[expect(
            clippy::disallowed_methods,
            reason = "no other program is started: this one, again"
        )]
        Command::new(&self.program)
            .arg(ARGUMENT)
            .env_clear()
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    }
}

/// Tells the child what to do and listens, on threads of their own: neither may hold up the wait.
fn converse(child: &mut Child, request: Vec<u8>) -> Receiver<Vec<u8>> {
    if let Some(mut stdin) = child.stdin.take() {
        std::thread::spawn(move || {
            // A child that does not read it does not answer either.
            let _ = stdin.write_all(&request);
        });
    }
    let (heard, reply) = channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stdout.take(MESSAGE_BYTES).read_to_end(&mut bytes);
            let _ = heard.send(bytes);
        });
    }
    reply
}

/// Waits for the end of a child, but not for one that even a kill does not end at once.
fn bury(mut child: Child) {
    if matches!(wait_until(&child, FAREWELL), Ok(true)) {
        let _ = child.wait();
    } else {
        std::thread::spawn(move || child.wait());
    }
}

#[cfg(test)]
mod tests;
