//! Sudo rights as plain data: what a sudoers tree says, what it means for one person, and by which
//! ways somebody becomes root.
//!
//! [`parse`] reads the files line by line, so that every rule has its place; [`json`] reads what
//! `cvtsudoers -f json -e` makes of the same tree. [`matching`] answers as sudoers(5) does, the
//! last match first; [`rights`] tells it for a person, [`danger`] says what amounts to root,
//! [`findings`] what is not as it should be. Nothing here reads or changes the machine.

pub mod danger;
pub mod findings;
pub mod ground;
pub mod json;
pub mod lines;
pub mod matching;
pub mod parse;
pub mod rights;
#[cfg(test)]
mod tests;
pub mod view;
pub mod ways;
pub mod words;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// The first line of it, from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = crate::base::text::printable(self.file.as_bytes(), 300);
        write!(f, "{file}:{}", self.line)
    }
}

/// One of a list, perhaps with a `!` before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<T> {
    /// What.
    pub what: T,
    /// Whether it is taken out instead of put in.
    pub negated: bool,
}

/// Who is meant, by a user list or a runas list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// Everybody.
    All,
    /// By name; an empty one is, as a target, the caller.
    User(String),
    /// By uid.
    Uid(u32),
    /// Whoever is in this group.
    Group(String),
    /// Whoever is in the group of this gid.
    Gid(u32),
    /// Whoever is in this netgroup.
    Netgroup(String),
    /// A group of a plugin's, which only sudo can ask.
    Foreign(String),
    /// An alias that is defined nowhere.
    Alias(String),
}

/// A host that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostName {
    /// Every host.
    All,
    /// By name, which may hold wildcards.
    Named(String),
    /// By address or network.
    Address(String),
    /// Of this netgroup.
    Netgroup(String),
    /// An alias that is defined nowhere.
    Alias(String),
}

/// Arguments of a command in a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Args {
    /// Whatever is given.
    Any,
    /// None may be given.
    Empty,
    /// These; they may hold wildcards, or be a regular expression.
    Are(String),
}

/// What may be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Everything.
    All,
    /// A program, or with a `/` at its end every program of a directory.
    Run(String, Args),
    /// Editing files through `sudoedit`.
    Edit(Args),
    /// Listing the rights of others.
    List,
    /// An alias that is defined nowhere.
    Alias(String),
}

/// A command, and what its file has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cmnd {
    /// What.
    pub what: What,
    /// How many digests are given, one of which the file has to have.
    pub digests: usize,
}

/// What is said of how a command runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// `PASSWD` or `NOPASSWD`.
    pub password: Option<bool>,
    /// `SETENV` or `NOSETENV`.
    pub setenv: Option<bool>,
    /// `NOEXEC` or `EXEC`.
    pub noexec: Option<bool>,
    /// Before that the rule does not count.
    pub not_before: Option<Timestamp>,
    /// After that the rule does not count.
    pub not_after: Option<Timestamp>,
}

/// Commands that run in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// As whom; `None` is as root, or as the caller where there are groups.
    pub users: Option<Vec<Item<Name>>>,
    /// With which groups.
    pub groups: Option<Vec<Item<Name>>>,
    /// How.
    pub tags: Tags,
    /// What.
    pub commands: Vec<Item<Cmnd>>,
}

/// `who hosts = commands`: one privilege of a user specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Who.
    pub who: Vec<Item<Name>>,
    /// On which hosts.
    pub hosts: Vec<Item<HostName>>,
    /// What.
    pub specs: Vec<Spec>,
    /// Where it is written; `None` where that could not be told.
    pub place: Option<Place>,
}

/// What a `Defaults` line is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Everything.
    Always,
    /// These callers.
    Users(Vec<Item<Name>>),
    /// These hosts.
    Hosts(Vec<Item<HostName>>),
    /// These targets.
    Targets(Vec<Item<Name>>),
    /// These commands.
    Commands(Vec<Item<Cmnd>>),
}

/// How a setting of a `Defaults` line is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Switched on, or set to a value.
    Set,
    /// Switched off.
    Off,
    /// A value more.
    Add,
    /// A value less.
    Remove,
}

/// One setting of a `Defaults` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// For what.
    pub bound: Bound,
    /// Which.
    pub name: String,
    /// How.
    pub change: Change,
    /// The value; empty for a switch.
    pub value: String,
    /// Where.
    pub place: Place,
}

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub what: String,
}

/// A whole sudoers tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The rules, in the order in which sudo reads them: the last match wins.
    pub rules: Vec<Rule>,
    /// The settings, likewise.
    pub settings: Vec<Setting>,
    /// Lines that sudo does not understand and passes over.
    pub problems: Vec<Problem>,
}
