//! Giving up root's rights for good, in a process with a single thread.
//!
//! rustix changes the credentials of the calling thread alone, which is all there is here.

use rustix::io::Errno;
use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, getegid, geteuid, getgid, getppid, getrlimit,
    getuid, set_dumpable_behavior, set_parent_process_death_signal, setrlimit, umask,
};
use rustix::thread::{
    capabilities, set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};
use rustix::{fs::Mode, thread::Gid, thread::Uid};

use super::refusal::Refusal;
use super::request::Request;

/// Files larger than this are none of our jobs; the largest content is a mebibyte.
const FILE_BYTES: u64 = 2 << 20;
/// Seconds of CPU time.
const CPU_SECONDS: u64 = 10;
/// Open files.
const FILES: u64 = 64;
/// Address space.
const MEMORY_BYTES: u64 = 1 << 30;
/// The id that means "leave it as it is" to the kernel.
const NOBODY: u32 = u32::MAX;

/// Becomes who the request names, and cannot get back.
///
/// A caller that is who it asks for stays as it is, and nobody but root may ask for another, so
/// the hidden mode gives an ordinary caller nothing.
pub(super) fn become_user(request: &Request) -> Result<(), Refusal> {
    let (real, effective) = (getuid().as_raw(), geteuid().as_raw());
    if real != effective || (effective != 0 && effective != request.uid) {
        return Err(Refusal::NotPermitted { uid: request.uid });
    }
    let failed = |what: &str, errno: Errno| Refusal::NotDropped {
        uid: request.uid,
        why: format!("{what}: {}", std::io::Error::from(errno)),
    };
    if effective != request.uid {
        change(request).map_err(|errno| failed("giving up root's rights", errno))?;
        is_gone(request).map_err(|why| Refusal::NotDropped {
            uid: request.uid,
            why: why.to_owned(),
        })?;
    }
    confine(request).map_err(|errno| failed("setting limits", errno))
}

/// Groups first: afterwards there is no right left to change them.
fn change(request: &Request) -> Result<(), Errno> {
    let ids = request.groups.iter().chain([&request.gid, &request.uid]);
    if ids.copied().any(|id| id == NOBODY) {
        return Err(Errno::INVAL);
    }
    let groups: Vec<Gid> = request.groups.iter().copied().map(Gid::from_raw).collect();
    let (uid, gid) = (Uid::from_raw(request.uid), Gid::from_raw(request.gid));
    set_thread_groups(&groups)?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)
}

/// Proves that there is no way back; a kernel or container that keeps rights is found out here.
fn is_gone(request: &Request) -> Result<(), &'static str> {
    let (root, root_group) = (Uid::ROOT, Gid::ROOT);
    if set_thread_res_uid(root, root, root).is_ok() {
        return Err("root's rights came back when asked for");
    }
    if request.gid != 0 && set_thread_res_gid(root_group, root_group, root_group).is_ok() {
        return Err("root's group came back when asked for");
    }
    if [getuid(), geteuid()] != [Uid::from_raw(request.uid); 2]
        || [getgid(), getegid()] != [Gid::from_raw(request.gid); 2]
    {
        return Err("the ids are not what was asked for");
    }
    let left = capabilities(None).map_err(|_| "capabilities cannot be read")?;
    if !left.effective.is_empty() || !left.permitted.is_empty() {
        return Err("capabilities are left");
    }
    Ok(())
}

/// What a job in a hostile place does not need, it does not have.
fn confine(request: &Request) -> Result<(), Errno> {
    set_no_new_privs(true)?;
    // Its owner may stop or kill it, and must not look into it or steer it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    umask(Mode::from_raw_mode(0o077));
    for (resource, most) in [
        (Resource::Fsize, FILE_BYTES),
        (Resource::Cpu, CPU_SECONDS),
        (Resource::Nofile, FILES),
        (Resource::As, MEMORY_BYTES),
        (Resource::Core, 0),
        (Resource::Nproc, 0),
    ] {
        lower(resource, most)?;
    }
    // A change of credentials forgets this, so it comes last; who was orphaned before ends here.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    match getppid().map(Pid::as_raw_pid) {
        Some(parent) if parent == request.parent => Ok(()),
        _ => Err(Errno::SRCH),
    }
}

fn lower(resource: Resource, most: u64) -> Result<(), Errno> {
    let now = getrlimit(resource);
    let limit = now.maximum.map_or(most, |maximum| maximum.min(most));
    setrlimit(
        resource,
        Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        },
    )
}
