//! Public keys of ssh: one line of `authorized_keys` (sshd(8)) or of a `.pub` file.
//!
//! A line that somebody hands in is hostile. It is taken apart, checked and written anew; its
//! own text never reaches a file. A private key pasted by mistake is refused and never repeated.

mod blob;
mod error;
mod file;
mod kind;
mod line;
mod list;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::text::printable;

pub use error::BadKey;
pub use file::{AuthorizedKeys, Content, Entry};
pub use kind::KeyKind;
pub use list::BadLine;

/// A comment says whose key it is; more than this many characters says nothing more.
const COMMENT_CHARS: usize = 100;
/// Shorter RSA keys are refused: sshd lets them in with a word in its configuration, or by age.
const RSA_BITS_MIN: u32 = 2048;
/// Shorter RSA keys are taken with a warning, after NIST SP 800-57.
const RSA_BITS_GOOD: u32 = 3072;

/// One public key, and the comment that came with it.
#[derive(Clone, Debug)]
pub struct PublicKey {
    kind: KeyKind,
    bits: u32,
    blob: Vec<u8>,
    comment: String,
}

/// A key that says by options what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestrictedKey {
    /// The options as they were given, all of it printable: `command="…",no-pty`.
    pub options: String,
    /// The key.
    pub key: PublicKey,
}

/// Keys are equal when they let the same person in; a comment changes nothing.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.blob == other.blob
    }
}

impl Eq for PublicKey {}

impl PublicKey {
    /// Takes a key that somebody handed in: type, key, comment, and nothing in front.
    ///
    /// # Errors
    /// For everything that should not get into a new `authorized_keys`: options, certificates,
    /// private keys, unknown types, DSA, RSA below 2048 bits, several lines, control characters.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let found = line::read_new(text)?;
        match found.options {
            Some(_) => Err(BadKey::Options),
            None => Self::acceptable(found.key),
        }
    }

    /// Takes a key with options in front, for a caller who asked for them.
    ///
    /// # Errors
    /// As [`PublicKey::parse`]; also for a line without options, for options that hold anything
    /// but printable text, and for `cert-authority`, which lets in whoever that key signs for.
    pub fn parse_with_options(text: &str) -> Result<RestrictedKey, BadKey> {
        let found = line::read_new(text)?;
        let options = found.options.ok_or(BadKey::NoOptions)?.to_owned();
        if printable(options.as_bytes(), options.len()) != options {
            return Err(BadKey::HostileOptions);
        }
        if line::names(&options).any(|name| name.eq_ignore_ascii_case("cert-authority")) {
            return Err(BadKey::Authority);
        }
        let key = Self::acceptable(found.key)?;
        Ok(RestrictedKey { options, key })
    }

    fn acceptable(key: Self) -> Result<Self, BadKey> {
        match key.kind {
            KeyKind::Dsa => Err(BadKey::Dsa),
            KeyKind::Rsa if key.bits < RSA_BITS_MIN => Err(BadKey::Short { bits: key.bits }),
            _ => Ok(key),
        }
    }

    /// The fingerprint as `ssh-keygen -l` prints it: `SHA256:` and 43 characters.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(&self.blob);
        format!("SHA256:{}", STANDARD_NO_PAD.encode(digest))
    }

    /// The type.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The length in bits, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// The comment, printable and at most 100 characters; often empty.
    #[must_use]
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// What an admin should hear about a key that is taken all the same.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let weak = match self.kind {
            KeyKind::Dsa => true,
            KeyKind::Rsa => self.bits < RSA_BITS_GOOD,
            _ => false,
        };
        weak.then(|| {
            let (kind, bits) = (self.kind, self.bits);
            format!("{kind} with {bits} bits is weak; ask for an Ed25519 key")
        })
    }

    /// The line for `authorized_keys`, written anew: type, key, comment; no line end.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = format!("{} {}", self.kind.name(), STANDARD.encode(&self.blob));
        if !self.comment.is_empty() {
            line.push(' ');
            line.push_str(&self.comment);
        }
        line
    }
}

impl RestrictedKey {
    /// The line for `authorized_keys`: the options, then the key written anew; no line end.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.options, self.key.line())
    }
}

/// A comment as it may be stored and shown: one line, printable.
fn clean_comment(comment: &[u8]) -> String {
    let words: Vec<&[u8]> = comment
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .collect();
    printable(&words.join(&b' '), COMMENT_CHARS)
}

#[cfg(test)]
mod tests;
