//! What one person runs, process by process: looked at when something has to be said or done
//! about it, never otherwise.

use crate::base::id::{Pid, Uid};
use crate::plan::hold::Process;

use super::cgroup::USER_SLICE;
use super::procdir::ProcDir;
use super::process::Stat;
use super::root::Root;
use super::slices::visit_processes;
use super::stray::Eye;

/// More are not looked at: whoever has so many has them all alike.
const MOST: usize = 8192;
/// Ways in, and what belongs to a login.
const LOGINS: &[&str] = &[
    "sshd",
    "systemd",
    "(sd-pam)",
    "dbus-daemon",
    "dbus-broker",
    "login",
    "tmux",
    "screen",
    "SCREEN",
    "mosh-server",
];

/// Everything in somebody's slice that is theirs.
#[must_use]
pub fn of(root: &Root, uid: Uid) -> Vec<Process> {
    let per_second = rustix::param::clock_ticks_per_second();
    let proc = ProcDir::new(root);
    let mut eye = Eye::new(root);
    let (mut bytes, mut found) = (Vec::new(), Vec::new());
    let slice = format!("{USER_SLICE}/user-{uid}.slice");
    visit_processes(root, &slice, 0, &mut |_, pid| {
        let pid = Pid(pid);
        if found.len() >= MOST || !proc.read(pid, "stat", &mut bytes) {
            return;
        }
        let Some(stat) = Stat::parse(&bytes, per_second) else {
            return;
        };
        let Some(held) = eye.held_by(uid, pid) else {
            return;
        };
        let login = is_login(&stat, pid);
        found.push(Process {
            pid,
            started: stat.started.0,
            group: stat.group.0,
            name: stat.name,
            cpu: stat.cpu,
            held,
            login,
        });
    });
    found
}

/// The shell at a terminal, or what brings somebody there.
fn is_login(stat: &Stat, pid: Pid) -> bool {
    let shell = stat.has_terminal && stat.session == pid;
    shell || LOGINS.iter().any(|login| stat.name.starts_with(login))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Nanos;

    fn stat(name: &str, session: u32, tty: i32) -> Stat {
        let line = format!(
            "4711 ({name}) S 1 4700 {session} {tty} -1 0 1 1 1 1 30 12 0 0 20 0 1 0 98765 1 1"
        );
        Stat::parse(line.as_bytes(), 100).unwrap()
    }

    #[test]
    fn a_job_is_told_from_a_login() {
        let job = stat("R) x", 4690, 34816);
        assert_eq!(
            (job.name.as_str(), job.group, job.cpu),
            ("R) x", Pid(4700), Nanos(420_000_000))
        );
        assert!(!is_login(&job, Pid(4711)));
        assert!(is_login(&stat("bash", 4711, 34816), Pid(4711)));
        // A notebook's kernel leads a session without a terminal.
        assert!(!is_login(&stat("python3", 4711, 0), Pid(4711)));
        assert!(is_login(&stat("tmux: server", 4711, 0), Pid(4711)));
    }
}
