//! The host as one of its people: commands, jobs and terminals in real logins of theirs.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Child;
use std::time::{Duration, Instant};

use super::PATIENCE;
use super::host::Host;
use super::output::Output;
use super::terminal::Terminal;

/// What `ssh` runs to ask for a password.
const ASKPASS: &str = "#!/bin/sh\nprintf '%s\\n' \"$TEST_HOST_PASSWORD\"\n";

/// The host as one of its people.
pub struct User<'a> {
    host: &'a Host,
    name: String,
}

impl<'a> User<'a> {
    pub(super) fn new(host: &'a Host, name: &str) -> Self {
        Self {
            host,
            name: name.to_owned(),
        }
    }

    /// Runs a command line in a real login of this person.
    pub fn run(&self, command: &str) -> Output {
        self.run_with(command, &[], PATIENCE)
    }

    /// Runs a program with exactly these arguments; for shells that quote as sh does.
    pub fn run_argv(&self, argv: &[&str]) -> Output {
        self.run(&quoted(argv))
    }

    /// A command line with something on standard input and a limit of its own.
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

    /// How long a login of its own takes; the limit where it does not come to an end.
    pub fn login_takes(&self, limit: Duration) -> Duration {
        let login = self.host.login(&self.name);
        let begin = Instant::now();
        let said = login.run("true", &[], limit);
        let took = begin.elapsed();
        let answered = said.is_ok_and(|said| said.status == Some(0));
        let told = if answered {
            "logged in"
        } else {
            "not answered"
        };
        let told = format!("{told}, {took:.1?}");
        self.host.evidence.command(&self.name, "true", &told);
        if answered { took } else { limit }
    }

    /// Logs in by password rather than by key.
    pub fn password_login(&self, password: &str, command: &str) -> Output {
        let helper = self.host.dir().join("askpass");
        std::fs::write(&helper, ASKPASS).unwrap();
        std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o700)).unwrap();
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
        let evidence = &self.host.evidence;
        evidence.command(&self.name, command, "(in a terminal)");
        let login = self.host.login(&self.name);
        Terminal::open(&login, size, environment, command, evidence)
    }

    fn record(&self, command: &str, result: Result<Output, String>) -> Output {
        let told = match &result {
            Ok(output) => output.to_string(),
            Err(why) => why.clone(),
        };
        self.host.evidence.command(&self.name, command, &told);
        result.unwrap_or_else(|why| panic!("{}: {command}: {why}", self.name))
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

/// A command line whose words are exactly these, for sh.
pub(super) fn quoted(argv: &[&str]) -> String {
    let words: Vec<String> = argv
        .iter()
        .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
        .collect();
    words.join(" ")
}
