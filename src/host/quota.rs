//! Quotas of people on the file systems of their homes: read and set, `quotactl(2)`.

use std::ffi::CString;
use std::io;
use std::time::Duration;

use crate::base::units::Bytes;
use crate::plan::limits::quota::{Quota, QuotaState};

use super::directory;
use super::patience::within;
use super::root::Root;

/// A local file system answers from memory.
const PATIENCE: Duration = Duration::from_secs(5);
/// `QIF_LIMITS` of linux/quota.h: all four bounds are meant, and nothing else.
const ONLY_BOUNDS: u32 = 1 | 4;

/// What somebody may and does occupy where their home is; `None` where that file system keeps no
/// quotas, or they are off.
#[must_use]
pub fn of(root: &Root, uid: u32, home: &str) -> Option<QuotaState> {
    if !root.is_live() {
        return None;
    }
    let device = directory::device_of(root, home)?;
    let asked = device.clone();
    let answer = within(PATIENCE, move || get(&asked, uid))??;
    Some(QuotaState {
        device,
        quota: Quota {
            soft_kib: answer.dqb_bsoftlimit,
            hard_kib: answer.dqb_bhardlimit,
            soft_files: answer.dqb_isoftlimit,
            hard_files: answer.dqb_ihardlimit,
        },
        used: Bytes(answer.dqb_curspace),
        files: answer.dqb_curinodes,
    })
}

/// The quota of a uid on a device; `None` where there are none.
#[must_use]
pub fn on(root: &Root, uid: u32, device: &str) -> Option<Quota> {
    if !root.is_live() {
        return None;
    }
    let answer = get(device, uid)?;
    Some(Quota {
        soft_kib: answer.dqb_bsoftlimit,
        hard_kib: answer.dqb_bhardlimit,
        soft_files: answer.dqb_isoftlimit,
        hard_files: answer.dqb_ihardlimit,
    })
}

/// Sets one.
///
/// # Errors
/// What the kernel says.
pub fn set(device: &str, uid: u32, quota: Quota) -> io::Result<()> {
    let mut wanted = empty();
    wanted.dqb_bsoftlimit = quota.soft_kib;
    wanted.dqb_bhardlimit = quota.hard_kib;
    wanted.dqb_isoftlimit = quota.soft_files;
    wanted.dqb_ihardlimit = quota.hard_files;
    wanted.dqb_valid = ONLY_BOUNDS;
    call(libc::Q_SETQUOTA, device, uid, &mut wanted)
}

fn get(device: &str, uid: u32) -> Option<libc::dqblk> {
    let mut answer = empty();
    call(libc::Q_GETQUOTA, device, uid, &mut answer).ok()?;
    Some(answer)
}

fn empty() -> libc::dqblk {
    #[allow(unsafe_code, reason = "libc gives the type no default")]
    // SAFETY: all fields of `dqblk` are integers, for which zero is a value.
    unsafe {
        std::mem::zeroed()
    }
}

fn call(command: i32, device: &str, uid: u32, quota: &mut libc::dqblk) -> io::Result<()> {
    let device = CString::new(device)?;
    let id = i32::from_ne_bytes(uid.to_ne_bytes());
    #[allow(
        unsafe_code,
        reason = "no safe wrapper of quotactl(2) reads or sets bounds"
    )]
    // SAFETY: `device` is a C string that outlives the call, and the kernel reads or writes one
    // `dqblk`, which `quota` is.
    let result = unsafe {
        libc::quotactl(
            libc::QCMD(command, libc::USRQUOTA),
            device.as_ptr(),
            id,
            std::ptr::from_mut(quota).cast(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
