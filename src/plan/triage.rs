//! What helps at once against one person's load: stop it where it is, let it go on, end it.

use crate::base::signal::SignalName;
use crate::base::text::{counted, printable};

use super::Plan;
use super::fact::{Change, Expect, Subject};
use super::step::{Action, Step, Undo};

/// Where everything of a person is stopped.
pub const FROZEN: &str = "frozen";
/// Where it runs.
pub const RUNNING: &str = "running";
/// More does not go onto a terminal.
const WORDS_CHARS: usize = 400;
/// A process that is there.
pub const RUNS: &str = "runs";

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Everything stops where it is.
    Freeze,
    /// Everything goes on.
    Thaw,
    /// Everything ends.
    Kill,
    /// These processes end, each with all below it.
    KillJobs(Vec<u32>),
    /// A signal to one process, or to all of them.
    Signal(Option<u32>, SignalName),
    /// Words on their terminals.
    Tell(String),
}

/// Whom it is about, as they are now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// How they are called.
    pub name: String,
    /// Their uid.
    pub uid: u32,
    /// Why nothing may be taken from them.
    pub protected: Option<String>,
    /// What is to be known besides.
    pub notes: Vec<String>,
    /// How many processes they have.
    pub processes: usize,
    /// And how many of those are outside their slice.
    pub outside: usize,
    /// And how many of those no signal has stopped.
    pub running_outside: usize,
    /// Whether they stand still; `None` when there is nothing of theirs.
    pub state: Option<String>,
    /// The processes that were named, those of them that are theirs.
    pub jobs: Vec<Job>,
    /// Who wants it.
    pub from: String,
}

/// A process of theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub pid: u32,
    /// When it began, in the kernel's ticks: a number alone is handed on.
    pub started: u64,
    /// What it is called.
    pub name: String,
    /// How many processes are below it.
    pub below: usize,
}

impl Job {
    fn words(&self) -> String {
        let below = counted(self.below as u64, "process", "processes");
        format!(
            "process {} is {}, with {below} below it",
            self.pid, self.name
        )
    }

    fn ends(&self, target: &Target) -> Step {
        let (pid, name) = (self.pid, &target.name);
        Step {
            what: format!(
                "end process {pid} of {name} and what is below it; what is not saved is lost"
            ),
            action: Action::EndJob {
                uid: target.uid,
                pid,
                started: self.started,
            },
            changes: vec![Change::new(
                self.subject(target.uid),
                // It may end with another that is ended first.
                if target.jobs.len() == 1 {
                    Expect::Is(RUNS.to_owned())
                } else {
                    Expect::Any
                },
                Expect::Absent,
            )],
            undo: ended(),
        }
    }

    /// The fact that is about it.
    #[must_use]
    pub fn subject(&self, uid: u32) -> Subject {
        Subject::Process(format!("{} {} {uid}", self.pid, self.started))
    }
}

impl Act {
    /// The processes that are meant.
    #[must_use]
    pub fn pids(&self) -> &[u32] {
        match self {
            Self::KillJobs(pids) => pids,
            Self::Signal(pid, _) => pid.as_slice(),
            Self::Freeze | Self::Thaw | Self::Kill | Self::Tell(_) => &[],
        }
    }

    /// Whether it takes something from somebody.
    fn takes(&self) -> bool {
        !matches!(self, Self::Thaw | Self::Tell(_))
    }

    /// What it is called: the first words of its plan.
    #[must_use]
    pub fn words(&self, name: &str) -> String {
        match self {
            Self::Freeze => format!("freeze {name}"),
            Self::Thaw => format!("thaw {name}"),
            Self::Kill => format!("kill everything of {name}"),
            Self::KillJobs(pids) => {
                let all: Vec<String> = pids.iter().map(u32::to_string).collect();
                let what = if pids.len() == 1 {
                    "process"
                } else {
                    "processes"
                };
                format!("kill {what} {} of {name}", all.join(", "))
            }
            Self::Signal(Some(pid), signal) => format!("send {signal} to process {pid} of {name}"),
            Self::Signal(None, signal) => format!("send {signal} to every process of {name}"),
            Self::Tell(_) => format!("write to {name}"),
        }
    }
}

/// The plan of it.
#[must_use]
pub fn plan(act: &Act, target: &Target) -> Plan {
    let name = &target.name;
    let mut plan = Plan::new(act.words(name), name.as_str());
    if act.takes()
        && let Some(why) = &target.protected
    {
        return plan.refuse(why.as_str());
    }
    let Some(state) = &target.state else {
        return plan.refuse(format!("{name} runs nothing on this host"));
    };
    let mut pids = act.pids().iter();
    if let Some(pid) = pids.find(|pid| !target.jobs.iter().any(|job| job.pid == **pid)) {
        return plan.refuse(format!("process {pid} is none of {name}'s"));
    }
    for note in &target.notes {
        plan.warn(note.as_str());
    }
    // What changes by the second, or by their own will, is told and is no part of what is approved.
    let all = counted(target.processes as u64, "process", "processes");
    match act {
        Act::Freeze if state == FROZEN && target.running_outside == 0 => {
            plan.warn(format!("{name} is frozen already"));
        }
        Act::Thaw if state == RUNNING => plan.warn(format!("nothing of {name} is frozen")),
        Act::Freeze => {
            plan.warn(match target.outside {
                0 => all,
                outside => format!("{all}, {outside} of them outside their slice"),
            });
            plan.push(freeze(target));
        }
        Act::Thaw => plan.push(thaw(target)),
        Act::Kill => {
            plan.warn(all);
            plan.push(Step {
                what: format!("end everything of {name}; what is not saved is lost"),
                action: Action::EndAtOnce { uid: target.uid },
                changes: vec![Change::new(
                    Subject::Processes(target.uid),
                    Expect::Any,
                    Expect::Is("none".to_owned()),
                )],
                undo: ended(),
            });
        }
        Act::KillJobs(_) => {
            for job in &target.jobs {
                plan.warn(job.words());
                plan.push(job.ends(target));
            }
        }
        Act::Signal(pid, signal) => {
            let job = target.jobs.first();
            let whom = match pid {
                Some(pid) => format!("process {pid} of {name}"),
                None => format!("everything of {name}"),
            };
            plan.warn(job.map_or(all, |job| job.name.clone()));
            plan.push(Step {
                what: format!("send {signal} to {whom}"),
                action: Action::Signal {
                    uid: target.uid,
                    job: job.map(|job| (job.pid, job.started)),
                    signal: signal.number(),
                },
                changes: Vec::new(),
                undo: Undo::None {
                    why: "a signal is not taken back".to_owned(),
                },
            });
        }
        Act::Tell(words) => {
            let words = words.trim();
            if words.is_empty() {
                return plan.refuse("there is nothing to say: give some words".to_owned());
            }
            if words.chars().count() > WORDS_CHARS {
                return plan.refuse(format!(
                    "a terminal has little room: at most {WORDS_CHARS} characters"
                ));
            }
            let words = printable(words.as_bytes(), WORDS_CHARS);
            plan.push(Step {
                what: format!("write on the terminals of {name}: {words}"),
                action: Action::Tell {
                    uid: target.uid,
                    words: format!("{} writes: {words}", target.from),
                },
                changes: Vec::new(),
                undo: Undo::None {
                    why: "what was read is not unread".to_owned(),
                },
            });
        }
    }
    plan
}

fn ended() -> Undo {
    Undo::None {
        why: "what has ended does not come back".to_owned(),
    }
}

fn becomes(target: &Target, after: Expect) -> Vec<Change> {
    let subject = Subject::Frozen(target.uid);
    // Whoever is stopped could stop and start something to be something else at every look.
    vec![Change::new(subject, Expect::Any, after)]
}

fn freeze(target: &Target) -> Step {
    let name = &target.name;
    Step {
        what: format!(
            "stop everything of {name} where it is; nothing is lost, and connections may time out"
        ),
        action: Action::Freeze { uid: target.uid },
        changes: becomes(target, Expect::Is(FROZEN.to_owned())),
        undo: Undo::Exact {
            what: format!("let everything of {name} go on"),
            action: Action::Thaw { uid: target.uid },
        },
    }
}

/// It is not taken back by itself: nothing that was let go is stopped without being asked for, and
/// without the checks that come with that.
fn thaw(target: &Target) -> Step {
    let name = &target.name;
    Step {
        what: format!("let everything of {name} go on"),
        action: Action::Thaw { uid: target.uid },
        changes: becomes(target, Expect::IfThere(RUNNING.to_owned())),
        undo: Undo::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(state: &str) -> Target {
        Target {
            name: "alice".into(),
            uid: 1001,
            processes: 12,
            outside: 2,
            running_outside: 2,
            state: Some(state.into()),
            ..Target::default()
        }
    }

    fn job() -> Job {
        Job {
            pid: 7,
            started: 99,
            name: "R".into(),
            below: 3,
        }
    }

    #[test]
    fn whoever_is_protected_is_neither_stopped_nor_ended_and_is_let_go_on() {
        let admin = Target {
            protected: Some("alice is an admin".into()),
            jobs: vec![job()],
            ..target(FROZEN)
        };
        let hup: SignalName = "HUP".parse().unwrap();
        for act in [
            Act::Freeze,
            Act::Kill,
            Act::KillJobs(vec![7]),
            Act::Signal(None, hup),
        ] {
            assert_eq!(plan(&act, &admin).refused, ["alice is an admin"], "{act:?}");
        }
        assert!(plan(&Act::Thaw, &admin).may_be_done());
    }

    #[test]
    fn freezing_is_taken_back_by_thawing_and_told_in_one_line() {
        let frozen = plan(&Act::Freeze, &target(RUNNING));
        assert_eq!(frozen.intent, "freeze alice");
        let step = &frozen.steps[0];
        assert_eq!(
            frozen.warnings,
            ["12 processes, 2 of them outside their slice"]
        );
        assert_eq!(step.action, Action::Freeze { uid: 1001 });
        let Undo::Exact { action, .. } = &step.undo else {
            panic!("{:?}", step.undo)
        };
        assert_eq!(*action, Action::Thaw { uid: 1001 });
        let thawed = plan(&Act::Thaw, &target(FROZEN));
        assert_eq!(thawed.steps[0].changes[0].after.to_string(), RUNNING);
    }

    #[test]
    fn what_is_so_already_is_said_and_not_done() {
        for (act, state) in [(Act::Freeze, FROZEN), (Act::Thaw, RUNNING)] {
            let target = Target {
                running_outside: 0,
                ..target(state)
            };
            let plan = plan(&act, &target);
            assert!(plan.steps.is_empty() && plan.refused.is_empty());
            assert_eq!(plan.warnings.len(), 1, "{:?}", plan.warnings);
        }
    }

    #[test]
    fn whoever_changes_by_the_second_can_still_be_approved() {
        let more = Target {
            processes: 99,
            outside: 50,
            running_outside: 1,
            jobs: vec![Job {
                name: "x".into(),
                below: 9,
                ..job()
            }],
            ..target(FROZEN)
        };
        let before = Target {
            jobs: vec![job()],
            ..target(RUNNING)
        };
        for act in [Act::Freeze, Act::Kill, Act::KillJobs(vec![7])] {
            let (one, two) = (plan(&act, &before), plan(&act, &more));
            assert_eq!(one.fingerprint(), two.fingerprint(), "{act:?}");
        }
    }

    #[test]
    fn a_process_of_nobody_or_of_somebody_else_is_refused() {
        let nobody = Target {
            state: None,
            ..target(RUNNING)
        };
        let refused = plan(&Act::Kill, &nobody).refused;
        assert_eq!(refused, ["alice runs nothing on this host"]);
        let refused = plan(&Act::KillJobs(vec![8]), &target(RUNNING)).refused;
        assert_eq!(refused, ["process 8 is none of alice's"]);
    }

    #[test]
    fn a_job_ends_with_all_below_it_and_only_under_its_start() {
        let with_job = Target {
            jobs: vec![job()],
            ..target(RUNNING)
        };
        let plan = plan(&Act::KillJobs(vec![7]), &with_job);
        let step = &plan.steps[0];
        assert_eq!(plan.warnings, ["process 7 is R, with 3 processes below it"]);
        let Action::EndJob { pid, started, uid } = step.action else {
            panic!("{}", step.action)
        };
        assert_eq!((pid, started, uid), (7, 99, 1001));
        assert_eq!(plan.not_exactly_undone().count(), 1);
    }

    #[test]
    fn a_session_ends_process_by_process_and_only_where_all_of_them_are_theirs() {
        let other = Job { pid: 9, ..job() };
        let session = Target {
            jobs: vec![job(), other],
            ..target(RUNNING)
        };
        let ended = plan(&Act::KillJobs(vec![7, 9]), &session);
        assert_eq!(ended.intent, "kill processes 7, 9 of alice");
        assert_eq!(ended.steps.len(), 2);
        let refused = plan(&Act::KillJobs(vec![7, 9, 10]), &session).refused;
        assert_eq!(refused, ["process 10 is none of alice's"]);
    }

    #[test]
    fn words_reach_whoever_is_here_admins_too_and_nothing_but_words() {
        let here = Target {
            protected: Some("alice is an admin".into()),
            from: "ada".into(),
            ..target(RUNNING)
        };
        let told = plan(&Act::Tell(" reboot at\t5\x1b[2J ".into()), &here);
        let Action::Tell { words, .. } = &told.steps[0].action else {
            panic!("{}", told.steps[0].action)
        };
        assert!(words.starts_with("ada writes: reboot at"), "{words}");
        assert!(!words.contains('\x1b') && !words.contains('\t'), "{words}");
        for bad in ["", "  ", &"x".repeat(WORDS_CHARS + 1)] {
            assert!(!plan(&Act::Tell(bad.into()), &here).may_be_done());
        }
        let gone = Target {
            state: None,
            ..here
        };
        assert!(!plan(&Act::Tell("x".into()), &gone).may_be_done());
    }
}
