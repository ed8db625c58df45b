//! The only place that reads or changes the machine.
//!
//! Every path starts from one [`root::Root`], so all of it runs against a fixture tree without
//! privileges. Nothing here decides anything: it reads, and does what it is told.

pub mod accounts;
mod births;
pub mod cgroup;
pub mod clock;
pub mod collect;
pub mod command;
mod cpu_clock;
mod details;
mod kept;
mod outside;
mod places;
pub mod probe;
mod procdir;
pub mod process;
pub mod root;
mod slices;
pub mod systemd;
mod table;
