//! Root by another name: what makes somebody root without sudo being asked.

use serde::Serialize;

use crate::model::people::meaning;

use super::ground::{Caller, FileFacts};

/// The groups whose power comes from a rule of sudo's, where there is one.
const BY_RULE: [&str; 3] = ["sudo", "wheel", "admin"];

/// What is on the host that makes others root.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    /// Programs with capabilities that are root in all but name: the file, and which.
    pub capable: Vec<(FileFacts, String)>,
    /// What root runs, and may be written by others than root: the file, and why root runs it.
    pub run_by_root: Vec<(FileFacts, &'static str)>,
}

/// What kind of way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A rule of sudo's.
    Sudo,
    /// The uid is root's.
    Uid,
    /// Membership in a group.
    Group,
    /// A program with capabilities.
    Capability,
    /// A file that root runs.
    Writable,
}

/// One way in which somebody becomes root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// Of what kind.
    pub kind: Kind,
    /// How, in words.
    pub how: String,
    /// Where that is written, or which file it is.
    pub place: Option<String>,
}

/// The ways of one person besides sudo; `ruled` says that sudo's rules are known.
#[must_use]
pub fn of(who: &Caller, elsewhere: &Elsewhere, ruled: bool) -> Vec<Way> {
    let mut ways = Vec::new();
    if who.uid == 0 {
        ways.push(Way {
            kind: Kind::Uid,
            how: "has uid 0: is root".to_owned(),
            place: None,
        });
        return ways;
    }
    for (name, gid) in &who.groups {
        let meaning = meaning::of(name).filter(|meaning| meaning.root);
        let how = match meaning {
            Some(_) if ruled && BY_RULE.contains(&name.as_str()) => continue,
            Some(meaning) => format!("in the group {name}: {}", meaning.says),
            None if *gid == 0 => "in the group of gid 0: shares root's own files".to_owned(),
            None => continue,
        };
        ways.push(Way {
            kind: Kind::Group,
            how,
            place: None,
        });
    }
    for (file, which) in &elsewhere.capable {
        if may_run(file, who) {
            ways.push(Way {
                kind: Kind::Capability,
                how: format!("may run {}, which has {which}", file.path),
                place: Some(file.path.clone()),
            });
        }
    }
    for (file, why) in &elsewhere.run_by_root {
        if file.lets(who) {
            ways.push(Way {
                kind: Kind::Writable,
                how: format!("may write to {}, {why}", file.path),
                place: Some(file.path.clone()),
            });
        }
    }
    ways
}

fn may_run(file: &FileFacts, who: &Caller) -> bool {
    let bit = if file.uid == who.uid {
        0o100
    } else if who.groups.iter().any(|(_, gid)| *gid == file.gid) {
        0o010
    } else {
        0o001
    };
    file.mode & bit != 0
}
