//! Words on somebody's terminals: a line of plain text on each they work at, and never a moment
//! of waiting for one that does not take it.

use std::collections::BTreeSet;

use rustix::fs::{FileType, Mode, OFlags, fstat, open};

use crate::base::id::Uid;
use crate::base::text::printable;

use super::cgroup::USER_SLICE;
use super::root::Root;
use super::slices::visit_processes;

/// Longer words are cut.
const LONGEST: usize = 600;
/// Nobody works at more.
const MOST: usize = 64;
/// Processes of one person that are asked where they are.
const MOST_PROCESSES: usize = 4096;
/// `Documentation/admin-guide/devices.txt`: pseudo-terminals, and consoles.
const PSEUDO: std::ops::RangeInclusive<u32> = 136..=143;
const CONSOLE: u32 = 4;

/// Writes a line to every terminal of a person; tells how many took it.
pub fn tell(root: &Root, uid: Uid, words: &str) -> usize {
    let line = format!(
        "\r\nbenchwarden: {}\r\n",
        printable(words.as_bytes(), LONGEST)
    );
    let terminals = of(root, uid);
    let told = terminals
        .iter()
        .filter(|device| write(root, uid, **device, &line));
    told.count()
}

/// Where the processes in somebody's slice have their terminal.
fn of(root: &Root, uid: Uid) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut seen = 0;
    let slice = format!("{USER_SLICE}/user-{uid}.slice");
    visit_processes(root, &slice, 0, &mut |_, pid| {
        seen += 1;
        if seen <= MOST_PROCESSES && found.len() < MOST {
            let stat = root.read(&format!("/proc/{pid}/stat")).ok().flatten();
            found.extend(stat.and_then(|stat| terminal(&stat)));
        }
    });
    found
}

/// Field 7 of `/proc/PID/stat`; `None` for who has none.
fn terminal(stat: &[u8]) -> Option<u32> {
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
    let device: i32 = rest.split_ascii_whitespace().nth(4)?.parse().ok()?;
    u32::try_from(device).ok().filter(|device| *device != 0)
}

/// The file of a terminal by its number.
fn path(device: u32) -> Option<String> {
    let (major, minor) = numbers(device);
    match major {
        CONSOLE if minor < 64 => Some(format!("/dev/tty{minor}")),
        _ if PSEUDO.contains(&major) => {
            let pages = major - PSEUDO.start();
            Some(format!("/dev/pts/{}", (pages << 8) + minor))
        }
        _ => None,
    }
}

/// As `stat` has them in one number.
fn numbers(device: u32) -> (u32, u32) {
    (
        (device >> 8) & 0xfff,
        (device & 0xff) | ((device >> 12) & 0xf_ff00),
    )
}

fn write(root: &Root, uid: Uid, device: u32, line: &str) -> bool {
    let Some(path) = path(device) else {
        return false;
    };
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    let Ok(file) = open(root.path(&path), flags | OFlags::CLOEXEC, Mode::empty()) else {
        return false;
    };
    // It may be somebody else's by now.
    let theirs = fstat(&file).is_ok_and(|stat| {
        let is = rustix::fs::major(stat.st_rdev) == numbers(device).0
            && rustix::fs::minor(stat.st_rdev) == numbers(device).1;
        let kind = FileType::from_raw_mode(stat.st_mode);
        kind == FileType::CharacterDevice && is && stat.st_uid == uid.0
    });
    theirs && rustix::io::write(&file, line.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminals_are_known_by_their_numbers() {
        let stat = |tty: i32| format!("7 (a) b) S 1 7 7 {tty} 7 0 0\n").into_bytes();
        assert_eq!(
            terminal(&stat(34816)).and_then(path),
            Some("/dev/pts/0".into())
        );
        assert_eq!(
            terminal(&stat(34819)).and_then(path),
            Some("/dev/pts/3".into())
        );
        assert_eq!(
            terminal(&stat(35072)).and_then(path),
            Some("/dev/pts/256".into())
        );
        assert_eq!(
            terminal(&stat(1025)).and_then(path),
            Some("/dev/tty1".into())
        );
        assert_eq!(terminal(&stat(0)), None);
        // A serial line may wait for ever for a carrier.
        assert_eq!(terminal(&stat(1088)).and_then(path), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), n: u32) {
            let _ = (terminal(&bytes), path(n));
        }
    }
}
