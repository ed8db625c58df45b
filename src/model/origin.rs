//! By which way a process came in: what an admin calls the places where cgroups put them.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::base::id::Uid;

use super::sample::slice_owner;

/// A way in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A session of logind, by its id; what opened it is told by the session.
    Session(String),
    /// tmux or screen, in a session or a scope of their own: it outlives the login.
    Multiplexer,
    /// RStudio Server or Posit Workbench.
    RStudio,
    /// JupyterHub, whichever its spawner.
    Jupyter,
    /// A job of cron.
    Cron,
    /// A job of at.
    At,
    /// A container.
    Container,
    /// A unit of the person's own manager, or of the system's.
    Service(String),
    /// In the slice of somebody else, as `su` and `sudo -u` leave it.
    Guest(Uid),
    /// sshd itself, before or without a session.
    Ssh,
    /// No unit tells.
    Unknown,
}

impl Origin {
    /// What a cgroup tells of a process of `uid` in it.
    #[must_use]
    pub fn of(cgroup: &str, uid: Uid) -> Self {
        let unit = cgroup.rsplit('/').find(is_unit);
        let owner = slice_owner(cgroup);
        if cgroup.split('/').any(is_container) {
            return Self::Container;
        }
        let Some(unit) = unit else {
            return Self::Unknown;
        };
        if let Some(owner) = owner.filter(|owner| *owner != uid) {
            return Self::Guest(owner);
        }
        let (stem, kind) = unit.rsplit_once('.').unwrap_or((unit, ""));
        match (stem, kind) {
            (_, "scope") if stem.starts_with("tmux-spawn-") => Self::Multiplexer,
            (_, "scope") if stem.starts_with("session-") => {
                Self::Session(stem.trim_start_matches("session-").to_owned())
            }
            ("cron" | "crond", _) => Self::Cron,
            ("atd", _) => Self::At,
            ("ssh" | "sshd", _) => Self::Ssh,
            ("rstudio-server" | "rstudio-launcher", _) => Self::RStudio,
            ("jupyterhub", _) => Self::Jupyter,
            _ if stem.starts_with("jupyter-") => Self::Jupyter,
            _ if stem.starts_with("ssh@") || stem.starts_with("sshd@") => Self::Ssh,
            _ => Self::Service(unit.to_owned()),
        }
    }
}

fn is_unit(part: &&str) -> bool {
    part.ends_with(".service") || part.ends_with(".scope")
}

fn is_container(part: &str) -> bool {
    let named = ["docker-", "libpod-", "crio-", "cri-containerd-", "nspawn-"];
    part == "docker"
        || part == "libpod_parent"
        || part == "machine.slice"
        || part.starts_with("kubepods")
        || (part.ends_with(".scope") && named.iter().any(|name| part.starts_with(name)))
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => write!(f, "session {id}"),
            Self::Multiplexer => f.write_str("tmux"),
            Self::RStudio => f.write_str("RStudio"),
            Self::Jupyter => f.write_str("Jupyter"),
            Self::Cron => f.write_str("cron"),
            Self::At => f.write_str("at"),
            Self::Container => f.write_str("container"),
            Self::Service(unit) => f.write_str(unit),
            Self::Guest(owner) => write!(f, "su in uid {owner}'s session"),
            Self::Ssh => f.write_str("ssh"),
            Self::Unknown => f.write_str("no unit"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_in_of_a_workbench_has_its_word() {
        for (cgroup, word) in [
            ("/user.slice/user-1001.slice/session-3.scope", "session 3"),
            (
                "/user.slice/user-1001.slice/user@1001.service/tmux-spawn-4b.scope",
                "tmux",
            ),
            (
                "/user.slice/user-1001.slice/user@1001.service/user.slice/libpod-0a.scope/container",
                "container",
            ),
            (
                "/user.slice/user-1001.slice/user@1001.service/app.slice/fit.service",
                "fit.service",
            ),
            (
                "/user.slice/user-1001.slice/user@1001.service/init.scope",
                "init.scope",
            ),
            (
                "/user.slice/user-0.slice/session-9.scope",
                "su in uid 0's session",
            ),
            ("/system.slice/cron.service", "cron"),
            ("/system.slice/crond.service", "cron"),
            ("/system.slice/atd.service", "at"),
            ("/system.slice/rstudio-server.service", "RStudio"),
            ("/system.slice/jupyterhub.service", "Jupyter"),
            ("/system.slice/jupyter-alice-singleuser.service", "Jupyter"),
            ("/system.slice/docker-0a.scope", "container"),
            ("/docker/0a", "container"),
            ("/system.slice/ssh.service", "ssh"),
            ("/system.slice/shiny-server.service", "shiny-server.service"),
            ("/", "no unit"),
        ] {
            assert_eq!(Origin::of(cgroup, Uid(1001)).to_string(), word, "{cgroup}");
        }
    }
}
