//! Groups of `/etc/group` and of the directory, and who is in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::base::hostile::Hostile;
use crate::base::id::Gid;
use crate::model::people::local::{GroupLine, Local};
use crate::model::people::{Group, Source, meaning};

use super::gather::{Account, Found};
use super::nss::{Nss, Question};

/// All groups while they are being found.
#[derive(Debug)]
pub(super) struct Groups {
    groups: Vec<Group>,
    /// Where in `groups` somebody is listed.
    of: HashMap<Hostile, BTreeSet<usize>>,
}

impl Groups {
    /// Those of `/etc/group`, with everybody's primary group.
    pub(super) fn of(local: &Local, found: &Found) -> Self {
        let mut all = Self {
            groups: Vec::new(),
            of: HashMap::new(),
        };
        for line in &local.groups {
            all.add(line, Source::Local);
        }
        for stranger in &found.strangers {
            for at in all.of.get(stranger).into_iter().flatten() {
                all.groups[*at].strangers.push(stranger.clone());
            }
        }
        all
    }

    fn add(&mut self, line: &GroupLine, source: Source) -> usize {
        let at = self.groups.len();
        let members: BTreeSet<&Hostile> = line.members.iter().collect();
        for member in &members {
            self.of.entry((*member).clone()).or_default().insert(at);
        }
        self.groups.push(Group {
            name: line.name.clone(),
            gid: line.gid,
            source,
            members: members.into_iter().cloned().collect(),
            primary_members: Vec::new(),
            strangers: Vec::new(),
            meaning: meaning::of(line.name.raw()),
            private: false,
        });
        at
    }

    /// Where a group is, which is added when it is a new one of the directory.
    fn place(&mut self, line: &GroupLine) -> usize {
        let same = |group: &Group| group.gid == line.gid && group.name == line.name;
        let known = self.groups.iter().position(same);
        known.unwrap_or_else(|| self.add(line, Source::Directory))
    }

    /// Asks which groups these accounts are in; returns who got no answer.
    pub(super) fn ask_memberships(
        &mut self,
        of: &[(Hostile, Gid)],
        nss: &mut Nss,
    ) -> BTreeSet<Hostile> {
        let question = |(name, gid): &(Hostile, Gid)| Question::GroupsOf(name.clone(), *gid);
        let mut answers = nss.ask(of.iter().map(question).collect());
        let mut unsure = BTreeSet::new();
        for person in of {
            let Some(answer) = answers.remove(&question(person)) else {
                unsure.insert(person.0.clone());
                continue;
            };
            let (name, gid) = person;
            for line in &answer.groups {
                let at = self.place(line);
                if line.gid != *gid && self.of.entry(name.clone()).or_default().insert(at) {
                    let members = &mut self.groups[at].members;
                    let place = members.partition_point(|member| member < name);
                    members.insert(place, name.clone());
                }
            }
        }
        unsure
    }

    /// Questions for the primary groups that no known group is.
    pub(super) fn nameless(&self, accounts: &[Account]) -> Vec<Question> {
        let known: BTreeSet<Gid> = self.groups.iter().map(|group| group.gid).collect();
        let gids: BTreeSet<Gid> = accounts.iter().map(|account| account.line.gid).collect();
        gids.difference(&known)
            .copied()
            .map(Question::Group)
            .collect()
    }

    /// Adds the groups of a directory that are asked for; returns those without an answer.
    pub(super) fn ask_groups(&mut self, asked: &[Question], nss: &mut Nss) -> Vec<Hostile> {
        let answers = nss.ask(asked.to_vec());
        for line in answers.values().flat_map(|answer| &answer.groups) {
            self.place(line);
        }
        let silent = asked.iter().filter(|asked| !answers.contains_key(asked));
        silent
            .map(|question| match question {
                Question::Group(gid) => gid.to_string().into(),
                Question::GroupName(name) | Question::UserName(name) => name.clone(),
                Question::GroupsOf(name, _) => name.clone(),
                Question::User(uid) => uid.to_string().into(),
            })
            .collect()
    }

    /// The names of the groups in which somebody is listed besides their primary one, sorted.
    pub(super) fn listing(&self, name: &Hostile, primary: Gid) -> Vec<Hostile> {
        let listed = self.of.get(name).into_iter().flatten();
        let groups = listed.filter_map(|at| self.groups.get(*at));
        let names: BTreeSet<&Hostile> = groups
            .filter(|group| group.gid != primary)
            .map(|group| &group.name)
            .collect();
        names.into_iter().cloned().collect()
    }

    /// The names of all gids, the first group of each.
    pub(super) fn names(&self) -> BTreeMap<Gid, Hostile> {
        let mut names = BTreeMap::new();
        for group in &self.groups {
            names.entry(group.gid).or_insert_with(|| group.name.clone());
        }
        names
    }
}

/// All groups with everyone who has them as primary group, ordered.
pub(super) fn finish(groups: Groups, found: &Found) -> Vec<Group> {
    let mut primary: BTreeMap<Gid, BTreeSet<Hostile>> = BTreeMap::new();
    for account in &found.accounts {
        let names = primary.entry(account.line.gid).or_default();
        names.insert(account.line.name.clone());
    }
    let mut groups = groups.groups;
    for group in &mut groups {
        let names = primary.get(&group.gid).into_iter().flatten();
        group.primary_members = names.cloned().collect();
        group.private = group.primary_members == [group.name.clone()]
            && group.members.iter().all(|member| *member == group.name);
    }
    groups.sort_by(|a, b| (a.gid, &a.name).cmp(&(b.gid, &b.name)));
    groups
}
