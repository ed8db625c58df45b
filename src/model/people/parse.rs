//! Strict parsers of the account files: each line is an entry or a [`Problem`], never dropped.
//!
//! Comments and blank lines are neither; `glibc` passes over them as well.

use std::collections::BTreeSet;

use crate::base::hostile::Hostile;
use crate::base::id::{Gid, Uid};

use super::local::{GroupLine, IdRange, PasswdLine, Problem, SubidLine};
use super::password::{PasswordState, ShadowLine};

/// Accounts from the bytes of `/etc/passwd`.
#[must_use]
pub fn passwd(file: &'static str, bytes: &[u8], problems: &mut Vec<Problem>) -> Vec<PasswdLine> {
    let entry = |line: &str| {
        let [name, password, uid, gid, gecos, home, shell] = fields(line)?;
        Ok(PasswdLine {
            name: self::name(name)?,
            password: (password != "x").then(|| PasswordState::of(password)),
            uid: Uid(id(uid)?),
            gid: Gid(id(gid)?),
            gecos: gecos.into(),
            home: home.into(),
            shell: shell.into(),
        })
    };
    once(
        lines(file, bytes, problems, entry),
        file,
        problems,
        |line| &line.name,
    )
}

/// Groups from the bytes of `/etc/group`.
#[must_use]
pub fn group(file: &'static str, bytes: &[u8], problems: &mut Vec<Problem>) -> Vec<GroupLine> {
    let entry = |line: &str| {
        let [name, _password, gid, members] = fields(line)?;
        let members = members.split(',').map(str::trim).filter(|m| !m.is_empty());
        Ok(GroupLine {
            name: self::name(name)?,
            gid: Gid(id(gid)?),
            members: members.map(Hostile::from).collect(),
        })
    };
    once(
        lines(file, bytes, problems, entry),
        file,
        problems,
        |line| &line.name,
    )
}

/// Passwords' dates from the bytes of `/etc/shadow`; what the password is stays behind.
#[must_use]
pub fn shadow(file: &'static str, bytes: &[u8], problems: &mut Vec<Problem>) -> Vec<ShadowLine> {
    let entry = |line: &str| {
        let [name, password, change, min, max, warn, inactive, expires, _] = fields(line)?;
        Ok(ShadowLine {
            name: self::name(name)?,
            password: PasswordState::of(password),
            last_change: days(change)?,
            min_days: days(min)?,
            max_days: days(max)?,
            warn_days: days(warn)?,
            inactive_days: days(inactive)?,
            expires: days(expires)?,
        })
    };
    once(
        lines(file, bytes, problems, entry),
        file,
        problems,
        |line| &line.name,
    )
}

/// Ranges from the bytes of `/etc/subuid` or `/etc/subgid`.
#[must_use]
pub fn subids(file: &'static str, bytes: &[u8], problems: &mut Vec<Problem>) -> Vec<SubidLine> {
    let entry = |line: &str| {
        let [owner, first, count] = fields(line)?;
        let (first, count) = (number(first)?, number(count)?);
        if count == 0 || first.checked_add(count - 1).is_none() {
            return Err("the range is empty or leads beyond 32 bits");
        }
        Ok(SubidLine {
            owner: name(owner)?,
            range: IdRange { first, count },
        })
    };
    let found = lines(file, bytes, problems, entry);
    found.into_iter().map(|(_, line)| line).collect()
}

type Why = &'static str;

/// Entries with their line numbers.
fn lines<T>(
    file: &'static str,
    bytes: &[u8],
    problems: &mut Vec<Problem>,
    entry: impl Fn(&str) -> Result<T, Why>,
) -> Vec<(usize, T)> {
    let mut found = Vec::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        // A full name in Latin-1 is no reason to lose the account.
        let line = String::from_utf8_lossy(line);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        match entry(&line) {
            Ok(entry) => found.push((at + 1, entry)),
            Err(why) => problems.push(Problem {
                file,
                line: at + 1,
                why,
            }),
        }
    }
    found
}

/// All entries; those whose name was there before are a problem as well, since only the first
/// of a name is ever found.
fn once<T>(
    found: Vec<(usize, T)>,
    file: &'static str,
    problems: &mut Vec<Problem>,
    name: impl Fn(&T) -> &Hostile,
) -> Vec<T> {
    let mut seen = BTreeSet::new();
    for (line, entry) in &found {
        if !seen.insert(name(entry)) {
            problems.push(Problem {
                file,
                line: *line,
                why: "the name was there before, so this line is never used",
            });
        }
    }
    drop(seen);
    found.into_iter().map(|(_, entry)| entry).collect()
}

fn fields<const N: usize>(line: &str) -> Result<[&str; N], Why> {
    let parts: Vec<&str> = line.split(':').collect();
    parts
        .try_into()
        .map_err(|_| "it has too few or too many fields")
}

fn name(text: &str) -> Result<Hostile, Why> {
    if text.is_empty() {
        Err("the name is empty")
    } else if text.starts_with(['+', '-']) {
        Err("entries of the old NIS kind (+ or -) are not supported")
    } else if text.contains(['\0', char::REPLACEMENT_CHARACTER]) {
        Err("the name is not text")
    } else {
        Ok(text.into())
    }
}

pub(super) fn number(text: &str) -> Result<u32, Why> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let value = digits.then(|| text.parse().ok()).flatten();
    value.ok_or("an id or a count is not a number of 32 bits")
}

fn id(text: &str) -> Result<u32, Why> {
    let id = number(text)?;
    // It means "no change" to chown(2) and setuid(2).
    (id != u32::MAX)
        .then_some(id)
        .ok_or("the id 4294967295 is reserved")
}

/// A number of days; empty and negative ones are none at all.
fn days(text: &str) -> Result<Option<i64>, Why> {
    if text.is_empty() {
        return Ok(None);
    }
    let days: i64 = text.parse().map_err(|_| "a date or span is not a number")?;
    Ok((days >= 0).then_some(days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_line_is_an_account_or_a_problem() {
        let text = b"root:x:0:0:root:/root:/bin/bash\n\n# local\nold:$1$salt$hash:9:9::/:/bin/sh\n\
            :x:1:1:::\n+::::::\nten:x:10:10:a:b:c:d\nneg:x:-1:0:::\nmax:x:4294967295:0:::\n\
            plus:x:+5:0:::\nroot:x:7:7:::\nlatin:x:1001:1001:Jos\xe9:/home/latin:\n";
        let mut problems = Vec::new();
        let found = passwd("/etc/passwd", text, &mut problems);
        let names: Vec<&str> = found.iter().map(|line| line.name.raw()).collect();
        assert_eq!(names, ["root", "old", "root", "latin"]);
        assert_eq!(found[0].password, None);
        assert_eq!(found[1].password, Some(PasswordState::Set));
        assert!(!format!("{found:?} {problems:?}").contains("salt"));
        let at: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(at, [5, 6, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn groups_and_ranges_are_read() {
        let mut problems = Vec::new();
        let groups = group("/etc/group", b"sudo:x:27:ada,,bob\nbad:x\n", &mut problems);
        let [sudo] = &groups[..] else {
            panic!("{groups:?}")
        };
        assert_eq!((sudo.gid, sudo.members.len()), (Gid(27), 2));
        let ranges = subids(
            "/etc/subuid",
            b"a:100000:65536\nb:9:0\nc:4294967295:2\n",
            &mut problems,
        );
        assert_eq!((ranges.len(), ranges[0].range.last()), (1, 165_535));
        assert!(ranges[0].range.contains(165_535) && !ranges[0].range.contains(165_536));
        assert_eq!(problems.len(), 3);
    }

    #[test]
    fn a_shadow_line_keeps_dates_and_no_hash() {
        let mut problems = Vec::new();
        let text = b"alice:$6$salt$secret:19700:0:90:7:14:20000:\nbob:!:0::::-1::\nx:$6$s$secret\n";
        let lines = shadow("/etc/shadow", text, &mut problems);
        assert_eq!(lines[0].password, PasswordState::Set);
        assert_eq!(
            (lines[0].max_days, lines[0].expires),
            (Some(90), Some(20_000))
        );
        assert_eq!((lines[1].last_change, lines[1].expires), (Some(0), None));
        assert_eq!(problems.len(), 1);
        assert!(!format!("{lines:?} {problems:?}").contains("secret"));
    }

    proptest! {
        #[test]
        fn no_bytes_break_a_parser(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut problems = Vec::new();
            let _ = passwd("p", &bytes, &mut problems);
            let _ = group("g", &bytes, &mut problems);
            let _ = shadow("s", &bytes, &mut problems);
            let _ = subids("u", &bytes, &mut problems);
        }

        #[test]
        fn no_line_is_lost(lines in proptest::collection::vec("[a-c]{0,2}(:[a-c0-9]{0,3}){5,7}", 0..20)) {
            let mut problems = Vec::new();
            let found = passwd("p", lines.join("\n").as_bytes(), &mut problems);
            let again = problems.iter().filter(|problem| problem.why.contains("before")).count();
            prop_assert_eq!(found.len() + problems.len() - again, lines.len());
        }

        #[test]
        fn no_hash_survives(hash in "[A-Za-z0-9./]{22,60}", rest in "[:0-9]{0,12}") {
            let mut problems = Vec::new();
            let text = format!("a:$6$salt${hash}:{rest}\nb:!$y${hash}:1::::::\nc:{hash}:2:3:g:h:s\n");
            let shadows = shadow("s", text.as_bytes(), &mut problems);
            let accounts = passwd("p", text.as_bytes(), &mut problems);
            let shown = format!("{shadows:?}{accounts:?}{problems:?}");
            prop_assert!(!shown.contains(&hash));
        }
    }
}
