//! benchwarden: the admin console for shared data-science workbench hosts.
//!
//! The house has rooms, and arrows only point one way (`tests/house.rs` holds the line):
//!
//! ```text
//! main -> tui | cli | guard -> engine -> host | store -> plan -> policy -> model -> base
//! ```
//!
//! | room | owns |
//! |---|---|
//! | [`base`] | validated ids and units, hostile text made printable |
//! | [`model`] | plain data: samples, rates of two samples, the usage snapshot, what a host offers |
//! | [`store`] | what is kept over time: so far the history of the last minutes |
//! | [`host`] | the only place that reads or changes the machine |
//! | [`engine`] | one trait behind which samples are taken and questions answered |
//! | [`tui`] | the console: screens that draw a snapshot, a key table, the terminal |
//! | [`cli`] | the verbs: arguments, text and JSON |
//!
//! `policy`, `plan` and `guard` get their rooms with the first rule, change and service that
//! live in them.

pub mod base;
pub mod cli;
pub mod engine;
pub mod host;
pub mod model;
pub mod store;
pub mod tui;
