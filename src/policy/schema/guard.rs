//! `[guard]`: which units people's processes are taken out of, and `[guard.pressure.…]`: what
//! follows when the host is short of something.

use std::fmt;

use crate::base::account::BadValue;
use crate::base::limit::{Percent, Span};

use super::{Key, Place, Told, Value};

/// `[guard]` in one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GuardTable {
    /// `adopt`, `leave` and `never`: names of units.
    pub lists: Vec<(Treatment, Told<Vec<Told<Pattern>>>)>,
    /// `others`: what is done about units that no list names.
    pub others: Option<Told<Treatment>>,
    /// `[guard.pressure.…]`.
    pub pressure: Vec<PressureTable>,
}

/// What is done about a person's process in a unit that is not theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Treatment {
    /// It is moved into the person's slice.
    Adopt,
    /// It stays, and the person's limits are set on the unit.
    Leave,
    /// Nothing.
    Never,
}

impl Treatment {
    /// All of them; where several name a unit, the last one counts.
    pub const ALL: [Self; 3] = [Self::Adopt, Self::Leave, Self::Never];

    /// As written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Leave => "leave",
            Self::Never => "never",
        }
    }
}

/// The name of a unit, where `*` stands for any characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(String);

impl Pattern {
    /// Checks one.
    ///
    /// # Errors
    /// When no service or scope can be called so, or every unit is.
    pub fn parse(text: &str) -> Result<Self, BadValue> {
        let bad = |why| BadValue::new("the name of a unit", text, why);
        let odd = |c: char| !(c.is_ascii_alphanumeric() || "*:-_.\\@".contains(c));
        if text.contains(odd) || text.len() > 255 {
            return Err(bad("letters, digits and any of * : - _ . \\ @ make a name"));
        }
        let Some(stem) = [".service", ".scope"]
            .iter()
            .find_map(|end| text.strip_suffix(end))
        else {
            return Err(bad("it does not end in .service or .scope"));
        };
        if stem.chars().all(|c| c == '*') {
            return Err(bad(
                "it names no unit in particular; write others = … for the rest",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// One that is known to be right.
    pub(super) fn known(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a unit is called so.
    #[must_use]
    pub fn is_of(&self, unit: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| unit.strip_prefix(first)) else {
            return false;
        };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What can run short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Processors.
    Cpu,
    /// Memory.
    Memory,
    /// Disks.
    Io,
}

impl Resource {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Memory, Self::Io];

    /// As written, and as the kernel calls the file in `/proc/pressure`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Io => "io",
        }
    }
}

/// What is done about whoever causes pressure, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reaction {
    /// The admins are told.
    Tell,
    /// The person gets less for a while.
    Throttle,
    /// What the person runs stands still for a while.
    Freeze,
    /// The person's largest job is ended, never the login.
    Kill,
}

impl Reaction {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tell, Self::Throttle, Self::Freeze, Self::Kill];

    /// As written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tell => "tell",
            Self::Throttle => "throttle",
            Self::Freeze => "freeze",
            Self::Kill => "kill",
        }
    }

    /// What may be said about it.
    #[must_use]
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Tell => &["cpu", "memory", "io", "after", "again"],
            Self::Throttle => &[
                "cpu", "memory", "io", "after", "for", "at_most", "forget", "limits",
            ],
            Self::Freeze => &["cpu", "memory", "io", "after", "for"],
            Self::Kill => &["cpu", "memory", "io", "after"],
        }
    }
}

/// `[guard.pressure.tell]`, `.throttle`, `.freeze` or `.kill` in one file.
#[derive(Clone, Debug, PartialEq)]
pub struct PressureTable {
    /// Which.
    pub reaction: Reaction,
    /// Where it begins.
    pub at: Place,
    /// What it says.
    pub keys: Vec<(PressureKey, Place)>,
}

/// One key of a reaction.
#[derive(Clone, Debug, PartialEq)]
pub enum PressureKey {
    /// `cpu`, `memory`, `io`: above which share of the time somebody waited for it; `None` is
    /// `"never"`.
    Above(Resource, Option<Percent>),
    /// `after`: for how long the pressure lasts before it happens.
    After(Span),
    /// `again`: for how long nothing more is told about the same person.
    Again(Span),
    /// `for`: for how long it holds, the first time.
    For(Span),
    /// `at_most`: for how long it holds when it has happened again and again; each time is twice
    /// as long as the last.
    AtMost(Span),
    /// `forget`: after how long without another time it begins anew.
    Forget(Span),
    /// `limits`: what a throttled person gets.
    Limits(Vec<(Key, Value)>),
}

impl PressureKey {
    /// As written.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Above(resource, _) => resource.name(),
            Self::After(_) => "after",
            Self::Again(_) => "again",
            Self::For(_) => "for",
            Self::AtMost(_) => "at_most",
            Self::Forget(_) => "forget",
            Self::Limits(_) => "limits",
        }
    }
}
