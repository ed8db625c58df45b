//! A home in one file: `tar(1)` with ownership, ACLs and extended attributes, compressed here, and
//! compared with the tree before anybody may delete that.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::base::units::Bytes;
use crate::host::clock;
use crate::host::command::{self, Feed};
use crate::host::durable;
use crate::host::root::Root;
use crate::host::walk::{self, Apart, Entry, Mounts, Visitor};
use crate::plan::advance::{Doing, Tell};

use super::ActionError;
use super::meter::{Meter, STOPPED};
use super::tar_stream::TarStream;

/// A large home on a slow disk; who waits can see how far it is, and stop.
const AT_MOST: Duration = Duration::from_secs(24 * 3600);
/// A good deal for the time it takes.
const LEVEL: i32 = 3;
/// What is copied at once.
const ROOM: usize = 128 << 10;

/// Packs a tree and compares the archive with it.
///
/// # Errors
/// When it cannot be packed, when the archive is not what is there, or when it was stopped: then
/// no archive is left.
pub(super) fn pack(
    root: &Root,
    tree: &str,
    file: &str,
    tell: &mut Tell<'_>,
) -> Result<(), ActionError> {
    let failed = |why: String| ActionError::Other(format!("cannot pack {tree}: {why}"));
    let Some(tar) = root.find_executable("tar") else {
        return Err(failed(
            "there is no tar on this host; install it".to_owned(),
        ));
    };
    let (parent, name) = tree
        .rsplit_once('/')
        .filter(|(parent, name)| !parent.is_empty() && !name.is_empty())
        .ok_or_else(|| failed("it is no path of a home".to_owned()))?;
    let place = (root.path(parent), format!("./{name}"));
    let target = root.path(file);
    let mut partial = target.clone().into_os_string();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    // One that a power cut left here is nobody's.
    let _ = rustix::fs::unlink(&partial);
    let mut meter = Meter::new(tell);
    let packed = count(root, tree, &mut meter).and_then(|all| {
        let (file, entries) = write(&tar, &place, &partial, (&mut meter, all))?;
        let compared = compare(&tar, &place.0, &file, (&mut meter, all))?;
        if compared != entries {
            return Err(io::Error::other(format!(
                "{entries} entries were packed, and {compared} compared"
            )));
        }
        is_still(&partial, &file)?;
        let cwd = rustix::fs::CWD;
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        Ok(rustix::fs::renameat_with(
            cwd, &partial, cwd, &target, flags,
        )?)
    });
    if let Err(error) = packed {
        // It is no archive of anything.
        let _ = rustix::fs::unlink(&partial);
        return Err(match meter.is_stopped() {
            true => ActionError::Other(format!(
                "{STOPPED}; what was packed is removed, {tree} is untouched"
            )),
            false => failed(error.to_string()),
        });
    }
    durable::sync_file_system(root, file);
    Ok(())
}

/// How much there is to pack.
fn count(root: &Root, tree: &str, meter: &mut Meter<'_, '_>) -> io::Result<(u64, Bytes)> {
    let mut counted = Counted {
        // The directory itself is packed too.
        files: 1,
        bytes: Bytes(0),
        linked: HashSet::new(),
        meter,
        stopped: None,
    };
    let mounts = Mounts::of(root);
    // What cannot be looked at is tar's to complain of.
    let _ = walk::tree(
        root,
        (&mounts, &Apart::default()),
        tree.as_bytes(),
        &mut counted,
    );
    match counted.stopped {
        Some(stopped) => Err(stopped),
        None => Ok((counted.files, counted.bytes)),
    }
}

struct Counted<'m, 'a, 'b> {
    files: u64,
    bytes: Bytes,
    linked: HashSet<(u64, u64)>,
    meter: &'m mut Meter<'a, 'b>,
    stopped: Option<io::Error>,
}

impl Visitor for Counted<'_, '_, '_> {
    fn see(&mut self, entry: &Entry<'_>) -> ControlFlow<()> {
        let stat = entry.stat;
        self.files += 1;
        let again = stat.st_nlink > 1 && !self.linked.insert((stat.st_dev, stat.st_ino));
        if entry.kind().is_file() && !again {
            self.bytes += Bytes(u64::try_from(stat.st_size).unwrap_or_default());
        }
        match self.meter.is_at(self.files, self.bytes) {
            Ok(()) => ControlFlow::Continue(()),
            Err(stopped) => {
                self.stopped = Some(stopped);
                ControlFlow::Break(())
            }
        }
    }

    fn cannot(&mut self, _: &[u8], _: Option<u32>, _: Errno) {}
}

const KEPT: [&str; 4] = [
    "--acls",
    "--xattrs",
    "--xattrs-include=*",
    "--numeric-owner",
];

/// The meter, and how much there is in all.
type Metered<'m, 'a, 'b> = (&'m mut Meter<'a, 'b>, (u64, Bytes));

fn write(
    tar: &str,
    (parent, name): &(PathBuf, String),
    to: &Path,
    (meter, all): Metered<'_, '_, '_>,
) -> io::Result<(File, u64)> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(to, flags, Mode::RUSR | Mode::WUSR)?);
    let mut packer = zstd::Encoder::new(file, LEVEL)?;
    let mut entries = 0;
    let parent = text(parent)?;
    // Holes are not packed: a file of nothing but holes may be larger than any disk.
    let kind = ["--create", "--format=posix", "--sparse"];
    let mut args = kind.to_vec();
    args.extend(["--one-file-system", "--file=-", "-C", parent]);
    args.extend(KEPT);
    args.extend(["--", name]);
    meter.begins(Doing::Packing, Some(all));
    let sink = |out: &mut dyn Read| {
        entries = copy(out, &mut packer, meter)?;
        Ok(())
    };
    let said = command::pipe_from(tar, &args, AT_MOST, sink)?;
    ended_well("tar", &said)?;
    let mut file = packer.finish()?;
    file.flush()?;
    file.sync_all()?;
    Ok((file, entries))
}

/// That the name still leads to the file that was written and compared: nobody may delete a home
/// for another one.
fn is_still(name: &Path, file: &File) -> io::Result<()> {
    let (ours, there) = (rustix::fs::fstat(file)?, rustix::fs::lstat(name)?);
    if (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino) {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{} was replaced by somebody while it was written; use a directory that only root may \
         write to",
        name.display()
    )))
}

fn compare(
    tar: &str,
    parent: &Path,
    archive: &File,
    (meter, all): Metered<'_, '_, '_>,
) -> io::Result<u64> {
    let mut file = archive.try_clone()?;
    file.rewind()?;
    let mut entries = 0;
    let mut unpacker = zstd::Decoder::new(file)?;
    let mut args = vec!["--compare", "--file=-", "-C", text(parent)?];
    args.extend(KEPT);
    meter.begins(Doing::Comparing, Some(all));
    let feed: Feed<'_> = Box::new(|input| {
        entries = copy(&mut unpacker, input, meter)?;
        Ok(())
    });
    let said = command::pipe_into(tar, &args, AT_MOST, feed)?;
    ended_well("the comparison", &said)?;
    Ok(entries)
}

fn text(path: &Path) -> io::Result<&str> {
    path.to_str()
        .ok_or_else(|| io::Error::other("its path is no text"))
}

/// To the end, whatever the reader still wants of it: the end has to be whole as well. Tells how
/// many entries passed.
fn copy(from: &mut dyn Read, to: &mut dyn io::Write, meter: &mut Meter<'_, '_>) -> io::Result<u64> {
    let until = clock::after(AT_MOST);
    let mut tar = TarStream::default();
    let mut room = vec![0; ROOM];
    let mut wanted = true;
    loop {
        let length = match from.read(&mut room) {
            Ok(0) => return Ok(tar.files),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = &room[..length];
        if wanted {
            match to.write_all(bytes) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => wanted = false,
                other => other?,
            }
        }
        tar.takes(bytes);
        meter.is_at(tar.files, Bytes(tar.bytes))?;
        if clock::monotonic() > until {
            return Err(io::Error::other(format!(
                "it takes longer than {AT_MOST:?}"
            )));
        }
    }
}

fn ended_well(what: &str, said: &command::Output) -> io::Result<()> {
    if said.code == Some(0) {
        return Ok(());
    }
    let mut told = String::from_utf8_lossy(&said.stderr).into_owned();
    told.push_str(&String::from_utf8_lossy(&said.stdout));
    let told = crate::base::text::printable(told.trim().as_bytes(), 300);
    Err(io::Error::other(format!(
        "{what} found differences or failed: {told}"
    )))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;
    use crate::plan::advance::Advance;

    fn host() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        for name in ["proc", "usr/bin", "srv", "home/ada/deep"] {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        // Executable is what a file has to be; which tar runs is the machine's own.
        std::os::unix::fs::symlink("/usr/bin/tar", dir.path().join("usr/bin/tar")).unwrap();
        for number in 0..40 {
            let file = dir.path().join(format!("home/ada/deep/{number}"));
            std::fs::write(file, vec![b'x'; 10_000]).unwrap();
        }
        let root = Root::fixture(dir.path()).unwrap();
        (dir, root)
    }

    fn names(dir: &tempfile::TempDir, of: &str) -> usize {
        std::fs::read_dir(dir.path().join(of)).unwrap().count()
    }

    #[test]
    fn a_home_is_packed_compared_and_left_alone() {
        let (dir, root) = host();
        let mut tell = |_: Advance| ControlFlow::Continue(());
        pack(&root, "/home/ada", "/srv/ada.tar.zst", &mut tell).unwrap();
        assert_eq!((names(&dir, "srv"), names(&dir, "home/ada/deep")), (1, 40));
        let packed = std::fs::read(dir.path().join("srv/ada.tar.zst")).unwrap();
        let mut tar = TarStream::default();
        tar.takes(&zstd::decode_all(packed.as_slice()).unwrap());
        assert_eq!((tar.files, tar.bytes), (42, 400_000));
        let mut meter = Meter::new(&mut tell);
        let all = count(&root, "/home/ada", &mut meter).unwrap();
        assert_eq!(all, (42, Bytes(400_000)), "what is told to be all is all");
        let again = pack(&root, "/home/ada", "/srv/ada.tar.zst", &mut tell).unwrap_err();
        assert!(again.to_string().contains("cannot pack"), "{again}");
    }

    #[test]
    fn holes_take_no_room_and_no_entry_is_missed() {
        let (dir, root) = host();
        let sparse = std::fs::File::create(dir.path().join("home/ada/sparse")).unwrap();
        sparse.set_len(1 << 28).unwrap();
        let mut tell = |_: Advance| ControlFlow::Continue(());
        pack(&root, "/home/ada", "/srv/ada.tar.zst", &mut tell).unwrap();
        let packed = std::fs::read(dir.path().join("srv/ada.tar.zst")).unwrap();
        let unpacked = zstd::decode_all(packed.as_slice()).unwrap();
        let mut tar = TarStream::default();
        tar.takes(&unpacked);
        assert_eq!(tar.files, 43);
        assert!(unpacked.len() < 1 << 20, "{}", unpacked.len());
    }

    #[test]
    fn an_archive_that_was_replaced_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let name = dir.path().join("x");
        let file = std::fs::File::create(&name).unwrap();
        is_still(&name, &file).unwrap();
        std::fs::write(dir.path().join("y"), "x").unwrap();
        std::fs::rename(dir.path().join("y"), &name).unwrap();
        let why = is_still(&name, &file).unwrap_err().to_string();
        assert!(why.contains("was replaced"), "{why}");
    }

    #[test]
    fn a_stop_leaves_no_archive_and_every_file() {
        let (dir, root) = host();
        let mut tell = |_: Advance| ControlFlow::Break(());
        let error = pack(&root, "/home/ada", "/srv/ada.tar.zst", &mut tell).unwrap_err();
        assert!(error.to_string().starts_with(STOPPED), "{error}");
        assert_eq!((names(&dir, "srv"), names(&dir, "home/ada/deep")), (0, 40));
        // While it packs, and while it compares.
        for doing in [Doing::Packing, Doing::Comparing] {
            let mut tell = |advance: Advance| match advance.doing == doing {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            pack(&root, "/home/ada", "/srv/ada.tar.zst", &mut tell).unwrap_err();
            assert_eq!((names(&dir, "srv"), names(&dir, "home/ada/deep")), (0, 40));
        }
    }
}
