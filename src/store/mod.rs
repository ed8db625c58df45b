//! What is kept over time: the last minutes of usage in memory, receipts of plans, the audit log.
//!
//! Formats and their checks alone; `host` holds the files.

pub mod audit;
pub mod history;
pub mod ledger;
pub mod receipt;
