//! A population to measure against: so many processes of so many people, some of them busy.
//!
//! `population PROCESSES PEOPLE BUSY` forks them, prints `ready` and stays until it is ended; the
//! busy ones use a little CPU once a second. Run it as root in a pid namespace of its own:
//! `unshare --pid --fork --mount-proc`.

#![allow(
    unsafe_code,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program of its own, which forks by the thousand"
)]

use std::time::{Duration, Instant};

/// The uid of the first person.
const FIRST_UID: u32 = 20_000;
/// What a busy process burns each second.
const BURN: Duration = Duration::from_micros(100);

fn main() {
    let numbers: Vec<u32> = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let [processes, people, busy] = numbers[..] else {
        // `cargo bench` and `cargo test --all-targets` start it without arguments.
        println!("usage: population PROCESSES PEOPLE BUSY");
        return;
    };
    for number in 0..processes {
        // SAFETY: this program has one thread, so the child may do all that its parent may.
        match unsafe { libc::fork() } {
            0 => live(FIRST_UID + number % people, number < busy, number),
            -1 => {
                println!(
                    "only {number} processes: {}",
                    std::io::Error::last_os_error()
                );
                break;
            }
            _ => {}
        }
    }
    println!("ready");
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// One process of one person, until it is killed.
fn live(uid: u32, busy: bool, number: u32) -> ! {
    // SAFETY: both calls only change this process; it ends with its parent.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        assert_eq!(libc::setuid(uid), 0, "needs root");
    }
    if !busy {
        loop {
            // SAFETY: `pause` takes nothing and returns when a signal was handled.
            unsafe { libc::pause() };
        }
    }
    // Not all at the same moment.
    std::thread::sleep(Duration::from_millis(u64::from(number % 1000)));
    loop {
        let start = Instant::now();
        while start.elapsed() < BURN {
            std::hint::spin_loop();
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}
