//! What this host offers and lacks, topic by topic; each file here knows one subject.
//!
//! Nothing here fails: what is missing is an answer. Nothing here changes anything, needs root,
//! or runs anything but `sudo -V`.

mod caller;
mod kernel;
mod quota;
mod runtimes;
mod tools;
mod workbench;

use crate::model::findings::{Finding, Findings};

use super::clock;
use super::collect::host_name;
use super::root::Root;

pub use caller::{Colors, Terminal};
pub(super) use tools::sudo_version;

/// Looks at everything, in the order in which it is told.
#[must_use]
pub fn findings(root: &Root) -> Findings {
    let mut findings: Vec<Finding> = vec![
        kernel::cgroup(root),
        kernel::systemd(root),
        kernel::pressure(root),
        kernel::process_connector(root),
        quota::quotas(root),
        tools::sudo(root),
        tools::shadow(root),
    ];
    findings.extend([
        runtimes::r(root),
        runtimes::python(root),
        workbench::rstudio(root),
        workbench::jupyter(root),
        caller::privileges(root),
    ]);
    if root.is_live() {
        findings.push(caller::terminal(&Terminal::of_this_process()));
    }
    Findings {
        taken_at: clock::now(),
        host: host_name(root),
        findings,
    }
}
