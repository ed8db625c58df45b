//! Keys in homes of all sorts, worked on with the rights of whoever runs the tests.

#![expect(clippy::disallowed_methods, reason = "traps are made of files")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use tempfile::TempDir;

use super::home::Home;
use super::keys::{SshDir, read, write};
use super::request::Keys;
use super::staged::Staged;
use super::*;
use crate::base::digest::sha256_hex;

mod traps;

const OLD: &[u8] = b"ssh-ed25519 OLD alice\n";
const NEW: &[u8] = b"ssh-ed25519 OLD alice\nssh-ed25519 NEW alice\n";

/// A home, and beside it what must stay as it is.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(place.home()).unwrap();
        fs::create_dir(place.outside()).unwrap();
        fs::write(place.secret(), "root's own").unwrap();
        place
    }

    /// A home with `.ssh/authorized_keys` in it.
    fn with_keys() -> Self {
        let place = Self::new();
        place.make_ssh();
        fs::write(place.file(), OLD).unwrap();
        fs::set_permissions(place.file(), Permissions::from_mode(0o600)).unwrap();
        place
    }

    fn make_ssh(&self) {
        fs::create_dir(self.ssh()).unwrap();
        fs::set_permissions(self.ssh(), Permissions::from_mode(0o700)).unwrap();
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn outside(&self) -> PathBuf {
        self.dir.path().join("outside")
    }

    fn secret(&self) -> PathBuf {
        self.outside().join("secret")
    }

    fn ssh(&self) -> PathBuf {
        self.home().join(".ssh")
    }

    fn file(&self) -> PathBuf {
        self.ssh().join("authorized_keys")
    }

    fn open(&self) -> Home {
        Home::open(self.home().to_str().unwrap(), geteuid().as_raw()).unwrap()
    }

    fn read(&self) -> Result<Keys, Refusal> {
        read(&self.open())
    }

    fn write(&self, before: Option<&[u8]>, after: Option<&[u8]>) -> Result<(), Refusal> {
        write(&self.open(), before.map(sha256_hex).as_deref(), after)
    }

    /// Both jobs are refused for the same reason.
    fn refused(&self) -> Refusal {
        let reason = self.read().unwrap_err();
        assert_eq!(self.write(None, Some(NEW)).unwrap_err(), reason);
        assert_eq!(self.write(Some(OLD), Some(NEW)).unwrap_err(), reason);
        assert_eq!(self.write(Some(OLD), None).unwrap_err(), reason);
        self.nothing_outside_changed();
        reason
    }

    fn nothing_outside_changed(&self) {
        assert_eq!(names(&self.outside()), ["secret"]);
        assert_eq!(fs::read(self.secret()).unwrap(), b"root's own");
        assert_eq!(names(self.dir.path()), ["home", "outside"]);
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_home_without_keys_gets_them() {
    let place = Place::new();
    let keys = place.read().unwrap();
    assert_eq!((keys.ssh_mode, keys.content), (None, None));
    place.write(None, Some(OLD)).unwrap();
    assert_eq!((mode(&place.ssh()), mode(&place.file())), (0o700, 0o600));
    let keys = place.read().unwrap();
    assert_eq!(keys.content, Some(Content(OLD.to_vec())));
    assert_eq!((keys.ssh_mode, keys.file_mode), (Some(0o700), Some(0o600)));
}

#[test]
fn keys_are_replaced_and_removed_and_nothing_else_is_left() {
    let place = Place::with_keys();
    place.write(Some(OLD), Some(NEW)).unwrap();
    assert_eq!(fs::read(place.file()).unwrap(), NEW);
    assert_eq!(names(&place.ssh()), ["authorized_keys"]);
    place.write(Some(NEW), None).unwrap();
    assert!(names(&place.ssh()).is_empty());
    place.write(None, None).unwrap();
    place.nothing_outside_changed();
}

#[test]
fn what_changed_in_the_meantime_is_not_overwritten() {
    let place = Place::with_keys();
    for (before, after) in [
        (None, Some(NEW)),
        (None, None),
        (Some(NEW), Some(NEW)),
        (Some(NEW), None),
    ] {
        let refused = place.write(before, after).unwrap_err();
        assert!(matches!(refused, Refusal::Changed { .. }));
        assert_eq!(fs::read(place.file()).unwrap(), OLD);
        assert_eq!(names(&place.ssh()), ["authorized_keys"]);
    }
}

#[test]
fn a_directory_made_in_vain_is_gone_again() {
    let place = Place::new();
    let refused = place.write(Some(OLD), Some(NEW)).unwrap_err();
    assert!(matches!(refused, Refusal::Changed { .. }));
    assert!(names(&place.home()).is_empty());
}

#[test]
fn a_change_at_the_last_moment_wins() {
    let place = Place::with_keys();
    let ssh = SshDir::open(&place.open()).unwrap().unwrap();
    let staged = Staged::write(&ssh, NEW).unwrap();
    assert_eq!(names(&place.ssh()).len(), 2);
    fs::write(place.file(), "theirs\n").unwrap();
    let refused = staged.commit(Some(&sha256_hex(OLD))).unwrap_err();
    assert!(matches!(refused, Refusal::Changed { .. }));
    assert_eq!(fs::read(place.file()).unwrap(), b"theirs\n");
    assert_eq!(names(&place.ssh()), ["authorized_keys"]);
}

#[test]
fn a_link_at_the_last_moment_is_not_followed() {
    let place = Place::with_keys();
    let ssh = SshDir::open(&place.open()).unwrap().unwrap();
    let staged = Staged::write(&ssh, NEW).unwrap();
    fs::remove_file(place.file()).unwrap();
    symlink(place.secret(), place.file()).unwrap();
    let refused = staged.commit(Some(&sha256_hex(OLD))).unwrap_err();
    assert!(matches!(refused, Refusal::Link { .. }));
    place.nothing_outside_changed();

    // A link in the place of the directory that is open leads nobody anywhere.
    let staged = Staged::write(&ssh, NEW).unwrap();
    fs::rename(place.ssh(), place.home().join("moved")).unwrap();
    symlink(place.outside(), place.ssh()).unwrap();
    drop(staged);
    place.nothing_outside_changed();
}

#[test]
fn a_directory_that_disappears_is_said() {
    let place = Place::with_keys();
    let ssh = SshDir::open(&place.open()).unwrap().unwrap();
    fs::remove_dir_all(place.ssh()).unwrap();
    let refused = Staged::write(&ssh, NEW).err().unwrap();
    assert!(matches!(refused, Refusal::Vanished { .. }), "{refused}");
    assert_eq!(ssh.read(), Ok(None));
    assert!(names(&place.home()).is_empty());
}
