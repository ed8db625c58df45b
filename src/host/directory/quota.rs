//! What somebody occupies on the file system of their home, where its quota counts it:
//! `quotactl(2)`. A tree is never walked.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use procfs_core::{FromRead as _, process::MountInfos};

use crate::base::id::Uid;
use crate::base::units::Bytes;
use crate::host::patience::within;
use crate::host::root::Root;

/// File systems on block devices that count by owner.
const COUNTING: [&str; 6] = ["ext2", "ext3", "ext4", "xfs", "f2fs", "gfs2"];
/// All homes are on a few file systems, which answer from memory.
const WITHIN: Duration = Duration::from_secs(3);

/// What each of these people occupies, in their order.
pub(super) fn used(root: &Root, homes: Vec<(Uid, String)>) -> Vec<Option<Bytes>> {
    let count = homes.len();
    let unknown = vec![None; count];
    if !root.is_live() {
        return unknown;
    }
    let Some(mounts) = mounts(root) else {
        return unknown;
    };
    let ask = move || {
        let mut places = Places::default();
        homes
            .iter()
            .map(|(uid, home)| used_on(places.device(&mounts, Path::new(home))?, *uid))
            .collect()
    };
    within(WITHIN, ask).unwrap_or(unknown)
}

/// The device of the file system that a home is on; `None` where it counts nothing.
pub(super) fn device(root: &Root, home: &str) -> Option<String> {
    let (mounts, home) = (mounts(root)?, home.to_owned());
    let ask = move || {
        let mut places = Places::default();
        places.device(&mounts, Path::new(&home)).map(str::to_owned)
    };
    within(WITHIN, ask).flatten()
}

fn mounts(root: &Root) -> Option<Vec<Mount>> {
    let text = root.read("/proc/self/mountinfo").ok().flatten()?;
    let mounts = MountInfos::from_read(text.as_slice()).ok()?;
    let mounts = mounts.into_iter().map(|mount| Mount {
        counts: COUNTING.contains(&mount.fs_type.as_str()),
        device: mount.mount_source.unwrap_or_default(),
        at: mount.mount_point,
    });
    Some(mounts.collect())
}

struct Mount {
    at: PathBuf,
    device: String,
    counts: bool,
}

/// Where the parents of homes really are; there are few of them.
#[derive(Default)]
struct Places(Vec<(PathBuf, Option<PathBuf>)>);

impl Places {
    /// The device a home is on; `None` where nothing counts.
    fn device<'a>(&mut self, mounts: &'a [Mount], home: &Path) -> Option<&'a str> {
        let (parent, name) = (home.parent()?, home.file_name()?);
        let known = self.0.iter().position(|(at, _)| at == parent);
        let at = known.unwrap_or_else(|| {
            let real = std::fs::canonicalize(parent).ok();
            self.0.push((parent.to_owned(), real));
            self.0.len() - 1
        });
        let home = self.0.get(at)?.1.as_ref()?.join(name);
        // Of two mounts on one place the later one is on top.
        let around = mounts.iter().filter(|mount| home.starts_with(&mount.at));
        let mount = around.max_by_key(|mount| mount.at.components().count())?;
        mount.counts.then_some(&mount.device)
    }
}

/// What a uid occupies on a device; `None` without quota or the right to ask.
fn used_on(device: &str, uid: Uid) -> Option<Bytes> {
    /// `QIF_SPACE`: the kernel filled in the space.
    const SPACE_IS_VALID: u32 = 2;
    let device = CString::new(device).ok()?;
    let id = i32::from_ne_bytes(uid.0.to_ne_bytes());
    #[allow(unsafe_code, reason = "no safe wrapper of quotactl(2) reads usage")]
    // SAFETY: all fields of `dqblk` are integers, for which zero is a value.
    let mut answer: libc::dqblk = unsafe { std::mem::zeroed() };
    #[allow(unsafe_code, reason = "no safe wrapper of quotactl(2) reads usage")]
    // SAFETY: `device` is a C string that outlives the call, and the kernel writes one `dqblk`
    // to `answer`.
    let result = unsafe {
        libc::quotactl(
            libc::QCMD(libc::Q_GETQUOTA, libc::USRQUOTA),
            device.as_ptr(),
            id,
            (&raw mut answer).cast(),
        )
    };
    let filled = result == 0 && answer.dqb_valid & SPACE_IS_VALID != 0;
    filled.then_some(Bytes(answer.dqb_curspace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_on_the_innermost_mount() {
        let mount = |at: &str, device: &str, counts| Mount {
            at: at.into(),
            device: device.into(),
            counts,
        };
        let mounts = [
            mount("/", "/dev/vda", true),
            mount("/usr", "/dev/vdb", true),
            mount("/usr/bin", "server:/bin", false),
        ];
        let mut places = Places::default();
        let mut device = |home: &str| places.device(&mounts, Path::new(home));
        assert_eq!(device("/nobody"), Some("/dev/vda"));
        assert_eq!(device("/usr/nobody"), Some("/dev/vdb"));
        assert_eq!(device("/usr/bin/nobody"), None);
        assert_eq!(device("/nonexistent/x"), None);
        assert_eq!(device("/"), None);
    }
}
