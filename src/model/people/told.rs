//! People and groups in words: one wording for the verbs and the screens.

use crate::base::hostile::Hostile;
use crate::base::text::counted;
use crate::model::sample::Session;

use super::details::{Held, HeldGroup, Jobs, PersonDetails, Running};
use super::local::IdRange;
use super::password::State;
use super::{Group, Person, Source, meaning};

/// Who this is, in one line: name, uid and where the account stands.
#[must_use]
pub fn whose(user: &Person) -> String {
    let source = match user.source {
        Source::Local => "an account of this host",
        Source::Directory => "an account of the directory: it can be seen here, not changed",
        Source::Unknown => "no account has this uid",
    };
    format!("{} (uid {}): {source}", user.shown(), user.uid)
}

/// Everything that is known of a person, each with its label.
#[must_use]
pub fn person(details: &PersonDetails) -> Vec<(&'static str, String)> {
    let mut lines = account(&details.user);
    for session in &details.sessions {
        lines.push(("session", session_in_words(session)));
    }
    lines.push(("processes", running(&details.processes)));
    lines.push(("jobs", jobs(&details.jobs)));
    if let Some(bytes) = details.mail_bytes {
        lines.push(("mail", bytes.to_string()));
    }
    for group in &details.held_groups {
        lines.push(("attention", held(group)));
    }
    lines
}

/// Which group this is, in one line: name, gid and where it stands.
#[must_use]
pub fn which(group: &Group) -> String {
    let source = match group.source {
        Source::Local | Source::Unknown => "a group of this host",
        Source::Directory => "a group of the directory: it can be seen here, not changed",
    };
    format!("{} (gid {}): {source}", group.name, group.gid)
}

/// Everything that is known of a group, each with its label.
#[must_use]
pub fn group(group: &Group) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(meaning) = group.meaning {
        lines.push(("meaning", format!("a member {}", meaning.says)));
    }
    lines.push(("members", names(&group.members)));
    if !group.primary_members.is_empty() {
        lines.push(("primary of", names(&group.primary_members)));
    }
    if !group.strangers.is_empty() {
        let names = names(&group.strangers);
        let text = format!("no account: {names}; whoever gets such a name becomes a member");
        lines.push(("attention", text));
    }
    lines
}

/// The states in short: `active` goes without saying beside another one, an account that is not
/// local is told to be that.
#[must_use]
pub fn state(user: &Person) -> String {
    let origin = match user.source {
        Source::Local => None,
        Source::Directory => Some("directory"),
        Source::Unknown => Some("no account"),
    };
    let quiet = origin.is_some() || user.state.len() > 1;
    let states = user
        .state
        .iter()
        .filter(|state| !quiet || **state != State::Active);
    let words: Vec<&str> = origin
        .into_iter()
        .chain(states.map(|state| in_short(*state)))
        .collect();
    if words.is_empty() {
        return "-".to_owned();
    }
    words.join(",")
}

fn in_short(state: State) -> &'static str {
    match state {
        State::MustChangePassword => "must-change",
        State::PasswordExpired => "pw-expired",
        other => other.as_str(),
    }
}

fn names(names: &[Hostile]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = names.iter().map(Hostile::to_string).collect();
    names.join(", ")
}

/// What the account itself says, label by label.
fn account(user: &Person) -> Vec<(&'static str, String)> {
    let unknown = || "unknown".to_owned();
    let told = |text: &Option<Hostile>| text.as_ref().map(Hostile::to_string);
    let states: Vec<&str> = user.state.iter().map(|state| state.as_str()).collect();
    let primary = told(&user.primary_group)
        .or_else(|| user.gid.map(|gid| gid.to_string()))
        .map(|name| format!("{name} (primary)"));
    let others = user
        .groups
        .iter()
        .map(|group| match meaning::of(group.raw()) {
            Some(meaning) if meaning.root => format!("{group} (root)"),
            _ => group.to_string(),
        });
    let groups: Vec<String> = primary.into_iter().chain(others).collect();
    let password = user.password.map(|state| match user.password_changed {
        Some(day) => format!("{}, changed {day}", state.as_str()),
        None => state.as_str().to_owned(),
    });
    let expires = match (user.expires, user.password) {
        (Some(day), _) => day.to_string(),
        (None, Some(_)) => "never".to_owned(),
        (None, None) => unknown(),
    };
    let home = told(&user.home).map(|home| match user.home_bytes {
        Some(bytes) => format!("{home}, {bytes} on its file system"),
        None => home,
    });
    let login = user
        .last_login
        .map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    let lines = [
        ("name", told(&user.full_name)),
        ("email", told(&user.email)),
        (
            "state",
            Some(states.join(", ")).filter(|text| !text.is_empty()),
        ),
        (
            "groups",
            Some(groups.join(", ")).filter(|text| !text.is_empty()),
        ),
        ("home", home),
        ("shell", told(&user.shell)),
        ("password", Some(password.unwrap_or_else(unknown))),
        ("expires", Some(expires)),
        ("last login", Some(login.unwrap_or_else(unknown))),
        (
            "lingers",
            user.linger
                .then(|| "services run without a session".to_owned()),
        ),
        ("subuids", ranges(&user.subuids)),
        ("subgids", ranges(&user.subgids)),
    ];
    let filled = lines.into_iter();
    filled
        .filter_map(|(label, text)| Some((label, text?)))
        .collect()
}

fn ranges(ranges: &[IdRange]) -> Option<String> {
    let told: Vec<String> = ranges
        .iter()
        .map(|range| format!("{}-{}", range.first, range.last()))
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn session_in_words(session: &Session) -> String {
    let since = session
        .since
        .and_then(|at| jiff::Timestamp::from_second(at).ok());
    match since {
        Some(at) => format!(
            "{}, since {}",
            session.in_words(),
            at.strftime("%Y-%m-%d %H:%M UTC")
        ),
        None => session.in_words(),
    }
}

fn running(running: &Running) -> String {
    let mut told = counted(running.count.into(), "process", "processes");
    for cgroup in &running.cgroups {
        told += &format!("; {} in {}", cgroup.processes, cgroup.path);
    }
    told
}

fn jobs(jobs: &Jobs) -> String {
    let count = |number: Option<u32>, what: &str| match number {
        None => Some(format!("{what}: unknown")),
        Some(0) => None,
        Some(number) => Some(format!("{what}: {number}")),
    };
    let mut told: Vec<String> = count(jobs.crontab, "crontab entries")
        .into_iter()
        .chain(count(jobs.at, "at jobs"))
        .collect();
    told.extend(
        jobs.system
            .iter()
            .map(|cron| format!("{} line {}", cron.file, cron.line)),
    );
    if told.is_empty() {
        return "none".to_owned();
    }
    told.join("; ")
}

fn held(group: &HeldGroup) -> String {
    let name = group.group.as_ref().map_or_else(
        || format!("group {}", group.gid),
        |name| format!("group {name}"),
    );
    let processes = counted(group.processes.into(), "process", "processes");
    match group.held {
        Held::Still => format!("{name}: still held by {processes}, though no member any more"),
        Held::NotYet => format!("{name}: not yet held by {processes}; a new login has it"),
    }
}
