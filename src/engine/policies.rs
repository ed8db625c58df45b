//! The policy of a host: its files, read and understood.

use crate::host::policy as files;
use crate::host::root::Root;
use crate::policy::parse::{self, Problem, Source};
use crate::policy::resolve::HostSize;
use crate::policy::schema::Policy;

/// What the files say, and what is wrong with them.
#[derive(Clone, Debug)]
pub struct Policies {
    /// The files, in the order in which they count.
    pub sources: Vec<Source>,
    /// What all of them mean together.
    ///
    /// # Errors
    /// Everything that is wrong; then nothing of any file counts.
    pub policy: Result<Policy, Vec<Problem>>,
    /// Files that are passed over because of their names.
    pub ignored: Vec<String>,
    /// What percentages are of.
    pub host: HostSize,
}

/// The policy of a host.
#[must_use]
pub fn of(root: &Root) -> Policies {
    let found = files::read(root);
    let policy = match parse::policy(&found.sources) {
        Ok(policy) if found.refused.is_empty() => Ok(policy),
        Ok(_) => Err(found.refused),
        Err(problems) => Err(found.refused.into_iter().chain(problems).collect()),
    };
    Policies {
        sources: found.sources,
        policy,
        ignored: found.ignored,
        host: files::host_size(root),
    }
}
