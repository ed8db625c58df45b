//! Nothing a test starts on this machine may outlive it.

use std::path::Path;
use std::sync::Once;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The environment variable that everything a host starts carries.
pub(super) const MARKER: &str = "BENCHWARDEN_TEST_HOST";

/// How directories of hosts are called, before the process id. Short: sockets lie in them.
const PREFIX: &str = "bwhost-";

/// A directory for one host; its name tells whose it is.
pub(super) fn directory() -> TempDir {
    static SWEPT: Once = Once::new();
    SWEPT.call_once(sweep);
    tempfile::Builder::new()
        .prefix(&format!("{PREFIX}{}-", std::process::id()))
        .tempdir()
        .unwrap()
}

/// Disks of test runs that were killed: processes die with their run, files do not.
fn sweep() {
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    for entry in entries {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let Some((pid, _)) = rest.and_then(|rest| rest.split_once('-')) else {
            continue;
        };
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Fails the test when something it started still runs; ends it all the same.
pub(super) fn must_be_none(dir: &Path) {
    let start = Instant::now();
    // What has just been killed may need a moment to go.
    let mut left = find(dir);
    while !left.is_empty() && start.elapsed() < Duration::from_secs(2) {
        std::thread::sleep(Duration::from_millis(20));
        left = find(dir);
    }
    if left.is_empty() {
        return;
    }
    let told: Vec<String> = left
        .iter()
        .map(|pid| {
            let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            let _ = std::process::Command::new("kill")
                .args(["-KILL", pid])
                .status();
            format!("{pid}: {command}")
        })
        .collect();
    let told = format!("the test left processes behind:\n{}", told.join("\n"));
    if std::thread::panicking() {
        eprintln!("{told}");
    } else {
        panic!("{told}");
    }
}

/// Processes that carry the marker of this directory.
fn find(dir: &Path) -> Vec<String> {
    let wanted = format!("{MARKER}={}", dir.display());
    let own = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().into_string().ok());
    pids.filter(|pid| *pid != own && pid.starts_with(|c: char| c.is_ascii_digit()))
        .filter(|pid| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment
                .split(|b| *b == 0)
                .any(|entry| entry == wanted.as_bytes())
        })
        .collect()
}
