//! `[admins]`, `[sudo.grant.NAME]`, `[runtimes]`, `[roles]`: who may do what, and which R and
//! Python they get.

use std::fmt;

use jiff::Timestamp;

use crate::base::account::BadValue;
use crate::base::id::{GroupName, UserName};

pub use crate::model::runtimes::Language as Runtime;

use super::{Place, Scope, Told};

/// People, by name and by group, each with the place that names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whom {
    /// By name.
    pub users: Option<Told<Vec<Told<UserName>>>>,
    /// By group.
    pub groups: Option<Told<Vec<Told<GroupName>>>>,
}

/// `[admins]`.
pub type AdminsTable = Whom;

/// `[sudo.grant.NAME]` in one file.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantTable {
    /// What it is called.
    pub name: String,
    /// Where it begins.
    pub at: Place,
    /// To whom.
    pub whom: Whom,
    /// Absolute paths with their arguments, or `ALL`.
    pub commands: Option<Told<Vec<Told<String>>>>,
    /// As whom they run.
    pub run_as: Option<Told<UserName>>,
    /// Whether no password is asked for.
    pub nopasswd: Option<Told<bool>>,
    /// When it is over.
    pub until: Option<Told<Timestamp>>,
    /// What it is for.
    pub reason: Option<Told<String>>,
}

/// A version, or the beginning of one: `4.5.0`, `3.13`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuntimeVersion(String);

impl RuntimeVersion {
    /// Checks a version.
    ///
    /// # Errors
    /// When it is not one to four numbers with points between.
    pub fn parse(text: &str) -> Result<Self, BadValue> {
        let parts: Vec<&str> = text.split('.').collect();
        let number = |part: &str| {
            (1..=5).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if parts.len() <= 4 && parts.iter().all(|part| number(part)) {
            Ok(Self(text.to_owned()))
        } else {
            let why = "write numbers with points between, such as 4.5.0 or 3.13";
            Err(BadValue::new("a version", text, why))
        }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuntimeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// `[runtimes]`, `[runtimes.group.NAME]` or `[runtimes.user.NAME]` in one file.
#[derive(Clone, Debug, PartialEq)]
pub struct RuntimeTable {
    /// For whom.
    pub scope: Scope,
    /// Where it begins.
    pub at: Place,
    /// What is chosen.
    pub choices: Vec<(Runtime, Told<RuntimeVersion>)>,
}

/// What somebody may do through the guard without being root. Each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// See everything.
    Viewer,
    /// Triage as well: freeze, throttle, kill.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// As written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// A role in `[roles]` of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleTable {
    /// Which.
    pub role: Role,
    /// Where it begins.
    pub at: Place,
    /// Who has it.
    pub whom: Whom,
}

/// A key as TOML writes it: bare where that is enough.
pub(crate) fn quoted(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        in_quotes(name)
    }
}

/// A text as TOML writes it, with everything invisible escaped.
pub(crate) fn in_quotes(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\'' => out.push(c),
            c if c.escape_debug().count() > 1 => {
                let code = u32::from(c);
                out += &if code > 0xffff {
                    format!("\\U{code:08x}")
                } else {
                    format!("\\u{code:04x}")
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
