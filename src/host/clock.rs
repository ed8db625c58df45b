//! The clocks of the host. No other room reads one.

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use crate::base::units::Nanos;

use super::root::Root;

/// `CLOCK_MONOTONIC`: for rates; never runs backwards, whatever an admin does to the date.
#[must_use]
pub fn monotonic() -> Nanos {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(now.tv_nsec).unwrap_or_default();
    Nanos(
        seconds
            .saturating_mul(Nanos::SECOND.0)
            .saturating_add(nanos),
    )
}

/// The moment that comes after a time from now, on the monotonic clock.
#[must_use]
pub fn after(time: Duration) -> Nanos {
    monotonic() + Nanos::from(time)
}

/// How long it is until a moment of the monotonic clock; nothing when it has passed.
#[must_use]
pub fn until(moment: Nanos) -> Duration {
    Duration::from_nanos(moment.saturating_sub(monotonic()).0)
}

/// The date, in UTC.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Waits.
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Hour and minute as people here read them from their watches: `03:12`.
#[must_use]
pub fn hour_and_minute(at: Timestamp) -> String {
    let here = at.to_zoned(jiff::tz::TimeZone::system());
    here.strftime("%H:%M").to_string()
}

/// Which run of the host this is: another one after every start.
#[must_use]
pub fn boot(root: &Root) -> String {
    let id = root.peek("/proc/sys/kernel/random/boot_id");
    id.unwrap_or_default().trim().to_owned()
}
