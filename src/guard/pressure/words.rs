//! What is said about pressure: to the admins, and to whom it is about.

use crate::base::units::Bytes;
use crate::host::kmsg::OomKill;
use crate::policy::schema::Resource;

use super::culprit::Culprit;

/// What runs short.
fn short_of(resource: Resource) -> &'static str {
    match resource {
        Resource::Cpu => "processors",
        Resource::Memory => "memory",
        Resource::Io => "disk time",
    }
}

/// What somebody takes of it.
fn takes(resource: Resource, culprit: &Culprit, asks: &str) -> String {
    let part = format!("{:.0} % of what is used", culprit.part * 100.0);
    match resource {
        Resource::Cpu => format!("{} cores, {part}", culprit.cores.short()),
        Resource::Memory => format!("{}, and {asks} for more", culprit.held),
        Resource::Io => format!("{} a second, {part}", culprit.moved),
    }
}

/// Who causes pressure, for the admins.
pub(super) fn named(
    resource: Resource,
    name: &str,
    culprit: &Culprit,
    job: Option<&str>,
) -> String {
    let most = job.map_or_else(String::new, |job| format!("; most of it in {job}"));
    format!(
        "the host is short of {}: {name} has {}{most}",
        short_of(resource),
        takes(resource, culprit, "asks")
    )
}

/// The same where nobody sticks out.
pub(super) fn nobody(resource: Resource) -> String {
    format!(
        "the host is short of {}, and nobody has as much as a third of what is used",
        short_of(resource)
    )
}

/// What is done about it, for the person.
pub(super) fn to_them(resource: Resource, culprit: &Culprit, what: &str) -> String {
    format!(
        "this host is short of {}, and you have {}: {what}",
        short_of(resource),
        takes(resource, culprit, "ask")
    )
}

/// What they get, and until when.
pub(super) fn less(what: &[String], until: &str) -> String {
    format!(
        "until {until} you get {}. Nothing is lost.",
        what.join(" and ")
    )
}

/// Everything stands still.
pub(super) fn still(until: &str) -> String {
    format!("everything you run stands still until {until}, and then goes on. Nothing is lost.")
}

/// It is over.
pub(super) fn over(freezes: bool) -> String {
    if freezes {
        "what you run goes on.".to_owned()
    } else {
        "you get everything again that you had before.".to_owned()
    }
}

/// A kill of the kernel's: for the admins, and for whose process it was. `limit` is what all
/// of theirs together may have.
pub(super) fn killed(kill: &OomKill, name: &str, at: &str, limit: Option<Bytes>) -> [String; 2] {
    let OomKill { pid, held, .. } = kill;
    let because = |who: &str| match (kill.limited, limit) {
        (true, Some(limit)) => format!("{who} may have {limit} in all"),
        (true, None) => "a limit on where it ran was reached".to_owned(),
        (false, _) => "the host had no memory left".to_owned(),
    };
    let what = &kill.name;
    [
        format!(
            "{name}'s {what} (pid {pid}) was stopped at {at}: it had {held} of memory, and {}",
            because(name)
        ),
        format!(
            "your {what} (pid {pid}) was stopped at {at}: it had {held} of memory, and {}. What \
             it had not saved is lost.",
            because("you")
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{Pid, Uid};
    use crate::base::units::Cores;

    const BOB: Culprit = Culprit {
        uid: Uid(1002),
        part: 0.974,
        cores: Cores(62.34),
        held: Bytes(3 << 30),
        moved: Bytes(90 << 20),
    };

    #[test]
    fn who_causes_pressure_is_said_with_figures() {
        assert_eq!(
            named(Resource::Cpu, "bob", &BOB, Some("64 × sh (pid 7, …)")),
            "the host is short of processors: bob has 62.34 cores, 97 % of what is used; most of \
             it in 64 × sh (pid 7, …)"
        );
        assert_eq!(
            to_them(
                Resource::Memory,
                &BOB,
                &less(&["one processor".to_owned()], "03:17")
            ),
            "this host is short of memory, and you have 3.00 GiB, and ask for more: until 03:17 \
             you get one processor. Nothing is lost."
        );
        assert!(
            named(Resource::Io, "bob", &BOB, None)
                .ends_with("90.0 MiB a second, 97 % of what is used")
        );
    }

    #[test]
    fn a_kill_is_explained_to_both() {
        let kill = OomKill {
            pid: Pid(4711),
            name: "rsession".to_owned(),
            uid: Uid(1001),
            held: Bytes(39 << 30),
            limited: true,
        };
        let [admins, alice] = killed(&kill, "alice", "03:12", Some(Bytes(40 << 30)));
        assert_eq!(
            admins,
            "alice's rsession (pid 4711) was stopped at 03:12: it had 39.0 GiB of memory, and \
             alice may have 40.0 GiB in all"
        );
        assert!(alice.starts_with("your rsession (pid 4711)") && alice.contains("you may have"));
        let host = OomKill {
            limited: false,
            ..kill
        };
        assert!(killed(&host, "alice", "03:12", None)[0].ends_with("the host had no memory left"));
    }
}
