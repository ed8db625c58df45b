//! Who leaves traces on a host: uids and names that some account should stand behind.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::FileType;

use crate::base::hostile::Hostile;
use crate::base::id::{PeopleRange, Uid};
use crate::host::births;
use crate::host::patience::within;
use crate::host::plain::{inside, look};
use crate::host::procdir::ProcDir;
use crate::host::process::Status;
use crate::host::root::{Root, numeric};
use crate::host::sessions::Sessions;
use crate::host::subuids::Subuids;
use crate::model::people::local::Local;
use crate::model::sample::Session;

const LINGER: &str = "/var/lib/systemd/linger";
const LOGIND_USERS: &str = "/run/systemd/users";
/// A file server that takes longer to list the homes is not waited for.
const HOMES_WITHIN: Duration = Duration::from_secs(5);

/// Everyone who left a trace.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) uids: BTreeSet<Uid>,
    pub(super) names: BTreeSet<Hostile>,
    /// Whose services run without a session.
    pub(super) lingering: BTreeSet<Hostile>,
    pub(super) sessions: Arc<Vec<Session>>,
}

/// Looks at sessions, processes, homes, memberships and lingering.
pub(super) fn look_around(
    root: &Root,
    local: &Local,
    range: PeopleRange,
    partial: &mut Vec<String>,
) -> Seen {
    let mut seen = Seen {
        sessions: Sessions::default().read(root, 0),
        ..Seen::default()
    };
    seen.uids.extend(seen.sessions.iter().map(|s| s.uid));
    let known = root.list(LOGIND_USERS);
    seen.uids
        .extend(known.iter().filter_map(|name| numeric(name)).map(Uid));
    seen.uids.extend(of_processes(root, partial));
    match home_owners(root, local, range) {
        Some(owners) => seen.uids.extend(owners),
        None => partial.push(format!(
            "owners of homes: the file system did not answer within {HOMES_WITHIN:?}"
        )),
    }
    seen.lingering = root
        .list_names(LINGER)
        .map(|name| unescaped(&name).into())
        .collect();
    seen.names.extend(seen.lingering.iter().cloned());
    let members = local.groups.iter().flat_map(|group| &group.members);
    seen.names.extend(members.cloned());
    seen
}

/// The real uids of all processes; whoever runs a container stands for the uids in it.
fn of_processes(root: &Root, partial: &mut Vec<String>) -> BTreeSet<Uid> {
    if root.is_live() && root.peek("/proc/1/status").is_none() {
        partial.push("processes of others: /proc is mounted with hidepid; root sees them".into());
    }
    let mut subuids = Subuids::default();
    subuids.refresh(root);
    let proc = ProcDir::new(root);
    let mut bytes = Vec::new();
    let uids = births::everywhere(root).into_iter().filter_map(|pid| {
        let read = proc.read(pid, "status", &mut bytes);
        let status = read.then(|| Status::parse(&bytes)).flatten()?;
        Some(subuids.owner(status.uid))
    });
    uids.collect()
}

/// Who owns what lies where people's homes are: `/home`, and wherever local people live.
fn home_owners(root: &Root, local: &Local, range: PeopleRange) -> Option<BTreeSet<Uid>> {
    let mut places = BTreeSet::from(["/home".to_owned()]);
    for line in &local.passwd {
        let home = line.home.raw().trim_end_matches('/');
        if let Some((place, _)) = home.rsplit_once('/')
            && place.starts_with('/')
            && !place.split('/').any(|part| part == "..")
            && range.is_person(line.uid, true)
        {
            places.insert(place.to_owned());
        }
    }
    let root = root.clone();
    within(HOMES_WITHIN, move || {
        let mut owners = BTreeSet::new();
        for place in places {
            for name in root.list_names(&place) {
                let entry = inside(&place, &name).and_then(|path| look(&root, &path));
                let home = entry.filter(|entry| entry.kind == FileType::Directory);
                owners.extend(home.map(|entry| entry.owner));
            }
        }
        owners
    })
}

/// A file name as systemd escapes it, `\x5c` for a backslash; anything else stays as it is.
fn unescaped(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at..];
        let hex = escape.strip_prefix("\\x").and_then(|hex| hex.get(..2));
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &escape[4..];
        } else if let Some(after) = escape.strip_prefix("\\\\") {
            bytes.push(b'\\');
            rest = after;
        } else {
            bytes.push(b'\\');
            rest = &escape[1..];
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_lingering_people_are_unescaped() {
        for (file, name) in [
            ("alice", "alice"),
            ("first.last", "first.last"),
            ("EXAMPLE\\x5calice", "EXAMPLE\\alice"),
            ("EXAMPLE\\\\alice", "EXAMPLE\\alice"),
            ("j\\xc3\\xbcrgen", "jürgen"),
            ("odd\\x", "odd\\x"),
        ] {
            assert_eq!(unescaped(file), name);
        }
    }

    proptest! {
        #[test]
        fn no_name_breaks_it(name in any::<String>(), tail in "(\\\\x?[0-9a-fü]{0,2}){0,4}") {
            let _ = unescaped(&(name + &tail));
        }
    }
}
