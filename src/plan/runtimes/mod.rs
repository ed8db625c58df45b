//! Which R and Python people get: by every way in as things are, and by the policy's choice.

pub mod choices;
pub mod ways;
