//! What is asked of a user's errand, and what comes back: one JSON document each way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::runtimes::Place;

use super::refusal::Refusal;

/// What a child reads from its standard input.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// Who to become.
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) groups: Vec<u32>,
    /// The process that asks; without it the answer is nobody's.
    pub(super) parent: i32,
    pub(super) job: Job,
}

/// What a child writes to its standard output.
pub(super) type Reply = Result<Answer, Refusal>;

/// A small job in a user's home, done with the user's rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Who owns the home, and who may write to it.
    HomeFacts {
        /// An absolute path.
        home: String,
    },
    /// Read `.ssh/authorized_keys`.
    ReadKeys {
        /// An absolute path.
        home: String,
    },
    /// Look for R and Python of their own.
    FindRuntimes {
        /// An absolute path.
        home: String,
    },
    /// Replace or remove `.ssh/authorized_keys`.
    WriteKeys {
        /// An absolute path.
        home: String,
        /// The digest of what has to be there before; `None` is no file.
        expected_sha256: Option<String>,
        /// What has to be there afterwards; `None` is no file.
        content: Option<Content>,
    },
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Of [`Job::HomeFacts`]; `None` when there is no home.
    Home(Option<HomeFacts>),
    /// Of [`Job::ReadKeys`].
    Keys(Keys),
    /// Of [`Job::FindRuntimes`].
    Runtimes(Place),
    /// Of [`Job::WriteKeys`]: written, on disk, and read back.
    Written,
}

/// A home as its owner sees it; a link to it is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeFacts {
    /// Whose it is.
    pub owner: u32,
    /// Permission bits, as in `chmod(1)`.
    pub mode: u32,
    /// Whether it is a directory.
    pub is_directory: bool,
}

/// The `authorized_keys` of a home, and the permission bits that sshd minds (`StrictModes`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Of the home.
    pub home_mode: u32,
    /// Of `.ssh`; `None` when there is none.
    pub ssh_mode: Option<u32>,
    /// Of the file; `None` when there is none.
    pub file_mode: Option<u32>,
    /// The file; `None` when there is none.
    pub content: Option<Content>,
}

/// The bytes of a file, which need not be text; base64 in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content(pub Vec<u8>);

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}
