//! What has to be known of a host and its people besides the rules.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;

/// One `(host,user,domain)` of a netgroup; `None` is everyone.
pub type Triple = (Option<String>, Option<String>, Option<String>);

/// The host on which rules are asked.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// The host's whole name.
    pub host: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// The netgroups that rules name, as far as something knows them.
    pub netgroups: BTreeMap<String, Vec<Triple>>,
    /// Directories that are links to others: `/bin` on a merged `/usr`.
    pub links: Vec<(String, String)>,
    /// Now.
    pub now: Timestamp,
    /// Gids by name.
    pub gids: BTreeMap<String, u32>,
    /// The files that decide who can change what a rule runs.
    pub files: Files,
}

impl Ground {
    /// The name up to the first dot.
    #[must_use]
    pub fn short(&self) -> &str {
        self.host.split('.').next().unwrap_or("")
    }

    /// A path whose directory is followed where it is a known link.
    #[must_use]
    pub fn real(&self, path: &str) -> String {
        for (from, to) in &self.links {
            if let Some(rest) = path.strip_prefix(from.as_str())
                && rest.starts_with('/')
            {
                return format!("{to}{rest}");
            }
        }
        path.to_owned()
    }
}

/// Somebody, as sudo sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Their name.
    pub name: String,
    /// Their uid.
    pub uid: u32,
    /// Every group of theirs, the primary one first.
    pub groups: Vec<(String, u32)>,
}

/// One file or directory on the way to a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Where.
    pub path: String,
    /// Whose.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its kind and permissions, as in `st_mode`.
    pub mode: u32,
}

/// The ways to programs: each from `/` to the file itself, links followed.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// By the path that a rule names; an empty list is of a file that is not there, of which the
    /// last directory that is there comes last in it.
    pub ways: BTreeMap<String, Vec<FileFacts>>,
}

impl Files {
    /// What somebody can write to on the way to a program: the file, or a directory in which they
    /// can put another in its place.
    #[must_use]
    pub fn writable<'a>(&'a self, path: &str, by: &Caller) -> Option<&'a FileFacts> {
        self.ways.get(path)?.iter().find(|file| file.lets(by))
    }
}

impl FileFacts {
    const DIRECTORY: u32 = 0o040_000;
    const STICKY: u32 = 0o1000;

    /// Whether somebody who is not root may write to it. In a sticky directory nobody replaces
    /// what is another's.
    #[must_use]
    pub fn lets(&self, by: &Caller) -> bool {
        if by.uid == 0 {
            return false;
        }
        if self.uid == by.uid {
            // Who owns it can give themselves the right.
            return true;
        }
        let is_dir = self.mode & 0o170_000 == Self::DIRECTORY;
        if is_dir && self.mode & Self::STICKY != 0 {
            return false;
        }
        let is_in = by.groups.iter().any(|(_, gid)| *gid == self.gid);
        let bit = if is_in { 0o020 } else { 0o002 };
        self.mode & bit != 0
    }
}
