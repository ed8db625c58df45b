//! Values that bound somebody, as systemd writes them: `400%`, `200G`, `35%`, `infinity`.
//!
//! What is read here is printed so that reading it again gives the same value.

mod io;
mod net;
mod size;
mod span;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use super::account::BadValue;
use super::units::Bytes;

pub use io::{IoDevice, IoMax, IoRate, IoRates};
pub use net::{IpRule, IpRules};
pub use span::Span;

/// A bound, or none: `infinity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit<T> {
    /// Not bounded, which is something to wish for: it lifts a bound of a wider table.
    Infinity,
    /// Bounded.
    At(T),
}

impl<T> Limit<T> {
    /// The bound, if there is one.
    pub fn at(&self) -> Option<&T> {
        match self {
            Self::Infinity => None,
            Self::At(bound) => Some(bound),
        }
    }

    /// The same with another bound.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Limit<U> {
        match self {
            Self::Infinity => Limit::Infinity,
            Self::At(bound) => Limit::At(with(bound)),
        }
    }
}

impl<T: FromStr<Err = BadValue>> FromStr for Limit<T> {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        match text {
            "infinity" => Ok(Self::Infinity),
            bound => bound.parse().map(Self::At),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Limit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Infinity => f.pad("infinity"),
            Self::At(bound) => bound.fmt(f),
        }
    }
}

/// Hundredths of a percent: as exact as systemd takes one.
fn hundredths(what: &'static str, text: &str) -> Result<u64, BadValue> {
    let bad = |why: &str| BadValue::new(what, text, why);
    let Some(number) = text.strip_suffix('%') else {
        return Err(bad("it does not end in %"));
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) {
        return Err(bad("what stands before % is no number"));
    }
    if part.len() > 2 {
        return Err(bad("a percentage has at most two digits after the point"));
    }
    let whole: Option<u64> = whole.parse().ok();
    let part: u64 = format!("{part:0<2}").parse().unwrap_or(0);
    whole
        .and_then(|whole| whole.checked_mul(100)?.checked_add(part))
        .filter(|hundredths| u32::try_from(*hundredths).is_ok())
        .ok_or_else(|| bad("it is too large"))
}

fn write_hundredths(f: &mut fmt::Formatter<'_>, hundredths: u64) -> fmt::Result {
    let (whole, part) = (hundredths / 100, hundredths % 100);
    match (part, part % 10) {
        (0, _) => f.pad(&format!("{whole}%")),
        (_, 0) => f.pad(&format!("{whole}.{}%", part / 10)),
        _ => f.pad(&format!("{whole}.{part:02}%")),
    }
}

/// CPU time by time, in hundredths of a percent: `100%` is one core all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuQuota(u32);

impl CpuQuota {
    /// From hundredths of a percent of one core; at least one.
    #[must_use]
    pub fn from_hundredths(hundredths: u32) -> Self {
        Self(hundredths.max(1))
    }

    /// In cores.
    #[must_use]
    pub fn cores(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// Microseconds of CPU time in a second: systemd's `CPUQuotaPerSecUSec`.
    #[must_use]
    pub fn micros_per_second(self) -> u64 {
        u64::from(self.0) * 100
    }
}

impl FromStr for CpuQuota {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let what = "a share of CPU time";
        let why = |why: &str| {
            let hint = "write a percentage of one core, such as 400% for four, or infinity";
            BadValue::new(what, text, format!("{why}; {hint}"))
        };
        match hundredths(what, text) {
            Ok(0) => Err(why("it is nothing at all")),
            Ok(number) => u32::try_from(number)
                .map(Self)
                .map_err(|_| why("it is too large")),
            Err(bad) => Err(why(bad.reason())),
        }
    }
}

impl fmt::Display for CpuQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hundredths(f, u64::from(self.0))
    }
}

/// A part of something the host has, from nothing to all, in hundredths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u16);

impl Percent {
    /// All of it.
    pub const ALL: Self = Self(10_000);

    /// From hundredths of a percent; at most all.
    #[must_use]
    pub fn from_hundredths(hundredths: u16) -> Self {
        Self(hundredths.min(Self::ALL.0))
    }

    /// Whole percents; at most all.
    #[must_use]
    pub const fn whole(percent: u16) -> Self {
        if percent >= 100 {
            Self::ALL
        } else {
            Self(percent * 100)
        }
    }

    /// That part of a number, rounded down.
    #[must_use]
    pub fn of(self, whole: u64) -> u64 {
        let part = u128::from(whole) * u128::from(self.0) / u128::from(Self::ALL.0);
        u64::try_from(part).unwrap_or(u64::MAX)
    }

    /// From 0.0 to 1.0.
    #[must_use]
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / f64::from(Self::ALL.0)
    }
}

impl FromStr for Percent {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let what = "a percentage";
        match u16::try_from(hundredths(what, text)?) {
            Ok(number) if number <= Self::ALL.0 => Ok(Self(number)),
            _ => Err(BadValue::new(what, text, "it is more than 100%")),
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hundredths(f, u64::from(self.0))
    }
}

/// So much, or a part of what the host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Amount<T> {
    /// So much, whatever the host.
    Fixed(T),
    /// A part of what the host has.
    Share(Percent),
}

impl<T: FromStr<Err = BadValue>> FromStr for Amount<T> {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if text.ends_with('%') {
            text.parse().map(Self::Share)
        } else {
            text.parse().map(Self::Fixed)
        }
    }
}

impl<T: fmt::Display> fmt::Display for Amount<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(amount) => amount.fmt(f),
            Self::Share(percent) => percent.fmt(f),
        }
    }
}

/// A number of bytes that is written exactly, as systemd does: `200G`, `1536M`, base 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(pub Bytes);

impl FromStr for Size {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bytes = size::parse(text, size::Base::Binary);
        bytes
            .map(|bytes| Self(Bytes(bytes)))
            .map_err(|why| BadValue::new("an amount of bytes", text, why))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&size::print(self.0.0, size::Base::Binary))
    }
}

/// A number of things: tasks, files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(pub u64);

impl FromStr for Count {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = |why| BadValue::new("a number of things", text, why);
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad("write digits alone"));
        }
        match text.parse() {
            Ok(u64::MAX) | Err(_) => Err(bad("it is too large")),
            Ok(count) => Ok(Self(count)),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How much of something one gets compared to others that want it too: 100 is the usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u16);

impl Weight {
    const RANGE: std::ops::RangeInclusive<u16> = 1..=10_000;

    /// The number.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }
}

impl FromStr for Weight {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number: Option<u16> = text.parse().ok().filter(|_| digits);
        number
            .filter(|number| Self::RANGE.contains(number))
            .map(Self)
            .ok_or_else(|| {
                let why = "write a number from 1 to 10000; 100 is what everybody has";
                BadValue::new("a weight", text, why)
            })
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
