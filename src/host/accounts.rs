//! Names of uids: through NSS on a live host, so that directory people have theirs; from
//! `etc/passwd` on a fixture tree.
//!
//! A directory that does not answer must not hold up a sample, so NSS is asked by a thread of
//! its own and a name that is late appears in a later sample.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::base::id::{PeopleRange, Uid, UserName};
use crate::base::text::printable;
use crate::model::adoption::Owner;
use crate::model::sample::Account;

use super::clock;
use super::nss;
use super::root::Root;

/// Longer names exist in directories; the screen cuts them anyway.
const NAME_CHARS: usize = 256;

/// What is known of uids so far.
#[derive(Debug)]
pub struct Accounts {
    range: PeopleRange,
    known: HashMap<Uid, Known>,
    lookup: Lookup,
    /// Whether those that are pending have been waited for.
    waited: bool,
}

#[derive(Debug)]
enum Known {
    /// Asked, not answered yet.
    Pending,
    Answered(Option<Arc<str>>),
}

#[derive(Debug)]
enum Lookup {
    /// A thread that asks NSS.
    Nss {
        questions: Sender<Uid>,
        answers: Receiver<(Uid, Option<Arc<str>>)>,
    },
    /// Everything was read from the fixture at once.
    Fixture,
}

impl Accounts {
    /// Gets ready to answer for one host.
    #[must_use]
    pub fn new(root: &Root) -> Self {
        let range = people_range(root);
        if !root.is_live() {
            return Self {
                range,
                known: fixture_names(root),
                lookup: Lookup::Fixture,
                waited: false,
            };
        }
        let (questions, asked) = channel::<Uid>();
        let (answer, answers) = channel();
        let ask = move || {
            for uid in asked {
                let name = nss::user(uid).map(|user| clean(user.name().as_encoded_bytes()));
                if answer.send((uid, name)).is_err() {
                    return;
                }
            }
        };
        // Without the thread every uid stays a number, which is still true.
        let _ = std::thread::Builder::new().name("names".into()).spawn(ask);
        Self {
            range,
            known: HashMap::new(),
            lookup: Lookup::Nss { questions, answers },
            waited: false,
        }
    }

    /// What is known of each of these uids; new ones are asked for, and waited for so long at
    /// most, all of them together.
    pub fn describe(
        &mut self,
        uids: impl Iterator<Item = Uid>,
        patience: Duration,
    ) -> Vec<(Uid, Account)> {
        let uids: Vec<Uid> = uids.collect();
        self.ask(&uids, patience);
        uids.into_iter()
            .map(|uid| (uid, self.account(uid)))
            .collect()
    }

    /// What is known of one uid at this moment; a new one is asked for and not waited for.
    pub fn owner(&mut self, uid: Uid) -> Owner {
        self.ask(&[uid], Duration::ZERO);
        let asked = matches!(self.known.get(&uid), Some(Known::Pending));
        let Account { person, name } = self.account(uid);
        Owner {
            person,
            name,
            asked,
        }
    }

    /// Forgets that some uids had no name, and all names when there are very many: accounts come
    /// and go.
    pub fn refresh(&mut self) {
        const MANY: usize = 4096;
        let many = self.known.len() > MANY;
        let stays = |known: &Known| match known {
            Known::Pending => true,
            Known::Answered(name) => name.is_some() && !many,
        };
        self.known.retain(|_, known| stays(known));
    }

    /// What a uid is called, as far as that is known now.
    #[must_use]
    pub fn name(&self, uid: Uid) -> Option<Arc<str>> {
        match self.known.get(&uid) {
            Some(Known::Answered(name)) => name.clone(),
            Some(Known::Pending) | None => None,
        }
    }

    fn account(&self, uid: Uid) -> Account {
        let name = self.name(uid);
        Account {
            person: self.range.is_person(uid, name.is_some()),
            name,
        }
    }

    fn ask(&mut self, uids: &[Uid], patience: Duration) {
        let Lookup::Nss { questions, answers } = &self.lookup else {
            return;
        };
        for uid in uids {
            if !self.known.contains_key(uid) && questions.send(*uid).is_ok() {
                self.known.insert(*uid, Known::Pending);
                self.waited = false;
            }
        }
        while let Ok((uid, name)) = answers.try_recv() {
            self.known.insert(uid, Known::Answered(name));
        }
        // Nobody is waited for twice.
        if patience.is_zero() || self.waited {
            return;
        }
        self.waited = true;
        let last = clock::after(patience);
        let pending = |known: &Known| matches!(known, Known::Pending);
        let mut late = self.known.values().filter(|known| pending(known)).count();
        while late > 0
            && let Ok((uid, name)) = answers.recv_timeout(clock::until(last))
        {
            late -= 1;
            self.known.insert(uid, Known::Answered(name));
        }
    }
}

/// The uid of a name, through NSS or the fixture's `etc/passwd`; digits are a uid as they are.
#[must_use]
pub fn uid_of(root: &Root, name: &UserName) -> Option<Uid> {
    let by_name = if root.is_live() {
        nss::user_named(name.as_str()).map(|user| Uid(user.uid()))
    } else {
        passwd(root)
            .find(|(known, _)| known == name.as_str())
            .map(|(_, uid)| uid)
    };
    by_name.or_else(|| name.as_str().parse().ok().map(Uid))
}

fn clean(name: &[u8]) -> Arc<str> {
    printable(name, NAME_CHARS).into()
}

/// Which uids are people's.
pub fn people_range(root: &Root) -> PeopleRange {
    let defs = root.peek("/etc/login.defs").unwrap_or_default();
    let first = defs.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some("UID_MIN")).then(|| words.next()?.parse().ok())?
    });
    first.map_or_else(PeopleRange::default, |first| PeopleRange { first })
}

fn passwd(root: &Root) -> impl Iterator<Item = (String, Uid)> + use<> {
    let text = root.peek("/etc/passwd").unwrap_or_default();
    let entries: Vec<(String, Uid)> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let uid = fields.nth(1)?.parse().ok()?;
            Some((name, Uid(uid)))
        })
        .collect();
    entries.into_iter()
}

fn fixture_names(root: &Root) -> HashMap<Uid, Known> {
    passwd(root)
        .map(|(name, uid)| (uid, Known::Answered(Some(clean(name.as_bytes())))))
        .collect()
}
