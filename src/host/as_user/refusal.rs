//! Why a job in a user's home was not done: what, where, and what to do about it.
//!
//! Paths, names and the targets of links are the user's own text. They are made printable here,
//! where they become part of a sentence.

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::base::text::printable;

/// Longer paths are cut in a message.
const SHOWN_CHARS: usize = 200;

/// Why a job in a user's home was not done. Nothing has changed then, unless it says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The home is not a path from the root.
    #[error("the home {home:?} is not an absolute path; correct the account's home")]
    NotAbsolute {
        /// The home, printable.
        home: String,
    },
    /// There is no home.
    #[error("{} does not exist; create the home first", shown(.place))]
    NoHome {
        /// The home.
        place: String,
    },
    /// A link where a file or directory has to be.
    #[error(
        "{} is a symbolic link to {}, and links in a home are not followed; have its owner replace it by what it points to, or remove it",
        shown(.place), shown(.target)
    )]
    Link {
        /// Where it is.
        place: String,
        /// Where it points.
        target: String,
    },
    /// Something else where a directory has to be.
    #[error("{} is {kind}, not a directory; have its owner move it away", shown(.place))]
    NotADirectory {
        /// Where it is.
        place: String,
        /// What it is.
        kind: String,
    },
    /// Something else where a regular file has to be.
    #[error("{} is {kind}, not a regular file; have its owner move it away", shown(.place))]
    NotAFile {
        /// Where it is.
        place: String,
        /// What it is.
        kind: String,
    },
    /// It is somebody else's.
    #[error(
        "{} belongs to uid {owner}, not to uid {wanted}; find out why, then chown it or move it away",
        shown(.place)
    )]
    ForeignOwner {
        /// Where it is.
        place: String,
        /// Whose it is.
        owner: u32,
        /// Whose it has to be.
        wanted: u32,
    },
    /// Others can write to it, so its content cannot be vouched for.
    #[error(
        "{} has mode {mode:04o}: others than its owner can write to it, and sshd does not trust it; check what it holds, then chmod go-w it",
        shown(.place)
    )]
    WritableByOthers {
        /// Where it is.
        place: String,
        /// Its permission bits.
        mode: u32,
    },
    /// The file has other names.
    #[error(
        "{} has {links} names (hard links), so it may be part of something else; have its owner replace it by a copy",
        shown(.place)
    )]
    HardLinked {
        /// Where it is.
        place: String,
        /// How many names.
        links: u64,
    },
    /// It is too large.
    #[error("{} would hold more than {max} bytes, too many for a list of keys; look at it by hand", shown(.place))]
    TooBig {
        /// Where it is.
        place: String,
        /// What is allowed.
        max: u64,
    },
    /// Something is mounted there.
    #[error("{} lies on another file system than the home; unmount what is mounted there", shown(.place))]
    OtherFileSystem {
        /// Where it is.
        place: String,
    },
    /// It is not what it was when the change was decided.
    #[error("{} has changed in the meantime; look at it again and repeat", shown(.place))]
    Changed {
        /// Where it is.
        place: String,
    },
    /// It went away while it was worked on.
    #[error("{} disappeared in the meantime; look at it again and repeat", shown(.place))]
    Vanished {
        /// Where it was.
        place: String,
    },
    /// The disk or the quota is full.
    #[error("there is no space left for {} ({why}); make room and repeat", shown(.place))]
    NoSpace {
        /// Where it should be.
        place: String,
        /// Disk or quota.
        why: String,
    },
    /// Another process holds it.
    #[error("{} is held by another process of its owner (a lease); repeat", shown(.place))]
    Busy {
        /// Where it is.
        place: String,
    },
    /// Even its owner may not.
    #[error("its owner may not {doing} {} ({why}); check the permissions on the way there", shown(.place))]
    Denied {
        /// What was tried.
        doing: String,
        /// Where.
        place: String,
        /// What the kernel said.
        why: String,
    },
    /// What was written is not what was found afterwards.
    #[error("{} does not hold what was just written to it; another process of its owner changes it", shown(.place))]
    NotKept {
        /// Where it is.
        place: String,
    },
    /// Anything else the kernel said.
    #[error("cannot {doing} {}: {why}", shown(.place))]
    System {
        /// What was tried.
        doing: String,
        /// Where.
        place: String,
        /// What the kernel said.
        why: String,
    },
    /// Only root may act for others.
    #[error("only root may act as uid {uid}")]
    NotPermitted {
        /// Who was asked for.
        uid: u32,
    },
    /// Root's rights could not be given up, so nothing was done.
    #[error("cannot become uid {uid}: {why}; nothing was done")]
    NotDropped {
        /// Who was asked for.
        uid: u32,
        /// What failed.
        why: String,
    },
    /// What came in was no request.
    #[error("this is not a request: {why}")]
    BadRequest {
        /// What is wrong with it.
        why: String,
    },
}

impl Refusal {
    /// What an error of the kernel means for a job.
    pub(super) fn of(doing: &str, place: &str, errno: Errno) -> Self {
        let place = place.to_owned();
        let why = std::io::Error::from(errno).to_string();
        let doing = doing.to_owned();
        match errno {
            Errno::NOSPC | Errno::DQUOT => Self::NoSpace { place, why },
            Errno::ACCESS | Errno::PERM => Self::Denied { doing, place, why },
            Errno::NOENT => Self::Vanished { place },
            Errno::XDEV => Self::OtherFileSystem { place },
            Errno::AGAIN => Self::Busy { place },
            _ => Self::System { doing, place, why },
        }
    }
}

fn shown(text: &str) -> String {
    printable(text.as_bytes(), SHOWN_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_where_and_what_to_do() {
        let link = Refusal::Link {
            place: "/home/alice/.ssh".into(),
            target: "/etc".into(),
        };
        assert_eq!(
            link.to_string(),
            "/home/alice/.ssh is a symbolic link to /etc, and links in a home are not followed; \
             have its owner replace it by what it points to, or remove it"
        );
        let mode = Refusal::WritableByOthers {
            place: "/h/.ssh".into(),
            mode: 0o775,
        };
        assert!(mode.to_string().starts_with("/h/.ssh has mode 0775: "));
    }

    #[test]
    fn the_target_of_a_link_cannot_speak_to_the_terminal() {
        let link = Refusal::Link {
            place: "/h/.ssh".into(),
            target: "\u{1b}]0;root\u{7}\u{202e}".into(),
        };
        let text = link.to_string();
        assert!(text.contains("\\x1b]0;root\\x07\\u{202e}"), "{text}");
    }

    #[test]
    fn a_refusal_is_the_same_on_both_sides_of_the_pipe() {
        let full = Refusal::of("write", "/h/x", Errno::DQUOT);
        assert!(matches!(full, Refusal::NoSpace { .. }));
        let json = serde_json::to_string(&full).unwrap();
        assert_eq!(serde_json::from_str::<Refusal>(&json).unwrap(), full);
    }
}
