//! Quantities that carry their unit, and how they are written.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// A number of bytes. Written with binary units (1 KiB = 1024 B), as the kernel counts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Bytes(pub u64);

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

impl Bytes {
    /// From a count of KiB, as `/proc` writes most sizes.
    #[must_use]
    pub fn from_kib(kib: u64) -> Self {
        Self(kib.saturating_mul(1024))
    }

    /// The difference, never below zero.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// At most five columns: `0`, `312M`, `1.46G`; for tables whose header names the quantity.
    #[must_use]
    pub fn short(self) -> String {
        let (number, unit) = self.scaled();
        match unit {
            "B" if self.0 == 0 => "0".to_owned(),
            _ => format!("{number}{}", &unit[..1]),
        }
    }

    /// Three significant digits and the unit they count.
    fn scaled(self) -> (String, &'static str) {
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let mut value = self.0 as f64;
        let mut unit = 0;
        // 999.5 would be written as 1000, so it moves on to the next unit.
        while value >= 999.5 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        let number = if unit == 0 || value >= 99.95 {
            format!("{value:.0}")
        } else if value >= 9.995 {
            format!("{value:.1}")
        } else {
            format!("{value:.2}")
        };
        (number, UNITS[unit])
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = self.scaled();
        f.pad(&format!("{number} {unit}"))
    }
}

impl Add for Bytes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Bytes {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self(0), Self::add)
    }
}

/// CPU time used per time passed: 1.0 is one core busy all the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Cores(pub f64);

impl Cores {
    /// `cpu` nanoseconds used within `elapsed` nanoseconds; zero when no time has passed.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "52 bits of nanoseconds are 52 days"
    )]
    pub fn of(cpu: Nanos, elapsed: Nanos) -> Self {
        if elapsed.0 == 0 {
            return Self(0.0);
        }
        Self(cpu.0 as f64 / elapsed.0 as f64)
    }

    /// Hundredths of a core, as they are shown: for an order that nobody finds arbitrary.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, and no host is that large"
    )]
    pub fn hundredths(self) -> i64 {
        (self.0 * 100.0).round() as i64
    }

    /// At most five columns: `0.00`, `12.40`, `128.0`.
    #[must_use]
    pub fn short(self) -> String {
        if self.0 < 99.995 {
            format!("{:.2}", self.0)
        } else {
            format!("{:.1}", self.0)
        }
    }
}

impl Add for Cores {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Cores {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Cores {
    type Output = Self;

    /// The difference, never below zero: counters of different sources may disagree by a tick.
    fn sub(self, other: Self) -> Self {
        Self((self.0 - other.0).max(0.0))
    }
}

impl std::iter::Sum for Cores {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self(0.0), Self::add)
    }
}

/// Nanoseconds: of CPU time, or of the monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub u64);

impl Nanos {
    /// One second.
    pub const SECOND: Self = Self(1_000_000_000);

    /// From the clock ticks of `/proc/PID/stat` (`sysconf(_SC_CLK_TCK)` a second).
    #[must_use]
    pub fn from_ticks(ticks: u64, per_second: u64) -> Self {
        Self(ticks.saturating_mul(Self::SECOND.0 / per_second.max(1)))
    }

    /// From microseconds, as cgroup v2 counts.
    #[must_use]
    pub fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1000))
    }

    /// The difference, never below zero.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// As seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for display and rates")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl From<std::time::Duration> for Nanos {
    fn from(time: std::time::Duration) -> Self {
        Self(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl Add for Nanos {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Nanos {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self(0), Self::add)
    }
}

/// An age in at most four columns: `9s`, `12m`, `3h`, `45d`, `2y`.
#[must_use]
pub fn short_age(seconds: u64) -> String {
    match seconds {
        0..=99 => format!("{seconds}s"),
        100..=5_999 => format!("{}m", seconds / 60),
        6_000..=172_799 => format!("{}h", seconds / 3_600),
        172_800..=86_399_999 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_556_952),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_are_written_with_binary_units_and_three_digits() {
        for (bytes, long, short) in [
            (0, "0 B", "0"),
            (999, "999 B", "999B"),
            (1000, "0.98 KiB", "0.98K"),
            (1024, "1.00 KiB", "1.00K"),
            (300 << 20, "300 MiB", "300M"),
            (1023 << 20, "1.00 GiB", "1.00G"),
            (1_567_000_000, "1.46 GiB", "1.46G"),
            (64 << 30, "64.0 GiB", "64.0G"),
            (u64::MAX, "16.0 EiB", "16.0E"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), long);
            assert_eq!(Bytes(bytes).short(), short);
        }
    }

    #[test]
    fn cores_are_cpu_time_by_wall_time() {
        assert_eq!(Cores::of(Nanos(500), Nanos(1000)), Cores(0.5));
        assert_eq!(Cores::of(Nanos(500), Nanos(0)), Cores(0.0));
        assert_eq!(Cores(12.4).short(), "12.40");
        assert_eq!(Cores(128.0).short(), "128.0");
    }

    #[test]
    fn ticks_follow_the_clock_of_the_host() {
        assert_eq!(Nanos::from_ticks(150, 100), Nanos(1_500_000_000));
        assert_eq!(Nanos::from_ticks(150, 0), Nanos(150_000_000_000));
    }

    proptest! {
        #[test]
        fn short_forms_keep_their_column(bytes: u64, seconds: u64) {
            prop_assert!(Bytes(bytes).short().len() <= 5);
            prop_assert!(short_age(seconds.min(300_000_000_000)).len() <= 5);
        }
    }
}
