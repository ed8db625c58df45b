//! What is kept over time. So far: the last minutes of usage, in memory.

pub mod history;
