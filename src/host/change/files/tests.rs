#![allow(clippy::disallowed_methods, reason = "a test makes its own tree")]

use super::*;
use crate::plan::advance::Advance;

const RECORD: &str = "/var/lib/benchwarden/given/7.jsonl";

fn on(_: Advance) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A person, and somebody else: for root two that are nobody, otherwise twice the one who runs
/// the tests, to whom alone they may give files.
fn people() -> ((u32, u32), (u32, u32)) {
    let own = (rustix::process::geteuid(), rustix::process::getegid());
    let own = (own.0.as_raw(), own.1.as_raw());
    if own.0 == 0 {
        ((4_001, 4_001), (4_002, 4_003))
    } else {
        (own, own)
    }
}

struct Tree {
    dir: tempfile::TempDir,
    root: Root,
}

impl Tree {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for path in [
            "proc",
            "srv/project/data",
            "home/ada",
            "tmp",
            "var/spool/cron/crontabs",
        ] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        for file in [
            "srv/project/data/one",
            "srv/project/two",
            "home/ada/thesis",
            "tmp/prog",
            "var/spool/cron/crontabs/ada",
        ] {
            std::fs::write(at(file), "x").unwrap();
        }
        std::fs::write(at("etc-passwd"), "root").unwrap();
        std::os::unix::fs::symlink(at("etc-passwd"), at("srv/project/link")).unwrap();
        std::fs::hard_link(at("srv/project/two"), at("tmp/two")).unwrap();
        let root = Root::fixture(dir.path()).unwrap();
        Self { dir, root }
    }

    /// Makes somebody the owner; nothing to do where one is that already.
    fn give(&self, path: &str, (uid, gid): (u32, u32)) {
        let owner = (Uid::from_raw(uid), Gid::from_raw(gid));
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        let path = self.dir.path().join(path);
        rustix::fs::chownat(rustix::fs::CWD, path, Some(owner.0), Some(owner.1), flags).unwrap();
    }

    fn owner(&self, path: &str) -> (u32, u32) {
        let stat = rustix::fs::lstat(self.dir.path().join(path)).unwrap();
        (stat.st_uid, stat.st_gid)
    }

    fn exists(&self, path: &str) -> bool {
        rustix::fs::lstat(self.dir.path().join(path)).is_ok()
    }
}

const THEIRS: [&str; 7] = [
    "srv/project/data",
    "srv/project/data/one",
    "srv/project/two",
    "srv/project/link",
    "tmp/prog",
    "home/ada/thesis",
    "var/spool/cron/crontabs/ada",
];

#[test]
fn files_are_given_and_given_back() {
    let tree = Tree::new();
    let (ada, bob) = people();
    for path in THEIRS {
        tree.give(path, ada);
    }
    rustix::fs::chmod(
        tree.dir.path().join("tmp/prog"),
        Mode::from_raw_mode(0o4755),
    )
    .unwrap();
    give(&tree.root, (ada, bob), "/home/ada", RECORD, &mut on).unwrap();
    for path in &THEIRS[..5] {
        assert_eq!(tree.owner(path), bob, "{path}");
    }
    assert_eq!(tree.owner("tmp/two"), bob, "another name of the same file");
    for path in &THEIRS[5..] {
        assert_eq!(tree.owner(path), ada, "{path} is left alone");
    }
    if ada != bob {
        let program = rustix::fs::lstat(tree.dir.path().join("tmp/prog")).unwrap();
        assert_eq!(program.st_mode & 0o7777, 0o755, "it runs as nobody else");
        assert_ne!(tree.owner("etc-passwd").0, bob.0, "no link was followed");
    }
    // Once more, as after a crash: nothing is left to give, and the record stays whole.
    give(&tree.root, (ada, bob), "/home/ada", RECORD, &mut on).unwrap();
    // What is not the same file any more stays with its new owner.
    std::fs::write(tree.dir.path().join("srv/project/new"), "x").unwrap();
    std::fs::rename(
        tree.dir.path().join("srv/project/new"),
        tree.dir.path().join("srv/project/data/one"),
    )
    .unwrap();
    tree.give("srv/project/data/one", bob);
    give_back(&tree.root, RECORD, &mut on).unwrap();
    for path in [
        "srv/project/data",
        "srv/project/two",
        "srv/project/link",
        "tmp/prog",
    ] {
        assert_eq!(tree.owner(path), ada, "{path}");
    }
    assert_eq!(tree.owner("srv/project/data/one"), bob);
    assert!(tree.root.read(RECORD).unwrap().is_none());
}

#[test]
fn what_could_lead_an_heir_astray_is_left_alone_and_each_file_written_down_once() {
    let tree = Tree::new();
    let (ada, bob) = people();
    let sticky = Mode::from_raw_mode(0o1777);
    rustix::fs::chmod(tree.dir.path().join("tmp"), sticky).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", tree.dir.path().join("tmp/link")).unwrap();
    let fifo = tree.dir.path().join("tmp/fifo");
    rustix::fs::mknodat(rustix::fs::CWD, fifo, FileType::Fifo, sticky, 0).unwrap();
    for path in THEIRS.iter().chain(&["tmp/link", "tmp/fifo"]) {
        tree.give(path, ada);
    }
    let said = give(&tree.root, (ada, bob), "/home/ada", RECORD, &mut on).unwrap();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("2 files were left alone"), "{said:?}");
    assert_eq!((tree.owner("tmp/link"), tree.owner("tmp/fifo")), (ada, ada));
    assert_eq!(tree.owner("srv/project/link"), bob);
    let all = record::read(&tree.root, RECORD).unwrap();
    let named = |name: &[u8]| {
        all.iter()
            .filter(|given| given.path().ends_with(name))
            .count()
    };
    assert_eq!((named(b"/two"), named(b"/link")), (1, 1));
}

/// Makes directories of an owner, each in the one before it.
fn deepen(tree: &Tree, from: &str, (levels, name): (usize, &str), (uid, gid): (u32, u32)) {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let owner = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    let mut at = rustix::fs::open(tree.dir.path().join(from), flags, Mode::empty()).unwrap();
    for _ in 0..levels {
        rustix::fs::mkdirat(&at, name, Mode::RWXU).unwrap();
        at = openat(&at, name, flags, Mode::empty()).unwrap();
        rustix::fs::fchown(&at, owner.0, owner.1).unwrap();
    }
}

#[test]
fn what_is_too_deep_or_has_too_long_a_path_is_told_and_holds_up_nothing_else() {
    let (ada, bob) = people();
    let name = "n".repeat(200);
    for (levels, name, told) in [
        (300, "d", "it is too deep"),
        (30, name.as_str(), "its path is too long"),
    ] {
        let tree = Tree::new();
        tree.give("srv/project/two", ada);
        deepen(&tree, "srv/project", (levels, name), ada);
        let why = give(&tree.root, (ada, bob), "/home/ada", RECORD, &mut on).unwrap_err();
        assert!(why.to_string().contains(told), "{why}");
        assert_eq!(tree.owner("srv/project/two"), bob);
        if ada != bob {
            let tree = Tree::new();
            deepen(&tree, "srv/project", (levels, name), bob);
            give(&tree.root, (ada, bob), "/home/ada", RECORD, &mut on).unwrap();
        }
    }
}

#[test]
fn a_link_put_in_the_place_of_a_directory_leads_nowhere() {
    let tree = Tree::new();
    let (ada, bob) = people();
    std::fs::create_dir_all(tree.dir.path().join("var/lib/benchwarden/given")).unwrap();
    let path = b"/srv/project/data/one";
    let inode = rustix::fs::lstat(tree.dir.path().join("srv/project/data/one"))
        .unwrap()
        .st_ino;
    let given = Given::new(path, inode, ada, bob);
    let data = tree.dir.path().join("srv/project/data");
    std::fs::rename(&data, tree.dir.path().join("srv/moved")).unwrap();
    std::os::unix::fs::symlink("../moved", &data).unwrap();
    let before = tree.owner("srv/moved/one");
    turn(&tree.root, &given, before, bob).unwrap();
    assert_eq!(tree.owner("srv/moved/one"), before);
    held(&tree.root, path).unwrap_err();
    held(&tree.root, b"/srv/moved/one").unwrap();
}

#[test]
fn a_record_that_a_crash_cut_is_gone_on_with() {
    let tree = Tree::new();
    let (ada, bob) = people();
    let given = Given::new(b"/tmp/\xff", 7, ada, bob);
    let mut record = Record::open(&tree.root, RECORD).unwrap();
    record.add(&given).unwrap();
    record.write().unwrap();
    durable::append(&tree.root, RECORD, "{\"path\":\"to", 0o600).unwrap();
    let mut record = Record::open(&tree.root, RECORD).unwrap();
    record.add(&given).unwrap();
    record.write().unwrap();
    let all = record::read(&tree.root, RECORD).unwrap();
    assert_eq!(all, [given.clone(), given]);
    assert_eq!(all[0].path(), b"/tmp/\xff");
}

#[test]
fn only_what_is_theirs_is_deleted() {
    let tree = Tree::new();
    let (ada, _) = people();
    for path in THEIRS {
        tree.give(path, ada);
    }
    tree.give("srv/project", ada);
    let root = rustix::process::geteuid().is_root();
    if root {
        // Somebody else's file in a directory of theirs.
        std::fs::write(tree.dir.path().join("srv/project/data/other"), "x").unwrap();
    }
    delete(&tree.root, ada.0, "/home/ada", &mut on).unwrap();
    for path in [
        "srv/project/data/one",
        "srv/project/two",
        "srv/project/link",
        "tmp/two",
    ] {
        assert!(!tree.exists(path), "{path}");
    }
    assert!(tree.exists("home/ada/thesis"), "the home is left alone");
    if root {
        assert!(tree.exists("srv/project/data/other") && tree.exists("etc-passwd"));
        assert!(tree.exists("tmp"), "what is not theirs");
    }
    // Nothing of theirs is left, and that is no failure.
    delete(&tree.root, ada.0, "/home/ada", &mut on).unwrap();
    delete(&tree.root, 0, "/home/ada", &mut on).unwrap_err();
    give(&tree.root, ((0, 0), ada), "/home/ada", RECORD, &mut on).unwrap_err();
}
