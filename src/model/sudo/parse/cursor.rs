//! Words, names, hosts and commands of a statement, character by character.

use std::net::IpAddr;

use crate::model::sudo::{Cmnd, HostName, Item, Name, What};

use super::{command, is_alias};

/// A place in a statement.
pub(super) struct Cursor {
    chars: Vec<char>,
    pub(super) pos: usize,
}

impl Cursor {
    pub(super) fn new(text: &str) -> Self {
        Self {
            chars: text.chars().collect(),
            pos: 0,
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.pos).copied()
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.pos += count;
    }

    pub(super) fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.pos += 1;
        }
    }

    pub(super) fn eats(&mut self, c: char) -> bool {
        self.blanks();
        let there = self.peek() == Some(c);
        self.pos += usize::from(there);
        there
    }

    pub(super) fn expect(&mut self, c: char) -> Result<(), String> {
        if self.eats(c) {
            return Ok(());
        }
        Err(match self.peek() {
            Some(found) => format!("'{c}' is expected before '{}'", found.escape_debug()),
            None => format!("'{c}' is missing at the end"),
        })
    }

    pub(super) fn end(&mut self) -> Result<(), String> {
        self.blanks();
        match self.peek() {
            None => Ok(()),
            Some(found) => Err(format!("'{}' is not expected", found.escape_debug())),
        }
    }

    /// Eats every `!`, and tells whether they negate.
    pub(super) fn not(&mut self) -> bool {
        let mut not = false;
        while self.eats('!') {
            not = !not;
        }
        self.blanks();
        not
    }

    pub(super) fn run(&mut self, is: impl Fn(char) -> bool) -> String {
        let start = self.pos;
        while self.peek().is_some_and(&is) {
            self.pos += 1;
        }
        let run = self.chars.get(start..self.pos).unwrap_or_default();
        run.iter().collect()
    }

    pub(super) fn negatable<T>(
        &mut self,
        one: impl Fn(&mut Self) -> Result<T, String>,
    ) -> Result<Item<T>, String> {
        let negated = self.not();
        let what = one(self)?;
        Ok(Item { what, negated })
    }

    pub(super) fn list<T>(
        &mut self,
        one: impl Fn(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<Item<T>>, String> {
        let mut all = Vec::new();
        loop {
            all.push(self.negatable(&one)?);
            if !self.eats(',') {
                return Ok(all);
            }
        }
    }

    pub(super) fn quoted(&mut self) -> String {
        let mut out = String::new();
        self.pos += 1;
        while let Some(c) = self.peek() {
            self.pos += 1;
            match c {
                '"' => break,
                '\\' if self.peek() == Some('"') => {
                    out.push('"');
                    self.pos += 1;
                }
                c => out.push(c),
            }
        }
        out
    }

    /// A word of a list, its escapes undone.
    pub(super) fn word(&mut self) -> String {
        let mut out = String::new();
        while let Some(c) = self.peek() {
            match c {
                '\\' => {
                    self.pos += 1;
                    out.extend(self.peek());
                }
                '"' if out.is_empty() || out == "%" || out == "%:" || out == "+" => {
                    out += &self.quoted();
                    continue;
                }
                '>' | '!' | '=' | ':' | ',' | '(' | ')' | '"' => {
                    // `%:name` is a group of a plugin's.
                    if !(c == ':' && out == "%") {
                        break;
                    }
                    out.push(c);
                }
                c if c.is_whitespace() => break,
                c => out.push(c),
            }
            self.pos += 1;
        }
        out
    }

    pub(super) fn name(&mut self) -> Result<Name, String> {
        let literal = self.peek() == Some('"');
        let word = self.word();
        if word.is_empty() {
            return Err("a name is missing".to_owned());
        }
        let number = |text: &str| -> Option<u32> { text.strip_prefix('#')?.parse().ok() };
        if let Some(group) = word.strip_prefix('%') {
            if let Some(foreign) = group.strip_prefix(':') {
                return Ok(Name::Foreign(foreign.to_owned()));
            }
            return Ok(number(group).map_or_else(|| Name::Group(group.to_owned()), Name::Gid));
        }
        if let Some(net) = word.strip_prefix('+') {
            return Ok(Name::Netgroup(net.to_owned()));
        }
        Ok(match number(&word) {
            Some(uid) => Name::Uid(uid),
            None if literal => Name::User(word),
            None if word == "ALL" => Name::All,
            None if is_alias(&word) => Name::Alias(word),
            None => Name::User(word),
        })
    }

    pub(super) fn host(&mut self) -> Result<HostName, String> {
        let start = self.pos;
        let address = self.run(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.' | '/'));
        let head = address.split('/').next().unwrap_or("");
        if head.parse::<IpAddr>().is_ok() {
            return Ok(HostName::Address(address));
        }
        self.pos = start;
        let word = self.word();
        if word.is_empty() {
            return Err("a host is missing".to_owned());
        }
        if let Some(net) = word.strip_prefix('+') {
            return Ok(HostName::Netgroup(net.to_owned()));
        }
        Ok(if word == "ALL" {
            HostName::All
        } else if is_alias(&word) {
            HostName::Alias(word)
        } else {
            HostName::Named(word)
        })
    }

    /// A value of a setting or an option.
    pub(super) fn value(&mut self) -> String {
        self.blanks();
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let mut out = String::new();
        while let Some(c) = self.peek() {
            match c {
                '\\' => {
                    self.pos += 1;
                    out.extend(self.peek());
                }
                ',' => break,
                c if c.is_whitespace() => break,
                c => out.push(c),
            }
            self.pos += 1;
        }
        out
    }

    /// A command of a `Defaults!` line: without arguments.
    pub(super) fn plain_command(&mut self) -> Result<Cmnd, String> {
        let word = self.word();
        let what = if word == "ALL" {
            What::All
        } else if is_alias(&word) {
            What::Alias(word)
        } else if word.starts_with(['/', '^']) || word == "sudoedit" {
            command(&word)
        } else {
            return Err("a command is missing".to_owned());
        };
        Ok(Cmnd { what, digests: 0 })
    }

    /// A command with its arguments, and the digests before it.
    pub(super) fn command(&mut self) -> Result<Cmnd, String> {
        let mut digests = 0;
        loop {
            self.blanks();
            let before = self.pos;
            let word = self.run(|c| c.is_ascii_alphanumeric());
            let is_digest = matches!(word.as_str(), "sha224" | "sha256" | "sha384" | "sha512");
            if !(is_digest && self.eats(':')) {
                self.pos = before;
                break;
            }
            self.blanks();
            self.run(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='));
            digests += 1;
            self.eats(',');
        }
        self.blanks();
        let negated = self.peek() == Some('!');
        if negated {
            return Err("'!' stands before the digest of a command".to_owned());
        }
        let text = self.command_text()?;
        let what = if is_alias(&text) && text != "ALL" {
            What::Alias(text.clone())
        } else {
            command(&text)
        };
        let known = match &what {
            What::Run(path, _) => path.starts_with('/') || path.starts_with("^/"),
            _ => true,
        };
        if known {
            return Ok(Cmnd { what, digests });
        }
        Err(if text.is_empty() {
            "a command is missing".to_owned()
        } else {
            format!(
                "{} is no absolute path",
                crate::base::text::printable(text.as_bytes(), 60)
            )
        })
    }

    /// The command and its arguments, parted by single blanks; what is escaped only for sudoers is
    /// without its escape.
    pub(super) fn command_text(&mut self) -> Result<String, String> {
        let mut out = String::new();
        let mut regex = false;
        while let Some(c) = self.peek() {
            let fresh = out.is_empty() || out.ends_with(' ');
            match c {
                '^' if fresh => {
                    regex = true;
                    out.push(c);
                }
                '$' if regex && self.ends_a_word() => {
                    regex = false;
                    out.push(c);
                }
                '\\' => {
                    let next = self.chars.get(self.pos + 1).copied();
                    match next {
                        Some(next) if regex => out.extend([c, next]),
                        Some(next) if ",:= \t#\\".contains(next) => out.push(next),
                        Some(next) if "*?[]!^".contains(next) => out.extend([c, next]),
                        _ => return Err("a backslash stands before nothing special".to_owned()),
                    }
                    self.pos += 1;
                }
                ',' | ':' | '=' if !regex => break,
                c if c.is_whitespace() && !regex => {
                    if !fresh {
                        out.push(' ');
                    }
                }
                c => out.push(c),
            }
            self.pos += 1;
        }
        Ok(out.trim_end().to_owned())
    }

    pub(super) fn ends_a_word(&self) -> bool {
        let next = self.chars.get(self.pos + 1);
        next.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ':'))
    }
}
