//! Limits: what the policy wishes of this host's units, the files that say so to systemd, which
//! file wins, and the plan that makes a host as it is wished. Everything here is pure.

pub mod directive;
pub mod drift;
pub mod dropin;
pub mod files;
mod lower;
pub mod owned;
pub mod present;
pub mod quota;
mod shares;
pub mod steps;
#[cfg(test)]
mod tests;
pub mod view;
pub mod wishes;
