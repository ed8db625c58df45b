//! Units outside the slices of people that are one person's all the same: the servers that
//! JupyterHub's SystemdSpawner begins, services with `User=`. They stay where they are and have the
//! limits of their owner, who would have a way around them else.

use crate::policy::schema::{Guard, Treatment};

use super::wishes::{EACH, Ground, Setting, Someone, Wish, same, uid_of};

/// What every server of SystemdSpawner gets whose person has no other limits. systemd reads the
/// files of this name for every service whose own begins like it.
pub const EACH_SERVER: &str = "jupyter-.service";

/// A unit of one person that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Its name.
    pub unit: String,
    /// Whose.
    pub uid: u32,
}

/// Whether a name stands for many units, and for none by itself.
#[must_use]
pub fn is_pattern(unit: &str) -> bool {
    unit == EACH || unit == EACH_SERVER
}

/// The name under which a unit gets what its person does not have for themselves.
#[must_use]
pub fn pattern_of(unit: &str) -> Option<&'static str> {
    let server = |unit: &str| unit.starts_with("jupyter-") && unit.ends_with(".service");
    if uid_of(unit).is_some() {
        Some(EACH)
    } else {
        (server(unit) && unit != EACH_SERVER).then_some(EACH_SERVER)
    }
}

/// Settings that last and settings that end by themselves.
pub(super) type Both<'a> = (&'a [Setting], &'a [Setting]);

/// What is wished of every server without wishes of its own; none without a spawner here, or where
/// the policy has the guard do something else about them.
pub(super) fn each(ground: &Ground, guard: &Guard, (keeps, until): Both<'_>) -> Option<Wish> {
    let is_wished = !keeps.is_empty() || !until.is_empty();
    (covers(ground, guard) && is_wished).then(|| Wish {
        unit: EACH_SERVER.to_owned(),
        whose: "every notebook server of a person".to_owned(),
        keeps: keeps.to_vec(),
        until: (!until.is_empty()).then(|| until.to_vec()),
    })
}

fn covers(ground: &Ground, guard: &Guard) -> bool {
    ground.spawner && guard.treatment(EACH_SERVER) == Treatment::Leave
}

/// What is wished of the units of one person, who wishes `own`, where everybody has `all`.
pub(super) fn of(
    one: &Someone,
    ground: &Ground,
    guard: &Guard,
    own: Both<'_>,
    all: Both<'_>,
) -> Vec<Wish> {
    let covered = covers(ground, guard);
    let theirs = ground.owned.iter().filter(|owned| owned.uid == one.uid);
    let mut units: Vec<String> = theirs.map(|owned| owned.unit.clone()).collect();
    let server = server_of(&one.name).filter(|_| covered);
    units.extend(server.filter(|server| ground.owned.iter().all(|owned| owned.unit != *server)));
    units.retain(|unit| guard.treatment(unit) != Treatment::Never);
    let wish = |unit: String| {
        let (keeps, until) = match pattern_of(&unit).filter(|_| covered) {
            Some(_) => (!same(own.0, all.0), !same(own.1, all.1)),
            None => (!own.0.is_empty(), !own.1.is_empty()),
        };
        (keeps || until).then(|| Wish {
            unit,
            whose: one.name.clone(),
            keeps: if keeps { own.0.to_vec() } else { Vec::new() },
            until: until.then(|| own.1.to_vec()),
        })
    };
    units.into_iter().filter_map(wish).collect()
}

/// What SystemdSpawner calls somebody's server, unless it was told otherwise.
fn server_of(name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    name.chars()
        .all(plain)
        .then(|| format!("jupyter-{name}-singleuser.service"))
}
