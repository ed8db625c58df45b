//! Which images there are, where they are built, and how many hosts may run at once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// The Debian releases that are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Debian 12.
    Bookworm,
    /// Debian 13.
    Trixie,
}

impl Release {
    /// Its code name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
        }
    }
}

/// The image of a release: as the environment says, else built now.
pub(super) fn directory(release: Release) -> PathBuf {
    static BUILT: [OnceLock<PathBuf>; 2] = [OnceLock::new(), OnceLock::new()];
    BUILT[release as usize]
        .get_or_init(|| find_or_build(release))
        .clone()
}

fn find_or_build(release: Release) -> PathBuf {
    let variable = format!("BENCHWARDEN_IMAGE_{}", release.name().to_uppercase());
    if let Ok(dir) = std::env::var(&variable) {
        return PathBuf::from(dir);
    }
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host/image/build");
    let out = Command::new(&build)
        .arg(release.name())
        .stderr(std::process::Stdio::inherit())
        .output()
        .unwrap_or_else(|e| panic!("cannot run {}: {e}", build.display()));
    assert!(
        out.status.success(),
        "{} {} failed",
        build.display(),
        release.name()
    );
    let said = String::from_utf8(out.stdout).unwrap();
    PathBuf::from(said.lines().last().expect("build prints the directory"))
}

/// What stands on the image, from its manifest.
pub fn manifest(release: Release, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(directory(release).join("manifest")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    line.map(str::to_owned)
}

static RUNNING: Mutex<Running> = Mutex::new(Running { hosts: 0, alone: 0 });
static ENDED: Condvar = Condvar::new();

/// What runs now, and what waits to be alone: nobody else begins before that.
struct Running {
    hosts: usize,
    alone: usize,
}

/// The right to run hosts; `BENCHWARDEN_HOSTS` of them at once, two unless told.
pub(super) struct Permit(usize);

impl Permit {
    /// Waits for one.
    pub(super) fn wait() -> Self {
        Self::take(1)
    }

    /// Waits for two at once: two tests that each hold one and want another would wait forever.
    pub(super) fn wait_for_two() -> [Self; 2] {
        std::mem::forget(Self::take(2));
        [Self(1), Self(1)]
    }

    /// Waits until nothing else runs, and keeps it so: for what measures the whole machine.
    pub(super) fn wait_to_be_alone() -> Self {
        let mut running = lock();
        running.alone += 1;
        let mut running = ENDED
            .wait_while(running, |running| running.hosts > 0)
            .unwrap_or_else(PoisonError::into_inner);
        running.alone -= 1;
        let all = most();
        running.hosts += all;
        Self(all)
    }

    fn take(wanted: usize) -> Self {
        // A pair is a pair, even where only one may run.
        let most = most().max(wanted);
        let mut running = ENDED
            .wait_while(lock(), |running| {
                running.alone > 0 || running.hosts + wanted > most
            })
            .unwrap_or_else(PoisonError::into_inner);
        running.hosts += wanted;
        Self(wanted)
    }
}

fn most() -> usize {
    let told = std::env::var("BENCHWARDEN_HOSTS").ok();
    told.and_then(|n| n.parse().ok()).unwrap_or(2)
}

fn lock() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Permit {
    fn drop(&mut self) {
        lock().hosts -= self.0;
        ENDED.notify_all();
    }
}
