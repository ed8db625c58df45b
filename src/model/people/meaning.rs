//! What being in a group means: the well-known ones, some of which are root by another name.

use serde::Serialize;

/// What a group gives to its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Meaning {
    /// In one line.
    pub says: &'static str,
    /// Whether a member can become root, or is it in all but name.
    pub root: bool,
}

/// The names, whether a member can become root, and what a member may do.
const KNOWN: &[(&str, bool, &str)] = &[
    ("root", true, "shares root's own files"),
    ("sudo", true, "runs any command as root with sudo"),
    ("wheel", true, "runs any command as root with sudo"),
    (
        "admin",
        true,
        "runs any command as root with sudo, where its rule is kept",
    ),
    (
        "docker",
        true,
        "mounts the whole host in a container: root by another name",
    ),
    (
        "lxd",
        true,
        "mounts the whole host in a container: root by another name",
    ),
    (
        "incus-admin",
        true,
        "mounts the whole host in a container: root by another name",
    ),
    (
        "microk8s",
        true,
        "mounts the whole host in a pod: root by another name",
    ),
    (
        "libvirt",
        true,
        "gives any disk to a virtual machine: root by another name",
    ),
    (
        "disk",
        true,
        "reads and writes raw disks: root by another name",
    ),
    ("shadow", true, "reads everybody's password hashes"),
    ("kmem", true, "reads the memory of the kernel"),
    (
        "staff",
        true,
        "writes to /usr/local, from where root runs programs",
    ),
    ("sgx_prv", false, "runs provisioning enclaves"),
    ("adm", false, "reads the system's logs"),
    (
        "systemd-journal",
        false,
        "reads the journal of the whole host",
    ),
    ("video", false, "uses cameras and GPUs"),
    ("render", false, "uses GPUs"),
    ("kvm", false, "runs virtual machines"),
    ("incus", false, "runs containers in a project of their own"),
    ("input", false, "reads every keystroke at the console"),
    ("tty", false, "writes to other people's terminals"),
    ("dialout", false, "uses serial lines"),
    ("backup", false, "reads backups of system files"),
    ("ssl-cert", false, "reads the keys of certificates"),
    ("wireshark", false, "captures network traffic"),
    ("netdev", false, "changes network connections"),
    ("plugdev", false, "mounts removable media"),
    ("lpadmin", false, "administers printers"),
    ("fuse", false, "mounts file systems of their own"),
    (
        "users",
        false,
        "nothing by itself: everybody's common group",
    ),
];

/// What a group of this name means; `None` where only the host's own admins know.
#[must_use]
pub fn of(group: &str) -> Option<Meaning> {
    let known = KNOWN.iter().find(|(name, ..)| *name == group);
    known.map(|(_, root, says)| Meaning { says, root: *root })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_by_another_name_is_called_that() {
        for name in ["sudo", "wheel", "docker", "lxd", "disk", "shadow", "root"] {
            assert!(of(name).unwrap().root, "{name}");
        }
        for name in ["adm", "systemd-journal", "video", "kvm"] {
            assert!(!of(name).unwrap().root, "{name}");
        }
        assert_eq!(of("analysts"), None);
    }
}
