//! `user remove`: access ends, what the person leaves is packed or kept as asked, and nobody
//! receives their ids.

use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::step::{Action, Step, Undo};
use crate::plan::world::{KnownAccount, Tombstone, World, group_fact};

pub use super::estate::{Files, tell};
use super::{access, estate, groups, guard};

/// Where is noted who was removed.
pub const TOMBSTONES: &str = "/var/lib/benchwarden/removed";

/// What becomes of the home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// Packed into a file, compared with it, then deleted.
    Archive(String),
    /// Deleted.
    Delete,
    /// Left where it is.
    Keep,
}

/// The plan that removes somebody.
#[must_use]
pub fn plan(name: &str, home: &Home, files: &Files, world: &World) -> Plan {
    let intent = format!("remove user {name}");
    let account = match guard::changeable(world, &intent, name) {
        Ok(account) => account,
        Err(refused) => return *refused,
    };
    let mut plan = Plan::new(intent, name);
    if let Some(reason) = guard::may_lose_access(world, account) {
        return plan.refuse(reason);
    }
    if let Some(reason) = shared_uid(world, account).or_else(|| unsafe_home(world, account, home)) {
        return plan.refuse(reason);
    }
    let elsewhere = match estate::step(files, account, world) {
        Ok(step) => step,
        Err(reason) => return plan.refuse(reason),
    };
    access::ends(&mut plan, world, account);
    plan.push(tombstone(world, account, home));
    home_steps(&mut plan, world, account, home);
    for group in world
        .groups_of(name)
        .into_iter()
        .filter(|group| group.local)
    {
        plan.push(groups::leaves(world, group, &group.members, name));
    }
    reserve_subids(&mut plan, world, account);
    plan.push(account_step(world, account));
    // The last one: it needs no account, so that it is finished, or taken back, by itself.
    plan.steps.extend(elsewhere);
    plan
}

/// Why nothing of theirs can be told from somebody else's.
fn shared_uid(world: &World, account: &KnownAccount) -> Option<String> {
    let KnownAccount { name, uid, .. } = account;
    let mut accounts = world.accounts.iter();
    let other = accounts.find(|other| other.uid == *uid && other.name != *name)?;
    Some(format!(
        "uid {uid} is {}'s too: their processes and files cannot be told apart; give one of them \
         another uid first",
        other.name
    ))
}

/// Why a home must not be packed or deleted: it is not theirs alone.
fn unsafe_home(world: &World, account: &KnownAccount, wish: &Home) -> Option<String> {
    if *wish == Home::Keep {
        return None;
    }
    let home = account.home.as_str();
    let depth = home.split('/').filter(|part| !part.is_empty()).count();
    let odd = !home.starts_with('/') || home.split('/').any(|part| part == ".." || part == ".");
    if odd || depth < 2 {
        return Some(format!(
            "the home of {} is {home:?}, which is not theirs alone; use --keep-home",
            account.name
        ));
    }
    let within = |other: &KnownAccount| {
        other.name != account.name
            && (other.home == home || other.home.starts_with(&format!("{home}/")))
    };
    if let Some(other) = world.accounts.iter().find(|other| within(other)) {
        return Some(format!(
            "{} has their home in {home} too; use --keep-home",
            other.name
        ));
    }
    let fact = world.fact(&Subject::Directory(home.to_owned()))?;
    let theirs = format!("{}:", account.uid);
    (!fact.starts_with(&theirs))
        .then(|| format!("{home} belongs to somebody else (owner {fact}); use --keep-home"))
}

fn tombstone(world: &World, account: &KnownAccount, home: &Home) -> Step {
    let stone = Tombstone {
        name: account.name.clone(),
        uid: account.uid,
        gid: account.gid,
        subids: world
            .fact(&Subject::Subids(format!("{}@/etc/subuid", account.name)))
            .map(str::to_owned),
        // The day alone: what is approved must be the same a minute later.
        removed_at: world.today.clone(),
        archive: match home {
            Home::Archive(file) => Some(file.clone()),
            Home::Delete | Home::Keep => None,
        },
    };
    let path = format!("{TOMBSTONES}/{}.json", account.uid);
    // Plain data of our own: serializing it cannot fail.
    let mut content = serde_json::to_string(&stone).unwrap_or_default();
    content.push('\n');
    Step {
        what: format!(
            "note that uid {} was {}'s, so that nobody receives it",
            account.uid, account.name
        ),
        action: Action::WriteFile {
            path: path.clone(),
            content,
            mode: 0o644,
        },
        changes: vec![Change::new(
            Subject::File(path.clone()),
            Expect::Any,
            Expect::Present,
        )],
        undo: Undo::Exact {
            what: format!("forget that uid {} was somebody's", account.uid),
            action: Action::RemoveFile { path },
        },
    }
}

fn home_steps(plan: &mut Plan, world: &World, account: &KnownAccount, wish: &Home) {
    let home = account.home.clone();
    let Some(fact) = world.fact(&Subject::Directory(home.clone())) else {
        plan.warn(format!("{home} is not there"));
        return;
    };
    if let Home::Archive(file) = wish {
        plan.push(Step {
            what: format!("pack {home} into {file} and compare every file"),
            action: Action::Archive {
                tree: home.clone(),
                file: file.clone(),
            },
            changes: vec![Change::new(
                Subject::Archive(file.clone()),
                Expect::Absent,
                Expect::Present,
            )],
            undo: Undo::Exact {
                what: format!("remove the archive {file}"),
                action: Action::RemoveFile { path: file.clone() },
            },
        });
    }
    if *wish == Home::Keep {
        return;
    }
    let why = match wish {
        Home::Archive(file) => format!("the home is in {file}: unpack it by hand"),
        Home::Delete | Home::Keep => "the home is gone".to_owned(),
    };
    plan.push(Step {
        what: format!("delete {home}"),
        action: Action::DeleteTree {
            path: home.clone(),
            uid: account.uid,
        },
        changes: vec![Change::new(
            Subject::Directory(home),
            Expect::Is(fact.to_owned()),
            Expect::Absent,
        )],
        undo: Undo::Final { why },
    });
}

fn account_step(world: &World, account: &KnownAccount) -> Step {
    let name = account.name.as_str();
    let own = world
        .group(name)
        .filter(|group| group.gid == account.gid && group.local);
    // What the steps before this one left of the account and its own group.
    let mut changes = vec![Change::new(
        Subject::Account(name.to_owned()),
        Expect::Present,
        Expect::Absent,
    )];
    if let Some(group) = own {
        let used = world
            .accounts
            .iter()
            .any(|other| other.name != name && other.gid == group.gid);
        if !used && group.members.is_empty() {
            changes.push(Change::new(
                Subject::Group(name.to_owned()),
                Expect::Is(group_fact(group.gid, &[])),
                Expect::Absent,
            ));
        }
    }
    Step {
        what: format!("remove the account {name} (uid {})", account.uid),
        action: Action::run(&[&world.tool("userdel"), "--", name]),
        changes,
        undo: Undo::Final {
            why: format!(
                "its password is kept nowhere; `benchwarden user add {name} --uid {}` makes it again",
                account.uid
            ),
        },
    }
}

/// Keeps the subordinate ids from being handed to the next person: userdel frees them, and files
/// of old containers still carry them. It comes before userdel, which takes out the lines of its
/// own account alone: so at no time are they free for a useradd in another shell.
fn reserve_subids(plan: &mut Plan, world: &World, account: &KnownAccount) {
    for path in ["/etc/subuid", "/etc/subgid"] {
        let subject = Subject::Subids(format!("{}@{path}", account.name));
        let Some(ranges) = world.fact(&subject) else {
            continue;
        };
        // No account can have a name that begins like this.
        let owner = format!("~removed-{}", account.uid);
        plan.push(Step {
            what: format!("keep the ids {ranges} of {path} from being handed on"),
            action: Action::ReserveIds {
                path: path.to_owned(),
                owner: owner.clone(),
                ranges: ranges.to_owned(),
            },
            changes: vec![Change::creates(
                Subject::Subids(format!("{owner}@{path}")),
                ranges,
            )],
            undo: Undo::Exact {
                what: format!("take {owner} out of {path}"),
                action: Action::FreeIds {
                    path: path.to_owned(),
                    owner,
                },
            },
        });
    }
}
