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

/// Keeps what this process has in memory, and what it will have, whatever others need: nothing of
/// it is ever read back from a disk that others keep busy. Pages that nobody touches are not
/// brought in for it. Where that is not allowed everything works, more slowly in need.
pub fn stay_resident() {
    use rustix::mm::{MlockAllFlags, mlockall};
    let _ = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT);
}

/// Gives the pages of program code back that only starting up needed. The kernel maps code in
/// runs of sixteen pages around each that is used; those that still are come back at the next
/// use, from the page cache.
pub fn start_is_over() {
    #[expect(
        clippy::disallowed_methods,
        reason = "this process, not the host's tree"
    )]
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for (start, length) in maps.lines().filter_map(code) {
        let start = std::ptr::without_provenance_mut(start);
        // SAFETY: the range is file-backed code, mapped privately and never written, so that a
        // page that is dropped reads back as the same bytes.
        #[expect(unsafe_code, reason = "no safe wrapper can know what a range holds")]
        let advised =
            unsafe { rustix::mm::madvise(start, length, rustix::mm::Advice::LinuxDontNeed) };
        if advised.is_err() {
            return;
        }
    }
}

/// Start and length of a line of maps that is code from a file.
fn code(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let from_file = words.next()? == "r-xp" && words.nth(3)?.starts_with('/');
    let address = |hex: &str| usize::from_str_radix(hex, 16).ok();
    let (start, end) = (address(start)?, address(end)?);
    from_file.then_some((start, end.checked_sub(start)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_from_a_file_is_given_back() {
        let code_line = "1000-3000 r-xp 00001000 fd:00 42    /usr/bin/benchwarden";
        assert_eq!(code(code_line), Some((0x1000, 0x2000)));
        for other in [
            "1000-3000 rw-p 00001000 fd:00 42    /usr/bin/benchwarden",
            "1000-3000 r-xp 00000000 00:00 0     [vdso]",
            "1000-3000 r-xp 00000000 00:00 0",
            "",
        ] {
            assert_eq!(code(other), None, "{other}");
        }
    }

    #[test]
    fn the_program_goes_on_without_them() {
        start_is_over();
        assert_eq!(code(""), None);
    }
}
