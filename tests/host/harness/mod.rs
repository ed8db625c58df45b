//! A fresh Debian for each test, and what a person does with it.
//!
//! ```ignore
//! let host = Host::fresh(Release::Bookworm);
//! host.run("echo kept > /root/kept").ok();
//! let busy = host.as_user("alice").spawn("while :; do :; done");
//! let mut console = host.as_user("ada").terminal((80, 24), "sudo benchwarden");
//! console.wait_for("alice");
//! ```
//!
//! When a test fails, the commands and their output, the last screens and the journal's tail are
//! printed. A test that leaves a process behind fails.

mod evidence;
mod image;
mod leftovers;
mod machine;
mod ssh;
mod terminal;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use evidence::Evidence;
use image::Permit;
use machine::Machine;
use ssh::{Login, Master};

pub use image::{Release, manifest};
pub use ssh::Output;
pub use terminal::{Key, Terminal};

/// The same test on Debian 12 and on Debian 13.
macro_rules! on_both {
    ($(#[$meta:meta])* fn $name:ident($host:ident) $body:block) => {
        mod $name {
            use super::*;

            fn story($host: &Host) $body

            $(#[$meta])*
            #[test]
            fn bookworm() {
                story(&Host::fresh(Release::Bookworm));
            }

            $(#[$meta])*
            #[test]
            fn trixie() {
                story(&Host::fresh(Release::Trixie));
            }
        }
    };
}
pub(crate) use on_both;

/// Emulation is ten to twenty times slower than the machine it runs on.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// From power on to a login.
const BOOT: Duration = Duration::from_secs(180);

/// One running Debian.
pub struct Host {
    /// Connections first: they end before the machine they lead to.
    masters: RefCell<HashMap<String, Master>>,
    machine: RefCell<Machine>,
    evidence: Rc<Evidence>,
    release: Release,
    /// Whether what is left behind has been looked for.
    settled: Cell<bool>,
    dir: TempDir,
    _permit: Permit,
}

/// The host as one of its people.
pub struct User<'a> {
    host: &'a Host,
    name: String,
}

impl Host {
    /// A host that nobody has touched, as it was right after boot.
    pub fn fresh(release: Release) -> Self {
        let permit = Permit::wait();
        let image = image::directory(release);
        let dir = tempfile::Builder::new().prefix("bw").tempdir().unwrap();
        let machine = Machine::resume(&image, dir.path());
        let host = Self {
            masters: RefCell::default(),
            machine: RefCell::new(machine),
            evidence: Rc::default(),
            release,
            settled: Cell::new(false),
            dir,
            _permit: permit,
        };
        host.wait_for_login(PATIENCE);
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
        User {
            host: self,
            name: name.to_owned(),
        }
    }

    /// Writes a file as root.
    pub fn put(&self, content: &[u8], path: &str, mode: u32) {
        let command = format!("umask 077; cat > {path} && chmod {mode:o} {path}");
        self.as_user("root")
            .run_with(&command, content, PATIENCE)
            .ok();
    }

    /// Puts the program under test where a package would.
    pub fn install_benchwarden(&self) {
        let built = std::env::var("BENCHWARDEN_BIN").map_or_else(
            |_| PathBuf::from(env!("CARGO_BIN_EXE_benchwarden")),
            PathBuf::from,
        );
        let program = std::fs::read(&built)
            .unwrap_or_else(|e| panic!("cannot read {}: {e}; build it first", built.display()));
        self.put(&program, "/usr/bin/benchwarden", 0o755);
    }

    /// Sets the clock.
    pub fn set_time(&self, time: &str) {
        self.run(&format!("date -u -s {time} >/dev/null")).ok();
    }

    /// Cuts the power, and boots from what the disk holds.
    pub fn power_cut(&self) {
        self.masters.borrow_mut().clear();
        self.machine.borrow_mut().power_cut();
        self.wait_for_login(BOOT);
        self.run("systemctl is-system-running --wait || true").ok();
    }

    /// Waits until something is so, asking again and again.
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

    fn login(&self, user: &str) -> Login {
        let image = self.machine.borrow().image().to_owned();
        Login::new(&image, self.machine.borrow().port(), user, &self.marker())
    }

    /// By which everything this host starts on this machine is found again.
    fn marker(&self) -> String {
        self.dir.path().to_str().unwrap().to_owned()
    }

    fn wait_for_login(&self, limit: Duration) {
        let start = Instant::now();
        loop {
            match Master::open(&self.login("root"), &self.socket("root")) {
                Ok(master) => {
                    self.masters.borrow_mut().insert("root".to_owned(), master);
                    return;
                }
                Err(why) if start.elapsed() > limit => {
                    panic!(
                        "no login within {limit:?}: {why}\n{}",
                        self.machine.borrow().serial_tail()
                    )
                }
                Err(_) => std::thread::sleep(Duration::from_millis(200)),
            }
            self.machine.borrow_mut().must_run();
        }
    }

    fn socket(&self, user: &str) -> PathBuf {
        // A socket's path is short, however long a name is.
        let number = user
            .bytes()
            .fold(7u32, |n, b| n.wrapping_mul(31).wrapping_add(u32::from(b)));
        self.dir.path().join(format!("m{number:08x}"))
    }

    /// The connection that is kept open for a user.
    fn master(&self, user: &str) -> PathBuf {
        let socket = self.socket(user);
        if !self.masters.borrow().contains_key(user) {
            let master = Master::open(&self.login(user), &socket)
                .unwrap_or_else(|why| panic!("{user} cannot log in: {why}"));
            self.masters.borrow_mut().insert(user.to_owned(), master);
        }
        socket
    }

    fn tell_evidence(&self) {
        eprintln!("{}", self.evidence.commands());
        eprintln!("{}", self.evidence.screens());
        let root = self.socket("root");
        let journal = self.login("root").through(&root).run(
            "journalctl -n 60 --no-pager -o short-monotonic",
            &[],
            Duration::from_secs(20),
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

impl User<'_> {
    /// Runs a command line in a real login of this person.
    pub fn run(&self, command: &str) -> Output {
        self.run_with(command, &[], PATIENCE)
    }

    /// The same with something on standard input and a limit of its own.
    pub fn run_with(&self, command: &str, input: &[u8], limit: Duration) -> Output {
        let socket = self.host.master(&self.name);
        let login = self.host.login(&self.name).through(&socket);
        self.record(command, login.run(command, input, limit))
    }

    /// The same in a login of its own, for what is decided at login.
    pub fn fresh_login(&self, command: &str) -> Output {
        let login = self.host.login(&self.name);
        self.record(command, login.run(command, &[], PATIENCE))
    }

    /// Logs in by password rather than by key.
    pub fn password_login(&self, password: &str, command: &str) -> Output {
        let helper = self.host.dir.path().join("askpass");
        std::fs::write(
            &helper,
            "#!/bin/sh\nprintf '%s\\n' \"$TEST_HOST_PASSWORD\"\n",
        )
        .unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&helper, mode).unwrap();
        let login = self.host.login(&self.name).by_password(&helper, password);
        self.record(command, login.run(command, &[], PATIENCE))
    }

    /// Starts a job that runs until the handle is dropped.
    pub fn spawn(&self, command: &str) -> Job {
        let socket = self.host.master(&self.name);
        let login = self.host.login(&self.name).through(&socket);
        self.host.evidence.command(&self.name, command, "(started)");
        Job {
            child: login.spawn(command),
        }
    }

    /// Opens a terminal of a size and starts a program in it, as a person does.
    pub fn terminal(&self, size: (u16, u16), command: &str) -> Terminal {
        self.terminal_with(
            size,
            &[("TERM", "xterm-256color"), ("LANG", "C.UTF-8")],
            command,
        )
    }

    /// The same in a given environment.
    pub fn terminal_with(
        &self,
        size: (u16, u16),
        environment: &[(&str, &str)],
        command: &str,
    ) -> Terminal {
        self.host
            .evidence
            .command(&self.name, command, "(in a terminal)");
        let login = self.host.login(&self.name);
        Terminal::open(&login, size, environment, command, &self.host.evidence)
    }

    fn record(&self, command: &str, result: Result<Output, String>) -> Output {
        match result {
            Ok(output) => {
                self.host
                    .evidence
                    .command(&self.name, command, &output.to_string());
                output
            }
            Err(why) => {
                self.host.evidence.command(&self.name, command, &why);
                panic!("{}: {command}: {why}", self.name);
            }
        }
    }
}

/// Something that runs on the host until this is dropped.
pub struct Job {
    child: Child,
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell_evidence();
        }
        self.masters.borrow_mut().clear();
        self.machine.borrow_mut().end();
        self.settled.set(true);
        leftovers::must_be_none(Path::new(&self.marker()));
    }
}
