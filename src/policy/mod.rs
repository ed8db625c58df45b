//! What is wished for people on this host: limits, sudo grants, versions of R and Python, roles,
//! and what the guard does.
//!
//! Everything here is plain data and pure functions: `host` reads the files, nothing here opens
//! one. A policy is the files in the order they are read; a value of a later file wins over the
//! same of an earlier one, and every value remembers the file and line that says it.

pub mod edit;
pub mod export;
pub mod findings;
pub mod parse;
pub mod resolve;
pub mod schema;
#[cfg(test)]
mod tests;
