//! What starts by itself for somebody: `crontab(5)`, `at(1)`, lines of the system's crontabs; and
//! the mail that waits for them. Their own systemd timers are in their home, which is not read.

use rustix::fs::FileType;

use crate::base::hostile::Hostile;
use crate::base::units::Bytes;
use crate::host::plain::{inside, look, start};
use crate::host::root::Root;
use crate::model::people::Person;
use crate::model::people::details::{Jobs, SystemCron};

/// Where Debian and Red Hat keep people's crontabs, and `at` its jobs.
const CRONTABS: [&str; 2] = ["/var/spool/cron/crontabs", "/var/spool/cron"];
const AT_JOBS: [&str; 2] = ["/var/spool/cron/atjobs", "/var/spool/at"];
const MAIL: [&str; 2] = ["/var/mail", "/var/spool/mail"];
/// Nobody's crontab is longer by itself.
const CRONTAB_BYTES: u64 = 1 << 20;

/// Everything that is scheduled for a person.
pub(super) fn of(root: &Root, person: &Person, partial: &mut Vec<String>) -> Jobs {
    let crontab = crontab(root, person);
    let at = at_jobs(root, person);
    if crontab.is_none() {
        partial.push("crontab: it cannot be read; root may".into());
    }
    if at.is_none() {
        partial.push("at jobs: they cannot be listed; root may".into());
    }
    Jobs {
        crontab,
        at,
        system: system(root, person),
    }
}

/// How much mail waits; `None` without a mailbox.
pub(super) fn mail(root: &Root, person: &Person) -> Option<Bytes> {
    let name = person.name.as_ref()?.raw();
    let boxes = MAIL
        .iter()
        .filter_map(|dir| look(root, &inside(dir, name)?));
    let mut files = boxes.filter(|entry| entry.kind == FileType::RegularFile);
    Some(files.next()?.size)
}

fn crontab(root: &Root, person: &Person) -> Option<u32> {
    let Some(name) = &person.name else {
        return Some(0);
    };
    let mut entries = 0;
    for dir in CRONTABS {
        let Some(path) = inside(dir, name.raw()) else {
            continue;
        };
        if let Some(bytes) = start(root, &path, CRONTAB_BYTES).ok()? {
            let text = String::from_utf8_lossy(&bytes);
            entries += text.lines().filter(|line| is_entry(line)).count();
        }
    }
    u32::try_from(entries).ok()
}

/// Whether a line starts something; others are comments, blank, or set a variable.
fn is_entry(line: &str) -> bool {
    let first = line.trim_start().chars().next();
    first.is_some_and(|c| c.is_ascii_digit() || "*@-~".contains(c))
}

fn at_jobs(root: &Root, person: &Person) -> Option<u32> {
    let mut jobs = 0;
    for dir in AT_JOBS {
        if look(root, dir).is_some() && root.count(dir).is_none() {
            return None;
        }
        for name in root.list_names(dir).filter(|name| is_at_job(name)) {
            let entry = inside(dir, &name).and_then(|path| look(root, &path));
            let own = entry.filter(|e| e.owner == person.uid && e.kind == FileType::RegularFile);
            jobs += u32::from(own.is_some());
        }
    }
    Some(jobs)
}

/// `a00001019b2d5c`: the queue (`=` while it runs), a number and a time.
fn is_at_job(name: &str) -> bool {
    let mut chars = name.chars();
    let queue = chars.next();
    name.len() == 14
        && queue.is_some_and(|c| c.is_ascii_alphabetic() || c == '=')
        && chars.all(|c| c.is_ascii_hexdigit())
}

/// Lines of the system's crontabs that name the person.
fn system(root: &Root, person: &Person) -> Vec<SystemCron> {
    let Some(name) = &person.name else {
        return Vec::new();
    };
    // Debian's cron passes over names with a dot, others only over hidden and backup files.
    let debian = root.exists("/etc/debian_version");
    let counts = |file: &String| {
        if debian {
            return !file.contains('.') && !file.ends_with('~');
        }
        !file.starts_with('.') && !file.ends_with('~')
    };
    let files = root.list_names("/etc/cron.d").filter(counts);
    let files = files.map(|file| format!("/etc/cron.d/{file}"));
    let mut found = Vec::new();
    let mut bytes = Vec::new();
    for file in std::iter::once("/etc/crontab".to_owned()).chain(files) {
        let limit = usize::try_from(CRONTAB_BYTES).unwrap_or(usize::MAX);
        if !matches!(root.read_start(&file, limit, &mut bytes), Ok(true)) {
            continue;
        }
        for (at, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            if runs_as(line) == Some(name.raw()) {
                found.push(SystemCron {
                    file: Hostile::from(&*file),
                    line: at + 1,
                });
            }
        }
    }
    found
}

/// Whom a line of a system's crontab runs as: the word after the times.
fn runs_as(line: &str) -> Option<&str> {
    if !is_entry(line) {
        return None;
    }
    let mut words = line.split_whitespace();
    let times = if words.clone().next()?.starts_with('@') {
        1
    } else {
        5
    };
    words.nth(times)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_that_starts_something_is_an_entry() {
        for line in [
            "* * * * * x",
            "  0 4 * * 1 x",
            "@daily x",
            "-*/15 * * * * x",
        ] {
            assert!(is_entry(line), "{line}");
        }
        for line in ["", "# 1 2 3", "MAILTO=ada", "PATH = /bin", "\t"] {
            assert!(!is_entry(line), "{line}");
        }
        assert_eq!(runs_as("0 4 * * * alice run it"), Some("alice"));
        assert_eq!(runs_as("@reboot bob run"), Some("bob"));
        assert_eq!(runs_as("SHELL=/bin/sh"), None);
        assert_eq!(runs_as("1 2 3"), None);
    }

    #[test]
    fn jobs_of_at_have_their_kind_of_name() {
        assert!(is_at_job("a00001019b2d5c") && is_at_job("=00001019b2d5c"));
        assert!(!is_at_job(".SEQ") && !is_at_job("a0000") && !is_at_job("a00001019b2dzz"));
    }

    proptest! {
        #[test]
        fn no_line_breaks_it(line in any::<String>()) {
            let _ = runs_as(&line);
            let _ = is_at_job(&line);
        }
    }
}
