//! Accounts and groups that are in no file of `/etc`: asked of NSS (`nss(5)`) on a live host; on
//! a fixture tree, its `etc` and the files of libnss-extrausers stand for the directory.
//!
//! A directory that hangs must not hang us: one thread asks, and after a silence it is given up
//! for good. What was not answered is told, never taken for "does not exist".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use uzers::os::unix::{GroupExt as _, UserExt as _};

use crate::base::hostile::Hostile;
use crate::base::id::{Gid, Uid};
use crate::host::nss;
use crate::host::root::Root;
use crate::model::people::local::{GroupLine, PasswdLine};
use crate::model::people::parse;

/// A directory that says nothing for so long is down.
const SILENCE: Duration = Duration::from_secs(5);

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    /// `getpwuid(3)`.
    User(Uid),
    /// `getpwnam(3)`.
    UserName(Hostile),
    /// `getgrgid(3)`.
    Group(Gid),
    /// `getgrnam(3)`.
    GroupName(Hostile),
    /// `getgrouplist(3)` of a name and its primary group.
    GroupsOf(Hostile, Gid),
}

/// What was found, which may be nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) user: Option<PasswdLine>,
    pub(super) groups: Vec<GroupLine>,
}

/// Whom to ask.
#[derive(Debug)]
pub(super) enum Nss {
    Live {
        questions: Sender<Question>,
        answers: Receiver<(Question, Answer)>,
        /// How long one answer is waited for; nothing, once that was too long.
        patience: Option<Duration>,
    },
    Fixture {
        users: Vec<PasswdLine>,
        groups: Vec<GroupLine>,
    },
}

impl Nss {
    pub(super) fn new(root: &Root) -> Self {
        if !root.is_live() {
            return Self::fixture(root);
        }
        let (questions, asked) = channel::<Question>();
        let (answer, answers) = channel();
        let ask = move || {
            for question in asked {
                let found = look_up(&question);
                if answer.send((question, found)).is_err() {
                    return;
                }
            }
        };
        // Without the thread nothing is ever answered, and that is told.
        let _ = std::thread::Builder::new().name("nss".into()).spawn(ask);
        Self::Live {
            questions,
            answers,
            patience: Some(SILENCE),
        }
    }

    fn fixture(root: &Root) -> Self {
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        for dir in ["/etc", "/var/lib/extrausers"] {
            let bytes = |name: &str| {
                let read = root.read(&format!("{dir}/{name}"));
                read.ok().flatten().unwrap_or_default()
            };
            // Problems of these files are told by whoever reads them as files.
            users.extend(parse::passwd("", &bytes("passwd"), &mut Vec::new()));
            groups.extend(parse::group("", &bytes("group"), &mut Vec::new()));
        }
        Self::Fixture { users, groups }
    }

    /// Asks everything at once; a question without an entry was not answered.
    pub(super) fn ask(&mut self, asked: Vec<Question>) -> BTreeMap<Question, Answer> {
        match self {
            Self::Fixture { users, groups } => asked
                .into_iter()
                .map(|question| {
                    let answer = find(&question, users, groups);
                    (question, answer)
                })
                .collect(),
            Self::Live {
                questions,
                answers,
                patience,
            } => {
                let mut found = BTreeMap::new();
                let asked: BTreeSet<Question> = asked.into_iter().collect();
                let mut waiting = asked.len();
                if patience.is_some() {
                    for question in asked {
                        // Without a thread to take it, the silence below tells.
                        let _ = questions.send(question);
                    }
                }
                while let (Some(limit), 1..) = (*patience, waiting) {
                    match answers.recv_timeout(limit) {
                        Ok((question, answer)) => found.insert(question, answer),
                        Err(_) => {
                            *patience = None;
                            break;
                        }
                    };
                    waiting -= 1;
                }
                found
            }
        }
    }
}

fn look_up(question: &Question) -> Answer {
    let group = |group: Option<uzers::Group>| Answer {
        user: None,
        groups: group.as_ref().map(group_line).into_iter().collect(),
    };
    let user = |user: Option<uzers::User>| Answer {
        user: user.as_ref().map(passwd_line),
        groups: Vec::new(),
    };
    match question {
        Question::User(uid) => user(nss::user(*uid)),
        Question::UserName(name) => user(nss::user_named(name.raw())),
        Question::Group(gid) => group(nss::group(*gid)),
        Question::GroupName(name) => group(nss::group_named(name.raw())),
        Question::GroupsOf(name, gid) => {
            let groups = nss::groups_of(name.raw(), *gid);
            Answer {
                user: None,
                groups: groups.iter().map(group_line).collect(),
            }
        }
    }
}

fn text(name: &std::ffi::OsStr) -> Hostile {
    name.to_string_lossy().as_ref().into()
}

fn passwd_line(user: &uzers::User) -> PasswdLine {
    PasswdLine {
        name: text(user.name()),
        password: None,
        uid: Uid(user.uid()),
        gid: Gid(user.primary_group_id()),
        gecos: text(user.gecos()),
        home: text(user.home_dir().as_os_str()),
        shell: text(user.shell().as_os_str()),
    }
}

fn group_line(group: &uzers::Group) -> GroupLine {
    GroupLine {
        name: text(group.name()),
        gid: Gid(group.gid()),
        members: group.members().iter().map(|name| text(name)).collect(),
    }
}

fn find(question: &Question, users: &[PasswdLine], groups: &[GroupLine]) -> Answer {
    let user = |wanted: &dyn Fn(&PasswdLine) -> bool| Answer {
        user: users.iter().find(|line| wanted(line)).cloned(),
        groups: Vec::new(),
    };
    let group = |wanted: &dyn Fn(&GroupLine) -> bool| Answer {
        user: None,
        groups: groups
            .iter()
            .find(|line| wanted(line))
            .cloned()
            .into_iter()
            .collect(),
    };
    match question {
        Question::User(uid) => user(&|line| line.uid == *uid),
        Question::UserName(name) => user(&|line| line.name == *name),
        Question::Group(gid) => group(&|line| line.gid == *gid),
        Question::GroupName(name) => group(&|line| line.name == *name),
        Question::GroupsOf(name, gid) => {
            let has = |line: &&GroupLine| line.gid == *gid || line.members.contains(name);
            Answer {
                user: None,
                groups: groups.iter().filter(has).cloned().collect(),
            }
        }
    }
}

/// Whether groups are looked for anywhere but in `/etc/group`: `nsswitch.conf(5)`.
pub(super) fn groups_elsewhere(root: &Root) -> bool {
    if !root.is_live() {
        return root.exists("/var/lib/extrausers/group");
    }
    let conf = root.peek("/etc/nsswitch.conf").unwrap_or_default();
    conf.lines().any(names_a_directory)
}

/// A line for groups with a source that is neither a file of ours nor systemd's own people.
fn names_a_directory(line: &str) -> bool {
    let line = line.split('#').next().unwrap_or("");
    let Some((database, sources)) = line.split_once(':') else {
        return false;
    };
    let mut in_brackets = false;
    matches!(database.trim(), "group" | "initgroups")
        && sources.split_ascii_whitespace().any(|word| {
            let action = in_brackets || word.starts_with('[');
            in_brackets = action && !word.ends_with(']');
            !action && !matches!(word, "files" | "compat" | "systemd")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_any_source_that_is_not_ours() {
        for (line, is) in [
            ("group:          files systemd", false),
            ("group: files [SUCCESS=merge] systemd", false),
            ("group: files [SUCCESS=merge NOTFOUND=continue] sss", true),
            ("initgroups: files sss # winbind", true),
            ("passwd: files ldap", false),
            ("# group: files ldap", false),
        ] {
            assert_eq!(names_a_directory(line), is, "{line}");
        }
    }

    #[test]
    fn a_directory_that_hangs_is_given_up_for_good() {
        let (questions, asked) = channel();
        let (answer, answers) = channel();
        let mut nss = Nss::Live {
            questions,
            answers,
            patience: Some(Duration::from_millis(20)),
        };
        let local = Question::User(Uid::ROOT);
        answer.send((local.clone(), Answer::default())).unwrap();
        let found = nss.ask(vec![local.clone(), Question::User(Uid(7)), local.clone()]);
        assert_eq!(found.keys().collect::<Vec<_>>(), [&local]);
        assert_eq!(asked.try_iter().count(), 2);
        assert!(nss.ask(vec![local]).is_empty());
        assert_eq!(asked.try_iter().count(), 0, "nothing is asked any more");
    }

    #[test]
    fn this_hosts_root_is_found_by_name_and_number() {
        let mut nss = Nss::new(&Root::live());
        let asked = vec![
            Question::User(Uid::ROOT),
            Question::UserName("root".into()),
            Question::GroupsOf("ro\0ot".into(), Gid(0)),
        ];
        let found = nss.ask(asked.clone());
        for question in &asked[..2] {
            assert_eq!(found[question].user.as_ref().unwrap().uid, Uid::ROOT);
        }
        assert_eq!(found[&asked[2]], Answer::default());
    }
}
