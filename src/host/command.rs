//! Starting other programs: an absolute path, arguments as a list, a clean environment, a time
//! limit. Never a shell.

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, kill_process_group, pidfd_open, prlimit,
};

/// More output than this is nobody's answer to our questions.
const OUTPUT_BYTES: u64 = 1 << 20;
/// The uid and gid that own nothing.
const NOBODY: u32 = 65_534;
/// Address space of a program that runs as nobody.
const NOBODYS_MEMORY: u64 = 4 << 30;

/// What a program that ended said.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output, cut after a mebibyte.
    pub stdout: Vec<u8>,
    /// Standard error, likewise.
    pub stderr: Vec<u8>,
}

/// Writes what a program reads.
pub type Feed<'a> = Box<dyn FnOnce(&mut ChildStdin) -> std::io::Result<()> + 'a>;

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

/// Runs a program to its end and returns what it wrote.
///
/// # Errors
/// When it cannot be started or does not end in time; any exit status is an answer.
pub fn run(program: &str, args: &[&str], limit: Duration) -> Result<Output, CommandError> {
    run_with(program, args, None, limit)
}

/// The same, with something to read: a few lines, which fit a pipe.
///
/// # Errors
/// When it cannot be started or does not end in time; any exit status is an answer.
pub fn run_with(
    program: &str,
    args: &[&str],
    input: Option<&[u8]>,
    limit: Duration,
) -> Result<Output, CommandError> {
    let mut child = start(program, args, input.is_some())?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        // Who does not read it says why in the exit status.
        let _ = stdin.write_all(input);
    }
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    finish(child, program, limit, (stdout, stderr))
}

/// Runs a program whose output is taken as it comes; `stdout` of the answer is empty.
///
/// # Errors
/// When it cannot be started, when `sink` fails, or when it does not end.
pub fn pipe_from(
    program: &str,
    args: &[&str],
    limit: Duration,
    sink: impl FnOnce(&mut dyn Read) -> std::io::Result<()>,
) -> std::io::Result<Output> {
    let mut child = start(program, args, false).map_err(std::io::Error::other)?;
    let stderr = collect(child.stderr.take());
    let taken = child.stdout.take().map_or(Ok(()), |mut out| sink(&mut out));
    if taken.is_err() {
        let _ = child.kill();
    }
    let ended = finish(child, program, limit, (None, stderr)).map_err(std::io::Error::other);
    taken.and(ended)
}

/// Runs a program that is fed as fast as it reads.
///
/// # Errors
/// When it cannot be started, when `feed` fails, or when it does not end.
pub fn pipe_into(
    program: &str,
    args: &[&str],
    limit: Duration,
    feed: Feed<'_>,
) -> std::io::Result<Output> {
    let mut child = start(program, args, true).map_err(std::io::Error::other)?;
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let fed = child
        .stdin
        .take()
        .map_or(Ok(()), |mut stdin| feed(&mut stdin));
    let ended = finish(child, program, limit, (stdout, stderr)).map_err(std::io::Error::other);
    fed.and(ended)
}

/// Runs a program that is only trusted to answer: as nobody where the caller is root, with little
/// time and memory, and with everything it has started ended when its answer is taken.
///
/// # Errors
/// When it cannot be started or does not end in time; any exit status is an answer.
pub fn run_as_nobody(
    program: &str,
    args: &[&str],
    limit: Duration,
) -> Result<Output, CommandError> {
    let mut command = prepared(program, args, false);
    if rustix::process::geteuid().is_root() {
        // The other groups go with the uid.
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut child = spawn(command, program)?;
    let pid = Pid::from_child(&child);
    for (resource, most) in [
        (Resource::Cpu, limit.as_secs().max(1)),
        (Resource::As, NOBODYS_MEMORY),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ] {
        let most = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        // One that has ended already needs none.
        let _ = prlimit(Some(pid), resource, most);
    }
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let ended = wait_until(&child, limit);
    // Nobody who holds the pipes open outlives the question, and no zombie is waited for.
    let _ = kill_process_group(pid, Signal::KILL);
    match ended {
        Ok(true) => finish(child, program, limit, (stdout, stderr)),
        // It is killed and waited for there.
        Ok(false) => {
            finish(child, program, Duration::ZERO, (None, None)).and(Err(CommandError::Slow {
                program: program.to_owned(),
                limit,
            }))
        }
        Err(source) => Err(CommandError::Wait {
            program: program.to_owned(),
            source,
        }),
    }
}

fn start(program: &str, args: &[&str], reads: bool) -> Result<Child, CommandError> {
    spawn(prepared(program, args, reads), program)
}

fn prepared(program: &str, args: &[&str], reads: bool) -> Command {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .current_dir("/")
        // Ctrl-C at the terminal is for us alone: a tool that it struck would leave half of it.
        .process_group(0)
        .stdin(if reads { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn spawn(mut command: Command, program: &str) -> Result<Child, CommandError> {
    command.spawn().map_err(|source| CommandError::Start {
        program: program.to_owned(),
        source,
    })
}

type Collected = Option<JoinHandle<Vec<u8>>>;

fn collect(stream: Option<impl Read + Send + 'static>) -> Collected {
    stream.map(|mut stream| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // A broken pipe is the end of the answer like any other.
            let _ = stream.by_ref().take(OUTPUT_BYTES).read_to_end(&mut bytes);
            // The rest is read too, so that who writes it is not held up.
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
            bytes
        })
    })
}

fn finish(
    mut child: Child,
    program: &str,
    limit: Duration,
    (stdout, stderr): (Collected, Collected),
) -> Result<Output, CommandError> {
    let failed = |source| CommandError::Wait {
        program: program.to_owned(),
        source,
    };
    let ended = wait_until(&child, limit).map_err(failed)?;
    if !ended {
        let _ = child.kill();
        let _ = child.wait();
        // The readers end with the pipes, which a grandchild may hold: they are not waited for.
        return Err(CommandError::Slow {
            program: program.to_owned(),
            limit,
        });
    }
    let status = child.wait().map_err(failed)?;
    let text = |collected: Collected| collected.and_then(|c| c.join().ok()).unwrap_or_default();
    Ok(Output {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
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
    fn a_program_reads_what_it_is_given_and_its_complaints_are_kept() {
        let limit = Duration::from_secs(10);
        let out = run_with("/bin/cat", &["-", "/nonexistent"], Some(b"secret"), limit).unwrap();
        assert_eq!((out.code, out.stdout.as_slice()), (Some(1), &b"secret"[..]));
        assert!(String::from_utf8_lossy(&out.stderr).contains("/nonexistent"));
    }

    #[test]
    fn more_than_a_pipe_holds_goes_through() {
        let limit = Duration::from_secs(10);
        let feed: Feed<'_> = Box::new(|stdin| stdin.write_all(&[b'x'; 1 << 20]));
        let out = pipe_into("/usr/bin/wc", &["-c"], limit, feed).unwrap();
        assert_eq!(out.stdout, b"1048576\n");
        let mut bytes = Vec::new();
        let args = ["-c", "1048576", "/dev/zero"];
        let sink = |out: &mut dyn Read| out.read_to_end(&mut bytes).map(drop);
        pipe_from("/usr/bin/head", &args, limit, sink).unwrap();
        assert_eq!(bytes.len(), 1 << 20);
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let slow = run("/bin/sleep", &["60"], Duration::from_millis(50));
        assert!(matches!(slow, Err(CommandError::Slow { .. })));
    }

    #[test]
    fn nobody_who_is_asked_outlives_the_question() {
        let limit = Duration::from_secs(20);
        // It leaves somebody behind who holds its standard output.
        let left = "echo said; sleep 600 & exit 3";
        let out = run_as_nobody("/bin/sh", &["-c", left], limit).unwrap();
        assert_eq!((out.code, out.stdout.as_slice()), (Some(3), &b"said\n"[..]));
        let hangs = run_as_nobody("/bin/sh", &["-c", "sleep 600"], Duration::from_millis(50));
        assert!(matches!(hangs, Err(CommandError::Slow { .. })), "{hangs:?}");
        if rustix::process::geteuid().is_root() {
            let out = run_as_nobody("/usr/bin/id", &[], limit).unwrap();
            let text = String::from_utf8(out.stdout).unwrap();
            assert!(!text.contains("(root)") && text.contains("65534"), "{text}");
        }
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run("/nonexistent", &[], Duration::from_secs(1)).unwrap_err();
        assert!(error.to_string().starts_with("cannot start /nonexistent: "));
    }
}
