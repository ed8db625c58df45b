//! What screens want to know or have done, and what comes back. Every errand runs on a thread of
//! its own, so that no key ever waits for a directory, a disk or a plan.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SendError, Sender, channel};
use std::thread::JoinHandle;

use crate::base::id::UserName;
use crate::base::secret::Secret;
use crate::engine::Engine;
use crate::engine::apply::Moment;
use crate::engine::changes::{Applied, Approval, ChangeError, Intent};
use crate::engine::limits::Limits;
use crate::engine::receipts::Plans;
use crate::host::{input, output};
use crate::model::people::People;
use crate::model::people::details::PersonDetails;
use crate::plan::Plan;
use crate::plan::limits::drift::Drift;
use crate::plan::people::welcome::Welcome;
use crate::store::receipt::Outcome;

/// An engine that threads can share.
pub(super) type Shared = Arc<dyn Engine + Send + Sync>;

/// Whether a plan is being done in this process.
static A_PLAN_RUNS: AtomicBool = AtomicBool::new(false);

/// Whether the plan that is being done ought to stop.
static STOP_IS_ASKED: AtomicBool = AtomicBool::new(false);

/// Whether a plan is being done: whoever ends the program waits for it.
pub(super) fn a_plan_runs() -> bool {
    A_PLAN_RUNS.load(Ordering::SeqCst)
}

/// What a screen asks for. A number tells which question an answer belongs to.
#[derive(Debug)]
pub(super) enum Errand {
    /// Everyone, the groups and the shells.
    People,
    /// One person in all parts.
    Person(UserName),
    /// Plans that wait for a decision, and the last ones that ended.
    Plans,
    /// Limits as they are, and where they are not as the policy says.
    Limits,
    /// The text of a file with keys.
    KeyFile(u64, String),
    /// What an intent means.
    Plan(u64, Intent),
    /// A plan that was shown and approved.
    Apply(u64, Box<Order>),
    /// A text into a new file of that name.
    Write(u64, String, String),
    /// That the plan which runs stops where that leaves nothing half done.
    Stop,
}

/// An approved plan.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) intent: Intent,
    /// Of the plan that was shown.
    pub(super) fingerprint: String,
    pub(super) password: Password,
}

/// Where the password of a plan comes from.
#[derive(Clone, Debug, Default)]
pub(super) enum Password {
    /// There is none in it.
    #[default]
    None,
    /// Somebody typed it, for this account.
    Typed(String, Secret),
    /// It is made when the plan is done, for this account, and shown once.
    Made(String),
}

/// What comes back.
#[derive(Debug)]
pub(super) enum Answer {
    People(Box<Known>),
    /// `None` when nobody has that name any more.
    Person(UserName, Option<Box<PersonDetails>>),
    /// Why they cannot be told, where that is so.
    Plans(Box<Result<Plans, String>>),
    /// Why they cannot be told, where that is so.
    Limits(Box<Result<Bounds, String>>),
    /// The text of a file with keys, or why it cannot be read.
    KeyFile(u64, Result<String, String>),
    Plan(u64, Result<Plan, String>),
    Progress(u64, Progress),
    Ended(u64, Ending),
    /// Where the text is, or why it could not be written.
    Wrote(u64, Result<String, String>),
    /// No thread could be started; for which question, where it had a number.
    Failed(Option<u64>, String),
}

/// Who and what there is.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) people: People,
    pub(super) shells: Vec<String>,
}

/// What everybody may use.
#[derive(Debug)]
pub(super) struct Bounds {
    pub(super) limits: Limits,
    /// Where the host is not as its policy says, or why that cannot be told.
    pub(super) drift: Result<Vec<Drift>, String>,
}

impl Bounds {
    /// As far as it is known.
    pub(super) fn drift(&self) -> &[Drift] {
        self.drift.as_deref().unwrap_or_default()
    }
}

/// A moment of a running plan, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Waits(String),
    Begins(usize),
    Advances(usize, String),
    Done(usize),
    Already(usize),
    Failed(usize, String),
    TakesBack(usize),
    Stays(usize, String),
}

/// What is handed over when a plan is done.
#[derive(Debug, Default)]
pub(super) struct Handed {
    /// A password that was made and is in force.
    pub(super) password: Option<Secret>,
    /// The note for a newcomer.
    pub(super) welcome: Option<Welcome>,
}

/// How an order ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// It was begun.
    Applied(Box<Applied>, Handed),
    /// A safety check said no.
    Refused(Box<Plan>),
    /// The host is not what it was when the plan was shown.
    Changed,
    /// Nothing was done.
    Nothing(String),
}

/// Does errands.
pub(super) struct Runner<S> {
    engine: Shared,
    /// Takes answers; to be cloned into every thread.
    sink: S,
    plan: Option<JoinHandle<()>>,
    /// What helps at once is done by a thread that is there already: on the hosts that need it, none
    /// can be started.
    standby: Option<Standby>,
}

type Work = Box<dyn FnOnce() + Send>;

struct Standby {
    orders: Sender<Work>,
    thread: JoinHandle<()>,
}

impl Standby {
    fn start() -> Option<Self> {
        let (orders, received) = channel::<Work>();
        let thread = std::thread::Builder::new().name("triage".into());
        let thread = thread.spawn(move || received.into_iter().for_each(|work| work()));
        thread.ok().map(|thread| Self { orders, thread })
    }
}

impl<S: Fn(Answer) + Clone + Send + 'static> Runner<S> {
    pub(super) fn new(engine: Shared, sink: S) -> Self {
        Self {
            engine,
            sink,
            plan: None,
            standby: Standby::start(),
        }
    }

    /// Starts an errand.
    pub(super) fn start(&mut self, errand: Errand) {
        if matches!(errand, Errand::Stop) {
            STOP_IS_ASKED.store(true, Ordering::SeqCst);
            return;
        }
        let (engine, sink) = (Arc::clone(&self.engine), self.sink.clone());
        let is_plan = matches!(errand, Errand::Apply(..));
        let is_triage = match &errand {
            Errand::Plan(_, intent) => matches!(intent, Intent::Triage(_)),
            Errand::Apply(_, order) => matches!(order.intent, Intent::Triage(_)),
            _ => false,
        };
        let number = match errand {
            Errand::Plan(number, _)
            | Errand::Apply(number, _)
            | Errand::KeyFile(number, _)
            | Errand::Write(number, ..) => Some(number),
            Errand::People | Errand::Person(_) | Errand::Plans | Errand::Limits | Errand::Stop => {
                None
            }
        };
        if is_plan {
            STOP_IS_ASKED.store(false, Ordering::SeqCst);
            A_PLAN_RUNS.store(true, Ordering::SeqCst);
        }
        let work = move || {
            let answer = run(&*engine, errand, &sink);
            if is_plan {
                A_PLAN_RUNS.store(false, Ordering::SeqCst);
            }
            sink(answer);
        };
        let work: Work = Box::new(work);
        let work = match self.standby.as_ref().filter(|_| is_triage) {
            Some(standby) => match standby.orders.send(work) {
                Ok(()) => return,
                Err(SendError(work)) => work,
            },
            None => work,
        };
        let thread = std::thread::Builder::new().name("errand".into());
        match thread.spawn(work) {
            Ok(thread) if is_plan => self.plan = Some(thread),
            Ok(_) => {}
            Err(error) => {
                if is_plan {
                    A_PLAN_RUNS.store(false, Ordering::SeqCst);
                }
                let why = format!("no thread can be started: {error}; nothing was done");
                (self.sink)(Answer::Failed(number, why));
            }
        }
    }
}

impl<S> Drop for Runner<S> {
    /// A plan that has begun is done to its end, whoever leaves.
    fn drop(&mut self) {
        if let Some(plan) = self.plan.take() {
            let _ = plan.join();
        }
        if let Some(Standby { orders, thread }) = self.standby.take() {
            drop(orders);
            // What is only being looked at is not waited for.
            if a_plan_runs() {
                let _ = thread.join();
            }
        }
    }
}

fn run(engine: &dyn Engine, errand: Errand, sink: &impl Fn(Answer)) -> Answer {
    match errand {
        Errand::People => Answer::People(Box::new(Known {
            people: engine.people(),
            shells: engine.shells(),
        })),
        Errand::Person(name) => {
            let mut details = engine.person(&name);
            if let Ok(details) = &mut details {
                keys_of(engine, &name, details);
            }
            Answer::Person(name, details.ok().map(Box::new))
        }
        Errand::Plans => {
            let plans = engine.plans().map_err(|error| error.to_string());
            Answer::Plans(Box::new(plans))
        }
        Errand::Limits => {
            let limits = engine.limits(None).map_err(|error| error.to_string());
            let bounds = limits.map(|limits| Bounds {
                limits,
                drift: engine.drift().map_err(|error| error.to_string()),
            });
            Answer::Limits(Box::new(bounds))
        }
        Errand::KeyFile(number, path) => {
            let text = input::listed(&path);
            let failed = |error| format!("it cannot be read: {error}");
            Answer::KeyFile(number, text.map_err(failed))
        }
        Errand::Plan(number, intent) => {
            let plan = engine.plan(&intent);
            Answer::Plan(number, plan.map_err(|error| error.to_string()))
        }
        Errand::Apply(number, order) => Answer::Ended(number, apply(engine, number, *order, sink)),
        Errand::Write(number, file, text) => {
            let path = output::new_file(&file, &text);
            let path = path.map(|path| path.to_string_lossy().into_owned());
            let failed = |error| format!("{file} cannot be written here: {error}");
            Answer::Wrote(number, path.map_err(failed))
        }
        Errand::Stop => Answer::Failed(None, "there is nothing to stop".to_owned()),
    }
}

/// Keys are asked for where the details came without them.
fn keys_of(engine: &dyn Engine, name: &UserName, details: &mut PersonDetails) {
    if details.keys.is_some() {
        return;
    }
    match engine.keys(name) {
        Ok(keys) => details.keys = Some(keys),
        Err(error) => details.partial.push(error.to_string()),
    }
}

fn apply(engine: &dyn Engine, number: u64, order: Order, sink: &impl Fn(Answer)) -> Ending {
    let line = |name: &str, password: &str| Secret::new(format!("{name}:{password}\n"));
    let (secret, made) = match order.password {
        Password::None => (None, None),
        Password::Typed(name, typed) => (Some(line(&name, typed.reveal())), None),
        Password::Made(name) => match input::new_password() {
            Ok(made) => (Some(line(&name, &made)), Some(Secret::new(made))),
            Err(error) => return Ending::Nothing(format!("no password can be made: {error}")),
        },
    };
    let mut watch = |moment: Moment<'_>| {
        sink(Answer::Progress(number, kept(moment)));
        if STOP_IS_ASKED.load(Ordering::SeqCst) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    let approval = Approval::Shown(order.fingerprint);
    match engine.apply(&order.intent, &approval, secret.as_ref(), &mut watch) {
        Ok(applied) => {
            let done = applied.report.outcome == Outcome::Done;
            let welcome = match &order.intent {
                Intent::AddUser(wish) if done => Some(engine.welcome(wish, &applied.plan)),
                _ => None,
            };
            let password = made.filter(|_| done);
            Ending::Applied(Box::new(applied), Handed { password, welcome })
        }
        Err(ChangeError::Refused(plan)) => Ending::Refused(plan),
        Err(ChangeError::Changed) => Ending::Changed,
        Err(error) => Ending::Nothing(error.to_string()),
    }
}

fn kept(moment: Moment<'_>) -> Progress {
    match moment {
        Moment::Waits(who) => Progress::Waits(who.to_owned()),
        Moment::Begins(at) => Progress::Begins(at),
        Moment::Advances(at, so_far) => Progress::Advances(at, so_far.to_string()),
        Moment::Done(at) => Progress::Done(at),
        Moment::Already(at) => Progress::Already(at),
        Moment::Failed(at, why) => Progress::Failed(at, why.to_owned()),
        Moment::TakesBack(at) => Progress::TakesBack(at),
        Moment::Stays(at, why) => Progress::Stays(at, why.to_owned()),
    }
}

/// Everything that an errand brings back, in order, without a thread.
#[cfg(test)]
pub(super) fn answers(engine: &dyn Engine, errand: Errand) -> Vec<Answer> {
    let between = std::cell::RefCell::new(Vec::new());
    let last = run(engine, errand, &|answer| between.borrow_mut().push(answer));
    let mut answers = between.into_inner();
    answers.push(last);
    answers
}
