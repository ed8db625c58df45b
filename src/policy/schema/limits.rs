//! `[limits.default]`, `[limits.group.NAME]`, `[limits.user.NAME]`: keys called as systemd calls
//! its own, in snake case, and their values in systemd's syntax.

use std::fmt;

use jiff::Timestamp;

use crate::base::account::BadValue;
use crate::base::id::{GroupName, UserName};
use crate::base::limit::{Amount, Count, CpuQuota, IoRates, IpRules, Limit, Size, Weight};

use super::{Place, Told};

/// One table of limits in one file.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitTable {
    /// For whom.
    pub scope: Scope,
    /// Where it begins.
    pub at: Place,
    /// When all of it is over.
    pub until: Option<Told<Timestamp>>,
    /// In the order of the file.
    pub entries: Vec<LimitEntry>,
}

/// One limit in one table.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitEntry {
    /// Which.
    pub key: Key,
    /// What is wished.
    pub value: Value,
    /// Where.
    pub at: Place,
    /// When this one is over, written as `{ value = …, until = … }`; it counts instead of the
    /// table's.
    pub until: Option<Told<Timestamp>>,
}

impl LimitTable {
    /// When an entry of this table is over.
    #[must_use]
    pub fn end_of<'a>(&'a self, entry: &'a LimitEntry) -> Option<&'a Told<Timestamp>> {
        entry.until.as_ref().or(self.until.as_ref())
    }
}

/// Whom a table is for. Later ones win: groups over everybody, a person over groups.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every person.
    Default,
    /// Members of a group.
    Group(GroupName),
    /// One person.
    User(UserName),
}

impl fmt::Display for Scope {
    /// As the table is called behind its first word: `default`, `group.modelling`, `user.alice`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Group(name) => write!(f, "group.{}", super::rights::quoted(name.as_str())),
            Self::User(name) => write!(f, "user.{}", super::rights::quoted(name.as_str())),
        }
    }
}

/// A limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `CPUQuota=`.
    CpuQuota,
    /// `CPUWeight=`.
    CpuWeight,
    /// `MemoryHigh=`.
    MemoryHigh,
    /// `MemoryMax=`.
    MemoryMax,
    /// `MemorySwapMax=`.
    MemorySwapMax,
    /// `TasksMax=`.
    TasksMax,
    /// `IOWeight=`.
    IoWeight,
    /// `IOReadBandwidthMax=`.
    IoReadBandwidthMax,
    /// `IOWriteBandwidthMax=`.
    IoWriteBandwidthMax,
    /// `IOReadIOPSMax=`.
    IoReadIopsMax,
    /// `IOWriteIOPSMax=`.
    IoWriteIopsMax,
    /// Disk quota of the home's file system: what may be exceeded for a while.
    DiskSoft,
    /// Disk quota of the home's file system: what is never exceeded.
    DiskHard,
    /// Quota of files: what may be exceeded for a while.
    InodesSoft,
    /// Quota of files: what is never exceeded.
    InodesHard,
    /// `IPAddressDeny=`.
    IpDeny,
    /// `IPAddressAllow=`.
    IpAllow,
}

/// What a value of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A percentage of one core, or `infinity`.
    Quota,
    /// 1 to 10000.
    Weight,
    /// Bytes, a percentage of the host's memory, or `infinity`.
    Memory,
    /// A number, a percentage of the host's tasks, or `infinity`.
    Tasks,
    /// `50M`, `/dev/vdb 50M`, or a list of such.
    Rates,
    /// Bytes or `infinity`.
    Bytes,
    /// A number or `infinity`.
    Count,
    /// A list of addresses, networks and words.
    Addresses,
}

/// The value of a limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Of [`Kind::Quota`].
    Quota(Limit<CpuQuota>),
    /// Of [`Kind::Weight`].
    Weight(Weight),
    /// Of [`Kind::Memory`].
    Memory(Limit<Amount<Size>>),
    /// Of [`Kind::Tasks`].
    Tasks(Limit<Amount<Count>>),
    /// Of [`Kind::Rates`].
    Rates(IoRates),
    /// Of [`Kind::Bytes`].
    Bytes(Limit<Size>),
    /// Of [`Kind::Count`].
    Count(Limit<Count>),
    /// Of [`Kind::Addresses`].
    Addresses(IpRules),
}

impl Key {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 17] = [
        Self::CpuQuota,
        Self::CpuWeight,
        Self::MemoryHigh,
        Self::MemoryMax,
        Self::MemorySwapMax,
        Self::TasksMax,
        Self::IoWeight,
        Self::IoReadBandwidthMax,
        Self::IoWriteBandwidthMax,
        Self::IoReadIopsMax,
        Self::IoWriteIopsMax,
        Self::DiskSoft,
        Self::DiskHard,
        Self::InodesSoft,
        Self::InodesHard,
        Self::IpDeny,
        Self::IpAllow,
    ];

    /// Bytes without which nobody can log in.
    pub(crate) const LEAST_MEMORY: u64 = 32 << 20;
    /// Tasks without which nobody can log in.
    pub(crate) const LEAST_TASKS: u64 = 16;

    /// As written in the policy and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CpuQuota => "cpu_quota",
            Self::CpuWeight => "cpu_weight",
            Self::MemoryHigh => "memory_high",
            Self::MemoryMax => "memory_max",
            Self::MemorySwapMax => "memory_swap_max",
            Self::TasksMax => "tasks_max",
            Self::IoWeight => "io_weight",
            Self::IoReadBandwidthMax => "io_read_bandwidth_max",
            Self::IoWriteBandwidthMax => "io_write_bandwidth_max",
            Self::IoReadIopsMax => "io_read_iops_max",
            Self::IoWriteIopsMax => "io_write_iops_max",
            Self::DiskSoft => "disk_soft",
            Self::DiskHard => "disk_hard",
            Self::InodesSoft => "inodes_soft",
            Self::InodesHard => "inodes_hard",
            Self::IpDeny => "ip_deny",
            Self::IpAllow => "ip_allow",
        }
    }

    /// systemd's own name, `systemd.resource-control(5)`; `None` for what is a disk quota.
    #[must_use]
    pub fn systemd(self) -> Option<&'static str> {
        Some(match self {
            Self::CpuQuota => "CPUQuota",
            Self::CpuWeight => "CPUWeight",
            Self::MemoryHigh => "MemoryHigh",
            Self::MemoryMax => "MemoryMax",
            Self::MemorySwapMax => "MemorySwapMax",
            Self::TasksMax => "TasksMax",
            Self::IoWeight => "IOWeight",
            Self::IoReadBandwidthMax => "IOReadBandwidthMax",
            Self::IoWriteBandwidthMax => "IOWriteBandwidthMax",
            Self::IoReadIopsMax => "IOReadIOPSMax",
            Self::IoWriteIopsMax => "IOWriteIOPSMax",
            Self::DiskSoft | Self::DiskHard | Self::InodesSoft | Self::InodesHard => return None,
            Self::IpDeny => "IPAddressDeny",
            Self::IpAllow => "IPAddressAllow",
        })
    }

    /// What its values are.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::CpuQuota => Kind::Quota,
            Self::CpuWeight | Self::IoWeight => Kind::Weight,
            Self::MemoryHigh | Self::MemoryMax | Self::MemorySwapMax => Kind::Memory,
            Self::TasksMax => Kind::Tasks,
            Self::IoReadBandwidthMax
            | Self::IoWriteBandwidthMax
            | Self::IoReadIopsMax
            | Self::IoWriteIopsMax => Kind::Rates,
            Self::DiskSoft | Self::DiskHard => Kind::Bytes,
            Self::InodesSoft | Self::InodesHard => Kind::Count,
            Self::IpDeny | Self::IpAllow => Kind::Addresses,
        }
    }

    /// The key of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// A value of it, from one text, or from several where [`Kind::takes_a_list`].
    ///
    /// # Errors
    /// When it is none, or one under which nobody could log in.
    pub fn value(self, texts: &[&str]) -> Result<Value, BadValue> {
        let one = || match texts {
            [text] => Ok(*text),
            _ => Err(BadValue::new(
                self.name(),
                &texts.join(", "),
                "write one value, not a list",
            )),
        };
        let value = match self.kind() {
            Kind::Quota => Value::Quota(one()?.parse()?),
            Kind::Weight => Value::Weight(one()?.parse()?),
            Kind::Memory => Value::Memory(one()?.parse()?),
            Kind::Tasks => Value::Tasks(one()?.parse()?),
            Kind::Bytes => Value::Bytes(one()?.parse()?),
            Kind::Count => Value::Count(one()?.parse()?),
            Kind::Rates => {
                let rates: Result<Vec<_>, BadValue> =
                    texts.iter().map(|text| text.parse()).collect();
                Value::Rates(IoRates::new(rates?)?)
            }
            Kind::Addresses => {
                // As in systemd, one text may name several.
                let words = texts.iter().flat_map(|text| text.split(' '));
                let rules: Result<Vec<_>, BadValue> = words.map(str::parse).collect();
                Value::Addresses(IpRules(rules?))
            }
        };
        self.leaves_room(&value)?;
        Ok(value)
    }

    /// A value of it as somebody types it; items of a list are parted by commas.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn typed(self, text: &str) -> Result<Value, BadValue> {
        if self.kind().takes_a_list() {
            let items: Vec<&str> = text.split(',').map(str::trim).collect();
            return self.value(&items);
        }
        self.value(&[text.trim()])
    }

    /// Refuses what would lock people out: it is a forgotten suffix far more often than a wish.
    fn leaves_room(self, value: &Value) -> Result<(), BadValue> {
        const LEAST_QUOTA: f64 = 0.05;
        let least = match (self, value) {
            (Self::MemoryHigh | Self::MemoryMax, Value::Memory(Limit::At(Amount::Fixed(size))))
                if size.0.0 < Self::LEAST_MEMORY =>
            {
                "32M"
            }
            (Self::TasksMax, Value::Tasks(Limit::At(Amount::Fixed(count))))
                if count.0 < Self::LEAST_TASKS =>
            {
                "16"
            }
            (Self::CpuQuota, Value::Quota(Limit::At(quota))) if quota.cores() < LEAST_QUOTA => "5%",
            (
                Self::MemoryHigh | Self::MemoryMax | Self::TasksMax,
                Value::Memory(Limit::At(Amount::Share(part)))
                | Value::Tasks(Limit::At(Amount::Share(part))),
            ) if part.of(10_000) == 0 => "0.01%",
            _ => return Ok(()),
        };
        let why = format!("nobody can log in with so little; the least is {least}");
        Err(BadValue::new("a limit", &value.to_string(), why))
    }
}

impl Kind {
    /// Whether several values may stand in a list.
    #[must_use]
    pub fn takes_a_list(self) -> bool {
        matches!(self, Self::Rates | Self::Addresses)
    }

    /// What to write, for whoever wrote something else.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::Quota => "a percentage of one core such as \"400%\", or \"infinity\"",
            Self::Weight => "a number from 1 to 10000",
            Self::Memory => {
                "bytes such as \"200G\", a part of the memory such as \"35%\", or \"infinity\""
            }
            Self::Tasks => "a number such as 4096, a part such as \"33%\", or \"infinity\"",
            Self::Rates => "a rate such as \"50M\", \"/dev/vdb 50M\", or a list of such",
            Self::Bytes => "bytes such as \"200G\", or \"infinity\"",
            Self::Count => "a number such as 500000, or \"infinity\"",
            Self::Addresses => "a list such as [\"10.0.0.0/8\", \"localhost\"]",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quota(value) => value.fmt(f),
            Self::Weight(value) => value.fmt(f),
            Self::Memory(value) => value.fmt(f),
            Self::Tasks(value) => value.fmt(f),
            Self::Rates(value) => value.fmt(f),
            Self::Bytes(value) => value.fmt(f),
            Self::Count(value) => value.fmt(f),
            Self::Addresses(value) => value.fmt(f),
        }
    }
}

impl Value {
    /// The texts that [`Key::value`] reads as this again.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::Rates(rates) => rates.each().iter().map(ToString::to_string).collect(),
            Self::Addresses(rules) => rules.0.iter().map(ToString::to_string).collect(),
            other => vec![other.to_string()],
        }
    }
}
