//! Tests on a real Debian in QEMU: everything that touches a host is proved here.
//!
//! `cargo test` leaves them out; `tests/run` builds the images and runs them. Each test gets a
//! host of its own, resumed from a saved state, and reads like a story.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test starts programs, and one that cannot go on fails"
)]

mod harness;

mod accounts;
mod console;
mod crash;
mod doctor;
mod guard;
mod guard_keeps_up;
mod harness_itself;
mod hostile;
mod hostile_homes;
mod image_facts;
mod limits;
mod names;
mod obstacles;
mod people;
mod pressure;
mod runtimes;
mod screens;
mod sudo;
mod torture;
mod triage;
mod truth;
mod usage;
