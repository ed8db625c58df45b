//! Other people's text made safe for an admin's terminal.
//!
//! Process titles, names and paths are input of whoever made them. They are cleaned once, where
//! they are shown, with the functions here; nothing else may print them.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Makes hostile bytes printable: at most `max_chars` characters of the result, then `…`.
///
/// Control characters, invalid UTF-8, bidirectional and invisible characters and lone combining
/// marks come out as visible escapes (`\x1b`, `\u{202e}`), so nothing of them reaches a terminal
/// and nothing is hidden either.
#[must_use]
pub fn printable(bytes: &[u8], max_chars: usize) -> String {
    let mut out = String::with_capacity(bytes.len().min(max_chars));
    let mut chars = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            chars += push_clean(&mut out, c);
            if chars > max_chars {
                return shorten(&out, max_chars);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
            chars += 4;
            if chars > max_chars {
                return shorten(&out, max_chars);
            }
        }
    }
    out
}

/// Appends one character, escaped where it is not plainly visible; tells how many were added.
fn push_clean(out: &mut String, c: char) -> usize {
    if matches!(c, '\'' | '"' | '\\') {
        out.push(c);
        return 1;
    }
    if c.is_control() {
        let before = out.len();
        let _ = write!(out, "\\x{:02x}", u32::from(c));
        return out.len() - before;
    }
    let mut added = 0;
    for shown in c.escape_debug() {
        out.push(shown);
        added += 1;
    }
    added
}

/// The first `max_chars - 1` characters and an ellipsis.
fn shorten(text: &str, max_chars: usize) -> String {
    let mut out: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    if max_chars > 0 {
        out.push('…');
    }
    out
}

/// Fits already clean text into exactly `width` terminal columns: padded on the right, or cut
/// with `…` (`~` when `ascii`).
#[must_use]
pub fn fit(text: &str, width: usize, ascii: bool) -> String {
    let wide = text.width();
    if wide <= width {
        let mut out = String::with_capacity(text.len() + width - wide);
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', width - wide));
        return out;
    }
    let mut out = String::with_capacity(width + 2);
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > width {
            break;
        }
        out.push(c);
        used += w;
    }
    if used < width {
        out.push(if ascii { '~' } else { '…' });
        used += 1;
    }
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    out
}

/// Replaces every character outside ASCII by `?`, for terminals that cannot show it.
#[must_use]
pub fn to_ascii(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '…' => '~',
            c if c.is_ascii() => c,
            _ => '?',
        })
        .collect()
}

/// A number and the word for that many.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_become_visible() {
        assert_eq!(
            printable(b"\x1b[31mroot\x07\n", 99),
            "\\x1b[31mroot\\x07\\x0a"
        );
        assert_eq!(printable("a\u{202e}b".as_bytes(), 99), "a\\u{202e}b");
        assert_eq!(printable("\u{9b}31m".as_bytes(), 99), "\\x9b31m");
        assert_eq!(printable(b"ok \xff\xfe", 99), "ok \\xff\\xfe");
    }

    #[test]
    fn plain_words_of_any_script_stay_as_they_are() {
        for text in ["python3 -c 'x'", "größe", "解析", "C:\\data"] {
            assert_eq!(printable(text.as_bytes(), 99), text);
        }
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(printable(b"abcdef", 4), "abc…");
        assert_eq!(fit("abcdef", 4, false), "abc…");
        assert_eq!(fit("abcdef", 4, true), "abc~");
        assert_eq!(fit("ab", 4, false), "ab  ");
        assert_eq!(fit("解析する", 5, false).width(), 5);
    }

    proptest! {
        #[test]
        fn nothing_raw_survives(bytes in proptest::collection::vec(any::<u8>(), 0..300), max in 0usize..200) {
            let text = printable(&bytes, max);
            prop_assert!(text.chars().count() <= max.max(1));
            for c in text.chars() {
                prop_assert!(!c.is_control());
                prop_assert!(!matches!(u32::from(c), 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0x61c));
            }
        }

        #[test]
        fn fitted_text_has_exactly_the_width(text in "\\PC{0,40}", width in 0usize..60) {
            let clean = printable(text.as_bytes(), 200);
            prop_assert_eq!(fit(&clean, width, false).width(), width);
        }
    }
}
