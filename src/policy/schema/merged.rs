//! What all files together say, and what is done where they say nothing.

use crate::base::id::{GroupName, UserName};
use crate::base::limit::{Percent, Span};

use super::{
    GrantTable, HostTable, Key, Pattern, Place, Policy, PressureKey, Reaction, Resource, Role,
    Told, Treatment, Value, Whom,
};

/// `[host]` of all files.
pub type Host = HostTable;

/// Who is protected: never frozen or killed, exempt from penalties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admins {
    /// Members of these groups, each with its place; `None` where no file names admins.
    pub groups: Vec<(GroupName, Option<Place>)>,
    /// These people.
    pub users: Vec<(UserName, Option<Place>)>,
}

/// A sudo grant of all files.
pub type Grant = GrantTable;

/// Roles of all files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roles(pub Vec<(Role, Place, Whom)>);

/// What the guard does, of all files.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// What the files name.
    pub lists: Vec<(Treatment, Told<Pattern>)>,
    /// What is done about units that no list names.
    pub others: Treatment,
    /// What follows on pressure.
    pub pressure: Pressure,
}

/// When a reaction follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Above which share of the time somebody waited for a processor.
    pub cpu: Option<Percent>,
    /// For memory.
    pub memory: Option<Percent>,
    /// For a disk.
    pub io: Option<Percent>,
    /// For how long the pressure lasts before it happens.
    pub after: Span,
}

/// What follows on pressure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressure {
    /// When the admins are told.
    pub tell: Trigger,
    /// For how long nothing more is told about the same person.
    pub tell_again: Span,
    /// When somebody gets less.
    pub throttle: Trigger,
    /// What, and for how long.
    pub penalty: Penalty,
    /// When somebody stands still.
    pub freeze: Trigger,
    /// For how long.
    pub freeze_for: Span,
    /// When somebody's largest job is ended.
    pub kill: Trigger,
}

/// What a throttled person gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Penalty {
    /// The limits, over those they have.
    pub limits: Vec<(Key, Value)>,
    /// For how long, the first time.
    pub first: Span,
    /// For how long at most; each time is twice as long as the last.
    pub at_most: Span,
    /// After how long without another time it begins anew.
    pub forget: Span,
}

/// Units that nobody is taken out of, whatever their uid says: the way in, the system's own, what
/// keeps people's processes in cgroups itself, and servers that change their uid for each request.
const NEVER: &[&str] = &[
    "init.scope",
    "ssh.service",
    "sshd.service",
    "ssh@*.service",
    "sshd@*.service",
    "systemd-*.service",
    "dbus*.service",
    "polkit*.service",
    "accounts-daemon.service",
    "getty@*.service",
    "serial-getty@*.service",
    "benchwarden*.service",
    "docker.service",
    "docker-*.scope",
    "containerd.service",
    "cri-containerd-*.scope",
    "crio-*.scope",
    "kubelet.service",
    "libpod-*.scope",
    "machine-*.scope",
    "systemd-nspawn@*.service",
    "libvirtd.service",
    "slurmd.service",
    "slurmstepd.scope",
    "slurm*_slurmstepd.scope",
    "smbd.service",
    "nmbd.service",
    "nfs-*.service",
    "autofs.service",
    "sssd*.service",
    "winbind.service",
    "dovecot.service",
    "postfix*.service",
    "exim4.service",
];

/// Units of one person each, which their spawner starts and stops: limited where they are.
const LEAVE: &[&str] = &["jupyter-*.service"];

impl Policy {
    /// `[host]`.
    #[must_use]
    pub fn host(&self) -> Host {
        let mut host = Host::default();
        for file in &self.files {
            later(&mut host.reserve_memory, &file.host.reserve_memory);
            later(&mut host.reserve_tasks, &file.host.reserve_tasks);
        }
        host
    }

    /// `[admins]`; members of `sudo` and `wheel` where no file names any.
    #[must_use]
    pub fn admins(&self) -> Admins {
        let mut whom = Whom::default();
        for file in &self.files {
            whom.overlay(&file.admins);
        }
        if whom == Whom::default() {
            let groups = ["sudo", "wheel"].map(GroupName::parse).into_iter();
            return Admins {
                groups: groups.flatten().map(|name| (name, None)).collect(),
                users: Vec::new(),
            };
        }
        let at = |told: &Told<GroupName>| (told.value.clone(), Some(told.at.clone()));
        let groups = whom.groups.iter().flat_map(|list| &list.value).map(at);
        let at = |told: &Told<UserName>| (told.value.clone(), Some(told.at.clone()));
        let users = whom.users.iter().flat_map(|list| &list.value).map(at);
        Admins {
            groups: groups.collect(),
            users: users.collect(),
        }
    }

    /// `[sudo.grant.…]`, in the order in which they are first named.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        let mut grants: Vec<Grant> = Vec::new();
        for table in self.files.iter().flat_map(|file| &file.grants) {
            match grants.iter_mut().find(|grant| grant.name == table.name) {
                None => grants.push(table.clone()),
                Some(grant) => {
                    grant.whom.overlay(&table.whom);
                    later(&mut grant.commands, &table.commands);
                    later(&mut grant.run_as, &table.run_as);
                    later(&mut grant.nopasswd, &table.nopasswd);
                    later(&mut grant.until, &table.until);
                    later(&mut grant.reason, &table.reason);
                    grant.at = table.at.clone();
                }
            }
        }
        grants
    }

    /// `[roles]`, the least first.
    #[must_use]
    pub fn roles(&self) -> Roles {
        let mut roles: Vec<(Role, Place, Whom)> = Vec::new();
        for table in self.files.iter().flat_map(|file| &file.roles) {
            match roles.iter_mut().find(|(role, ..)| *role == table.role) {
                None => roles.push((table.role, table.at.clone(), table.whom.clone())),
                Some((_, at, whom)) => {
                    whom.overlay(&table.whom);
                    *at = table.at.clone();
                }
            }
        }
        roles.sort_by_key(|(role, ..)| *role);
        Roles(roles)
    }

    /// `[guard]`.
    #[must_use]
    pub fn guard(&self) -> Guard {
        let mut guard = Guard::default();
        for treatment in Treatment::ALL {
            let mut list = None;
            for file in &self.files {
                let own = file.guard.lists.iter().find(|(own, _)| *own == treatment);
                list = own.map(|(_, list)| list).or(list);
            }
            let patterns = list.iter().flat_map(|list| &list.value);
            let patterns = patterns.map(|pattern| (treatment, pattern.clone()));
            guard.lists.extend(patterns);
        }
        for file in &self.files {
            if let Some(others) = &file.guard.others {
                guard.others = others.value;
            }
            for table in &file.guard.pressure {
                for (key, _) in &table.keys {
                    guard.pressure.set(table.reaction, key);
                }
            }
        }
        guard
    }
}

fn later<T: Clone>(so_far: &mut Option<T>, next: &Option<T>) {
    if next.is_some() {
        so_far.clone_from(next);
    }
}

impl Whom {
    fn overlay(&mut self, next: &Self) {
        later(&mut self.users, &next.users);
        later(&mut self.groups, &next.groups);
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            lists: Vec::new(),
            others: Treatment::Adopt,
            pressure: Pressure::default(),
        }
    }
}

impl Guard {
    /// Units that are treated so where the files do not name them.
    #[must_use]
    pub fn built_in(treatment: Treatment) -> &'static [&'static str] {
        match treatment {
            Treatment::Adopt => &[],
            Treatment::Leave => LEAVE,
            Treatment::Never => NEVER,
        }
    }

    /// What is done about a person's process in a unit. What the files name counts first, then
    /// what is built in, then `others`; where lists of one kind name it twice, the more careful
    /// one counts.
    #[must_use]
    pub fn treatment(&self, unit: &str) -> Treatment {
        let named = self.lists.iter();
        let named = named.filter(|(_, pattern)| pattern.value.is_of(unit));
        if let Some(treatment) = named.map(|(treatment, _)| *treatment).max() {
            return treatment;
        }
        let is_in = |kind: &Treatment| {
            let mut names = Self::built_in(*kind).iter();
            names.any(|name| Pattern::known(name).is_of(unit))
        };
        let built_in = Treatment::ALL.into_iter().rev().find(is_in);
        built_in.unwrap_or(self.others)
    }
}

impl Trigger {
    const fn off(after: Span) -> Self {
        Self {
            cpu: None,
            memory: None,
            io: None,
            after,
        }
    }

    /// Above which share it follows.
    #[must_use]
    pub fn above(&self, resource: Resource) -> Option<Percent> {
        match resource {
            Resource::Cpu => self.cpu,
            Resource::Memory => self.memory,
            Resource::Io => self.io,
        }
    }

    /// Whether it never follows.
    #[must_use]
    pub fn is_off(&self) -> bool {
        Resource::ALL.iter().all(|what| self.above(*what).is_none())
    }
}

impl Default for Pressure {
    /// The admins are told, and nothing else is done until a policy says so.
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        let some = |value: Result<Value, _>| value.ok();
        // Others come first, and who is alone loses nothing.
        let weights = [Key::CpuWeight, Key::IoWeight];
        let weights = weights.map(|key| some(key.value(&["10"])).map(|value| (key, value)));
        Self {
            tell: Trigger {
                cpu: Some(Percent::whole(80)),
                memory: Some(Percent::whole(10)),
                io: Some(Percent::whole(50)),
                after: Span::seconds(1),
            },
            tell_again: Span::seconds(10 * MINUTE),
            throttle: Trigger::off(Span::seconds(10)),
            penalty: Penalty {
                limits: weights.into_iter().flatten().collect(),
                first: Span::seconds(5 * MINUTE),
                at_most: Span::seconds(2 * HOUR),
                forget: Span::seconds(24 * HOUR),
            },
            freeze: Trigger::off(Span::seconds(20)),
            freeze_for: Span::seconds(2 * MINUTE),
            kill: Trigger::off(Span::seconds(30)),
        }
    }
}

impl Pressure {
    /// When a reaction follows.
    #[must_use]
    pub fn trigger(&self, reaction: Reaction) -> &Trigger {
        match reaction {
            Reaction::Tell => &self.tell,
            Reaction::Throttle => &self.throttle,
            Reaction::Freeze => &self.freeze,
            Reaction::Kill => &self.kill,
        }
    }

    fn set(&mut self, reaction: Reaction, key: &PressureKey) {
        let trigger = match reaction {
            Reaction::Tell => &mut self.tell,
            Reaction::Throttle => &mut self.throttle,
            Reaction::Freeze => &mut self.freeze,
            Reaction::Kill => &mut self.kill,
        };
        match key {
            PressureKey::Above(Resource::Cpu, share) => trigger.cpu = *share,
            PressureKey::Above(Resource::Memory, share) => trigger.memory = *share,
            PressureKey::Above(Resource::Io, share) => trigger.io = *share,
            PressureKey::After(span) => trigger.after = *span,
            PressureKey::Again(span) => self.tell_again = *span,
            PressureKey::For(span) if reaction == Reaction::Freeze => self.freeze_for = *span,
            PressureKey::For(span) => self.penalty.first = *span,
            PressureKey::AtMost(span) => self.penalty.at_most = *span,
            PressureKey::Forget(span) => self.penalty.forget = *span,
            PressureKey::Limits(limits) => self.penalty.limits.clone_from(limits),
        }
    }
}
