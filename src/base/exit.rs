//! Exit codes, the same for every face.

/// How the program ended, as an exit code that scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to report.
    Done = 0,
    /// It did not work.
    Failed = 1,
    /// It was called wrongly.
    Usage = 2,
    /// A safety check or a missing right refused it.
    Refused = 3,
    /// There are findings or pending changes.
    Findings = 4,
}
