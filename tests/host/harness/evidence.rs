//! What a failed test shows: the commands with what they said, and the last screens.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use unicode_width::UnicodeWidthStr as _;

use super::terminal::Shown;

/// How many commands are remembered.
const COMMANDS: usize = 12;
/// And how much of what each said.
const SAID: usize = 2000;

/// What happened on one host.
pub(super) struct Evidence {
    begun: Instant,
    commands: RefCell<Vec<String>>,
    screens: RefCell<Vec<(String, Arc<Mutex<Shown>>)>>,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            commands: RefCell::default(),
            screens: RefCell::default(),
        }
    }
}

impl Evidence {
    /// A command and what came of it.
    pub(super) fn command(&self, user: &str, command: &str, result: &str) {
        if std::env::var_os("BENCHWARDEN_TRACE").is_some() {
            eprintln!("[{:4}] {user}$ {command}", self.begun.elapsed().as_secs());
        }
        let mut commands = self.commands.borrow_mut();
        if commands.len() == COMMANDS {
            commands.remove(0);
        }
        let result: String = result.chars().take(SAID).collect();
        commands.push(format!("{user}$ {command}\n{result}"));
    }

    /// A terminal, whose screen is shown as it is then.
    pub(super) fn screen(&self, command: &str, shown: &Arc<Mutex<Shown>>) {
        self.screens
            .borrow_mut()
            .push((command.to_owned(), Arc::clone(shown)));
    }

    /// The commands, as text.
    pub(super) fn commands(&self) -> String {
        format!("--- commands\n{}", self.commands.borrow().join("\n"))
    }

    /// The screens, each in a frame.
    pub(super) fn screens(&self) -> String {
        let mut out = String::new();
        for (command, shown) in self.screens.borrow().iter() {
            let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            let (lines, width) = (shown.lines(), shown.columns());
            let _ = writeln!(out, "--- screen of {command}\n+{}+", "-".repeat(width));
            for line in lines {
                let rest = " ".repeat(width.saturating_sub(line.width()));
                let _ = writeln!(out, "|{line}{rest}|");
            }
            let _ = writeln!(out, "+{}+", "-".repeat(width));
        }
        out
    }
}
