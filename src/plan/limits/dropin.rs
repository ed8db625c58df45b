//! The files that limits are written to: what they are called, and what is in them.

use std::fmt::Write as _;

use crate::base::digest::sha256_hex;
use crate::base::text::printable;

use super::owned::is_pattern;
use super::wishes::{Setting, WAY_IN, Wish, uid_of};

/// What holds until somebody changes it.
const KEEPS: &str = "20-benchwarden.conf";
/// What holds for a while. The name sorts behind the other: of two files of one name the one in
/// `/etc` would hide the one in `/run`.
const UNTIL: &str = "21-benchwarden-until.conf";
/// Where a reboot leaves them, and where it does not.
const ETC: &str = "/etc/systemd/system";
const RUN: &str = "/run/systemd/system";

/// A file of ours as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropIn {
    /// Its path on the host.
    pub path: String,
    /// The unit it is about.
    pub unit: String,
    /// Whose limits these are, in words.
    pub whose: String,
    /// What is in it.
    pub text: String,
}

/// The permissions of our files: everybody may know the limits.
pub const MODE: u32 = 0o644;

impl DropIn {
    /// The file as a fact.
    #[must_use]
    pub fn fact(&self) -> String {
        fact(&self.text)
    }
}

/// A file of ours with this text, as a fact.
#[must_use]
pub fn fact(text: &str) -> String {
    format!("0:0 {MODE:04o} {}", sha256_hex(text.as_bytes()))
}

/// Where files of ours about a unit are, if there are any.
#[must_use]
pub fn paths(unit: &str) -> [String; 2] {
    [(ETC, KEEPS), (RUN, UNTIL)].map(|(base, name)| format!("{base}/{unit}.d/{name}"))
}

/// Whether a path is one of ours, whatever is in it.
#[must_use]
pub fn is_ours(path: &str) -> bool {
    let Some((dir, name)) = path.rsplit_once('/') else {
        return false;
    };
    let within = |base: &str| {
        let unit = dir
            .strip_prefix(base)
            .and_then(|rest| rest.strip_prefix('/'));
        unit.is_some_and(|unit| !unit.contains('/') && unit.ends_with(".d"))
    };
    (name == KEEPS && within(ETC)) || (name == UNTIL && within(RUN))
}

/// The unit of one of our paths.
#[must_use]
pub fn unit_of(path: &str) -> Option<&str> {
    let (dir, _) = path.rsplit_once('/')?;
    dir.rsplit_once('/')?.1.strip_suffix(".d")
}

/// The files of a wish.
#[must_use]
pub fn files(wish: &Wish) -> Vec<DropIn> {
    let [etc, run] = paths(&wish.unit);
    let one = |path: String, settings: &[Setting]| DropIn {
        path,
        unit: wish.unit.clone(),
        whose: wish.whose.clone(),
        text: text(wish, settings),
    };
    let keeps = (!wish.keeps.is_empty()).then(|| one(etc, &wish.keeps));
    let until = wish.until.as_ref().map(|until| one(run, until));
    keeps.into_iter().chain(until).collect()
}

fn text(wish: &Wish, settings: &[Setting]) -> String {
    // A directory calls its people as it likes: no name may end a line.
    let plain = |text: &str| printable(text.as_bytes(), 200);
    let whose = plain(&wish.whose);
    let unit = wish.unit.as_str();
    let is_persons = match uid_of(unit) {
        Some(uid) => uid != 0,
        None => unit.ends_with(".service") && !WAY_IN.contains(&unit),
    };
    let (set, explain) = match is_persons {
        _ if is_pattern(unit) => (
            "benchwarden limits set --default KEY=VALUE".to_owned(),
            None,
        ),
        true => (
            format!("benchwarden limits set --user {whose} KEY=VALUE"),
            Some(format!("benchwarden limits show {whose}")),
        ),
        false => ("/etc/benchwarden/policy.toml".to_owned(), None),
    };
    let mut text =
        String::from("# Written by benchwarden, which writes it again when it differs.\n");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# Limits of {whose}. What changes them: {set}");
    if let Some(explain) = explain {
        let _ = writeln!(text, "# Where they come from: {explain}");
    }
    let section = match unit.rsplit_once('.').map(|(_, kind)| kind) {
        Some("service") => "Service",
        Some("scope") => "Scope",
        _ => "Slice",
    };
    let _ = write!(text, "\n[{section}]\n");
    let mut from = "";
    for setting in settings {
        if setting.from != from {
            from = &setting.from;
            let _ = writeln!(text, "# {}", plain(from));
        }
        if let Some(until) = setting.until {
            let _ = writeln!(text, "# until {}", until.strftime("%Y-%m-%dT%H:%M:%SZ"));
        }
        if setting.directive.is_list() {
            let _ = writeln!(text, "{}=", setting.directive);
        }
        for value in &setting.values {
            let _ = writeln!(text, "{}={value}", setting.directive);
        }
    }
    text
}
