//! Subordinate uids (`subuid(5)`): what a container of an ordinary person runs as inside of it.
//! To everybody else those processes are the person's.

use crate::base::id::Uid;

use super::root::Root;

const FILE: &str = "/etc/subuid";

/// Whose a subordinate uid is.
#[derive(Debug, Default)]
pub(super) struct Subuids {
    changed: Option<(i64, u64)>,
    /// First uid, how many, and whose, ordered.
    ranges: Vec<(u32, u32, Uid)>,
}

impl Subuids {
    /// Reads the file again when it was changed.
    pub(super) fn refresh(&mut self, root: &Root) {
        let changed = root.modified(FILE);
        if changed != self.changed {
            self.changed = changed;
            let text = root.peek(FILE).unwrap_or_default();
            let people = root.peek("/etc/passwd").unwrap_or_default();
            self.ranges = ranges(&text, &people);
        }
    }

    /// Who answers for a uid: itself, unless it is subordinate to somebody.
    pub(super) fn owner(&self, uid: Uid) -> Uid {
        let after = self.ranges.partition_point(|(first, _, _)| *first <= uid.0);
        let range = after.checked_sub(1).and_then(|at| self.ranges.get(at));
        match range {
            Some((first, count, owner)) if uid.0 - first < *count => *owner,
            _ => uid,
        }
    }
}

/// Lines `name:first:count`, where the name may be a uid in digits. A range that overlaps an
/// earlier one is nobody's for sure, so it is left out.
fn ranges(text: &str, people: &str) -> Vec<(u32, u32, Uid)> {
    let uid_of = |name: &str| -> Option<Uid> {
        let line = people
            .lines()
            .find(|line| line.split(':').next() == Some(name));
        let listed = line.and_then(|line| line.split(':').nth(2)?.parse().ok());
        listed.or_else(|| name.parse().ok()).map(Uid)
    };
    let mut found: Vec<(u32, u32, Uid)> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.trim().split(':');
            let owner = uid_of(fields.next()?)?;
            let first = fields.next()?.parse().ok()?;
            let count = fields.next()?.parse().ok()?;
            Some((first, count, owner))
        })
        .collect();
    found.sort_unstable();
    let mut end = 0;
    found.retain(|(first, count, _)| {
        let free = *first >= end;
        end = end.max(first.saturating_add(*count));
        free
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subordinate_uid_is_its_owners() {
        let people = "root:x:0:0::/root:/bin/sh\nalice:x:1001:1001::/home/alice:/bin/sh\n";
        let text = "alice:100000:65536\n1002:165536:65536\nnobody-knows:300000:9\nbroken\n\
            bob:x:y\n1003:165540:10\n";
        let subuids = Subuids {
            changed: None,
            ranges: ranges(text, people),
        };
        for (uid, owner) in [
            (1001, 1001),
            (99_999, 99_999),
            (100_000, 1001),
            (165_535, 1001),
            (165_536, 1002),
            (165_545, 1002),
            (231_072, 231_072),
            (300_001, 300_001),
        ] {
            assert_eq!(subuids.owner(Uid(uid)), Uid(owner), "{uid}");
        }
        assert_eq!(Subuids::default().owner(Uid(7)), Uid(7));
    }
}
