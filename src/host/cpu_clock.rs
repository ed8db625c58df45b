//! The CPU clock of another process: nanoseconds, nothing opened, no privilege needed.
//!
//! `clock_getcpuclockid(3)` makes such a clock id; for a process it is `~pid << 3 | 2`
//! (`CPUCLOCK_SCHED` in the kernel's `posix-timers.h`). A pid that leads no thread group is
//! refused, so one call tells a process from a thread and the living from the gone.

use crate::base::id::Pid;
use crate::base::units::Nanos;

/// CPU time of all threads of a process, the ended ones included; `None` when there is no such
/// process.
#[must_use]
pub(super) fn read(pid: Pid) -> Option<Nanos> {
    let pid = i32::try_from(pid.0).ok()?;
    let clock = (!pid << 3) | 2;
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    #[allow(unsafe_code, reason = "rustix knows no clocks of other processes")]
    // SAFETY: `time` is valid for writes for the length of the call, which writes nothing else.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    if result != 0 {
        return None;
    }
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanos = u64::try_from(time.tv_nsec).ok()?;
    Some(Nanos(seconds * Nanos::SECOND.0 + nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_clock_runs_and_a_thread_is_no_process() {
        let own = Pid(std::process::id());
        let before = read(own).unwrap();
        let mut sum = 0u64;
        for n in 0..3_000_000u64 {
            sum = std::hint::black_box(sum.wrapping_add(n));
        }
        assert!(read(own).unwrap() > before);
        let thread = std::thread::spawn(|| rustix::thread::gettid().as_raw_nonzero().get());
        let thread = Pid(u32::try_from(thread.join().unwrap()).unwrap());
        assert_eq!(read(thread), None);
        assert_eq!(read(Pid(u32::MAX)), None);
    }
}
