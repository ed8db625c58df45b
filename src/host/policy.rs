//! The files of the policy, and what this host has for percentages. Reads only.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use procfs_core::{FromRead as _, Meminfo};

use super::root::Root;
use super::site;
use crate::base::text::printable;
use crate::base::units::Bytes;
use crate::policy::parse::{Problem, Source};
use crate::policy::resolve::HostSize;

/// The site's own file.
pub const FILE: &str = "/etc/benchwarden/policy.toml";
/// The directory of further files.
pub const DIR: &str = "/etc/benchwarden/policy.d";
/// What the console writes.
pub const CONSOLE: &str = "/etc/benchwarden/policy.d/50-console.toml";
/// What the console writes that ends by itself: in a file of its own, so that what lasts is there
/// again then.
pub const CONSOLE_UNTIL: &str = "/etc/benchwarden/policy.d/51-console-until.toml";

/// Longer than any policy.
const LONGEST: u64 = 1 << 20;
/// What systemd never exceeds, whatever the kernel allows.
const MOST_TASKS: u64 = 4_194_303;

/// What lies there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The files, in the order in which they count.
    pub sources: Vec<Source>,
    /// Files that are there and cannot be trusted or read; while there is one, no policy counts.
    pub refused: Vec<Problem>,
    /// Names in the directory that are passed over.
    pub ignored: Vec<String>,
}

/// Reads all files.
#[must_use]
pub fn read(root: &Root) -> Found {
    let mut found = Found::default();
    found.add(root, FILE);
    for name in names(root, &mut found) {
        let is_plain = |name: &str| name.ends_with(".toml") && !name.starts_with('.');
        match name.to_str().filter(|name| is_plain(name)) {
            Some(name) => found.add(root, &format!("{DIR}/{name}")),
            None => {
                let name = printable(name.as_bytes(), 200);
                found.ignored.push(format!("{DIR}/{name}"));
            }
        }
    }
    found
}

/// Names in the directory, in order; that it cannot be listed is noted.
fn names(root: &Root, found: &mut Found) -> Vec<OsString> {
    if let Err(error) = root.may_list(DIR) {
        found.refused.push(refused(DIR, &error.to_string()));
    }
    root.list(DIR)
}

fn refused(path: &str, why: &str) -> Problem {
    Problem::of_file(&printable(path.as_bytes(), 300).into(), why)
}

impl Found {
    fn add(&mut self, root: &Root, path: &str) {
        match site::bytes(root, path, LONGEST) {
            Ok(None) => {}
            Ok(Some(bytes)) => self.sources.push(Source {
                name: path.into(),
                bytes,
            }),
            Err(why) => self.refused.push(refused(path, why.reason())),
        }
    }
}

/// What the host has.
#[must_use]
pub fn host_size(root: &Root) -> HostSize {
    let number = |path: &str| -> Option<u64> { root.peek(path)?.trim().parse().ok() };
    let memory = root.read("/proc/meminfo").ok().flatten();
    let memory = memory.and_then(|bytes| Meminfo::from_read(bytes.as_slice()).ok());
    let tasks = ["/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"];
    let tasks = tasks.iter().filter_map(|path| number(path)).min();
    let stat = root.peek("/proc/stat").unwrap_or_default();
    let cpus = stat.lines().filter(|line| {
        let rest = line.strip_prefix("cpu").unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_digit())
    });
    HostSize {
        memory: Bytes(memory.map_or(0, |memory| memory.mem_total)),
        page: Bytes(rustix::param::page_size() as u64),
        tasks: tasks.unwrap_or(MOST_TASKS).min(MOST_TASKS),
        cpus: u32::try_from(cpus.count()).unwrap_or(u32::MAX),
    }
}
