//! Files that somebody owns outside their home: given to somebody else, given back, or deleted.
//!
//! Every file is held by a descriptor while its owner is looked at and changed, so that nobody
//! can put another in its place; only what still belongs to the expected owner is touched.

use std::collections::HashSet;
use std::ffi::CStr;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Stat, Uid, fstat, openat, unlinkat};
use rustix::io::Errno;

use crate::base::units::Bytes;
use crate::host::durable;
use crate::host::patience::within;
use crate::host::root::Root;
use crate::host::walk::{self, Apart, Entry, Mounts, Visitor};
use crate::plan::advance::{Doing, Tell};

use super::ActionError;
use super::meter::Meter;
use super::record::{self, Given, Record};

mod stays;

use stays::Stays;

/// Whose files these are is who runs them: they are never given away.
const SPOOLS: [&str; 2] = ["/var/spool/cron/", "/var/spool/at/"];
/// More files than this are nobody's work: giving them would fill the disk with the record.
const MOST: u64 = 5_000_000;
/// So long may all their paths be together, and one of them.
const MOST_OF_PATHS: usize = 1 << 30;
const LONGEST: usize = 4096;
/// How long it may take to find out where a home is.
const A_LOOK: Duration = Duration::from_secs(10);

/// Gives everything of an owner to another one.
///
/// # Errors
/// When files stay what they were: the first are named. Otherwise tells what was left alone.
pub(super) fn give(
    root: &Root,
    (from, to): ((u32, u32), (u32, u32)),
    except: &str,
    record: &str,
    tell: &mut Tell<'_>,
) -> Result<Vec<String>, ActionError> {
    if from.0 == 0 {
        return Err(ActionError::Other(
            "files of uid 0 are never given away".to_owned(),
        ));
    }
    let mut meter = Meter::new(tell);
    meter.begins(Doing::Finding, None);
    let mut finder = Finder {
        from,
        to,
        record: Record::open(root, record)?,
        found: 0,
        paths: 0,
        seen: HashSet::new(),
        failed: None,
        stays: Stays::default(),
        meter: &mut meter,
    };
    let _ = walk::everywhere(root, &Mounts::of(root), &apart(root, except)?, &mut finder);
    if let Some(error) = finder.failed {
        return Err(error);
    }
    // Nothing is given before all of it is written down.
    finder.record.write()?;
    let mut stays = finder.stays;
    let all = record::read(root, record)?;
    meter.begins(Doing::Giving, Some((all.len() as u64, Bytes(0))));
    for (number, given) in (1..).zip(&all) {
        if let Err(why) = turn(root, given, given.from, given.to) {
            stays.adds(&given.path(), why);
        }
        // It is beyond the point of no return: nothing stops it.
        let _ = meter.is_at(number, Bytes(0));
    }
    stays.end("given away")
}

/// Gives everything in a record back.
///
/// # Errors
/// When files that could be given back stay with their new owner; the record stays with them.
pub(super) fn give_back(root: &Root, record: &str, tell: &mut Tell<'_>) -> Result<(), ActionError> {
    let all = record::read(root, record)?;
    let mut meter = Meter::new(tell);
    meter.begins(Doing::Giving, Some((all.len() as u64, Bytes(0))));
    let mut stays = Stays::default();
    for (number, given) in (1..).zip(&all) {
        if let Err(why) = turn(root, given, given.to, given.from) {
            stays.adds(&given.path(), why);
        }
        let _ = meter.is_at(number, Bytes(0));
    }
    let _ = stays.end("given back")?;
    Ok(durable::remove(root, record)?)
}

/// Changes the owner of one file that is still the same, still there, and still whose it was;
/// one that is not is passed over.
fn turn(root: &Root, given: &Given, from: (u32, u32), to: (u32, u32)) -> Result<(), Errno> {
    let file = match held(root, &given.path()) {
        Ok(file) => file,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
        Err(why) => return Err(why),
    };
    let before = fstat(&file)?;
    if before.st_ino != given.inode || before.st_uid != from.0 {
        return Ok(());
    }
    let gid = if before.st_gid == from.1 {
        to.1
    } else {
        before.st_gid
    };
    let owner = (Uid::from_raw(to.0), Gid::from_raw(gid));
    match rustix::fs::chownat(
        &file,
        c"",
        Some(owner.0),
        Some(owner.1),
        AtFlags::EMPTY_PATH,
    ) {
        // A snapshot: what was cannot be changed.
        Err(Errno::ROFS) => return Ok(()),
        other => other?,
    }
    let after = fstat(&file)?;
    // The kernel takes these bits away; a program must never run as the new owner.
    let is_program = FileType::from_raw_mode(after.st_mode).is_file();
    let set_uid = is_program && after.st_mode & 0o4000 != 0 && to.0 != from.0;
    if (after.st_uid, after.st_gid) != (to.0, gid) || set_uid {
        return Err(Errno::IO);
    }
    Ok(())
}

/// A file by its path, name by name, without following a link; itself may be one.
fn held(root: &Root, path: &[u8]) -> Result<OwnedFd, Errno> {
    let begin = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = rustix::fs::open(root.path("/"), begin, Mode::empty())?;
    let mut names = path
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty())
        .peekable();
    while let Some(name) = names.next() {
        let mut flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if names.peek().is_some() {
            flags |= OFlags::DIRECTORY;
        }
        at = openat(&at, name, flags, Mode::empty())?;
    }
    Ok(at)
}

/// What is left alone: the home, and what belongs to containers.
fn apart(root: &Root, home: &str) -> Result<Apart, ActionError> {
    let (host, path) = (root.clone(), home.to_owned());
    let known = within(A_LOOK, move || Apart::of(&host, &path));
    let Some(mut apart) = known else {
        return Err(ActionError::Other(format!(
            "the file system of {home}, which is to be left alone, does not answer"
        )));
    };
    match apart.unknown.take() {
        Some(why) => Err(ActionError::Other(why)),
        None => Ok(apart),
    }
}

/// Writes down what is to be given.
struct Finder<'r, 'm, 'a, 'b> {
    from: (u32, u32),
    to: (u32, u32),
    record: Record<'r>,
    found: u64,
    /// The length of all paths that were written down.
    paths: usize,
    /// Files with several names, which are written down once.
    seen: HashSet<(u64, u64)>,
    failed: Option<ActionError>,
    stays: Stays,
    meter: &'m mut Meter<'a, 'b>,
}

impl Finder<'_, '_, '_, '_> {
    /// Whether something of theirs is to be given; says what is not.
    fn takes(&mut self, entry: &Entry<'_>) -> bool {
        if entry.path.len() > LONGEST {
            self.stays.adds(entry.path, "its path is too long");
            return false;
        }
        if protects(entry) {
            let why = "where everybody may put files it could lead its new owner astray";
            self.stays.leaves(entry.path, why);
            return false;
        }
        let stat = entry.stat;
        entry.kind().is_dir() || stat.st_nlink < 2 || self.seen.insert((stat.st_dev, stat.st_ino))
    }

    fn counts(&mut self, entry: &Entry<'_>) -> Result<(), ActionError> {
        self.found += 1;
        self.paths += entry.path.len();
        if self.found <= MOST && self.paths <= MOST_OF_PATHS {
            return Ok(());
        }
        Err(ActionError::Other(format!(
            "uid {} owns more than {} files outside the home, too many to be written down: none \
             was given; delete some of them by hand, then `benchwarden finish` does the rest",
            self.from.0,
            self.found - 1
        )))
    }
}

/// Whether the kernel keeps others from being led by this link, pipe or socket as long as it has
/// the owner that it has, as in `/tmp`. One with several names may have one there.
fn protects(entry: &Entry<'_>) -> bool {
    let kind = entry.kind();
    if !(kind.is_symlink() || kind.is_fifo() || kind.is_socket()) {
        return false;
    }
    let everybody = fstat(entry.dir).is_ok_and(|dir| dir.st_mode & 0o1002 == 0o1002);
    everybody || entry.stat.st_nlink > 1
}

impl Visitor for Finder<'_, '_, '_, '_> {
    fn see(&mut self, entry: &Entry<'_>) -> ControlFlow<()> {
        let spool = SPOOLS
            .iter()
            .any(|dir| entry.path.starts_with(dir.as_bytes()));
        if entry.stat.st_uid != self.from.0 || spool {
            return ControlFlow::Continue(());
        }
        if !self.takes(entry) {
            return ControlFlow::Continue(());
        }
        let gid = entry.stat.st_gid;
        let new_gid = if gid == self.from.1 { self.to.1 } else { gid };
        let given = Given::new(
            entry.path,
            entry.stat.st_ino,
            (self.from.0, gid),
            (self.to.0, new_gid),
        );
        if let Err(error) = self.counts(entry).and_then(|()| self.record.add(&given)) {
            self.failed = Some(error);
            return ControlFlow::Break(());
        }
        let _ = self.meter.is_at(self.found, Bytes(0));
        ControlFlow::Continue(())
    }

    fn cannot(&mut self, path: &[u8], owner: Option<u32>, why: Errno) {
        self.stays.cannot(path, (owner, self.from.0), why);
    }
}

/// Deletes everything of an owner. Directories that are not empty then stay.
///
/// # Errors
/// When something else stays: the first are named. Otherwise tells what was left alone.
pub(super) fn delete(
    root: &Root,
    uid: u32,
    except: &str,
    tell: &mut Tell<'_>,
) -> Result<Vec<String>, ActionError> {
    if uid == 0 {
        return Err(ActionError::Other(
            "files of uid 0 are never deleted".to_owned(),
        ));
    }
    let mut meter = Meter::new(tell);
    meter.begins(Doing::Deleting, None);
    let mut deleter = Deleter {
        uid,
        deleted: 0,
        bytes: Bytes(0),
        inodes: HashSet::new(),
        stays: Stays::default(),
        meter: &mut meter,
    };
    let _ = walk::everywhere(root, &Mounts::of(root), &apart(root, except)?, &mut deleter);
    deleter.stays.end("deleted")
}

struct Deleter<'m, 'a, 'b> {
    uid: u32,
    deleted: u64,
    bytes: Bytes,
    inodes: HashSet<(u64, u64)>,
    stays: Stays,
    meter: &'m mut Meter<'a, 'b>,
}

impl Visitor for Deleter<'_, '_, '_> {
    fn see(&mut self, entry: &Entry<'_>) -> ControlFlow<()> {
        if entry.stat.st_uid != self.uid {
            return ControlFlow::Continue(());
        }
        match unlink(entry.dir, entry.name, entry.stat) {
            Ok(true) => {
                self.deleted += 1;
                let stat = entry.stat;
                if entry.kind().is_file() && self.inodes.insert((stat.st_dev, stat.st_ino)) {
                    self.bytes += Bytes(u64::try_from(stat.st_size).unwrap_or_default());
                }
            }
            Ok(false) => {}
            Err(why) => self.stays.adds(entry.path, why),
        }
        let _ = self.meter.is_at(self.deleted, self.bytes);
        ControlFlow::Continue(())
    }

    fn cannot(&mut self, path: &[u8], owner: Option<u32>, why: Errno) {
        self.stays.cannot(path, (owner, self.uid), why);
    }
}

/// Deletes an entry that is still what it was when its owner was looked at; tells whether it went.
fn unlink(dir: impl AsFd, name: &CStr, known: &Stat) -> Result<bool, Errno> {
    let now = match rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(false),
        other => other?,
    };
    if (now.st_dev, now.st_ino, now.st_uid) != (known.st_dev, known.st_ino, known.st_uid) {
        return Ok(false);
    }
    let flags = if FileType::from_raw_mode(now.st_mode).is_dir() {
        AtFlags::REMOVEDIR
    } else {
        AtFlags::empty()
    };
    match unlinkat(&dir, name, flags) {
        Ok(()) => match rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(true),
            // Somebody made another one of that name.
            Ok(other) if other.st_ino != now.st_ino => Ok(true),
            _ => Err(Errno::IO),
        },
        // It holds other people's files; a snapshot keeps what was.
        Err(Errno::NOTEMPTY | Errno::EXIST | Errno::ROFS | Errno::NOENT) => Ok(false),
        Err(why) => Err(why),
    }
}

#[cfg(test)]
mod tests;
