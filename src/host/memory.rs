//! This process's own memory: small, and given back.

/// Makes the allocator hand large pieces back to the kernel as soon as they are free, and keep
/// one pool for all threads: samples of thousands of processes come and go every second, and
/// what is kept between two of them is memory the host's people could use.
pub fn stay_small() {
    #[cfg(target_env = "gnu")]
    tune();
}

#[cfg(target_env = "gnu")]
fn tune() {
    /// From this size on a piece of memory is mapped by itself.
    const LARGE: libc::c_int = 64 << 10;
    #[allow(unsafe_code, reason = "no crate wraps mallopt(3)")]
    // SAFETY: `mallopt` takes two numbers, and is called before there are other threads.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
