//! One grant as a file of `/etc/sudoers.d`: its name, its text, and what of it cannot be written.
//!
//! The text is read again by our own reader of sudoers and has to mean the grant and nothing else,
//! or there is no text.

use jiff::Timestamp;

use crate::base::digest::sha256_hex;
use crate::base::text::printable;
use crate::model::sudo::matching::has_wildcard;
use crate::model::sudo::parse::{self, Reader};
use crate::model::sudo::{Args, Name, Place, Tree, What, lines};
use crate::policy::schema::Grant;

/// Where sudo reads further files.
pub const DIR: &str = "/etc/sudoers.d";
/// What the names of ours begin with.
const OURS: &str = "benchwarden-";
/// The permissions that sudo wants.
pub const MODE: u32 = 0o440;
/// The line that says when a file is over, for those who cannot ask sudo.
const UNTIL: &str = "# until: ";

/// A grant as it is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What it is called.
    pub name: String,
    /// To whom, by name.
    pub users: Vec<String>,
    /// To the members of which groups.
    pub groups: Vec<String>,
    /// Absolute paths with their arguments, or `ALL`.
    pub commands: Vec<String>,
    /// As whom; root without.
    pub run_as: Option<String>,
    /// Whether no password is asked for.
    pub nopasswd: bool,
    /// When it is over.
    pub until: Option<Timestamp>,
    /// What it is for.
    pub reason: Option<String>,
}

/// What stands in the way of writing a grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot be written into a file of sudo's: {why}")]
pub struct Unfit {
    what: String,
    why: String,
}

impl Unfit {
    fn new(what: &str, why: impl Into<String>) -> Self {
        Self {
            what: printable(what.as_bytes(), 200),
            why: why.into(),
        }
    }
}

impl Wish {
    /// A grant of the policy.
    #[must_use]
    pub fn of(grant: &Grant) -> Self {
        let users = grant.whom.users.iter().flat_map(|told| &told.value);
        let groups = grant.whom.groups.iter().flat_map(|told| &told.value);
        let commands = grant.commands.iter().flat_map(|told| &told.value);
        let until = grant.until.as_ref().map(|told| told.value);
        Self {
            name: grant.name.clone(),
            users: users.map(|name| name.value.as_str().to_owned()).collect(),
            groups: groups.map(|name| name.value.as_str().to_owned()).collect(),
            commands: commands.map(|command| command.value.clone()).collect(),
            run_as: grant
                .run_as
                .as_ref()
                .map(|told| told.value.as_str().to_owned()),
            nopasswd: grant.nopasswd.as_ref().is_some_and(|told| told.value),
            // sudo counts whole seconds.
            until: until.and_then(|until| Timestamp::from_second(until.as_second()).ok()),
            reason: grant.reason.as_ref().map(|told| told.value.clone()),
        }
    }

    /// Whether it is in the past.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// The file's text. `notafter` says that sudo ends it by itself.
    ///
    /// # Errors
    /// When a part of it would be read as something else.
    pub fn text(&self, notafter: bool) -> Result<String, Unfit> {
        let mut text = format!(
            "# Written by benchwarden for [sudo.grant.{}]; change it with `benchwarden sudo`.\n",
            self.name
        );
        if let Some(until) = self.until {
            text += &format!("{UNTIL}{}\n", until.strftime("%Y-%m-%dT%H:%M:%SZ"));
        }
        if let Some(reason) = &self.reason {
            if reason.chars().any(char::is_control) {
                return Err(Unfit::new(reason, "a reason is one line of text"));
            }
            // In quotes, so that a backslash at its end stands before one of them.
            text += &format!("# reason: \"{}\"\n", printable(reason.as_bytes(), 2000));
        }
        let users = self.users.iter().map(|name| user(name));
        let groups = self.groups.iter().map(|name| group(name));
        let whom: Vec<String> = users.chain(groups).collect::<Result<_, _>>()?;
        let target = user(self.run_as.as_deref().unwrap_or("root"))?;
        let mut how = format!("({target})");
        if let Some(until) = self.until.filter(|_| notafter) {
            how += &format!(" NOTAFTER={}", until.strftime("%Y%m%d%H%M%SZ"));
        }
        how += if self.nopasswd {
            " NOPASSWD:"
        } else {
            " PASSWD:"
        };
        let commands = self.commands.iter().map(|text| command(text));
        let commands: Vec<String> = commands.collect::<Result<_, _>>()?;
        text += &format!(
            "{} ALL={how} \\\n    {}\n",
            whom.join(", "),
            commands.join(", \\\n    ")
        );
        self.is_meant(&text, notafter)?;
        Ok(text)
    }

    /// Whether a text, read again, says this grant and nothing more.
    fn is_meant(&self, text: &str, notafter: bool) -> Result<(), Unfit> {
        let read = read(text);
        let told = |why: &str| Err(Unfit::new(&self.name, why));
        let ([rule], [], []) = (
            read.rules.as_slice(),
            read.settings.as_slice(),
            read.problems.as_slice(),
        ) else {
            return told("it would say more than one rule, or none");
        };
        let [spec] = rule.specs.as_slice() else {
            return told("its commands would run in different ways");
        };
        let users = self.users.iter().cloned().map(Name::User);
        let groups = self.groups.iter().cloned().map(Name::Group);
        let whom: Vec<Name> = users.chain(groups).collect();
        let named: Vec<&Name> = rule.who.iter().map(|item| &item.what).collect();
        let mut all = rule.who.iter().map(|item| item.negated);
        if named != whom.iter().collect::<Vec<_>>() || all.any(|negated| negated) {
            return told("it would be for somebody else");
        }
        let target = self.run_as.clone().unwrap_or_else(|| "root".to_owned());
        let runs_as: Vec<&Name> = spec.users.iter().flatten().map(|item| &item.what).collect();
        if runs_as != [&Name::User(target)] || spec.groups.is_some() {
            return told("it would run as somebody else");
        }
        let wished: Vec<What> = self
            .commands
            .iter()
            .map(|text| parse::command(text))
            .collect();
        let said: Vec<&What> = spec.commands.iter().map(|item| &item.what.what).collect();
        let mut negated = spec.commands.iter().map(|item| item.negated);
        if said != wished.iter().collect::<Vec<_>>() || negated.any(|negated| negated) {
            return told("its commands would be others");
        }
        let until = self.until.filter(|_| notafter);
        if spec.tags.not_after != until || spec.tags.password != Some(!self.nopasswd) {
            return told("its end, or whether a password is asked for, would be another");
        }
        Ok(())
    }
}

/// A text of sudoers without includes, as our reader has it.
#[must_use]
pub fn read(text: &str) -> Tree {
    read_at(text, "grant")
}

/// The same, of a file.
#[must_use]
pub fn read_at(text: &str, file: &str) -> Tree {
    let mut reader = Reader::default();
    for statement in lines::statements(text) {
        let place = Place {
            file: file.into(),
            line: statement.line,
        };
        reader.take(&statement.text, &place);
    }
    reader.finish()
}

/// The file of a grant.
#[must_use]
pub fn path(name: &str) -> String {
    format!("{DIR}/{OURS}{name}")
}

/// The grant whose file a path is.
#[must_use]
pub fn name_of(path: &str) -> Option<&str> {
    path.strip_prefix(DIR)?
        .strip_prefix('/')?
        .strip_prefix(OURS)
}

/// The file with this text, as a fact.
#[must_use]
pub fn fact(text: &str) -> String {
    format!("0:0 {MODE:04o} {}", sha256_hex(text.as_bytes()))
}

/// When a file of ours says that it is over.
#[must_use]
pub fn until_of(text: &str) -> Option<Timestamp> {
    let line = text.lines().find_map(|line| line.strip_prefix(UNTIL))?;
    line.trim().parse().ok()
}

/// A user of a list. What sudo would read as an alias stands in quotes.
fn user(name: &str) -> Result<String, Unfit> {
    let bad = |why: &str| Err(Unfit::new(name, why));
    if name.is_empty() {
        return bad("it is empty");
    }
    if name.starts_with(['%', '+', '#', '!', '@']) {
        return bad("sudo takes its first character for a group, a netgroup or a uid");
    }
    if let Some(odd) = name
        .chars()
        .find(|c| c.is_control() || matches!(c, '"' | '*' | '?'))
    {
        return bad(&format!("it holds '{}'", odd.escape_unicode()));
    }
    if name
        .chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    {
        return Ok(format!("\"{name}\""));
    }
    Ok(escaped(name))
}

fn group(name: &str) -> Result<String, Unfit> {
    // A group is told by its sign, whatever its letters are.
    let plain = user(name)?;
    Ok(format!("%{}", plain.trim_matches('"')))
}

fn escaped(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if matches!(
            c,
            ',' | ':' | '=' | '!' | '(' | ')' | ' ' | '\\' | '#' | '>'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A command with what sudoers gives a meaning escaped. Wildcards stay what they are.
fn command(text: &str) -> Result<String, Unfit> {
    let bad = |why: &str| Err(Unfit::new(text, why));
    let program = text.strip_prefix("sudoedit ").unwrap_or(text);
    if text != "ALL" && !program.starts_with('/') {
        return bad("it is no absolute path");
    }
    if let Some(odd) = text.chars().find(|c| c.is_control() || matches!(c, '\\')) {
        return bad(&format!("it holds '{}'", odd.escape_unicode()));
    }
    if text.contains("  ") || text.ends_with(' ') {
        return bad("its words are parted by more than one blank, of which sudo keeps one");
    }
    let odd = |c: char| c != ' ' && c.is_whitespace();
    if text.contains(odd) {
        return bad("it holds a blank that is none to sudo");
    }
    if text.split(' ').any(|word| word.starts_with('^')) {
        return bad("a word that begins with '^' is a regular expression to sudo");
    }
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, ',' | ':' | '=' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(out)
}

/// Whether a command stands for more than one call: arguments that are left open, or wildcards.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    match parse::command(text) {
        What::Run(path, args) => {
            path.ends_with('/')
                || has_wildcard(&path)
                || matches!(&args, Args::Are(args) if has_wildcard(args))
        }
        What::Edit(Args::Are(args)) => has_wildcard(&args),
        _ => false,
    }
}

/// The program of a command; `None` for what is none.
#[must_use]
pub fn program(text: &str) -> Option<String> {
    match parse::command(text) {
        What::Run(path, _) if !has_wildcard(&path) => Some(path),
        _ => None,
    }
}
