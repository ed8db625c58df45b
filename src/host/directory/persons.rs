//! One record a person: what the account says, what its dates mean today, and what the host
//! keeps about them.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::base::hostile::Hostile;
use crate::base::id::{Gid, PeopleRange, Uid};
use crate::host::clock;
use crate::host::root::Root;
use crate::model::people::local::{IdRange, Local, SubidLine};
use crate::model::people::password::{ShadowLine, date, states};
use crate::model::people::{Person, Source};

use super::gather::{Account, Found};
use super::groups::Groups;
use super::logins::Logins;
use super::quota;
use super::seen::Seen;

const SECONDS_A_DAY: i64 = 86_400;

/// Everyone, ordered by uid and name.
pub(super) fn of(
    root: &Root,
    local: &Local,
    seen: &Seen,
    found: &Found,
    groups: &Groups,
    partial: &mut Vec<String>,
) -> Vec<Person> {
    let range = PeopleRange {
        first: local.defs.uid_min,
    };
    let shadow = local.shadow.iter().flatten();
    let context = Context {
        local,
        seen,
        range,
        // The first line of a name counts, so it is put in last.
        shadow: shadow.rev().map(|line| (&line.name, line)).collect(),
        logins: Logins::read(root, partial),
        groups,
        names: groups.names(),
        today: clock::now().as_second().div_euclid(SECONDS_A_DAY),
    };
    let known = found.accounts.iter().map(|account| context.person(account));
    let nameless = found
        .nameless
        .iter()
        .filter(|uid| range.is_person(**uid, false));
    let mut people: Vec<Person> = known
        .chain(nameless.map(|uid| context.nameless(*uid)))
        .collect();
    people.sort_by(|a, b| (a.uid, &a.name).cmp(&(b.uid, &b.name)));
    let home = |person: &Person| {
        let home = person.home.as_ref().map_or("", Hostile::raw);
        (person.uid, home.to_owned())
    };
    let used = quota::used(root, people.iter().map(home).collect());
    for (person, used) in people.iter_mut().zip(used) {
        person.home_bytes = used;
    }
    people
}

struct Context<'a> {
    local: &'a Local,
    seen: &'a Seen,
    range: PeopleRange,
    shadow: HashMap<&'a Hostile, &'a ShadowLine>,
    logins: Logins,
    groups: &'a Groups,
    names: BTreeMap<Gid, Hostile>,
    today: i64,
}

impl Context<'_> {
    fn person(&self, account: &Account) -> Person {
        let Account { line, source } = account;
        let name = &line.name;
        let shadow = if *source == Source::Local {
            self.shadow_of(account)
        } else {
            None
        };
        let (full_name, email) = of_gecos(line.gecos.raw());
        Person {
            name: Some(name.clone()),
            uid: line.uid,
            person: self.range.is_person(line.uid, true),
            source: *source,
            state: states(shadow.as_ref(), line.shell.raw(), self.today),
            full_name,
            email,
            gecos: line.gecos.clone().filled(),
            gid: Some(line.gid),
            primary_group: self.names.get(&line.gid).cloned(),
            groups: self.groups.listing(name, line.gid),
            home: line.home.clone().filled(),
            shell: Some(line.shell.clone().filled().unwrap_or("/bin/sh".into())),
            password: shadow.as_ref().map(|line| line.password),
            password_changed: shadow
                .as_ref()
                .and_then(|line| line.last_change.filter(|day| *day > 0))
                .and_then(date),
            expires: shadow.as_ref().and_then(|line| date(line.expires?)),
            last_login: self.last_login(Some(name), line.uid),
            home_bytes: None,
            linger: self.seen.lingering.contains(name),
            subuids: ranges(&self.local.subuids, Some(name), line.uid),
            subgids: ranges(&self.local.subgids, Some(name), line.uid),
        }
    }

    /// What the shadow file says, or the account's own password field in its place.
    fn shadow_of(&self, account: &Account) -> Option<ShadowLine> {
        let name = &account.line.name;
        match account.line.password {
            None => self.shadow.get(name).map(|line| (*line).clone()),
            Some(password) => Some(ShadowLine {
                name: name.clone(),
                password,
                last_change: None,
                min_days: None,
                max_days: None,
                warn_days: None,
                inactive_days: None,
                expires: None,
            }),
        }
    }

    /// A uid that owns something and has no account.
    fn nameless(&self, uid: Uid) -> Person {
        Person {
            name: None,
            uid,
            person: true,
            source: Source::Unknown,
            state: Vec::new(),
            full_name: None,
            email: None,
            gecos: None,
            gid: None,
            primary_group: None,
            groups: Vec::new(),
            home: None,
            shell: None,
            password: None,
            password_changed: None,
            expires: None,
            last_login: self.last_login(None, uid),
            home_bytes: None,
            linger: false,
            subuids: ranges(&self.local.subuids, None, uid),
            subgids: ranges(&self.local.subgids, None, uid),
        }
    }

    fn last_login(&self, name: Option<&Hostile>, uid: Uid) -> Option<Timestamp> {
        let own = self
            .seen
            .sessions
            .iter()
            .filter(|session| session.uid == uid);
        let now = own.filter_map(|session| session.since).max();
        let noted = self.logins.last(name.map_or("", Hostile::raw), uid);
        Timestamp::from_second(now.max(noted)?).ok()
    }
}

fn ranges(lines: &[SubidLine], name: Option<&Hostile>, uid: Uid) -> Vec<IdRange> {
    let own = lines.iter().filter(|line| line.is_of(name, uid));
    own.map(|line| line.range).collect()
}

/// Full name and address of a GECOS field: the first of its parts, and the last where it is one.
fn of_gecos(gecos: &str) -> (Option<Hostile>, Option<Hostile>) {
    let mut parts = gecos.splitn(5, ',').map(str::trim);
    let name = parts.next().unwrap_or("");
    let other = parts.nth(3).unwrap_or("");
    let is_address = other
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
        && !other.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',');
    (
        Hostile::from(name).filled(),
        Hostile::from(if is_address { other } else { "" }).filled(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gecos_tells_a_name_and_perhaps_an_address() {
        let told = |gecos: &str| {
            let (name, email) = of_gecos(gecos);
            let text = |part: Option<Hostile>| part.map_or("-".to_owned(), |p| p.raw().to_owned());
            format!("{} {}", text(name), text(email))
        };
        assert_eq!(told("Ada L,,,,ada@example.org"), "Ada L ada@example.org");
        assert_eq!(told("Ada L,3.14,1,2,"), "Ada L -");
        assert_eq!(told(""), "- -");
        assert_eq!(told(",,,,not an@address"), "- -");
        assert_eq!(told("A,,,,a@b,c"), "A -");
    }
}
