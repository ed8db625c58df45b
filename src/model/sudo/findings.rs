//! What is not as it should be with sudo on a host, each with its place and what to do.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::text::{counted, printable};

use super::view::{Known, PersonRights};
use super::{Item, Name, Place, Rule, Spec, What, words};

/// What kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A line that sudo does not understand.
    Syntax,
    /// A file that sudo passes over.
    Ignored,
    /// A rule that amounts to root without saying so.
    Dangerous,
    /// A rule that says again what another says.
    Duplicate,
    /// A rule that another takes back.
    Shadowed,
    /// A rule that names somebody or something that is not there.
    Dangling,
    /// A rule whose time is over.
    Expired,
    /// A file of a grant that is not as the policy says.
    Drift,
    /// Root by another name, for a person.
    Root,
}

impl Kind {
    /// As written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Ignored => "ignored",
            Self::Dangerous => "dangerous",
            Self::Duplicate => "duplicate",
            Self::Shadowed => "shadowed",
            Self::Dangling => "dangling",
            Self::Expired => "expired",
            Self::Drift => "drift",
            Self::Root => "root",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Of what kind.
    pub kind: Kind,
    /// Where: a file and line, or a file.
    pub place: String,
    /// What is found.
    pub what: String,
    /// What to do.
    #[serde(rename = "do")]
    pub todo: String,
}

/// All findings, by kind and place.
#[must_use]
pub fn of(known: &Known, all: &[PersonRights]) -> Vec<Finding> {
    let mut found = Vec::new();
    let syntax = if known.broken.is_empty() {
        &known.tree.problems
    } else {
        &known.broken
    };
    for problem in syntax {
        found.push(Finding {
            kind: Kind::Syntax,
            place: problem.place.to_string(),
            what: printable(problem.what.as_bytes(), 300),
            todo: "sudo passes this line over; mend it with visudo".to_owned(),
        });
    }
    for ignored in &known.ignored {
        found.push(Finding {
            kind: Kind::Ignored,
            place: printable(ignored.file.as_bytes(), 300),
            what: format!("sudo passes this file over: {}", ignored.why),
            todo: "rename it, set its owner and mode, or remove it".to_owned(),
        });
    }
    twice(&known.tree.rules, &mut found);
    dangling(known, &mut found);
    expired(known, &mut found);
    dangerous(known, all, &mut found);
    for one in all.iter().filter(|one| one.person) {
        for way in one
            .ways
            .iter()
            .filter(|way| way.kind != super::ways::Kind::Sudo)
        {
            found.push(Finding {
                kind: Kind::Root,
                place: way.place.clone().unwrap_or_else(|| one.user.to_string()),
                what: format!("{} {}", one.user, way.how),
                todo: "take it back unless they are meant to be root".to_owned(),
            });
        }
    }
    found.sort();
    found.dedup();
    found
}

fn place(rule: &Rule) -> String {
    let place = rule.place.as_ref();
    place.map_or_else(|| "/etc/sudoers".to_owned(), Place::to_string)
}

/// Who, where and as whom: what has to be the same for one rule to speak of what another does.
fn key(rule: &Rule, spec: &Spec, command: &What, digests: usize) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {command:?} {digests}",
        rule.who, rule.hosts, spec.users, spec.groups
    )
}

fn twice(rules: &[Rule], found: &mut Vec<Finding>) {
    let mut seen: BTreeMap<String, (&Rule, &Spec, bool)> = BTreeMap::new();
    for rule in rules {
        for spec in &rule.specs {
            for item in &spec.commands {
                let command = &item.what;
                let key = key(rule, spec, &command.what, command.digests);
                let before = seen.insert(key, (rule, spec, item.negated));
                let Some((first, was, negated)) = before else {
                    continue;
                };
                let text = printable(words::command(command).as_bytes(), 200);
                let whom = printable(words::names(&rule.who).as_bytes(), 200);
                if was.tags == spec.tags && negated == item.negated {
                    found.push(Finding {
                        kind: Kind::Duplicate,
                        place: place(rule),
                        what: format!("`{text}` for {whom} is said at {} already", place(first)),
                        todo: "remove one of the two".to_owned(),
                    });
                } else if was.tags.not_after.is_none() && spec.tags.not_after.is_none() {
                    found.push(Finding {
                        kind: Kind::Shadowed,
                        place: place(first),
                        what: format!(
                            "`{text}` for {whom} has no effect: {} is read later and decides",
                            place(rule)
                        ),
                        todo: "remove it".to_owned(),
                    });
                }
            }
        }
    }
}

fn dangling(known: &Known, found: &mut Vec<Finding>) {
    let mut tell = |rule: &Rule, what: String, todo: &str| {
        found.push(Finding {
            kind: Kind::Dangling,
            place: place(rule),
            what,
            todo: todo.to_owned(),
        });
    };
    for rule in &known.tree.rules {
        let targets = rule
            .specs
            .iter()
            .flat_map(|spec| spec.users.iter().flatten());
        let named = rule
            .who
            .iter()
            .map(|item| (item, "is for"))
            .chain(targets.map(|t| (t, "runs as")));
        for (item, how) in named {
            let shown = printable(words::name(&item.what).as_bytes(), 100);
            let (gone, kind) = match &item.what {
                Name::User(name) => (known.no_users.contains(name), "account"),
                Name::Uid(uid) => (known.no_users.contains(&uid.to_string()), "uid"),
                Name::Group(name) => (known.no_groups.contains(name), "group"),
                Name::Gid(gid) => (known.no_groups.contains(&gid.to_string()), "gid"),
                Name::Alias(_) => (true, "alias"),
                _ => (false, ""),
            };
            if gone {
                tell(
                    rule,
                    format!("the rule {how} {shown}, and there is no such {kind}"),
                    "remove it: whoever gets that name next gets the rule",
                );
            }
        }
        for item in rule.specs.iter().flat_map(|spec| &spec.commands) {
            let command = printable(words::command(&item.what).as_bytes(), 200);
            match &item.what.what {
                What::Run(path, _) if known.no_programs.contains(path) => tell(
                    rule,
                    format!("`{command}` names a program that is not there"),
                    "remove it, or name the program that is meant",
                ),
                What::Alias(_) => tell(
                    rule,
                    format!("the alias {command} is defined nowhere"),
                    "define it, or remove the rule",
                ),
                _ => {}
            }
        }
    }
}

fn expired(known: &Known, found: &mut Vec<Finding>) {
    for rule in &known.tree.rules {
        let ends = rule.specs.iter().filter_map(|spec| spec.tags.not_after);
        let over = ends.filter(|until| *until < known.ground.now).max();
        if let Some(until) = over {
            found.push(Finding {
                kind: Kind::Expired,
                place: place(rule),
                what: format!(
                    "a rule for {} is over since {}; `sudo -l` lists it all the same",
                    printable(words::names(&rule.who).as_bytes(), 200),
                    words::moment(until)
                ),
                todo: "remove it".to_owned(),
            });
        }
    }
}

/// Rules that are root without being called that, each with how many people it makes root.
fn dangerous(known: &Known, all: &[PersonRights], found: &mut Vec<Finding>) {
    let mut by_rule: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for one in all.iter().filter(|one| one.uid != 0) {
        for right in &one.rights {
            let Some(place) = &right.place else {
                continue;
            };
            let said = right.command == "ALL";
            let why = match (&right.root, &right.note) {
                (Some(_), _) if said && right.password => continue,
                (Some(_), _) if said => "it is everything, without a password".to_owned(),
                (Some(why), _) => format!("it amounts to root: {why}"),
                (None, Some(note)) => note.clone(),
                (None, None) => continue,
            };
            let key = (place.to_string(), right.command.clone(), why);
            *by_rule.entry(key).or_default() += 1;
        }
    }
    for ((place, command, why), people) in by_rule {
        let people = counted(people, "account has it", "accounts have it");
        found.push(Finding {
            kind: Kind::Dangerous,
            place,
            what: format!("`{command}`: {why} ({people})"),
            todo: "name the exact command with its arguments, or say ALL".to_owned(),
        });
    }
    for rule in &known.tree.rules {
        for spec in &rule.specs {
            let everything =
                |item: &&Item<super::Cmnd>| item.what.what == What::All && !item.negated;
            let but = spec.commands.iter().find(|item| item.negated);
            if let (Some(_), Some(but)) = (spec.commands.iter().find(everything), but) {
                let but = printable(words::command(&but.what).as_bytes(), 200);
                found.push(Finding {
                    kind: Kind::Dangerous,
                    place: place(rule),
                    what: format!(
                        "`{but}` is taken out of everything, which holds nobody: a copy under \
                         another name may run"
                    ),
                    todo: "name what may run instead of what may not".to_owned(),
                });
            }
        }
    }
}
