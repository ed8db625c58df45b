//! A home in one file: `tar(1)` with ownership, ACLs and extended attributes, compressed here, and
//! compared with the tree before anybody may delete that.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use crate::host::command::{self, Feed};
use crate::host::durable;
use crate::host::root::Root;

use super::ActionError;

/// A large home on a slow disk; who waits can see how far it is, and stop.
const AT_MOST: Duration = Duration::from_secs(24 * 3600);
/// A good deal for the time it takes.
const LEVEL: i32 = 3;

/// Packs a tree and compares the archive with it.
///
/// # Errors
/// When it cannot be packed, or the archive is not what is there: then no archive is left.
pub(super) fn pack(root: &Root, tree: &str, file: &str) -> Result<(), ActionError> {
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
    let name = format!("./{name}");
    let target = root.path(file);
    let mut partial = target.clone().into_os_string();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    // One that a power cut left here is nobody's.
    let _ = rustix::fs::unlink(&partial);
    let packed = write(&tar, parent, &name, &partial)
        .and_then(|()| compare(&tar, parent, &partial))
        .and_then(|()| {
            let cwd = rustix::fs::CWD;
            let flags = rustix::fs::RenameFlags::NOREPLACE;
            Ok(rustix::fs::renameat_with(
                cwd, &partial, cwd, &target, flags,
            )?)
        });
    if packed.is_err() {
        // It is no archive of anything.
        let _ = rustix::fs::unlink(&partial);
    }
    packed.map_err(|error| failed(error.to_string()))?;
    durable::sync_file_system(root, file);
    Ok(())
}

const KEPT: [&str; 4] = [
    "--acls",
    "--xattrs",
    "--xattrs-include=*",
    "--numeric-owner",
];

fn write(tar: &str, parent: &str, name: &str, to: &Path) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(to, flags, Mode::RUSR | Mode::WUSR)?);
    let mut packer = zstd::Encoder::new(file, LEVEL)?;
    let mut args = vec!["--create", "--one-file-system", "--file=-", "-C", parent];
    args.extend(KEPT);
    args.extend(["--", name]);
    let said = command::pipe_from(tar, &args, AT_MOST, |out| {
        io::copy(out, &mut packer).map(drop)
    })?;
    ended_well("tar", &said)?;
    let mut file = packer.finish()?;
    file.flush()?;
    file.sync_all()
}

fn compare(tar: &str, parent: &str, archive: &Path) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(archive, flags, Mode::empty())?);
    let mut unpacker = zstd::Decoder::new(file)?;
    let mut args = vec!["--compare", "--file=-", "-C", parent];
    args.extend(KEPT);
    let feed: Feed<'_> = Box::new(move |input| copy_all(&mut unpacker, input));
    let said = command::pipe_into(tar, &args, AT_MOST, feed)?;
    ended_well("the comparison", &said)
}

/// To the end, whatever the reader still wants of it: the end has to be whole as well.
fn copy_all(from: &mut dyn Read, to: &mut dyn io::Write) -> io::Result<()> {
    match io::copy(from, to) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            io::copy(from, &mut io::sink()).map(drop)
        }
        other => other.map(drop),
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
