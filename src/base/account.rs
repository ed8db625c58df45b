//! What an account may be made of: stricter rules than those for asking about one, so that every
//! accepted word works in every tool and none is ever read as something else.

use std::fmt;

use unicode_width::UnicodeWidthChar as _;

/// The name of an account or group that is to be made.
///
/// Lower case ASCII letters, digits, `_`, `-` and `.`, beginning with a letter or `_`, at most 32
/// bytes: what useradd, sudoers, systemd units, cron and home paths all take.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NewName(String);

/// Text for the GECOS field: a full name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FullName(String);

/// An e-mail address, as far as it can be told without sending one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

/// A value that cannot be used, what it is for and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{shown:?} cannot be {what}: {reason}")]
pub struct BadValue {
    what: &'static str,
    shown: String,
    reason: String,
}

impl BadValue {
    /// A value is shown as far as it is short, with everything invisible escaped.
    #[must_use]
    pub fn new(what: &'static str, value: &str, reason: impl Into<String>) -> Self {
        Self {
            what,
            shown: value.chars().take(40).collect(),
            reason: reason.into(),
        }
    }

    /// Why, without the value: for a dialogue that shows the value anyway.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// What the longest name may have: `LOGIN_NAME_MAX` allows 255, utmp and many tools cut after 32.
const NAME_BYTES: usize = 32;

impl NewName {
    /// Checks a name for an account.
    ///
    /// # Errors
    /// Says which rule it breaks.
    pub fn user(name: &str) -> Result<Self, BadValue> {
        Self::parse("a user name", name)
    }

    /// Checks a name for a group.
    ///
    /// # Errors
    /// Says which rule it breaks.
    pub fn group(name: &str) -> Result<Self, BadValue> {
        Self::parse("a group name", name)
    }

    fn parse(what: &'static str, name: &str) -> Result<Self, BadValue> {
        let reason = if name.is_empty() {
            "it is empty".to_owned()
        } else if let Some(odd) = name.chars().find(|c| !is_name_char(*c)) {
            let odd = odd.escape_debug();
            format!("'{odd}' is not among a-z, 0-9, '_', '-' and '.'")
        } else if !name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') {
            "it has to begin with a letter from a to z or with '_'".to_owned()
        } else if name.ends_with('.') || name.contains("..") {
            "dots have to stand alone, and not at the end".to_owned()
        } else if name.len() > NAME_BYTES {
            format!(
                "it has {} characters, at most {NAME_BYTES} work everywhere",
                name.len()
            )
        } else {
            return Ok(Self(name.to_owned()));
        };
        Err(BadValue::new(what, name, reason))
    }

    /// A name made of a full name: `Ada Lovelace` becomes `ada.lovelace`, or what is left of it.
    #[must_use]
    pub fn suggest(full_name: &str) -> Option<Self> {
        let plain: String = full_name.to_lowercase().chars().map(ascii_of).collect();
        let words: Vec<String> = plain
            .split(|c: char| c.is_whitespace() || c == '.')
            .map(|word| word.chars().filter(|c| is_name_char(*c)).collect())
            .filter(|word: &String| !word.is_empty())
            .collect();
        let (first, last) = (words.first()?, words.last()?);
        let whole = if words.len() == 1 {
            first.clone()
        } else {
            format!("{first}.{last}")
        };
        let short: String = whole.chars().take(NAME_BYTES).collect();
        Self::user(short.trim_end_matches(['.', '-'])).ok()
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.')
}

/// The plain letter of one with a mark; others stay and are left out later. German umlauts are
/// the one case where two letters are usual, and one still reads well.
fn ascii_of(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ğ' => 'g',
        'ì'..='ï' | 'ī' | 'ı' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ř' => 'r',
        'ß' | 'ś' | 'š' | 'ş' | 'ș' => 's',
        'ť' | 'ț' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    }
}

/// Why text cannot stand in a field of passwd(5); `None` when it can.
fn bad_text(text: &str, longest: usize) -> Option<String> {
    let odd = |c: &char| {
        matches!(c, ':' | ',' | '=' | '"' | '\\' | '\u{fffd}')
            || c.is_control()
            || (*c != ' ' && c.is_whitespace())
            || c.width().unwrap_or(0) == 0
            || c.escape_debug().count() > 1 && !matches!(c, '\'')
    };
    if let Some(odd) = text.chars().find(odd) {
        return Some(format!("it holds '{}'", odd.escape_unicode()));
    }
    if text.trim() != text {
        return Some("it begins or ends with a blank".to_owned());
    }
    let count = text.chars().count();
    (count > longest).then(|| format!("it has {count} characters, at most {longest} are kept"))
}

impl FullName {
    /// Checks a full name; an empty one is none at all.
    ///
    /// # Errors
    /// For characters that would end the field or hide something, and for more than 80.
    pub fn parse(text: &str) -> Result<Self, BadValue> {
        match bad_text(text, 80) {
            None => Ok(Self(text.to_owned())),
            Some(reason) => Err(BadValue::new("a full name", text, reason)),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Email {
    /// Checks an address: one `@`, a dot or a plain host after it, nothing that is not printable
    /// ASCII.
    ///
    /// # Errors
    /// Says what is missing or not allowed.
    pub fn parse(text: &str) -> Result<Self, BadValue> {
        let bad = |reason: &str| Err(BadValue::new("an e-mail address", text, reason));
        if let Some(reason) = bad_text(text, 120) {
            return bad(&reason);
        }
        if !text.is_ascii() || text.contains(' ') {
            return bad("it may hold printable ASCII alone");
        }
        match text.split_once('@') {
            Some((local, domain))
                if !local.is_empty()
                    && !domain.contains('@')
                    && domain.split('.').all(|label| {
                        !label.is_empty()
                            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                    }) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => bad("it is not of the form name@host.example"),
        }
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The GECOS field of passwd(5): full name, room, work and home telephone, other. The address
/// stands in the last one, which no user may change with chfn(1).
#[must_use]
pub fn gecos(full_name: &FullName, email: Option<&Email>) -> String {
    match email {
        None => full_name.as_str().to_owned(),
        Some(email) => format!("{},,,,{}", full_name.as_str(), email.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_work_everywhere_are_names() {
        for good in ["ada", "a", "_x", "first.last", "a-b_c9", &"a".repeat(32)] {
            assert!(NewName::user(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn names_that_some_tool_reads_as_something_else_are_not() {
        let bad = [
            "",
            "1234",
            "bad$x",
            "-rf",
            "..",
            ".",
            "a..b",
            "a.",
            "../x",
            "a/b",
            "a b",
            "Ada",
            "größe",
            "a:b",
            "a,b",
            "a\nb",
            "a\u{202e}b",
            "a+b",
            "a@b",
            &"a".repeat(33),
        ];
        for bad in bad {
            assert!(NewName::user(bad).is_err(), "{bad:?}");
            assert!(NewName::group(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_and_why() {
        let error = NewName::user("Ada").unwrap_err().to_string();
        assert_eq!(
            error,
            "\"Ada\" cannot be a user name: 'A' is not among a-z, 0-9, '_', '-' and '.'"
        );
    }

    #[test]
    fn a_name_is_suggested_from_the_full_name() {
        for (full, name) in [
            ("Ada Lovelace", "ada.lovelace"),
            ("Jürgen von der Größe", "jurgen.grose"),
            ("Madonna", "madonna"),
            ("  Anne-Marie   O'Neill ", "anne-marie.oneill"),
            ("Łukasz Żak", "lukasz.zak"),
        ] {
            assert_eq!(NewName::suggest(full).unwrap().as_str(), name, "{full}");
        }
        assert_eq!(NewName::suggest("王"), None);
        assert_eq!(NewName::suggest(""), None);
    }

    #[test]
    fn full_names_and_addresses_stay_in_their_field() {
        for good in ["Ada Lovelace", "", "Jürgen O'Neill-Groß", "王 小明"] {
            assert!(FullName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "a:b",
            "a,b",
            "a\nb",
            "a\tb",
            "a\u{1b}[31m",
            "a\u{202e}b",
            " a",
            "a\u{200b}b",
        ] {
            assert!(FullName::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["ada@example.org", "a+b@host", "a.b@x-y.example"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "", "ada", "@x", "a@", "a@b@c", "a b@c", "a@b..c", "a,b@c", "ä@b.c", "a:b@c",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_can_stand_in_passwd(text in any::<String>()) {
            if let Ok(name) = NewName::user(&text) {
                prop_assert!(name.as_str().len() <= 32 && !name.as_str().starts_with('-'));
            }
            if let Ok(name) = FullName::parse(&text) {
                let ends_a_field = [':', '\n', ',', '\u{1b}'];
                prop_assert!(!name.as_str().contains(ends_a_field));
            }
            if let Some(name) = NewName::suggest(&text) {
                prop_assert!(NewName::user(name.as_str()).is_ok());
            }
        }
    }
}
