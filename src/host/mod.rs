//! The only place that reads or changes the machine.
//!
//! Every path starts from one [`root::Root`], so all of it runs against a fixture tree without
//! privileges. Nothing here decides anything: it reads, and does what it is told.

pub mod accounts;
pub mod as_user;
mod births;
pub mod cgroup;
pub mod clock;
mod closely;
pub mod collect;
pub mod command;
mod cpu_clock;
pub mod credentials;
mod details;
pub mod directory;
mod gpu;
mod kept;
pub mod keyfile;
pub mod memory;
mod outside;
mod patience;
mod places;
mod plain;
pub mod probe;
mod procdir;
pub mod process;
mod reader;
pub mod root;
mod sessions;
mod shares;
mod slices;
mod subuids;
mod surroundings;
pub mod systemd;
mod table;
