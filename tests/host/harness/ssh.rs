//! Logins: through the ordinary ssh client, with the image's throw-away key or a password.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::leftovers::MARKER;
use super::output::{Output, Stream, wait};

/// How long a login may take.
const LOGIN: Duration = Duration::from_secs(45);

/// Settings of every connection: this key, this host, no questions, nothing of whoever runs this.
const SETTINGS: [&str; 7] = [
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "ConnectTimeout=10",
    "NumberOfPasswordPrompts=1",
    "LogLevel=ERROR",
];

/// How to reach the host as one person.
#[derive(Clone)]
pub(super) struct Login {
    image: PathBuf,
    port: u16,
    user: String,
    /// The connection to share, if any.
    socket: Option<PathBuf>,
    by_password: bool,
    environment: Vec<(String, String)>,
}

impl Login {
    /// By key, in a login of its own.
    pub(super) fn new(image: &Path, port: u16, user: &str, marker: &str) -> Self {
        Self {
            image: image.to_owned(),
            port,
            user: user.to_owned(),
            socket: None,
            by_password: false,
            environment: vec![(MARKER.to_owned(), marker.to_owned())],
        }
    }

    /// Over a connection that is open already.
    pub(super) fn through(mut self, socket: &Path) -> Self {
        self.socket = Some(socket.to_owned());
        self
    }

    /// With a password and no key; the helper prints `$TEST_HOST_PASSWORD`.
    pub(super) fn by_password(mut self, helper: &Path, password: &str) -> Self {
        self.by_password = true;
        let helper = helper.display().to_string();
        for (name, value) in [
            ("SSH_ASKPASS", helper.as_str()),
            ("SSH_ASKPASS_REQUIRE", "force"),
            ("TEST_HOST_PASSWORD", password),
        ] {
            self.environment.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The arguments of `setpriv`, which starts an `ssh` that nothing outlives.
    pub(super) fn argv(&self, flags: &[&str], command: Option<&str>) -> Vec<String> {
        let mut argv: Vec<String> = ["--pdeathsig", "KILL", "--", "ssh", "-F", "none"]
            .map(str::to_owned)
            .to_vec();
        argv.extend(["-p".to_owned(), self.port.to_string()]);
        if let Some(socket) = &self.socket {
            argv.extend(["-S".to_owned(), socket.display().to_string()]);
        }
        let key = self.image.join("ssh_key");
        let host = self.image.join("known_host");
        let mut settings = SETTINGS.map(str::to_owned).to_vec();
        settings.push(format!("UserKnownHostsFile={}", host.display()));
        if self.by_password {
            settings.push("PubkeyAuthentication=no".to_owned());
            settings.push("PreferredAuthentications=password".to_owned());
        } else {
            settings.push(format!("IdentityFile={}", key.display()));
            settings.push("BatchMode=yes".to_owned());
        }
        argv.extend(
            settings
                .into_iter()
                .flat_map(|setting| ["-o".to_owned(), setting]),
        );
        argv.extend(flags.iter().map(|flag| (*flag).to_owned()));
        argv.push(format!("{}@127.0.0.1", self.user));
        argv.extend(command.map(str::to_owned));
        argv
    }

    /// What `ssh` has in its environment besides ours.
    pub(super) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    fn command(&self, flags: &[&str], command: Option<&str>) -> Command {
        let mut ssh = Command::new("setpriv");
        ssh.args(self.argv(flags, command));
        ssh.envs(self.environment.iter().cloned());
        ssh
    }

    /// Runs a command line in the login shell; says what there was when it does not end in time.
    pub(super) fn run(
        &self,
        command: &str,
        input: &[u8],
        limit: Duration,
    ) -> Result<Output, String> {
        let mut child = self
            .command(&["-T"], Some(command))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start ssh: {e}"))?;
        let stdout = Stream::read(child.stdout.take());
        let stderr = Stream::read(child.stderr.take());
        let mut stdin = child.stdin.take().expect("is piped");
        let input = input.to_vec();
        // Its own thread: a command that reads nothing must not hang the test.
        std::thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
        let status = wait(&mut child, limit);
        if status.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let output = Output {
            status: status.and_then(|s| s.code()),
            stdout: stdout.text(),
            stderr: stderr.text(),
        };
        match status {
            Some(_) => Ok(output),
            None => Err(format!("no end within {limit:?}\n{output}")),
        }
    }

    /// Starts a command line and leaves it running; it gets a terminal, so that it ends with the
    /// connection.
    pub(super) fn spawn(&self, command: &str) -> Child {
        self.command(&["-tt"], Some(command))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ssh is installed")
    }
}

/// A connection that is kept open, so that a command costs no new handshake.
pub(super) struct Master {
    process: Child,
    socket: PathBuf,
}

impl Master {
    /// Logs in; says why when that does not work.
    pub(super) fn open(login: &Login, socket: &Path) -> Result<Self, String> {
        let _ = std::fs::remove_file(socket);
        let mut process = login
            .clone()
            .through(socket)
            .command(&["-M", "-N", "-T"], None)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start ssh: {e}"))?;
        let said = Stream::read(process.stderr.take());
        let mut master = Self {
            process,
            socket: socket.to_owned(),
        };
        let start = Instant::now();
        // The socket appears when the login is done.
        while !socket.exists() {
            if let Ok(Some(status)) = master.process.try_wait() {
                return Err(format!("ssh: {status}: {}", said.text().trim()));
            }
            if start.elapsed() > LOGIN {
                return Err(format!("ssh: no login within {LOGIN:?}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(master)
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}
