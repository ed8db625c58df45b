//! What the caller hands in: files they name, and chance.

use std::io::{self, Read as _};

/// More than this is no list of keys or people.
const LONGEST: u64 = 1 << 20;

/// A file that the caller named, as text.
///
/// # Errors
/// When it cannot be read, is too long or is no text.
pub fn file(path: &str) -> io::Result<String> {
    String::from_utf8(bytes(path)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text"))
}

/// A file that the caller named, whatever is in it.
///
/// # Errors
/// When it cannot be read or is too long.
pub fn bytes(path: &str) -> io::Result<Vec<u8>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller's own file, by the caller's own path"
    )]
    let file = std::fs::File::open(path)?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::other("it is longer than a mebibyte"));
    }
    Ok(bytes)
}

/// Letters and digits that are not mistaken for each other when they are read out.
const READABLE: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A new password: four groups of five characters, a hundred bits of chance.
///
/// # Errors
/// When the kernel has no chance to give.
pub fn new_password() -> io::Result<String> {
    let mut bytes = [0u8; 20];
    let got = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    if got < bytes.len() {
        return Err(io::Error::other("the kernel gave too few random bytes"));
    }
    // 32 characters divide 256 evenly: each is as likely as any other.
    let groups: Vec<String> = bytes
        .chunks(5)
        .map(|group| {
            group
                .iter()
                .map(|b| char::from(READABLE[usize::from(b % 32)]))
                .collect()
        })
        .collect();
    Ok(groups.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_readable_and_never_the_same() {
        let (one, two) = (new_password().unwrap(), new_password().unwrap());
        assert_eq!(one.len(), 23);
        assert_ne!(one, two);
        assert!(
            one.chars()
                .all(|c| c == '-' || READABLE.contains(&(c as u8)))
        );
    }
}
