//! Passwords without the password: what kind of field it is, its dates, and what they mean for a
//! login. `shadow(5)`, and `pam_unix(8)` for how the dates are read.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Serialize;

use crate::base::hostile::Hostile;

/// What stands in the password field. The field itself is never kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordState {
    /// A hash: there is a password.
    Set,
    /// A hash behind `!`: there was a password, and it is locked.
    Locked,
    /// Nothing: whoever knows the name gets in, where PAM allows that.
    Empty,
    /// `*`, `!` or anything that no password can match: there never was one.
    None,
}

impl PasswordState {
    /// What a password field says.
    #[must_use]
    pub fn of(field: &str) -> Self {
        let open = field.trim_start_matches('!');
        if field.is_empty() {
            Self::Empty
        } else if !is_hash(open) {
            Self::None
        } else if open.len() < field.len() {
            Self::Locked
        } else {
            Self::Set
        }
    }

    /// As written in JSON and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Locked => "locked",
            Self::Empty => "empty",
            Self::None => "none",
        }
    }
}

/// Whether `crypt(5)` could have made it: `$id$…`, the 13 characters of DES, or BSDi's `_`.
fn is_hash(text: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'/');
    match text.as_bytes() {
        [b'$', rest @ ..] => rest.contains(&b'$'),
        [b'_', rest @ ..] => rest.len() == 19 && rest.iter().all(|c| plain(*c)),
        des => des.len() == 13 && des.iter().all(|c| plain(*c)),
    }
}

/// One line of `/etc/shadow`, without the hash. Dates are days since 1970-01-01, spans are days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowLine {
    /// Whose.
    pub name: Hostile,
    /// What the password field says.
    pub password: PasswordState,
    /// When the password was last changed; 0 asks for a new one at the next login.
    pub last_change: Option<i64>,
    /// How long a new password must be kept.
    pub min_days: Option<i64>,
    /// How long a password may be kept.
    pub max_days: Option<i64>,
    /// How long before that a warning comes.
    pub warn_days: Option<i64>,
    /// How long after that a login still can change it.
    pub inactive_days: Option<i64>,
    /// From this day on the account cannot be used.
    pub expires: Option<i64>,
}

/// What stands in the way of a login, or is special about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing known stands in the way of a login.
    Active,
    /// Put on hold by benchwarden; everything is kept.
    Suspended,
    /// The account's last day is over.
    Expired,
    /// The password is so old that not even changing it is allowed any more.
    PasswordExpired,
    /// The password is locked; an ssh key still gets in.
    Locked,
    /// The password is empty.
    NoPassword,
    /// There is no password, so only a key or a ticket gets in.
    KeyOnly,
    /// A new password has to be chosen at the next login.
    MustChangePassword,
    /// The login shell ends every login at once.
    Nologin,
}

impl State {
    /// As written in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
            Self::PasswordExpired => "password-expired",
            Self::Locked => "locked",
            Self::NoPassword => "no-password",
            Self::KeyOnly => "key-only",
            Self::MustChangePassword => "must-change-password",
            Self::Nologin => "nologin",
        }
    }
}

/// The day, counted from 1970, on which a suspension closes an account: one that has passed on
/// every host, and that nobody chooses by hand.
const SUSPENDED_DAY: i64 = 1;

/// The states of an account on a day, counted since 1970-01-01, in their order.
///
/// Without a shadow line only the shell is known, so `Active` is not claimed.
#[must_use]
pub fn states(shadow: Option<&ShadowLine>, shell: &str, today: i64) -> Vec<State> {
    let mut states = Vec::new();
    if is_nologin(shell) {
        states.push(State::Nologin);
    }
    let Some(line) = shadow else {
        return states;
    };
    if line.expires == Some(SUSPENDED_DAY) && is_nologin(shell) {
        return vec![State::Suspended];
    }
    if line.expires.is_some_and(|day| today >= day) {
        states.push(State::Expired);
    }
    match line.password {
        PasswordState::Locked => states.push(State::Locked),
        PasswordState::Empty => states.push(State::NoPassword),
        PasswordState::None if states.is_empty() => states.push(State::KeyOnly),
        PasswordState::None => {}
        PasswordState::Set => states.extend(aged(line, today)),
    }
    let barred = |state: &State| {
        matches!(
            state,
            State::Expired | State::PasswordExpired | State::Locked | State::Nologin
        )
    };
    if !states.iter().any(barred) {
        states.push(State::Active);
    }
    states.sort_unstable();
    states
}

/// What the age of a password asks for.
fn aged(line: &ShadowLine, today: i64) -> Option<State> {
    let changed = line.last_change?;
    if changed == 0 {
        return Some(State::MustChangePassword);
    }
    let age = today.saturating_sub(changed);
    let max = line.max_days?;
    if age <= max {
        return None;
    }
    let over = line
        .inactive_days
        .is_some_and(|grace| age > max.saturating_add(grace));
    Some(if over {
        State::PasswordExpired
    } else {
        State::MustChangePassword
    })
}

/// Shells that let nobody in.
#[must_use]
pub fn is_nologin(shell: &str) -> bool {
    let name = shell.rsplit('/').next().unwrap_or(shell);
    matches!(name, "nologin" | "false")
}

/// A day counted since 1970-01-01 as a date; `None` beyond the calendar.
#[must_use]
pub fn date(days: i64) -> Option<Date> {
    let span = 0.days().try_days(days).ok()?;
    Date::constant(1970, 1, 1).checked_add(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HASH: &str = "$y$j9T$abc$defghijklmnop";

    fn line(field: &str) -> ShadowLine {
        ShadowLine {
            name: "alice".into(),
            password: PasswordState::of(field),
            last_change: Some(20_000),
            min_days: Some(0),
            max_days: Some(99_999),
            warn_days: Some(7),
            inactive_days: None,
            expires: None,
        }
    }

    #[test]
    fn a_password_field_is_classified_and_forgotten() {
        for (field, state) in [
            (HASH, PasswordState::Set),
            ("$6$salt$hash", PasswordState::Set),
            ("ab1234567890.", PasswordState::Set),
            ("!$6$salt$hash", PasswordState::Locked),
            ("!!$6$salt$hash", PasswordState::Locked),
            ("", PasswordState::Empty),
            ("!", PasswordState::None),
            ("!!", PasswordState::None),
            ("*", PasswordState::None),
            ("!*", PasswordState::None),
            ("x", PasswordState::None),
            ("*LK*", PasswordState::None),
        ] {
            assert_eq!(PasswordState::of(field), state, "{field}");
        }
        let shown = format!("{:?}", line(HASH));
        assert!(!shown.contains("j9T"), "{shown}");
    }

    #[test]
    fn states_follow_the_dates() {
        let today = 20_500;
        let of = |change: &dyn Fn(&mut ShadowLine), field: &str| {
            let mut line = line(field);
            change(&mut line);
            states(Some(&line), "/bin/bash", today)
        };
        let as_is = |_: &mut ShadowLine| {};
        assert_eq!(of(&as_is, HASH), [State::Active]);
        assert_eq!(of(&as_is, "!$6$a$b"), [State::Locked]);
        assert_eq!(of(&as_is, "*"), [State::Active, State::KeyOnly]);
        assert_eq!(of(&as_is, ""), [State::Active, State::NoPassword]);
        let must = [State::Active, State::MustChangePassword];
        assert_eq!(of(&|l| l.last_change = Some(0), HASH), must);
        assert_eq!(of(&|l| l.max_days = Some(499), HASH), must);
        assert_eq!(of(&|l| l.max_days = Some(500), HASH), [State::Active]);
        let lapsed = |l: &mut ShadowLine| (l.max_days, l.inactive_days) = (Some(400), Some(99));
        assert_eq!(of(&lapsed, HASH), [State::PasswordExpired]);
        assert_eq!(of(&|l| l.expires = Some(today), HASH), [State::Expired]);
        assert_eq!(of(&|l| l.expires = Some(today + 1), HASH), [State::Active]);
    }

    #[test]
    fn without_shadow_only_the_shell_is_known() {
        assert_eq!(states(None, "/bin/bash", 1), []);
        assert_eq!(states(None, "/usr/sbin/nologin", 1), [State::Nologin]);
        let service = states(Some(&line("*")), "/bin/false", 1);
        assert_eq!(service, [State::Nologin]);
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(date(0).unwrap().to_string(), "1970-01-01");
        assert_eq!(date(20_778).unwrap().to_string(), "2026-11-21");
        assert_eq!(date(i64::MAX), None);
    }

    proptest! {
        #[test]
        fn no_day_is_too_odd(day: i64, change: i64, max: i64, grace: i64) {
            let _ = date(day);
            let mut line = line(HASH);
            (line.last_change, line.max_days, line.inactive_days) = (Some(change), Some(max), Some(grace));
            prop_assert!(!states(Some(&line), "", day).is_empty());
        }
    }
}
