//! What makes somebody root without sudo: programs with capabilities, and files that root runs and
//! others can write to.

use std::collections::BTreeSet;

use crate::host::root::Root;
use crate::model::sudo::ground::FileFacts;
use crate::model::sudo::ways::Elsewhere;

use super::surround::way;

/// From where root runs programs.
const PROGRAMS: [&str; 6] = [
    "/usr/bin",
    "/usr/sbin",
    "/bin",
    "/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
];
/// What cron runs as root.
const CRON: [&str; 7] = [
    "/etc/crontab",
    "/etc/anacrontab",
    "/etc/cron.d",
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
];
const CRONTABS: [&str; 2] = ["/var/spool/cron/crontabs/root", "/var/spool/cron/root"];
/// More entries of one directory are not looked at.
const MOST: usize = 20_000;

/// Capabilities with which a program can do what root can, by number, see capabilities(7).
const WHOLE: [(u32, &str); 11] = [
    (0, "cap_chown"),
    (1, "cap_dac_override"),
    (2, "cap_dac_read_search"),
    (3, "cap_fowner"),
    (6, "cap_setgid"),
    (7, "cap_setuid"),
    (16, "cap_sys_module"),
    (17, "cap_sys_rawio"),
    (19, "cap_sys_ptrace"),
    (21, "cap_sys_admin"),
    (31, "cap_setfcap"),
];

pub(super) fn look(root: &Root) -> Elsewhere {
    let mut found = Elsewhere::default();
    let mut seen = BTreeSet::new();
    for dir in PROGRAMS.iter().filter(|dir| root.link(dir).is_none()) {
        const IN_PATH: &str = "from where root runs programs";
        for file in way(root, dir) {
            note(&mut found, &mut seen, file, IN_PATH);
        }
        for name in root.list_names(dir).take(MOST) {
            let path = format!("{dir}/{name}");
            let Some(file) = facts(root, &path) else {
                continue;
            };
            if let Some(which) = capabilities(root, &path) {
                found.capable.push((file.clone(), which));
            }
            note(&mut found, &mut seen, file, "a program in root's path");
        }
    }
    for path in CRON {
        const BY_CRON: &str = "which cron runs as root";
        for file in way(root, path) {
            note(&mut found, &mut seen, file, BY_CRON);
        }
        let inside = root.list_names(path).take(MOST);
        let inside: Vec<String> = inside.map(|name| format!("{path}/{name}")).collect();
        for path in &inside {
            if let Some(file) = facts(root, path) {
                note(&mut found, &mut seen, file, BY_CRON);
            }
        }
        if matches!(path, "/etc/crontab" | "/etc/cron.d" | "/etc/anacrontab") {
            for path in inside.iter().map(String::as_str).chain([path]) {
                jobs(root, path, true, &mut found, &mut seen);
            }
        }
    }
    for path in CRONTABS {
        jobs(root, path, false, &mut found, &mut seen);
    }
    found
}

/// The programs that a crontab of root's names.
fn jobs(
    root: &Root,
    path: &str,
    with_user: bool,
    found: &mut Elsewhere,
    seen: &mut BTreeSet<String>,
) {
    const LONGEST: usize = 1 << 20;
    let mut bytes = Vec::new();
    if root.is_dir(path) || !root.read_start(path, LONGEST, &mut bytes).unwrap_or(false) {
        return;
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let times = if line.starts_with('@') { 1 } else { 5 };
        if with_user && words.get(times) != Some(&"root") {
            continue;
        }
        let command = words.get(times..).unwrap_or_default();
        let apart = |word: &&str| {
            let parts = word.split([';', '&', '|', '(', ')', '"', '\'', '`', '<', '>']);
            parts.map(str::to_owned).collect::<Vec<_>>()
        };
        let programs = command.iter().flat_map(apart);
        for program in programs.filter(|word| word.starts_with('/')) {
            let way = way(root, &program);
            // A directory, or `/dev/null`, is no program.
            let last = way.last();
            let is_file = last.is_some_and(|file| file.mode & 0o170_000 == 0o100_000);
            for file in way.into_iter().filter(|_| is_file) {
                note(found, seen, file, "which root's crontab runs");
            }
        }
    }
}

fn facts(root: &Root, path: &str) -> Option<FileFacts> {
    let stat = rustix::fs::stat(root.path(path)).ok()?;
    Some(FileFacts {
        path: path.to_owned(),
        uid: stat.st_uid,
        gid: stat.st_gid,
        mode: stat.st_mode,
    })
}

/// Keeps what others than root may be able to write to.
fn note(found: &mut Elsewhere, seen: &mut BTreeSet<String>, file: FileFacts, why: &'static str) {
    let open = file.uid != 0 || file.mode & 0o022 != 0;
    if open && seen.insert(file.path.clone()) {
        found.run_by_root.push((file, why));
    }
}

/// The capabilities of a file that are root in all but name, from `security.capability`.
fn capabilities(root: &Root, path: &str) -> Option<String> {
    let mut buffer = [0_u8; 64];
    let read =
        rustix::fs::getxattr(root.path(path), "security.capability", &mut buffer[..]).ok()?;
    let word = |at: usize| -> Option<u32> {
        let bytes = buffer.get(..read)?.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    // The first word is the version; the permitted ones below 32 come behind it.
    let permitted = word(4)?;
    let which = WHOLE.iter().filter(|(bit, _)| permitted & (1 << bit) != 0);
    let names: Vec<&str> = which.map(|(_, name)| *name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
