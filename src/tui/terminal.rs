//! The terminal: taken over at the start, given back as it was at the end, whatever the end is.

use std::io::{self, Stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::Backend as _;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::host::clock;

use super::Signal;
use super::app::App;
use super::backend::Thrifty;
use super::errand;

/// Whether there is something to give back; it is given back once.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The screen while the console owns it.
pub(super) struct Screen {
    terminal: Terminal<Thrifty<Stdout>>,
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn enter() -> io::Result<Self> {
        give_back_on_panic();
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let screen = (|| {
            // What is pasted arrives as one piece: a line end in it is no Enter.
            execute!(
                io::stdout(),
                EnterAlternateScreen,
                Hide,
                EnableBracketedPaste
            )?;
            Terminal::new(Thrifty::new(io::stdout()))
        })();
        match screen {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Sends what changed since the last picture.
    pub(super) fn draw(&mut self, app: &App) -> io::Result<()> {
        self.terminal
            .draw(|frame| app.render(frame.area(), frame.buffer_mut()))?;
        Ok(())
    }

    /// Forgets what the terminal shows, so that the next picture is sent whole.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Gives the terminal back.
    pub(super) fn leave(mut self) -> io::Result<()> {
        self.terminal.backend_mut().flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Leaves the alternate screen, shows the cursor and restores the line discipline.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // When the terminal has gone there is nobody to tell.
        let _ = execute!(
            io::stdout(),
            DisableBracketedPaste,
            LeaveAlternateScreen,
            Show
        );
        let _ = disable_raw_mode();
    }
}

/// A panic speaks on a terminal that can show it, and ends the program whichever thread it
/// struck: figures that no longer change would pass for true ones.
fn give_back_on_panic() {
    let earlier = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        give_back();
        earlier(info);
        #[expect(
            clippy::disallowed_methods,
            reason = "no thread returns to main from here"
        )]
        std::process::exit(101);
    }));
}

/// Ends the console when somebody ends the program: a kill or a lost connection. When the main
/// thread does not get to it (it hangs writing to a terminal that takes nothing), the terminal is
/// given back from here and the program ends all the same.
pub(super) fn on_signals(events: Sender<Signal>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT])?;
    let wait = move || {
        for signal in signals.forever() {
            if events.send(Signal::Quit).is_err() {
                return;
            }
            clock::pause(Duration::from_secs(2));
            // A lost connection is no reason to leave a change half done.
            while errand::a_plan_runs() {
                clock::pause(Duration::from_millis(100));
            }
            give_back();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(wait)?;
    Ok(())
}
