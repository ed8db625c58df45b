//! A terminal of a size, with a program in it on the other side of `ssh -tt`: what a person sees
//! and types.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use unicode_width::UnicodeWidthStr as _;

use super::PATIENCE;
use super::evidence::Evidence;
use super::ssh::Login;

/// What the terminal shows and how much it was sent.
pub(super) struct Shown {
    parser: vt100::Parser,
    /// All that came.
    raw: Vec<u8>,
    /// When the last byte came.
    quiet_since: Instant,
}

impl Shown {
    /// How many columns it has.
    pub(super) fn columns(&self) -> usize {
        usize::from(self.parser.screen().size().1.get())
    }

    /// The screen as lines, without the blanks at their ends.
    pub(super) fn lines(&self) -> Vec<String> {
        let screen = self.parser.screen();
        let (_, columns) = screen.size();
        screen.rows(0, columns.get()).collect()
    }
}

/// A key with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tabulator.
    Tab,
    /// Shift and the tabulator.
    BackTab,
    /// Delete to the left.
    Backspace,
    /// Delete to the right.
    Delete,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor right.
    Right,
    /// Cursor left.
    Left,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Control and a letter.
    Ctrl(char),
    /// Alt and a character.
    Alt(char),
    /// A function key, from 1 to 4.
    F(u8),
}

impl Key {
    /// What xterm sends.
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Enter => b"\r".to_vec(),
            Self::Esc => b"\x1b".to_vec(),
            Self::Tab => b"\t".to_vec(),
            Self::BackTab => b"\x1b[Z".to_vec(),
            Self::Backspace => b"\x7f".to_vec(),
            Self::Delete => b"\x1b[3~".to_vec(),
            Self::Up => b"\x1b[A".to_vec(),
            Self::Down => b"\x1b[B".to_vec(),
            Self::Right => b"\x1b[C".to_vec(),
            Self::Left => b"\x1b[D".to_vec(),
            Self::Home => b"\x1b[H".to_vec(),
            Self::End => b"\x1b[F".to_vec(),
            Self::PageUp => b"\x1b[5~".to_vec(),
            Self::PageDown => b"\x1b[6~".to_vec(),
            Self::Ctrl(letter) => vec![u8::try_from(letter).unwrap() & 0x1f],
            Self::Alt(character) => format!("\x1b{character}").into_bytes(),
            Self::F(number) => vec![0x1b, b'O', b'O' + number],
        }
    }
}

/// A program in a terminal.
pub struct Terminal {
    shown: Arc<Mutex<Shown>>,
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    process: Box<dyn Child + Send + Sync>,
}

impl Terminal {
    pub(super) fn open(
        login: &Login,
        (columns, rows): (u16, u16),
        environment: &[(&str, &str)],
        command: &str,
        evidence: &Rc<Evidence>,
    ) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut ssh = CommandBuilder::new("setpriv");
        let send: Vec<String> = environment
            .iter()
            .map(|(name, _)| format!("SendEnv={name}"))
            .collect();
        let mut flags = vec!["-tt"];
        flags.extend(send.iter().flat_map(|option| ["-o", option.as_str()]));
        ssh.args(login.argv(&flags, Some(command)));
        for name in ["LANG", "LC_ALL", "LC_CTYPE", "NO_COLOR", "COLORTERM"] {
            ssh.env_remove(name);
        }
        for (name, value) in environment {
            ssh.env(name, value);
        }
        for (name, value) in login.environment() {
            ssh.env(name, value);
        }
        let process = pair.slave.spawn_command(ssh).unwrap();
        drop(pair.slave);
        let shown = Arc::new(Mutex::new(Shown {
            parser: vt100::Parser::new(nonzero(rows), nonzero(columns), 0),
            raw: Vec::new(),
            quiet_since: Instant::now(),
        }));
        let mut from = pair.master.try_clone_reader().unwrap();
        let screen = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut buffer = [0; 16384];
            while let Ok(n @ 1..) = from.read(&mut buffer) {
                let mut shown = screen.lock().unwrap();
                shown.parser.process(&buffer[..n]);
                shown.raw.extend_from_slice(&buffer[..n]);
                shown.quiet_since = Instant::now();
            }
        });
        evidence.screen(command, &shown);
        Self {
            shown,
            keyboard: pair.master.take_writer().unwrap(),
            master: pair.master,
            process,
        }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap()
    }

    /// The screen as text, a line each.
    pub fn text(&self) -> String {
        self.shown().lines().join("\n")
    }

    /// The first line with this text in it.
    pub fn line_with(&self, text: &str) -> Option<String> {
        self.shown()
            .lines()
            .into_iter()
            .find(|line| line.contains(text))
    }

    /// The cell where this text begins: its colour, whether it is bold, whether it is reversed.
    pub fn cell_at(&self, text: &str) -> Option<vt100::Cell> {
        let shown = self.shown();
        let lines = shown.lines();
        let row = lines.iter().position(|line| line.contains(text))?;
        let before = &lines[row][..lines[row].find(text)?];
        let (row, column) = (u16::try_from(row).unwrap(), columns_of(before));
        shown.parser.screen().cell(row, column).cloned()
    }

    /// Whether the program has the alternate screen.
    pub fn alternate(&self) -> bool {
        self.shown().parser.screen().alternate_screen()
    }

    /// Whether the cursor is hidden.
    pub fn cursor_hidden(&self) -> bool {
        self.shown().parser.screen().hide_cursor()
    }

    /// Bytes received so far.
    pub fn bytes_received(&self) -> u64 {
        self.shown().raw.len() as u64
    }

    /// The bytes themselves, all since the start.
    pub fn raw(&self) -> Vec<u8> {
        self.shown().raw.clone()
    }

    /// Waits until the screen holds a text.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait_until(&format!("{text:?} on the screen"), |t| {
            t.text().contains(text)
        });
    }

    /// Waits until something is so.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            assert!(
                start.elapsed() < PATIENCE,
                "not within {PATIENCE:?}: {what}; the screen is\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types text.
    pub fn type_text(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Presses a key.
    pub fn press(&mut self, key: Key) {
        self.keyboard.write_all(&key.bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.shown()
            .parser
            .screen_mut()
            .set_size(nonzero(rows), nonzero(columns));
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Waits for the program to end and returns its exit status.
    #[track_caller]
    pub fn wait_exit(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(
                start.elapsed() < PATIENCE,
                "the program goes on:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How many columns a text takes: a wide character two, a combining one none.
fn columns_of(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap()
}

fn nonzero(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("a terminal has rows and columns")
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}
