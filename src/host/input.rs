//! What the caller hands in: files they name, and chance.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;

use rustix::fs::{FileType, Mode, OFlags};

/// More than this is no list of keys or people.
const LONGEST: u64 = 1 << 20;

/// A file that the caller named, as text.
///
/// # Errors
/// When it cannot be read, is too long or is no text.
pub fn file(path: &str) -> io::Result<String> {
    text(bytes(path)?)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes)
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
    up_to_the_longest(file)
}

fn up_to_the_longest(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::other("it is longer than a mebibyte"));
    }
    Ok(bytes)
}

/// A file that a list of the caller's names, as text: a list may be somebody else's, so that
/// nothing but a plain file is opened.
///
/// # Errors
/// When it is no plain file, cannot be read, is too long or is no text.
pub fn listed(path: &str) -> io::Result<String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    // What only opening does something to, a device, is looked at without being opened.
    let kind = FileType::from_raw_mode(rustix::fs::stat(path)?.st_mode);
    let opened = kind
        .is_file()
        .then(|| rustix::fs::open(path, flags, Mode::empty()));
    let plain = |file: &OwnedFd| {
        rustix::fs::fstat(file).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_file())
    };
    match opened.transpose()?.filter(plain) {
        Some(file) => text(up_to_the_longest(file.into())?),
        None => Err(io::Error::other("it is no plain file")),
    }
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
#[allow(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use super::*;

    #[test]
    fn a_list_opens_plain_files_alone() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        std::fs::write(at("key"), "ssh").unwrap();
        assert_eq!(listed(&at("key")).unwrap(), "ssh");
        let pipe = rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), Mode::RWXU);
        pipe.unwrap();
        for other in [at("pipe"), at(""), "/dev/null".to_owned()] {
            let why = listed(&other).unwrap_err().to_string();
            assert_eq!(why, "it is no plain file", "{other}");
        }
    }

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
