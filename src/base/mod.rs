//! Ids, units and printable text: the words every other room speaks.
//!
//! Nothing here touches the machine, and nothing here knows another room.

pub mod account;
pub mod digest;
pub mod exit;
pub mod hostile;
pub mod id;
pub mod limit;
pub mod secret;
pub mod signal;
pub mod sshkey;
pub mod text;
pub mod units;
