//! Bringing it together: files, traces and answers become accounts and groups.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::hostile::Hostile;
use crate::base::id::{Gid, PeopleRange, Uid, UserName};
use crate::host::root::Root;
use crate::model::people::local::{Local, PasswdLine};
use crate::model::people::{People, Source};
use crate::model::sample::Session;

use super::groups::{self, Groups};
use super::nss::{Nss, Question, groups_elsewhere};
use super::seen::{self, Seen};
use super::{etc, persons};

/// Who is asked for beyond everybody who left a trace.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// Nobody.
    Everyone,
    /// This person, whose groups alone are asked for.
    User(&'a UserName),
    /// This group.
    Group(&'a UserName),
}

/// What is known now, and whom to ask for more.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) people: People,
    pub(super) sessions: Arc<Vec<Session>>,
    /// Whose groups the directory did not tell.
    pub(super) unsure: BTreeSet<Hostile>,
    pub(super) nss: Nss,
}

/// One account and where it is written down.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) line: PasswdLine,
    pub(super) source: Source,
}

pub(super) fn gather(root: &Root, asked: Asked<'_>) -> Gathered {
    let (local, mut partial) = etc::read(root);
    let range = PeopleRange {
        first: local.defs.uid_min,
    };
    let mut seen = seen::look_around(root, &local, range, &mut partial);
    if let Asked::User(name) = asked {
        seen.names.insert(name.as_str().into());
        seen.uids.extend(name.as_str().parse().ok().map(Uid));
    }
    let mut nss = Nss::new(root);
    let found = Found::of(&local, &seen, &mut nss);
    found.note_silence(&mut partial);
    let mut groups = Groups::of(&local, &found);
    let mut unsure = BTreeSet::new();
    if groups_elsewhere(root) {
        let wanted = |account: &&Account| match asked {
            Asked::User(name) => account.line.name == name.as_str() || is_uid(account, name),
            Asked::Everyone | Asked::Group(_) => {
                account.source == Source::Directory || range.is_person(account.line.uid, true)
            }
        };
        let of: Vec<(Hostile, Gid)> = found
            .accounts
            .iter()
            .filter(wanted)
            .map(|account| (account.line.name.clone(), account.line.gid))
            .collect();
        unsure = groups.ask_memberships(&of, &mut nss);
    }
    let mut more = groups.nameless(&found.accounts);
    if let Asked::Group(name) = asked {
        more.push(Question::GroupName(name.as_str().into()));
        more.extend(
            name.as_str()
                .parse()
                .ok()
                .map(|gid| Question::Group(Gid(gid))),
        );
    }
    unsure.extend(groups.ask_groups(&more, &mut nss));
    if !unsure.is_empty() {
        partial.push(format!(
            "groups from the directory: no answer for {}",
            some(unsure.iter())
        ));
    }
    let users = persons::of(root, &local, &seen, &found, &groups, &mut partial);
    let groups = groups::finish(groups, &found);
    Gathered {
        people: People {
            users,
            groups,
            partial,
        },
        sessions: seen.sessions,
        unsure,
        nss,
    }
}

fn is_uid(account: &Account, name: &UserName) -> bool {
    name.as_str().parse() == Ok(account.line.uid.0)
}

/// Accounts, and the traces that lead to none.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) accounts: Vec<Account>,
    /// Uids that no account has.
    pub(super) nameless: BTreeSet<Uid>,
    /// Names that no account has.
    pub(super) strangers: BTreeSet<Hostile>,
    /// Questions that were not answered in time.
    silent: Vec<String>,
}

impl Found {
    fn of(local: &Local, seen: &Seen, nss: &mut Nss) -> Self {
        let account = |line: &PasswdLine| Account {
            line: line.clone(),
            source: Source::Local,
        };
        let mut found = Self {
            accounts: local.passwd.iter().map(account).collect(),
            nameless: BTreeSet::new(),
            strangers: BTreeSet::new(),
            silent: Vec::new(),
        };
        let uids: BTreeSet<Uid> = local.passwd.iter().map(|line| line.uid).collect();
        let mut names: BTreeSet<Hostile> =
            local.passwd.iter().map(|line| line.name.clone()).collect();
        let uids = seen.uids.difference(&uids).copied().map(Question::User);
        let unknown = seen.names.difference(&names).cloned();
        let asked: Vec<Question> = uids.chain(unknown.map(Question::UserName)).collect();
        let mut answers = nss.ask(asked.clone());
        for question in asked {
            let answer = answers.remove(&question);
            match (answer.map(|answer| answer.user), question) {
                (Some(Some(line)), _) => {
                    if names.insert(line.name.clone()) {
                        found.accounts.push(Account {
                            line,
                            source: Source::Directory,
                        });
                    }
                }
                (Some(None), Question::UserName(name)) => {
                    found.strangers.insert(name);
                }
                (Some(None), Question::User(uid)) => {
                    found.nameless.insert(uid);
                }
                (None, Question::UserName(name)) => found.silent.push(name.to_string()),
                (None, Question::User(uid)) => {
                    found.silent.push(uid.to_string());
                    found.nameless.insert(uid);
                }
                (_, Question::Group(_) | Question::GroupName(_) | Question::GroupsOf(..)) => {}
            }
        }
        found
    }

    fn note_silence(&self, partial: &mut Vec<String>) {
        if !self.silent.is_empty() {
            partial.push(format!(
                "people of the directory: no answer for {}",
                some(self.silent.iter())
            ));
        }
    }
}

/// The first few, and how many more.
fn some<T: std::fmt::Display>(items: impl ExactSizeIterator<Item = T>) -> String {
    const SHOWN: usize = 8;
    let more = items.len().saturating_sub(SHOWN);
    let shown: Vec<String> = items.take(SHOWN).map(|item| item.to_string()).collect();
    let shown = shown.join(", ");
    if more > 0 {
        format!("{shown} and {more} more")
    } else {
        shown
    }
}
