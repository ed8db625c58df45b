//! Tells how far a long action is, a few times a second, and hears whether it ought to stop.

use std::io;

use crate::base::units::{Bytes, Nanos};
use crate::host::clock;
use crate::plan::advance::{Advance, Doing, Tell};

/// Often enough for an eye, and no load for a line over a modem.
const BETWEEN: Nanos = Nanos(250_000_000);
/// What is said of an action that was stopped.
pub(super) const STOPPED: &str = "stopped as asked";

/// How far an action is.
pub(super) struct Meter<'a, 'b> {
    tell: &'a mut Tell<'b>,
    now: Advance,
    begun: Nanos,
    told: Nanos,
    stopped: bool,
}

impl<'a, 'b> Meter<'a, 'b> {
    pub(super) fn new(tell: &'a mut Tell<'b>) -> Self {
        let begun = clock::monotonic();
        Self {
            tell,
            now: Advance::begins(Doing::Counting),
            begun,
            told: Nanos(0),
            stopped: false,
        }
    }

    /// Something new begins, of which so much is to be done.
    pub(super) fn begins(&mut self, doing: Doing, all: Option<(u64, Bytes)>) {
        self.now = Advance {
            of_files: all.map(|(files, _)| files),
            of_bytes: all.map(|(_, bytes)| bytes),
            ..Advance::begins(doing)
        };
        self.begun = clock::monotonic();
        self.told = Nanos(0);
    }

    /// So much is done; whether it goes on.
    ///
    /// # Errors
    /// When it ought to stop.
    pub(super) fn is_at(&mut self, files: u64, bytes: Bytes) -> io::Result<()> {
        let clock = clock::monotonic();
        (self.now.files, self.now.bytes) = (files, bytes);
        if clock.saturating_sub(self.told) >= BETWEEN {
            self.told = clock;
            self.now.millis = clock.saturating_sub(self.begun).0 / 1_000_000;
            self.stopped |= (self.tell)(self.now).is_break();
        }
        if self.stopped {
            return Err(io::Error::other(STOPPED));
        }
        Ok(())
    }

    /// Whether somebody asked to stop: asked once more, for what just failed may be part of it.
    pub(super) fn is_stopped(&mut self) -> bool {
        self.stopped |= (self.tell)(self.now).is_break();
        self.stopped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::ControlFlow;

    #[test]
    fn what_is_asked_to_stop_stops() {
        let mut told = Vec::new();
        let mut tell = |advance: Advance| {
            told.push(advance.files);
            ControlFlow::Break(())
        };
        let mut meter = Meter::new(&mut tell);
        meter.begins(Doing::Packing, Some((9, Bytes(9))));
        assert_eq!(meter.is_at(1, Bytes(1)).unwrap_err().to_string(), STOPPED);
        meter.is_at(2, Bytes(2)).unwrap_err();
        assert_eq!(told, [1], "an eye needs no more");
    }
}
