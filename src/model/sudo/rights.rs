//! What the rules mean for one person: every command that they speak of, whether it may run, as
//! whom, with a password or without, until when, and whether that amounts to root.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::danger::{self, Danger};
use super::ground::{Caller, Ground};
use super::matching::{self, Target, covers, decide, is_here, is_meant, runs_as};
use super::{Args, Bound, Change, Cmnd, Item, Name, Place, Setting, Spec, Tree, What, words};

/// Whether a right counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Now.
    Active,
    /// No longer; sudo lists it all the same.
    Expired,
    /// Not before its time.
    NotYet,
    /// Never: a later rule says otherwise.
    Overruled,
}

/// One command that somebody may or may not run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Right {
    /// The command, or `ALL`.
    pub command: String,
    /// Whether it may run, or is taken out of what may.
    pub allowed: bool,
    /// As whom, in words.
    #[serde(rename = "as")]
    pub target: String,
    /// Whether it may run as root.
    pub as_root: bool,
    /// Whether sudo asks for a password.
    pub password: bool,
    /// From when on.
    #[serde(serialize_with = "second")]
    pub from: Option<Timestamp>,
    /// Until when.
    #[serde(serialize_with = "second")]
    pub until: Option<Timestamp>,
    /// Whether it counts.
    pub state: State,
    /// How they come under the rule.
    pub through: String,
    /// Where the rule is written.
    pub place: Option<Place>,
    /// Why it amounts to root.
    pub root: Option<String>,
    /// What else should be known of it.
    pub note: Option<String>,
    /// All of it in a sentence.
    pub words: String,
    /// What it gives besides itself.
    #[serde(skip)]
    pub danger: Option<Danger>,
    /// Who besides root it runs as, by name.
    #[serde(skip)]
    pub targets: Vec<String>,
}

/// A moment in UTC, to the second.
#[expect(clippy::ref_option, reason = "serde hands over a reference")]
fn second<S: Serializer>(at: &Option<Timestamp>, out: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => out.collect_str(&at.strftime("%Y-%m-%dT%H:%M:%SZ")),
        None => out.serialize_none(),
    }
}

/// The superuser as a target.
#[must_use]
pub fn root() -> Caller {
    Caller {
        name: "root".to_owned(),
        uid: 0,
        groups: vec![("root".to_owned(), 0)],
    }
}

struct Entry<'a> {
    spec: &'a Spec,
    item: &'a Item<Cmnd>,
    place: Option<&'a Place>,
    through: &'a Name,
}

/// Everything the rules say of one person on this host, in the order of the rules.
#[must_use]
pub fn of(tree: &Tree, who: &Caller, ground: &Ground) -> Vec<Right> {
    let mut entries = Vec::new();
    for rule in &tree.rules {
        let Some(through) = matching::through(&rule.who, who, ground) else {
            continue;
        };
        if !is_here(&rule.hosts, ground) {
            continue;
        }
        for spec in &rule.specs {
            entries.extend(spec.commands.iter().map(|item| Entry {
                spec,
                item,
                place: rule.place.as_ref(),
                through,
            }));
        }
    }
    let root = root();
    let settings: Vec<&Setting> = tree.settings.iter().collect();
    (0..entries.len())
        .map(|at| right(&entries, at, who, &root, &settings, ground))
        .collect()
}

fn right(
    entries: &[Entry<'_>],
    at: usize,
    who: &Caller,
    root: &Caller,
    settings: &[&Setting],
    ground: &Ground,
) -> Right {
    let entry = &entries[at];
    let (spec, item) = (entry.spec, entry.item);
    let target = Target {
        user: Some(root),
        group: None,
    };
    let as_root = runs_as(spec, who, target, ground);
    let later = entries[at + 1..].iter().rev();
    let over = later
        .filter(|later| matching::in_time(later.spec, ground))
        .find(|later| includes(later, entry));
    let (not_before, until) = (spec.tags.not_before, spec.tags.not_after);
    let state = if until.is_some_and(|until| ground.now > until) {
        State::Expired
    } else if over.is_some_and(|over| over.item.negated != item.negated) {
        State::Overruled
    } else if not_before.is_some_and(|from| ground.now < from) {
        State::NotYet
    } else {
        State::Active
    };
    let said = over.map_or(spec.tags.password, |over| over.spec.tags.password);
    let asks = said.unwrap_or_else(|| {
        !matches!(
            switch(settings, "authenticate", who, as_root, &item.what, ground),
            Some(false)
        )
    });
    let danger = if item.negated {
        None
    } else {
        danger(spec, item, who, settings, ground)
    };
    let counts = state == State::Active && !item.negated;
    let group = spec
        .groups
        .iter()
        .flatten()
        .find_map(|one| match &one.what {
            Name::User(name) | Name::Group(name) if !one.negated => {
                crate::model::people::meaning::of(name).filter(|meaning| meaning.root)
            }
            _ => None,
        });
    let whole = danger.as_ref().filter(|danger| danger.whole);
    let why = match (whole, group) {
        (Some(danger), _) if counts && as_root => Some(danger.why.clone()),
        (Some(_), Some(meaning)) if counts => Some(format!("its group {}", meaning.says)),
        _ => None,
    };
    let note = danger.as_ref().filter(|danger| !danger.whole && counts);
    let mut right = Right {
        command: crate::base::text::printable(words::command(&item.what).as_bytes(), 2000),
        allowed: !item.negated,
        target: crate::base::text::printable(
            words::target(spec.users.as_deref(), spec.groups.as_deref()).as_bytes(),
            500,
        ),
        as_root,
        password: asks && who.uid != 0,
        from: not_before,
        until,
        state,
        through: crate::base::text::printable(words::through(entry.through).as_bytes(), 300),
        place: entry.place.cloned(),
        root: why,
        note: note.map(|danger| danger.why.clone()),
        words: String::new(),
        targets: targets(spec),
        danger,
    };
    right.words = words::sentence(&right);
    right
}

/// Whether a later entry speaks of everything that an earlier one does.
fn includes(later: &Entry<'_>, earlier: &Entry<'_>) -> bool {
    let command = match (&later.item.what.what, &earlier.item.what.what) {
        (What::All, _) => true,
        (What::Run(path, Args::Any), What::Run(own, _)) => path == own,
        (What::Edit(Args::Any), What::Edit(_)) => true,
        (later, earlier) => later == earlier,
    };
    let plain = |list: &Option<Vec<Item<Name>>>| {
        matches!(
            list.as_deref(),
            Some([Item {
                what: Name::All,
                negated: false
            }])
        )
    };
    let users = later.spec.users == earlier.spec.users || plain(&later.spec.users);
    let groups = later.spec.groups == earlier.spec.groups
        || earlier.spec.groups.is_none()
        || plain(&later.spec.groups);
    // Of a file with another content a rule with a digest says nothing.
    command && users && groups && later.item.what.digests == 0
}

fn targets(spec: &Spec) -> Vec<String> {
    let listed = spec.users.iter().flatten().filter(|item| !item.negated);
    let names = listed.filter_map(|item| match &item.what {
        Name::User(name) if !name.is_empty() => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

fn danger(
    spec: &Spec,
    item: &Item<Cmnd>,
    who: &Caller,
    settings: &[&Setting],
    ground: &Ground,
) -> Option<Danger> {
    let own = danger::of(&item.what, who, ground);
    if own.as_ref().is_some_and(|danger| danger.whole) {
        return own;
    }
    let runs = matches!(item.what.what, What::Run(..));
    let set = spec
        .tags
        .setenv
        .or_else(|| switch(settings, "setenv", who, true, &item.what, ground));
    if runs && set == Some(true) {
        return Some(Danger {
            whole: true,
            why: "SETENV lets LD_PRELOAD be given, which runs any code".to_owned(),
        });
    }
    if runs && let Some(kept) = kept(settings, who, &item.what, ground) {
        return Some(Danger {
            whole: true,
            why: format!("env_keep keeps {kept}, which runs any code"),
        });
    }
    own
}

/// Whether a setting is about this call.
fn applies(setting: &Setting, who: &Caller, as_root: bool, what: &Cmnd, ground: &Ground) -> bool {
    match &setting.bound {
        Bound::Always => true,
        Bound::Users(list) => decide(list, |name| is_meant(name, who, ground)) == Some(true),
        Bound::Hosts(list) => is_here(list, ground),
        Bound::Targets(list) => {
            as_root && decide(list, |name| is_meant(name, &root(), ground)) == Some(true)
        }
        Bound::Commands(list) => {
            let hit = |own: &Cmnd| match &what.what {
                What::Run(path, _) => covers(&own.what, path, "", ground),
                other => own.what == *other,
            };
            decide(list, hit) == Some(true)
        }
    }
}

/// What a switch is for this call; `None` where nothing sets it.
fn switch(
    settings: &[&Setting],
    name: &str,
    who: &Caller,
    as_root: bool,
    what: &Cmnd,
    ground: &Ground,
) -> Option<bool> {
    let about = settings.iter().filter(|setting| setting.name == name);
    let last = about
        .rev()
        .find(|setting| applies(setting, who, as_root, what, ground))?;
    Some(last.change == Change::Set)
}

/// A variable that is kept and should not be.
fn kept(settings: &[&Setting], who: &Caller, what: &Cmnd, ground: &Ground) -> Option<String> {
    let mut kept: Vec<&str> = Vec::new();
    let about = settings.iter().filter(|setting| setting.name == "env_keep");
    for setting in about.filter(|setting| applies(setting, who, true, what, ground)) {
        let names = setting.value.split_whitespace();
        match setting.change {
            Change::Set => kept = names.collect(),
            Change::Add => kept.extend(names),
            Change::Remove => {
                let gone: Vec<&str> = names.collect();
                kept.retain(|name| !gone.contains(name));
            }
            Change::Off => kept.clear(),
        }
    }
    let named = kept
        .iter()
        .map(|name| name.split('=').next().unwrap_or(name));
    let mut loaders = named.filter(|name| danger::is_loader(name));
    loaders.next().map(str::to_owned)
}
