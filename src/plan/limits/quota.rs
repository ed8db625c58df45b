//! Quotas of the file systems that homes are on: what is wished, and the steps that set them. The
//! file system keeps them by itself, across reboots.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::limit::Limit;
use crate::base::units::Bytes;
use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::step::{Action, Step, Undo};
use crate::policy::resolve::Resolved;
use crate::policy::schema::{Key, Value};

/// The keys of the policy that are about it.
pub const KEYS: [Key; 4] = [
    Key::DiskSoft,
    Key::DiskHard,
    Key::InodesSoft,
    Key::InodesHard,
];

/// What somebody may occupy; 0 is no bound, as for the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Kibibytes that may be exceeded for a while.
    pub soft_kib: u64,
    /// Kibibytes that are never exceeded.
    pub hard_kib: u64,
    /// Files that may be exceeded for a while.
    pub soft_files: u64,
    /// Files that are never exceeded.
    pub hard_files: u64,
}

/// What is wished for one person; a key that nobody says stays what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaWish {
    /// Their name.
    pub name: String,
    /// Their uid.
    pub uid: u32,
    /// Their home.
    pub home: String,
    /// In the order of [`KEYS`], in kibibytes and files.
    pub bounds: [Option<u64>; 4],
}

/// What is there for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaState {
    /// The device of the home's file system.
    pub device: String,
    /// What they may.
    pub quota: Quota,
    /// What they occupy.
    pub used: Bytes,
    /// How many files.
    pub files: u64,
}

impl fmt::Display for Quota {
    /// As a fact.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |kib: u64| match kib {
            0 => "no bound".to_owned(),
            kib => Bytes::from_kib(kib).to_string(),
        };
        let count = |files: u64| match files {
            0 => "no bound".to_owned(),
            files => files.to_string(),
        };
        write!(
            f,
            "disk_soft {} ({} KiB), disk_hard {} ({} KiB), inodes_soft {}, inodes_hard {}",
            size(self.soft_kib),
            self.soft_kib,
            size(self.hard_kib),
            self.hard_kib,
            count(self.soft_files),
            count(self.hard_files)
        )
    }
}

impl Quota {
    /// With these bounds where something is said.
    #[must_use]
    pub fn with(self, bounds: &[Option<u64>; 4]) -> Self {
        let [soft, hard, soft_files, hard_files] = bounds;
        Self {
            soft_kib: soft.unwrap_or(self.soft_kib),
            hard_kib: hard.unwrap_or(self.hard_kib),
            soft_files: soft_files.unwrap_or(self.soft_files),
            hard_files: hard_files.unwrap_or(self.hard_files),
        }
    }

    /// A bound by its key.
    #[must_use]
    pub fn bound(&self, key: Key) -> Option<u64> {
        Some(match key {
            Key::DiskSoft => self.soft_kib,
            Key::DiskHard => self.hard_kib,
            Key::InodesSoft => self.soft_files,
            Key::InodesHard => self.hard_files,
            _ => return None,
        })
    }
}

/// What the policy says of one person; `None` where it says nothing.
#[must_use]
pub fn wished(name: &str, uid: u32, home: &str, resolved: &Resolved) -> Option<QuotaWish> {
    let bounds = KEYS.map(|key| {
        let setting = resolved.limit(key)?;
        // Nothing takes a quota back when its time is over: what ends by itself does not count.
        let mut said = std::iter::once(&setting.said).chain(&setting.overrode);
        Some(match &said.find(|said| said.until.is_none())?.value {
            // Less than one would be none at all.
            Value::Bytes(limit) => limit.at().map_or(0, |size| (size.0.0 >> 10).max(1)),
            Value::Count(Limit::At(count)) => count.0.max(1),
            _ => 0,
        })
    });
    bounds.iter().any(Option::is_some).then(|| QuotaWish {
        name: name.to_owned(),
        uid,
        home: home.to_owned(),
        bounds,
    })
}

/// Takes back what an older policy wished and a newer one does not: no bound is there again.
pub fn release(before: &[QuotaWish], after: &mut Vec<QuotaWish>) {
    for old in before {
        let at = after.iter().position(|new| new.uid == old.uid);
        let at = at.unwrap_or_else(|| {
            after.push(QuotaWish {
                bounds: [None; 4],
                ..old.clone()
            });
            after.len() - 1
        });
        for (new, old) in after[at].bounds.iter_mut().zip(&old.bounds) {
            if new.is_none() && old.is_some() {
                *new = Some(0);
            }
        }
    }
}

/// Adds the step that gives one person their quota, where it differs.
pub(super) fn add(plan: &mut Plan, wish: &QuotaWish, state: Option<&QuotaState>) {
    let Some(state) = state else {
        plan.warn(format!(
            "the quota of {} is without effect: the file system of {} keeps none, or it is off; \
             `benchwarden doctor` says what to do",
            wish.name, wish.home
        ));
        return;
    };
    let wanted = state.quota.with(&wish.bounds);
    if wanted == state.quota {
        return;
    }
    if wanted.hard_kib > 0 && state.used > Bytes::from_kib(wanted.hard_kib) {
        plan.warn(format!(
            "{} occupies {} now, more than disk_hard {}: nothing more can be written until there \
             is less",
            wish.name,
            state.used,
            Bytes::from_kib(wanted.hard_kib)
        ));
    }
    if wanted.hard_files > 0 && state.files > wanted.hard_files {
        plan.warn(format!(
            "{} has {} files now, more than inodes_hard {}: no new one can be made until there \
             are fewer",
            wish.name, state.files, wanted.hard_files
        ));
    }
    let set = |quota: Quota| Action::SetQuota {
        device: state.device.clone(),
        uid: wish.uid,
        quota,
    };
    plan.push(Step {
        what: format!("set the quota of {} on {}", wish.name, state.device),
        action: set(wanted),
        changes: vec![Change::new(
            Subject::Quota(format!("{}@{}", wish.uid, state.device)),
            Expect::Is(state.quota.to_string()),
            Expect::Is(wanted.to_string()),
        )],
        undo: Undo::Exact {
            what: format!("give {} the quota back that was there", wish.name),
            action: set(state.quota),
        },
    });
}
