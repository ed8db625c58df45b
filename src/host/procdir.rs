//! Files of `/proc/PID`, at the least cost: relative to a directory that is kept open, with no
//! allocation, in one open, one read and one close.

use std::io::Write as _;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Mode, OFlags, open, openat, statat};

use crate::base::id::{Pid, Uid};

use super::root::Root;

/// Room for any pid and the longest name asked for.
const PATH: usize = 40;
/// The kernel writes each of these files in one go, and none of them is longer.
const ROOM: usize = 4096;
/// Longer ones are read in such pieces, nearly always one.
const LONG: usize = 16 << 10;

/// `/proc`, kept open.
#[derive(Debug)]
pub(super) struct ProcDir {
    dir: Option<OwnedFd>,
}

impl ProcDir {
    pub(super) fn new(root: &Root) -> Self {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Self {
            dir: open(root.path("/proc"), flags, Mode::empty()).ok(),
        }
    }

    /// Reads a file of a process; tells whether it was there and could be read.
    pub(super) fn read(&self, pid: Pid, file: &str, bytes: &mut Vec<u8>) -> bool {
        let mut room = [0; PATH];
        let (Some(dir), Some(path)) = (&self.dir, path(&mut room, pid, file)) else {
            return false;
        };
        bytes.resize(ROOM, 0);
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let read = openat(dir, path, flags, Mode::empty())
            .and_then(|file| rustix::io::read(&file, &mut bytes[..]));
        bytes.truncate(read.unwrap_or(0));
        read.is_ok_and(|length| length > 0)
    }

    /// The same of a file that may be longer: `status`, with its list of groups.
    pub(super) fn read_long(&self, pid: Pid, file: &str, bytes: &mut Vec<u8>) -> bool {
        let mut room = [0; PATH];
        bytes.clear();
        let (Some(dir), Some(path)) = (&self.dir, path(&mut room, pid, file)) else {
            return false;
        };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let Ok(file) = openat(dir, path, flags, Mode::empty()) else {
            return false;
        };
        loop {
            let begin = bytes.len();
            bytes.resize(begin + LONG, 0);
            let read = rustix::io::read(&file, &mut bytes[begin..]);
            let length = read.unwrap_or(0);
            bytes.truncate(begin + length);
            // What is shorter than there is room was all of it.
            if length < LONG {
                return read.is_ok() && !bytes.is_empty();
            }
        }
    }

    /// Who owns the directory of a process: its effective uid, or root where it hides its memory.
    pub(super) fn owner(&self, pid: Pid) -> Option<Uid> {
        let mut room = [0; PATH];
        let path = path(&mut room, pid, "")?;
        let stat = statat(self.dir.as_ref()?, path, AtFlags::empty()).ok()?;
        Some(Uid(stat.st_uid))
    }
}

/// `PID/file` in a buffer.
fn path<'a>(room: &'a mut [u8; PATH], pid: Pid, file: &str) -> Option<&'a str> {
    let mut rest = &mut room[..];
    write!(rest, "{pid}/{file}").ok()?;
    let length = PATH - rest.len();
    std::str::from_utf8(&room[..length]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_files_are_read_and_those_of_nobody_are_not() {
        let proc = ProcDir::new(&Root::live());
        let (own, nobody) = (Pid(std::process::id()), Pid(u32::MAX));
        let mut bytes = Vec::new();
        assert!(proc.read(own, "statm", &mut bytes) && bytes.ends_with(b"\n"));
        assert!(!proc.read(nobody, "statm", &mut bytes) && bytes.is_empty());
        assert!(proc.read_long(own, "status", &mut bytes) && bytes.starts_with(b"Name:"));
        assert!(!proc.read_long(nobody, "status", &mut bytes) && bytes.is_empty());
        assert!(proc.owner(own).is_some() && proc.owner(nobody).is_none());
    }
}
