//! `user modify`: a new full name, address, groups, shell, last day or password.

use crate::base::account::{Email, FullName, gecos};
use crate::plan::Plan;
use crate::plan::fact::{Change, Subject};
use crate::plan::step::{Action, Step, Undo};
use crate::plan::world::{KnownAccount, World};

use super::add::{Password, expiry, password};
use super::{groups, guard};

/// What is to be different; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ModifyUser {
    /// The account.
    pub name: String,
    /// The person's name.
    pub full_name: Option<FullName>,
    /// Where they can be reached.
    pub email: Option<Email>,
    /// All the groups beside their own.
    pub groups: Option<Vec<String>>,
    /// Their shell.
    pub shell: Option<String>,
    /// The day it closes: a date or `never`.
    pub expires: Option<String>,
    /// A new password.
    pub password: Password,
}

/// The plan that changes an account.
#[must_use]
pub fn plan(wish: &ModifyUser, world: &World) -> Plan {
    let name = wish.name.as_str();
    let intent = format!("modify user {name}");
    let account = match guard::changeable(world, &intent, name) {
        Ok(account) => account,
        Err(refused) => return *refused,
    };
    let mut plan = Plan::new(intent, name);
    if account.uid != 0 && !guard::is_person(world, account) {
        return plan.refuse(format!("{name} is an account of the system, not a person"));
    }
    let mut now = account.clone();
    if wish.full_name.is_some() || wish.email.is_some() {
        let next = KnownAccount {
            gecos: new_gecos(wish, &account.gecos),
            ..now.clone()
        };
        plan.steps
            .extend(usermod(world, &now, &next, "--comment", |a| &a.gecos));
        now = next;
    }
    if let Some(shell) = &wish.shell {
        if !world.shells.contains(shell) {
            let shells = world.shells.join(", ");
            return plan.refuse(format!("{shell} is not a shell of this host: {shells}"));
        }
        let next = KnownAccount {
            shell: shell.clone(),
            ..now.clone()
        };
        plan.steps
            .extend(usermod(world, &now, &next, "--shell", |a| &a.shell));
    }
    if let Some(wanted) = &wish.groups {
        plan = groups::exactly(plan, world, account, wanted);
        if !plan.refused.is_empty() {
            return plan;
        }
    }
    if let Some(date) = &wish.expires {
        let reason = match date.as_str() {
            "never" => None,
            date if date <= world.today.as_str() => guard::may_lose_access(world, account),
            _ => guard::must_stay(world, account),
        };
        if let Some(reason) = reason {
            return plan.refuse(reason);
        }
        if world.fact(&Subject::Expiry(name.to_owned())) != Some(date) {
            let date = (date != "never").then_some(date.as_str());
            plan.push(expiry(world, name, date, None));
        }
    }
    if let Password::Given { must_change } = wish.password {
        password(&mut plan, world, name, must_change);
    }
    if plan.steps.is_empty() {
        plan.warn("everything is so already");
    }
    plan
}

/// The new GECOS field; rooms and telephones stay.
fn new_gecos(wish: &ModifyUser, old: &str) -> String {
    let mut fields: Vec<String> = old.splitn(5, ',').map(str::to_owned).collect();
    if let Some(full_name) = &wish.full_name {
        fields[0] = full_name.as_str().to_owned();
    }
    match (&wish.email, fields.len()) {
        (Some(email), 1) => {
            return gecos_of(&fields[0], email);
        }
        (Some(email), _) => {
            fields.resize(5, String::new());
            fields[4] = email.as_str().to_owned();
        }
        (None, _) => {}
    }
    fields.join(",")
}

fn gecos_of(full_name: &str, email: &Email) -> String {
    FullName::parse(full_name).map_or_else(
        |_| format!("{full_name},,,,{}", email.as_str()),
        |full_name| gecos(&full_name, Some(email)),
    )
}

/// One field of the account becomes another; nothing when it is so already.
fn usermod(
    world: &World,
    before: &KnownAccount,
    after: &KnownAccount,
    option: &str,
    field: fn(&KnownAccount) -> &String,
) -> Option<Step> {
    let (old, new) = (field(before), field(after));
    if old == new {
        return None;
    }
    let usermod = world.tool("usermod");
    let name = before.name.as_str();
    let set = |value: &str| Action::run(&[&usermod, option, value, "--", name]);
    let what = match option {
        "--shell" => "shell",
        _ => "name and address",
    };
    let words = |value: &str| format!("set the {what} of {name} to {value:?}");
    Some(Step {
        what: words(new),
        action: set(new),
        changes: vec![Change::turns(
            Subject::Account(name.to_owned()),
            before.fact(),
            after.fact(),
        )],
        undo: Undo::Exact {
            what: words(old),
            action: set(old),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::world::{Caller, KnownGroup};

    fn group(name: &str, gid: u32, members: &[&str], local: bool) -> KnownGroup {
        KnownGroup {
            name: name.to_owned(),
            gid,
            members: members.iter().map(|member| (*member).to_owned()).collect(),
            local,
        }
    }

    /// Ada and Bob, of whom Ada asks.
    fn world() -> World {
        let account = |name: &str, uid: u32| KnownAccount {
            name: name.to_owned(),
            uid,
            gid: uid,
            gecos: String::new(),
            home: format!("/home/{name}"),
            shell: "/bin/bash".to_owned(),
            local: true,
        };
        World {
            accounts: vec![account("ada", 1000), account("bob", 1001)],
            groups: vec![
                group("sudo", 27, &["ada", "bob"], true),
                group("lab", 2000, &["bob"], true),
                group("models", 2001, &[], true),
                group("campus", 30000, &["bob"], false),
            ],
            caller: Caller {
                name: "ada".to_owned(),
                uid: Some(1000),
            },
            ..World::default()
        }
    }

    fn with_groups(name: &str, groups: &[&str]) -> Plan {
        let wish = ModifyUser {
            name: name.to_owned(),
            groups: Some(groups.iter().map(|group| (*group).to_owned()).collect()),
            ..ModifyUser::default()
        };
        plan(&wish, &world())
    }

    #[test]
    fn groups_are_exactly_those_that_are_named() {
        let plan = with_groups("bob", &["models", "lab"]);
        let words: Vec<&str> = plan.steps.iter().map(|step| step.what.as_str()).collect();
        assert_eq!(
            words,
            ["make bob a member of models", "take bob out of sudo"]
        );
        let told = plan.warnings.join("; ");
        assert!(told.contains("bob stays in campus"), "{told}");
        assert!(told.contains("keep the membership of sudo"), "{told}");
    }

    #[test]
    fn the_last_admin_and_root_have_no_last_day() {
        let mut world = world();
        world.today = "2026-11-21".to_owned();
        world.groups[0].members = vec!["bob".to_owned()];
        let until = |date: &str| {
            let wish = ModifyUser {
                name: "bob".to_owned(),
                expires: Some(date.to_owned()),
                ..ModifyUser::default()
            };
            plan(&wish, &world).refused.join("; ")
        };
        assert!(until("2027-01-01").contains("last admin"));
        assert_eq!(until("never"), "");
    }

    #[test]
    fn nobody_takes_the_groups_that_must_stay() {
        for (name, groups, reason) in [
            ("ada", &["lab"][..], "is you"),
            ("bob", &["nowhere"], "there is no group nowhere"),
            ("bob", &["campus"], "comes from a directory"),
        ] {
            let refused = with_groups(name, groups).refused.join("; ");
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
