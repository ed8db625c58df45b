//! Stopping everything of a person where it is, and letting it go on: the kernel's freezer for
//! their slice, a signal for each process outside of it. No program is started and nothing is
//! written to a disk.

use std::time::Duration;

use rustix::process::Signal;

use crate::base::text::counted;
use crate::host::clock;
use crate::host::job::{self, One, Person};
use crate::host::root::Root;

use super::ActionError;
use super::end::{not_root, place, send};

/// How long whoever forks outside a slice is run after.
const AT_MOST: Duration = Duration::from_secs(5);
/// How long the kernel has to stop what waits for a disk.
const REST: Duration = Duration::from_secs(1);
const A_MOMENT: Duration = Duration::from_millis(20);

/// Stops everything. What does not stop is told: whoever runs outside a frozen slice must not get
/// all the rest of it going again.
///
/// # Errors
/// When the kernel does not take it, or there is no slice and processes keep running.
pub(super) fn freeze(root: &Root, uid: u32) -> Result<Vec<String>, ActionError> {
    let person = Person::new(root, uid);
    let has_slice = slice(root, &person, uid, "1")?;
    let last = clock::after(AT_MOST);
    let mut remarks = Vec::new();
    loop {
        let mut running: Vec<One> = person.all(root);
        running.retain(|one| !one.inside && !one.stopped);
        if running.is_empty() {
            break;
        }
        if clock::until(last).is_zero() {
            let many = counted(running.len() as u64, "process", "processes");
            let told = format!(
                "{many} outside their slice still run: {}; what starts them has to be stopped",
                place(root, running[0].pid)
            );
            if !has_slice {
                return Err(ActionError::Other(told));
            }
            remarks.push(told);
            break;
        }
        for one in &running {
            send(root, &person, one, Signal::STOP);
        }
        std::thread::sleep(A_MOMENT);
    }
    let last = clock::after(REST);
    let slice = person.slice();
    while has_slice && !job::has_come_to_rest(root, &slice) {
        if clock::until(last).is_zero() {
            let told = "the kernel has not stopped all of it yet: something waits for a disk, and \
                        stops when it has what it waits for";
            remarks.push(told.to_owned());
            break;
        }
        std::thread::sleep(A_MOMENT);
    }
    Ok(remarks)
}

/// Lets everything go on.
///
/// # Errors
/// When the kernel does not take it.
pub(super) fn thaw(root: &Root, uid: u32) -> Result<(), ActionError> {
    let person = Person::new(root, uid);
    slice(root, &person, uid, "0")?;
    // What the guard has adopted since was stopped outside.
    let stopped = || {
        let all = person.all(root).into_iter();
        all.filter(|one| one.stopped && (!one.inside || one.adopted))
            .collect::<Vec<One>>()
    };
    let last = clock::after(REST);
    loop {
        let left = stopped();
        if left.is_empty() || clock::until(last).is_zero() {
            return Ok(());
        }
        for one in &left {
            send(root, &person, one, Signal::CONT);
        }
        std::thread::sleep(A_MOMENT);
    }
}

/// Tells the kernel; tells whether there is a slice.
fn slice(root: &Root, person: &Person, uid: u32, state: &str) -> Result<bool, ActionError> {
    not_root(uid)?;
    let file = format!("{}/cgroup.freeze", person.slice());
    #[expect(
        clippy::disallowed_methods,
        reason = "a control file of the kernel: there is nothing to replace"
    )]
    match std::fs::write(root.path(&file), state) {
        Ok(()) => Ok(true),
        // Nobody is logged in, and no guard has adopted anything; or there is no cgroup v2.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ActionError::Other(format!("{file}: {error}"))),
    }
}

/// A slice that outlives what was in it, as a lingering person's does, is open for what comes.
pub(super) fn open(root: &Root, person: &Person, uid: u32) {
    if person.is_slice_frozen(root) == Some(true) {
        // It may have gone with its last process.
        let _ = slice(root, person, uid, "0");
    }
}
