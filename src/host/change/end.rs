//! Ending everything that runs under a uid: politely first, then at once, then one by one, until
//! nothing is left. A user who forks faster than one can kill is stopped as a whole.

use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::host::job::{One, Person};
use crate::host::observe::processes_of;
use crate::host::root::Root;
use crate::host::{clock, command};

use super::{ActionError, freeze};

/// How long sessions have to end by themselves.
const POLITELY: Duration = Duration::from_secs(3);
/// And processes that are told by a signal alone.
const BRIEFLY: Duration = Duration::from_secs(2);
/// How long it may take until nothing is left.
const AT_MOST: Duration = Duration::from_secs(20);
const A_MOMENT: Duration = Duration::from_millis(100);

/// Ends them all.
///
/// # Errors
/// When processes are left, or keep coming: they are named.
pub(super) fn everything(root: &Root, user: &str, uid: u32) -> Result<(), ActionError> {
    not_root(uid)?;
    if let Some(loginctl) = root.find_executable("loginctl") {
        // Nobody has to be logged in; what counts is what is left.
        let _ = command::run(&loginctl, &["terminate-user", user], POLITELY * 3);
    }
    if wait_until_none(root, uid, POLITELY) {
        return Ok(());
    }
    until_none(root, user, uid)
}

/// The same without starting a program, for a host on which none may start any more; what runs
/// under their subordinate uids included.
///
/// # Errors
/// When processes are left, or keep coming: they are named.
pub(super) fn at_once(root: &Root, uid: u32) -> Result<(), ActionError> {
    not_root(uid)?;
    let person = Person::new(root, uid);
    // What stands still is not woken to be told.
    if person.is_slice_frozen(root) != Some(true) {
        for one in person.all(root) {
            send(root, &person, &one, Signal::TERM);
        }
        let last = clock::after(BRIEFLY);
        while !person.has_nothing(root) && !clock::until(last).is_zero() {
            std::thread::sleep(A_MOMENT);
        }
    }
    let last = clock::after(AT_MOST);
    loop {
        kill_slice(root, uid);
        let left = person.all(root);
        if left.is_empty() {
            freeze::open(root, &person, uid);
            return Ok(());
        }
        if clock::until(last).is_zero() {
            return Err(left_over(root, &left));
        }
        // Stopped first: what is stopped does not fork while others are killed.
        for signal in [Signal::STOP, Signal::KILL] {
            for one in &left {
                send(root, &person, one, signal);
            }
        }
        std::thread::sleep(A_MOMENT);
    }
}

/// One process and everything below it: politely first, then at once.
///
/// # Errors
/// When something of it is left.
pub(super) fn job(root: &Root, uid: u32, pid: u32, started: u64) -> Result<(), ActionError> {
    not_root(uid)?;
    let person = Person::new(root, uid);
    // Found before the first of them ends: orphans are nobody's children.
    let mut all = person.tree(root, pid);
    if all.first().is_none_or(|first| first.started != started) {
        return Ok(()); // It has ended, and somebody else may have its number.
    }
    for one in &all {
        send(root, &person, one, Signal::TERM);
    }
    let last = clock::after(BRIEFLY);
    while all.iter().any(|one| person.has(root, one)) && !clock::until(last).is_zero() {
        std::thread::sleep(A_MOMENT);
    }
    let last = clock::after(AT_MOST);
    loop {
        all.retain(|one| person.has(root, one));
        if all.is_empty() {
            return Ok(());
        }
        if clock::until(last).is_zero() {
            return Err(left_over(root, &all));
        }
        for one in &all {
            send(root, &person, one, Signal::STOP);
        }
        // Children that were forked meanwhile; their parents fork no more.
        let trees = all.iter().flat_map(|one| person.tree(root, one.pid));
        let more: Vec<One> = trees.filter(|found| !all.contains(found)).collect();
        all.extend(more);
        for one in &all {
            send(root, &person, one, Signal::KILL);
        }
        std::thread::sleep(A_MOMENT);
    }
}

/// Some processes of theirs, at once.
///
/// # Errors
/// When none of them runs any more.
pub(super) fn these(root: &Root, uid: u32, processes: &[(u32, u64)]) -> Result<(), ActionError> {
    not_root(uid)?;
    let person = Person::new(root, uid);
    let found = processes.iter().filter_map(|(pid, started)| {
        let one = person.one(root, *pid)?;
        (one.started == *started).then_some(one)
    });
    let found: Vec<One> = found.collect();
    for one in &found {
        send(root, &person, one, Signal::KILL);
    }
    if found.is_empty() {
        let why = "none of these processes runs any more".to_owned();
        return Err(ActionError::Other(why));
    }
    Ok(())
}

/// A signal to one process, or to all.
///
/// # Errors
/// When it is none, or the process has ended.
pub(super) fn signal(
    root: &Root,
    uid: u32,
    job: Option<(u32, u64)>,
    signal: i32,
) -> Result<(), ActionError> {
    not_root(uid)?;
    let Some(signal) = Signal::from_named_raw(signal) else {
        return Err(ActionError::Other(format!("{signal} is no signal")));
    };
    let person = Person::new(root, uid);
    let whom = match job {
        None => person.all(root),
        Some((pid, started)) => {
            let one = person.one(root, pid);
            let one = one.filter(|one| one.started == started);
            let ended = || ActionError::Other(format!("process {pid} has ended"));
            vec![one.ok_or_else(ended)?]
        }
    };
    for one in &whom {
        send(root, &person, one, signal);
    }
    Ok(())
}

pub(super) fn not_root(uid: u32) -> Result<(), ActionError> {
    if uid == 0 {
        return Err(ActionError::Other(
            "processes of uid 0 are never stopped or ended".to_owned(),
        ));
    }
    Ok(())
}

fn left_over(root: &Root, left: &[One]) -> ActionError {
    let named: Vec<String> = left
        .iter()
        .take(5)
        .map(|one| place(root, one.pid))
        .collect();
    ActionError::Other(format!(
        "{} processes are left or come back: {}; stop what starts them",
        left.len(),
        named.join(", ")
    ))
}

/// A signal to a process that is still the same and still theirs, and no other that took its
/// number since: its handle is taken before that is looked at.
pub(super) fn send(root: &Root, person: &Person, one: &One, signal: Signal) {
    let target = i32::try_from(one.pid).ok().and_then(Pid::from_raw);
    if let Some(Ok(handle)) = target.map(|pid| pidfd_open(pid, PidfdFlags::empty()))
        && person.has(root, one)
    {
        // It may have ended by itself.
        let _ = pidfd_send_signal(handle, signal);
    }
}

/// Until nothing is left of them.
fn until_none(root: &Root, user: &str, uid: u32) -> Result<(), ActionError> {
    let last = clock::after(AT_MOST);
    while !clock::until(last).is_zero() {
        kill_slice(root, uid);
        let left = processes_of(root, uid);
        // Stopped first: what is stopped does not fork while others are killed.
        for signal in [Signal::STOP, Signal::KILL] {
            for pid in &left {
                send_to_uid(root, *pid, uid, signal);
            }
        }
        if wait_until_none(root, uid, A_MOMENT * 5) {
            return Ok(());
        }
    }
    let left = processes_of(root, uid);
    let named: Vec<String> = left.iter().take(5).map(|pid| place(root, *pid)).collect();
    Err(ActionError::Other(format!(
        "{} processes of {user} are left or come back: {}; stop what starts them",
        left.len(),
        named.join(", ")
    )))
}

fn wait_until_none(root: &Root, uid: u32, limit: Duration) -> bool {
    let last = clock::after(limit);
    loop {
        if processes_of(root, uid).is_empty() {
            return true;
        }
        if clock::until(last).is_zero() {
            return false;
        }
        std::thread::sleep(A_MOMENT);
    }
}

/// Kills a slice as a whole, where the kernel can (5.14): nothing forks away from that.
fn kill_slice(root: &Root, uid: u32) {
    let file = root.path(&format!(
        "/sys/fs/cgroup/user.slice/user-{uid}.slice/cgroup.kill"
    ));
    #[expect(
        clippy::disallowed_methods,
        reason = "a control file of the kernel: there is nothing to replace"
    )]
    // It is not there where nobody is logged in, and on older kernels.
    let _ = std::fs::write(file, "1");
}

/// A signal to a process that is still this uid's, and no other that took its number since.
fn send_to_uid(root: &Root, pid: u32, uid: u32, signal: Signal) {
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(Ok(handle)) = target.map(|pid| pidfd_open(pid, PidfdFlags::empty())) else {
        return;
    };
    let status = root
        .peek(&format!("/proc/{pid}/status"))
        .unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let theirs = uids.is_some_and(|uids| uids.split_whitespace().any(|u| u.parse() == Ok(uid)));
    if theirs {
        // It may have ended by itself.
        let _ = pidfd_send_signal(handle, signal);
    }
}

pub(super) fn place(root: &Root, pid: u32) -> String {
    let cgroup = root
        .peek(&format!("/proc/{pid}/cgroup"))
        .unwrap_or_default();
    let path = cgroup
        .lines()
        .next_back()
        .and_then(|line| line.rsplit(':').next());
    let path = crate::base::text::printable(path.unwrap_or("").as_bytes(), 100);
    format!("{pid} in {path}")
}
