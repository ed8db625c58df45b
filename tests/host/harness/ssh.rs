//! Logins: through the ordinary ssh client, with the image's throw-away key.

use std::fmt;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::leftovers::MARKER;

/// What a command said.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its exit status; `None` when the connection or a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// What it wrote; anything but success fails the test.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert_eq!(self.status, Some(0), "{self}");
        &self.stdout
    }

    /// What it complained; any other exit status fails the test.
    #[track_caller]
    pub fn fails_with(&self, status: i32) -> &str {
        assert_eq!(self.status, Some(status), "{self}");
        &self.stderr
    }

    /// Its JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.ok()).unwrap_or_else(|e| panic!("no JSON: {e}\n{self}"))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "exit {status}")?,
            None => write!(f, "no exit status")?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "\n{name}: {}", text.trim_end())?;
            }
        }
        Ok(())
    }
}

/// How to reach the host as one person.
#[derive(Clone)]
pub(super) struct Login {
    args: Vec<String>,
    target: String,
    environment: Vec<(String, String)>,
}

impl Login {
    pub(super) fn new(image: &Path, port: u16, user: &str, marker: &str) -> Self {
        let option = |text: String| ["-o".to_owned(), text];
        let key = image.join("ssh_key").display().to_string();
        let mut args: Vec<String> = ["-F", "none", "-p"].map(str::to_owned).to_vec();
        args.push(port.to_string());
        args.extend(option(format!("IdentityFile={key}")));
        args.extend(option(format!(
            "UserKnownHostsFile={}",
            known_hosts(image, port, marker)
        )));
        for text in [
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            "ConnectTimeout=10",
            "GlobalKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
        ] {
            args.extend(option(text.to_owned()));
        }
        Self {
            args,
            target: format!("{user}@127.0.0.1"),
            environment: vec![(MARKER.to_owned(), marker.to_owned())],
        }
    }

    /// Over a connection that is open already.
    pub(super) fn through(mut self, socket: &Path) -> Self {
        self.args.push("-S".to_owned());
        self.args.push(socket.display().to_string());
        self
    }

    /// With a password and no key.
    pub(super) fn by_password(mut self, askpass: &Path, password: &str) -> Self {
        self.args.retain(|arg| arg != "BatchMode=yes");
        // `retain` left its `-o` behind; it takes the next option.
        let at = self
            .args
            .iter()
            .position(|a| a == "StrictHostKeyChecking=yes")
            .unwrap();
        self.args.remove(at - 1);
        for text in [
            "PubkeyAuthentication=no",
            "PreferredAuthentications=password",
            "NumberOfPasswordPrompts=1",
        ] {
            self.args.extend(["-o".to_owned(), text.to_owned()]);
        }
        for (name, value) in [
            ("SSH_ASKPASS", askpass.to_str().unwrap()),
            ("SSH_ASKPASS_REQUIRE", "force"),
            ("TEST_HOST_PASSWORD", password),
        ] {
            self.environment.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The arguments of `ssh`, then what follows on its command line.
    pub(super) fn argv(&self, flags: &[&str], command: Option<&str>) -> Vec<String> {
        let mut argv = vec!["--pdeathsig".to_owned(), "KILL".to_owned(), "--".to_owned()];
        argv.push("ssh".to_owned());
        argv.extend(self.args.clone());
        argv.extend(flags.iter().map(|f| (*f).to_owned()));
        argv.push(self.target.clone());
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
        for (name, value) in &self.environment {
            ssh.env(name, value);
        }
        ssh
    }

    /// Runs a command line in the login shell.
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
        let stdout = read_all(child.stdout.take());
        let stderr = read_all(child.stderr.take());
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
            stdout: stdout.join().unwrap_or_default(),
            stderr: stderr.join().unwrap_or_default(),
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

/// The image knows its host key without a port; ssh wants it with one.
fn known_hosts(image: &Path, port: u16, dir: &str) -> String {
    let line = std::fs::read_to_string(image.join("known_host")).unwrap();
    let key: Vec<&str> = line
        .split_whitespace()
        .filter(|w| !w.contains("127.0.0.1"))
        .collect();
    let from = key
        .iter()
        .position(|word| word.starts_with("ssh-"))
        .expect("known_host has a key");
    let path = format!("{dir}/known_hosts");
    let content = format!("[127.0.0.1]:{port} {}\n", key[from..].join(" "));
    std::fs::write(&path, content).unwrap();
    path
}

fn read_all(from: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            let _ = from.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child, limit: Duration) -> Option<std::process::ExitStatus> {
    let start = Instant::now();
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if start.elapsed() > limit {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
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
        let path = socket.to_str().unwrap();
        let process = login
            .command(&["-M", "-N", "-T", "-S", path], None)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start ssh: {e}"))?;
        let mut master = Self {
            process,
            socket: socket.to_owned(),
        };
        let start = Instant::now();
        // The socket appears when the login is done.
        while !socket.exists() {
            if let Ok(Some(status)) = master.process.try_wait() {
                let said = read_all(master.process.stderr.take())
                    .join()
                    .unwrap_or_default();
                return Err(format!("ssh: {status}: {}", said.trim()));
            }
            if start.elapsed() > Duration::from_secs(30) {
                return Err("ssh: no login within 30 s".to_owned());
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
