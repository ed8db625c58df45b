//! The only place that reads or changes the machine.
//!
//! Every path starts from one [`root::Root`], so all of it runs against a fixture tree without
//! privileges. Nothing here decides anything: it reads, and does what it is told.

pub mod accounts;
pub mod actor;
pub mod as_user;
pub mod belongings;
mod births;
mod bpf;
pub mod bus;
pub mod cgroup;
pub mod change;
pub mod clock;
mod closely;
pub mod collect;
pub mod command;
pub mod connector;
mod cpu_clock;
pub mod credentials;
mod details;
pub mod directory;
pub mod durable;
mod gpu;
pub mod holds;
pub mod input;
mod job;
pub mod jobs;
pub mod journal;
mod kept;
pub mod keyfile;
pub mod keys;
pub mod kmsg;
pub mod limits;
pub mod memory;
pub mod notify;
mod nss;
pub mod observe;
pub mod output;
mod outside;
pub mod owned;
pub mod patience;
mod places;
mod plain;
pub mod policy;
pub mod probe;
mod procdir;
pub mod process;
pub mod psi;
pub mod quota;
mod reader;
pub mod root;
pub mod runtimes;
pub mod scope;
mod sessions;
mod shares;
pub mod shim;
pub mod site;
mod slice_files;
mod slice_io;
mod slices;
pub mod stray;
pub mod strays;
mod subuids;
pub mod sudo;
mod surroundings;
pub mod systemd;
mod table;
pub mod terminals;
pub mod triage;
pub mod unit_files;
pub mod units;
pub mod uses;
pub mod waiting;
mod walk;
pub mod world;

/// Whether this process may change the host.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
