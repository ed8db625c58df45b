//! Which ids are in use, for whoever has to choose a new one.

use std::collections::BTreeSet;

use super::People;
use super::local::{IdRange, Local};

/// Every id that something on the host already has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsedIds {
    /// Uids of accounts, and of processes and homes without one.
    pub uids: BTreeSet<u32>,
    /// Gids of groups, and primary gids that no group has.
    pub gids: BTreeSet<u32>,
    /// Subordinate uids, ordered; ranges may overlap.
    pub subuids: Vec<IdRange>,
    /// Subordinate gids, ordered; ranges may overlap.
    pub subgids: Vec<IdRange>,
}

impl UsedIds {
    /// The ids of everyone who is known here, and of all that is written down.
    #[must_use]
    pub fn of(people: &People, local: &Local) -> Self {
        let users = people.users.iter();
        let written = local.passwd.iter();
        let uids = users.clone().map(|user| user.uid.0);
        let primary = users.filter_map(|user| Some(user.gid?.0));
        let groups = people.groups.iter().map(|group| group.gid.0);
        let mut subuids: Vec<IdRange> = local.subuids.iter().map(|line| line.range).collect();
        let mut subgids: Vec<IdRange> = local.subgids.iter().map(|line| line.range).collect();
        subuids.sort_unstable();
        subgids.sort_unstable();
        Self {
            uids: uids.chain(written.clone().map(|line| line.uid.0)).collect(),
            gids: primary
                .chain(groups)
                .chain(written.map(|line| line.gid.0))
                .chain(local.groups.iter().map(|line| line.gid.0))
                .collect(),
            subuids,
            subgids,
        }
    }

    /// Whether a uid is free: nobody's own, and in nobody's subordinate range.
    #[must_use]
    pub fn is_free_uid(&self, uid: u32) -> bool {
        !self.uids.contains(&uid) && !self.subuids.iter().any(|range| range.contains(uid))
    }

    /// Whether a gid is free.
    #[must_use]
    pub fn is_free_gid(&self, gid: u32) -> bool {
        !self.gids.contains(&gid) && !self.subgids.iter().any(|range| range.contains(gid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::people::parse;

    #[test]
    fn an_id_is_used_by_an_account_a_group_or_a_range() {
        let mut none = Vec::new();
        let local = Local {
            passwd: parse::passwd("p", b"a:x:1000:1000:::\n", &mut none),
            groups: parse::group("g", b"a:x:1000:\nproject:x:3000:\n", &mut none),
            subuids: parse::subids("s", b"a:100000:65536\n", &mut none),
            ..Local::default()
        };
        let used = UsedIds::of(&People::default(), &local);
        let free: Vec<u32> = [999, 1000, 3000, 100_000, 165_535, 165_536]
            .into_iter()
            .filter(|uid| used.is_free_uid(*uid))
            .collect();
        assert_eq!(free, [999, 3000, 165_536]);
        assert!(!used.is_free_gid(3000) && used.is_free_gid(100_000));
    }
}
