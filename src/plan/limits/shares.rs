//! How a host is shared between people, the admins and the system: everybody together leaves a
//! reserve, and what the admins get in by keeps its part.

use crate::base::limit::{Amount, Count, Percent, Size};
use crate::policy::schema::{Key, Place, Policy};

use super::directive::Directive;
use super::wishes::{EVERYBODY, Ground, HEAVY, INIT, SYSTEM_SLICE, Setting, Wish, ours, size};

/// What the system keeps where the policy does not say.
const RESERVE: Percent = Percent::whole(10);
/// The most memory that is promised to one service of the way in, and to one admin.
const PROMISE: u64 = 32 << 20;
const ADMINS_PROMISE: u64 = 128 << 20;
/// The weight of the system's services together.
const SYSTEM: &str = "300";

/// How the host is shared between people, the admins and the system.
pub(super) struct Shares {
    memory: Amount<Size>,
    tasks: Amount<Count>,
    memory_from: String,
    tasks_from: String,
    /// What one service of the way in is promised.
    service: u64,
    /// What one admin is promised.
    pub(super) admin: u64,
    /// What all admins and root are.
    admins: u64,
}

impl Shares {
    pub(super) fn of(policy: &Policy, ground: &Ground, admins: usize) -> Self {
        let host = policy.host();
        let memory = host
            .reserve_memory
            .as_ref()
            .map_or(Amount::Share(RESERVE), |told| told.value);
        let tasks = host
            .reserve_tasks
            .as_ref()
            .map_or(Amount::Share(RESERVE), |told| told.value);
        let from = |file: Option<&str>, key: &str| match file {
            Some(file) => format!("{key} of [host] in {file}"),
            None => format!("{key}, where the policy does not say: {RESERVE}"),
        };
        let file = |told: &Place| told.file.to_string();
        let memory_at = host.reserve_memory.as_ref().map(|told| file(&told.at));
        let tasks_at = host.reserve_tasks.as_ref().map(|told| file(&told.at));
        let reserve = memory.here(&ground.size).0.0;
        let page = ground.size.page.0.max(1);
        let part = |of: u64, heads: usize, most: u64| {
            let heads = u64::try_from(heads).unwrap_or(u64::MAX).max(1);
            (of / heads).min(most) / page * page
        };
        // Root is one of them.
        let heads = admins + 1;
        let admin = part(reserve / 4, heads, ADMINS_PROMISE);
        Self {
            memory_from: from(memory_at.as_deref(), "reserve_memory"),
            tasks_from: from(tasks_at.as_deref(), "reserve_tasks"),
            memory,
            tasks,
            service: part(reserve / 4, ground.way_in.len() + 1, PROMISE),
            admin,
            admins: admin * u64::try_from(heads).unwrap_or(0),
        }
    }

    /// Everybody together leaves the reserve, and what people get in by keeps its part: a promise
    /// counts only where everything above makes it too.
    pub(super) fn units(&self, ground: &Ground, warnings: &mut Vec<String>) -> Vec<Wish> {
        let mut everybody = Vec::new();
        let (memory, tasks) = (ground.size.memory.0, ground.size.tasks);
        let left = match self.memory {
            Amount::Share(part) => Some(rest(part)),
            Amount::Fixed(part) => memory
                .checked_sub(part.0.0)
                .map(|left| size(left / ground.size.page.0.max(1) * ground.size.page.0)),
        };
        match left.filter(|_| self.memory.here(&ground.size).0.0 <= memory / 4 * 3) {
            Some(left) => everybody.push(ours(
                Directive::Of(Key::MemoryMax),
                &left,
                &self.memory_from,
            )),
            None => warnings.push(format!(
                "reserve_memory {} leaves people less than a quarter of this host: it is not \
                 enforced",
                self.memory
            )),
        }
        let left = match self.tasks {
            Amount::Share(part) => Some(rest(part)),
            Amount::Fixed(part) => tasks.checked_sub(part.0).map(|left| left.to_string()),
        };
        match left.filter(|_| self.tasks.here(&ground.size).0 <= tasks / 4 * 3) {
            Some(left) => {
                everybody.push(ours(Directive::Of(Key::TasksMax), &left, &self.tasks_from));
            }
            None => warnings.push(format!(
                "reserve_tasks {} leaves people less than a quarter of this host: it is not \
                 enforced",
                self.tasks
            )),
        }
        let why = "what the admins are promised below";
        if self.admins > 0 {
            everybody.push(ours(Directive::MemoryMin, &size(self.admins), why));
        }
        everybody.sort_by_key(|setting| setting.directive);
        let heavy = |why: &str| ours(Directive::Of(Key::CpuWeight), HEAVY, why);
        let promise = |bytes: u64, why: &str| {
            (bytes > 0).then(|| ours(Directive::MemoryMin, &size(bytes), why))
        };
        let wish = |unit: &str, whose: &str, keeps: Vec<Setting>| Wish {
            unit: unit.to_owned(),
            whose: whose.to_owned(),
            keeps,
            until: None,
        };
        let way_in = "what the admins get in by";
        let services = u64::try_from(ground.way_in.len()).unwrap_or(0);
        let why = "what the way in is promised below";
        let weight = ours(Directive::Of(Key::CpuWeight), SYSTEM, way_in);
        let below = promise(self.service * services, why);
        let mut units = vec![
            wish(EVERYBODY, "everybody together", everybody),
            wish(
                SYSTEM_SLICE,
                "the system's services",
                std::iter::once(weight).chain(below).collect(),
            ),
            wish(
                INIT,
                "systemd itself",
                std::iter::once(heavy(way_in))
                    .chain(promise(self.service, way_in))
                    .collect(),
            ),
        ];
        units.extend(ground.way_in.iter().map(|service| {
            let keeps = std::iter::once(heavy(way_in)).chain(promise(self.service, way_in));
            wish(service, "the way in", keeps.collect())
        }));
        units
    }
}

/// What a part leaves.
fn rest(part: Percent) -> String {
    let used = u16::try_from(part.of(10_000)).unwrap_or(10_000);
    Percent::from_hundredths(10_000 - used).to_string()
}
