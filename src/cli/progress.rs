//! What is told while a plan runs: a line for each step, and one that is written over and over
//! while a long step runs, where somebody watches. Ctrl-C, a kill and a lost connection ask the
//! plan to stop; it ends at the next place where it can.

use std::io::{IsTerminal as _, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::base::text::{fit, printable};
use crate::engine::apply::Moment;
use crate::plan::Plan;

/// A line that is written over must not reach the edge of the narrowest terminal.
const COLUMNS: usize = 79;

/// Tells what happens, and hears that somebody wants it to stop.
pub(super) struct Progress<'a> {
    out: &'a mut dyn Write,
    plan: &'a Plan,
    /// Whether a line may be written over.
    lively: bool,
    /// Whether such a line stands there.
    open: bool,
    /// Who is waited for.
    waits: Option<String>,
    asked: Interrupt,
    /// Whether was said that the wish to stop is known.
    said: bool,
    /// Whether steps that go well are worth a line.
    steps: bool,
}

impl<'a> Progress<'a> {
    pub(super) fn new(out: &'a mut dyn Write, plan: &'a Plan) -> Self {
        Self {
            out,
            plan,
            lively: std::io::stderr().is_terminal(),
            open: false,
            waits: None,
            asked: Interrupt::listen(),
            said: false,
            steps: true,
        }
    }

    /// The same for one plan of many: what goes well is told of whole plans.
    pub(super) fn of_one_of_many(out: &'a mut dyn Write, plan: &'a Plan) -> Self {
        Self {
            steps: false,
            ..Self::new(out, plan)
        }
    }

    /// Takes a moment and says whether the plan goes on.
    pub(super) fn takes(&mut self, moment: Moment<'_>) -> ControlFlow<()> {
        // Who watches may have gone; the plan goes on.
        let _ = self.tell(moment);
        if !self.asked.came() {
            return ControlFlow::Continue(());
        }
        if !std::mem::replace(&mut self.said, true) {
            let _ = self.line("stopping where that leaves nothing half done");
        }
        ControlFlow::Break(())
    }

    fn tell(&mut self, moment: Moment<'_>) -> std::io::Result<()> {
        let all = self.plan.steps.len();
        let step = |at: usize| self.plan.steps.get(at);
        let what = |at: usize| step(at).map_or(String::new(), |step| shown(&step.what));
        let text = match moment {
            Moment::Waits(who) => {
                let new = self.waits.as_deref() != Some(who);
                self.waits = Some(who.to_owned());
                if !new {
                    return Ok(());
                }
                format!("waiting for {}", shown(who))
            }
            Moment::Begins(_) => return Ok(()),
            Moment::Done(_) | Moment::Already(_) if !self.steps => return Ok(()),
            Moment::Advances(at, so_far) => {
                return self.over(&format!("{}/{all} {so_far}", at + 1));
            }
            Moment::Done(at) => format!("{}/{all} {}: done", at + 1, what(at)),
            Moment::Already(at) => format!("{}/{all} {}: was so already", at + 1, what(at)),
            Moment::Failed(at, why) => {
                format!("{}/{all} {}: FAILED: {}", at + 1, what(at), shown(why))
            }
            Moment::TakesBack(at) => format!("taking back: {}", what(at)),
            Moment::Stays(at, why) => format!("STAYS: {}: {}", what(at), shown(why)),
        };
        self.line(&text)
    }

    fn line(&mut self, text: &str) -> std::io::Result<()> {
        if std::mem::take(&mut self.open) {
            write!(self.out, "\r{:COLUMNS$}\r", "")?;
        }
        writeln!(self.out, "{text}")
    }

    /// Writes over what was written like this before.
    fn over(&mut self, text: &str) -> std::io::Result<()> {
        if !self.lively {
            return Ok(());
        }
        self.open = true;
        write!(self.out, "\r{}", fit(text, COLUMNS, false))?;
        self.out.flush()
    }
}

/// Names and paths in a plan may be other people's text.
pub(super) fn shown(text: &str) -> String {
    printable(text.as_bytes(), 2000)
}

/// Signals that would end the program, taken as a wish to stop for as long as one of these lives.
pub(super) struct Interrupt {
    heard: &'static Heard,
}

/// What all of them share: a signal belongs to the program.
struct Heard {
    came: Arc<AtomicBool>,
    /// Whether nobody listens, and a signal ends the program as it always did.
    idle: Arc<AtomicBool>,
    listeners: AtomicUsize,
}

static HEARD: LazyLock<Heard> = LazyLock::new(|| {
    let heard = Heard {
        came: Arc::default(),
        idle: Arc::default(),
        listeners: AtomicUsize::new(0),
    };
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // One that cannot be taken ends the program as it always did.
        let _ = flag::register_conditional_default(signal, Arc::clone(&heard.idle));
        let _ = flag::register(signal, Arc::clone(&heard.came));
    }
    heard
});

impl Interrupt {
    pub(super) fn listen() -> Self {
        let heard = &*HEARD;
        heard.listeners.fetch_add(1, Ordering::SeqCst);
        heard.idle.store(false, Ordering::SeqCst);
        Self { heard }
    }

    pub(super) fn came(&self) -> bool {
        self.heard.came.load(Ordering::SeqCst)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        let last = self.heard.listeners.fetch_sub(1, Ordering::SeqCst) == 1;
        self.heard.idle.store(last, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Bytes;
    use crate::plan::advance::{Advance, Doing};
    use crate::plan::step::{Action, Step, Undo};

    fn plan() -> Plan {
        let mut plan = Plan::new("remove user ada", "ada");
        plan.push(Step {
            what: "pack /home/ada".into(),
            action: Action::run(&["/bin/true"]),
            changes: Vec::new(),
            undo: Undo::Nothing,
        });
        plan
    }

    /// What is told of a step that takes long, and what the plan is told.
    fn told(lively: bool, stops: bool) -> (String, Vec<bool>) {
        let (plan, mut out) = (plan(), Vec::new());
        let mut progress = Progress::new(&mut out, &plan);
        progress.lively = lively;
        progress.asked = Interrupt {
            heard: Box::leak(Box::new(Heard {
                came: Arc::new(AtomicBool::new(stops)),
                idle: Arc::default(),
                listeners: AtomicUsize::new(1),
            })),
        };
        let so_far = Advance {
            of_bytes: Some(Bytes(4 << 30)),
            bytes: Bytes(1 << 30),
            millis: 1000,
            ..Advance::begins(Doing::Packing)
        };
        let moments = [
            Moment::Waits("bob: add user eve"),
            Moment::Waits("bob: add user eve"),
            Moment::Begins(0),
            Moment::Advances(0, so_far),
            Moment::Advances(0, so_far),
            Moment::Done(0),
        ];
        let flows = moments.map(|moment| progress.takes(moment).is_break());
        drop(progress);
        (String::from_utf8(out).unwrap(), flows.to_vec())
    }

    #[test]
    fn a_pipe_gets_whole_lines_alone() {
        let (text, flows) = told(false, false);
        assert_eq!(
            text,
            "waiting for bob: add user eve\n1/1 pack /home/ada: done\n"
        );
        assert!(!flows.contains(&true));
    }

    #[test]
    fn a_terminal_sees_how_far_a_long_step_is() {
        let (text, _) = told(true, false);
        assert_eq!(
            text.matches("1/1 packing 25%, 1.00 GiB of 4.00 GiB, 1.00 GiB/s")
                .count(),
            2
        );
        assert!(text.ends_with("\r1/1 pack /home/ada: done\n"), "{text:?}");
        let widest = text
            .split(['\r', '\n'])
            .map(|line| line.chars().count())
            .max();
        assert_eq!(widest, Some(COLUMNS));
    }

    #[test]
    fn a_wish_to_stop_is_known_and_said_once() {
        let (text, flows) = told(false, true);
        assert!(flows.iter().all(|stops| *stops));
        assert_eq!(text.matches("stopping").count(), 1);
    }
}
