//! `user suspend` and `user resume`: access that ends by every way in, and comes back as it was.
//!
//! Locking a password is not enough: a key still opens the account. What ends all of it is the
//! expiry of the account, which ssh, sudo, cron and at ask for; the rest makes sure.

use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::step::{Action, Step, Undo};
use crate::plan::world::{KnownAccount, World};

use super::{add, guard};

/// Where a suspended person's jobs are kept.
pub const SUSPENDED: &str = "/var/lib/benchwarden/suspended";
/// A day that has passed on every host.
const LONG_AGO: &str = "1970-01-02";
/// Where crontab(1) keeps its files: Debian's place, then that of RHEL.
pub const CRONTABS: [&str; 2] = ["/var/spool/cron/crontabs", "/var/spool/cron"];
/// Where at(1) keeps its jobs.
pub const AT_JOBS: [&str; 2] = ["/var/spool/cron/atjobs", "/var/spool/at"];
const NOLOGIN: &str = "/usr/sbin/nologin";

/// The plan that ends somebody's access.
#[must_use]
pub fn suspend(name: &str, world: &World) -> Plan {
    let intent = format!("suspend user {name}");
    let account = match guard::changeable(world, &intent, name) {
        Ok(account) => account,
        Err(refused) => return *refused,
    };
    let mut plan = Plan::new(intent, name);
    if let Some(reason) = guard::may_lose_access(world, account) {
        return plan.refuse(reason);
    }
    if world.fact(&Subject::Expiry(name.to_owned())) == Some(LONG_AGO) {
        return plan.refuse(format!("{name} is suspended already"));
    }
    ends(&mut plan, world, account);
    plan
}

/// The steps after which nobody gets in as this person, and nothing of theirs runs.
pub(super) fn ends(plan: &mut Plan, world: &World, account: &KnownAccount) {
    let name = account.name.as_str();
    // First, so that it comes back last: a manager is started only for an account that is open.
    if world.fact(&Subject::Linger(name.to_owned())) == Some("on") {
        plan.push(no_linger(world, name));
    }
    plan.push(Step {
        what: format!("close the account {name}: ssh, sudo, cron and at ask for it"),
        ..add::expiry(world, name, Some(LONG_AGO), None)
    });
    if world.fact(&Subject::Password(name.to_owned())) == Some("set") {
        plan.push(lock(world, name));
    }
    if account.shell != NOLOGIN {
        plan.push(no_shell(world, account));
    }
    let jobs = format!("{SUSPENDED}/{name}");
    for dir in CRONTABS {
        let file = format!("{dir}/{name}");
        if let Some(fact) = world.fact(&Subject::File(file.clone())) {
            plan.push(aside(&file, &format!("{jobs}.crontab"), fact, name));
        }
    }
    let at = Subject::AtJobs(account.uid);
    if let Some(count) = world.fact(&at) {
        plan.push(at_jobs_aside(
            account.uid,
            count,
            &format!("{jobs}.at"),
            name,
            world,
        ));
    }
    plan.push(Step {
        what: format!("end the sessions and processes of {name}"),
        action: Action::EndProcesses {
            user: name.to_owned(),
            uid: account.uid,
        },
        changes: vec![Change::new(
            Subject::Processes(account.uid),
            Expect::Any,
            Expect::Is("none".to_owned()),
        )],
        undo: Undo::Nothing,
    });
}

fn lock(world: &World, name: &str) -> Step {
    let usermod = world.tool("usermod");
    Step {
        what: format!("lock the password of {name}"),
        action: Action::run(&[&usermod, "--lock", "--", name]),
        changes: vec![Change::turns(
            Subject::Password(name.to_owned()),
            "set",
            "locked",
        )],
        undo: Undo::Exact {
            what: format!("unlock the password of {name}"),
            action: Action::run(&[&usermod, "--unlock", "--", name]),
        },
    }
}

fn no_shell(world: &World, account: &KnownAccount) -> Step {
    let name = account.name.as_str();
    let usermod = world.tool("usermod");
    let set = |shell: &str| Action::run(&[&usermod, "--shell", shell, "--", name]);
    let closed = KnownAccount {
        shell: NOLOGIN.to_owned(),
        ..account.clone()
    };
    Step {
        what: format!("give {name} a shell that lets nobody in"),
        action: set(NOLOGIN),
        changes: vec![Change::turns(
            Subject::Account(name.to_owned()),
            account.fact(),
            closed.fact(),
        )],
        undo: Undo::Exact {
            what: format!("give {name} the shell {} back", account.shell),
            action: set(&account.shell),
        },
    }
}

fn no_linger(world: &World, name: &str) -> Step {
    let loginctl = world.tool("loginctl");
    Step {
        what: format!("let nothing of {name} run without a session"),
        action: Action::run(&[&loginctl, "disable-linger", name]),
        changes: vec![Change::turns(Subject::Linger(name.to_owned()), "on", "off")],
        undo: Undo::Exact {
            what: format!("let units of {name} run without a session again"),
            action: Action::run(&[&loginctl, "enable-linger", name]),
        },
    }
}

/// A crontab leaves the place where cron looks.
pub(super) fn aside(from: &str, to: &str, fact: &str, name: &str) -> Step {
    let moved = |from: &str, to: &str| Action::MoveFile {
        from: from.to_owned(),
        to: to.to_owned(),
    };
    Step {
        what: format!("set the crontab of {name} aside"),
        action: moved(from, to),
        changes: vec![
            Change::new(
                Subject::File(from.to_owned()),
                Expect::Is(fact.to_owned()),
                Expect::Absent,
            ),
            Change::creates(Subject::File(to.to_owned()), fact),
        ],
        undo: Undo::Exact {
            what: format!("put the crontab of {name} back"),
            action: moved(to, from),
        },
    }
}

fn at_jobs_aside(uid: u32, count: &str, to: &str, name: &str, world: &World) -> Step {
    let dir = AT_JOBS.into_iter().find(|dir| {
        let subject = Subject::Directory((*dir).to_owned());
        world.fact(&subject).is_some()
    });
    let dir = dir.unwrap_or(AT_JOBS[0]);
    let moved = |from: &str, to: &str| Action::MoveAtJobs {
        uid,
        from: from.to_owned(),
        to: to.to_owned(),
    };
    Step {
        what: format!("set the {count} at jobs of {name} aside"),
        action: moved(dir, to),
        changes: vec![Change::new(
            Subject::AtJobs(uid),
            Expect::Is(count.to_owned()),
            Expect::Absent,
        )],
        undo: Undo::Partly {
            what: format!("put the at jobs of {name} back"),
            action: moved(to, dir),
            why: "jobs whose time has passed run at once".to_owned(),
        },
    }
}
