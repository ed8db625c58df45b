//! Grants of sudo: the files that hold them, and the steps that put them in place and take them
//! away. Pure: who reads the machine and runs `visudo` is elsewhere.

pub mod file;
pub mod steps;
#[cfg(test)]
mod tests;
