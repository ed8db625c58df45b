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
    /// Files that are there and cannot be trusted or read; while there is one, nothing counts.
    pub refused: Vec<Problem>,
    /// Files that are passed over because of their names.
    pub ignored: Vec<String>,
    /// What percentages are of.
    pub host: HostSize,
}

/// The policy of a host.
#[must_use]
pub fn of(root: &Root) -> Policies {
    let found = files::read(root);
    Policies {
        policy: understood(&found.sources, &found.refused),
        sources: found.sources,
        refused: found.refused,
        ignored: found.ignored,
        host: files::host_size(root),
    }
}

/// What these files mean, where none is refused.
///
/// # Errors
/// Everything that is wrong.
pub(super) fn understood(sources: &[Source], refused: &[Problem]) -> Result<Policy, Vec<Problem>> {
    match parse::policy(sources) {
        Ok(policy) if refused.is_empty() => Ok(policy),
        Ok(_) => Err(refused.to_vec()),
        Err(problems) => Err(refused.iter().cloned().chain(problems).collect()),
    }
}

/// The policy files as a program that goes on saw them last.
#[derive(Debug)]
pub struct Seen {
    sources: Vec<Source>,
    refused: Vec<Problem>,
}

/// What has become of the files since.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// They say something else, and can be used.
    Changed(Box<Policy>),
    /// They cannot be used; everything that is wrong.
    Broken(Vec<Problem>),
}

impl Seen {
    /// Looks for the first time.
    #[must_use]
    pub fn now(root: &Root) -> (Self, News) {
        let found = files::read(root);
        let seen = Self {
            sources: found.sources,
            refused: found.refused,
        };
        let news = seen.news();
        (seen, news)
    }

    /// Looks again.
    pub fn look(&mut self, root: &Root) -> Option<News> {
        let found = files::read(root);
        if (&found.sources, &found.refused) == (&self.sources, &self.refused) {
            return None;
        }
        (self.sources, self.refused) = (found.sources, found.refused);
        Some(self.news())
    }

    fn news(&self) -> News {
        match understood(&self.sources, &self.refused) {
            Ok(policy) => News::Changed(Box::new(policy)),
            Err(problems) => News::Broken(problems),
        }
    }
}
