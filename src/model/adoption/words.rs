//! Why a process is not adopted, in words.

use std::fmt;

use crate::base::id::Uid;

/// Why a process stays although its owner's limits should hold for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Left {
    /// The rules say so.
    ByRule(String),
    /// Somebody made a scope for it.
    Scope(String),
    /// The rules adopt nothing from services.
    NoServices(String),
    /// It is what the unit runs.
    Main(String),
    /// The unit belongs to its owner.
    Own(String),
}

impl Left {
    /// The unit that its owner's limits belong on.
    #[must_use]
    pub fn unit(&self) -> &str {
        match self {
            Self::ByRule(unit)
            | Self::Scope(unit)
            | Self::NoServices(unit)
            | Self::Main(unit)
            | Self::Own(unit) => unit,
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByRule(unit) => write!(f, "the rules leave {unit} as it is"),
            Self::Scope(unit) => write!(f, "somebody made {unit} for it"),
            Self::NoServices(unit) => write!(f, "the rules adopt nothing from services ({unit})"),
            Self::Main(unit) => write!(f, "it is the main process of {unit}"),
            Self::Own(unit) => write!(f, "{unit} is this person's own"),
        }
    }
}

/// Why a process is not touched at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Spared {
    /// It is the host's first process, or of its own scope.
    Init,
    /// The rules spare its owner.
    ByRule,
    /// It is in a container.
    Container,
    /// It may become root again: a program of the system that acts for somebody.
    Unsettled,
    /// Nobody is known by its uid, in the slice of this one: a container of theirs.
    Nameless(Uid),
    /// The rules leave what `su` starts in the slice of this one.
    Guest(Uid),
    /// The rules never touch this unit.
    Unit(String),
    /// This unit arranges cgroups of its own.
    Arranged(String),
}

impl fmt::Display for Spared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init => f.write_str("it belongs to the host's first process"),
            Self::ByRule => f.write_str("the rules never move this person's processes"),
            Self::Container => f.write_str("it is in a container"),
            Self::Unsettled => f.write_str("it may become root again"),
            Self::Nameless(whose) => write!(f, "a uid without a name in the slice of uid {whose}"),
            Self::Guest(whose) => write!(f, "the rules leave it in the slice of uid {whose}"),
            Self::Unit(unit) => write!(f, "the rules never touch {unit}"),
            Self::Arranged(unit) => write!(f, "{unit} arranges cgroups of its own"),
        }
    }
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The directory has not answered.
    Name,
    /// It may still become root again.
    Settled,
    /// It is in no unit yet.
    Place,
    /// logind is about to put it into a session.
    Login,
}
