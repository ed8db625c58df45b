//! The types of public keys that sshd has known, under the names it and ssh-keygen use.

use std::fmt;

/// The type of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Ed25519.
    Ed25519,
    /// Ed25519 in a security key that has to be touched.
    Ed25519Sk,
    /// ECDSA on the curve P-256.
    Ecdsa256,
    /// ECDSA on the curve P-384.
    Ecdsa384,
    /// ECDSA on the curve P-521.
    Ecdsa521,
    /// ECDSA on P-256 in a security key that has to be touched.
    EcdsaSk,
    /// RSA.
    Rsa,
    /// DSA, which no current sshd accepts.
    Dsa,
}

/// Each type and the name in front of its key, as `sshd(8)` lists them.
const NAMES: &[(KeyKind, &str)] = &[
    (KeyKind::Ed25519, "ssh-ed25519"),
    (KeyKind::Ed25519Sk, "sk-ssh-ed25519@openssh.com"),
    (KeyKind::Ecdsa256, "ecdsa-sha2-nistp256"),
    (KeyKind::Ecdsa384, "ecdsa-sha2-nistp384"),
    (KeyKind::Ecdsa521, "ecdsa-sha2-nistp521"),
    (KeyKind::EcdsaSk, "sk-ecdsa-sha2-nistp256@openssh.com"),
    (KeyKind::Rsa, "ssh-rsa"),
    (KeyKind::Dsa, "ssh-dss"),
];

impl KeyKind {
    /// The type of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }

    /// The name in front of the key in `authorized_keys`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }
}

impl fmt::Display for KeyKind {
    /// As `ssh-keygen -l` shows it in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "ED25519",
            Self::Ed25519Sk => "ED25519-SK",
            Self::Ecdsa256 | Self::Ecdsa384 | Self::Ecdsa521 => "ECDSA",
            Self::EcdsaSk => "ECDSA-SK",
            Self::Rsa => "RSA",
            Self::Dsa => "DSA",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one_name_and_every_name_one_type() {
        for (kind, name) in NAMES {
            assert_eq!(kind.name(), *name);
            assert_eq!(KeyKind::of_name(name), Some(*kind));
        }
    }
}
