//! Ending everything that runs under a uid: politely first, then at once, then one by one, until
//! nothing is left. A user who forks faster than one can kill is stopped as a whole.

use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::host::observe::processes_of;
use crate::host::root::Root;
use crate::host::{clock, command};

use super::ActionError;

/// How long sessions have to end by themselves.
const POLITELY: Duration = Duration::from_secs(3);
/// How long it may take until nothing is left.
const AT_MOST: Duration = Duration::from_secs(20);
const A_MOMENT: Duration = Duration::from_millis(100);

/// Ends them all.
///
/// # Errors
/// When processes are left, or keep coming: they are named.
pub(super) fn everything(root: &Root, user: &str, uid: u32) -> Result<(), ActionError> {
    if uid == 0 {
        return Err(ActionError::Other(
            "processes of uid 0 are never ended".to_owned(),
        ));
    }
    if let Some(loginctl) = root.find_executable("loginctl") {
        // Nobody has to be logged in; what counts is what is left.
        let _ = command::run(&loginctl, &["terminate-user", user], POLITELY * 3);
    }
    if wait_until_none(root, uid, POLITELY) {
        return Ok(());
    }
    let last = clock::after(AT_MOST);
    while !clock::until(last).is_zero() {
        kill_slice(root, uid);
        let left = processes_of(root, uid);
        // Stopped first: what is stopped does not fork while others are killed.
        for signal in [Signal::STOP, Signal::KILL] {
            for pid in &left {
                send(root, *pid, uid, signal);
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
fn send(root: &Root, pid: u32, uid: u32, signal: Signal) {
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

fn place(root: &Root, pid: u32) -> String {
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
