//! Work that may never come back, as a look at a dead file server: done by a thread of its own,
//! and given up after a while.

use std::sync::mpsc::channel;
use std::time::Duration;

/// What the work brings, or `None` when it takes longer. The thread is then left behind; it ends
/// when the kernel lets it, or with the program.
pub fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, result) = channel();
    let thread = move || {
        let _ = sender.send(work()); // Nobody may be waiting any more.
    };
    let begun = std::thread::Builder::new()
        .name("patience".into())
        .spawn(thread);
    begun.ok()?;
    result.recv_timeout(limit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_is_given_up() {
        let long = || std::thread::sleep(Duration::from_secs(60));
        assert_eq!(within(Duration::from_millis(20), long), None);
        assert_eq!(within(Duration::from_secs(20), || 7), Some(7));
    }
}
