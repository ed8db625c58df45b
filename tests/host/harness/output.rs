//! What a command said, and reading it without ever waiting for a host that says nothing more.

use std::fmt;
use std::io::Read;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a command said.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its exit status; `None` when the connection or a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// What it wrote; anything but success fails the test.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert_eq!(self.status, Some(0), "{self}");
        &self.stdout
    }

    /// What it complained; any other exit status fails the test.
    #[track_caller]
    pub fn fails_with(&self, status: i32) -> &str {
        assert_eq!(self.status, Some(status), "{self}");
        &self.stderr
    }

    /// Its JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.ok()).unwrap_or_else(|e| panic!("no JSON: {e}\n{self}"))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "exit {status}")?,
            None => write!(f, "no exit status")?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "\n{name}: {}", text.trim_end())?;
            }
        }
        Ok(())
    }
}

/// One stream of a child, read by a thread of its own.
///
/// The thread may outlive our interest: an open connection holds the other end of the pipe for as
/// long as a hung host leaves it waiting, so nothing here joins it.
pub(super) struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Stream {
    pub(super) fn read(from: Option<impl Read + Send + 'static>) -> Self {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (end, ended) = channel();
        let into = Arc::clone(&bytes);
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            if let Some(mut from) = from {
                while let Ok(n @ 1..) = from.read(&mut buffer) {
                    let mut bytes = into.lock().unwrap_or_else(PoisonError::into_inner);
                    bytes.extend_from_slice(&buffer[..n]);
                }
            }
            let _ = end.send(());
        });
        Self { bytes, ended }
    }

    /// What came so far, after giving the rest a moment.
    pub(super) fn text(&self) -> String {
        let _ = self.ended.recv_timeout(Duration::from_secs(3));
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Waits for a child; `None` when it is still there after the limit.
pub(super) fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if start.elapsed() > limit {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
