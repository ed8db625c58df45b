//! A whole `authorized_keys`, kept byte for byte: a key added or removed changes no other line.

use super::{BadKey, PublicKey, line};

/// The lines of an `authorized_keys` file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizedKeys {
    entries: Vec<Entry>,
}

/// One line and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it is in the file, line end included.
    text: Vec<u8>,
    /// What sshd makes of it.
    pub content: Content,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A key, however weak; sshd lets its owner in.
    Key {
        /// The key.
        key: PublicKey,
        /// The options in front of it, raw: other people's text, to be cleaned where it is shown.
        options: Option<Vec<u8>>,
    },
    /// Blank, or a comment.
    Remark,
    /// Something else, which sshd passes over.
    Unreadable(BadKey),
}

impl AuthorizedKeys {
    /// Takes a file apart; any bytes are a file.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let entries = bytes.split_inclusive(|byte| *byte == b'\n').map(Entry::new);
        Self {
            entries: entries.collect(),
        }
    }

    /// Its lines, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Its keys, in order, each with the options in front of it.
    pub fn keys(&self) -> impl Iterator<Item = (&PublicKey, Option<&[u8]>)> {
        self.entries
            .iter()
            .filter_map(|entry| match &entry.content {
                Content::Key { key, options } => Some((key, options.as_deref())),
                Content::Remark | Content::Unreadable(_) => None,
            })
    }

    /// Appends a key; false when it is there already, with options or without.
    pub fn add(&mut self, key: &PublicKey) -> bool {
        self.append(key, None)
    }

    /// Appends a key with options; false when the key is there already, whatever its options.
    pub fn add_restricted(&mut self, restricted: &super::RestrictedKey) -> bool {
        self.append(&restricted.key, Some(&restricted.options))
    }

    /// Removes the lines of every key with this fingerprint (`SHA256:…`); tells how many.
    pub fn remove(&mut self, fingerprint: &str) -> usize {
        let before = self.entries.len();
        self.entries.retain(|entry| match &entry.content {
            Content::Key { key, .. } => key.fingerprint() != fingerprint,
            Content::Remark | Content::Unreadable(_) => true,
        });
        before - self.entries.len()
    }

    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.entries
            .iter()
            .flat_map(|entry| entry.text.iter().copied())
            .collect()
    }

    fn append(&mut self, key: &PublicKey, options: Option<&str>) -> bool {
        if self.keys().any(|(known, _)| known == key) {
            return false;
        }
        // A last line without its end would swallow the key.
        if let Some(last) = self.entries.last_mut()
            && !last.text.ends_with(b"\n")
        {
            last.text.push(b'\n');
        }
        let line = key.line();
        let text = match options {
            Some(options) => format!("{options} {line}\n"),
            None => format!("{line}\n"),
        };
        self.entries.push(Entry {
            text: text.into_bytes(),
            content: Content::Key {
                key: key.clone(),
                options: options.map(|options| options.as_bytes().to_vec()),
            },
        });
        true
    }
}

impl Entry {
    fn new(text: &[u8]) -> Self {
        let line = text.trim_ascii();
        let content = if line.is_empty() || line.starts_with(b"#") {
            Content::Remark
        } else {
            match line::read(line) {
                Ok((options, key)) => Content::Key {
                    key,
                    options: options.map(<[u8]>::to_vec),
                },
                Err(why) => Content::Unreadable(why),
            }
        };
        Self {
            text: text.to_vec(),
            content,
        }
    }
}
