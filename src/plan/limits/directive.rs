//! What systemd can be told about a unit's resources, `systemd.resource-control(5)`, as far as it
//! is used here, and its values in one wording whoever says them.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::base::limit::{Amount, Count, CpuQuota, IoMax, IoRates, IpRule, Limit, Size, Weight};
use crate::base::units::Bytes;
use crate::policy::resolve::HostSize;
use crate::policy::schema::Key;

/// A setting of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Directive {
    /// Of the policy.
    Of(Key),
    /// Memory that is never taken away, if every unit above grants it.
    MemoryMin,
    /// Memory that is taken away last, if every unit above grants it.
    MemoryLow,
}

/// Where a path of the host lies, as the kernel numbers devices (`254:0`); `None` where it is on
/// none that can be bounded.
pub type Devices<'a> = dyn Fn(&str) -> Option<String> + 'a;

impl Directive {
    /// All of them, in the order in which they are written and shown.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let keys = Key::ALL.into_iter().filter_map(Self::of);
        keys.chain([Self::MemoryMin, Self::MemoryLow]).collect()
    }

    /// Of a key of the policy; `None` for what systemd has no setting of.
    #[must_use]
    pub fn of(key: Key) -> Option<Self> {
        key.systemd().map(|_| Self::Of(key))
    }

    /// As written in a unit's file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Of(key) => key.systemd().unwrap_or(""),
            Self::MemoryMin => "MemoryMin",
            Self::MemoryLow => "MemoryLow",
        }
    }

    /// As the policy calls it, or would.
    #[must_use]
    pub fn key_name(self) -> &'static str {
        match self {
            Self::Of(key) => key.name(),
            Self::MemoryMin => "memory_min",
            Self::MemoryLow => "memory_low",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::all()
            .into_iter()
            .find(|directive| directive.name() == name)
    }

    /// What systemd calls it over D-Bus.
    #[must_use]
    pub fn property(self) -> &'static str {
        match self {
            Self::Of(Key::CpuQuota) => "CPUQuotaPerSecUSec",
            other => other.name(),
        }
    }

    /// Whether every line adds to those before it, until an empty one.
    #[must_use]
    pub fn is_list(self) -> bool {
        matches!(self.shape(), Shape::Rates | Shape::Addresses)
    }

    /// The file of a cgroup that tells what the kernel has; `None` for what no file tells.
    #[must_use]
    pub fn kernel_file(self) -> Option<&'static str> {
        Some(match self {
            Self::Of(key) => match key {
                Key::CpuQuota => "cpu.max",
                Key::CpuWeight => "cpu.weight",
                Key::MemoryHigh => "memory.high",
                Key::MemoryMax => "memory.max",
                Key::MemorySwapMax => "memory.swap.max",
                Key::TasksMax => "pids.max",
                Key::IoWeight => "io.weight",
                Key::IoReadBandwidthMax
                | Key::IoWriteBandwidthMax
                | Key::IoReadIopsMax
                | Key::IoWriteIopsMax => "io.max",
                Key::IpDeny
                | Key::IpAllow
                | Key::DiskSoft
                | Key::DiskHard
                | Key::InodesSoft
                | Key::InodesHard => return None,
            },
            Self::MemoryMin => "memory.min",
            Self::MemoryLow => "memory.low",
        })
    }

    /// What bounds nothing: what is there when nobody says anything.
    #[must_use]
    pub fn unbounded(self) -> &'static str {
        match self.shape() {
            Shape::Protection => "0",
            Shape::Weight => "100",
            Shape::Addresses => "none",
            Shape::Memory | Shape::Tasks | Shape::Quota | Shape::Rates => "infinity",
        }
    }

    /// What a unit's file has to say so that nothing is bounded.
    #[must_use]
    pub fn lifted(self) -> Vec<String> {
        match self.shape() {
            Shape::Rates | Shape::Addresses => Vec::new(),
            _ => vec![self.unbounded().to_owned()],
        }
    }

    fn shape(self) -> Shape {
        match self {
            Self::MemoryMin | Self::MemoryLow => Shape::Protection,
            Self::Of(key) => match key {
                Key::CpuQuota => Shape::Quota,
                Key::CpuWeight | Key::IoWeight => Shape::Weight,
                Key::TasksMax | Key::InodesSoft | Key::InodesHard => Shape::Tasks,
                Key::IoReadBandwidthMax
                | Key::IoWriteBandwidthMax
                | Key::IoReadIopsMax
                | Key::IoWriteIopsMax => Shape::Rates,
                Key::IpDeny | Key::IpAllow => Shape::Addresses,
                Key::MemoryHigh
                | Key::MemoryMax
                | Key::MemorySwapMax
                | Key::DiskSoft
                | Key::DiskHard => Shape::Memory,
            },
        }
    }

    /// What lines of a unit's file mean on this host, in one wording; `None` where they cannot be
    /// understood.
    #[must_use]
    pub fn meant(
        self,
        values: &[String],
        host: &HostSize,
        devices: &Devices<'_>,
    ) -> Option<String> {
        let last = values.last().map(String::as_str).filter(|v| !v.is_empty());
        let Some(last) = last else {
            return Some(self.unbounded().to_owned());
        };
        Some(match self.shape() {
            Shape::Memory | Shape::Protection => {
                let limit: Limit<Amount<Size>> = last.parse().ok()?;
                limit.at().map_or_else(
                    || "infinity".to_owned(),
                    |amount| pages(amount.here(host).0, host).to_string(),
                )
            }
            Shape::Tasks => {
                let limit: Limit<Amount<Count>> = last.parse().ok()?;
                limit.map(|amount| amount.here(host)).to_string()
            }
            Shape::Quota => {
                let limit: Limit<CpuQuota> = last.parse().ok()?;
                limit.at().map_or_else(
                    || "infinity".to_owned(),
                    |quota| quota.micros_per_second().to_string(),
                )
            }
            Shape::Weight => last.parse::<Weight>().ok()?.to_string(),
            Shape::Rates => rates(values, devices)?,
            Shape::Addresses => addresses(values)?,
        })
    }

    /// What the kernel's file says, in the same wording; `None` where it cannot be understood.
    #[must_use]
    pub fn in_kernel(self, text: &str) -> Option<String> {
        let text = text.trim();
        let number = |text: &str| match text {
            "max" => Some("infinity".to_owned()),
            digits => digits.parse::<u64>().ok().map(|number| number.to_string()),
        };
        match self.shape() {
            Shape::Memory | Shape::Protection | Shape::Tasks => number(text),
            Shape::Weight => number(
                text.strip_prefix("default ")
                    .unwrap_or(text)
                    .lines()
                    .next()?,
            ),
            Shape::Quota => {
                let (quota, period) = text.split_once(' ')?;
                if quota == "max" {
                    return Some("infinity".to_owned());
                }
                let (quota, period): (u64, u64) = (quota.parse().ok()?, period.parse().ok()?);
                let micros = quota.checked_mul(1_000_000)?.checked_div(period)?;
                Some(micros.to_string())
            }
            Shape::Rates => Some(self.rates_in_kernel(text)),
            Shape::Addresses => None,
        }
    }

    fn rates_in_kernel(self, text: &str) -> String {
        let field = match self {
            Self::Of(Key::IoReadBandwidthMax) => "rbps=",
            Self::Of(Key::IoWriteBandwidthMax) => "wbps=",
            Self::Of(Key::IoReadIopsMax) => "riops=",
            _ => "wiops=",
        };
        let mut all: Vec<String> = text
            .lines()
            .filter_map(|line| {
                let (device, fields) = line.split_once(' ')?;
                let mut fields = fields.split_ascii_whitespace();
                let rate = fields.find_map(|word| word.strip_prefix(field))?;
                (rate != "max").then(|| format!("{device} {rate}"))
            })
            .collect();
        joined(&mut all, self.unbounded())
    }

    /// A value of that wording as people read it.
    #[must_use]
    pub fn told(self, value: &str) -> String {
        let number: Option<u64> = value.parse().ok();
        match (self.shape(), number) {
            (Shape::Memory | Shape::Protection, Some(bytes)) => Bytes(bytes).to_string(),
            (Shape::Quota, Some(micros)) => {
                let hundredths = u32::try_from(micros / 100).unwrap_or(u32::MAX);
                CpuQuota::from_hundredths(hundredths).to_string()
            }
            _ => value.to_owned(),
        }
    }
}

impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What values look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Memory,
    Protection,
    Tasks,
    Quota,
    Weight,
    Rates,
    Addresses,
}

/// The kernel counts memory in pages.
fn pages(bytes: Bytes, host: &HostSize) -> u64 {
    let page = host.page.0.max(1);
    bytes.0 / page * page
}

/// Bounds of several lines, device by device; the last line about a device counts.
fn rates(lines: &[String], devices: &Devices<'_>) -> Option<String> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in lines {
        if line.is_empty() {
            all.clear();
            continue;
        }
        let rate: IoMax = line.parse().ok()?;
        let (path, _) = line.rsplit_once(' ')?;
        let device = devices(path.trim())?;
        all.retain(|(other, _)| *other != device);
        if let Some(rate) = rate.max.at() {
            all.push((device, rate.0.to_string()));
        }
    }
    let mut all: Vec<String> = all
        .into_iter()
        .map(|(device, rate)| format!("{device} {rate}"))
        .collect();
    Some(joined(&mut all, "infinity"))
}

fn addresses(lines: &[String]) -> Option<String> {
    let mut all: Vec<String> = Vec::new();
    for line in lines {
        if line.is_empty() {
            all.clear();
        }
        for word in line.split_ascii_whitespace() {
            let rule: IpRule = word.parse().ok()?;
            all.extend(networks(rule));
        }
    }
    Some(joined(&mut all, "none"))
}

/// The networks of a rule, as systemd tells them.
#[must_use]
pub fn networks(rule: IpRule) -> Vec<String> {
    let texts: &[&str] = match rule {
        IpRule::Any => &["0.0.0.0/0", "::/0"],
        IpRule::Localhost => &["127.0.0.0/8", "::1/128"],
        IpRule::LinkLocal => &["169.254.0.0/16", "fe80::/64"],
        IpRule::Multicast => &["224.0.0.0/4", "ff00::/8"],
        IpRule::Net { address, prefix } => return vec![format!("{address}/{prefix}")],
    };
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A list in one order, each item once.
pub fn joined(items: &mut Vec<String>, none: &str) -> String {
    items.sort();
    items.dedup();
    if items.is_empty() {
        none.to_owned()
    } else {
        items.join(", ")
    }
}

/// How the policy's rates are written for systemd: each on the device that holds a path.
#[must_use]
pub fn rate_lines(rates: &IoRates, home: &str) -> Vec<String> {
    let one = |rate: &IoMax| match &rate.device {
        crate::base::limit::IoDevice::Home => format!("{home} {}", rate.max),
        crate::base::limit::IoDevice::Path(path) => format!("{path} {}", rate.max),
    };
    rates.each().iter().map(one).collect()
}
