//! Plans about people and groups. Each file is one intent made into steps.

pub mod access;
pub mod add;
pub mod estate;
pub mod groups;
pub mod guard;
pub mod keys;
pub mod many;
pub mod modify;
pub mod remove;
pub mod roster;
pub mod welcome;
