//! Strays: processes of a person outside their own slice, where no limit of theirs reaches. The
//! rules by which they are adopted, and what is decided of one; nothing is touched here.
//!
//! What runs under another person's slice is a stray as well: `su alice` in ada's session is
//! billed to ada and held by her limits, not by alice's. Such a job goes to its owner's slice,
//! interactive or not: job control, the terminal and the signal at its end belong to the session
//! and process groups, which a cgroup does not change. What does change is right for whom it is
//! billed to: the job counts against alice's limits, is frozen and stopped with her, and is not
//! ended with ada's session where `KillUserProcesses=` ends what is left of one.

mod decide;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;
use std::time::Duration;

use crate::base::id::{Pid, Uid};

use super::origin::Origin;

pub use decide::{decide, unit_of};
pub use words::{Left, Spared, Waiting};

/// Which strays are adopted. The defaults suit a workbench with cron, at, RStudio Server and
/// JupyterHub; units are named with `*` for any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether jobs of services that drop to a person (cron, at, RStudio Server, JupyterHub's local
    /// spawner, …) are adopted. Yes, from all but those below: what nobody thought of is how hosts
    /// die.
    pub from_services: bool,
    /// Whether what `su`, `sudo -u` and their like leave in another person's session is adopted.
    pub from_others: bool,
    /// The same for root's own sessions: what an admin starts as a person is theirs, and what a
    /// forgotten root shell starts as a person takes a host down like anything else.
    pub from_root: bool,
    /// Units whose processes have a keeper of their own that arranges cgroups: container
    /// managers, batch systems, virtual machines.
    pub never: Vec<String>,
    /// Units left where they are; the limits of their owner belong on the unit.
    pub leave: Vec<String>,
    /// Units that a policy names; it counts before the lists above.
    pub named: Named,
    /// Units that ask logind for a session, which then moves the process: a login is given
    /// `patience` to end up there, and is adopted if it does not.
    pub logins: Vec<String>,
    /// How long a login may take, and whoever may still become root again.
    pub patience: Duration,
    /// People who are never moved.
    pub spared: Vec<Uid>,
}

/// What a policy says of units; of lists that name the same one the first of these counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Not touched.
    pub never: Vec<String>,
    /// Left where they are, limited there.
    pub leave: Vec<String>,
    /// Their jobs are adopted.
    pub adopt: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            from_services: true,
            from_others: true,
            from_root: true,
            never: list(&[
                "docker.service",
                "containerd.service",
                "podman.service",
                "crio.service",
                "k3s*.service",
                "kubelet.service",
                "lxc*.service",
                "lxd*.service",
                "incus*.service",
                "libvirtd.service",
                "virtqemud.service",
                "systemd-nspawn@*.service",
                "systemd-machined.service",
                "slurmd.service",
                "slurmstepd*",
                "condor.service",
                "pbs.service",
            ]),
            leave: Vec::new(),
            named: Named::default(),
            logins: list(&[
                "ssh.service",
                "sshd.service",
                "ssh@*.service",
                "sshd@*.service",
                "dropbear*.service",
                "getty@*.service",
                "serial-getty@*.service",
                "console-getty.service",
                "container-getty@*.service",
                "gdm*.service",
                "lightdm.service",
                "sddm.service",
                "xrdp-sesman.service",
                "cockpit*.service",
                "systemd-logind.service",
            ]),
            patience: Duration::from_secs(2),
            spared: Vec::new(),
        }
    }
}

/// Whether a name fits a pattern in which `*` stands for any text.
#[must_use]
pub fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(head) else {
        return false;
    };
    (0..=name.len()).any(|at| name.is_char_boundary(at) && fits(rest, &name[at..]))
}

/// A process as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub pid: Pid,
    /// Its real uid.
    pub uid: Uid,
    /// Whether its effective and its saved uid are the same: it cannot go back to being another.
    pub settled: bool,
    /// Where it is, `/system.slice/cron.service`.
    pub cgroup: String,
    /// Whether root has put it into a pid namespace: a container. (Whoever is not root makes one
    /// only together with a user namespace, so that nobody hides this way.)
    pub contained: bool,
    /// Its parents up to pid 1, the nearest first.
    pub ancestors: Vec<Ancestor>,
    /// Since it was first looked at.
    pub waited: Duration,
}

/// One of the parents of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// Which.
    pub pid: Pid,
    /// Its real uid: only root's names can be believed.
    pub uid: Uid,
    /// What it is called.
    pub name: Arc<str>,
}

/// What is known of a uid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Whether it is a person's rather than root's, a service's or a container's.
    pub person: bool,
    /// What it is called; `None` when nothing knows it, or nobody has answered yet.
    pub name: Option<Arc<str>>,
    /// Whether nobody has answered yet.
    pub asked: bool,
}

/// What systemd knows of the unit a process is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// `User=`: a name or digits; `None` when it is not set.
    pub user: Option<String>,
    /// The unit's own main process.
    pub main: Option<Pid>,
    /// And whose that is.
    pub main_uid: Option<Uid>,
    /// What `ExecStartPre=`, `ExecReload=` and their like run.
    pub control: Option<Pid>,
}

/// What is to become of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is where it belongs, or nobody's.
    Fine,
    /// It goes to its owner's slice; this is how it came in.
    Adopt(Origin),
    /// It stays, and its owner's limits belong on the unit.
    Leave(Left),
    /// It stays.
    Spare(Spared),
    /// What systemd knows of this unit decides.
    Ask(String),
    /// Too early to tell.
    Wait(Waiting),
}
