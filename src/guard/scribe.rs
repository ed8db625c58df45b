//! Writes down what the guard did: for the journal at once, for the audit log now and then.
//!
//! It has a thread of its own, since a disk or a journal that does not answer must not keep
//! anybody from being adopted. What comes faster than it can be written is counted.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::base::id::Uid;
use crate::base::units::Nanos;
use crate::engine::audit;
use crate::host::accounts::Accounts;
use crate::host::root::Root;
use crate::host::{clock, journal};

use super::told::{self, Adopted, Note};

/// Notes that wait to be written.
const ROOM: usize = 1024;
/// What happens within this time is told together.
const TOGETHER: Duration = Duration::from_millis(250);
/// How long a line of the log waits for the names in it.
const NAMES: Duration = Duration::from_millis(200);
/// The audit log has one record for all that was moved within this time.
const AUDIT: Nanos = Nanos(10 * Nanos::SECOND.0);
/// The same complaint is not repeated within this time.
const QUIET: Nanos = Nanos(60 * Nanos::SECOND.0);
/// So many lines of a record say what was moved; the rest is counted.
const LINES: usize = 20;
/// Complaints that are remembered.
const MOST: usize = 4096;

/// Takes notes.
#[derive(Clone, Debug)]
pub(super) struct Scribe {
    notes: SyncSender<Note>,
    missed: Arc<AtomicU64>,
}

impl Scribe {
    /// Begins to write.
    pub(super) fn begin(root: &Root) -> Self {
        let (notes, taken) = sync_channel(ROOM);
        let missed = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            root: root.clone(),
            names: Accounts::new(root),
            missed: Arc::clone(&missed),
            said: HashMap::new(),
            audit: BTreeMap::new(),
            audit_due: None,
        };
        // Without the thread nothing is told, and everything is done all the same.
        let _ = std::thread::Builder::new()
            .name("scribe".into())
            .stack_size(256 << 10)
            .spawn(move || writer.write(&taken));
        Self { notes, missed }
    }

    /// Takes a note; never waits.
    pub(super) fn note(&self, note: Note) {
        if self.notes.try_send(note).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Jobs of one person from one place.
type Key = (Uid, String);

struct Writer {
    root: Root,
    names: Accounts,
    missed: Arc<AtomicU64>,
    /// When a complaint was last made.
    said: HashMap<String, Nanos>,
    /// Lines that the next records of the audit log will have, and how many jobs there were.
    audit: BTreeMap<Key, (u64, Vec<String>)>,
    audit_due: Option<Nanos>,
}

impl Writer {
    fn write(mut self, taken: &Receiver<Note>) {
        loop {
            let mut notes = Vec::new();
            let patience = self.audit_due.map_or(Duration::from_secs(3600), |due| {
                Duration::from_nanos(due.saturating_sub(clock::monotonic()).0)
            });
            match taken.recv_timeout(patience) {
                Ok(note) => {
                    notes.push(note);
                    clock::pause(TOGETHER);
                    notes.extend(taken.try_iter());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.tell(notes);
            if self.audit_due.is_some_and(|due| due <= clock::monotonic()) {
                self.audit_due = None;
                self.write_records();
            }
        }
    }

    fn tell(&mut self, notes: Vec<Note>) {
        let mut jobs: BTreeMap<Key, Vec<Adopted>> = BTreeMap::new();
        let mut said = HashSet::new();
        self.learn(&notes);
        for note in notes {
            if let Note::Adopted(job) = note {
                let key = (job.uid, job.from.clone());
                jobs.entry(key).or_default().push(job);
                continue;
            }
            let line = told::line(&note, &|uid| self.name(uid));
            if said.insert(line.clone()) && self.is_news(&line, &note) {
                journal::tell(&self.root, &line, &[]);
            }
            if let Note::Killed(uid, what, line) = note {
                let name = self.name(uid);
                let intent = format!("explain that the kernel ended {what} of {name}");
                self.write_record(&intent, &name, "it ran out of memory", vec![line]);
            }
        }
        for (key, jobs) in jobs {
            self.tell_adopted(key, &jobs);
        }
        let missed = self.missed.swap(0, Ordering::Relaxed);
        if missed > 0 {
            let line = format!("{missed} more things were done than could be told one by one");
            journal::tell(&self.root, &line, &[]);
        }
    }

    fn tell_adopted(&mut self, key: Key, jobs: &[Adopted]) {
        let line = told::adopted_together(jobs, &|uid| self.name(uid));
        let uid = key.0.to_string();
        let times = jobs.iter().flat_map(|job| &job.took);
        let times: Vec<String> = times.map(|time| (time.0 / 1000).to_string()).collect();
        let fields = [
            ("BENCHWARDEN_ACTION", "adopted"),
            ("BENCHWARDEN_UID", uid.as_str()),
            ("BENCHWARDEN_FROM", key.1.as_str()),
            ("BENCHWARDEN_TOOK_US", &times.join(" ")),
        ];
        journal::tell(&self.root, &line, &fields);
        let (count, lines) = self.audit.entry(key).or_default();
        *count += jobs.len() as u64;
        if lines.len() < LINES {
            lines.push(line);
        }
        let due = clock::monotonic() + AUDIT;
        self.audit_due.get_or_insert(due);
    }

    fn write_records(&mut self) {
        for ((uid, from), (count, mut lines)) in std::mem::take(&mut self.audit) {
            if lines.len() >= LINES {
                lines.push(format!("{count} jobs in all"));
            }
            let name = self.name(uid);
            let intent = format!("adopt what {name} runs in {from}");
            let why = "it ran outside its owner's slice";
            self.write_record(&intent, &name, why, lines);
        }
    }

    fn write_record(&self, intent: &str, about: &str, why: &str, lines: Vec<String>) {
        if let Err(error) = audit::by_guard(&self.root, intent, about, why, lines) {
            let line = format!("the audit log cannot be written: {error}");
            journal::tell(&self.root, &line, &[]);
        }
    }

    /// Whether something is worth saying again.
    fn is_news(&mut self, line: &str, note: &Note) -> bool {
        let now = clock::monotonic();
        // What stays stays for ever; the rest may come and go.
        let quiet = if matches!(note, Note::Left(..)) {
            Nanos(u64::MAX)
        } else {
            QUIET
        };
        let said = self.said.get(line);
        if said.is_some_and(|at| now.saturating_sub(*at) < quiet) {
            return false;
        }
        if self.said.len() >= MOST {
            self.said.clear();
        }
        self.said.insert(line.to_owned(), now);
        true
    }

    /// Asks for names that are about to be told, and waits a moment for them.
    fn learn(&mut self, notes: &[Note]) {
        let uids = notes.iter().flat_map(|note| match note {
            Note::Adopted(job) => match job.way {
                crate::model::origin::Origin::Guest(whose) => vec![job.uid, whose],
                _ => vec![job.uid],
            },
            Note::Left(uid, _) | Note::Refused(uid, ..) | Note::Killed(uid, ..) => vec![*uid],
            _ => Vec::new(),
        });
        let uids: Vec<Uid> = uids.collect();
        self.names.describe(uids.into_iter(), NAMES);
    }

    fn name(&self, uid: Uid) -> String {
        let name = self.names.name(uid);
        name.map_or_else(|| format!("uid {uid}"), |name| name.to_string())
    }
}
