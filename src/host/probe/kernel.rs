//! What the kernel and systemd offer: control groups, pressure information, process events.

use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::json;

use crate::host::cgroup;
use crate::host::root::Root;
use crate::host::systemd::{self, BusError};
use crate::model::findings::{Finding, Status};
use crate::model::sample::CgroupVersion;

use super::caller;

/// Controllers without which a limit has no teeth.
const NEEDED: [&str; 4] = ["cpu", "io", "memory", "pids"];
/// `doctor` is short of patience: a bus that needs longer is told as such.
const PATIENCE: Duration = Duration::from_millis(1500);

pub(super) fn cgroup(root: &Root) -> Finding {
    let version = cgroup::version(root);
    let controllers = cgroup::controllers(root, version);
    let lacking: Vec<&str> = NEEDED
        .into_iter()
        .filter(|needed| !controllers.iter().any(|c| c == needed))
        .collect();
    let (status, todo) = match version {
        CgroupVersion::V2 if lacking.is_empty() => (Status::Ok, None),
        CgroupVersion::V2 => (
            Status::Partial,
            Some(format!(
                "enable {} (kernel configuration, or cgroup_disable= on the kernel line)",
                lacking.join(", ")
            )),
        ),
        CgroupVersion::Hybrid | CgroupVersion::V1 => (
            Status::Partial,
            Some(
                "boot with systemd.unified_cgroup_hierarchy=1; until then usage comes from \
                 /proc and nothing can be limited"
                    .to_owned(),
            ),
        ),
        CgroupVersion::None => (
            Status::Missing,
            Some("mount cgroup2 at /sys/fs/cgroup; without it nothing can be limited".to_owned()),
        ),
    };
    let list = match controllers.as_slice() {
        [] => "no controllers".to_owned(),
        some => some.join(" "),
    };
    let found = match version {
        CgroupVersion::V2 => format!("v2: {list}"),
        CgroupVersion::Hybrid => format!("hybrid, controllers on v1: {list}"),
        CgroupVersion::V1 => format!("v1: {list}"),
        CgroupVersion::None => "not mounted".to_owned(),
    };
    Finding {
        topic: "cgroup",
        status,
        found,
        why: "usage per person that misses nothing, and every limit",
        todo,
        facts: json!({
            "version": version.as_str(),
            "controllers": controllers,
            "user_slice": cgroup::has_user_slice(root),
        }),
    }
}

pub(super) fn systemd(root: &Root) -> Finding {
    let init = systemd::is_init(root);
    let version = if init { ask_version(root) } else { None };
    let (status, found, todo) = match &version {
        _ if !init => (
            Status::Missing,
            "not the init of this host".to_owned(),
            Some("limits need systemd; usage and accounts work without it".to_owned()),
        ),
        Some(Ok(version)) => (Status::Ok, format!("{version}, D-Bus answers"), None),
        Some(Err(why)) => (
            Status::Partial,
            why.clone(),
            Some("install and start dbus: systemctl start dbus.socket".to_owned()),
        ),
        None => (
            Status::Unknown,
            format!("no answer over D-Bus within {PATIENCE:?}"),
            Some("look at: systemctl status dbus; journalctl -u dbus".to_owned()),
        ),
    };
    let told = version.and_then(Result::ok);
    let major: Option<u32> = told.as_deref().and_then(|v| {
        let digits = v.find(|c: char| !c.is_ascii_digit()).unwrap_or(v.len());
        v[..digits].parse().ok()
    });
    Finding {
        topic: "systemd",
        status,
        found,
        why: "limits that survive a reboot, sessions, moving strays into their slice",
        todo,
        facts: json!({ "init": init, "version": major, "full_version": told, "dbus": told.is_some() }),
    }
}

/// The manager's version or why not; `None` when the bus hangs, which holds up nothing.
fn ask_version(root: &Root) -> Option<Result<String, String>> {
    let (answer, answered) = channel();
    let root = root.clone();
    let ask = move || {
        let version = systemd::version(&root).map_err(|error| match error {
            BusError::NoBus => "init of this host, but no D-Bus system bus".to_owned(),
            other @ BusError::NoAnswer(_) => other.to_string(),
        });
        let _ = answer.send(version);
    };
    std::thread::Builder::new().spawn(ask).ok()?;
    answered.recv_timeout(PATIENCE).ok()
}

pub(super) fn pressure(root: &Root) -> Finding {
    let there = |what: &str| root.peek(&format!("/proc/pressure/{what}")).is_some();
    let kinds: Vec<&str> = ["cpu", "memory", "io"]
        .into_iter()
        .filter(|kind| there(kind))
        .collect();
    let (status, found, todo) = match kinds.len() {
        3 => (Status::Ok, "cpu, memory, io".to_owned(), None),
        0 => (
            Status::Missing,
            "no /proc/pressure".to_owned(),
            Some("boot with psi=1 on the kernel line".to_owned()),
        ),
        _ => (Status::Partial, kinds.join(", "), None),
    };
    Finding {
        topic: "pressure",
        status,
        found,
        why: "telling a busy host from a suffering one",
        todo,
        facts: json!({ "kinds": kinds }),
    }
}

/// The process connector tells of a process that becomes a person's, at that moment.
pub(super) fn process_connector(root: &Root) -> Finding {
    let registered = root
        .peek("/proc/net/connector")
        .is_some_and(|list| list.lines().any(|line| line.starts_with("cn_proc")));
    let may = root.is_live() && caller::may_administer_network(root);
    let (status, found, todo) = match (registered, may) {
        (true, true) => (
            Status::Ok,
            "there, and open to this caller".to_owned(),
            None,
        ),
        (true, false) => (Status::Ok, "there; listening needs root".to_owned(), None),
        (false, _) => (
            Status::Missing,
            "not in this kernel, or this is a network namespace of its own".to_owned(),
            Some(
                "use a kernel with CONFIG_PROC_EVENTS; without it strays are found by looking \
                 now and then"
                    .to_owned(),
            ),
        ),
    };
    Finding {
        topic: "process-connector",
        status,
        found,
        why: "catching jobs of cron, su and RStudio at birth, before they can grow",
        todo,
        facts: json!({ "registered": registered }),
    }
}
