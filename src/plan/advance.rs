//! How far a long step is, for whoever waits for it.

use std::fmt;
use std::ops::ControlFlow;

use crate::base::text::counted;
use crate::base::units::Bytes;

/// Takes how far a step is and says whether it goes on: one that can be stopped stops then.
pub type Tell<'a> = dyn FnMut(Advance) -> ControlFlow<()> + 'a;

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advance {
    /// With what.
    pub doing: Doing,
    /// Files and directories so far.
    pub files: u64,
    /// Of how many, where that is known.
    pub of_files: Option<u64>,
    /// What was in them.
    pub bytes: Bytes,
    /// Of how much.
    pub of_bytes: Option<Bytes>,
    /// For how long, in milliseconds.
    pub millis: u64,
}

/// What a step is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Looking how much there is.
    Counting,
    /// Packing it.
    Packing,
    /// Comparing what was packed with what is there.
    Comparing,
    /// Looking for files of a uid.
    Finding,
    /// Giving them another owner.
    Giving,
    /// Deleting them.
    Deleting,
}

impl Doing {
    fn word(self) -> &'static str {
        match self {
            Self::Counting => "counting",
            Self::Packing => "packing",
            Self::Comparing => "comparing",
            Self::Finding => "looking for files",
            Self::Giving => "changing owners",
            Self::Deleting => "deleting",
        }
    }
}

impl Advance {
    /// At the beginning of something.
    #[must_use]
    pub fn begins(doing: Doing) -> Self {
        Self {
            doing,
            files: 0,
            of_files: None,
            bytes: Bytes(0),
            of_bytes: None,
            millis: 0,
        }
    }

    /// Bytes a second since the beginning.
    #[must_use]
    pub fn rate(&self) -> Option<Bytes> {
        let bytes = self.bytes.0.checked_mul(1000)?;
        bytes.checked_div(self.millis).map(Bytes)
    }

    /// How many hundredths are done; never a hundred before the end.
    #[must_use]
    pub fn percent(&self) -> Option<u64> {
        let all = self.of_bytes?.0;
        let percent = self.bytes.0.checked_mul(100)?.checked_div(all)?;
        Some(percent.min(99))
    }
}

impl fmt::Display for Advance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.doing.word())?;
        if let Some(percent) = self.percent() {
            write!(f, " {percent}%")?;
        }
        if self.bytes.0 > 0 || self.of_bytes.is_some() {
            write!(f, ", {}", self.bytes)?;
            if let Some(all) = self.of_bytes {
                write!(f, " of {all}")?;
            }
            if let Some(rate) = self.rate() {
                write!(f, ", {rate}/s")?;
            }
        }
        match self.of_files {
            Some(all) => write!(f, ", {} of {}", self.files, counted(all, "file", "files")),
            None => write!(f, ", {}", counted(self.files, "file", "files")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is_in_words() {
        let mut advance = Advance::begins(Doing::Packing);
        assert_eq!(advance.to_string(), "packing, 0 files");
        advance.files = 12;
        advance.of_files = Some(48);
        advance.bytes = Bytes(3 << 30);
        advance.of_bytes = Some(Bytes(12 << 30));
        advance.millis = 3000;
        assert_eq!(
            advance.to_string(),
            "packing 25%, 3.00 GiB of 12.0 GiB, 1.00 GiB/s, 12 of 48 files"
        );
        // What grew meanwhile is not more than all.
        advance.bytes = Bytes(13 << 30);
        assert_eq!(advance.percent(), Some(99));
    }
}
