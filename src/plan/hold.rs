//! Holding one person back for a while, for everybody else's sake: with less of something, by
//! standing still, or by losing the largest job. Each is a plan like any other.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Nanos};
use crate::policy::schema::{Key, Resource, Value};

use super::Plan;
use super::step::{Action, Step, Undo};

/// Something of which a person can have less for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Knob {
    /// CPU time, in microseconds a second.
    CpuQuota,
    /// Share of the processors where others want them too.
    CpuWeight,
    /// Share of the disks where others want them too.
    IoWeight,
    /// Memory above which they wait, in bytes.
    MemoryHigh,
}

impl Knob {
    /// What systemd calls it over D-Bus.
    #[must_use]
    pub fn property(self) -> &'static str {
        match self {
            Self::CpuQuota => "CPUQuotaPerSecUSec",
            Self::CpuWeight => "CPUWeight",
            Self::IoWeight => "IOWeight",
            Self::MemoryHigh => "MemoryHigh",
        }
    }

    /// The file in which systemd keeps it until the host is started again.
    #[must_use]
    pub fn kept_in(self) -> &'static str {
        match self {
            Self::CpuQuota => "50-CPUQuota.conf",
            Self::CpuWeight => "50-CPUWeight.conf",
            Self::IoWeight => "50-IOWeight.conf",
            Self::MemoryHigh => "50-MemoryHigh.conf",
        }
    }

    /// The kernel's file.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::CpuQuota => "cpu.max",
            Self::CpuWeight => "cpu.weight",
            Self::IoWeight => "io.weight",
            Self::MemoryHigh => "memory.high",
        }
    }

    /// What it is where nobody has said anything.
    #[must_use]
    pub fn unset(self) -> u64 {
        match self {
            Self::CpuQuota | Self::MemoryHigh => u64::MAX,
            Self::CpuWeight | Self::IoWeight => 100,
        }
    }

    /// What the kernel's file says.
    #[must_use]
    pub fn read(self, text: &str) -> Option<u64> {
        let mut words = text.split_ascii_whitespace();
        let first = words.next()?;
        match self {
            Self::CpuQuota | Self::MemoryHigh if first == "max" => Some(u64::MAX),
            Self::CpuQuota => {
                let (quota, period): (u64, u64) =
                    (first.parse().ok()?, words.next()?.parse().ok()?);
                quota.checked_mul(1_000_000)?.checked_div(period)
            }
            Self::MemoryHigh | Self::CpuWeight => first.parse().ok(),
            Self::IoWeight if first == "default" => words.next()?.parse().ok(),
            Self::IoWeight => first.parse().ok(),
        }
    }

    /// Whether two values are the same to the kernel, which rounds.
    #[must_use]
    pub fn same(self, one: u64, other: u64) -> bool {
        one.abs_diff(other) <= one.min(other) / 100
    }

    /// One value of the policy, where it is one of these.
    #[must_use]
    pub fn of_policy(key: Key, value: &Value) -> Option<(Self, u64)> {
        match (key, value) {
            (Key::CpuQuota, Value::Quota(quota)) => {
                let micros = quota
                    .at()
                    .map_or(u64::MAX, |quota| quota.micros_per_second());
                Some((Self::CpuQuota, micros))
            }
            (Key::CpuWeight, Value::Weight(weight)) => {
                Some((Self::CpuWeight, weight.number().into()))
            }
            (Key::IoWeight, Value::Weight(weight)) => {
                Some((Self::IoWeight, weight.number().into()))
            }
            _ => None,
        }
    }

    /// A value in words.
    #[must_use]
    pub fn words(self, value: u64) -> String {
        match (self, value) {
            (Self::CpuQuota, u64::MAX) => "all processors".to_owned(),
            (Self::CpuQuota, micros) if micros % 1_000_000 == 0 => match micros / 1_000_000 {
                1 => "one processor".to_owned(),
                more => format!("{more} processors"),
            },
            (Self::CpuQuota, micros) => format!("{} % of a processor", micros / 10_000),
            (Self::CpuWeight, weight) => format!("a CPU weight of {weight}"),
            (Self::IoWeight, weight) => format!("an I/O weight of {weight}"),
            (Self::MemoryHigh, u64::MAX) => "memory without waiting".to_owned(),
            (Self::MemoryHigh, bytes) => format!("{} of memory", Bytes(bytes)),
        }
    }
}

/// Who is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whom {
    /// Their uid.
    pub uid: Uid,
    /// What they are called.
    pub name: String,
}

impl Whom {
    /// Their slice.
    #[must_use]
    pub fn slice(&self) -> String {
        slice(self.uid)
    }
}

/// Somebody's slice.
#[must_use]
pub fn slice(uid: Uid) -> String {
    format!("user-{uid}.slice")
}

/// What a plan that holds somebody back is called; so it is found again, and not taken for one
/// that an admin asked for.
#[must_use]
pub fn throttle_of(name: &str) -> String {
    format!("throttle {name} for a while")
}

/// The same of standing still.
#[must_use]
pub fn freeze_of(name: &str) -> String {
    format!("freeze {name} for a while")
}

/// Less for a while: what is not less than what they have now is left out.
#[must_use]
pub fn throttle(whom: &Whom, wished: &[(Knob, u64)], now: &dyn Fn(Knob) -> u64, why: &str) -> Plan {
    let mut plan = Plan::new(throttle_of(&whom.name), &whom.name);
    plan.warn(why);
    for (knob, to) in wished.iter().copied() {
        let from = now(knob);
        if to >= from {
            continue;
        }
        let (unit, back) = (whom.slice(), whom.slice());
        plan.push(Step {
            what: format!("{} gets {} for a while", whom.name, knob.words(to)),
            action: Action::HoldBack {
                unit,
                knob,
                from,
                to,
            },
            changes: Vec::new(),
            undo: Undo::Exact {
                what: format!("{} gets {} again", whom.name, knob.words(from)),
                action: Action::LetGo {
                    unit: back,
                    knob,
                    from: to,
                    to: from,
                },
            },
        });
    }
    if plan.steps.is_empty() {
        return plan.refuse(format!("{} has no more than that now", whom.name));
    }
    plan
}

/// Everything they run stands still, memory kept.
#[must_use]
pub fn freeze(whom: &Whom, why: &str) -> Plan {
    let mut plan = Plan::new(freeze_of(&whom.name), &whom.name);
    plan.warn(why);
    plan.push(Step {
        what: format!("everything {} runs stands still for a while", whom.name),
        action: Action::Freeze { uid: whom.uid.0 },
        changes: Vec::new(),
        undo: Undo::Exact {
            what: format!("everything {} runs goes on", whom.name),
            action: Action::Thaw { uid: whom.uid.0 },
        },
    });
    plan
}

/// The largest job ends.
#[must_use]
pub fn kill(whom: &Whom, job: &Job, why: &str) -> Plan {
    let mut plan = Plan::new(format!("kill {job} of {}", whom.name), &whom.name);
    plan.warn(why);
    plan.push(Step {
        what: format!("{job} of {} ends at once", whom.name),
        action: Action::KillJob {
            uid: whom.uid.0,
            processes: job.processes.clone(),
        },
        changes: Vec::new(),
        undo: Undo::None {
            why: "what has ended does not come back".to_owned(),
        },
    });
    plan
}

/// One process of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Which.
    pub pid: Pid,
    /// When it began, in nanoseconds since boot: with the pid, which process it is.
    pub started: u64,
    /// Its process group: a job, where a shell has started it.
    pub group: u32,
    /// What it is called, cleaned.
    pub name: String,
    /// CPU time so far.
    pub cpu: Nanos,
    /// Memory that only its end would free.
    pub held: Bytes,
    /// Whether it is a way in: a login shell, its sshd, a terminal multiplexer.
    pub login: bool,
}

/// Processes that were started together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What most of it is called.
    pub name: String,
    /// Which processes, and when each began.
    pub processes: Vec<(u32, u64)>,
    /// What all of them hold.
    pub held: Bytes,
    /// What all of them have used.
    pub cpu: Nanos,
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.processes[..] {
            [(pid, _)] => write!(f, "{} (pid {pid})", self.name),
            all => {
                let first = all.first().map_or(0, |(pid, _)| *pid);
                write!(f, "{} × {} (pid {first}, …)", all.len(), self.name)
            }
        }
    }
}

/// The job that holds most memory, or has used most CPU time; never one that is somebody's way in.
#[must_use]
pub fn largest(processes: &[Process], resource: Resource) -> Option<Job> {
    let mut groups: BTreeMap<u32, Vec<&Process>> = BTreeMap::new();
    for process in processes {
        groups.entry(process.group).or_default().push(process);
    }
    let jobs = groups.into_values();
    let jobs = jobs.filter(|group| !group.iter().any(|one| one.login));
    jobs.map(|group| Job::of(group, resource))
        .max_by_key(|job| job.size(resource))
}

/// What is called the same and holds or has used most together: for who is to be told.
#[must_use]
pub fn most(processes: &[Process], resource: Resource) -> Option<Job> {
    let mut names: BTreeMap<&str, Vec<&Process>> = BTreeMap::new();
    for process in processes.iter().filter(|process| !process.login) {
        names.entry(&process.name).or_default().push(process);
    }
    let jobs = names.into_values();
    jobs.map(|group| Job::of(group, resource))
        .max_by_key(|job| job.size(resource))
}

impl Process {
    fn size(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Memory => self.held.0,
            Resource::Cpu | Resource::Io => self.cpu.0,
        }
    }
}

impl Job {
    fn of(mut group: Vec<&Process>, resource: Resource) -> Self {
        group.sort_by_key(|process| std::cmp::Reverse(process.size(resource)));
        Self {
            name: group
                .first()
                .map(|one| one.name.clone())
                .unwrap_or_default(),
            processes: group.iter().map(|one| (one.pid.0, one.started)).collect(),
            held: group.iter().map(|one| one.held).sum(),
            cpu: group.iter().map(|one| one.cpu).sum(),
        }
    }

    fn size(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Memory => self.held.0,
            Resource::Cpu | Resource::Io => self.cpu.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::undo;

    fn alice() -> Whom {
        Whom {
            uid: Uid(1001),
            name: "alice".to_owned(),
        }
    }

    #[test]
    fn values_are_as_the_kernel_writes_them() {
        for (knob, text, value) in [
            (Knob::CpuQuota, "max 100000\n", u64::MAX),
            (Knob::CpuQuota, "250000 100000\n", 2_500_000),
            (Knob::MemoryHigh, "max\n", u64::MAX),
            (Knob::MemoryHigh, "4096\n", 4096),
            (Knob::CpuWeight, "100\n", 100),
            (Knob::IoWeight, "default 10\n8:0 50\n", 10),
        ] {
            assert_eq!(knob.read(text), Some(value), "{text}");
        }
        assert_eq!(Knob::CpuQuota.read("1 0"), None);
        assert!(Knob::CpuQuota.same(330_000, 329_999) && !Knob::CpuQuota.same(1, u64::MAX));
    }

    #[test]
    fn less_is_given_and_more_never_and_all_of_it_comes_back() {
        let wished = [(Knob::CpuQuota, 1_000_000), (Knob::IoWeight, 10)];
        let now = |knob: Knob| match knob {
            Knob::CpuQuota => 500_000,
            other => other.unset(),
        };
        let plan = throttle(&alice(), &wished, &now, "the disks were slow");
        let [step] = &plan.steps[..] else {
            panic!("{plan:?}")
        };
        assert_eq!(step.what, "alice gets an I/O weight of 10 for a while");
        let back = undo::plan("P", &plan, &[0]);
        assert_eq!(back.steps[0].what, "alice gets an I/O weight of 100 again");
        let none = throttle(&alice(), &wished[..1], &now, "");
        assert!(!none.refused.is_empty());
    }

    fn process(pid: u32, group: u32, held: u64, cpu: u64, login: bool) -> Process {
        Process {
            pid: Pid(pid),
            started: 7,
            group,
            name: format!("p{pid}"),
            cpu: Nanos(cpu),
            held: Bytes(held),
            login,
        }
    }

    #[test]
    fn the_largest_job_is_found_and_the_login_is_none() {
        let all = [
            process(1, 1, 900, 900, true),
            process(2, 2, 10, 70, false),
            process(3, 2, 60, 10, false),
            process(4, 4, 65, 30, false),
        ];
        let job = largest(&all, Resource::Memory).unwrap();
        assert_eq!(
            (job.to_string(), job.held),
            ("2 × p3 (pid 3, …)".to_owned(), Bytes(70))
        );
        let job = largest(&all[1..], Resource::Cpu).unwrap();
        assert_eq!(job.processes, [(2, 7), (3, 7)]);
        assert_eq!(
            largest(&all[3..], Resource::Cpu).unwrap().to_string(),
            "p4 (pid 4)"
        );
        assert_eq!(largest(&all[..1], Resource::Memory), None);
        let together = [process(7, 7, 40, 0, false), process(7, 8, 40, 0, false)];
        let job = most(&[&all[..], &together].concat(), Resource::Memory).unwrap();
        assert_eq!(job.to_string(), "2 × p7 (pid 7, …)");
        let ended = kill(&alice(), &job, "");
        assert!(matches!(ended.steps[0].undo, Undo::None { .. }));
    }
}
