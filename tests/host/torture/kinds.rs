//! What is done, by which way in, and what stands against it.

use std::fmt;
use std::time::Duration;

use crate::guard::start_guard;
use crate::harness::{Host, Job, manifest};

/// Where the programs of the ways in take their time.
const LONG: Duration = Duration::from_secs(400);
const CLIENTS: &str = "/usr/local/lib/testhost";
/// In a container there is nothing but busybox.
const IN_CONTAINER: [(&str, &str); 2] = [
    (
        "memory-eater",
        "while :; do /bin/busybox tail /dev/zero; done",
    ),
    ("fork-bomb", "f() { f | f & }; f; /bin/busybox sleep 3600"),
];

/// What careful admins write by hand.
const BY_HAND: &str =
    "[Slice]\nCPUQuota=100%\nMemoryHigh=35%\nMemoryMax=40%\nMemorySwapMax=0\nTasksMax=400\n";
/// The same as a policy.
const POLICY: &str = "[host]\nreserve_memory = \"15%\"\n\n\
    [limits.default]\ncpu_quota = \"100%\"\nmemory_high = \"35%\"\nmemory_max = \"40%\"\n\
    memory_swap_max = \"0\"\ntasks_max = 400\ndisk_hard = \"1G\"\ninodes_hard = 20000\n\n\
    [guard.pressure.throttle]\ncpu = \"50%\"\nmemory = \"20%\"\nio = \"50%\"\nafter = \"3s\"\n\
    for = \"5m\"\nlimits = { cpu_weight = 10, io_weight = 10 }\n";
/// Where a distribution has oomd watch.
const OOMD: &str = "mkdir -p /etc/systemd/system/-.slice.d /etc/systemd/system/user.slice.d \
    /etc/systemd/system/system.slice.d; \
    printf '[Slice]\\nManagedOOMSwap=kill\\n' > /etc/systemd/system/-.slice.d/10-oomd.conf; \
    for s in user system; do printf '[Slice]\\nManagedOOMMemoryPressure=kill\\n\
    ManagedOOMMemoryPressureLimit=50%%\\n' > /etc/systemd/system/$s.slice.d/10-oomd.conf; done; \
    systemctl unmask systemd-oomd.service systemd-oomd.socket; systemctl daemon-reload; \
    systemctl start systemd-oomd";

/// What stands between one user's job and everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    Bare,
    ByHand,
    Oomd,
    Earlyoom,
    Benchwarden,
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bare => "nothing",
            Self::ByHand => "login slices by hand",
            Self::Oomd => "systemd-oomd",
            Self::Earlyoom => "earlyoom",
            Self::Benchwarden => "benchwarden",
        })
    }
}

impl Protection {
    pub fn put_up(self, host: &Host) {
        match self {
            Self::Bare => {}
            Self::ByHand => {
                host.run("mkdir -p /etc/systemd/system/user-.slice.d").ok();
                let path = "/etc/systemd/system/user-.slice.d/50-by-hand.conf";
                host.put(BY_HAND.as_bytes(), path, 0o644);
                host.run("systemctl daemon-reload").ok();
            }
            Self::Oomd => {
                host.run(&format!("({OOMD}) 2>&1")).ok();
            }
            Self::Earlyoom => {
                host.run("systemctl unmask earlyoom 2>&1; systemctl start earlyoom")
                    .ok();
            }
            Self::Benchwarden => {
                start_guard(host);
                host.run("mkdir -p /etc/benchwarden").ok();
                host.put(POLICY.as_bytes(), "/etc/benchwarden/policy.toml", 0o644);
                host.run("benchwarden policy apply --yes").ok();
            }
        }
    }
}

/// How alice's job gets onto the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Ssh,
    Su,
    Cron,
    At,
    Rstudio,
    Jupyter,
    SystemdSpawner,
    UserUnit,
    Podman,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ssh => "ssh",
            Self::Su => "su",
            Self::Cron => "cron",
            Self::At => "at",
            Self::Rstudio => "RStudio",
            Self::Jupyter => "JupyterHub",
            Self::SystemdSpawner => "SystemdSpawner",
            Self::UserUnit => "user unit",
            Self::Podman => "podman",
        })
    }
}

impl Way {
    /// Everything that comes before the job itself: servers run, sessions are open.
    pub fn get_ready(self, host: &Host) {
        let root = host.as_user("root");
        let client = |command: &str| {
            root.run_with(command, &[], LONG).ok();
        };
        match self {
            Self::Rstudio => {
                client("systemctl start rstudio-server");
                client(&format!("{CLIENTS}/rstudio-client start alice alice-pw"));
            }
            Self::Jupyter | Self::SystemdSpawner => {
                let unit = if self == Self::Jupyter {
                    "jupyterhub"
                } else {
                    "jupyterhub-systemd"
                };
                client(&format!("systemctl start {unit}"));
                client(&format!("{CLIENTS}/jupyter-client start alice alice-pw"));
            }
            Self::UserUnit => client("loginctl enable-linger alice"),
            Self::Podman => {
                let import = format!("podman import {CLIENTS}/container.tar tiny");
                host.as_user("alice").run_with(&import, &[], LONG).ok();
            }
            Self::Ssh | Self::Su | Self::Cron | Self::At => {}
        }
    }

    /// Whether the host has it.
    pub fn is_there(self, host: &Host) -> bool {
        self != Self::Podman
            || manifest(host.release(), "podman_rootless").is_some_and(|told| told == "yes")
    }

    /// Starts the job; it has begun when this comes back, or begins soon.
    pub fn start(self, host: &Host, attack: &str) -> Option<Job> {
        let run = format!("/usr/local/bin/attack {attack}");
        let root = |command: &str| {
            host.as_user("root").run_with(command, &[], LONG).ok();
            None
        };
        match self {
            Self::Ssh => Some(host.as_user("alice").spawn(&run)),
            Self::Su => root(&format!("su alice -c 'setsid {run} >/dev/null 2>&1 &'")),
            Self::Cron => {
                let line = format!("* * * * * alice pgrep -u alice -x attack || exec {run}\n");
                host.put(line.as_bytes(), "/etc/cron.d/attack", 0o644);
                root(
                    "for i in $(seq 700); do pgrep -u alice -x attack && exit; sleep 0.1; done; exit 1",
                )
            }
            Self::At => root(&format!("su - alice -c 'echo {run} | at now' 2>&1")),
            Self::Rstudio => root(&format!(
                "{CLIENTS}/rstudio-client eval alice alice-pw 'system(\"{run}\", wait = FALSE)'"
            )),
            Self::Jupyter | Self::SystemdSpawner => root(&format!(
                "{CLIENTS}/jupyter-client exec alice alice-pw \
                 'import subprocess; subprocess.Popen([\"/usr/local/bin/attack\", \"{attack}\"])' --detach"
            )),
            Self::UserUnit => root(&format!(
                "systemd-run --quiet --user --machine=alice@ --unit=attack {run}"
            )),
            Self::Podman => {
                let inside = IN_CONTAINER.iter().find(|(name, _)| *name == attack);
                let (_, inside) = inside.expect("a container has no other");
                let run = format!(
                    "podman run -d --network none tiny /bin/busybox sh -c '{inside}' </dev/null"
                );
                host.as_user("alice").run_with(&run, &[], LONG).ok();
                None
            }
        }
    }
}
