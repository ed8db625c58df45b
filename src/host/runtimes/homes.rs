//! R, Python and kernels that people have in their homes. What lies there is theirs: it is looked
//! at with their rights, links out of the home are not followed, and nothing of it is ever run.

use std::os::fd::OwnedFd;

use crate::model::runtimes::{Origin, Place};

use super::ground::Ground;
use super::{pointers, python, r};

/// More of one kind than this are not looked at.
const MOST: usize = 50;
/// Where conda is installed by those who install it for themselves.
pub(super) const CONDAS: [&str; 5] = [
    "miniconda3",
    "miniforge3",
    "mambaforge",
    "anaconda3",
    "micromamba",
];

/// Everything in a home that was opened.
pub(crate) fn look(dir: OwnedFd, home: &str) -> Place {
    let ground = Ground::home(dir, home);
    let mut place = Place::default();
    let mut all = |dir: &str, origin: Origin| {
        let dir = ground.at(dir);
        let names = ground.names(&dir).unwrap_or_default();
        let more = names.len().saturating_sub(MOST);
        if more > 0 {
            let told = format!("{dir}: {more} entries more are not looked at");
            place.partial.push(told);
        }
        for name in names.iter().take(MOST) {
            let dir = format!("{dir}/{name}");
            place.found.extend(python::at(&ground, &dir, origin));
            place.found.extend(r::at(&ground, &dir, origin));
        }
    };
    all(".pyenv/versions", Origin::Pyenv);
    all(".local/share/uv/python", Origin::Uv);
    all("opt/R", Origin::Own);
    all("opt/python", Origin::Own);
    all(".conda/envs", Origin::Conda);
    for conda in CONDAS {
        all(&format!("{conda}/envs"), Origin::Conda);
    }
    for conda in CONDAS {
        let dir = ground.at(conda);
        place.found.extend(python::at(&ground, &dir, Origin::Conda));
        place.found.extend(r::at(&ground, &dir, Origin::Conda));
    }
    let local = ground.at(".local");
    place.found.extend(r::at(&ground, &local, Origin::Own));
    let bin = ground.at(".local/bin");
    place
        .found
        .extend(python::named(&ground, &bin, Origin::Own));
    place.pointers.extend(pointers::commands(&ground, &bin));
    let kernels = ground.at(".local/share/jupyter/kernels");
    place.pointers.extend(pointers::kernels(&ground, &kernels));
    once(&mut place);
    place
}

/// What has several names, as pyenv gives `3.12` beside `3.12.1`, is one.
pub(super) fn once(place: &mut Place) {
    let mut seen = Vec::new();
    place.found.retain(|found| {
        let key = (found.language, found.prefix.clone(), found.real.clone());
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;
    use crate::model::runtimes::Language;
    use rustix::fs::{CWD, Mode, OFlags, openat};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    fn program(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn looked_at(home: &Path) -> Place {
        let dir = openat(CWD, home, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        look(dir, "/home/ada")
    }

    #[test]
    fn what_people_install_for_themselves_is_found_and_told_apart() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        program(&at(".pyenv/versions/3.12.1/bin/python3.12"), "");
        symlink("python3.12", at(".pyenv/versions/3.12.1/bin/python3")).unwrap();
        let uv = ".local/share/uv/python/cpython-3.13.0-linux-x86_64-gnu";
        program(&at(&format!("{uv}/bin/python3.13")), "");
        symlink("python3.13", at(&format!("{uv}/bin/python3"))).unwrap();
        program(&at("miniconda3/envs/stats/bin/python3"), "");
        let meta = "miniconda3/envs/stats/conda-meta/python-3.11.7-h1_0.json";
        program(&at(meta), "{}");
        let found = looked_at(home.path()).found;
        let told: Vec<(Origin, String)> = found
            .iter()
            .map(|found| (found.origin, found.version.as_ref().unwrap().to_string()))
            .collect();
        assert_eq!(
            told,
            [
                (Origin::Pyenv, "3.12.1".to_owned()),
                (Origin::Uv, "3.13.0".to_owned()),
                (Origin::Conda, "3.11.7".to_owned()),
            ]
        );
        assert!(found.iter().all(|found| found.language == Language::Python));
        assert_eq!(
            found[0].real,
            "/home/ada/.pyenv/versions/3.12.1/bin/python3.12"
        );
        assert!(
            found.iter().all(|found| !found.roots),
            "a home is not root's"
        );
    }

    #[test]
    fn traps_in_a_home_lead_nowhere() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        std::fs::create_dir_all(at(".pyenv/versions/3.9.9/bin")).unwrap();
        std::fs::create_dir_all(at(".local/share/uv")).unwrap();
        std::fs::create_dir_all(at(".local/share/jupyter/kernels/trap")).unwrap();
        // A link out of the home, in the way of everything below it.
        symlink("/usr", at(".pyenv/versions/3.10.1")).unwrap();
        symlink("/", at(".local/share/uv/python")).unwrap();
        let mode = Mode::from_raw_mode(0o600);
        let pipe = at(".pyenv/versions/3.9.9/bin/python3");
        rustix::fs::mkfifoat(CWD, &pipe, mode).unwrap();
        let pipe = at(".local/share/jupyter/kernels/trap/kernel.json");
        rustix::fs::mkfifoat(CWD, &pipe, mode).unwrap();
        let place = looked_at(home.path());
        let all: Vec<&str> = place
            .found
            .iter()
            .map(|found| found.path.as_str())
            .collect();
        assert!(
            all.iter().all(|path| path.starts_with("/home/ada/.pyenv/")),
            "{all:?}"
        );
        let pipe = place
            .found
            .iter()
            .find(|found| found.prefix.ends_with("3.9.9"));
        assert!(
            pipe.unwrap().broken[0].contains("is no program"),
            "{pipe:?}"
        );
        assert_eq!(place.pointers.len(), 1);
        assert!(place.pointers[0].real.is_none());
    }

    #[test]
    fn only_so_many_are_looked_at_and_the_rest_is_told() {
        let home = tempfile::tempdir().unwrap();
        for number in 0..MOST + 3 {
            let dir = home.path().join(format!(".pyenv/versions/3.12.{number}"));
            std::fs::create_dir_all(dir).unwrap();
        }
        let told = looked_at(home.path()).partial;
        assert_eq!(
            told,
            ["/home/ada/.pyenv/versions: 3 entries more are not looked at"]
        );
    }
}
