//! When somebody last logged in: `lastlog(8)`'s file and `wtmp(5)`, read record by record.
//!
//! Neither is there on every release, so a person without a record is unknown, not "never".

use std::collections::HashMap;
use std::fs::File;
use std::mem::{offset_of, size_of};

use rustix::io::Errno;

use crate::base::id::Uid;
use crate::host::plain;
use crate::host::root::Root;

const LASTLOG: &str = "/var/log/lastlog";
const WTMP: &str = "/var/log/wtmp";
const RECORD: usize = size_of::<libc::utmpx>();
const TYPE: usize = offset_of!(libc::utmpx, ut_type);
const NAME: usize = offset_of!(libc::utmpx, ut_user);
const NAME_BYTES: usize = 32;
const TIME: usize = offset_of!(libc::utmpx, ut_tv);
/// Four bytes, or eight where the C library has it so: seconds, then microseconds as long.
const TIME_BYTES: usize = (offset_of!(libc::utmpx, ut_addr_v6) - TIME) / 2;
/// A time, a terminal and a host: one entry a uid. The file is sparse and seems as long as the
/// highest uid is high.
const LASTLOG_RECORD: usize = TIME_BYTES + 32 + 256;
/// Older logins than these are not looked for.
const RECORDS_AT_MOST: u64 = 100_000;

/// The records of logins.
#[derive(Debug)]
pub(super) struct Logins {
    lastlog: Option<File>,
    wtmp: HashMap<Vec<u8>, i64>,
}

impl Logins {
    pub(super) fn read(root: &Root, partial: &mut Vec<String>) -> Self {
        let mut open = |path: &str| {
            let file = plain::file(root, path);
            file.unwrap_or_else(|error: Errno| {
                partial.push(format!("last logins: cannot read {path}: {error}"));
                None
            })
        };
        let lastlog = open(LASTLOG);
        let wtmp = open(WTMP).map_or_else(HashMap::new, |file| latest(&file));
        if root.exists("/var/lib/lastlog/lastlog2.db") {
            partial.push("last logins: those noted only in lastlog2.db are not read yet".into());
        }
        Self { lastlog, wtmp }
    }

    /// The latest one on record, in seconds since 1970.
    pub(super) fn last(&self, name: &str, uid: Uid) -> Option<i64> {
        let file = self.lastlog.as_ref();
        let entry = file.and_then(|file| plain::record::<LASTLOG_RECORD>(file, uid.0.into()));
        let noted = entry.and_then(|entry| seconds(&entry)).filter(|at| *at > 0);
        noted.max(self.wtmp.get(name.as_bytes()).copied())
    }
}

/// The latest login of each name.
fn latest(file: &File) -> HashMap<Vec<u8>, i64> {
    let records = file.metadata().map_or(0, |meta| meta.len()) / RECORD as u64;
    let first = records.saturating_sub(RECORDS_AT_MOST);
    let mut found = HashMap::new();
    for number in first..records {
        let Some(record) = plain::record::<RECORD>(file, number) else {
            break;
        };
        if let Some((name, at)) = login(&record) {
            let latest = found.entry(name).or_insert(at);
            *latest = at.max(*latest);
        }
    }
    found
}

/// Who logged in and when; `None` for records of other kinds.
fn login(record: &[u8]) -> Option<(Vec<u8>, i64)> {
    let kind = record.get(TYPE..TYPE + 2)?;
    if i16::from_ne_bytes([kind[0], kind[1]]) != libc::USER_PROCESS {
        return None;
    }
    let name = record.get(NAME..NAME + NAME_BYTES)?;
    let end = name.iter().position(|byte| *byte == 0);
    let name = &name[..end.unwrap_or(NAME_BYTES)];
    Some((name.to_vec(), seconds(record.get(TIME..)?)?))
}

/// The 32 bits that both files have for a time.
fn seconds(bytes: &[u8]) -> Option<i64> {
    let bytes = bytes.get(..4)?.try_into().ok()?;
    Some(u32::from_ne_bytes(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_login_is_a_record_of_its_kind() {
        let mut record = [0; RECORD];
        record[NAME..NAME + 32].copy_from_slice(b"a-name-of-thirty-two-bytes-exact");
        record[TIME..TIME + 4].copy_from_slice(&1_790_000_000u32.to_ne_bytes());
        assert_eq!(login(&record), None);
        record[TYPE..TYPE + 2].copy_from_slice(&libc::USER_PROCESS.to_ne_bytes());
        let (name, at) = login(&record).unwrap();
        assert_eq!(name, b"a-name-of-thirty-two-bytes-exact");
        assert_eq!(at, 1_790_000_000);
    }

    proptest! {
        #[test]
        fn no_record_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = login(&bytes);
            let _ = seconds(&bytes);
        }
    }
}
