//! One process, from `/proc/PID`: `proc_pid_stat(5)`, `proc_pid_status(5)`.

use std::sync::Arc;

use crate::base::id::{Pid, Uid};
use crate::base::text::printable;
use crate::base::units::{Bytes, Nanos};
use crate::model::sample::{MemorySplit, ProcessMemory};

/// What `/proc/PID/stat` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// `comm`, cleaned: at most 15 bytes, any bytes, parentheses included.
    pub name: String,
    /// State letter.
    pub state: char,
    /// Parent.
    pub parent: Pid,
    /// Process group: a job, where a shell has started it.
    pub group: Pid,
    /// Session.
    pub session: Pid,
    /// Whether a terminal controls it.
    pub has_terminal: bool,
    /// User and system time of all threads.
    pub cpu: Nanos,
    /// The same of children that were waited for.
    pub children_cpu: Nanos,
    /// Threads.
    pub threads: u32,
    /// When it began, since boot.
    pub started: Nanos,
}

impl Stat {
    /// Parses the one line; `None` when it is not one.
    #[must_use]
    pub fn parse(bytes: &[u8], ticks_per_second: u64) -> Option<Self> {
        // The name may hold parentheses, blanks and newlines: it ends at the *last* parenthesis.
        let open = bytes.iter().position(|b| *b == b'(')?;
        let close = bytes.iter().rposition(|b| *b == b')')?;
        let name = printable(bytes.get(open + 1..close)?, 64);
        let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
        let mut fields = rest.split_ascii_whitespace();
        // Field 3 of proc_pid_stat(5) comes first; `nth` skips those in between.
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let (group, session) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let has_terminal = fields.next()? != "0";
        let mut number = |skip: usize| fields.nth(skip)?.parse::<u64>().ok();
        let (utime, stime) = (number(6)?, number(0)?);
        let (cutime, cstime) = (number(0)?, number(0)?);
        let threads = number(2)?;
        let started = number(1)?;
        let time = |ticks| Nanos::from_ticks(ticks, ticks_per_second);
        Some(Self {
            name,
            state,
            parent: Pid(parent),
            group: Pid(group),
            session: Pid(session),
            has_terminal,
            cpu: time(utime) + time(stime),
            children_cpu: time(cutime) + time(cstime),
            threads: u32::try_from(threads).unwrap_or(u32::MAX),
            started: time(started),
        })
    }
}

/// What `/proc/PID/status` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The real uid.
    pub uid: Uid,
    /// `None` for kernel threads and processes that ended.
    pub memory: Option<StatusMemory>,
    /// Threads.
    pub threads: u32,
}

/// The memory of a process by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusMemory {
    /// `RssAnon`.
    pub anonymous: Bytes,
    /// `RssShmem`: counted for each process that maps it.
    pub shared: Bytes,
    /// `VmSwap`.
    pub swap: Bytes,
}

impl StatusMemory {
    /// As it is billed.
    #[must_use]
    pub fn billed(self) -> ProcessMemory {
        ProcessMemory::new(self.anonymous + self.shared, self.swap)
    }
}

/// What `/proc/PID/statm` tells, in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statm {
    /// Everything in memory.
    pub resident: u64,
    /// The part of it that is of files and shared memory.
    pub shared: u64,
}

impl Statm {
    /// Parses the one line.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = std::str::from_utf8(bytes).ok()?.split_ascii_whitespace();
        Some(Self {
            resident: fields.nth(1)?.parse().ok()?,
            shared: fields.next()?.parse().ok()?,
        })
    }
}

impl Status {
    /// Parses the lines it needs; `None` without a uid.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut uid = None;
        let (mut anon, mut shmem, mut swap, mut threads) = (None, None, None, None);
        for line in bytes.split(|b| *b == b'\n') {
            let Ok(line) = std::str::from_utf8(line) else {
                continue; // Only `Name:` may hold such bytes.
            };
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let number = || value.split_ascii_whitespace().next()?.parse().ok();
            match key {
                // `Name:` comes first and escapes newlines, so no process can fake a line.
                "Uid" => uid = value.split_ascii_whitespace().next()?.parse().ok(),
                "RssAnon" => anon = number(),
                "RssShmem" => shmem = number(),
                "VmSwap" => swap = number(),
                "Threads" => {
                    threads = number();
                    break; // Nothing after it is needed.
                }
                _ => {}
            }
        }
        let memory = anon.map(|anon| StatusMemory {
            anonymous: Bytes::from_kib(anon),
            shared: Bytes::from_kib(shmem.unwrap_or(0)),
            swap: Bytes::from_kib(swap.unwrap_or(0)),
        });
        Some(Self {
            uid: Uid(uid?),
            memory,
            threads: threads.and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
        })
    }
}

/// The nice value, field 19 of `/proc/PID/stat`.
#[must_use]
pub fn nice(stat: &[u8]) -> Option<i64> {
    let close = stat.iter().rposition(|b| *b == b')')?;
    let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
    rest.split_ascii_whitespace().nth(16)?.parse().ok()
}

/// Memory by kind, from `/proc/PID/status`.
#[must_use]
pub fn memory_split(status: &[u8]) -> MemorySplit {
    let value = |key: &[u8]| {
        let line = status
            .split(|b| *b == b'\n')
            .find_map(|line| line.strip_prefix(key))?;
        let number = std::str::from_utf8(line).ok()?;
        let number = number.split_ascii_whitespace().next()?.parse().ok()?;
        Some(Bytes::from_kib(number))
    };
    MemorySplit {
        anonymous: value(b"RssAnon:"),
        file: value(b"RssFile:"),
        shared: value(b"RssShmem:"),
        swap: value(b"VmSwap:"),
        peak: value(b"VmHWM:"),
    }
}

/// The process's own soft limits that are not boundless, from `/proc/PID/limits`: its columns
/// have fixed widths.
#[must_use]
pub fn limits(bytes: &[u8]) -> Vec<(Arc<str>, Arc<str>)> {
    const NAME: usize = 26;
    let text = String::from_utf8_lossy(bytes);
    let limit = |line: &str| {
        let (name, values) = line.split_at_checked(NAME)?;
        let soft = values.split_ascii_whitespace().next()?;
        let unit = values.split_ascii_whitespace().nth(2).unwrap_or("");
        let name = name.trim().strip_prefix("Max ")?;
        (soft != "unlimited").then(|| (name.into(), format!("{soft} {unit}").trim().into()))
    };
    text.lines().skip(1).filter_map(limit).collect()
}

/// The cgroup of a process that matters on this host, from `/proc/PID/cgroup`: the unified one
/// (`0::`), or systemd's own hierarchy on v1. Cleaned for display.
#[must_use]
pub fn cgroup_path(bytes: &[u8]) -> Option<String> {
    let mut found = None;
    for line in bytes.split(|b| *b == b'\n') {
        if let Some(path) = line.strip_prefix(b"0::") {
            if path != b"/" || found.is_none() {
                found = Some(path);
            }
            if path != b"/" {
                break;
            }
        } else if let Some(at) = find(line, b":name=systemd:") {
            found = line.get(at + b":name=systemd:".len()..);
        }
    }
    // One that was removed under its last process.
    let path = found?;
    let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
    Some(printable(path, 4096))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// A command line: arguments parted by blanks, cleaned and cut; `None` for an empty one.
#[must_use]
pub fn command_line(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().rposition(|b| *b != 0)? + 1;
    let parted: Vec<u8> = bytes[..end]
        .iter()
        .map(|b| if *b == 0 { b' ' } else { *b })
        .collect();
    Some(printable(&parted, 512))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STAT: &str = "4242 (R (x) \x1b[1m) S 17 4242 17 34816 4242 4194304 900 8000 0 3 \
        1500 250 700 30 20 0 3 0 98765 1000000 2500 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0";

    #[test]
    fn a_name_with_parentheses_and_escapes_does_not_shift_the_fields() {
        let stat = Stat::parse(STAT.as_bytes(), 100).unwrap();
        assert_eq!(
            stat,
            Stat {
                name: "R (x) \\x1b[1m".to_owned(),
                state: 'S',
                parent: Pid(17),
                group: Pid(4242),
                session: Pid(17),
                has_terminal: true,
                cpu: Nanos::from_ticks(1750, 100),
                children_cpu: Nanos::from_ticks(730, 100),
                threads: 3,
                started: Nanos::from_ticks(98765, 100),
            }
        );
    }

    #[test]
    fn memory_is_anonymous_and_shared_pages_and_swap_is_told_apart() {
        let status = "Name:\tR\nUid:\t1001\t0\t0\t0\nRssAnon:\t  2048 kB\nRssFile:\t 900 kB\n\
            RssShmem:\t 1024 kB\nVmSwap:\t 512 kB\nThreads:\t3\n";
        let status = Status::parse(status.as_bytes()).unwrap();
        assert_eq!(status.uid, Uid(1001));
        let memory = status.memory.unwrap();
        assert_eq!(memory.billed().resident(), Bytes(3 << 20));
        assert_eq!(memory.billed().swap(), Bytes(512 << 10));
        assert_eq!(status.threads, 3);
    }

    #[test]
    fn a_kernel_thread_has_no_memory_rather_than_none_used() {
        let status = Status::parse(b"Name:\tkthreadd\nUid:\t0\t0\t0\t0\n").unwrap();
        assert_eq!(status.memory, None);
    }

    #[test]
    fn the_cgroup_is_the_unified_one_or_systemds() {
        let v2 = b"0::/user.slice/user-1001.slice/session-3.scope\n";
        assert_eq!(
            cgroup_path(v2).unwrap(),
            "/user.slice/user-1001.slice/session-3.scope"
        );
        let v1 = b"9:cpu,cpuacct:/\n1:name=systemd:/system.slice/cron.service\n0::/\n";
        assert_eq!(cgroup_path(v1).unwrap(), "/system.slice/cron.service");
        let gone = b"0::/system.slice/x.scope (deleted)\n";
        assert_eq!(cgroup_path(gone).unwrap(), "/system.slice/x.scope");
        assert_eq!(cgroup_path(b"0::/\n").unwrap(), "/");
    }

    #[test]
    fn a_close_look_tells_nice_memory_by_kind_and_limits() {
        assert_eq!(nice(STAT.as_bytes()), Some(0));
        let split = memory_split(b"Name:\tR\nVmHWM:\t 9 kB\nRssAnon:\t 2 kB\nRssFile:\t 4 kB\n");
        assert_eq!(split.peak, Some(Bytes(9 << 10)));
        assert_eq!(split.anonymous, Some(Bytes(2 << 10)));
        assert_eq!(split.swap, None);
        let text =
            b"Limit                     Soft Limit           Hard Limit           Units     \n\
            Max cpu time              unlimited            unlimited            seconds   \n\
            Max open files            1024                 524288               files     \n\
            Max nice priority         0                    0                    \n";
        let told: Vec<String> = limits(text)
            .iter()
            .map(|(name, soft)| format!("{name}={soft}"))
            .collect();
        assert_eq!(told, ["open files=1024 files", "nice priority=0"]);
    }

    #[test]
    fn a_command_line_is_one_clean_line() {
        assert_eq!(
            command_line(b"python3\0-c\0print(1)\nprint(2)\0\0").unwrap(),
            "python3 -c print(1)\\x0aprint(2)"
        );
        assert_eq!(command_line(b"\0\0"), None);
        assert_eq!(command_line(b""), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_a_parser(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Stat::parse(&bytes, 100);
            let _ = Status::parse(&bytes);
            let _ = Statm::parse(&bytes);
            let _ = nice(&bytes);
            let _ = memory_split(&bytes);
            let _ = limits(&bytes);
            let _ = cgroup_path(&bytes);
            let _ = command_line(&bytes);
        }

        #[test]
        fn any_name_parses(name in "[^\0]{0,15}") {
            let line = format!("7 ({name}) R 1 7 7 0 -1 0 1 1 1 1 10 20 30 40 20 0 2 0 500 1 1 1");
            let stat = Stat::parse(line.as_bytes(), 100).unwrap();
            prop_assert_eq!(stat.cpu, Nanos::from_ticks(30, 100));
            prop_assert_eq!(stat.threads, 2);
            prop_assert_eq!(stat.started, Nanos::from_ticks(500, 100));
        }
    }
}
