//! Waiting for whatever comes first.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Waits until one of these has something to be read, or has ended, or the time is over.
pub fn wait(fds: &[BorrowedFd<'_>], at_most: Duration) {
    let mut fds: Vec<PollFd<'_>> = fds
        .iter()
        .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
        .collect();
    let timeout = Timespec {
        tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: at_most.subsec_nanos().into(),
    };
    // An interrupted wait is one that came to its end.
    let _ = poll(&mut fds, Some(&timeout));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
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
    }
}
