//! Facts as plans name them, read from the host: what is there now.
//!
//! Hashes of passwords are looked at and never kept.

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};

use crate::base::digest::sha256_hex;
use crate::plan::fact::Subject;
use crate::plan::limits::present::{fact as limits_fact, of_topic};
use crate::plan::runtimes::steps::link_fact;
use crate::plan::triage::RUNS;
use crate::plan::world::group_fact;

use super::durable;
use super::job;
use super::keys;
use super::limits;
use super::quota;
use super::root::{Root, numeric};

/// A fact that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell what {subject} is: {why}")]
pub struct Unknown {
    subject: String,
    why: String,
}

/// What is there of a subject; `None` when it is not there.
///
/// # Errors
/// When a file that would tell cannot be read.
pub fn fact(root: &Root, subject: &Subject) -> Result<Option<String>, Unknown> {
    let unknown = |why: String| Unknown {
        subject: subject.to_string(),
        why,
    };
    match subject {
        Subject::Account(name) => {
            let fields = entry(root, "/etc/passwd", name).map_err(unknown)?;
            // Name and password are not part of it.
            Ok(fields.map(|fields| fields.get(2..).unwrap_or_default().join(":")))
        }
        Subject::Group(name) => Ok(entry(root, "/etc/group", name)
            .map_err(unknown)?
            .map(|fields| group(&fields))),
        Subject::Password(name) => {
            shadow(root, name, |fields| password(fields.get(1)).to_owned()).map_err(unknown)
        }
        Subject::Expiry(name) => {
            shadow(root, name, |fields| expiry(fields.get(7))).map_err(unknown)
        }
        Subject::MustChange(name) => shadow(root, name, |fields| {
            let due = fields.get(2).is_some_and(|day| day == "0");
            if due { "yes" } else { "no" }.to_owned()
        })
        .map_err(unknown),
        Subject::Subids(at) => {
            let (name, path) = at.rsplit_once('@').unwrap_or((at, "/etc/subuid"));
            subids(root, path, name).map_err(unknown)
        }
        Subject::Linger(name) => {
            let on = root.exists(&format!("/var/lib/systemd/linger/{name}"));
            Ok(Some(if on { "on" } else { "off" }.to_owned()))
        }
        Subject::Processes(uid) => {
            let any = !processes_of(root, *uid).is_empty();
            Ok(Some(if any { "some" } else { "none" }.to_owned()))
        }
        Subject::File(path) => file_fact(root, path).map_err(unknown),
        Subject::Link(path) => match root.link(path) {
            Some(target) => Ok(Some(link_fact(&target.to_string_lossy()))),
            None => file_fact(root, path).map_err(unknown),
        },
        Subject::Directory(path) => Ok(durable::stat(root, path).map(|stat| {
            let kind = match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
                rustix::fs::FileType::Directory => "",
                _ => " not a directory",
            };
            format!(
                "{}:{} {:04o}{kind}",
                stat.st_uid,
                stat.st_gid,
                stat.st_mode & 0o7777
            )
        })),
        Subject::Keys(name) => keys::fingerprints(root, name).map_err(|e| unknown(e.to_string())),
        Subject::AtJobs(uid) => Ok(at_jobs(root, *uid)),
        Subject::Quota(at) => {
            let (uid, device) = at.split_once('@').unwrap_or((at, ""));
            let uid = uid
                .parse()
                .map_err(|_| unknown("it names no uid".to_owned()))?;
            Ok(quota::on(root, uid, device).map(|quota| quota.to_string()))
        }
        Subject::LimitsInSystemd(topic) => {
            let (unit, which) = of_topic(topic);
            let told =
                limits::in_systemd(root, unit).map_err(|error| unknown(error.to_string()))?;
            Ok(told.map(|told| limits_fact(&told, &which)))
        }
        Subject::LimitsInKernel(topic) => {
            let (unit, which) = of_topic(topic);
            let held = limits::in_kernel(root, unit, &which);
            Ok(held.map(|held| limits_fact(&held, &which)))
        }
        Subject::Frozen(uid) => {
            let now = job::Person::new(root, *uid).standstill(root);
            Ok(now.map(str::to_owned))
        }
        Subject::Process(which) => {
            let mut words = which.split(' ');
            let pid = words.next().and_then(|word| word.parse().ok());
            let began = words.next().and_then(|word| word.parse().ok());
            let now = pid.and_then(|pid| job::started(root, pid));
            Ok((began.is_some() && now == began).then(|| RUNS.to_owned()))
        }
        Subject::Archive(path) => {
            Ok(durable::stat(root, path).map(|stat| format!("{} bytes", stat.st_size)))
        }
    }
}

/// The fields of the line that begins with a name.
fn entry(root: &Root, path: &str, name: &str) -> Result<Option<Vec<String>>, String> {
    let bytes = root.read(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
    let found = text.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        (fields.first() == Some(&name)).then(|| fields.iter().map(|f| (*f).to_owned()).collect())
    });
    Ok(found)
}

fn shadow(
    root: &Root,
    name: &str,
    tell: impl FnOnce(&[String]) -> String,
) -> Result<Option<String>, String> {
    let fields = entry(root, "/etc/shadow", name)?;
    Ok(fields.map(|fields| tell(&fields)))
}

/// What a password field of shadow(5) means.
fn password(field: Option<&String>) -> &'static str {
    let field = field.map_or("!", String::as_str);
    let bare = field.trim_start_matches('!');
    if field.is_empty() {
        "empty"
    } else if bare.is_empty() || bare.starts_with('*') || bare == "x" {
        "none"
    } else if field.starts_with('!') {
        "locked"
    } else {
        "set"
    }
}

/// A day of shadow(5), counted from 1970, as a date.
fn expiry(field: Option<&String>) -> String {
    let days: Option<i64> = field
        .and_then(|field| field.parse().ok())
        .filter(|days| *days >= 0);
    let date = days.and_then(|days| {
        let span: Span = Span::new().try_days(days).ok()?;
        Date::constant(1970, 1, 1).checked_add(span).ok()
    });
    date.map_or_else(|| "never".to_owned(), |date| date.to_string())
}

/// The date of a day so many days after another.
#[must_use]
pub fn days_after(date: Date, days: i64) -> Option<Date> {
    date.checked_add(days.days()).ok()
}

fn group(fields: &[String]) -> String {
    let gid = fields
        .get(2)
        .and_then(|gid| gid.parse().ok())
        .unwrap_or(u32::MAX);
    let members = fields.get(3).map_or("", String::as_str);
    let members: Vec<String> = members
        .split(',')
        .filter(|member| !member.is_empty())
        .map(str::to_owned)
        .collect();
    group_fact(gid, &members)
}

fn subids(root: &Root, path: &str, name: &str) -> Result<Option<String>, String> {
    let bytes = root.read(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
    let ranges: Vec<String> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then_some(())?;
            Some(format!("{}+{}", fields.next()?, fields.next()?))
        })
        .collect();
    Ok((!ranges.is_empty()).then(|| ranges.join(" ")))
}

/// Owner, permissions and a digest of what is in a file.
pub(super) fn file_fact(root: &Root, path: &str) -> Result<Option<String>, String> {
    let Some(stat) = durable::stat(root, path) else {
        return Ok(None);
    };
    let content = match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
        rustix::fs::FileType::RegularFile => {
            let bytes = root.read(path).map_err(|error| error.to_string())?;
            sha256_hex(&bytes.unwrap_or_default())
        }
        _ => "not a regular file".to_owned(),
    };
    let (uid, gid, mode) = (stat.st_uid, stat.st_gid, stat.st_mode & 0o7777);
    Ok(Some(format!("{uid}:{gid} {mode:04o} {content}")))
}

/// Processes of which any of the four uids is this one.
#[must_use]
pub fn processes_of(root: &Root, uid: u32) -> Vec<u32> {
    let is_theirs = |pid: &u32| {
        let status = root
            .peek(&format!("/proc/{pid}/status"))
            .unwrap_or_default();
        let field = |key: &str| status.lines().find_map(|line| line.strip_prefix(key));
        // A zombie runs nothing, unless only its first thread has ended.
        let zombie =
            field("State:").is_some_and(|state| state.trim_start().starts_with(['Z', 'X']));
        let threads: u32 = field("Threads:").map_or(1, |n| n.trim().parse().unwrap_or(1));
        let dead = zombie && threads <= 1;
        let uids = field("Uid:").unwrap_or("");
        !dead && uids.split_whitespace().any(|word| word.parse() == Ok(uid))
    };
    let names = root.list("/proc");
    names
        .iter()
        .filter_map(|name| numeric(name))
        .filter(is_theirs)
        .collect()
}

fn at_jobs(root: &Root, uid: u32) -> Option<String> {
    let mine = |dir: &str| {
        let names = root.list_names(dir);
        names
            .filter(|name| name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '='))
            .filter_map(|name| durable::stat(root, &format!("{dir}/{name}")))
            .filter(|stat| {
                stat.st_uid == uid && rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file()
            })
            .count()
    };
    let count: usize = crate::plan::people::access::AT_JOBS
        .iter()
        .map(|dir| mine(dir))
        .sum();
    (count > 0).then(|| count.to_string())
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;

    fn root() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("proc/x", ""),
            (
                "etc/passwd",
                "ada:x:1000:1000:Ada L.,,,,a@b.c:/home/ada:/bin/bash\nadam:x:1001:1001::/:/x\n",
            ),
            ("etc/group", "ada:x:1000:\nproject:x:2000:bob,ada\n"),
            (
                "etc/shadow",
                "ada:$y$j9T$salt$hash:20000:0:99999:7::20500:\nbob:!$6$x:0:0:99999:7:::\neve:!:1::::::\n",
            ),
            ("etc/subuid", "ada:100000:65536\nada:300000:10\n"),
        ] {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = Root::fixture(dir.path()).unwrap();
        (dir, root)
    }

    fn told(root: &Root, subject: &Subject) -> Option<String> {
        fact(root, subject).unwrap()
    }

    #[test]
    fn facts_are_what_the_files_say() {
        let (_dir, root) = root();
        for (subject, expected) in [
            (
                Subject::Account("ada".into()),
                Some("1000:1000:Ada L.,,,,a@b.c:/home/ada:/bin/bash"),
            ),
            (Subject::Account("ad".into()), None),
            (Subject::Group("project".into()), Some("2000:ada,bob")),
            (Subject::Group("ada".into()), Some("1000:")),
            (Subject::Password("ada".into()), Some("set")),
            (Subject::Password("bob".into()), Some("locked")),
            (Subject::Password("eve".into()), Some("none")),
            (Subject::Password("zoe".into()), None),
            (Subject::Expiry("ada".into()), Some("2026-02-16")),
            (Subject::Expiry("bob".into()), Some("never")),
            (Subject::MustChange("bob".into()), Some("yes")),
            (Subject::MustChange("ada".into()), Some("no")),
            (
                Subject::Subids("ada@/etc/subuid".into()),
                Some("100000+65536 300000+10"),
            ),
            (Subject::Subids("ada@/etc/subgid".into()), None),
            (Subject::Linger("ada".into()), Some("off")),
        ] {
            assert_eq!(told(&root, &subject).as_deref(), expected, "{subject}");
        }
    }

    #[test]
    fn no_fact_holds_a_hash_of_a_password() {
        let (_dir, root) = root();
        for name in ["ada", "bob"] {
            let subject = Subject::Password(name.into());
            assert!(!told(&root, &subject).unwrap().contains('$'));
        }
    }

    #[test]
    fn a_file_is_told_by_owner_mode_and_content() {
        let (dir, root) = root();
        let one = told(&root, &Subject::File("/etc/group".into())).unwrap();
        std::fs::write(dir.path().join("etc/group"), "other").unwrap();
        let two = told(&root, &Subject::File("/etc/group".into())).unwrap();
        assert_ne!(one, two);
        std::os::unix::fs::symlink("group", dir.path().join("etc/link")).unwrap();
        let link = told(&root, &Subject::File("/etc/link".into())).unwrap();
        assert!(link.ends_with("not a regular file"), "{link}");
    }
}
