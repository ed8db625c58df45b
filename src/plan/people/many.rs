//! Several new accounts at once: each is planned on the host as those before it leave it, so that
//! what is shown of all of them together is what happens when they are made one after another.

use crate::base::account::gecos;
use crate::plan::Plan;
use crate::plan::world::{KnownAccount, KnownGroup, World};

use super::add::{self, AddUser, Objection};

/// One person of several.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What is wanted, with the uid that was found for it.
    pub wish: AddUser,
    /// What is done.
    pub plan: Plan,
    /// What speaks against it; empty when it may be done.
    pub objections: Vec<Objection>,
}

/// The plans that make several accounts, in this order.
#[must_use]
pub fn plan(wishes: &[AddUser], mut world: World) -> Vec<Planned> {
    let promised: Vec<u32> = wishes.iter().filter_map(|wish| wish.uid).collect();
    let mut all = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let mut wish = wish.clone();
        wish.uid = wish.uid.or_else(|| world.free_uid_beside(&promised));
        let objections = add::objections(&wish, &world);
        let plan = add::plan(&wish, &world);
        if let (Some(uid), true) = (wish.uid, objections.is_empty()) {
            moves_in(&mut world, &wish, uid);
        }
        all.push(Planned {
            wish,
            plan,
            objections,
        });
    }
    all
}

/// The host as the plan of a new account leaves it.
fn moves_in(world: &mut World, wish: &AddUser, uid: u32) {
    let name = wish.name.as_str().to_owned();
    for group in &mut world.groups {
        if wish.groups.contains(&group.name) {
            group.members.push(name.clone());
        }
    }
    world.groups.push(KnownGroup {
        name: name.clone(),
        gid: uid,
        members: Vec::new(),
        local: true,
    });
    world.accounts.push(KnownAccount {
        uid,
        gid: uid,
        gecos: gecos(&wish.full_name, wish.email.as_ref()),
        home: world.new_home(&name),
        shell: wish.shell.clone().unwrap_or(world.defaults.shell.clone()),
        local: true,
        name,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::account::{FullName, NewName};
    use crate::plan::people::add::Password;

    fn wish(name: &str, uid: Option<u32>, groups: &[&str]) -> AddUser {
        AddUser {
            name: NewName::user(name).unwrap(),
            full_name: FullName::default(),
            email: None,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            shell: None,
            uid,
            keys: Vec::new(),
            password: Password::None,
            expires: None,
        }
    }

    fn world() -> World {
        let group = KnownGroup {
            name: "modelling".into(),
            gid: 3000,
            members: vec!["eve".into()],
            local: true,
        };
        World {
            groups: vec![group],
            ..World::default()
        }
    }

    #[test]
    fn nobody_gets_the_uid_that_somebody_further_down_asks_for() {
        let wishes = [wish("ada", None, &[]), wish("bob", Some(1000), &[])];
        let all = plan(&wishes, world());
        let uids: Vec<Option<u32>> = all.iter().map(|one| one.wish.uid).collect();
        assert_eq!(uids, [Some(1001), Some(1000)]);
        assert!(all.iter().all(|one| one.objections.is_empty()));
    }

    #[test]
    fn each_is_planned_as_it_will_be_planned_when_its_turn_comes() {
        let wishes = [
            wish("ada", None, &["modelling"]),
            wish("bob", None, &["modelling"]),
        ];
        let all = plan(&wishes, world());
        let mut then = world();
        for one in &all {
            let again = add::plan(&one.wish, &then);
            assert_eq!(again.fingerprint(), one.plan.fingerprint());
            moves_in(&mut then, &one.wish, one.wish.uid.unwrap());
        }
        let join = &all[1].plan.steps[2].changes[0];
        assert_eq!(join.before.to_string(), "3000:ada,eve");
        assert_eq!(join.after.to_string(), "3000:ada,bob,eve");
    }

    #[test]
    fn who_cannot_be_made_takes_nothing_from_the_others() {
        let wishes = [wish("root", None, &[]), wish("ada", None, &[])];
        let all = plan(&wishes, world());
        assert_eq!(all[0].objections[0].field, "name");
        assert!(!all[0].plan.refused.is_empty());
        assert_eq!(all[1].wish.uid, Some(1000));
    }
}
