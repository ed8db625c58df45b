//! A population to measure against: so many processes of so many people, some of them busy.
//!
//! `population [--slices] PROCESSES PEOPLE BUSY` forks them, prints `ready` and stays until it is
//! ended; the busy ones use a little CPU once a second. Run it as root in a pid namespace of its
//! own: `unshare --pid --fork --mount-proc`.
//!
//! With `--slices`, on a host with cgroup v2 and systemd, each person's processes are in
//! `user.slice/user-UID.slice/session-bench.scope`, as if the person had logged in. What is made
//! for that is removed when it is ended by SIGTERM, SIGINT or SIGHUP.

#![allow(
    unsafe_code,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program of its own, which forks by the thousand"
)]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The uid of the first person.
const FIRST_UID: u32 = 20_000;
/// What a busy process burns each second.
const BURN: Duration = Duration::from_micros(100);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<u32> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let [processes, people @ 1..=u32::MAX, busy] = numbers[..] else {
        // `cargo bench` and `cargo test --all-targets` start it without arguments.
        println!("usage: population [--slices] PROCESSES PEOPLE BUSY");
        return;
    };
    let mut slices = args
        .iter()
        .any(|arg| arg == "--slices")
        .then(|| Slices::new().expect("needs root, cgroup v2 and systemd"));
    let mut order: Vec<u32> = (0..processes).collect();
    if slices.is_some() {
        // Person by person: whoever is forked in a slice is in it, which is far cheaper than moving.
        order.sort_by_key(|number| number % people);
    }
    for number in order {
        let uid = FIRST_UID + number % people;
        if let Some(slices) = &mut slices {
            slices.enter(uid).expect("a slice can be made");
        }
        // SAFETY: this program has one thread, so the child may do all that its parent may.
        match unsafe { libc::fork() } {
            0 => live(uid, number < busy, number),
            -1 => {
                println!("no process {number}: {}", io::Error::last_os_error());
                break;
            }
            _ => {}
        }
    }
    if let Some(slices) = &slices {
        slices.leave().expect("the way back is open");
    }
    println!("ready");
    wait_for_the_end();
    if let Some(slices) = &slices {
        slices.remove();
    }
}

/// Returns when somebody ends this program. Its children die with it.
fn wait_for_the_end() {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).expect("signals can be handled");
    signals.forever().next();
}

/// One process of one person, until it is killed.
fn live(uid: u32, busy: bool, number: u32) -> ! {
    // SAFETY: both calls only change this process. It ends with its parent, which a change of the
    // uid would make it forget, so that comes first.
    unsafe {
        assert_eq!(libc::setuid(uid), 0, "needs root");
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
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

/// Where the cgroups are.
const CGROUPS: &str = "/sys/fs/cgroup";
/// What systemd enables for the slices of people.
const CONTROLLERS: [&str; 4] = ["cpu", "io", "memory", "pids"];

/// The slices of the people, made as systemd would.
struct Slices {
    /// The cgroup this program was started in.
    home: PathBuf,
    /// Controllers that were off before.
    enabled: Vec<(PathBuf, &'static str)>,
    /// Whose slices there are, in the order of their making.
    people: Vec<u32>,
}

impl Slices {
    /// Has the slice of all people, with its controllers.
    fn new() -> io::Result<Self> {
        let own = fs::read_to_string("/proc/self/cgroup")?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::/"));
        let own = own.ok_or(io::ErrorKind::NotFound)?;
        let mut slices = Self {
            home: Path::new(CGROUPS).join(own),
            enabled: Vec::new(),
            people: Vec::new(),
        };
        fs::create_dir_all(user_slice())?;
        slices.enabled.extend(enable(Path::new(CGROUPS))?);
        slices.enabled.extend(enable(&user_slice())?);
        Ok(slices)
    }

    /// Moves this program into a person's session, for the children it forks next.
    fn enter(&mut self, uid: u32) -> io::Result<()> {
        if self.people.last() == Some(&uid) {
            return Ok(());
        }
        self.people.push(uid);
        fs::create_dir_all(slice(uid))?;
        enable(&slice(uid))?;
        fs::create_dir_all(session(uid))?;
        move_to(&session(uid))
    }

    /// Moves this program back to where it was started.
    fn leave(&self) -> io::Result<()> {
        move_to(&self.home)
    }

    /// Ends everybody and removes what was made. What does not go is left and named.
    fn remove(&self) {
        for uid in &self.people {
            let _ = fs::write(session(*uid).join("cgroup.kill"), "1");
        }
        // SAFETY: `wait` writes nothing when it is given no address; it fails when all are gone.
        while unsafe { libc::wait(std::ptr::null_mut()) } > 0 {}
        for dir in self
            .people
            .iter()
            .flat_map(|uid| [session(*uid), slice(*uid)])
        {
            if let Err(error) = remove_dir(&dir) {
                println!("{}: {error}", dir.display());
            }
        }
        for (dir, controller) in self.enabled.iter().rev() {
            // Another slice may have come to need it.
            let _ = fs::write(dir.join("cgroup.subtree_control"), format!("-{controller}"));
        }
    }
}

fn user_slice() -> PathBuf {
    Path::new(CGROUPS).join("user.slice")
}

fn slice(uid: u32) -> PathBuf {
    user_slice().join(format!("user-{uid}.slice"))
}

fn session(uid: u32) -> PathBuf {
    slice(uid).join("session-bench.scope")
}

/// Moves this program.
fn move_to(cgroup: &Path) -> io::Result<()> {
    fs::write(cgroup.join("cgroup.procs"), "0")
}

/// Enables the controllers for the children of a cgroup, as far as the host has them; returns
/// those that were off.
fn enable(cgroup: &Path) -> io::Result<Vec<(PathBuf, &'static str)>> {
    let file = cgroup.join("cgroup.subtree_control");
    let on = fs::read_to_string(&file)?;
    let off = CONTROLLERS
        .into_iter()
        .filter(|controller| !on.split_whitespace().any(|word| word == *controller));
    Ok(off
        .filter(|controller| fs::write(&file, format!("+{controller}")).is_ok())
        .map(|controller| (cgroup.to_owned(), controller))
        .collect())
}

/// Removes an empty cgroup, which may take a moment to notice that it is.
fn remove_dir(dir: &Path) -> io::Result<()> {
    for _ in 0..20 {
        match fs::remove_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                std::thread::sleep(Duration::from_millis(50));
            }
            done => return done,
        }
    }
    fs::remove_dir(dir)
}
