//! The only place that reads or changes the machine.
//!
//! Every path starts from one [`root::Root`], so all of it runs against a fixture tree without
//! privileges. Nothing here decides anything: it reads, and does what it is told.

pub mod accounts;
pub mod cgroup;
pub mod clock;
pub mod collect;
pub mod command;
pub mod probe;
pub mod process;
pub mod root;
pub mod systemd;
