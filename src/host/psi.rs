//! Pressure: the kernel's word when somebody has to wait much for a processor, for memory or for a
//! disk. Follows `Documentation/accounting/psi.rst`.
//!
//! The totals in its files are no use for anything quick: they are counted every two seconds.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};

use crate::base::limit::Percent;
use crate::policy::schema::Resource;

use super::root::Root;

/// Over which time the kernel compares.
pub const WINDOW: Duration = Duration::from_secs(1);
/// The kernel takes no share below one in ten thousand, and none that is all of the window.
const SHARES: std::ops::RangeInclusive<f64> = 0.001..=0.99;

/// A word of the kernel's that is waited for: it becomes ready with `POLLPRI` when pressure is
/// above a share of the window.
#[derive(Debug)]
pub struct Trigger(OwnedFd);

impl Trigger {
    /// Asks for it.
    ///
    /// # Errors
    /// When the kernel has no pressure information, or none to be waited for.
    pub fn above(root: &Root, resource: Resource, share: Percent) -> io::Result<Self> {
        let path = root.path(&format!("/proc/pressure/{}", resource.name()));
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = open(path, flags, Mode::empty())?;
        let share = share.ratio().clamp(*SHARES.start(), *SHARES.end());
        let stall = WINDOW.mul_f64(share).as_micros();
        let wish = format!("some {stall} {}\0", WINDOW.as_micros());
        rustix::io::write(&file, wish.as_bytes())?;
        Ok(Self(file))
    }
}

impl AsFd for Trigger {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
