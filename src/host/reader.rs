//! Reads that may never return, on a thread that can be given up.
//!
//! A file system that no longer answers, a process stopped in the middle of its own start, a
//! driver that hangs: whoever reads there waits, and cannot be called back. So such reads are
//! made by a thread of their own, which says where it is. When it has been in one place for too
//! long it is left behind (it ends by itself should it ever come back) and another one goes on,
//! without that place.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::base::units::Nanos;

use super::clock;

/// In one place for so long, a thread is left behind.
const TOO_LONG: Nanos = Nanos(1_000_000_000);
/// So many are left behind, then nothing is read this way any more.
const LEFT_AT_MOST: u32 = 16;

/// Where a reader is. It changes with every place, also when it comes back to one.
#[derive(Debug)]
pub(super) struct Marker<K>(Arc<Mutex<(u64, Option<K>)>>);

impl<K> Marker<K> {
    fn new() -> Self {
        Self(Arc::new(Mutex::new((0, None))))
    }

    /// Says that what follows is read at this place.
    pub(super) fn at(&self, place: K) {
        if let Ok(mut now) = self.0.lock() {
            *now = (now.0 + 1, Some(place));
        }
    }
}

type Work<K, J, A> = Arc<dyn Fn(J, &Marker<K>) -> A + Send + Sync>;

/// Does jobs of kind `J`, which read at places `K`, and gives answers `A`.
pub(super) struct Reader<K, J, A> {
    name: &'static str,
    work: Work<K, J, A>,
    thread: Option<Thread<K, J, A>>,
    left_behind: u32,
}

impl<K, J, A> std::fmt::Debug for Reader<K, J, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({})", self.name)
    }
}

struct Thread<K, J, A> {
    jobs: Sender<J>,
    answers: Receiver<A>,
    marker: Marker<K>,
    /// Jobs without an answer.
    open: usize,
    /// The marker when it was last seen to change.
    seen: (u64, Nanos),
}

impl<K, J, A> Reader<K, J, A>
where
    K: Clone + Send + 'static,
    J: Send + 'static,
    A: Send + 'static,
{
    /// A reader whose thread begins with the first job.
    pub(super) fn new(
        name: &'static str,
        work: impl Fn(J, &Marker<K>) -> A + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            work: Arc::new(work),
            thread: None,
            left_behind: 0,
        }
    }

    /// Whether a job waits for its answer.
    pub(super) fn busy(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| thread.open > 0)
    }

    /// Gives it a job; `false` when nothing is read this way any more.
    pub(super) fn ask(&mut self, job: J) -> bool {
        if self.thread.is_none() {
            self.thread = self.start();
        }
        let Some(thread) = &mut self.thread else {
            return false;
        };
        if thread.open == 0 {
            thread.seen.1 = clock::monotonic();
        }
        thread.open += 1;
        thread.jobs.send(job).is_ok()
    }

    fn start(&self) -> Option<Thread<K, J, A>> {
        if self.left_behind >= LEFT_AT_MOST {
            return None;
        }
        let (jobs, received) = channel::<J>();
        let (answer, answers) = channel();
        let marker = Marker::new();
        let (work, at) = (Arc::clone(&self.work), Marker(Arc::clone(&marker.0)));
        let read = move || {
            for job in received {
                if answer.send(work(job, &at)).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name(self.name.into())
            .stack_size(256 << 10)
            .spawn(read)
            .ok()?;
        Some(Thread {
            jobs,
            answers,
            marker,
            open: 0,
            seen: (0, clock::monotonic()),
        })
    }

    /// The next answer, waited for at most so long.
    pub(super) fn answer(&mut self, patience: Duration) -> Option<A> {
        let thread = self.thread.as_mut().filter(|thread| thread.open > 0)?;
        match thread.answers.recv_timeout(patience) {
            Ok(answer) => {
                thread.open -= 1;
                Some(answer)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                self.thread = None;
                None
            }
        }
    }

    /// Where the reader has been for too long; the jobs it had are lost and a new one does what
    /// is asked from now on.
    pub(super) fn stuck(&mut self) -> Option<K> {
        let now = clock::monotonic();
        let thread = self.thread.as_mut().filter(|thread| thread.open > 0)?;
        let (count, place) = thread.marker.0.lock().ok()?.clone();
        if count != thread.seen.0 {
            thread.seen = (count, now);
            return None;
        }
        if now.saturating_sub(thread.seen.1) < TOO_LONG {
            return None;
        }
        self.thread = None;
        self.left_behind += 1;
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_hangs_is_left_behind_and_its_place_named() {
        let (_never, hang) = channel::<()>();
        let hang = Mutex::new(hang);
        let mut reader = Reader::new("test", move |job: u32, marker: &Marker<u32>| {
            marker.at(job);
            if job == 13 {
                let _ = hang.lock().map(|hang| hang.recv());
            }
            job * 2
        });
        let long = Duration::from_secs(10);
        assert!(reader.ask(4));
        assert_eq!(reader.answer(long), Some(8));
        assert!(!reader.busy());
        assert!(reader.ask(13) && reader.busy());
        let mut stuck = None;
        while stuck.is_none() {
            assert_eq!(reader.answer(Duration::from_millis(50)), None);
            stuck = reader.stuck();
        }
        assert_eq!(stuck, Some(13));
        assert!(reader.ask(5));
        assert_eq!(reader.answer(long), Some(10));
        assert_eq!(reader.stuck(), None);
    }
}
