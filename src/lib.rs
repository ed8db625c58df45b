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
//! | [`policy`] | what is wished for people: its files as plain data, what they mean for one person |
//! | [`plan`] | what is to be done: steps, what they expect and leave, how they are taken back |
//! | [`store`] | what is kept over time: minutes of usage, receipts of plans, the audit log |
//! | [`host`] | the only place that reads or changes the machine |
//! | [`engine`] | one trait behind which samples are taken, questions answered and plans done |
//! | [`guard`] | the daemon: a person's processes go to their own slice, wherever they begin |
//! | [`tui`] | the console: screens that draw a snapshot, a key table, the terminal |
//! | [`cli`] | the verbs: arguments, text and JSON |

pub mod base;
pub mod cli;
pub mod engine;
pub mod guard;
pub mod host;
pub mod model;
pub mod plan;
pub mod policy;
pub mod store;
pub mod tui;
