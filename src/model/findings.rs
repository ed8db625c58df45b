//! What a host offers and lacks: the document of `benchwarden doctor`.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// Everything `doctor` found, in the order in which it is told.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// When it was looked at.
    #[serde(serialize_with = "to_the_second")]
    pub taken_at: Timestamp,
    /// The node name.
    pub host: String,
    /// One entry a topic.
    pub findings: Vec<Finding>,
}

/// One topic.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// A fixed word that scripts can look for.
    pub topic: &'static str,
    /// How much of it is there.
    pub status: Status,
    /// What is there, in one line, cleaned for display.
    pub found: String,
    /// What depends on it.
    pub why: &'static str,
    /// What to do where something is missing.
    #[serde(rename = "do")]
    pub todo: Option<String>,
    /// The same as facts, by name.
    pub facts: serde_json::Value,
}

/// How much of a topic is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All that is needed.
    Ok,
    /// Some of it.
    Partial,
    /// None of it.
    Missing,
    /// The caller may not see it.
    Unknown,
}

impl Status {
    /// As written in JSON and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }
}

fn to_the_second<S: Serializer>(at: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&at.strftime("%Y-%m-%dT%H:%M:%SZ"))
}
