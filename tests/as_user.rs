//! Jobs in a user's home, by the built program in its hidden mode: as root for `nobody`, and as
//! an ordinary caller for itself.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use benchwarden::base::id::Uid;
use benchwarden::base::sshkey::PublicKey;
use benchwarden::host::as_user::{Answer, AsUserError, Errands, Job, Refusal};
use benchwarden::host::credentials::Credentials;
use benchwarden::host::keyfile::{self, KeyFile, KeyFileError};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_benchwarden");
const KEY: &str = include_str!("keys/ed25519-256.pub");
const NOBODY: u32 = 65_534;
/// A group that needs no name.
const TEAM: u32 = 64_242;

/// A home of `nobody`, or of the caller when that is not root.
struct Home {
    dir: TempDir,
    who: Credentials,
}

fn is_root() -> bool {
    Credentials::own().uid == Uid::ROOT
}

fn errands() -> Errands {
    Errands::of(PathBuf::from(PROGRAM), Duration::from_secs(20))
}

impl Home {
    fn new() -> Self {
        let who = if is_root() {
            Credentials {
                name: "nobody".into(),
                uid: Uid(NOBODY),
                gid: NOBODY,
                groups: vec![NOBODY],
            }
        } else {
            Credentials::own()
        };
        let home = Self {
            dir: tempfile::tempdir().unwrap(),
            who,
        };
        fs::set_permissions(home.dir.path(), Permissions::from_mode(0o755)).unwrap();
        home.make(&home.path());
        home
    }

    /// A directory of the home's owner.
    fn make(&self, path: &Path) {
        fs::create_dir(path).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
        self.give(path);
    }

    fn give(&self, path: &Path) {
        chown(path, Some(self.who.uid.0), Some(self.who.gid)).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn ssh(&self) -> PathBuf {
        self.path().join(".ssh")
    }

    fn file(&self) -> PathBuf {
        self.ssh().join("authorized_keys")
    }

    fn read(&self) -> Result<KeyFile, KeyFileError> {
        keyfile::read(&errands(), &self.who, self.path().to_str().unwrap())
    }

    fn write(&self, before: &KeyFile, after: Option<&[u8]>) -> Result<KeyFile, KeyFileError> {
        let home = self.path();
        keyfile::write(&errands(), &self.who, home.to_str().unwrap(), before, after)
    }

    fn empty(&self) -> KeyFile {
        let home = Self::new();
        home.read().unwrap()
    }
}

fn refusal(result: Result<KeyFile, KeyFileError>) -> Refusal {
    match result {
        Err(KeyFileError::AsUser(AsUserError::Refused(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_comes_and_goes_and_everything_is_its_owners() {
    let home = Home::new();
    let nothing = home.read().unwrap();
    assert_eq!(nothing.content(), None);

    let mut keys = nothing.keys();
    let key = PublicKey::parse(KEY).unwrap();
    assert!(keys.add(&key));
    let added = home.write(&nothing, Some(&keys.to_bytes())).unwrap();
    assert_eq!(added.keys(), keys);
    assert_eq!(added.ignored_by_sshd(), None);
    assert_eq!(fs::read_to_string(home.file()).unwrap(), KEY);
    for (path, mode) in [(home.ssh(), 0o700), (home.file(), 0o600)] {
        let meta = fs::symlink_metadata(path).unwrap();
        assert_eq!((meta.uid(), meta.gid()), (home.who.uid.0, home.who.gid));
        assert_eq!(meta.mode() & 0o7777, mode);
    }

    let gone = refusal(home.write(&nothing, Some(b"")));
    assert!(matches!(gone, Refusal::Changed { .. }));
    home.write(&added, None).unwrap();
    assert!(!home.file().exists());
}

#[test]
fn a_mebibyte_that_is_no_text_goes_both_ways() {
    let home = Home::new();
    let bytes: Vec<u8> = (0..=255u8).cycle().take(1 << 20).collect();
    let before = home.read().unwrap();
    let after = home.write(&before, Some(&bytes)).unwrap();
    assert_eq!(after.content(), Some(&bytes[..]));
}

#[test]
fn a_link_to_what_is_roots_is_refused_and_untouched() {
    let home = Home::new();
    let outside = home.dir.path().join("roots");
    fs::create_dir(&outside).unwrap();
    let secret = outside.join("authorized_keys");
    fs::write(&secret, "root's own\n").unwrap();
    let before = fs::metadata(&outside).unwrap();

    symlink(&outside, home.ssh()).unwrap();
    assert!(matches!(refusal(home.read()), Refusal::Link { .. }));
    let written = home.write(&home.empty(), Some(KEY.as_bytes()));
    assert!(matches!(refusal(written), Refusal::Link { .. }));

    fs::remove_file(home.ssh()).unwrap();
    home.make(&home.ssh());
    symlink(&secret, home.file()).unwrap();
    assert!(matches!(refusal(home.read()), Refusal::Link { .. }));
    let written = home.write(&home.empty(), Some(KEY.as_bytes()));
    assert!(matches!(refusal(written), Refusal::Link { .. }));

    let after = fs::metadata(&outside).unwrap();
    assert_eq!(fs::read_to_string(&secret).unwrap(), "root's own\n");
    assert_eq!((after.uid(), after.mode()), (before.uid(), before.mode()));
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[test]
fn what_sshd_would_pass_over_is_told() {
    let home = Home::new();
    fs::set_permissions(home.path(), Permissions::from_mode(0o770)).unwrap();
    let read = home.read().unwrap();
    let why = read.ignored_by_sshd().unwrap();
    assert!(why.starts_with("the home has mode 0770"), "{why}");
    let facts = keyfile::home_facts(&errands(), &home.who, home.path().to_str().unwrap());
    let facts = facts.unwrap().unwrap();
    assert_eq!((facts.owner, facts.mode), (home.who.uid.0, 0o770));
}

#[test]
fn none_of_roots_rights_are_left_and_the_given_groups_are_there() {
    if !is_root() {
        return;
    }
    let mut home = Home::new();
    // Root alone may pass, then the team.
    fs::set_permissions(home.dir.path(), Permissions::from_mode(0o710)).unwrap();
    assert!(matches!(refusal(home.read()), Refusal::Denied { .. }));
    chown(home.dir.path(), None, Some(TEAM)).unwrap();
    assert!(matches!(refusal(home.read()), Refusal::Denied { .. }));
    home.who.groups.push(TEAM);
    assert!(home.read().is_ok());
}

#[test]
fn a_home_of_somebody_else_is_refused() {
    let home = Home::new();
    let roots = keyfile::read(&errands(), &home.who, "/");
    assert!(matches!(refusal(roots), Refusal::ForeignOwner { .. }));
}

#[test]
fn the_hidden_mode_gives_an_ordinary_caller_nothing() {
    let home = Home::new();
    let program = home.dir.path().join("benchwarden");
    // By another process: one that this forks could still have it open for writing.
    let copied = Command::new("/bin/cp").arg(PROGRAM).arg(&program).status();
    assert!(copied.unwrap().success());
    for (uid, expected) in [
        (0, "not_permitted"),
        (1, "not_permitted"),
        (home.who.uid.0, "Ok"),
    ] {
        let mut command = Command::new(&program);
        command.arg("--as-user");
        if is_root() {
            command.uid(home.who.uid.0).gid(home.who.gid);
        }
        let request = format!(
            r#"{{"uid":{uid},"gid":0,"groups":[0],"parent":{},"job":{{"home_facts":{{"home":"/"}}}}}}"#,
            std::process::id()
        );
        let reply = ask(&mut command, request.as_bytes());
        assert!(reply.contains(expected), "uid {uid}: {reply}");
    }
}

#[test]
fn what_is_no_request_is_refused_and_an_orphan_does_nothing() {
    let me = Credentials::own();
    let orphan = format!(
        r#"{{"uid":{},"gid":{},"groups":[],"parent":1,"job":{{"home_facts":{{"home":"/"}}}}}}"#,
        me.uid, me.gid
    );
    for (request, expected) in [
        ("", "bad_request"),
        ("{}", "bad_request"),
        ("\u{0}\u{1}", "bad_request"),
        (orphan.as_str(), "not_dropped"),
    ] {
        let reply = ask(Command::new(PROGRAM).arg("--as-user"), request.as_bytes());
        assert!(reply.contains(expected), "{request}: {reply}");
    }
    let more = Command::new(PROGRAM).args(["--as-user", "x"]).output();
    assert_eq!(more.unwrap().status.code(), Some(2));
}

fn ask(command: &mut Command, request: &[u8]) -> String {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(request).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn a_child_that_hangs_or_babbles_is_given_up() {
    let home = Home::new();
    let path = home.path();
    let run = |script: &str, limit: Duration| {
        let program = home.dir.path().join("program");
        // Written by another process: one that this forks could still have it open for writing.
        let made = Command::new("/bin/sh")
            .args(["-c", r#"printf %s "$1" > "$0" && chmod 755 "$0""#])
            .args([program.as_os_str(), script.as_ref()])
            .status();
        assert!(made.unwrap().success());
        let errands = Errands::of(program, limit);
        keyfile::read(&errands, &home.who, path.to_str().unwrap()).unwrap_err()
    };
    let started = Instant::now();
    let slow = run("#!/bin/sh\nexec sleep 60\n", Duration::from_millis(300));
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(matches!(
        slow,
        KeyFileError::AsUser(AsUserError::Slow { .. })
    ));

    let limit = Duration::from_secs(30);
    for script in ["#!/bin/sh\nexec yes '\"'\n", "#!/bin/sh\nexit 0\n"] {
        let babble = run(script, limit);
        let told = matches!(babble, KeyFileError::AsUser(AsUserError::NoAnswer { .. }));
        assert!(told, "{babble}");
    }
}

#[test]
fn root_is_needed_to_act_for_others() {
    if is_root() {
        return;
    }
    let mut home = Home::new();
    home.who.uid = Uid::ROOT;
    let refused = refusal(home.read());
    assert_eq!(refused, Refusal::NotPermitted { uid: 0 });
}

#[test]
fn interpreters_in_a_home_are_found_with_its_owners_rights_and_not_run() {
    let home = Home::new();
    let at = |path: &str| home.path().join(path);
    let ran = at("ran");
    for dir in ["3.12.1", "3.11.9"] {
        let mut above = home.path();
        for part in [".pyenv", "versions", dir, "bin"] {
            above.push(part);
            if !above.exists() {
                home.make(&above);
            }
        }
        let program = above.join("python3");
        fs::write(&program, format!("#!/bin/sh\necho > {}\n", ran.display())).unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        home.give(&program);
    }
    if is_root() {
        // What its owner may not enter, root does not enter for them.
        let closed = at(".pyenv/versions/3.11.9");
        chown(&closed, Some(0), Some(0)).unwrap();
    }
    let job = Job::FindRuntimes {
        home: home.path().to_str().unwrap().to_owned(),
    };
    let answer = errands().run(&home.who, job).unwrap();
    let Answer::Runtimes(place) = answer else {
        panic!("{answer:?}");
    };
    let versions: Vec<String> = place
        .found
        .iter()
        .map(|found| found.version.as_ref().unwrap().to_string())
        .collect();
    let expected: &[&str] = if is_root() {
        &["3.12.1"]
    } else {
        &["3.11.9", "3.12.1"]
    };
    assert_eq!(versions, expected);
    assert!(!ran.exists(), "an interpreter in a home was run");
    let job = Job::FindRuntimes {
        home: "/nonexistent".to_owned(),
    };
    assert!(errands().run(&home.who, job).unwrap_err().is_no_home());
}
