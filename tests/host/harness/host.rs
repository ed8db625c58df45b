//! One running Debian: how a test gets it, changes it and cuts its power, and what it shows of it
//! when the test fails.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use super::PATIENCE;
use super::evidence::Evidence;
use super::image::{self, Permit, Release};
use super::leftovers;
use super::machine::Machine;
use super::output::Output;
use super::program;
use super::ssh::{Login, Master};
use super::user::{User, quoted};

/// From power on to a login.
const BOOT: Duration = Duration::from_secs(180);
/// How long a failing test asks for the journal before it shows the serial console instead.
const LAST_WORDS: Duration = Duration::from_secs(20);

/// One running Debian.
pub struct Host {
    /// Connections first: they end before the machine they lead to.
    masters: RefCell<HashMap<String, Master>>,
    machine: RefCell<Machine>,
    pub(super) evidence: Rc<Evidence>,
    release: Release,
    dir: TempDir,
    begun: Instant,
    _permit: Permit,
}

impl Host {
    /// A host that nobody has touched, as it was right after boot.
    pub fn fresh(release: Release) -> Self {
        Self::start(release, Permit::wait())
    }

    /// A fresh host while no other runs, for what measures how much there is for everybody.
    pub fn fresh_and_alone(release: Release) -> Self {
        Self::start(release, Permit::wait_to_be_alone())
    }

    /// Two of them, for what happens between two.
    pub fn fresh_pair(release: Release) -> (Self, Self) {
        let [one, other] = Permit::wait_for_two();
        (Self::start(release, one), Self::start(release, other))
    }

    fn start(release: Release, permit: Permit) -> Self {
        let image = image::directory(release);
        let dir = leftovers::directory();
        let machine = Machine::resume(&image, dir.path());
        let begun = Instant::now();
        let host = Self {
            masters: RefCell::default(),
            machine: RefCell::new(machine),
            evidence: Rc::default(),
            release,
            dir,
            begun,
            _permit: permit,
        };
        host.wait_for_login(PATIENCE);
        // The first session takes seconds to open: what is sent along with it arrives late.
        host.run("true").ok();
        // The saved state knows only when it was saved.
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
        host.run(&format!("date -u -s @{:.3} >/dev/null", now.as_secs_f64()))
            .ok();
        host
    }

    /// Where its files are on this machine; also the mark of its processes.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Which Debian it is.
    pub fn release(&self) -> Release {
        self.release
    }

    /// Runs a command line as root, as a login shell would.
    pub fn run(&self, command: &str) -> Output {
        self.as_user("root").run(command)
    }

    /// The host as one of its people.
    pub fn as_user(&self, name: &str) -> User<'_> {
        User::new(self, name)
    }

    /// Writes a file as root.
    pub fn put(&self, content: &[u8], path: &str, mode: u32) {
        let path = quoted(&[path]);
        let command = format!("umask 077; cat > {path} && chmod {mode:o} {path}");
        self.as_user("root")
            .run_with(&command, content, PATIENCE)
            .ok();
    }

    /// Puts the program under test where a package would.
    pub fn install_benchwarden(&self) {
        self.run(&program::install()).ok();
    }

    /// Sets the clock.
    pub fn set_time(&self, time: &str) {
        self.run(&format!("date -u -s {} >/dev/null", quoted(&[time])))
            .ok();
    }

    /// Cuts the power, and boots from what the disk holds.
    pub fn power_cut(&self) {
        self.masters.borrow_mut().clear();
        self.machine.borrow_mut().power_cut();
        self.wait_for_login(BOOT);
        self.as_user("root")
            .run_with("systemctl is-system-running --wait || true", &[], BOOT)
            .ok();
    }

    /// Waits until something is so, asking again and again.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            assert!(
                start.elapsed() < PATIENCE,
                "not within {PATIENCE:?}: {what}"
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// How to log in as somebody.
    pub(super) fn login(&self, user: &str) -> Login {
        let machine = self.machine.borrow();
        let marker = self.dir.path().to_str().unwrap();
        Login::new(machine.image(), machine.port(), user, marker)
    }

    /// The connection that is kept open for a user.
    pub(super) fn master(&self, user: &str) -> PathBuf {
        let socket = self.socket(user);
        if !self.masters.borrow().contains_key(user) {
            let master = Master::open(&self.login(user), &socket)
                .unwrap_or_else(|why| panic!("{user} cannot log in: {why}"));
            self.masters.borrow_mut().insert(user.to_owned(), master);
        }
        socket
    }

    fn wait_for_login(&self, limit: Duration) {
        let start = Instant::now();
        loop {
            match Master::open(&self.login("root"), &self.socket("root")) {
                Ok(master) => {
                    self.masters.borrow_mut().insert("root".to_owned(), master);
                    return;
                }
                Err(why) => assert!(
                    start.elapsed() < limit,
                    "no login within {limit:?}: {why}\n{}",
                    self.machine.borrow().serial_tail()
                ),
            }
            self.machine.borrow_mut().must_run();
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn socket(&self, user: &str) -> PathBuf {
        // A socket's path is short, however long a name is.
        let number = user
            .bytes()
            .fold(7u32, |n, b| n.wrapping_mul(31).wrapping_add(u32::from(b)));
        self.dir.path().join(format!("m{number:08x}"))
    }

    fn tell_evidence(&self) {
        eprintln!("{}", self.evidence.commands());
        eprintln!("{}", self.evidence.screens());
        let journal = self.login("root").through(&self.socket("root")).run(
            "journalctl -n 60 --no-pager -o short-monotonic",
            &[],
            LAST_WORDS,
        );
        match journal {
            Ok(output) if output.status == Some(0) => eprintln!("--- journal\n{}", output.stdout),
            _ => eprintln!(
                "--- serial console\n{}",
                self.machine.borrow().serial_tail()
            ),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell_evidence();
        }
        self.masters.borrow_mut().clear();
        self.machine.borrow_mut().end();
        self.note_time();
        leftovers::must_be_none(self.dir.path());
    }
}

impl Host {
    /// Adds how long it ran, and for which test, to the file that `BENCHWARDEN_TIMES` names.
    fn note_time(&self) {
        let Some(path) = std::env::var_os("BENCHWARDEN_TIMES") else {
            return;
        };
        let options = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path);
        let thread = std::thread::current();
        let (seconds, name) = (self.begun.elapsed().as_secs(), thread.name().unwrap_or("?"));
        if let Ok(mut file) = options {
            // Whoever wanted to know is told less.
            let _ = writeln!(file, "{seconds:5} s  {name}");
        }
    }
}
