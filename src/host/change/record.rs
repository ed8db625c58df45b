//! What was given to another owner, written down before it is: one JSON line a file, so that it
//! can be given back after any crash.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::host::durable;
use crate::host::root::Root;

use super::ActionError;

/// So much is written and synced at once.
const PIECE: usize = 1 << 20;

/// A file and its owners. Names are bytes, not text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Given {
    /// Where, in base64.
    path: String,
    /// Which file of its file system.
    pub(super) inode: u64,
    /// Owner and group before.
    pub(super) from: (u32, u32),
    /// Owner and group after.
    pub(super) to: (u32, u32),
}

impl Given {
    pub(super) fn new(path: &[u8], inode: u64, from: (u32, u32), to: (u32, u32)) -> Self {
        Self {
            path: STANDARD.encode(path),
            inode,
            from,
            to,
        }
    }

    /// The path as the kernel knows it.
    pub(super) fn path(&self) -> Vec<u8> {
        STANDARD.decode(&self.path).unwrap_or_default()
    }
}

/// A record that is being written.
pub(super) struct Record<'a> {
    root: &'a Root,
    path: &'a str,
    piece: String,
}

impl<'a> Record<'a> {
    /// Begins one, or goes on with one that a crash cut.
    pub(super) fn open(root: &'a Root, path: &'a str) -> Result<Self, ActionError> {
        super::above(root, path)?;
        let torn = root
            .peek(path)
            .is_some_and(|text| !text.is_empty() && !text.ends_with('\n'));
        let mut record = Self {
            root,
            path,
            piece: if torn { "\n".to_owned() } else { String::new() },
        };
        record.write()?;
        Ok(record)
    }

    pub(super) fn add(&mut self, given: &Given) -> Result<(), ActionError> {
        // Plain data of our own: serializing it cannot fail.
        self.piece += &serde_json::to_string(given).unwrap_or_default();
        self.piece.push('\n');
        if self.piece.len() >= PIECE {
            self.write()?;
        }
        Ok(())
    }

    /// Everything that was added is on disk when it returns.
    pub(super) fn write(&mut self) -> Result<(), ActionError> {
        durable::append(self.root, self.path, &self.piece, 0o600)?;
        self.piece.clear();
        Ok(())
    }
}

/// What is written down. A line that a crash tore is left out: it announced nothing that was done.
pub(super) fn read(root: &Root, path: &str) -> Result<Vec<Given>, ActionError> {
    let bytes = root
        .read(path)
        .map_err(|error| ActionError::Other(error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}
