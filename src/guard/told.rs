//! What the guard tells, in words.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Nanos};
use crate::model::adoption::Left;
use crate::model::origin::Origin;

/// Less than this, charged elsewhere, is not worth a word.
const WORTH_A_WORD: Bytes = Bytes(16 << 20);

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// A job was moved.
    Adopted(Adopted),
    /// Somebody's process stays, and their limits belong on its unit.
    Left(Uid, Left),
    /// systemd does not move a process: whose, what, which, and why.
    Refused(Uid, String, Pid, String),
    /// The kernel had more to tell than was read.
    Overrun,
    /// systemd listens, or does again.
    BusFound,
    /// It is not.
    BusLost(String),
    /// The policy files say something else, and can be used.
    PolicyChanged,
    /// They cannot be used: the first thing that is wrong, and how many are.
    PolicyBroken(String, usize),
    /// The guard has begun.
    Begun,
    /// Anything else, in words.
    Said(String),
    /// What the kernel did to somebody: whose, what, and in words.
    Killed(Uid, String, String),
}

/// A job that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Adopted {
    pub(super) uid: Uid,
    pub(super) pid: Pid,
    pub(super) name: String,
    pub(super) way: Origin,
    pub(super) from: String,
    /// Whether it moved itself: it may have ended before, leaving others.
    pub(super) first: bool,
    /// Processes that came along.
    pub(super) others: u32,
    pub(super) held: Bytes,
    /// From a new uid to its own slice, for each that was heard of.
    pub(super) took: Vec<Nanos>,
    /// Whether it was heard of rather than found.
    pub(super) heard: bool,
}

/// How a job came in, in a sentence. `name_of` names a uid.
fn started_by(way: &Origin, name_of: &dyn Fn(Uid) -> String) -> String {
    match way {
        Origin::Guest(whose) => format!("su, sudo or the like in {}'s session", name_of(*whose)),
        Origin::Ssh => "ssh, which opened no session for it".to_owned(),
        Origin::Unknown => "something outside every unit".to_owned(),
        other => other.to_string(),
    }
}

fn processes(count: u32) -> String {
    match count {
        1 => "one process".to_owned(),
        many => format!("{many} processes"),
    }
}

/// The line about a job that was moved.
pub(super) fn adopted(job: &Adopted, name_of: &dyn Fn(Uid) -> String) -> String {
    let (name, pid) = (&job.name, job.pid);
    let whose = name_of(job.uid);
    let way = started_by(&job.way, name_of);
    let count = processes(job.others);
    let mut line = match (job.first, job.others) {
        (true, 0) => format!("moved {name} (pid {pid}) of {whose}, started by {way}"),
        (true, _) => {
            format!("moved {name} (pid {pid}) of {whose}, started by {way}, and {count} more")
        }
        (false, _) => {
            format!("moved {count} of {whose} that {name} (pid {pid}) left, started by {way}")
        }
    };
    let _ = write!(line, ", from {} to user-{}.slice", job.from, job.uid);
    if let Some(longest) = job.took.iter().max() {
        let _ = write!(line, "; {}", took(*longest));
    } else if !job.heard {
        line.push_str("; found by looking around");
    }
    if job.held >= WORTH_A_WORD {
        let _ = write!(
            line,
            "; {} MiB it had before stay charged to {}, beyond its owner's limits: start it anew \
             to have them counted",
            job.held.0 >> 20,
            job.from,
        );
    }
    line
}

/// One line about several jobs of one person from one place.
pub(super) fn adopted_together(jobs: &[Adopted], name_of: &dyn Fn(Uid) -> String) -> String {
    let [first, rest @ ..] = jobs else {
        return String::new();
    };
    if rest.is_empty() {
        return adopted(first, name_of);
    }
    let names: BTreeSet<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().take(4).collect();
    let held = jobs.iter().map(|job| job.held);
    let held = held.filter(|held| *held >= WORTH_A_WORD);
    let together = Adopted {
        name: format!("{} jobs ({})", jobs.len(), names.join(", ")),
        first: true,
        others: jobs.iter().map(|job| job.others).sum(),
        held: held.fold(Bytes(0), |sum, held| sum + held),
        took: jobs.iter().flat_map(|job| job.took.clone()).collect(),
        heard: jobs.iter().any(|job| job.heard),
        ..first.clone()
    };
    let first = format!(" (pid {})", first.pid);
    adopted(&together, name_of).replacen(&first, "", 1)
}

/// A time as somebody reads it.
fn took(time: Nanos) -> String {
    match time.0 / 1_000_000 {
        0 => "within a millisecond".to_owned(),
        ms @ 1..=9999 => format!("{ms} ms after it began"),
        more => format!("{} s after it began", more / 1000),
    }
}

/// The line about anything else.
pub(super) fn line(note: &Note, name_of: &dyn Fn(Uid) -> String) -> String {
    match note {
        Note::Adopted(job) => adopted(job, name_of),
        Note::Left(uid, left) => format!(
            "left a process of {} where it is: {left}; limits of theirs belong on {}",
            name_of(*uid),
            left.unit(),
        ),
        Note::Refused(uid, name, pid, why) => format!(
            "cannot move {name} (pid {pid}) of {}: systemd says: {why}; it is tried again soon",
            name_of(*uid),
        ),
        Note::Overrun => {
            "more happened than could be heard of; looked at everything instead".to_owned()
        }
        Note::BusFound => "connected to systemd".to_owned(),
        Note::BusLost(why) => {
            format!("{why}; nobody can be moved until it is back, which is tried twice a second")
        }
        Note::Said(words) | Note::Killed(_, _, words) => words.clone(),
        Note::PolicyChanged => {
            "the policy files have changed and can be used: `benchwarden policy \
                                plan` shows what would follow, `policy apply` does it"
                .to_owned()
        }
        Note::PolicyBroken(first, count) => {
            let more = match count {
                0 | 1 => String::new(),
                more => format!(" (and {} more)", more - 1),
            };
            format!(
                "the policy files cannot be used: {first}{more}; what was applied before stays in \
                 force, and `benchwarden policy check` shows all of it"
            )
        }
        Note::Begun => "listening: strays go to their owners' slices".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Adopted {
        Adopted {
            uid: Uid(1001),
            pid: Pid(4711),
            name: "sh".to_owned(),
            way: Origin::Cron,
            from: "/system.slice/cron.service".to_owned(),
            first: true,
            others: 0,
            held: Bytes(1 << 20),
            took: vec![Nanos(4_600_000)],
            heard: true,
        }
    }

    fn name_of(uid: Uid) -> String {
        match uid.0 {
            0 => "root".to_owned(),
            1001 => "alice".to_owned(),
            other => format!("uid {other}"),
        }
    }

    #[test]
    fn a_move_says_who_what_whence_and_how_fast() {
        assert_eq!(
            adopted(&job(), &name_of),
            "moved sh (pid 4711) of alice, started by cron, from /system.slice/cron.service to \
             user-1001.slice; 4 ms after it began"
        );
    }

    #[test]
    fn what_was_charged_before_is_said() {
        let late = Adopted {
            way: Origin::Guest(Uid(0)),
            from: "/user.slice/user-0.slice/session-2.scope".to_owned(),
            others: 2,
            held: Bytes(3 << 30),
            took: Vec::new(),
            heard: false,
            ..job()
        };
        assert_eq!(
            adopted(&late, &name_of),
            "moved sh (pid 4711) of alice, started by su, sudo or the like in root's session, and \
             2 processes more, from /user.slice/user-0.slice/session-2.scope to user-1001.slice; \
             found by looking around; 3072 MiB it had before stay charged to \
             /user.slice/user-0.slice/session-2.scope, beyond its owner's limits: start it anew \
             to have them counted"
        );
    }

    #[test]
    fn who_left_something_behind_is_named() {
        let left = Adopted {
            name: "su".to_owned(),
            first: false,
            others: 1,
            took: Vec::new(),
            ..job()
        };
        assert_eq!(
            adopted(&left, &name_of),
            "moved one process of alice that su (pid 4711) left, started by cron, from \
             /system.slice/cron.service to user-1001.slice"
        );
    }

    #[test]
    fn many_jobs_are_one_line() {
        let jobs: Vec<Adopted> = (0u32..30)
            .map(|n| Adopted {
                name: format!("job{}", n % 9),
                others: 1,
                took: vec![Nanos(u64::from(n) * 1_000_000)],
                ..job()
            })
            .collect();
        assert_eq!(
            adopted_together(&jobs, &name_of),
            "moved 30 jobs (job0, job1, job2, job3) of alice, started by cron, and 30 processes \
             more, from /system.slice/cron.service to user-1001.slice; 29 ms after it began"
        );
        assert_eq!(
            adopted_together(&jobs[..1], &name_of),
            adopted(&jobs[0], &name_of)
        );
    }

    #[test]
    fn what_is_wrong_with_the_policy_is_said_with_its_place() {
        let broken = Note::PolicyBroken("policy.toml:2:1: no such key".to_owned(), 3);
        let said = line(&broken, &name_of);
        assert!(
            said.contains(": policy.toml:2:1: no such key (and 2 more); what was applied"),
            "{said}"
        );
        assert!(line(&Note::PolicyChanged, &name_of).contains("policy plan"));
    }

    #[test]
    fn what_is_left_and_what_is_refused_say_why() {
        let left = Note::Left(Uid(1001), Left::Own("fit.service".to_owned()));
        assert_eq!(
            line(&left, &name_of),
            "left a process of alice where it is: fit.service is this person's own; limits of \
             theirs belong on fit.service"
        );
        let refused = Note::Refused(Uid(7), "x".to_owned(), Pid(9), "No.".to_owned());
        assert_eq!(
            line(&refused, &name_of),
            "cannot move x (pid 9) of uid 7: systemd says: No.; it is tried again soon"
        );
    }
}
