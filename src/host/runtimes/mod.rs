//! R and Python on this host and in people's homes, found by looking. Only interpreters of root's
//! are ever run, as nobody; a home is looked at with its owner's rights and nothing in it is run.

mod asked;
mod ground;
pub(crate) mod homes;
mod pointers;
pub mod present;
mod python;
mod r;
mod running;

use std::sync::Mutex;
use std::time::Duration;

use crate::base::hostile::Hostile;
use crate::base::units::Nanos;
use crate::model::people::Person;
use crate::model::runtimes::version::Version;
use crate::model::runtimes::{
    Found, Language, Origin, Place, PointerOf, Runs, Runtime, Runtimes, ends,
};

use super::as_user::{Answer, Errands, Job};
use super::clock;
use super::credentials::Credentials;
use super::patience::within;
use super::root::Root;

use ground::Ground;

/// How long the host's own places are looked at: one may be on a file server that is gone.
const LOOK: Duration = Duration::from_secs(30);
/// How long homes are looked at, all of them together, and one.
const HOMES: Duration = Duration::from_secs(20);
const HOME: Duration = Duration::from_secs(5);
/// How many homes are looked at at once.
const AT_ONCE: usize = 8;

/// Everything of the host's, and of these people's homes.
#[must_use]
pub fn find(root: &Root, people: &[&Person]) -> Runtimes {
    let mut all = found(root, true);
    for (owner, place) in in_homes(root, people) {
        let answers = place.found.iter().map(|_| NOT_RUN).collect();
        add(&mut all, place, Some(&owner), answers);
    }
    sort(&mut all);
    all
}

/// The host's own, without sizes: what a plan has to know.
#[must_use]
pub fn find_hosts(root: &Root) -> Runtimes {
    let mut all = found(root, false);
    sort(&mut all);
    all
}

fn found(root: &Root, sizes: bool) -> Runtimes {
    let host = root.clone();
    let place = within(LOOK, move || of_host(&host, sizes));
    let place = place.unwrap_or_else(|| Place {
        partial: vec!["a file system with interpreters does not answer".to_owned()],
        ..Place::default()
    });
    let answers = asked::all(root, &place.found);
    let mut all = Runtimes {
        ends_of: ends::table_date(),
        runtimes: Vec::new(),
        pointers: Vec::new(),
        broken: Vec::new(),
        partial: Vec::new(),
    };
    add(&mut all, place, None, answers);
    all
}

/// R first, the host's before people's, the newest first.
fn sort(all: &mut Runtimes) {
    all.runtimes.sort_by(|one, other| {
        let key = |one: &Runtime| (one.language, one.owner.clone());
        let newest = |one: &Runtime| one.version.clone();
        key(one)
            .cmp(&key(other))
            .then_with(|| newest(other).cmp(&newest(one)))
            .then_with(|| one.path.cmp(&other.path))
    });
}

/// Who of these people runs which of them now.
pub fn in_use(root: &Root, all: &mut Runtimes, people: &[&Person]) {
    let people: Vec<_> = people
        .iter()
        .map(|one| (one.uid, one.name.clone()))
        .collect();
    running::add(root, &mut all.runtimes, &people);
}

/// Whether RStudio Server is here.
#[must_use]
pub fn has_rstudio(root: &Root) -> bool {
    root.is_dir("/etc/rstudio") || root.is_dir("/usr/lib/rstudio-server")
}

const NOT_RUN: Runs = Runs::NotAsked("what lies in a home is never run");

fn add(all: &mut Runtimes, place: Place, owner: Option<&Hostile>, answers: Vec<Runs>) {
    let found = place.found.into_iter().zip(answers);
    all.runtimes
        .extend(found.map(|(found, runs)| Runtime::new(found, owner, runs)));
    let pointers = place.pointers.into_iter();
    all.pointers
        .extend(pointers.map(|pointer| PointerOf::new(pointer, owner)));
    all.partial
        .extend(place.partial.into_iter().map(Hostile::from));
}

/// The host's own places.
fn of_host(root: &Root, sizes: bool) -> Place {
    let mut place = Place::default();
    let Some(mut ground) = Ground::host(root) else {
        return place;
    };
    if !sizes {
        ground = ground.without_sizes();
    }
    let has_rig = ground.real("/usr/local/bin/rig").is_some();
    let opt_r = if has_rig { Origin::Rig } else { Origin::Opt };
    let below = |dir: &str| -> Vec<String> {
        let names = ground.names(dir).unwrap_or_default();
        names.iter().map(|name| format!("{dir}/{name}")).collect()
    };
    let is_link = |dir: &String| ground.link(dir).is_some();
    let mut r_dirs = vec![
        ("/usr/lib/R".to_owned(), Origin::Distribution),
        ("/usr/lib64/R".to_owned(), Origin::Distribution),
        ("/usr/local".to_owned(), Origin::Local),
        ("/opt/local".to_owned(), Origin::Local),
    ];
    let own = |dirs: Vec<String>, origin: Origin| {
        let dirs = dirs.into_iter().filter(|dir| !is_link(dir));
        dirs.map(|dir| (dir, origin)).collect::<Vec<_>>()
    };
    r_dirs.extend(own(below("/opt/R"), opt_r));
    r_dirs.extend(own(below("/opt/local/R"), Origin::Local));
    let named = pointers::r_versions(&ground).into_iter();
    r_dirs.extend(named.map(|dir| (dir, Origin::Opt)));
    let r = r_dirs.iter();
    place
        .found
        .extend(r.filter_map(|(dir, origin)| r::at(&ground, dir, *origin)));

    place
        .found
        .extend(python::named(&ground, "/usr/bin", Origin::Distribution));
    place
        .found
        .extend(python::named(&ground, "/usr/local/bin", Origin::Local));
    let mut python_dirs = own(below("/opt/python"), Origin::Opt);
    for dir in [
        "/opt/pyenv/versions",
        "/usr/local/pyenv/versions",
        "/root/.pyenv/versions",
    ] {
        python_dirs.extend(own(below(dir), Origin::Pyenv));
    }
    let uv = below("/root/.local/share/uv/python");
    python_dirs.extend(own(uv, Origin::Uv));
    for dir in own(below("/opt"), Origin::Conda) {
        let is = |file: &str| ground.real(&format!("{}/{file}", dir.0)).is_some();
        if is("conda-meta") {
            let envs = own(below(&format!("{}/envs", dir.0)), Origin::Conda);
            let all = std::iter::once(dir).chain(envs);
            for (dir, origin) in all {
                place.found.extend(r::at(&ground, &dir, origin));
                python_dirs.push((dir, origin));
            }
        } else if is("pyvenv.cfg") {
            python_dirs.push((dir.0, Origin::Venv));
        }
    }
    let python = python_dirs.iter();
    place
        .found
        .extend(python.filter_map(|(dir, origin)| python::at(&ground, dir, *origin)));
    homes::once(&mut place);
    same_prefix(&mut place.found);
    for dir in ["/usr/local/bin", "/usr/bin"] {
        place.pointers.extend(pointers::commands(&ground, dir));
    }
    for (dir, language) in [("/opt/R", Language::R), ("/opt/python", Language::Python)] {
        place
            .pointers
            .extend(pointers::aliases(&ground, dir, language));
    }
    for dir in [
        "/usr/local/share/jupyter/kernels",
        "/usr/share/jupyter/kernels",
    ] {
        place.pointers.extend(pointers::kernels(&ground, dir));
    }
    place.pointers.extend(pointers::rstudio(&ground));
    place
}

/// R that is named twice, by its prefix and by its home, is one.
fn same_prefix(found: &mut Vec<Found>) {
    let mut seen: Vec<(Language, String, Option<Version>)> = Vec::new();
    found.retain(|found| {
        let key = (found.language, found.prefix.clone(), found.version.clone());
        let is_r = found.language == Language::R;
        let new = !is_r || !seen.contains(&key);
        seen.push(key);
        new
    });
}

/// What people have in their homes, several at a time.
fn in_homes(root: &Root, people: &[&Person]) -> Vec<(Hostile, Place)> {
    let until = clock::after(HOMES);
    let next = Mutex::new(people.iter());
    let all = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(people.len()) {
            scope.spawn(|| {
                loop {
                    let person = next.lock().ok().and_then(|mut next| next.next());
                    let Some(person) = person else {
                        return;
                    };
                    let Some(place) = in_home(root, person, until) else {
                        continue;
                    };
                    if let Ok(mut all) = all.lock() {
                        all.push((Hostile::from(person.shown()), person.uid, place));
                    }
                }
            });
        }
    });
    let mut all = all.into_inner().unwrap_or_default();
    all.sort_by_key(|(_, uid, _)| *uid);
    all.into_iter()
        .map(|(name, _, place)| (name, place))
        .collect()
}

/// What one person has; `None` where there is no home.
fn in_home(root: &Root, person: &Person, until: Nanos) -> Option<Place> {
    let home = person.home.as_ref()?.raw();
    let is_one = home.starts_with('/') && home.trim_end_matches('/').len() > 1;
    let name = person.name.as_ref().filter(|_| is_one)?.raw().to_owned();
    let unseen = |why: String| {
        Some(Place {
            partial: vec![format!("the home of {name}: {why}")],
            ..Place::default()
        })
    };
    if !root.is_live() {
        let flags = rustix::fs::OFlags::PATH
            | rustix::fs::OFlags::DIRECTORY
            | rustix::fs::OFlags::NOFOLLOW
            | rustix::fs::OFlags::CLOEXEC;
        let mode = rustix::fs::Mode::empty();
        let dir = rustix::fs::open(root.path(home), flags, mode).ok()?;
        return Some(homes::look(dir, home));
    }
    let me = rustix::process::geteuid();
    if !me.is_root() && me.as_raw() != person.uid.0 {
        return unseen("only root, or its owner, may look".to_owned());
    }
    let left = clock::until(until);
    if left.is_zero() {
        return unseen("there was no time left for it".to_owned());
    }
    let gid = person.gid?.0;
    let who = Credentials {
        name: name.clone(),
        uid: person.uid,
        gid,
        groups: vec![gid],
    };
    let job = Job::FindRuntimes {
        home: home.to_owned(),
    };
    match Errands::within(HOME.min(left)).run(&who, job) {
        Ok(Answer::Runtimes(place)) => Some(place),
        Ok(_) => unseen("it was answered with something else".to_owned()),
        Err(error) if error.is_no_home() => None,
        Err(error) => unseen(error.to_string()),
    }
}
