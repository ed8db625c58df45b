//! Rights in plain words, the same for every face.

use jiff::Timestamp;

use super::rights::{Right, State};
use super::{Args, Cmnd, Item, Name, What};

/// A command as a person would type it.
#[must_use]
pub fn command(command: &Cmnd) -> String {
    let args = |program: &str, args: &Args| match args {
        Args::Any => program.to_owned(),
        Args::Empty => format!("{program} \"\""),
        Args::Are(args) => format!("{program} {args}"),
    };
    match &command.what {
        What::All => "ALL".to_owned(),
        What::Run(path, given) => args(path, given),
        What::Edit(given) => args("sudoedit", given),
        What::List => "list".to_owned(),
        What::Alias(name) => name.clone(),
    }
}

/// A name as sudoers has it.
#[must_use]
pub fn name(name: &Name) -> String {
    match name {
        Name::All => "ALL".to_owned(),
        Name::User(name) | Name::Alias(name) => name.clone(),
        Name::Uid(uid) => format!("#{uid}"),
        Name::Group(group) => format!("%{group}"),
        Name::Gid(gid) => format!("%#{gid}"),
        Name::Netgroup(net) => format!("+{net}"),
        Name::Foreign(name) => format!("%:{name}"),
    }
}

/// A list of names as sudoers has it.
#[must_use]
pub fn names(list: &[Item<Name>]) -> String {
    let words = list.iter().map(|item| {
        let not = if item.negated { "!" } else { "" };
        format!("{not}{}", name(&item.what))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// How somebody comes under a rule.
#[must_use]
pub fn through(by: &Name) -> String {
    match by {
        Name::All => "like everybody".to_owned(),
        Name::User(_) | Name::Uid(_) | Name::Alias(_) => "by name".to_owned(),
        Name::Group(group) => format!("as member of {group}"),
        Name::Gid(gid) => format!("as member of gid {gid}"),
        Name::Netgroup(net) => format!("as member of the netgroup {net}"),
        Name::Foreign(name) => format!("as member of {name}"),
    }
}

/// A moment in UTC: the day alone where it is midnight.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    let midnight = at.as_second().rem_euclid(86_400) == 0;
    let form = if midnight {
        "%-d %B %Y"
    } else {
        "%-d %B %Y %H:%M UTC"
    };
    at.strftime(form).to_string()
}

/// As whom: `root`, `anybody`, `postgres or mysql`, `themselves with the group docker`.
#[must_use]
pub fn target(users: Option<&[Item<Name>]>, groups: Option<&[Item<Name>]>) -> String {
    let word = |item: &Item<Name>| {
        let text = match &item.what {
            Name::All => "anybody".to_owned(),
            Name::User(name) if name.is_empty() => "themselves".to_owned(),
            Name::Uid(0) => "root".to_owned(),
            other => name(other),
        };
        if item.negated {
            format!("not {text}")
        } else {
            text
        }
    };
    let list = |items: &[Item<Name>]| {
        let words: Vec<String> = items.iter().map(word).collect();
        words.join(" or ")
    };
    let user = match (users, groups) {
        (None, None) => "root".to_owned(),
        (None, Some(_)) => "themselves".to_owned(),
        (Some(users), _) => list(users),
    };
    match groups {
        None => user,
        Some(
            [
                Item {
                    what: Name::All,
                    negated: false,
                },
            ],
        ) => format!("{user}, with any group"),
        Some(groups) => format!("{user}, with the group {}", list(groups)),
    }
}

/// One right in a sentence without its subject.
#[must_use]
pub fn sentence(right: &Right) -> String {
    let what = if right.command == "ALL" {
        "everything".to_owned()
    } else if right.command == "list" {
        "`sudo -l` for others".to_owned()
    } else {
        format!("`{}`", right.command)
    };
    let (user, not) = (&right.target, if right.allowed { "" } else { " not" });
    let mut text = format!("may{not} run {what} as {user}");
    if right.allowed {
        text += if right.password {
            ", asked for a password"
        } else {
            ", without a password"
        };
    }
    match right.state {
        State::NotYet => {
            if let Some(from) = right.from {
                text += &format!(", not before {}", moment(from));
            }
        }
        State::Expired => {
            if let Some(until) = right.until {
                text += &format!("; expired {}", moment(until));
            }
            return text;
        }
        State::Active | State::Overruled => {}
    }
    if let Some(until) = right.until {
        text += &format!(", until {}", moment(until));
    }
    if right.state == State::Overruled {
        text += "; a later rule takes it back";
    }
    text
}
