//! What a planner has to know of this host, read at once.

use std::collections::HashMap;

use crate::base::hostile::Hostile;
use crate::model::actor::Actor;
use crate::model::people::{People, Source};
use crate::plan::fact::Subject;
use crate::plan::people::access::{AT_JOBS, CRONTABS};
use crate::plan::people::remove::TOMBSTONES;
use crate::plan::world::{Caller, Defaults, KnownAccount, KnownGroup, Tombstone, World};

use super::directory;
use super::root::Root;
use super::{clock, observe};

/// Tools that plans name.
const TOOLS: [&str; 8] = [
    "useradd", "usermod", "userdel", "groupadd", "groupdel", "gpasswd", "chage", "chpasswd",
];

/// Reads it; `about` is the person the plan is about, existing or not.
///
/// # Errors
/// When something that decides whether a plan is safe cannot be read.
pub fn world(root: &Root, about: &str, actor: &Actor) -> Result<World, String> {
    world_of(root, &[about], actor)
}

/// The same for a plan about several people.
///
/// # Errors
/// As for [`world`].
pub fn world_of(root: &Root, about: &[&str], actor: &Actor) -> Result<World, String> {
    let local = directory::local(root);
    let people = directory::people(root);
    let text = |value: &Option<Hostile>| {
        value
            .as_ref()
            .map_or_else(String::new, |v| v.raw().to_owned())
    };
    let accounts: Vec<KnownAccount> = people
        .users
        .iter()
        .filter_map(|person| {
            Some(KnownAccount {
                name: person.name.as_ref()?.raw().to_owned(),
                uid: person.uid.0,
                gid: person.gid.map_or(u32::MAX, |gid| gid.0),
                gecos: text(&person.gecos),
                home: text(&person.home),
                shell: text(&person.shell),
                local: person.source == Source::Local,
            })
        })
        .collect();
    let now = clock::now();
    let mut world = World {
        groups: groups(&people),
        seen_uids: people
            .users
            .iter()
            .filter(|p| p.name.is_none())
            .map(|p| p.uid.0)
            .collect(),
        tombstones: tombstones(root)?,
        shells: local.shells,
        defaults: Defaults {
            uid_min: local.defs.uid_min,
            uid_max: local.defs.uid_max,
            ..defaults(root)
        },
        caller: Caller {
            name: actor.user.clone(),
            uid: actor.login_uid,
        },
        facts: HashMap::new(),
        unknown: HashMap::new(),
        tools: tools(root),
        today: now.strftime("%Y-%m-%d").to_string(),
        accounts,
    };
    let subjects: Vec<Subject> = about
        .iter()
        .flat_map(|name| subjects(&world, name))
        .collect();
    for subject in subjects {
        match (observe::fact(root, &subject), &subject) {
            (Ok(Some(fact)), _) => drop(world.facts.insert(subject, fact)),
            (Ok(None), _) => {}
            // Nobody escapes a suspension by what they have in their home.
            (Err(error), Subject::Keys(_)) => {
                world.unknown.insert(subject, error.to_string());
            }
            (Err(error), _) => return Err(error.to_string()),
        }
    }
    Ok(world)
}

/// What is looked at of a person.
fn subjects(world: &World, name: &str) -> Vec<Subject> {
    let owned = || name.to_owned();
    let mut subjects = vec![
        Subject::Password(owned()),
        Subject::Expiry(owned()),
        Subject::MustChange(owned()),
        Subject::Linger(owned()),
        Subject::Subids(format!("{name}@/etc/subuid")),
        Subject::Subids(format!("{name}@/etc/subgid")),
    ];
    let crontabs = CRONTABS
        .iter()
        .map(|dir| Subject::File(format!("{dir}/{name}")));
    subjects.extend(crontabs);
    subjects.extend(
        AT_JOBS
            .iter()
            .map(|dir| Subject::Directory((*dir).to_owned())),
    );
    let home = match world.account(name) {
        Some(account) => {
            subjects.push(Subject::AtJobs(account.uid));
            subjects.push(Subject::Keys(owned()));
            account.home.clone()
        }
        None => format!("{}/{name}", world.defaults.homes),
    };
    subjects.push(Subject::Directory(home));
    subjects
}

fn groups(people: &People) -> Vec<KnownGroup> {
    let groups = people.groups.iter().map(|group| KnownGroup {
        name: group.name.raw().to_owned(),
        gid: group.gid.0,
        members: group.members.iter().map(|m| m.raw().to_owned()).collect(),
        local: group.source == Source::Local,
    });
    groups.collect()
}

/// Who was removed. One that cannot be read is an error: its uid would be handed on.
fn tombstones(root: &Root) -> Result<Vec<Tombstone>, String> {
    root.list_names(TOMBSTONES)
        .filter(|name| name.ends_with(".json"))
        .map(|name| {
            let path = format!("{TOMBSTONES}/{name}");
            let bytes = root.read(&path).map_err(|error| error.to_string())?;
            serde_json::from_slice(&bytes.unwrap_or_default())
                .map_err(|error| format!("{path} is damaged: {error}"))
        })
        .collect()
}

/// What `useradd -D` says, see useradd(8).
pub(super) fn defaults(root: &Root) -> Defaults {
    let text = root.peek("/etc/default/useradd").unwrap_or_default();
    let value = |key: &str| {
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
        line.map(str::trim)
            .filter(|value| value.starts_with('/'))
            .map(str::to_owned)
    };
    let usual = Defaults::default();
    // Debian's own default is the plain shell; people who work here expect bash.
    let shell = value("SHELL").filter(|shell| shell != "/bin/sh");
    Defaults {
        homes: value("HOME").unwrap_or(usual.homes),
        skel: value("SKEL").unwrap_or(usual.skel),
        shell: shell.unwrap_or(usual.shell),
        ..usual
    }
}

fn tools(root: &Root) -> HashMap<&'static str, String> {
    let found = TOOLS.into_iter().chain(["loginctl"]);
    found
        .filter_map(|name| Some((name, root.find_executable(name)?)))
        .collect()
}
