//! What the policy says of groups, table by table.

use jiff::Timestamp;

use crate::plan::limits::wishes::Someone;
use crate::policy::schema::{Policy, Scope};

use super::{GroupLimit, GroupLimits};

/// Every group that a table is about, in the order in which the files first name them; what is over
/// is left out.
pub(super) fn of(policy: &Policy, people: &[Someone], now: Timestamp) -> Vec<GroupLimits> {
    let mut groups: Vec<GroupLimits> = Vec::new();
    for table in policy.files.iter().flat_map(|file| &file.limits) {
        let Scope::Group(name) = &table.scope else {
            continue;
        };
        let at = groups.iter().position(|group| group.group == name.as_str());
        let at = at.unwrap_or_else(|| {
            let is_in = |one: &&Someone| one.groups.iter().any(|group| group == name.as_str());
            let members = people.iter().filter(is_in);
            groups.push(GroupLimits {
                group: name.as_str().to_owned(),
                members: members.map(|one| one.name.clone()).collect(),
                limits: Vec::new(),
            });
            groups.len() - 1
        });
        let limits = &mut groups[at].limits;
        for entry in &table.entries {
            let until = table.end_of(entry).map(|until| until.value);
            if until.is_some_and(|until| until <= now) {
                continue;
            }
            // A later file wins, key by key.
            limits.retain(|limit| limit.key != entry.key.name());
            limits.push(GroupLimit {
                key: entry.key.name(),
                value: entry.value.to_string(),
                file: entry.at.file.to_string(),
                until,
            });
        }
    }
    groups
}
