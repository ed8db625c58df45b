//! Sessions, as logind writes them down in `/run/systemd/sessions` for whoever wants to know.

use std::sync::Arc;

use crate::base::id::Uid;
use crate::base::text::printable;
use crate::model::sample::Session;

use super::clock;
use super::root::Root;

const DIR: &str = "/run/systemd/sessions";
/// The files are listed again at least once in so many passes.
const LIST_EVERY: u32 = 32;
/// The kernel itself notes the use of a terminal only every eight seconds.
const IDLE_EVERY: u32 = 8;
/// No session's file is longer by itself.
const FILE_BYTES: usize = 16 << 10;
const NAME_CHARS: usize = 128;

/// All sessions, read again when one came or went.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    changed: Option<(i64, u64)>,
    list: Arc<Vec<Session>>,
}

impl Sessions {
    /// Sessions as they are now, ordered by uid and beginning.
    pub(super) fn read(&mut self, root: &Root, pass: u32) -> Arc<Vec<Session>> {
        let changed = root.modified(DIR);
        if changed != self.changed || pass.is_multiple_of(LIST_EVERY) {
            self.changed = changed;
            let mut list = list(root);
            list.sort_by(|a, b| (a.uid, a.since, &a.id).cmp(&(b.uid, b.since, &b.id)));
            if *self.list != list {
                self.list = Arc::new(list);
            }
            self.note_idle(root);
        } else if pass.is_multiple_of(IDLE_EVERY) {
            self.note_idle(root);
        }
        Arc::clone(&self.list)
    }

    fn note_idle(&mut self, root: &Root) {
        let now = clock::now().as_second();
        let idle = |session: &Session| {
            let used = root.accessed(&format!("/dev/{}", session.tty.as_deref()?))?;
            u64::try_from(now.saturating_sub(used)).ok()
        };
        for session in Arc::make_mut(&mut self.list) {
            session.idle_s = idle(session);
        }
    }
}

fn list(root: &Root) -> Vec<Session> {
    let mut bytes = Vec::new();
    root.list_names(DIR)
        .filter(|name| !name.ends_with(".ref"))
        .filter_map(|id| {
            let there = root.read_start(&format!("{DIR}/{id}"), FILE_BYTES, &mut bytes);
            there.ok()?.then(|| session(&id, &bytes))?
        })
        .collect()
}

/// One session's file; `None` for what is not a person at work, as the manager of a user is.
fn session(id: &str, bytes: &[u8]) -> Option<Session> {
    let text = String::from_utf8_lossy(bytes);
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .filter(|value| !value.is_empty())
    };
    let clean = |value: &str| -> Arc<str> { printable(value.as_bytes(), NAME_CHARS).into() };
    let class = value("CLASS").unwrap_or("user");
    if class.starts_with("manager") || value("STATE") == Some("closing") {
        return None;
    }
    let since: Option<i64> = value("REALTIME").and_then(|text| text.parse().ok());
    Some(Session {
        id: clean(id),
        uid: Uid(value("UID")?.parse().ok()?),
        service: clean(value("SERVICE").unwrap_or("")),
        remote: value("REMOTE_HOST").map(clean),
        tty: value("TTY").filter(|tty| is_terminal(tty)).map(Into::into),
        idle_s: None,
        since: since.map(|micros| micros / 1_000_000),
    })
}

/// `pts/3`, `tty1`: nothing that leads out of `/dev`.
fn is_terminal(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '/';
    name.len() < 32 && !name.starts_with('/') && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_tells_who_came_from_where() {
        let file = "# This is private data. Do not parse.\nUID=1001\nUSER=alice\nACTIVE=1\nSTATE=active\n\
            REMOTE=1\nTYPE=tty\nCLASS=user\nSCOPE=session-3.scope\nTTY=pts/0\n\
            REMOTE_HOST=10.0.0.7\nSERVICE=sshd\nLEADER=812\nREALTIME=1790000000123456\n";
        let session = session("3", file.as_bytes()).unwrap();
        assert_eq!((&*session.id, session.uid), ("3", Uid(1001)));
        assert_eq!(session.remote.as_deref(), Some("10.0.0.7"));
        assert_eq!(session.tty.as_deref(), Some("pts/0"));
        assert_eq!(session.since, Some(1_790_000_000));
    }

    #[test]
    fn managers_are_no_sessions_and_hostile_values_are_harmless() {
        assert_eq!(session("c1", b"UID=0\nCLASS=manager\n"), None);
        assert_eq!(session("4", b"UID=12\nSTATE=closing\n"), None);
        assert_eq!(session("4", b"USER=bob\n"), None);
        let odd = session("5", b"UID=7\nTTY=../etc/shadow\nREMOTE_HOST=\x1b[2Jx\n").unwrap();
        assert_eq!(odd.tty, None);
        assert_eq!(odd.remote.as_deref(), Some("\\x1b[2Jx"));
    }
}
