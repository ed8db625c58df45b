//! What the policy means for one person at one moment on one host, every value with the table that
//! says it and those it overrode.
//!
//! Tables of one name are one table, in which a later file wins key by key. The table for everybody
//! comes first, then those of groups in the order in which the files first name them, then that of
//! the person; a later one wins, key by key. What is over by its `until` does not count.

use jiff::Timestamp;

use crate::base::limit::{Amount, Count, Limit, Size};
use crate::base::units::Bytes;

use super::schema::{Grant, Key, Place, Policy, Role, Runtime, RuntimeVersion, Scope, Value, Whom};

/// What a host has, for percentages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostSize {
    /// All memory.
    pub memory: Bytes,
    /// The size of a page: what memory is counted in.
    pub page: Bytes,
    /// How many tasks the kernel allows: the least of `pid_max` and `threads-max`.
    pub tasks: u64,
    /// How many processors.
    pub cpus: u32,
}

/// One person: what they are called, and all groups they are in, the primary one included.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// The name.
    pub name: &'a str,
    /// The groups.
    pub groups: &'a [&'a str],
}

/// Everything that is wished for one person.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// Why they are an admin, if they are one: protected, never frozen or killed, exempt from
    /// penalties.
    pub admin: Option<Because>,
    /// What is in force, in the order of [`Key::ALL`].
    pub limits: Vec<Setting>,
    /// What would be in force if it were not over.
    pub over: Vec<(Key, Said<Value>)>,
    /// Their R and Python, where a file chooses.
    pub runtimes: Vec<Choice>,
    /// Grants of sudo that name them or a group of theirs, those that are over included.
    pub grants: Vec<Held>,
    /// The most they may do through the guard.
    pub role: Option<(Role, Because)>,
}

/// A value, and who said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<T> {
    /// What.
    pub value: T,
    /// For whom the table is that says it.
    pub scope: Scope,
    /// Where.
    pub at: Place,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// One limit in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Which.
    pub key: Key,
    /// As it is written.
    pub said: Said<Value>,
    /// With this host's numbers in place of percentages.
    pub here: Value,
    /// What would be in force without it, the next one first.
    pub overrode: Vec<Said<Value>>,
}

/// A version in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Of what.
    pub runtime: Runtime,
    /// Which.
    pub said: Said<RuntimeVersion>,
    /// What would be in force without it, the next one first.
    pub overrode: Vec<Said<RuntimeVersion>>,
}

/// Why a list is about somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// Their group that it names; `None` where it names them.
    pub group: Option<String>,
    /// Where; `None` where no file says it.
    pub at: Option<Place>,
}

/// A grant that somebody has or had.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The grant.
    pub grant: Grant,
    /// Why it is about them.
    pub because: Because,
    /// Whether its time is over.
    pub over: bool,
}

impl Who<'_> {
    fn is_meant(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Default => true,
            Scope::Group(group) => self.groups.contains(&group.as_str()),
            Scope::User(user) => user.as_str() == self.name,
        }
    }

    fn is_named(&self, whom: &Whom) -> Option<Because> {
        let mut users = whom.users.iter().flat_map(|list| &list.value);
        if let Some(user) = users.find(|user| user.value.as_str() == self.name) {
            return Some(Because {
                group: None,
                at: Some(user.at.clone()),
            });
        }
        let mut groups = whom.groups.iter().flat_map(|list| &list.value);
        let group = groups.find(|group| self.groups.contains(&group.value.as_str()))?;
        Some(Because {
            group: Some(group.value.as_str().to_owned()),
            at: Some(group.at.clone()),
        })
    }
}

/// The order of tables: how wide they are, and which is named first.
struct Order<'a>(Vec<&'a Scope>);

impl<'a> Order<'a> {
    fn of(scopes: impl Iterator<Item = &'a Scope>) -> Self {
        let mut order: Vec<&Scope> = Vec::new();
        for scope in scopes {
            if !order.contains(&scope) {
                order.push(scope);
            }
        }
        Self(order)
    }

    fn rank(&self, scope: &Scope) -> (u8, Option<usize>) {
        let width = match scope {
            Scope::Default => 0,
            Scope::Group(_) => 1,
            Scope::User(_) => 2,
        };
        (width, self.0.iter().position(|known| *known == scope))
    }
}

impl Policy {
    /// What is wished for somebody.
    #[must_use]
    pub fn resolve(&self, who: Who<'_>, now: Timestamp, host: &HostSize) -> Resolved {
        let (limits, over) = self.limits_of(who, now, host);
        Resolved {
            admin: self.admin_because(who),
            limits,
            over,
            runtimes: self.runtimes_of(who),
            grants: self.grants_of(who, now),
            role: self.role_of(who),
        }
    }

    /// When the next thing ends by itself.
    #[must_use]
    pub fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        let tables = self.files.iter().flat_map(|file| &file.limits);
        let limits = tables.flat_map(|table| {
            let entries = table.entries.iter();
            entries.filter_map(|entry| table.end_of(entry).map(|until| until.value))
        });
        let grants = self.grants();
        let grants = grants
            .iter()
            .filter_map(|grant| Some(grant.until.as_ref()?.value));
        limits.chain(grants).filter(|end| *end > now).min()
    }

    /// Why somebody is an admin.
    #[must_use]
    pub fn admin_because(&self, who: Who<'_>) -> Option<Because> {
        let admins = self.admins();
        let mut users = admins.users.iter();
        if let Some((_, at)) = users.find(|(name, _)| name.as_str() == who.name) {
            return Some(Because {
                group: None,
                at: at.clone(),
            });
        }
        let mut groups = admins.groups.iter();
        let (group, at) = groups.find(|(group, _)| who.groups.contains(&group.as_str()))?;
        Some(Because {
            group: Some(group.as_str().to_owned()),
            at: at.clone(),
        })
    }

    fn limits_of(
        &self,
        who: Who<'_>,
        now: Timestamp,
        host: &HostSize,
    ) -> (Vec<Setting>, Vec<(Key, Said<Value>)>) {
        let (mut limits, mut over) = (Vec::new(), Vec::new());
        let tables = self.files.iter().flat_map(|file| &file.limits);
        let order = Order::of(tables.map(|table| &table.scope));
        for key in Key::ALL {
            let mut said: Vec<Said<Value>> = Vec::new();
            for table in self.files.iter().flat_map(|file| &file.limits) {
                if !who.is_meant(&table.scope) {
                    continue;
                }
                let own = table.entries.iter().filter(|entry| entry.key == key);
                said.extend(own.map(|entry| Said {
                    value: entry.value.clone(),
                    scope: table.scope.clone(),
                    at: entry.at.clone(),
                    until: table.end_of(entry).map(|until| until.value),
                }));
            }
            let (past, mut said): (Vec<_>, Vec<_>) = said
                .into_iter()
                .partition(|said| said.until.is_some_and(|until| until <= now));
            over.extend(past.into_iter().map(|said| (key, said)));
            said.sort_by_key(|said| order.rank(&said.scope));
            if let Some(winner) = said.pop() {
                said.reverse();
                limits.push(Setting {
                    key,
                    here: winner.value.here(host),
                    said: winner,
                    overrode: said,
                });
            }
        }
        (limits, over)
    }

    fn runtimes_of(&self, who: Who<'_>) -> Vec<Choice> {
        let mut choices = Vec::new();
        let tables = self.files.iter().flat_map(|file| &file.runtimes);
        let order = Order::of(tables.map(|table| &table.scope));
        for runtime in Runtime::ALL {
            let mut said: Vec<Said<RuntimeVersion>> = Vec::new();
            for table in self.files.iter().flat_map(|file| &file.runtimes) {
                if !who.is_meant(&table.scope) {
                    continue;
                }
                let own = table.choices.iter().filter(|(own, _)| *own == runtime);
                said.extend(own.map(|(_, version)| Said {
                    value: version.value.clone(),
                    scope: table.scope.clone(),
                    at: version.at.clone(),
                    until: None,
                }));
            }
            said.sort_by_key(|said| order.rank(&said.scope));
            if let Some(winner) = said.pop() {
                said.reverse();
                choices.push(Choice {
                    runtime,
                    said: winner,
                    overrode: said,
                });
            }
        }
        choices
    }

    fn grants_of(&self, who: Who<'_>, now: Timestamp) -> Vec<Held> {
        let grants = self.grants().into_iter();
        let held = grants.filter_map(|grant| {
            let because = who.is_named(&grant.whom)?;
            let over = grant.until.as_ref().is_some_and(|until| until.value <= now);
            Some(Held {
                grant,
                because,
                over,
            })
        });
        held.collect()
    }

    fn role_of(&self, who: Who<'_>) -> Option<(Role, Because)> {
        let roles = self.roles().0.into_iter().rev();
        let mut mine = roles.filter_map(|(role, _, whom)| Some((role, who.is_named(&whom)?)));
        mine.next()
    }
}

impl Resolved {
    /// The limit of a key.
    #[must_use]
    pub fn limit(&self, key: Key) -> Option<&Setting> {
        self.limits.iter().find(|setting| setting.key == key)
    }
}

impl Value {
    /// The same with this host's numbers in place of percentages: memory in whole pages, as the
    /// kernel keeps it.
    #[must_use]
    pub fn here(&self, host: &HostSize) -> Self {
        match self {
            Self::Memory(Limit::At(amount)) => {
                let size = Amount::Fixed(amount.here(host));
                Self::Memory(Limit::At(size))
            }
            Self::Tasks(Limit::At(amount)) => {
                let count = Amount::Fixed(amount.here(host));
                Self::Tasks(Limit::At(count))
            }
            other => other.clone(),
        }
    }
}

impl Amount<Size> {
    /// How much that is on a host, a part in whole pages.
    #[must_use]
    pub fn here(&self, host: &HostSize) -> Size {
        match self {
            Self::Fixed(size) => *size,
            Self::Share(part) => {
                let (part, page) = (part.of(host.memory.0), host.page.0.max(1));
                Size(Bytes(part / page * page))
            }
        }
    }
}

impl Amount<Count> {
    /// How many that is on a host.
    #[must_use]
    pub fn here(&self, host: &HostSize) -> Count {
        match self {
            Self::Fixed(count) => *count,
            Self::Share(part) => Count(part.of(host.tasks)),
        }
    }
}
