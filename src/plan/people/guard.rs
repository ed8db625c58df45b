//! What no plan may do: take the last admin's access, the caller's own, root's or the system's.

use crate::base::id::{PeopleRange, Uid};
use crate::plan::Plan;
use crate::plan::world::{KnownAccount, World};

/// Names that are the system's, or that other tools give a meaning, whether or not this host has
/// an account of that name.
const RESERVED: &[&str] = &[
    "root",
    "daemon",
    "bin",
    "sys",
    "sync",
    "games",
    "man",
    "lp",
    "mail",
    "news",
    "uucp",
    "proxy",
    "www-data",
    "backup",
    "list",
    "irc",
    "gnats",
    "nobody",
    "nogroup",
    "messagebus",
    "sshd",
    "systemd-network",
    "systemd-resolve",
    "systemd-timesync",
    "systemd-coredump",
    "systemd-oom",
    "polkitd",
    "adm",
    "tty",
    "disk",
    "kmem",
    "dialout",
    "fax",
    "voice",
    "cdrom",
    "floppy",
    "tape",
    "sudo",
    "audio",
    "dip",
    "operator",
    "src",
    "shadow",
    "utmp",
    "video",
    "sasl",
    "plugdev",
    "staff",
    "users",
    "wheel",
    "admin",
    "docker",
    "lxd",
    "lxc",
    "libvirt",
    "kvm",
    "render",
    "input",
    "sgx",
    "crontab",
    "ssh",
    "_ssh",
    "rstudio-server",
    "rstudio-connect",
    "jupyterhub",
    "slurm",
    "munge",
    "halt",
    "shutdown",
    "all",
    "self",
    "none",
    "default",
];

/// Why a new account or group cannot have this name; `None` when it can.
#[must_use]
pub fn name_taken(world: &World, name: &str) -> Option<String> {
    if let Some(account) = world.account(name) {
        let source = if account.local {
            "on this host"
        } else {
            "in the directory"
        };
        return Some(format!(
            "{name} is an account {source} (uid {})",
            account.uid
        ));
    }
    if let Some(group) = world.group(name) {
        return Some(format!("{name} is a group (gid {})", group.gid));
    }
    let reserved = RESERVED.contains(&name) || name.starts_with("systemd-");
    reserved.then(|| format!("{name} is a name of the system"))
}

/// Whose access would be taken, and what speaks against it.
#[must_use]
pub fn may_lose_access(world: &World, account: &KnownAccount) -> Option<String> {
    let name = &account.name;
    if let Some(reason) = must_stay(world, account) {
        return Some(reason);
    }
    if !is_person(world, account) {
        return Some(format!(
            "{name} (uid {}) is an account of the system, not a person",
            account.uid
        ));
    }
    if world.caller.uid == Some(account.uid) || world.caller.name == *name {
        return Some(format!("{name} is you: another admin has to do this"));
    }
    None
}

/// Who must not even lose access some day: root, and whoever alone administers this host.
#[must_use]
pub fn must_stay(world: &World, account: &KnownAccount) -> Option<String> {
    let name = &account.name;
    if account.uid == 0 {
        return Some(format!(
            "{name} has uid 0: without root nobody could repair this host"
        ));
    }
    is_last_admin(world, name)
        .then(|| format!("{name} is the last admin of this host; add another one first"))
}

/// Whether nobody else administers this host. Admins who cannot get in count for nothing, but
/// whether they can is not known for directory people, who count.
#[must_use]
pub fn is_last_admin(world: &World, name: &str) -> bool {
    let admins = world.admins();
    admins.iter().any(|admin| admin.name == name) && admins.iter().all(|admin| admin.name == name)
}

/// Whether it is a person's account.
#[must_use]
pub fn is_person(world: &World, account: &KnownAccount) -> bool {
    let range = PeopleRange {
        first: world.defaults.uid_min,
    };
    range.is_person(Uid(account.uid), true)
}

/// The account a plan is about, when this host can change it.
///
/// # Errors
/// The plan, refused.
pub fn changeable<'a>(
    world: &'a World,
    intent: &str,
    name: &str,
) -> Result<&'a KnownAccount, Box<Plan>> {
    let refused = |reason: String| Box::new(Plan::new(intent, name).refuse(reason));
    let Some(account) = world.account(name) else {
        return Err(refused(format!(
            "{name} is nobody on this host; `benchwarden user list` names everyone"
        )));
    };
    if !account.local {
        return Err(refused(format!(
            "{name} comes from a directory: it can be limited here, but changed only there"
        )));
    }
    Ok(account)
}

/// The same for what is in a person's home: a directory's people have one here too.
///
/// # Errors
/// The plan, refused.
pub fn changeable_home<'a>(
    world: &'a World,
    intent: &str,
    name: &str,
) -> Result<&'a KnownAccount, Box<Plan>> {
    let refused = |reason: String| Box::new(Plan::new(intent, name).refuse(reason));
    let Some(account) = world.account(name) else {
        return Err(refused(format!(
            "{name} is nobody on this host; `benchwarden user list` names everyone"
        )));
    };
    if account.uid != 0 && !is_person(world, account) {
        return Err(refused(format!(
            "{name} (uid {}) is an account of the system, not a person",
            account.uid
        )));
    }
    Ok(account)
}
