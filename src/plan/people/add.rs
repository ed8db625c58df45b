//! `user add`: an account that leaves nothing to do by hand.

use crate::base::account::{Email, FullName, NewName, gecos};
use crate::base::sshkey::PublicKey;
use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::step::{Action, Step, Undo};
use crate::plan::world::{World, group_fact, is_admin_group};

use super::{groups, guard, keys};

/// How a new person gets in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Password {
    /// No password: by key alone.
    #[default]
    None,
    /// One that is known to the engine, and to no plan.
    Given {
        /// Whether the first login has to choose another.
        must_change: bool,
    },
}

/// What is wanted.
#[derive(Clone, Debug)]
pub struct AddUser {
    /// The name of the account.
    pub name: NewName,
    /// The person's name.
    pub full_name: FullName,
    /// Where they can be reached.
    pub email: Option<Email>,
    /// Groups beside their own.
    pub groups: Vec<String>,
    /// Their shell; this host's usual one if none.
    pub shell: Option<String>,
    /// A uid chosen by hand.
    pub uid: Option<u32>,
    /// Keys that open the account.
    pub keys: Vec<PublicKey>,
    /// How they get in otherwise.
    pub password: Password,
    /// The last day is the one before: a date, `2026-12-01`.
    pub expires: Option<String>,
}

/// What speaks against a new account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The part of the wish it is about, called as in a list of people: `name`, `uid`.
    pub field: &'static str,
    /// Why, and what to do.
    pub reason: String,
}

/// The day an account closes, written as `2026-12-01`.
///
/// # Errors
/// Says how a date is written.
pub fn date(text: &str) -> Result<String, String> {
    let date: jiff::civil::Date = text
        .parse()
        .map_err(|_| "write a date such as 2026-12-01".to_owned())?;
    Ok(date.to_string())
}

/// The plan that makes the account.
#[must_use]
pub fn plan(wish: &AddUser, world: &World) -> Plan {
    let name = wish.name.as_str();
    let mut plan = Plan::new(format!("add user {name}"), name);
    for objection in objections(wish, world) {
        plan = plan.refuse(objection.reason);
    }
    let uid = wish.uid.or_else(|| world.free_uid());
    let (Some(uid), true) = (uid, plan.refused.is_empty()) else {
        return plan;
    };
    let shell = wish.shell.as_ref().unwrap_or(&world.defaults.shell);
    let home = world.new_home(name);
    let gecos = gecos(&wish.full_name, wish.email.as_ref());
    plan.push(account(wish, world, (uid, &gecos, &home, shell)));
    plan.push(home_step(world, uid, &home));
    for group in &wish.groups {
        if let Some(group) = world.group(group) {
            plan.push(groups::join_step(world, group, &group.members, name));
            if is_admin_group(&group.name) {
                plan.warn(format!(
                    "members of {} may do everything on this host",
                    group.name
                ));
            }
        }
    }
    if let Some(date) = &wish.expires {
        plan.push(expiry(world, name, Some(date), None));
    }
    if !wish.keys.is_empty() {
        plan.push(keys::step(world, name, &wish.keys, &[]));
    }
    if let Password::Given { must_change } = wish.password {
        password(&mut plan, world, name, must_change);
    }
    if wish.keys.is_empty() && wish.password == Password::None {
        plan.warn(format!(
            "{name} has neither a key nor a password, and cannot log in yet"
        ));
    }
    plan
}

/// Everything that speaks against the account on this host; nothing when it can be made.
#[must_use]
pub fn objections(wish: &AddUser, world: &World) -> Vec<Objection> {
    let name = wish.name.as_str();
    let mut found = Vec::new();
    let mut object = |field, reason: Option<String>| {
        found.extend(reason.map(|reason| Objection { field, reason }));
    };
    let taken = guard::name_taken(world, name);
    let home = home_taken(world, name).filter(|_| taken.is_none());
    object("name", taken.or(home));
    for group in &wish.groups {
        object("groups", cannot_be_joined(world, group));
    }
    let shell = wish.shell.as_ref();
    object("shell", shell.and_then(|shell| no_shell(world, shell)));
    object(
        "uid",
        match wish.uid {
            Some(uid) => uid_taken(world, uid),
            None => world.free_uid().is_none().then(|| {
                "every uid for people is taken; see UID_MAX in /etc/login.defs".to_owned()
            }),
        },
    );
    let passed = wish.expires.as_ref().filter(|date| **date <= world.today);
    object(
        "expires",
        passed.map(|date| format!("{date} has passed: the account would be closed at once")),
    );
    found
}

fn home_taken(world: &World, name: &str) -> Option<String> {
    let home = world.new_home(name);
    world.fact(&Subject::Directory(home.clone()))?;
    Some(format!(
        "{home} is there already: whose it was decides what to do with it; move it away, or remove it"
    ))
}

fn cannot_be_joined(world: &World, group: &str) -> Option<String> {
    match world.group(group) {
        None => Some(format!("there is no group {group}")),
        Some(known) if !known.local => {
            Some(format!("{group} is a directory's group: join it there"))
        }
        Some(_) => None,
    }
}

fn no_shell(world: &World, shell: &String) -> Option<String> {
    let known = world.shells.contains(shell);
    let shells = world.shells.join(", ");
    (!known).then(|| format!("{shell} is not a shell of this host: {shells}"))
}

fn uid_taken(world: &World, uid: u32) -> Option<String> {
    let range = world.defaults.uid_min..=world.defaults.uid_max;
    if !range.contains(&uid) {
        let (first, last) = (range.start(), range.end());
        return Some(format!(
            "uid {uid} is not among those of people, {first} to {last}"
        ));
    }
    if let Some(account) = world.accounts.iter().find(|account| account.uid == uid) {
        return Some(format!("uid {uid} is {}'s", account.name));
    }
    if let Some(stone) = world.tombstones.iter().find(|stone| stone.uid == uid) {
        return Some(format!(
            "uid {uid} was {}'s, removed {}: files of theirs may still be about",
            stone.name, stone.removed_at
        ));
    }
    if let Some(group) = world.groups.iter().find(|group| group.gid == uid) {
        return Some(format!(
            "gid {uid}, which goes with the uid, is {}'s",
            group.name
        ));
    }
    world
        .seen_uids
        .contains(&uid)
        .then(|| format!("uid {uid} has processes or files on this host"))
}

fn account(
    wish: &AddUser,
    world: &World,
    (uid, gecos, home, shell): (u32, &str, &str, &str),
) -> Step {
    let name = wish.name.as_str();
    let id = uid.to_string();
    let argv = [
        &world.tool("useradd"),
        "--no-create-home",
        "--user-group",
        "--uid",
        &id,
        "--comment",
        gecos,
        "--home-dir",
        home,
        "--shell",
        shell,
        "--",
        name,
    ];
    Step {
        what: format!("make the account {name} (uid {uid}) with a group of its own"),
        action: Action::run(&argv),
        changes: vec![
            Change::creates(
                Subject::Account(name.to_owned()),
                format!("{uid}:{uid}:{gecos}:{home}:{shell}"),
            ),
            Change::creates(Subject::Group(name.to_owned()), group_fact(uid, &[])),
            Change::creates(Subject::Password(name.to_owned()), "none"),
            Change::creates(Subject::Expiry(name.to_owned()), "never"),
        ],
        undo: Undo::Exact {
            what: format!("remove the account {name} and its group"),
            action: Action::run(&[&world.tool("userdel"), "--", name]),
        },
    }
}

fn home_step(world: &World, uid: u32, home: &str) -> Step {
    let skel = world.defaults.skel.clone();
    Step {
        what: format!("make the home {home}, open to its owner alone"),
        action: Action::CreateHome {
            path: home.to_owned(),
            uid,
            gid: uid,
            skel: skel.clone(),
        },
        changes: vec![Change::creates(
            Subject::Directory(home.to_owned()),
            format!("{uid}:{uid} 0700"),
        )],
        undo: Undo::Partly {
            what: format!("delete the home {home}, if it is unused"),
            action: Action::DeleteUnusedHome {
                path: home.to_owned(),
                uid,
                skel,
            },
            why: "a home somebody has put files in is kept".to_owned(),
        },
    }
}

/// A new last day, `None` for none at all; `before` is what it was where that is not read.
pub(super) fn expiry(world: &World, name: &str, date: Option<&str>, before: Option<&str>) -> Step {
    let subject = Subject::Expiry(name.to_owned());
    let before = before
        .or_else(|| world.fact(&subject))
        .unwrap_or("never")
        .to_owned();
    let after = date.unwrap_or("never");
    let usermod = world.tool("usermod");
    let set = |value: &str| {
        let value = if value == "never" { "" } else { value };
        Action::run(&[&usermod, "--expiredate", value, "--", name])
    };
    let words = |value: &str| match value {
        "never" => format!("let the account {name} never expire"),
        date => format!("close the account {name} on {date}"),
    };
    Step {
        what: words(after),
        action: set(after),
        undo: Undo::Exact {
            what: words(&before),
            action: set(&before),
        },
        changes: vec![Change::turns(subject, before, after)],
    }
}

/// Sets the password, and asks for another at the first login.
pub(super) fn password(plan: &mut Plan, world: &World, name: &str, must_change: bool) {
    let subject = Subject::Password(name.to_owned());
    let before = world.fact(&subject).unwrap_or("none").to_owned();
    let usermod = world.tool("usermod");
    let undo = if before == "none" {
        Undo::Exact {
            what: format!("take the password of {name} away"),
            action: Action::run(&[&usermod, "--password", "!", "--", name]),
        }
    } else {
        Undo::None {
            why: "the old password is kept nowhere".to_owned(),
        }
    };
    plan.push(Step {
        what: format!("set the password of {name}"),
        action: Action::Run {
            argv: vec![world.tool("chpasswd")],
            secret: true,
        },
        changes: vec![Change::new(
            subject,
            Expect::Is(before),
            Expect::Is("set".to_owned()),
        )],
        undo,
    });
    if must_change {
        plan.push(Step {
            what: format!("let {name} choose another password at the first login"),
            action: Action::run(&[&world.tool("chage"), "--lastday", "0", "--", name]),
            changes: vec![Change::new(
                Subject::MustChange(name.to_owned()),
                Expect::Any,
                Expect::Is("yes".to_owned()),
            )],
            undo: Undo::Nothing,
        });
    }
}
