//! Disk quotas, file system by file system: `quotactl(2)`.

use std::ffi::CString;

use procfs_core::{FromRead as _, process::MountInfos};
use serde::Serialize;
use serde_json::json;

use crate::base::text::printable;
use crate::host::root::Root;
use crate::model::findings::{Finding, Status};

/// File systems on block devices that know quotas.
const CAPABLE: [&str; 6] = ["ext2", "ext3", "ext4", "xfs", "f2fs", "gfs2"];

/// One mounted file system that could enforce quotas.
#[derive(Debug, Serialize)]
struct FileSystem {
    mount: String,
    kind: String,
    /// Whether quotas of users and of groups are on; `null` when the kernel did not say.
    user: Option<bool>,
    group: Option<bool>,
}

pub(super) fn quotas(root: &Root) -> Finding {
    let systems = file_systems(root);
    let on = |fs: &&FileSystem| fs.user == Some(true);
    let with: Vec<&str> = systems
        .iter()
        .filter(on)
        .map(|fs| fs.mount.as_str())
        .collect();
    let (status, found, todo) = if systems.is_empty() {
        (
            Status::Missing,
            "no local file system that knows quotas".to_owned(),
            Some("homes on network storage: set quotas on its server".to_owned()),
        )
    } else if with.is_empty() {
        let names: Vec<String> = systems
            .iter()
            .map(|fs| format!("{} ({})", fs.mount, fs.kind))
            .collect();
        (
            Status::Missing,
            format!("off on {}", names.join(", ")),
            Some(
                "mount the file system of the homes with usrquota (ext4: tune2fs -O quota; \
                 xfs: uquota)"
                    .to_owned(),
            ),
        )
    } else if with.len() == systems.len() {
        (
            Status::Ok,
            format!("on for users: {}", with.join(", ")),
            None,
        )
    } else {
        (
            Status::Partial,
            format!("on for users: {}", with.join(", ")),
            None,
        )
    };
    Finding {
        topic: "quota",
        status,
        found,
        why: "one person must not fill the disk for all",
        todo,
        facts: json!({ "file_systems": systems }),
    }
}

fn file_systems(root: &Root) -> Vec<FileSystem> {
    let Some(text) = root.read("/proc/self/mountinfo").ok().flatten() else {
        return Vec::new();
    };
    let Ok(mounts) = MountInfos::from_read(text.as_slice()) else {
        return Vec::new();
    };
    let mut seen = std::collections::BTreeSet::new();
    let mut systems = Vec::new();
    for mount in mounts {
        // Bind mounts show the same device again.
        if !CAPABLE.contains(&mount.fs_type.as_str()) || !seen.insert(mount.majmin.clone()) {
            continue;
        }
        let source = mount.mount_source.unwrap_or_default();
        let (user, group) = if root.is_live() {
            (
                is_on(&source, &mount.fs_type, libc::USRQUOTA),
                is_on(&source, &mount.fs_type, libc::GRPQUOTA),
            )
        } else {
            let has = |option: &str| Some(mount.super_options.contains_key(option));
            (has("usrquota"), has("grpquota"))
        };
        systems.push(FileSystem {
            mount: printable(mount.mount_point.as_os_str().as_encoded_bytes(), 256),
            kind: mount.fs_type,
            user,
            group,
        });
    }
    systems
}

/// Whether quotas of one kind are enforced on a device; `None` when the kernel did not say.
fn is_on(device: &str, fs_type: &str, kind: i32) -> Option<bool> {
    // `Q_XGETQSTAT` and `fs_quota_stat` of linux/dqblk_xfs.h; libc has neither.
    const Q_XGETQSTAT: i32 = 0x5805;
    const FLAGS_OFFSET: usize = 2;
    let device = CString::new(device).ok()?;
    // Larger than any answer of the two calls (`fs_quota_stat` has 80 bytes).
    let mut answer = [0u8; 256];
    let xfs = fs_type == "xfs";
    let command = if xfs { Q_XGETQSTAT } else { libc::Q_GETFMT };
    #[allow(unsafe_code, reason = "no safe wrapper of quotactl(2) reads its state")]
    // SAFETY: `device` is a C string that outlives the call, and the kernel writes at most the
    // 80 bytes of `fs_quota_stat` (xfs) or 4 bytes (`Q_GETFMT`) into a buffer of 256.
    let result = unsafe {
        libc::quotactl(
            libc::QCMD(command, kind),
            device.as_ptr(),
            0,
            answer.as_mut_ptr().cast(),
        )
    };
    if result == 0 {
        if xfs {
            let flags = u16::from_ne_bytes([answer[FLAGS_OFFSET], answer[FLAGS_OFFSET + 1]]);
            // XFS_QUOTA_UDQ_ENFD and XFS_QUOTA_GDQ_ENFD.
            let enforced = if kind == libc::USRQUOTA {
                1 << 1
            } else {
                1 << 3
            };
            return Some(flags & enforced != 0);
        }
        return Some(true);
    }
    match std::io::Error::last_os_error().raw_os_error() {
        // No quota of this kind is on; or the kernel or file system has none at all.
        Some(libc::ESRCH | libc::ENOSYS | libc::EOPNOTSUPP | libc::EINVAL) => Some(false),
        _ => None,
    }
}
