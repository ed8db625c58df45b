//! Plain data: what was read, what follows from it, and nothing that reads or changes anything.
//!
//! A [`sample::Sample`] holds counters as the kernel had them at one moment. [`rates::usage`]
//! makes a [`snapshot::Snapshot`] of two samples: figures per person, immutable, ready for every
//! face. [`findings`] is the shape of what a host offers and lacks, [`people`] of who is on it,
//! [`runtimes`] of its R and Python, [`sudo`] of what they may do as root.

pub mod actor;
pub mod adoption;
mod billing;
pub mod cause;
pub mod findings;
pub mod origin;
pub mod people;
pub mod rates;
pub mod runtimes;
pub mod sample;
pub mod snapshot;
pub mod sudo;
pub mod tree;
