//! Starting other programs: an absolute path, arguments as a list, a clean environment, a time
//! limit. Never a shell.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// More output than this is nobody's answer to our questions.
const OUTPUT_BYTES: u64 = 1 << 20;

/// What a program that ended said.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output, cut after a mebibyte.
    pub stdout: Vec<u8>,
}

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// Its path.
        program: String,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// It was still running when its time was over, and was killed.
    #[error("{program} did not answer within {limit:?}")]
    Slow {
        /// Its path.
        program: String,
        /// The time it had.
        limit: Duration,
    },
    /// Its end could not be waited for.
    #[error("cannot wait for {program}: {source}")]
    Wait {
        /// Its path.
        program: String,
        /// What the kernel said.
        source: std::io::Error,
    },
}

/// Runs a program to its end and returns what it wrote to standard output.
///
/// # Errors
/// When it cannot be started or does not end in time; any exit status is an answer.
pub fn run(program: &str, args: &[&str], limit: Duration) -> Result<Output, CommandError> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let failed = |source| CommandError::Wait {
        program: program.to_owned(),
        source,
    };
    let mut child = command.spawn().map_err(|source| CommandError::Start {
        program: program.to_owned(),
        source,
    })?;
    let reader = child.stdout.take().map(|out| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // A broken pipe is the end of the answer like any other.
            let _ = out.take(OUTPUT_BYTES).read_to_end(&mut bytes);
            bytes
        })
    });
    let ended = wait_until(&child, limit).map_err(failed)?;
    if !ended {
        let _ = child.kill();
        let _ = child.wait();
        // The reader ends with the pipe, which a grandchild may hold: it is not waited for.
        return Err(CommandError::Slow {
            program: program.to_owned(),
            limit,
        });
    }
    let status = child.wait().map_err(failed)?;
    let stdout = reader.and_then(|r| r.join().ok()).unwrap_or_default();
    Ok(Output {
        code: status.code(),
        stdout,
    })
}

/// Whether the child ended within the time, without polling.
pub(super) fn wait_until(child: &Child, limit: Duration) -> std::io::Result<bool> {
    let pid = Pid::from_child(child);
    let handle: OwnedFd = pidfd_open(pid, PidfdFlags::empty())?;
    let timeout = Timespec::try_from(limit).map_err(std::io::Error::other)?;
    loop {
        let mut fds = [PollFd::from_borrowed_fd(handle.as_fd(), PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_sees_none_of_our_environment() {
        let out = run("/usr/bin/env", &[], Duration::from_secs(10)).unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]);
    }

    #[test]
    fn arguments_are_never_read_by_a_shell() {
        let out = run("/bin/echo", &["$(id)", ";", "*"], Duration::from_secs(10)).unwrap();
        assert_eq!(out.stdout, b"$(id) ; *\n");
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let slow = run("/bin/sleep", &["60"], Duration::from_millis(50));
        assert!(matches!(slow, Err(CommandError::Slow { .. })));
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run("/nonexistent", &[], Duration::from_secs(1)).unwrap_err();
        assert!(error.to_string().starts_with("cannot start /nonexistent: "));
    }
}
