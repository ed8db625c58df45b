//! Keys made by ssh-keygen, keys made by others, and anything else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

/// Public keys that `ssh-keygen` made, and what `ssh-keygen -l` says of each: `FILE BITS
/// FINGERPRINT COMMENT (KIND)`. The two of security keys are put together by hand.
const FINGERPRINTS: &str = include_str!("../../../tests/keys/fingerprints");

macro_rules! key {
    ($file:literal) => {
        include_str!(concat!("../../../tests/keys/", $file))
    };
}

const GOOD: &[(&str, &str)] = &[
    ("ecdsa-256.pub", key!("ecdsa-256.pub")),
    ("ecdsa-384.pub", key!("ecdsa-384.pub")),
    ("ecdsa-521.pub", key!("ecdsa-521.pub")),
    ("ed25519-256.pub", key!("ed25519-256.pub")),
    ("ed25519-bare.pub", key!("ed25519-bare.pub")),
    ("rsa-2048.pub", key!("rsa-2048.pub")),
    ("rsa-3072.pub", key!("rsa-3072.pub")),
    ("rsa-4096.pub", key!("rsa-4096.pub")),
    ("sk-ecdsa.pub", key!("sk-ecdsa.pub")),
    ("sk-ed25519.pub", key!("sk-ed25519.pub")),
];
const OLD: &[(&str, &str)] = &[
    ("dsa-1024.pub", key!("dsa-1024.pub")),
    ("rsa-1024.pub", key!("rsa-1024.pub")),
];
const ED25519: &str = key!("ed25519-256.pub");

fn as_ssh_keygen_shows_it(file: &str, key: &PublicKey) -> String {
    let comment = match key.comment() {
        "" => "no comment",
        comment => comment,
    };
    let (bits, print, kind) = (key.bits(), key.fingerprint(), key.kind());
    format!("{file} {bits} {print} {comment} ({kind})")
}

#[test]
fn keys_are_shown_as_ssh_keygen_shows_them() {
    let mut shown: Vec<String> = Vec::new();
    for (file, text) in GOOD.iter().chain(OLD) {
        let keys = AuthorizedKeys::parse(text.as_bytes());
        let (key, options) = keys.keys().next().unwrap();
        assert_eq!(options, None);
        shown.push(as_ssh_keygen_shows_it(file, key));
    }
    shown.sort();
    let expected: Vec<&str> = FINGERPRINTS.lines().collect();
    assert_eq!(shown, expected);
}

#[test]
fn a_good_key_is_written_as_it_came() {
    for (file, text) in GOOD {
        let key = PublicKey::parse(text).unwrap();
        assert_eq!(key.line(), text.trim_end(), "{file}");
        assert_eq!(key.warning().is_some(), *file == "rsa-2048.pub", "{file}");
    }
}

#[test]
fn weak_keys_are_refused_but_found_in_a_file() {
    assert_eq!(PublicKey::parse(OLD[0].1), Err(BadKey::Dsa));
    assert_eq!(
        PublicKey::parse(OLD[1].1),
        Err(BadKey::Short { bits: 1024 })
    );
    for (_, text) in OLD {
        let keys = AuthorizedKeys::parse(text.as_bytes());
        assert!(keys.keys().next().unwrap().0.warning().is_some());
    }
}

#[test]
fn a_private_key_is_refused_aloud_and_never_repeated() {
    let secret = "c2VjcmV0LXNlY3JldA";
    for text in [
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{secret}\n-----END OPENSSH PRIVATE KEY-----"),
        format!("-----BEGIN RSA PRIVATE KEY-----\n{secret}\n"),
        format!("PuTTY-User-Key-File-3: ssh-ed25519\n{secret}"),
        format!("b3BlbnNzaC1rZXktdjEA{secret}"),
        format!("ssh-ed25519 b3BlbnNzaC1rZXktdjEA{secret} alice"),
    ] {
        let error = PublicKey::parse(&text).unwrap_err();
        assert_eq!(error, BadKey::Private);
        assert!(error.to_string().contains("PRIVATE"));
    }
    for text in [secret, &format!("ssh-{secret} x"), &format!("x {secret}")] {
        let error = PublicKey::parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
    let innocent = format!("{} private key of my laptop", ED25519.trim_end());
    assert!(PublicKey::parse(&innocent).is_ok());
}

#[test]
fn each_refusal_has_its_reason() {
    let line = ED25519.trim_end();
    let refused = |text: &str| PublicKey::parse(text).unwrap_err();
    assert_eq!(refused(" \n"), BadKey::Empty);
    assert_eq!(refused(&format!("{line}\n{line}")), BadKey::SeveralLines);
    assert_eq!(refused(&format!("{line}\r# x")), BadKey::SeveralLines);
    assert_eq!(refused(&format!("{line}\u{1b}[2J")), BadKey::Control);
    assert_eq!(refused(&format!("{line}\u{9b}2J")), BadKey::Control);
    assert_eq!(refused(&format!("no-pty {line}")), BadKey::Options);
    assert_eq!(refused(key!("ecdsa-256-cert.pub")), BadKey::Certificate);
    assert_eq!(refused("hello world"), BadKey::NoType);
    assert_eq!(
        refused("-----BEGIN PUBLIC KEY-----\nMIIB"),
        BadKey::OtherFormat
    );
    assert_eq!(
        refused("ssh-ed448 AAAA"),
        BadKey::UnknownType {
            name: "ssh-ed448".to_owned()
        }
    );
    let name = "ssh-ed25519";
    assert_eq!(refused(name), BadKey::Garbled { name });
    assert_eq!(refused("ssh-ed25519 AAAA alice"), BadKey::Garbled { name });
    let cut = &line[..60];
    assert_eq!(refused(cut), BadKey::Garbled { name });
    let long = format!("{line} {}", "x".repeat(20_000));
    assert!(matches!(refused(&long), BadKey::TooLong { .. }));
}

#[test]
fn a_key_that_says_another_type_than_it_is_is_refused() {
    let body = ED25519.split(' ').nth(1).unwrap();
    let error = PublicKey::parse(&format!("ssh-rsa {body}")).unwrap_err();
    assert_eq!(error, BadKey::Garbled { name: "ssh-rsa" });
}

#[test]
fn options_are_kept_when_asked_for() {
    let line = ED25519.trim_end();
    let given = format!("command=\"echo \\\"ssh-rsa x\\\"\",no-pty {line}");
    let restricted = PublicKey::parse_with_options(&given).unwrap();
    assert_eq!(
        restricted.options,
        "command=\"echo \\\"ssh-rsa x\\\"\",no-pty"
    );
    assert_eq!(restricted.line(), given);
    for (text, why) in [
        (line.to_owned(), BadKey::NoOptions),
        (format!("no-pty,Cert-Authority {line}"), BadKey::Authority),
        (
            format!("command=\"\u{202e}x\" {line}"),
            BadKey::HostileOptions,
        ),
        (format!("command=\"x {line}"), BadKey::NoType),
    ] {
        assert_eq!(PublicKey::parse_with_options(&text), Err(why));
    }
    let quoted = format!("command=\"a,cert-authority,b\" {line}");
    assert!(PublicKey::parse_with_options(&quoted).is_ok());
}

#[test]
fn a_comment_is_one_short_printable_line() {
    let [name, body] = [0, 1].map(|at| ED25519.split(' ').nth(at).unwrap());
    let comment = |text: &str| {
        let key = PublicKey::parse(&format!("{name}\t{body}  {text}\r\n")).unwrap();
        key.comment().to_owned()
    };
    assert_eq!(comment("alice@laptop  at \thome "), "alice@laptop at home");
    assert_eq!(comment("größe"), "größe");
    assert_eq!(comment("a\u{202e}b"), "a\\u{202e}b");
    assert_eq!(comment(&"x".repeat(200)).chars().count(), 100);
}

#[test]
fn adding_and_removing_leaves_the_rest_of_the_file_alone() {
    let [mine, theirs] = [key!("ecdsa-256.pub"), key!("rsa-4096.pub")];
    let text = format!("# keys \t\r\n\n  no-pty {mine}\u{1b} broken\nssh-dss AAAA x\n{theirs}");
    let text = [text.trim_end().as_bytes(), b"\xff\xfe"].concat();
    let mut file = AuthorizedKeys::parse(&text);
    assert_eq!(file.to_bytes(), text);
    assert_eq!(file.keys().count(), 2);
    assert_eq!(file.keys().next().unwrap().1, Some(&b"no-pty"[..]));

    let new = PublicKey::parse(ED25519).unwrap();
    assert!(file.add(&new));
    assert!(!file.add(&new), "it is there already");
    let after = file.to_bytes();
    assert_eq!(after, [&text, &b"\n"[..], ED25519.as_bytes()].concat());

    assert_eq!(file.remove(&new.fingerprint()), 1);
    assert_eq!(file.to_bytes(), [&text, &b"\n"[..]].concat());
    let mine = PublicKey::parse(mine).unwrap();
    assert!(!file.add(&mine), "it is there, with options");
    assert_eq!(file.remove(&mine.fingerprint()), 1);
    let kept = String::from_utf8_lossy(&file.to_bytes()).into_owned();
    assert!(kept.starts_with("# keys \t\r\n\n\u{1b} broken\nssh-dss"));
}

/// Blobs of every kind, and of no kind.
fn body() -> impl Strategy<Value = (usize, Vec<u8>)> {
    (
        0usize..GOOD.len(),
        proptest::collection::vec((any::<usize>(), any::<u8>()), 0..3),
    )
        .prop_map(|(at, changes)| {
            let body = GOOD[at].1.split(' ').nth(1).unwrap();
            let mut blob = STANDARD.decode(body.trim_end()).unwrap();
            for (place, byte) in changes {
                let place = place % blob.len();
                blob[place] = byte;
            }
            (at, blob)
        })
}

proptest! {
    #[test]
    fn any_bytes_are_a_file_and_stay_it(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(AuthorizedKeys::parse(&bytes).to_bytes(), bytes);
    }

    #[test]
    fn any_text_is_a_key_or_a_refusal(text in "(no-pty |command=\"\\PC{0,9}\" )?(ssh-(rsa|ed25519) )?\\PC{0,80}") {
        let _ = PublicKey::parse(&text);
        let _ = PublicKey::parse_with_options(&text);
        let _ = AuthorizedKeys::parse(text.as_bytes());
    }

    #[test]
    fn what_is_taken_is_written_and_read_as_the_same_key((at, blob) in body(), comment in "\\PC{0,150}") {
        let name = GOOD[at].1.split(' ').next().unwrap();
        let text = format!("{name} {} {comment}", STANDARD.encode(blob));
        if let Ok(key) = PublicKey::parse(&text) {
            let line = key.line();
            prop_assert!(!line.contains(['\n', '\r', '\t']));
            let again = PublicKey::parse(&line).unwrap();
            prop_assert_eq!(again.line(), line.clone());
            prop_assert_eq!(again, key.clone());
            let mut file = AuthorizedKeys::default();
            prop_assert!(file.add(&key));
            let found = AuthorizedKeys::parse(&file.to_bytes());
            prop_assert_eq!(found, file);
        }
    }
}
