//! What the tables of the policy files hold, each value with the place that says it.

mod guard;
mod limits;
mod merged;
mod rights;

use std::fmt;
use std::sync::Arc;

use crate::base::limit::{Amount, Count, Size};

pub use guard::{GuardTable, Pattern, PressureKey, PressureTable, Reaction, Resource, Treatment};
pub use limits::{Key, Kind, LimitEntry, LimitTable, Scope, Value};
pub use merged::{Admins, Grant, Guard, Host, Penalty, Pressure, Roles, Trigger};
pub use rights::{
    AdminsTable, GrantTable, Role, RoleTable, Runtime, RuntimeTable, RuntimeVersion, Whom,
};
pub(crate) use rights::{in_quotes, quoted};

/// Where something is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, as a path of the host.
    pub file: Arc<str>,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A value and the place that says it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Told<T> {
    /// What.
    pub value: T,
    /// Where.
    pub at: Place,
}

/// All files, in the order in which they are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Each of them; none at all means that nothing is wished.
    pub files: Vec<File>,
}

/// What one file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Its path.
    pub name: Arc<str>,
    /// `[host]`.
    pub host: HostTable,
    /// `[admins]`.
    pub admins: AdminsTable,
    /// `[limits.…]`, in the order of the file.
    pub limits: Vec<LimitTable>,
    /// `[sudo.grant.…]`, in the order of the file.
    pub grants: Vec<GrantTable>,
    /// `[runtimes]`, `[runtimes.group.…]` and `[runtimes.user.…]`, in the order of the file.
    pub runtimes: Vec<RuntimeTable>,
    /// `[roles]`.
    pub roles: Vec<RoleTable>,
    /// `[guard]`.
    pub guard: GuardTable,
}

/// `[host]`: what people together never get.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostTable {
    /// Memory for the system, sshd and the admins.
    pub reserve_memory: Option<Told<Amount<Size>>>,
    /// Tasks (processes and threads) for them.
    pub reserve_tasks: Option<Told<Amount<Count>>>,
}
