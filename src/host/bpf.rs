//! Whether a filter of addresses is really attached to a cgroup: systemd says nothing when the
//! kernel lacks what it needs.
//!
//! Follows `bpf(2)` and `BPF_PROG_QUERY` of `linux/bpf.h`.

use std::os::fd::AsRawFd as _;

use rustix::fs::{Mode, OFlags, open};

use super::root::Root;

const BPF_PROG_QUERY: libc::c_long = 16;
const BPF_CGROUP_INET_EGRESS: u32 = 1;

/// The part of `union bpf_attr` that a query uses, and room for what newer kernels tell in it
/// whether asked or not: since 6.17 a revision, at byte 56.
#[repr(C)]
#[derive(Default)]
struct Query {
    target_fd: u32,
    attach_type: u32,
    query_flags: u32,
    attach_flags: u32,
    prog_ids: u64,
    prog_count: u32,
    padding: u32,
    room: [u64; 28],
}

/// Whether a program filters what leaves a cgroup; `None` where the kernel does not tell.
#[must_use]
pub(super) fn filters(root: &Root, cgroup: &str) -> Option<bool> {
    if !root.is_live() {
        return None;
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = open(root.path(cgroup), flags, Mode::empty()).ok()?;
    let mut query = Query {
        target_fd: u32::try_from(dir.as_raw_fd()).ok()?,
        attach_type: BPF_CGROUP_INET_EGRESS,
        ..Query::default()
    };
    #[allow(unsafe_code, reason = "no safe wrapper of bpf(2)")]
    // SAFETY: `query` is a live, exclusively borrowed object of the size that is passed, 256
    // bytes where the kernel's largest `bpf_attr` has fewer, and zero behind what is asked; with
    // `prog_ids` null and `prog_count` 0 the kernel writes only into it. `dir` is open.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            BPF_PROG_QUERY,
            std::ptr::from_mut(&mut query),
            size_of::<Query>(),
        )
    };
    // Where there are some and no room for their ids, the kernel says so and still counts them.
    let full = std::io::Error::last_os_error().raw_os_error() == Some(libc::ENOSPC);
    (result == 0 || full).then_some(query.prog_count > 0)
}
