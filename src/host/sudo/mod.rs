//! What there is of sudo on this host: which sudo, what its files say, which of them it passes
//! over, and what makes somebody root without it. Reads only.
//!
//! `cvtsudoers` is asked where it is; it tells no lines, so the files are read here too, and a
//! difference between the two readings is told.

mod elsewhere;
mod surround;
mod tool;
mod tree;
mod write;

use std::collections::BTreeSet;

use crate::base::id::{Gid, Uid, UserName};
use crate::host::root::Root;
use crate::host::{clock, directory, nss};
use crate::model::people::People;
use crate::model::sudo::ground::Ground;
use crate::model::sudo::view::{Known, Tool};
use crate::model::sudo::{Name, Rule, Tree, What, danger, json};
use crate::plan::sudo::file::DIR;

pub use write::{SudoersError, check, may_run, ours, put};

/// The file that sudo begins with.
pub const SUDOERS: &str = "/etc/sudoers";

/// Everything that is known of sudo here. People whom a rule names and who left no trace here are
/// asked for and added.
#[must_use]
pub fn read(root: &Root, people: &mut People) -> Known {
    let tool = tool::find(root);
    let mut partial = std::mem::take(&mut people.partial);
    let mut read = tree::read(root);
    partial.append(&mut read.partial);
    let broken = tool::broken(root, &tool, &mut partial);
    let rules = converted(root, &tool, &read.tree, read.readable, &mut partial);
    let tree = Tree { rules, ..read.tree };
    let (no_users, no_groups) = absent(root, &tree.rules, people, &mut partial);
    let mut ground = Ground {
        host: surround::host_name(root),
        addresses: surround::addresses(root),
        netgroups: surround::netgroups(root, &tree.rules, &mut partial),
        links: surround::links(root),
        now: clock::now(),
        ..Ground::default()
    };
    for group in &people.groups {
        ground.gids.insert(group.name.raw().to_owned(), group.gid.0);
    }
    let commands = || {
        let specs = tree.rules.iter().flat_map(|rule| &rule.specs);
        specs.flat_map(|spec| &spec.commands)
    };
    let paths: BTreeSet<String> = commands()
        .flat_map(|item| danger::paths(&item.what))
        .collect();
    let mut no_programs = BTreeSet::new();
    for path in &paths {
        ground
            .files
            .ways
            .insert(path.clone(), surround::way(root, path));
    }
    for item in commands() {
        if let What::Run(path, _) = &item.what.what
            && path.starts_with('/')
            && !crate::model::sudo::matching::has_wildcard(path)
            && !root.exists(path)
        {
            no_programs.insert(path.clone());
        }
    }
    if let Some(others) = surround::other_sources(root) {
        partial.push(others);
    }
    Known {
        elsewhere: elsewhere::look(root),
        tool,
        tree,
        readable: read.readable,
        reads_dir: read.dirs.iter().any(|dir| dir == DIR),
        files: read.files,
        ignored: read.ignored,
        broken,
        ground,
        no_users,
        no_groups,
        no_programs,
        partial,
    }
}

/// The rules as `cvtsudoers` has them, with our places; our own where it says nothing.
fn converted(
    root: &Root,
    tool: &Tool,
    tree: &Tree,
    readable: bool,
    partial: &mut Vec<String>,
) -> Vec<Rule> {
    let own = || tree.rules.clone();
    if !root.is_live() || !readable {
        return own();
    }
    let Some(program) = &tool.cvtsudoers else {
        if tool.path.is_some() {
            partial.push(
                "there is no cvtsudoers here: the rules are as benchwarden itself reads them"
                    .to_owned(),
            );
        }
        return own();
    };
    let rules = match tool::convert(program) {
        Ok(bytes) => json::rules(&bytes).map_err(|error| error.to_string()),
        Err(why) => Err(why),
    };
    match rules {
        Ok(rules) => {
            let (rules, apart) = json::placed(rules, &tree.rules);
            if apart > 0 {
                partial.push(format!(
                    "cvtsudoers reads {apart} of the rules otherwise than benchwarden does; its \
                     reading is shown, and the lines of these rules may be others"
                ));
            }
            rules
        }
        // sudo passes over what it does not understand, and so does our reading.
        Err(_) if !tree.problems.is_empty() => own(),
        Err(why) => {
            partial.push(format!(
                "{program} gave no answer ({why}): the rules are as benchwarden itself reads them"
            ));
            own()
        }
    }
}

/// Names, uids and gids that rules name and nobody has; who is there is added to the people.
fn absent(
    root: &Root,
    rules: &[Rule],
    people: &mut People,
    partial: &mut Vec<String>,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut users, mut groups) = (BTreeSet::new(), BTreeSet::new());
    let (mut no_users, mut no_groups) = (BTreeSet::new(), BTreeSet::new());
    let targets = rules.iter().flat_map(|rule| &rule.specs);
    let targets = targets.flat_map(|spec| spec.users.iter().flatten());
    let callers = rules.iter().flat_map(|rule| &rule.who);
    for item in callers.chain(targets) {
        match &item.what {
            Name::User(name) if !name.is_empty() => {
                let known = people
                    .users
                    .iter()
                    .any(|one| one.name.as_ref().is_some_and(|own| own.raw() == name));
                if !known {
                    users.insert(name.clone());
                }
            }
            Name::Uid(uid) => {
                let named = people
                    .users
                    .iter()
                    .any(|one| one.uid.0 == *uid && one.name.is_some());
                let asked = || root.is_live() && nss::user(Uid(*uid)).is_some();
                if !named && !asked() {
                    no_users.insert(uid.to_string());
                }
            }
            Name::Group(name) => {
                let known = people.groups.iter().any(|group| group.name.raw() == name);
                groups.extend((!known).then(|| name.clone()));
            }
            Name::Gid(gid) => {
                let known = people.groups.iter().any(|group| group.gid.0 == *gid);
                let asked = || root.is_live() && nss::group(Gid(*gid)).is_some();
                if !known && !asked() {
                    no_groups.insert(gid.to_string());
                }
            }
            _ => {}
        }
    }
    let absent = directory::absent(root, &users, &groups);
    if !absent.silent.is_empty() {
        let names: Vec<&str> = absent.silent.iter().map(String::as_str).take(8).collect();
        partial.push(format!(
            "of names in sudo's rules: no answer for {}",
            crate::base::text::printable(names.join(", ").as_bytes(), 300)
        ));
    }
    for name in users.difference(&absent.users) {
        let person = UserName::parse(name).ok();
        let person = person.and_then(|name| directory::person(root, &name).ok());
        people.users.extend(person.map(|details| details.user));
    }
    no_users.extend(absent.users);
    no_groups.extend(absent.groups);
    (no_users, no_groups)
}
