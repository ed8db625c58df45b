//! All files as one, normalised: each value with the place that says it.
//!
//! It is what is in force at a moment: what is over is left out, and where a value ends by itself
//! a comment says what follows.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::schema::{
    Grant, Host, Key, Place, Policy, PressureKey, Reaction, Role, Runtime, Scope, Told, Treatment,
    Value, Whom, in_quotes,
};

/// The text of a file that means the same.
#[must_use]
pub fn export(policy: &Policy, now: Timestamp) -> String {
    let mut out = Text::default();
    out.host(&policy.host());
    out.admins(policy);
    out.limits(policy, now);
    for grant in policy.grants() {
        out.grant(&grant, now);
    }
    out.runtimes(policy);
    out.roles(policy);
    out.guard(policy);
    out.0
}

/// A value as TOML.
#[must_use]
pub fn literal(value: &Value) -> String {
    let texts = value.texts();
    match (value, texts.as_slice()) {
        (Value::Addresses(_), texts) => list(texts),
        (_, [one]) => word(one),
        (_, texts) => list(texts),
    }
}

/// A number as it is, anything else in quotes.
fn word(text: &str) -> String {
    let number = !text.is_empty() && text.len() < 19 && text.bytes().all(|b| b.is_ascii_digit());
    if number {
        text.to_owned()
    } else {
        in_quotes(text)
    }
}

fn list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(|item| in_quotes(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn head(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        let _ = writeln!(self.0, "[{name}]");
    }

    fn line(&mut self, key: &str, value: &str, at: &Place) {
        let _ = writeln!(self.0, "{key} = {value} # {at}");
    }

    fn host(&mut self, host: &Host) {
        if *host == Host::default() {
            return;
        }
        self.head("host");
        if let Some(told) = &host.reserve_memory {
            self.line("reserve_memory", &word(&told.value.to_string()), &told.at);
        }
        if let Some(told) = &host.reserve_tasks {
            self.line("reserve_tasks", &word(&told.value.to_string()), &told.at);
        }
    }

    fn admins(&mut self, policy: &Policy) {
        let admins = policy.admins();
        self.head("admins");
        let groups: Vec<&str> = admins
            .groups
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let users: Vec<&str> = admins.users.iter().map(|(name, _)| name.as_str()).collect();
        for (key, names, at) in [
            ("groups", groups, admins.groups.first().map(|(_, at)| at)),
            ("users", users, admins.users.first().map(|(_, at)| at)),
        ] {
            match at {
                Some(Some(at)) => self.line(key, &list(&names), at),
                Some(None) => {
                    let _ = writeln!(self.0, "{key} = {} # by default", list(&names));
                }
                None => {}
            }
        }
    }

    fn limits(&mut self, policy: &Policy, now: Timestamp) {
        for scope in scopes(
            policy
                .files
                .iter()
                .flat_map(|file| &file.limits)
                .map(|t| &t.scope),
        ) {
            let mut lines: Vec<(Key, String)> = Vec::new();
            for key in Key::ALL {
                let tables = policy.files.iter().flat_map(|file| &file.limits);
                let said = tables
                    .filter(|table| table.scope == *scope)
                    .flat_map(|table| {
                        let own = table.entries.iter().filter(|entry| entry.key == key);
                        own.map(|entry| (entry, table.end_of(entry).map(|until| until.value)))
                    });
                let in_force = said.filter(|(_, until)| until.is_none_or(|until| until > now));
                let mut in_force: Vec<_> = in_force.collect();
                let Some((entry, until)) = in_force.pop() else {
                    continue;
                };
                let value = literal(&entry.value);
                let mut line = match until {
                    None => format!("{} = {value} # {}", key.name(), entry.at),
                    Some(until) => format!(
                        "{} = {{ value = {value}, until = {until} }} # {}",
                        key.name(),
                        entry.at
                    ),
                };
                if let (Some(_), Some((next, _))) = (until, in_force.last()) {
                    let _ = write!(line, ", then {} ({})", next.value, next.at);
                }
                lines.push((key, line));
            }
            if lines.is_empty() {
                continue;
            }
            self.head(&format!("limits.{scope}"));
            for (_, line) in lines {
                let _ = writeln!(self.0, "{line}");
            }
        }
    }

    fn whom(&mut self, whom: &Whom) {
        for (key, names, at) in names_of(whom) {
            self.line(key, &list(&names), at);
        }
    }

    fn grant(&mut self, grant: &Grant, now: Timestamp) {
        if grant.until.as_ref().is_some_and(|until| until.value <= now) {
            return;
        }
        self.head(&format!("sudo.grant.{}", grant.name));
        self.whom(&grant.whom);
        if let Some(told) = &grant.commands {
            let commands: Vec<&str> = told.value.iter().map(|c| c.value.as_str()).collect();
            self.line("commands", &list(&commands), &told.at);
        }
        if let Some(told) = &grant.run_as {
            self.line("as", &in_quotes(told.value.as_str()), &told.at);
        }
        if let Some(told) = &grant.nopasswd {
            self.line("nopasswd", &told.value.to_string(), &told.at);
        }
        if let Some(told) = &grant.until {
            self.line("until", &told.value.to_string(), &told.at);
        }
        if let Some(told) = &grant.reason {
            self.line("reason", &in_quotes(&told.value), &told.at);
        }
    }

    fn runtimes(&mut self, policy: &Policy) {
        let tables = || policy.files.iter().flat_map(|file| &file.runtimes);
        let mut scopes = scopes(tables().map(|table| &table.scope));
        scopes.sort_by_key(|scope| !matches!(scope, Scope::Default));
        for scope in scopes {
            self.head(&match scope {
                Scope::Default => "runtimes".to_owned(),
                other => format!("runtimes.{other}"),
            });
            for runtime in Runtime::ALL {
                let own = tables().filter(|table| table.scope == *scope);
                let mut choices = own.flat_map(|table| &table.choices);
                let last = choices.rfind(|(own, _)| *own == runtime);
                if let Some((_, told)) = last {
                    self.line(runtime.name(), &in_quotes(told.value.as_str()), &told.at);
                }
            }
        }
    }

    fn roles(&mut self, policy: &Policy) {
        let roles: Vec<(Role, Place, Whom)> = policy.roles().0;
        if roles.is_empty() {
            return;
        }
        self.head("roles");
        for (role, at, whom) in roles {
            let lists = names_of(&whom).into_iter();
            let lists: Vec<String> = lists
                .map(|(key, names, _)| format!("{key} = {}", list(&names)))
                .collect();
            self.line(role.name(), &format!("{{ {} }}", lists.join(", ")), &at);
        }
    }

    fn guard(&mut self, policy: &Policy) {
        let files = || policy.files.iter().map(|file| &file.guard);
        let mut lines: Vec<(&str, String, Place)> = Vec::new();
        for treatment in Treatment::ALL {
            let mut lists = files().flat_map(|guard| &guard.lists);
            let last = lists.rfind(|(own, _)| *own == treatment);
            if let Some((_, told)) = last {
                let names: Vec<&str> = told.value.iter().map(|p| p.value.as_str()).collect();
                lines.push((treatment.name(), list(&names), told.at.clone()));
            }
        }
        if let Some(others) = files()
            .filter_map(|guard| guard.others.as_ref())
            .next_back()
        {
            let name = in_quotes(others.value.name());
            lines.push(("others", name, others.at.clone()));
        }
        if !lines.is_empty() {
            self.head("guard");
            for (key, value, at) in lines {
                self.line(key, &value, &at);
            }
        }
        for reaction in Reaction::ALL {
            let tables = files().flat_map(|guard| &guard.pressure);
            let own = tables.filter(|table| table.reaction == reaction);
            let keys: Vec<&(PressureKey, Place)> = own.flat_map(|table| &table.keys).collect();
            if keys.is_empty() {
                continue;
            }
            self.head(&format!("guard.pressure.{}", reaction.name()));
            for name in reaction.keys() {
                let last = keys.iter().rev().find(|(key, _)| key.name() == *name);
                if let Some((key, at)) = last {
                    self.line(name, &pressure(key), at);
                }
            }
        }
    }
}

fn pressure(key: &PressureKey) -> String {
    match key {
        PressureKey::Above(_, None) => "\"never\"".to_owned(),
        PressureKey::Above(_, Some(share)) => in_quotes(&share.to_string()),
        PressureKey::After(span)
        | PressureKey::Again(span)
        | PressureKey::For(span)
        | PressureKey::AtMost(span)
        | PressureKey::Forget(span) => in_quotes(&span.to_string()),
        PressureKey::Limits(limits) => {
            let limits = limits.iter();
            let limits: Vec<String> = limits
                .map(|(key, value)| format!("{} = {}", key.name(), literal(value)))
                .collect();
            format!("{{ {} }}", limits.join(", "))
        }
    }
}

/// Each scope once, in the order in which they are first named.
fn scopes<'a>(all: impl Iterator<Item = &'a Scope>) -> Vec<&'a Scope> {
    let mut scopes = Vec::new();
    for scope in all {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

fn names_of(whom: &Whom) -> Vec<(&'static str, Vec<&str>, &Place)> {
    fn raw<'a, T>(list: &'a Told<Vec<Told<T>>>, name: fn(&'a T) -> &'a str) -> Vec<&'a str> {
        list.value.iter().map(|told| name(&told.value)).collect()
    }
    let users = whom.users.iter();
    let users = users.map(|list| ("users", raw(list, |name| name.as_str()), &list.at));
    let groups = whom.groups.iter();
    let groups = groups.map(|list| ("groups", raw(list, |name| name.as_str()), &list.at));
    users.chain(groups).collect()
}
