//! Several keys in one text, as a file or a paste holds them.

use super::{BadKey, PublicKey};

/// A line that is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadLine {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: BadKey,
}

impl PublicKey {
    /// Takes every line that is neither blank nor a comment as a key, as [`PublicKey::parse`] does.
    ///
    /// # Errors
    /// The first line that is none. Nothing of a text with a bad line is taken.
    pub fn list(text: &str) -> Result<Vec<Self>, BadLine> {
        let lines = (1..).zip(text.lines().map(str::trim));
        lines
            .filter(|(_, text)| !text.is_empty() && !text.starts_with('#'))
            .map(|(line, text)| Self::parse(text).map_err(|why| BadLine { line, why }))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../../tests/keys/ed25519-256.pub");
    const SHORT: &str = include_str!("../../../tests/keys/rsa-1024.pub");

    #[test]
    fn every_line_is_a_key_a_comment_or_blank() {
        let two = format!("# of ada\n\n{KEY}\r\n  {KEY}");
        assert_eq!(PublicKey::list(&two).unwrap().len(), 2);
        assert_eq!(PublicKey::list("\n# none\n").unwrap(), []);
        let bad = PublicKey::list(&format!("{KEY}\n{SHORT}")).unwrap_err();
        assert!(
            bad.line > 1 && matches!(bad.why, BadKey::Short { bits: 1024 }),
            "{bad}"
        );
    }
}
