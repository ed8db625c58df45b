//! The console: screens that draw a snapshot.
//!
//! Threads meet in one queue: the sampler, the keyboard, the signals, and one for every question
//! to a directory or plan that is done ([`errand`]). [`app`] takes one event at a time and changes its state; drawing takes `&self` and writes nothing but cells. So
//! a slow sample never delays a key, and a slow terminal never delays sampling.

mod app;
mod backend;
mod desk;
mod dialog;
mod errand;
mod event;
mod keys;
mod screen;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod widget;

use std::io::{IsTerminal as _, Write as _};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ratatui::crossterm::event as terminal_event;

use crate::base::exit::Exit;
use crate::engine::{Engine, Flow, Pace};
use crate::host::clock;
use crate::host::probe::Terminal;
use crate::model::snapshot::Snapshot;

use app::{App, Effects, Event};
use errand::{Answer, Runner};
use terminal::Screen;
use theme::Theme;

/// How long nothing may happen before it is looked at why.
const A_MOMENT: Duration = Duration::from_secs(1);

/// Opens the console and returns when the user leaves it.
///
/// # Errors
/// When the terminal cannot be used.
pub fn run(engine: Arc<dyn Engine + Send + Sync>) -> anyhow::Result<Exit> {
    let terminal = Terminal::of_this_process();
    if let Some(reason) = unusable(&terminal) {
        let _ = writeln!(
            std::io::stderr(),
            "benchwarden: {reason}; `benchwarden usage` prints the same as text"
        );
        return Ok(Exit::Usage);
    }
    let (events, queue) = channel();
    let mut screen = Screen::enter()?;
    terminal::on_signals(events.clone())?;
    let latest = Arc::new(Mutex::new(None));
    let size = terminal.size.unwrap_or((80, 24));
    let mut app = App::new(Theme::of(&terminal), size);
    let pace = Pace {
        interval: app.interval(),
        early_first: true,
        focus: None,
    };
    let following = engine.follow(pace, sink(&latest, events.clone()));
    let answers = events.clone();
    let mut runner = Runner::new(engine, move |answer| {
        // Nobody listens any more when the console has been left.
        let _ = answers.send(Signal::Answer(Box::new(answer)));
    });
    for errand in app.first_errands() {
        runner.start(errand);
    }
    std::thread::Builder::new()
        .name("keyboard".into())
        .spawn(move || read_keys(&events))?;

    screen.draw(&app)?;
    let mut news = clock::monotonic();
    loop {
        let first = match queue.recv_timeout(A_MOMENT) {
            Ok(signal) => event_of(signal, &latest),
            Err(RecvTimeoutError::Timeout) => {
                let passed = clock::monotonic().saturating_sub(news);
                Event::Waited(Duration::from_nanos(passed.0))
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let mut effects = Effects::default();
        let mut next = Some(first);
        // Everything that waits is one picture, however fast a key repeats.
        while let Some(event) = next {
            if matches!(event, Event::Snapshot(_)) {
                news = clock::monotonic();
            }
            effects = effects.and(app.update(event));
            next = queue.try_recv().ok().map(|s| event_of(s, &latest));
        }
        for errand in effects.errands {
            runner.start(errand);
        }
        if effects.quit {
            break;
        }
        if effects.focus {
            following.focus(app.focus());
        }
        if effects.pace {
            following.set_interval(app.interval());
        }
        if effects.redraw {
            screen.clear()?;
        }
        screen.draw(&app)?;
    }
    drop(following);
    screen.leave()?;
    if errand::a_plan_runs() {
        let _ = writeln!(
            std::io::stderr(),
            "benchwarden: a plan is being done and ends by itself"
        );
    }
    drop(runner);
    Ok(Exit::Done)
}

/// What the threads put into the queue. A snapshot is fetched from its slot when its turn comes,
/// so that a terminal that hangs for an hour leaves one waiting and not thousands.
enum Signal {
    Snapshot,
    Terminal(terminal_event::Event),
    Answer(Box<Answer>),
    Quit,
}

fn event_of(signal: Signal, latest: &Mutex<Option<Arc<Snapshot>>>) -> Event {
    match signal {
        Signal::Snapshot => match latest.lock().ok().and_then(|mut slot| slot.take()) {
            Some(snapshot) => Event::Snapshot(snapshot),
            None => Event::Nothing,
        },
        Signal::Terminal(event) => Event::Terminal(event),
        Signal::Answer(answer) => Event::Answer(*answer),
        Signal::Quit => Event::Quit,
    }
}

fn sink(latest: &Arc<Mutex<Option<Arc<Snapshot>>>>, events: Sender<Signal>) -> crate::engine::Sink {
    let latest = Arc::clone(latest);
    Box::new(move |snapshot| {
        let Ok(mut slot) = latest.lock() else {
            return Flow::Stop;
        };
        let waiting = slot.replace(snapshot).is_some();
        drop(slot);
        if waiting || events.send(Signal::Snapshot).is_ok() {
            Flow::Continue
        } else {
            Flow::Stop
        }
    })
}

fn read_keys(events: &Sender<Signal>) {
    loop {
        let signal = match terminal_event::read() {
            Ok(event) => Signal::Terminal(event),
            // The terminal has gone.
            Err(_) => Signal::Quit,
        };
        let last = matches!(signal, Signal::Quit);
        if events.send(signal).is_err() || last {
            return;
        }
    }
}

fn unusable(terminal: &Terminal) -> Option<&'static str> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        Some("the console needs a terminal for its input and output")
    } else if matches!(terminal.name.as_deref(), None | Some("dumb")) {
        Some("this terminal cannot move its cursor (TERM is unset or dumb)")
    } else {
        None
    }
}
