//! Waiting for whatever comes first.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Waits until one of these has something to be read, or has ended, or the time is over.
pub fn wait(fds: &[BorrowedFd<'_>], at_most: Duration) {
    let mut fds: Vec<PollFd<'_>> = fds
        .iter()
        .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
        .collect();
    // An interrupted wait is one that came to its end.
    let _ = poll(&mut fds, Some(&timeout(at_most)));
}

fn timeout(at_most: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: at_most.subsec_nanos().into(),
    }
}

/// Something that is waited for, and how it is when it has come.
pub type Wanted<'a> = PollFd<'a>;

/// Something to be read.
pub fn readable<F: AsFd>(from: &F) -> Wanted<'_> {
    PollFd::new(from, PollFlags::IN)
}

/// A word out of turn.
pub fn urgent<F: AsFd>(from: &F) -> Wanted<'_> {
    PollFd::new(from, PollFlags::PRI)
}

/// Waits until one of these has come or the time is over; tells which have.
#[must_use]
pub fn wait_for_any(wanted: &[Wanted<'_>], at_most: Duration) -> Vec<bool> {
    let mut fds = wanted.to_vec();
    let found = poll(&mut fds, Some(&timeout(at_most)));
    let came = |fd: &PollFd<'_>| found.is_ok() && !fd.revents().is_empty();
    fds.iter().map(came).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use crate::host::clock;

    #[test]
    fn it_ends_with_the_first_byte_or_with_the_time() {
        let (reader, mut writer) = UnixStream::pair().unwrap();
        let before = clock::monotonic();
        wait(&[reader.as_fd()], Duration::from_millis(20));
        let waited = clock::monotonic().saturating_sub(before).0;
        assert!(waited >= 20_000_000, "{waited}");
        writer.write_all(b"x").unwrap();
        wait(&[reader.as_fd()], Duration::from_secs(3600));
        let (silent, _other) = UnixStream::pair().unwrap();
        let wanted = [urgent(&silent), readable(&reader), readable(&silent)];
        let came = wait_for_any(&wanted, Duration::from_secs(3600));
        assert_eq!(came, [false, true, false]);
    }
}
