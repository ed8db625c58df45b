//! The clocks of the host. No other room reads one.

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use crate::base::units::Nanos;

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

/// The date, in UTC.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Waits.
pub fn pause(time: std::time::Duration) {
    std::thread::sleep(time);
}
