//! The daemon: it keeps what one person starts from taking the host down.
//!
//! It adopts strays: a process of a person outside their own slice is moved there at birth, before
//! it can grow. One thread listens to the kernel and to the bus and never waits for anything else;
//! another acts on pressure and explains what the kernel ended; a third writes down what was done.
//! Killed at any moment and started again, it looks at what there is and goes on; who is held back,
//! and until when, is written down before it is done.

mod adopter;
mod follow;
mod homes;
mod moving;
mod policy;
mod pressure;
mod scribe;
mod told;
mod units;
mod watch;

use crate::host::cgroup;
use crate::host::connector::ConnectorError;
use crate::host::root::Root;
use crate::host::{is_root, systemd};
use crate::model::adoption::Rules;
use crate::model::sample::CgroupVersion;

use watch::Watch;

/// Why the guard does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A fixture tree is not a host.
    #[error("the guard changes the host it runs on; leave --root out")]
    Fixture,
    /// Not root.
    #[error("the guard needs root: systemctl start benchwarden-guard")]
    NotRoot,
    /// Another init.
    #[error(
        "systemd is not the init of this host: there are no slices to move anybody to; `benchwarden usage` works without"
    )]
    NoSystemd,
    /// Not only cgroup v2.
    #[error(
        "cgroups are mounted as {0} here, and only v2 can limit people; boot with systemd.unified_cgroup_hierarchy=1"
    )]
    NotUnified(&'static str),
}

/// Runs until it is ended; comes back only where this is no host for it.
///
/// # Errors
/// When the kernel's process connector cannot be listened to.
pub fn run(root: &Root) -> Result<Refused, ConnectorError> {
    match refusal(root) {
        Some(refused) => Ok(refused),
        None => Watch::begin(root, Rules::default())?.go_on(),
    }
}

fn refusal(root: &Root) -> Option<Refused> {
    let version = cgroup::version(root);
    if !root.is_live() {
        Some(Refused::Fixture)
    } else if !is_root() {
        Some(Refused::NotRoot)
    } else if !systemd::is_init(root) {
        Some(Refused::NoSystemd)
    } else if version != CgroupVersion::V2 {
        Some(Refused::NotUnified(version.as_str()))
    } else {
        None
    }
}
