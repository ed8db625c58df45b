//! The binary part of a public key (RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH's
//! PROTOCOL.u2f): what kind it is, how many bits, and whether it is whole.
//!
//! It checks the shape and never the mathematics: sshd does that at every login.

use super::kind::KeyKind;

/// The longest modulus that sshd reads.
const RSA_BITS_MAX: u32 = 16_384;

/// What a well-formed blob holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: KeyKind,
    pub(super) bits: u32,
}

/// Reads a blob that says it is of type `name`; `None` when it is not exactly one such key.
pub(super) fn read(name: &str, blob: &[u8]) -> Option<Shape> {
    let mut rest = Reader(blob);
    if rest.string()? != name.as_bytes() {
        return None;
    }
    let kind = KeyKind::of_name(name)?;
    let bits = match kind {
        KeyKind::Ed25519 => rest.ed25519()?,
        KeyKind::Ed25519Sk => {
            let bits = rest.ed25519()?;
            rest.application()?;
            bits
        }
        KeyKind::Ecdsa256 | KeyKind::Ecdsa384 | KeyKind::Ecdsa521 => rest.ecdsa(kind)?,
        KeyKind::EcdsaSk => {
            let bits = rest.ecdsa(KeyKind::Ecdsa256)?;
            rest.application()?;
            bits
        }
        KeyKind::Rsa => rest.rsa()?,
        KeyKind::Dsa => rest.dsa()?,
    };
    rest.0.is_empty().then_some(Shape { kind, bits })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A `string`: its length in four bytes, then that many.
    fn string(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (string, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }

    /// An `mpint` above zero in its only right form: its magnitude.
    fn positive(&mut self) -> Option<&'a [u8]> {
        let bytes = self.string()?;
        match *bytes {
            [0, next, ..] if next >= 0x80 => Some(&bytes[1..]),
            [first, ..] if (1..0x80).contains(&first) => Some(bytes),
            _ => None,
        }
    }

    fn ed25519(&mut self) -> Option<u32> {
        (self.string()?.len() == 32).then_some(256)
    }

    /// The curve, and an uncompressed point on it, the only form that sshd takes.
    fn ecdsa(&mut self, kind: KeyKind) -> Option<u32> {
        let (curve, bits, point) = match kind {
            KeyKind::Ecdsa256 => ("nistp256", 256, 65),
            KeyKind::Ecdsa384 => ("nistp384", 384, 97),
            KeyKind::Ecdsa521 => ("nistp521", 521, 133),
            _ => return None,
        };
        let right_curve = self.string()? == curve.as_bytes();
        let given = self.string()?;
        (right_curve && given.len() == point && given.first() == Some(&4)).then_some(bits)
    }

    /// Which service a security key signs for: `ssh:` by habit.
    fn application(&mut self) -> Option<()> {
        let name = self.string()?;
        (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(())
    }

    fn rsa(&mut self) -> Option<u32> {
        let exponent = self.positive()?;
        let modulus = self.positive()?;
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        let bits = bit_length(modulus)?;
        (odd(exponent) && exponent != [1] && odd(modulus) && bits <= RSA_BITS_MAX).then_some(bits)
    }

    fn dsa(&mut self) -> Option<u32> {
        let prime = self.positive()?;
        for _ in ["q", "g", "y"] {
            self.positive()?;
        }
        bit_length(prime).filter(|bits| *bits <= RSA_BITS_MAX)
    }
}

fn bit_length(number: &[u8]) -> Option<u32> {
    let first = number.first()?;
    let whole = u32::try_from(number.len()).ok()?.checked_mul(8)?;
    Some(whole - first.leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [&length, bytes].concat()
    }

    fn rsa(exponent: &[u8], modulus: &[u8]) -> Option<u32> {
        let blob = [string(b"ssh-rsa"), string(exponent), string(modulus)].concat();
        read("ssh-rsa", &blob).map(|shape| shape.bits)
    }

    #[test]
    fn a_blob_is_one_key_and_nothing_more() {
        let mut blob = [string(b"ssh-ed25519"), string(&[7; 32])].concat();
        assert!(read("ssh-ed25519", &blob).is_some());
        assert_eq!(read("ssh-rsa", &blob), None);
        blob.push(0);
        assert_eq!(read("ssh-ed25519", &blob), None);
    }

    #[test]
    fn a_length_beyond_the_end_is_no_key() {
        let blob = [string(b"ssh-ed25519"), vec![255; 36]].concat();
        assert_eq!(read("ssh-ed25519", &blob), None);
    }

    #[test]
    fn numbers_have_one_right_form() {
        let modulus = [&[0, 0x80][..], &[1; 127]].concat();
        assert_eq!(rsa(&[3], &modulus), Some(1024));
        assert_eq!(rsa(&[1], &modulus), None, "an exponent of one");
        assert_eq!(rsa(&[2], &modulus), None, "an even exponent");
        assert_eq!(rsa(&[0x80], &modulus), None, "a negative exponent");
        assert_eq!(rsa(&[0, 3], &modulus), None, "a zero in front");
        assert_eq!(rsa(&[], &modulus), None, "zero");
        assert_eq!(rsa(&[3], &[1; 3000]), None, "a modulus nobody reads");
    }
}
