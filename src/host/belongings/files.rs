//! Files of a person, in their home and elsewhere: how many and how much, as far as the time
//! goes. The walk is done by a thread that is left behind should a disk not answer.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;

use crate::base::text::{counted, printable};
use crate::base::units::{Bytes, Nanos};
use crate::host::clock;
use crate::host::patience::within;
use crate::host::root::Root;
use crate::host::walk::{self, Apart, Entry, Mounts, Visitor};
use crate::model::people::belongings::{Outside, Tree};
use crate::model::people::local::IdRange;

/// More entries than this are not looked at, however fast they are.
const AT_MOST: u64 = 20_000_000;
/// The clock is read once in so many entries.
const BETWEEN_CLOCKS: u64 = 256;
/// How many places are told.
const PLACES: usize = 5;
/// What a disk that answers late is given beyond the time.
const GRACE: Duration = Duration::from_secs(2);

/// Whose files are looked for.
#[derive(Clone, Debug)]
pub(super) struct Whose {
    pub(super) uid: u32,
    pub(super) subuids: Vec<IdRange>,
}

/// When to end.
struct Limit {
    until: Nanos,
    seen: u64,
}

impl Limit {
    fn after(time: Duration) -> Self {
        Self {
            until: clock::after(time),
            seen: 0,
        }
    }

    fn goes_on(&mut self) -> ControlFlow<()> {
        self.seen += 1;
        let over = self.seen.is_multiple_of(BETWEEN_CLOCKS) && clock::monotonic() >= self.until;
        if over || self.seen > AT_MOST {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// What a thread that walks has found so far, for whoever does not wait any longer.
type SoFar<T> = Arc<Mutex<T>>;

fn change<T>(so_far: &SoFar<T>, how: impl FnOnce(&mut T)) {
    how(&mut so_far.lock().unwrap_or_else(PoisonError::into_inner));
}

fn taken<T: Clone>(so_far: &SoFar<T>) -> T {
    so_far
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Files with several names count once.
#[derive(Default)]
struct Once {
    /// Device and inode, and how many of its names were not seen yet.
    names: HashMap<(u64, u64), u64>,
}

impl Once {
    /// Whether an entry is seen for the first time.
    fn is_first(&mut self, entry: &Entry<'_>) -> bool {
        let stat = entry.stat;
        if stat.st_nlink < 2 || entry.kind().is_dir() {
            return true;
        }
        let mut first = false;
        let left = self
            .names
            .entry((stat.st_dev, stat.st_ino))
            .or_insert_with(|| {
                first = true;
                stat.st_nlink
            });
        *left = left.saturating_sub(1);
        first
    }
}

fn size(entry: &Entry<'_>) -> Bytes {
    let size = if entry.kind().is_file() {
        entry.stat.st_size
    } else {
        0
    };
    Bytes(u64::try_from(size).unwrap_or_default())
}

/// How large a home is; `None` when it is not there.
pub(super) fn home(
    root: &Root,
    mounts: &Mounts,
    home: &str,
    time: Duration,
) -> Result<Option<Tree>, String> {
    if !mounts.is_local(home.as_bytes()) {
        return Err("it is on no disk of this host; its size is not looked up".to_owned());
    }
    let so_far: SoFar<Tree> = Arc::default();
    let (root, path, shared) = (root.clone(), home.to_owned(), Arc::clone(&so_far));
    let work = move || {
        let mounts = Mounts::of(&root);
        let mut visitor = Sizes {
            shared: Arc::clone(&shared),
            once: Once::default(),
            limit: Limit::after(time),
            failed: None,
        };
        let ended = walk::tree(
            &root,
            (&mounts, &Apart::default()),
            path.as_bytes(),
            &mut visitor,
        );
        change(&shared, |tree| {
            tree.whole = ended.is_continue() && visitor.failed.is_none();
        });
        match visitor.failed {
            Some((at, Errno::NOENT)) if at == path.as_bytes() => Ok(false),
            Some((at, why)) if at == path.as_bytes() => Err(why.to_string()),
            _ => Ok(true),
        }
    };
    match within(time + GRACE, work) {
        Some(Ok(false)) => return Ok(None),
        Some(Err(why)) => return Err(why),
        Some(Ok(true)) | None => {}
    }
    let mut tree = taken(&so_far);
    home.clone_into(&mut tree.path);
    Ok(Some(tree))
}

struct Sizes {
    shared: SoFar<Tree>,
    once: Once,
    limit: Limit,
    failed: Option<(Vec<u8>, Errno)>,
}

impl Visitor for Sizes {
    fn see(&mut self, entry: &Entry<'_>) -> ControlFlow<()> {
        if self.once.is_first(entry) {
            change(&self.shared, |tree| {
                tree.files += 1;
                tree.bytes += size(entry);
            });
        }
        self.limit.goes_on()
    }

    fn cannot(&mut self, path: &[u8], _: Option<u32>, why: Errno) {
        self.failed.get_or_insert((path.to_owned(), why));
    }
}

/// What somebody owns outside their home, and what could not be looked at.
pub(super) fn outside(
    root: &Root,
    mounts: Mounts,
    home: &str,
    whose: Whose,
    time: Duration,
) -> (Outside, Vec<String>) {
    let so_far: SoFar<Found> = Arc::default();
    let (root, home, shared) = (root.clone(), home.to_owned(), Arc::clone(&so_far));
    let begun = clock::monotonic();
    let work = move || {
        // A home that is reached by a link is left out as well.
        let apart = Apart::of(&root, &home);
        let mut visitor = Look {
            whose,
            shared: Arc::clone(&shared),
            once: Once::default(),
            limit: Limit::after(time),
        };
        let ended = walk::everywhere(&root, &mounts, &apart, &mut visitor);
        let hidden = visitor
            .once
            .names
            .values()
            .filter(|left| **left > 0)
            .count();
        change(&shared, |found| {
            found.all.whole = ended.is_continue() && found.failed == 0;
            found.all.more_names = hidden as u64;
        });
    };
    let ended = within(time + GRACE, work).is_some();
    let mut found = taken(&so_far);
    let mut notes = Vec::new();
    if !ended {
        notes.push("a disk does not answer: not all files were looked for".to_owned());
    }
    if let Some(first) = &found.first_failure {
        let count = counted(found.failed, "directory", "directories");
        notes.push(format!(
            "files outside the home: {count} cannot be looked at: {first}"
        ));
    }
    found.all.seconds = clock::monotonic().saturating_sub(begun).0 / Nanos::SECOND.0;
    let mut places: Vec<(String, u64)> = found.places.into_iter().collect();
    places.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    places.truncate(PLACES);
    found.all.places = places;
    (found.all, notes)
}

#[derive(Clone, Default)]
struct Found {
    all: Outside,
    places: HashMap<String, u64>,
    failed: u64,
    first_failure: Option<String>,
}

struct Look {
    whose: Whose,
    shared: SoFar<Found>,
    once: Once,
    limit: Limit,
}

impl Visitor for Look {
    fn see(&mut self, entry: &Entry<'_>) -> ControlFlow<()> {
        let uid = entry.stat.st_uid;
        if uid == self.whose.uid {
            let first = self.once.is_first(entry);
            let set_id = entry.kind().is_file() && entry.stat.st_mode & 0o6000 != 0;
            change(&self.shared, |found| {
                *found.places.entry(place(entry.path)).or_default() += u64::from(first);
                found.all.files += u64::from(first);
                found.all.set_id += u64::from(first && set_id);
                found.all.bytes += if first { size(entry) } else { Bytes(0) };
            });
        } else if self.whose.subuids.iter().any(|range| range.contains(uid)) {
            change(&self.shared, |found| found.all.subordinate += 1);
        }
        self.limit.goes_on()
    }

    fn cannot(&mut self, path: &[u8], _: Option<u32>, why: Errno) {
        change(&self.shared, |found| {
            found.failed += 1;
            let told = || format!("{}: {why}", printable(path, 200));
            found.first_failure.get_or_insert_with(told);
        });
    }
}

/// The directory that a file is counted under: two names from the root.
fn place(path: &[u8]) -> String {
    let text = String::from_utf8_lossy(path);
    let mut names: Vec<&str> = text.split('/').skip(1).collect();
    names.pop();
    names.truncate(2);
    format!("/{}", names.join("/"))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn host() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for path in ["proc", "srv/project/data", "home/ada/deep"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        for (file, size) in [
            ("srv/project/data/one", 1000),
            ("srv/project/two", 24),
            ("home/ada/deep/thesis", 4096),
        ] {
            std::fs::write(at(file), vec![b'x'; size]).unwrap();
        }
        std::fs::hard_link(at("srv/project/two"), at("srv/project/again")).unwrap();
        std::fs::hard_link(at("home/ada/deep/thesis"), at("srv/project/thesis")).unwrap();
        let root = Root::fixture(dir.path()).unwrap();
        (dir, root)
    }

    fn own() -> Whose {
        Whose {
            uid: rustix::process::geteuid().as_raw(),
            subuids: Vec::new(),
        }
    }

    #[test]
    fn files_elsewhere_are_counted_once_and_told_by_place() {
        let (_dir, root) = host();
        let (outside, notes) = outside(&root, Mounts::of(&root), "/home/ada", own(), LONG);
        assert!(outside.whole && notes.is_empty());
        // one, two and the thesis, four directories in all but the home, and /proc.
        assert_eq!((outside.files, outside.bytes.0), (3 + 5, 1000 + 24 + 4096));
        assert_eq!(outside.more_names, 1, "the thesis has a name in the home");
        assert!(
            outside.places.contains(&("/srv/project".into(), 4)),
            "{outside:?}"
        );
    }

    #[test]
    fn a_home_is_measured_and_one_that_is_not_there_is_none() {
        let (dir, root) = host();
        let mounts = Mounts::of(&root);
        let ada = home(&root, &mounts, "/home/ada", LONG).unwrap().unwrap();
        assert_eq!((ada.files, ada.bytes.0, ada.whole), (2, 4096, true));
        assert_eq!(home(&root, &mounts, "/home/bob", LONG), Ok(None));
        std::os::unix::fs::symlink("/srv", dir.path().join("home/eve")).unwrap();
        home(&root, &mounts, "/home/eve", LONG).unwrap_err();
    }

    #[test]
    fn a_look_ends_when_its_time_is_over() {
        let (dir, root) = host();
        for number in 0..1000 {
            std::fs::write(dir.path().join(format!("srv/{number}")), "").unwrap();
        }
        let (outside, _) = outside(&root, Mounts::of(&root), "/home/ada", own(), Duration::ZERO);
        assert!(!outside.whole && outside.files < 1000, "{outside:?}");
    }

    #[test]
    fn a_file_is_counted_where_one_would_look_for_it() {
        for (path, expected) in [
            ("/tmp/x", "/tmp"),
            ("/srv/project/a/b", "/srv/project"),
            ("/x", "/"),
        ] {
            assert_eq!(place(path.as_bytes()), expected);
        }
    }

    #[test]
    fn files_of_a_container_are_told_apart() {
        let (_dir, root) = host();
        let range = IdRange {
            first: own().uid,
            count: 1,
        };
        let whose = Whose {
            uid: 4_000_000,
            subuids: vec![range],
        };
        let (outside, _) = outside(&root, Mounts::of(&root), "/home/ada", whose, LONG);
        assert_eq!((outside.files, outside.subordinate > 0), (0, true));
    }
}
