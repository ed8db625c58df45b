//! What the kernel says of processes that it ended for want of memory, from its own log
//! (`Documentation/ABI/testing/dev-kmsg`): only there stands who that was.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, SeekFrom, open, seek};
use rustix::io::Errno;

use crate::base::id::{Pid, Uid};
use crate::base::text::printable;
use crate::base::units::Bytes;

use super::root::Root;

const KMSG: &str = "/dev/kmsg";
/// The kernel makes no longer record.
const ROOM: usize = 8192;

/// A process that the kernel ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OomKill {
    /// Which.
    pub pid: Pid,
    /// What it was called, cleaned.
    pub name: String,
    /// Whose it was.
    pub uid: Uid,
    /// What only it had in memory, shared memory included.
    pub held: Bytes,
    /// Whether a limit was reached, rather than the end of the host's memory.
    pub limited: bool,
}

/// The kernel's log, from now on.
#[derive(Debug)]
pub struct KernelLog(OwnedFd);

impl KernelLog {
    /// Begins to read it, at its end.
    ///
    /// # Errors
    /// When it is not there, or not for this process.
    pub fn follow(root: &Root) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = open(root.path(KMSG), flags, Mode::empty())?;
        seek(&file, SeekFrom::End(0))?;
        Ok(Self(file))
    }

    /// The next process that was ended; never waits.
    pub fn next(&self) -> Option<OomKill> {
        let mut room = [0; ROOM];
        loop {
            match rustix::io::read(&self.0, &mut room) {
                Ok(length) => {
                    let record = room.get(..length).unwrap_or_default();
                    if let Some(kill) = parse(record) {
                        return Some(kill);
                    }
                }
                // Records that were written over before they were read.
                Err(Errno::PIPE | Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }
}

impl AsFd for KernelLog {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// `PRIORITY,SEQUENCE,TIME,FLAGS;MESSAGE`, and lines that begin with a blank. Only the kernel's
/// own facility counts: root's programs write here too.
fn parse(record: &[u8]) -> Option<OomKill> {
    let text = String::from_utf8_lossy(record);
    let (head, message) = text.lines().next()?.split_once(';')?;
    let priority: u32 = head.split(',').next()?.parse().ok()?;
    if priority >> 3 != 0 {
        return None;
    }
    let (limited, rest) = match message.strip_prefix("Memory cgroup out of memory: ") {
        Some(rest) => (true, rest),
        None => (false, message.strip_prefix("Out of memory: ")?),
    };
    let (pid, rest) = rest.strip_prefix("Killed process ")?.split_once(" (")?;
    // What a process calls itself may look like what follows it.
    let (name, rest) = rest.rsplit_once(") total-vm:")?;
    let kib = |key: &str| -> Option<u64> {
        let (_, rest) = rest.split_once(key)?;
        rest.split("kB").next()?.parse().ok()
    };
    let uid = rest.split_once("UID:")?.1;
    let uid = uid.split(|c: char| !c.is_ascii_digit()).next()?;
    Some(OomKill {
        pid: Pid(pid.parse().ok()?),
        name: printable(name.as_bytes(), 64),
        uid: Uid(uid.parse().ok()?),
        held: Bytes::from_kib(kib("anon-rss:")? + kib("shmem-rss:").unwrap_or(0)),
        limited,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REST: &str = " total-vm:9000kB, anon-rss:2048kB, file-rss:512kB, shmem-rss:1024kB, \
        UID:1001 pgtables:80kB oom_score_adj:0";

    fn record(message: &str) -> Vec<u8> {
        format!("3,812,98765,-;{message}\n SUBSYSTEM=x\n").into_bytes()
    }

    #[test]
    fn a_kill_is_told_with_whose_and_what() {
        let message = format!("Memory cgroup out of memory: Killed process 4711 (rsession){REST}");
        let kill = parse(&record(&message)).unwrap();
        assert_eq!((kill.pid, kill.uid), (Pid(4711), Uid(1001)));
        assert_eq!((kill.name.as_str(), kill.limited), ("rsession", true));
        assert_eq!(kill.held, Bytes(3 << 20));
        let host = format!("Out of memory: Killed process 9 (R){REST}");
        assert!(!parse(&record(&host)).unwrap().limited);
    }

    #[test]
    fn names_are_other_peoples_text_and_other_programs_words_do_not_count() {
        let name = "a) total-vm:1k";
        let message = format!("Out of memory: Killed process 9 ({name}){REST}");
        let kill = parse(&record(&message)).unwrap();
        assert_eq!((kill.name.as_str(), kill.uid), (name, Uid(1001)));
        let forged = format!("13,812,98765,-;{message}\n");
        assert_eq!(parse(forged.as_bytes()), None);
        assert_eq!(parse(&record("usb 1-1: new device")), None);
    }

    proptest! {
        #[test]
        fn no_record_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
            let mut near = record("Out of memory: Killed process 9 (");
            near.extend(bytes);
            let _ = parse(&near);
        }
    }
}
