//! A new content beside the old one, gone again unless it took its place.

use std::fmt::Write as _;
use std::io::Write as _;

use rustix::fs::{AtFlags, Mode, OFlags, fsync, unlinkat};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::home::open_in;
use super::keys::{FILE, SshDir};
use super::refusal::Refusal;

/// A file written and on disk, under a name of its own.
pub(super) struct Staged<'a> {
    ssh: &'a SshDir,
    name: String,
    placed: bool,
}

impl<'a> Staged<'a> {
    /// Writes a new file that only its owner can read.
    pub(super) fn write(ssh: &'a SshDir, content: &[u8]) -> Result<Self, Refusal> {
        let failed = |doing: &str, errno| Refusal::of(doing, &ssh.file(), errno);
        let name = fresh_name().map_err(|errno| failed("name a new", errno))?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let file = open_in(&ssh.dir, &name, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|errno| failed("create a new", errno))?;
        // From here on the file is removed when this is dropped.
        let staged = Self {
            ssh,
            name,
            placed: false,
        };
        let mut file = std::fs::File::from(file);
        file.write_all(content).map_err(|error| {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            failed("write a new", errno)
        })?;
        fsync(&file).map_err(|errno| failed("bring to disk a new", errno))?;
        Ok(staged)
    }

    /// Takes the file's place, if what is there has the digest `expected` to this moment.
    pub(super) fn commit(mut self, expected: Option<&str>) -> Result<(), Refusal> {
        self.ssh.is_still(expected)?;
        self.ssh.rename(&self.name)?;
        self.placed = true;
        Ok(())
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.placed {
            // Nobody is left to tell, and it holds nothing but a copy.
            let _ = unlinkat(&self.ssh.dir, &self.name, AtFlags::empty());
        }
    }
}

/// A name that nobody can have taken beforehand.
fn fresh_name() -> Result<String, Errno> {
    let mut random = [0u8; 8];
    getrandom(&mut random, GetRandomFlags::empty())?;
    let mut name = format!(".{FILE}.benchwarden-");
    for byte in random {
        let _ = write!(name, "{byte:02x}");
    }
    Ok(name)
}
