//! `.ssh/authorized_keys` of one home, read and replaced without following anything.
//!
//! A new content is written beside the old, brought to disk, and takes its place by one rename,
//! so sshd sees the one or the other. Whatever goes wrong, nothing of it is left behind.

use std::io::Read as _;
use std::os::fd::OwnedFd;

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Stat, fstat, fsync, mkdirat, renameat, statat, unlinkat,
};
use rustix::io::Errno;

use super::home::{
    Home, kind, kind_name, link, not_writable_by_others, open_in, owned, owned_directory,
    permissions, why_not,
};
use super::refusal::Refusal;
use super::request::{Content, Keys};
use super::staged::Staged;
use crate::base::digest::sha256_hex;

/// The directory, as `sshd_config(5)` has it by default.
const DIRECTORY: &str = ".ssh";
/// The file in it.
pub(super) const FILE: &str = "authorized_keys";
/// No list of keys is larger.
pub(super) const FILE_BYTES: u64 = 1 << 20;

/// Reads the keys of a home.
pub(super) fn read(home: &Home) -> Result<Keys, Refusal> {
    let ssh = SshDir::open(home)?;
    let file = ssh.as_ref().map(SshDir::read).transpose()?.flatten();
    Ok(Keys {
        home_mode: home.mode,
        ssh_mode: ssh.map(|dir| dir.mode),
        file_mode: file.as_ref().map(|(mode, _)| *mode),
        content: file.map(|(_, content)| Content(content)),
    })
}

/// Puts `content` in the place of what has the digest `expected`; `None` is no file.
pub(super) fn write(
    home: &Home,
    expected: Option<&str>,
    content: Option<&[u8]>,
) -> Result<(), Refusal> {
    let place = home.place(DIRECTORY);
    if content.is_some_and(|bytes| bytes.len() as u64 > FILE_BYTES) {
        return Err(Refusal::TooBig {
            place: format!("{place}/{FILE}"),
            max: FILE_BYTES,
        });
    }
    if let Some(ssh) = SshDir::open(home)? {
        return ssh.replace(expected, content);
    }
    let Some(content) = content else {
        return match expected {
            None => Ok(()),
            Some(_) => Err(Refusal::Changed { place }),
        };
    };
    match mkdirat(&home.dir, DIRECTORY, Mode::RWXU) {
        // Somebody was faster; what they made is looked at like any other.
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(Refusal::of("create", &place, errno)),
    }
    let written = match SshDir::open(home) {
        Ok(Some(ssh)) => ssh.replace(expected, Some(content)),
        Ok(None) => Err(Refusal::Vanished { place }),
        Err(why) => Err(why),
    };
    if written.is_err() {
        // It was not there before; should anything be in it by now, it stays.
        let _ = unlinkat(&home.dir, DIRECTORY, AtFlags::REMOVEDIR);
    } else if let Ok(dir) = open_in(
        &home.dir,
        ".",
        OFlags::RDONLY | OFlags::DIRECTORY,
        Mode::empty(),
    ) {
        let _ = fsync(dir);
    }
    written
}

/// `.ssh`, open.
pub(super) struct SshDir {
    pub(super) dir: OwnedFd,
    /// Its path, for messages.
    pub(super) place: String,
    owner: u32,
    mode: u32,
}

impl SshDir {
    pub(super) fn open(home: &Home) -> Result<Option<Self>, Refusal> {
        let place = home.place(DIRECTORY);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
        let dir = match open_in(&home.dir, DIRECTORY, flags, Mode::empty()) {
            Ok(dir) => dir,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(why_not(&home.dir, DIRECTORY, &place, errno)),
        };
        let stat = fstat(&dir).map_err(|errno| Refusal::of("look at", &place, errno))?;
        owned_directory(&stat, &place, home.owner)?;
        Ok(Some(Self {
            dir,
            place,
            owner: home.owner,
            mode: permissions(&stat),
        }))
    }

    /// The path of the file, for messages.
    pub(super) fn file(&self) -> String {
        format!("{}/{FILE}", self.place)
    }

    /// The file's permission bits and content; `None` when there is none.
    pub(super) fn read(&self) -> Result<Option<(u32, Vec<u8>)>, Refusal> {
        let place = self.file();
        let failed = |errno| Refusal::of("read", &place, errno);
        // A look before opening: to open a device may already be an act.
        match statat(&self.dir, FILE, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => self.acceptable(&stat)?,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(failed(errno)),
        }
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = match open_in(&self.dir, FILE, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(why_not(&self.dir, FILE, &place, errno)),
        };
        // It may have been replaced since the look.
        let stat = fstat(&file).map_err(failed)?;
        self.acceptable(&stat)?;
        let mut content = Vec::new();
        let read = std::fs::File::from(file)
            .take(FILE_BYTES + 1)
            .read_to_end(&mut content);
        read.map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
        if content.len() as u64 > FILE_BYTES {
            return Err(self.too_big());
        }
        Ok(Some((permissions(&stat), content)))
    }

    /// Puts `content` in the place of what has the digest `expected`.
    fn replace(&self, expected: Option<&str>, content: Option<&[u8]>) -> Result<(), Refusal> {
        not_writable_by_others(self.mode, &self.place)?;
        self.is_still(expected)?;
        match content {
            Some(content) => Staged::write(self, content)?.commit(expected)?,
            None => self.remove(expected)?,
        }
        let found = self.read()?.map(|(_, found)| found);
        if found.as_deref() == content {
            Ok(())
        } else {
            Err(Refusal::NotKept { place: self.file() })
        }
    }

    /// Whether the file is what the change was decided on, and nobody else could have made it so.
    pub(super) fn is_still(&self, expected: Option<&str>) -> Result<(), Refusal> {
        let found = self.read()?;
        let digest = found.as_ref().map(|(_, content)| sha256_hex(content));
        if digest.as_deref() != expected {
            return Err(Refusal::Changed { place: self.file() });
        }
        // To replace it by a file that sshd trusts would vouch for what others wrote.
        found.map_or(Ok(()), |(mode, _)| {
            not_writable_by_others(mode, &self.file())
        })
    }

    fn remove(&self, expected: Option<&str>) -> Result<(), Refusal> {
        if expected.is_none() {
            return Ok(());
        }
        unlinkat(&self.dir, FILE, AtFlags::empty())
            .map_err(|errno| Refusal::of("remove", &self.file(), errno))?;
        self.sync()
    }

    /// Takes the place of the file by one rename.
    pub(super) fn rename(&self, from: &str) -> Result<(), Refusal> {
        renameat(&self.dir, from, &self.dir, FILE)
            .map_err(|errno| Refusal::of("replace", &self.file(), errno))?;
        self.sync()
    }

    fn sync(&self) -> Result<(), Refusal> {
        match fsync(&self.dir) {
            // File systems that keep no directories of their own cannot do this.
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP) => Ok(()),
            Err(errno) => Err(Refusal::of("bring to disk", &self.place, errno)),
        }
    }

    fn acceptable(&self, stat: &Stat) -> Result<(), Refusal> {
        let place = self.file();
        match kind(stat) {
            FileType::RegularFile => {}
            FileType::Symlink => return Err(link(&self.dir, FILE, &place)),
            other => {
                let kind = kind_name(other).to_owned();
                return Err(Refusal::NotAFile { place, kind });
            }
        }
        owned(stat, &place, self.owner)?;
        let links = stat.st_nlink;
        if links > 1 {
            return Err(Refusal::HardLinked { place, links });
        }
        if u64::try_from(stat.st_size).is_ok_and(|size| size > FILE_BYTES) {
            return Err(self.too_big());
        }
        Ok(())
    }

    fn too_big(&self) -> Refusal {
        Refusal::TooBig {
            place: self.file(),
            max: FILE_BYTES,
        }
    }
}
