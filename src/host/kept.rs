//! A small kernel file that is read again and again through one descriptor.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, pread};

use super::root::Root;

/// Most of these files are far smaller; `memory.stat` of new kernels has some 1,600 bytes.
const ROOM: usize = 4096;

/// A file, opened when it is first read.
#[derive(Debug)]
pub(super) struct Kept {
    path: String,
    file: Option<OwnedFd>,
    /// Whether the kernel makes it of many records, so that only an empty reading is its end.
    records: bool,
}

impl Kept {
    /// A file that the kernel writes in one go.
    pub(super) fn new(path: String) -> Self {
        Self {
            path,
            file: None,
            records: false,
        }
    }

    /// A file with a record for each of many things.
    pub(super) fn of_records(path: String) -> Self {
        Self {
            records: true,
            ..Self::new(path)
        }
    }

    /// The file's text as it is now, in the buffer; `None` when it is absent or refused, or its
    /// cgroup has gone.
    pub(super) fn read<'b>(&mut self, root: &Root, buffer: &'b mut Vec<u8>) -> Option<&'b str> {
        let is_kept = self.file.is_some();
        let first = self.fill(root, buffer);
        // What failed was closed: another cgroup of that name may have come in its place.
        let length = first.or_else(|| is_kept.then(|| self.fill(root, buffer))?)?;
        std::str::from_utf8(&buffer[..length]).ok()
    }

    /// Reads all of it; tells how much that is.
    fn fill(&mut self, root: &Root, buffer: &mut Vec<u8>) -> Option<usize> {
        if self.file.is_none() {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            self.file = open(root.path(&self.path), flags, Mode::empty()).ok();
        }
        let file = self.file.as_ref()?;
        // What another file left in it is written over; clearing it would cost as much as reading.
        if buffer.len() < ROOM {
            buffer.resize(ROOM, 0);
        }
        let mut length = 0;
        loop {
            match pread(file, &mut buffer[length..], length as u64) {
                Ok(0) => break,
                Ok(n) => length += n,
                Err(Errno::INTR) => continue,
                Err(_) => {
                    self.file = None;
                    return None;
                }
            }
            if length == buffer.len() {
                buffer.resize(length * 2, 0);
            } else if !self.records {
                break;
            }
        }
        Some(length)
    }

    /// Gives the descriptor back; the next reading opens it again.
    pub(super) fn close(&mut self) {
        self.file = None;
    }
}

/// Raises the number of files this process may keep open to what the kernel allows it.
pub(super) fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Without it fewer descriptors are kept and files are opened anew, which costs time alone.
    let _ = setrlimit(Resource::Nofile, limit);
}
