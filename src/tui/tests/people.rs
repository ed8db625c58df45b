//! Accounts and groups by keys alone, against a host that only writes down what it is asked.

mod bounds;
mod changes;
mod host;
mod keys;
mod limits;
mod pictures;
mod plans;

use std::time::Duration;

use crate::engine::changes::{Approval, Intent};
use crate::plan::Plan;
use crate::tui::errand::{Answer, Errand, Runner, answers};

use super::*;
use host::{Host, some_plan};

/// The console and the host it talks to; errands wait until they are run.
struct Console {
    app: App,
    host: Host,
    errands: Vec<Errand>,
}

impl Console {
    fn new(size: (u16, u16), host: Host) -> Self {
        let mut app = app(true, false, size, workbench());
        Self {
            errands: app.first_errands(),
            app,
            host,
        }
    }

    fn update(&mut self, event: Event) -> bool {
        let effects = self.app.update(event);
        self.errands.extend(effects.errands);
        effects.quit
    }

    fn key(&mut self, code: KeyCode) -> bool {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        self.update(Event::Terminal(event::Event::Key(key)))
    }

    /// Types letters; `\n` is Enter, `\t` Tab, `\x1b` Esc.
    fn types(&mut self, text: &str) {
        for c in text.chars() {
            self.key(match c {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                '\x1b' => KeyCode::Esc,
                '>' => KeyCode::Right,
                c => KeyCode::Char(c),
            });
        }
    }

    fn pastes(&mut self, text: &str) {
        self.update(Event::Terminal(event::Event::Paste(text.into())));
    }

    /// Does what waits, and takes what comes back.
    fn runs(&mut self) {
        while !self.errands.is_empty() {
            for errand in std::mem::take(&mut self.errands) {
                // No test writes beside the sources.
                if matches!(errand, Errand::Write(..)) {
                    continue;
                }
                for answer in answers(&self.host, errand) {
                    self.update(Event::Answer(answer));
                }
            }
        }
    }

    fn text(&self, size: (u16, u16)) -> String {
        text(&self.app, size)
    }

    /// On the screen of accounts, with everyone known.
    fn at_accounts(size: (u16, u16), host: Host) -> Self {
        let mut console = Self::new(size, host);
        console.types("u");
        console.runs();
        console
    }

    fn applied(&self) -> usize {
        self.host.asked.lock().unwrap().applied.len()
    }
}

#[test]
fn errands_run_on_threads_of_their_own_and_a_plan_is_waited_for() {
    let (sender, answers) = std::sync::mpsc::channel();
    let host: Arc<Host> = Arc::default();
    let sink = move |answer| {
        let _ = sender.send(answer);
    };
    let mut runner = Runner::new(host, sink);
    runner.start(Errand::People);
    let first = answers.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(matches!(first, Answer::People(known) if known.shells.len() == 3));
    let order = crate::tui::errand::Order {
        intent: Intent::Suspend("alice".into()),
        fingerprint: String::new(),
        password: crate::tui::errand::Password::None,
    };
    runner.start(Errand::Apply(7, Box::new(order)));
    drop(runner);
    let last = answers.try_iter().last().unwrap();
    assert!(matches!(last, Answer::Ended(7, _)));
    assert!(!crate::tui::errand::a_plan_runs());
}
