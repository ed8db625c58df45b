//! A tool in a terminal of 120x40, and when it showed what.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
/// A screen with more lines than this is more than a greeting.
const GREETING: usize = 5;
/// The first person of the population, who has no name.
const FIRST_UID: u32 = 20_000;
/// A key that is not answered within this time counts as this time.
const KEY_PATIENCE: Duration = Duration::from_secs(1);
/// How long a tool may take to end by itself.
const QUIT_PATIENCE: Duration = Duration::from_secs(2);

const DOWN: &[u8] = b"\x1b[B";
const UP: &[u8] = b"\x1b[A";

/// Some bytes, and when they came.
type Chunk = (Instant, Vec<u8>);

/// When something was seen first, since just before the tool was started.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seen {
    /// The first byte.
    pub(crate) byte: Option<Duration>,
    /// More lines than a greeting.
    pub(crate) screen: Option<Duration>,
    /// A person of the population with a figure for CPU.
    pub(crate) figures: Option<Duration>,
}

/// A tool in its terminal.
pub(crate) struct Console {
    process: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    output: Receiver<Chunk>,
    screen: vt100::Parser,
    started: Instant,
    pub(crate) seen: Seen,
    /// How many bytes came when.
    pub(crate) sent: Vec<(Instant, usize)>,
    ended: bool,
    /// Keeps the terminal open.
    _master: Box<dyn MasterPty + Send>,
}

impl Console {
    /// Starts a tool with nothing in its environment but what is measured.
    pub(crate) fn start(argv: &[String], home: &Path) -> anyhow::Result<Self> {
        let pair = native_pty_system().openpty(PtySize {
            rows: ROWS,
            cols: COLUMNS,
            pixel_width: 0,
            pixel_height: 0,
        })?;
        let mut command = CommandBuilder::from_argv(argv.iter().map(Into::into).collect());
        command.cwd(home);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", home);
        // atop as root would switch the accounting of the whole host on.
        command.env("ATOPACCT", "");
        let (chunks, output) = channel();
        let reader = pair.master.try_clone_reader()?;
        std::thread::spawn(move || drain(reader, &chunks));
        let started = Instant::now();
        let process = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        Ok(Self {
            process,
            keyboard: pair.master.take_writer()?,
            output,
            screen: vt100::Parser::new(nonzero(ROWS), nonzero(COLUMNS), 0),
            started,
            seen: Seen::default(),
            sent: Vec::new(),
            ended: false,
            _master: pair.master,
        })
    }

    /// The process of the tool.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.process_id()
    }

    /// Whether the tool has closed its terminal.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Takes in what the tool sends until a moment has come.
    pub(crate) fn watch_until(&mut self, moment: Instant) {
        while self.next(moment).is_some() {}
    }

    /// Takes in what the tool sends until something is seen, or patience ends.
    pub(crate) fn wait_for(&mut self, patience: Duration, is: impl Fn(&Seen) -> bool) {
        let last = self.started + patience;
        while !is(&self.seen) && self.next(last).is_some() {}
    }

    /// Takes in one chunk and tells when it came; `None` when the moment came first.
    fn next(&mut self, moment: Instant) -> Option<Instant> {
        let left = moment.saturating_duration_since(Instant::now());
        match self.output.recv_timeout(left) {
            Ok((at, bytes)) => {
                self.take(at, &bytes);
                Some(at)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                self.ended = true;
                std::thread::sleep(left);
                None
            }
        }
    }

    fn take(&mut self, at: Instant, bytes: &[u8]) {
        self.screen.process(bytes);
        self.sent.push((at, bytes.len()));
        let since = at.saturating_duration_since(self.started);
        self.seen.byte.get_or_insert(since);
        if self.seen.figures.is_some() {
            return;
        }
        let lines = self.lines();
        if lines.iter().filter(|line| !line.trim().is_empty()).count() > GREETING {
            self.seen.screen.get_or_insert(since);
        }
        if lines.iter().any(|line| shows_a_person(line)) {
            self.seen.figures.get_or_insert(since);
        }
    }

    fn lines(&self) -> Vec<String> {
        self.screen.screen().rows(0, COLUMNS).collect()
    }

    /// On whom the marker is.
    fn marked(&self) -> Option<String> {
        let lines = self.lines();
        let line = lines.iter().find(|line| line.starts_with("> "))?;
        Some(line.split_whitespace().nth(1)?.to_owned())
    }

    /// The key that moves the marker towards the middle of the people, away from both ends.
    fn key(&self) -> &'static [u8] {
        let mut people = self.lines();
        people.retain(|line| shows_a_person(line));
        let above = people.iter().position(|line| line.starts_with("> "));
        if above.is_some_and(|above| above >= people.len() / 2) {
            UP
        } else {
            DOWN
        }
    }

    /// Presses a key that moves the marker, and returns how long it took until it had moved.
    pub(crate) fn move_marker(&mut self) -> anyhow::Result<Duration> {
        self.watch_until(Instant::now());
        let before = self.marked();
        let key = self.key();
        let pressed = Instant::now();
        self.keyboard.write_all(key)?;
        self.keyboard.flush()?;
        while let Some(at) = self.next(pressed + KEY_PATIENCE) {
            if self.marked() != before {
                return Ok(at.saturating_duration_since(pressed));
            }
        }
        Ok(KEY_PATIENCE)
    }

    /// Ends the tool as its user would, and by force when it does not listen.
    pub(crate) fn quit(mut self) {
        let _ = self.keyboard.write_all(b"q");
        let last = Instant::now() + QUIT_PATIENCE;
        while Instant::now() < last {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            self.watch_until(Instant::now() + Duration::from_millis(20));
        }
        if let Some(pid) = self
            .pid()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        let _ = self.process.wait();
    }
}

/// Reads what a tool sends as soon as it comes, so that the tool never waits for its terminal.
fn drain(mut from: Box<dyn std::io::Read + Send>, chunks: &Sender<Chunk>) {
    let mut buffer = [0; 65536];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if chunks.send((Instant::now(), buffer[..n].to_vec())).is_err() {
            return;
        }
    }
}

/// Whether a line of the overview shows somebody of the population with a figure for CPU.
fn shows_a_person(line: &str) -> bool {
    let Some(line) = line.strip_prefix("> ").or(line.strip_prefix("  ")) else {
        return false;
    };
    let mut words = line.split_whitespace();
    let person = words.next().and_then(|name| name.parse::<u32>().ok());
    let cpu = words.next().and_then(|figure| figure.parse::<f64>().ok());
    person.is_some_and(|uid| uid >= FIRST_UID) && cpu.is_some()
}

fn nonzero(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("a terminal has lines and columns")
}
