//! One line taken apart as sshd takes it apart: options, type, key, comment.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{BadKey, KeyKind, PublicKey, blob, clean_comment};

/// sshd's own limit for a line (`SSH_MAX_PUBKEY_BYTES`).
const LINE_BYTES: usize = 16_384;
/// What only private keys hold, in lower case; the last is `openssh-key-v1` in base64.
const PRIVATE_MARKS: [&[u8]; 3] = [
    b"private key-----",
    b"putty-user-key-file",
    b"b3blbnnzac1rzxktdj",
];
/// What public keys in other programs' formats start with.
const OTHER_FORMATS: [&str; 2] = ["---- BEGIN SSH2", "-----BEGIN"];

/// A key, and what stands in front of it.
pub(super) struct Found<'a> {
    pub(super) options: Option<&'a str>,
    pub(super) key: PublicKey,
}

/// Reads text that somebody handed in.
pub(super) fn read_new(text: &str) -> Result<Found<'_>, BadKey> {
    if is_private(text.as_bytes()) {
        return Err(BadKey::Private);
    }
    let line = text.trim_matches(|c: char| c.is_ascii_whitespace());
    if line.is_empty() {
        return Err(BadKey::Empty);
    }
    if OTHER_FORMATS.iter().any(|mark| line.starts_with(mark)) {
        return Err(BadKey::OtherFormat);
    }
    if line.contains(['\n', '\r']) {
        return Err(BadKey::SeveralLines);
    }
    if line.chars().any(|c| c.is_control() && c != '\t') {
        return Err(BadKey::Control);
    }
    let (options, key) = read(line.as_bytes())?;
    // Cut at an ASCII character, so it is text like the line.
    let options = options.map(|bytes| line.get(..bytes.len()).unwrap_or_default());
    Ok(Found { options, key })
}

/// Reads a line that is neither blank nor a comment.
///
/// Like sshd: a key if it starts with a type, otherwise options up to the first blank outside of
/// quotes, and then a key.
pub(super) fn read(line: &[u8]) -> Result<(Option<&[u8]>, PublicKey), BadKey> {
    if line.len() > LINE_BYTES {
        return Err(BadKey::TooLong { max: LINE_BYTES });
    }
    if is_private(line) {
        return Err(BadKey::Private);
    }
    let (word, rest) = split_word(line);
    if let Some(kind) = kind_of(word)? {
        return Ok((None, read_key(kind, rest)?));
    }
    let (options, rest) = line.split_at(options_end(line));
    let (name, rest) = split_word(rest.trim_ascii_start());
    match kind_of(name)? {
        Some(kind) => Ok((Some(options), read_key(kind, rest)?)),
        None => Err(unknown(word)),
    }
}

/// The names of options, without their values.
pub(super) fn names(options: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    options
        .split(move |c| {
            let was_escaped = std::mem::replace(&mut escaped, c == '\\');
            quoted ^= c == '"' && !was_escaped;
            c == ',' && !quoted
        })
        .map(|option| option.split('=').next().unwrap_or_default().trim())
}

fn is_private(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    PRIVATE_MARKS
        .iter()
        .any(|mark| text.windows(mark.len()).any(|window| window == *mark))
}

fn read_key(kind: KeyKind, rest: &[u8]) -> Result<PublicKey, BadKey> {
    let garbled = BadKey::Garbled { name: kind.name() };
    let (encoded, comment) = split_word(rest.trim_ascii_start());
    let blob = STANDARD.decode(encoded).map_err(|_| garbled.clone())?;
    let shape = blob::read(kind.name(), &blob).ok_or(garbled)?;
    Ok(PublicKey {
        kind: shape.kind,
        bits: shape.bits,
        blob,
        comment: clean_comment(comment),
    })
}

/// The type of that name, `None` when it is none.
fn kind_of(word: &[u8]) -> Result<Option<KeyKind>, BadKey> {
    let Ok(word) = std::str::from_utf8(word) else {
        return Ok(None);
    };
    let known = KeyKind::of_name(word);
    if known.is_none() && word.ends_with("-cert-v01@openssh.com") {
        return Err(BadKey::Certificate);
    }
    Ok(known)
}

/// A word is named only if nobody can take it for anything but the name of a type.
fn unknown(word: &[u8]) -> BadKey {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(byte);
    let named = ["ssh-", "ecdsa-", "sk-", "rsa-", "x509v3-", "webauthn-"]
        .iter()
        .any(|start| word.starts_with(start.as_bytes()));
    if named && word.len() <= 40 && word.iter().all(plain) {
        let name = String::from_utf8_lossy(word).into_owned();
        BadKey::UnknownType { name }
    } else {
        BadKey::NoType
    }
}

fn split_word(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|byte| is_blank(*byte));
    line.split_at(end.unwrap_or(line.len()))
}

/// Where options end: at the first blank outside of quotes.
fn options_end(line: &[u8]) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            byte if is_blank(*byte) && !quoted => return at,
            _ => {}
        }
        // A backslash counts only in front of a quote.
        escaped = *byte == b'\\' && line.get(at + 1) == Some(&b'"');
    }
    line.len()
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}
