//! Which R and Python people get: by every way in as things are, by the policy's choice, and the
//! steps that make it so.

pub mod choices;
pub mod compile;
pub mod rstudio;
pub mod steps;
pub mod ways;
