//! Reading statements of sudoers(5): rules, aliases and settings, each with its place.
//!
//! A line that cannot be understood is told and passed over, as sudo does. Aliases are expanded
//! when everything is read, since they may be used before they are defined.

mod cursor;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use cursor::Cursor;

use super::{
    Args, Bound, Change, Cmnd, HostName, Item, Name, Place, Problem, Rule, Setting, Spec, Tags,
    Tree, What,
};

/// How deep aliases may lie in each other.
const DEEP: usize = 32;

const TAGS: [&str; 16] = [
    "NOPASSWD",
    "PASSWD",
    "NOEXEC",
    "EXEC",
    "SETENV",
    "NOSETENV",
    "LOG_INPUT",
    "NOLOG_INPUT",
    "LOG_OUTPUT",
    "NOLOG_OUTPUT",
    "FOLLOW",
    "NOFOLLOW",
    "MAIL",
    "NOMAIL",
    "INTERCEPT",
    "NOINTERCEPT",
];
const OPTIONS: [&str; 10] = [
    "NOTBEFORE",
    "NOTAFTER",
    "TIMEOUT",
    "CWD",
    "CHROOT",
    "ROLE",
    "TYPE",
    "PRIVS",
    "LIMITPRIVS",
    "APPARMOR_PROFILE",
];

/// Everything read so far.
#[derive(Debug, Default)]
pub struct Reader {
    tree: Tree,
    names: BTreeMap<String, Vec<Item<Name>>>,
    hosts: BTreeMap<String, Vec<Item<HostName>>>,
    commands: BTreeMap<String, Vec<Item<Cmnd>>>,
}

impl Reader {
    /// Takes one statement that includes nothing.
    pub fn take(&mut self, text: &str, place: &Place) {
        if let Err(what) = self.statement(text, place) {
            self.tree.problems.push(Problem {
                place: place.clone(),
                what,
            });
        }
    }

    fn statement(&mut self, text: &str, place: &Place) -> Result<(), String> {
        if text.contains('\r') {
            return Err("the line ends in a carriage return, which sudo does not take".to_owned());
        }
        let mut at = Cursor::new(text);
        if let Some(rest) = text.strip_prefix("Defaults")
            && rest.starts_with([' ', '\t', ':', '@', '>', '!'])
        {
            at.skip("Defaults".len());
            let settings = settings(&mut at, place)?;
            self.tree.settings.extend(settings);
            return Ok(());
        }
        let word = text.split(char::is_whitespace).next().unwrap_or("");
        if let Some(kind) = word.strip_suffix("_Alias") {
            at.skip(word.len());
            return self.alias(kind, &mut at);
        }
        let who = at.list(Cursor::name)?;
        let mut rules = Vec::new();
        loop {
            let hosts = at.list(Cursor::host)?;
            at.expect('=')?;
            let specs = specs(&mut at)?;
            rules.push(Rule {
                who: who.clone(),
                hosts,
                specs,
                place: Some(place.clone()),
            });
            if !at.eats(':') {
                at.end()?;
                self.tree.rules.extend(rules);
                return Ok(());
            }
        }
    }

    fn alias(&mut self, kind: &str, at: &mut Cursor) -> Result<(), String> {
        loop {
            at.blanks();
            let name = at.word();
            if !is_alias(&name) {
                return Err("the name of an alias is missing".to_owned());
            }
            at.expect('=')?;
            match kind {
                "User" | "Runas" => {
                    let list = at.list(Cursor::name)?;
                    // The two kinds have names of their own.
                    self.names.insert(format!("{kind}:{name}"), list);
                }
                "Host" => {
                    let list = at.list(Cursor::host)?;
                    self.hosts.insert(name, list);
                }
                "Cmnd" | "Cmd" => {
                    let list = at.list(Cursor::command)?;
                    self.commands.insert(name, list);
                }
                _ => return Err(format!("{kind}_Alias is no kind of alias")),
            }
            if !at.eats(':') {
                return at.end();
            }
        }
    }

    /// The tree, with every alias expanded.
    #[must_use]
    pub fn finish(mut self) -> Tree {
        let mut tree = std::mem::take(&mut self.tree);
        for rule in &mut tree.rules {
            rule.who = self.names_of("User", &rule.who);
            rule.hosts = self.hosts_of(&rule.hosts);
            for spec in &mut rule.specs {
                spec.users = spec.users.as_ref().map(|list| self.names_of("Runas", list));
                spec.groups = spec
                    .groups
                    .as_ref()
                    .map(|list| self.names_of("Runas", list));
                spec.commands = self.commands_of(&spec.commands);
            }
        }
        for setting in &mut tree.settings {
            setting.bound = match &setting.bound {
                Bound::Always => Bound::Always,
                Bound::Users(list) => Bound::Users(self.names_of("User", list)),
                Bound::Targets(list) => Bound::Targets(self.names_of("Runas", list)),
                Bound::Hosts(list) => Bound::Hosts(self.hosts_of(list)),
                Bound::Commands(list) => Bound::Commands(self.commands_of(list)),
            };
        }
        tree
    }

    fn names_of(&self, kind: &str, list: &[Item<Name>]) -> Vec<Item<Name>> {
        let find = |name: &Name| match name {
            Name::Alias(alias) => self.names.get(&format!("{kind}:{alias}")),
            _ => None,
        };
        expanded(list, &find, DEEP)
    }

    fn hosts_of(&self, list: &[Item<HostName>]) -> Vec<Item<HostName>> {
        let find = |host: &HostName| match host {
            HostName::Alias(alias) => self.hosts.get(alias),
            _ => None,
        };
        expanded(list, &find, DEEP)
    }

    fn commands_of(&self, list: &[Item<Cmnd>]) -> Vec<Item<Cmnd>> {
        let find = |cmnd: &Cmnd| match &cmnd.what {
            What::Alias(alias) => self.commands.get(alias),
            _ => None,
        };
        expanded(list, &find, DEEP)
    }
}

fn expanded<'a, T: Clone + 'a>(
    list: &[Item<T>],
    find: &dyn Fn(&T) -> Option<&'a Vec<Item<T>>>,
    deep: usize,
) -> Vec<Item<T>> {
    let mut out = Vec::new();
    for item in list {
        match find(&item.what).filter(|_| deep > 0) {
            None => out.push(item.clone()),
            Some(inner) => {
                // Defined by itself, it would grow for ever.
                const MOST: usize = 100_000;
                let inner = expanded(inner, find, deep - 1);
                let room = MOST.saturating_sub(out.len());
                out.extend(inner.into_iter().take(room).map(|mut one| {
                    one.negated ^= item.negated;
                    one
                }));
            }
        }
    }
    out
}

/// Whether a word names an alias: capital letters, digits and `_`.
fn is_alias(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn settings(at: &mut Cursor, place: &Place) -> Result<Vec<Setting>, String> {
    let bound = match at.peek() {
        Some(':') => {
            at.skip(1);
            Bound::Users(at.list(Cursor::name)?)
        }
        Some('@') => {
            at.skip(1);
            Bound::Hosts(at.list(Cursor::host)?)
        }
        Some('>') => {
            at.skip(1);
            Bound::Targets(at.list(Cursor::name)?)
        }
        Some('!') => {
            at.skip(1);
            Bound::Commands(at.list(Cursor::plain_command)?)
        }
        _ => Bound::Always,
    };
    let mut all = Vec::new();
    loop {
        at.blanks();
        let off = at.not();
        let name = at.run(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.is_empty() {
            return Err("the name of a setting is missing".to_owned());
        }
        at.blanks();
        let (change, value) = match at.peek() {
            Some('=') => {
                at.skip(1);
                (Change::Set, at.value())
            }
            Some(sign @ ('+' | '-')) => {
                at.skip(1);
                at.expect('=')?;
                let add = sign == '+';
                let change = if add { Change::Add } else { Change::Remove };
                (change, at.value())
            }
            _ if off => (Change::Off, String::new()),
            _ => (Change::Set, String::new()),
        };
        all.push(Setting {
            bound: bound.clone(),
            name,
            change,
            value,
            place: place.clone(),
        });
        if !at.eats(',') {
            at.end()?;
            return Ok(all);
        }
    }
}

/// The commands of a privilege; what is said of one goes on for those after it.
fn specs(at: &mut Cursor) -> Result<Vec<Spec>, String> {
    let mut all: Vec<Spec> = Vec::new();
    let mut users = None;
    let mut groups = None;
    let mut tags = Tags::default();
    loop {
        at.blanks();
        if at.eats('(') {
            (users, groups) = runas(at)?;
        }
        options(at, &mut tags)?;
        let command = at.negatable(Cursor::command)?;
        let same = all
            .last_mut()
            .filter(|last| (&last.users, &last.groups, &last.tags) == (&users, &groups, &tags));
        match same {
            Some(last) => last.commands.push(command),
            None => all.push(Spec {
                users: users.clone(),
                groups: groups.clone(),
                tags: tags.clone(),
                commands: vec![command],
            }),
        }
        if !at.eats(',') {
            return Ok(all);
        }
    }
}

type Names = Option<Vec<Item<Name>>>;

fn runas(at: &mut Cursor) -> Result<(Names, Names), String> {
    at.blanks();
    let users = match at.peek() {
        Some(')') => Some(vec![Item {
            what: Name::User(String::new()),
            negated: false,
        }]),
        Some(':') => None,
        _ => Some(at.list(Cursor::name)?),
    };
    let mut groups = None;
    if at.eats(':') {
        at.blanks();
        if users.is_some() || at.peek() != Some(')') {
            groups = Some(at.list(Cursor::name)?);
        }
    }
    at.expect(')')?;
    let users = match (users, &groups) {
        // `(:)` names nobody.
        (None, None) => Some(vec![Item {
            what: Name::User(String::new()),
            negated: false,
        }]),
        (users, _) => users,
    };
    Ok((users, groups))
}

fn options(at: &mut Cursor, tags: &mut Tags) -> Result<(), String> {
    loop {
        at.blanks();
        let before = at.pos;
        let word = at.run(|c| c.is_ascii_uppercase() || c == '_');
        if TAGS.contains(&word.as_str()) && at.eats(':') {
            match word.as_str() {
                "NOPASSWD" => tags.password = Some(false),
                "PASSWD" => tags.password = Some(true),
                "SETENV" => tags.setenv = Some(true),
                "NOSETENV" => tags.setenv = Some(false),
                "NOEXEC" => tags.noexec = Some(true),
                "EXEC" => tags.noexec = Some(false),
                _ => {}
            }
        } else if OPTIONS.contains(&word.as_str()) && at.eats('=') {
            let value = at.value();
            let time = || moment(&value).ok_or(format!("{word}={value} is no time"));
            match word.as_str() {
                "NOTBEFORE" => tags.not_before = Some(time()?),
                "NOTAFTER" => tags.not_after = Some(time()?),
                _ => {}
            }
        } else {
            at.pos = before;
            return Ok(());
        }
    }
}

/// A generalized time, `yyyymmddHHMMSSZ`; minutes and seconds may be left out, and a zone may be
/// `+hhmm`. Without one it is this host's time, which is not known here: taken as UTC.
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, mut zone) = text.split_at_checked(digits)?;
    let part = |from: usize, to: usize| -> Option<i8> { number.get(from..to)?.parse().ok() };
    let year: i16 = number.get(0..4)?.parse().ok()?;
    let seconds = part(12, 14).unwrap_or(0);
    let at = DateTime::new(
        year,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12).unwrap_or(0),
        seconds,
        0,
    );
    let at = at.ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    if let Some(rest) = zone.strip_prefix(['.', ',']) {
        zone = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    if matches!(zone, "" | "Z") {
        return Some(at);
    }
    let sign = match zone.chars().next()? {
        '+' => -1,
        '-' => 1,
        _ => return None,
    };
    let hours: i64 = zone.get(1..3)?.parse().ok()?;
    let minutes: i64 = zone.get(3..5).map_or(Some(0), |text| text.parse().ok())?;
    let shift = jiff::SignedDuration::from_secs(sign * (hours * 3600 + minutes * 60));
    at.checked_add(shift).ok()
}

/// What `cvtsudoers` and the files call a command, apart.
#[must_use]
pub fn command(text: &str) -> What {
    let (program, args) = match text.split_once(' ') {
        None => (text, Args::Any),
        Some((program, "\"\"")) => (program, Args::Empty),
        Some((program, args)) => (program, Args::Are(args.to_owned())),
    };
    match program {
        "ALL" => What::All,
        "sudoedit" => What::Edit(args),
        "list" => What::List,
        _ => What::Run(program.to_owned(), args),
    }
}
