//! The `authorized_keys` of a person: read, and replaced as a whole if it is still what was read.
//!
//! All of it happens with the person's rights; root's hand never enters a home.

use super::as_user::{Answer, AsUserError, Content, Errands, HomeFacts, Job};
use super::credentials::Credentials;
use crate::base::digest::sha256_hex;
use crate::base::sshkey::AuthorizedKeys;

/// Group and others may write.
const OTHERS_WRITE: u32 = 0o022;

/// An `authorized_keys` at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    content: Option<Vec<u8>>,
    ignored: Option<String>,
}

/// Why the keys of a person were not read or not changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The job gave no result.
    #[error(transparent)]
    AsUser(#[from] AsUserError),
    /// Another answer than one to the question.
    #[error("the process that acted as {name} answered another question; nothing is known")]
    Confused {
        /// For whom.
        name: String,
    },
    /// Written, and then not there.
    #[error(
        "the keys of {name} are not what was just written: something else changes {home}/.ssh/authorized_keys; look at it again"
    )]
    NotKept {
        /// Whose.
        name: String,
        /// Their home, printable.
        home: String,
    },
}

impl KeyFile {
    /// The bytes of the file; `None` when there is none.
    #[must_use]
    pub fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    /// The file taken apart; one that is not there has no lines.
    #[must_use]
    pub fn keys(&self) -> AuthorizedKeys {
        AuthorizedKeys::parse(self.content().unwrap_or_default())
    }

    /// The digest of the file, 64 hex digits; `None` when there is none.
    #[must_use]
    pub fn sha256(&self) -> Option<String> {
        self.content().map(sha256_hex)
    }

    /// Why an sshd with `StrictModes`, its default, would pass over every key in it.
    #[must_use]
    pub fn ignored_by_sshd(&self) -> Option<&str> {
        self.ignored.as_deref()
    }
}

/// Reads the `authorized_keys` of a person. A home without one is an answer.
///
/// # Errors
/// When the home is absent, is not the person's, or holds traps; when it does not answer in time.
pub fn read(errands: &Errands, who: &Credentials, home: &str) -> Result<KeyFile, KeyFileError> {
    let job = Job::ReadKeys { home: home.into() };
    let Answer::Keys(keys) = errands.run(who, job)? else {
        return Err(confused(who));
    };
    let places = [
        ("the home", Some(keys.home_mode)),
        (".ssh", keys.ssh_mode),
        ("authorized_keys", keys.file_mode),
    ];
    let ignored = places.iter().find_map(|(place, mode)| {
        let mode = mode.filter(|mode| mode & OTHERS_WRITE != 0)?;
        Some(format!(
            "{place} has mode {mode:04o}, so others can write to it and sshd ignores the keys; chmod go-w it"
        ))
    });
    Ok(KeyFile {
        content: keys.content.map(|content| content.0),
        ignored,
    })
}

/// Replaces the `authorized_keys` of a person by `after`, `None` to remove it, and reads it back.
///
/// # Errors
/// When it is no longer what was read as `before`, and as for [`read`]. Then nothing has changed,
/// save that a time limit or a lost answer leaves that open: read again.
pub fn write(
    errands: &Errands,
    who: &Credentials,
    home: &str,
    before: &KeyFile,
    after: Option<&[u8]>,
) -> Result<KeyFile, KeyFileError> {
    let job = Job::WriteKeys {
        home: home.into(),
        expected_sha256: before.sha256(),
        content: after.map(|bytes| Content(bytes.to_vec())),
    };
    let Answer::Written = errands.run(who, job)? else {
        return Err(confused(who));
    };
    let found = read(errands, who, home)?;
    if found.content() == after {
        return Ok(found);
    }
    Err(KeyFileError::NotKept {
        name: who.shown(),
        home: crate::base::text::printable(home.as_bytes(), 200),
    })
}

/// Owner and permission bits of a home; `None` when there is none.
///
/// # Errors
/// When it cannot be looked at, or does not answer in time.
pub fn home_facts(
    errands: &Errands,
    who: &Credentials,
    home: &str,
) -> Result<Option<HomeFacts>, KeyFileError> {
    match errands.run(who, Job::HomeFacts { home: home.into() })? {
        Answer::Home(facts) => Ok(facts),
        Answer::Keys(_) | Answer::Runtimes(_) | Answer::Written => Err(confused(who)),
    }
}

fn confused(who: &Credentials) -> KeyFileError {
    KeyFileError::Confused { name: who.shown() }
}
