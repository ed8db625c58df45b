//! Python, found by its files.

use crate::model::runtimes::version::Version;
use crate::model::runtimes::{Found, Language, Library, Origin, broken, parse};

use super::ground::{Ground, Leads, Real};
use super::r::why_no_program;

/// Longer than any `pyvenv.cfg` or `patchlevel.h`.
const LONGEST: u64 = 64 << 10;

/// Python in a directory of its own; `None` where nothing looks like one.
pub(super) fn at(ground: &Ground, dir: &str, origin: Origin) -> Option<Found> {
    let venv = ground.text(&format!("{dir}/pyvenv.cfg"), LONGEST);
    let path = ["python3", "python"]
        .iter()
        .map(|name| format!("{dir}/bin/{name}"))
        .find(|path| ground.has(path))?;
    let leads = ground.leads(&path);
    let mut broken_ = Vec::new();
    let name = dir.rsplit('/').next().unwrap_or_default();
    let (mut version, origin) = match &venv {
        Some(text) => {
            let (home, version) = parse::pyvenv(text);
            if let Some(home) = home
                && matches!(ground.leads(&home), Leads::Nowhere(_))
            {
                broken_.push(format!("its pyvenv.cfg says {home}, which is not there"));
            }
            (version, Origin::Venv)
        }
        None => (of_files(ground, dir, &leads), origin),
    };
    if venv.is_none() {
        let called = parse::directory(name);
        broken_.extend(broken::misnamed(dir, called.as_ref(), version.as_ref()));
        // A name that says more of the same is believed.
        if let Some(called) = called
            && version
                .as_ref()
                .is_none_or(|version| version.begins(&called))
        {
            version = Some(called);
        }
    }
    let (real, roots, open) = match leads {
        Leads::To(ref real) if real.is_program() => (real.path.clone(), real.roots, real.open),
        // The interpreter of a virtual environment is another one's.
        Leads::Out(to) if origin == Origin::Venv => (to, false, false),
        other => {
            broken_.push(format!("{path} {}", why_no_program(&other)));
            (path.clone(), false, false)
        }
    };
    let minor = version.as_ref().map(Version::minor);
    Some(Found {
        language: Language::Python,
        version,
        path,
        real,
        script: None,
        prefix: dir.to_owned(),
        origin,
        built: None,
        size: ground.size(dir),
        libraries: libraries(ground, &[&format!("{dir}/lib")], minor.as_ref()),
        roots,
        open,
        broken: broken_,
    })
}

/// Interpreters by name in a directory of programs, each once under its fullest name.
pub(super) fn named(ground: &Ground, dir: &str, origin: Origin) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    let names = ground.names(dir).unwrap_or_default();
    // The longest name first: python3.11 before python3.
    let mut names: Vec<&String> = names
        .iter()
        .filter(|name| parse::python_name(name).is_some())
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in names {
        let path = format!("{dir}/{name}");
        let Some(real) = ground.real(&path).filter(Real::is_program) else {
            continue;
        };
        // A link to an interpreter elsewhere leads to that one, which is found there.
        let below = dir.strip_suffix("/bin").unwrap_or(dir);
        let elsewhere = !real.path.starts_with(&format!("{below}/"));
        if elsewhere || all.iter().any(|found| found.real == real.path) {
            continue;
        }
        let called = parse::python_name(name);
        let version = exact(ground, below, called.clone());
        let minor = version.as_ref().map(Version::minor);
        let home = minor
            .as_ref()
            .map(|minor| format!("{below}/lib/python{minor}"));
        let libs = [format!("{below}/lib"), format!("{below}/local/lib")];
        let libs = [libs[0].as_str(), libs[1].as_str()];
        let mut libraries = libraries(ground, &libs, minor.as_ref());
        // Those of packages of the distribution serve every minor version.
        libraries.extend(library(
            ground,
            format!("{below}/lib/python3/dist-packages"),
        ));
        all.push(Found {
            language: Language::Python,
            path,
            real: real.path,
            script: None,
            prefix: below.to_owned(),
            origin,
            built: None,
            size: home.as_deref().and_then(|home| ground.size(home)),
            libraries,
            roots: real.roots,
            open: real.open,
            broken: match &home {
                Some(home) if !ground.is_dir(home) && called.is_some_and(|v| v.len() > 1) => {
                    vec![format!("{home}, its standard library, is missing")]
                }
                _ => Vec::new(),
            },
            version,
        });
    }
    all
}

/// What the files of a prefix say.
fn of_files(ground: &Ground, dir: &str, leads: &Leads) -> Option<Version> {
    let records = ground.names(&format!("{dir}/conda-meta"));
    let records = records.unwrap_or_default();
    let conda = records
        .iter()
        .find_map(|name| parse::conda_record(name, "python"));
    if conda.is_some() {
        return conda;
    }
    let by_name = match leads {
        Leads::To(real) => parse::python_name(real.path.rsplit('/').next()?),
        _ => None,
    };
    let by_name = by_name.filter(|version| version.len() > 1).or_else(|| {
        let names = ground.names(&format!("{dir}/lib"))?;
        let versions = names.iter().filter_map(|name| parse::python_name(name));
        versions.filter(|version| version.len() > 1).max()
    });
    exact(ground, dir, by_name)
}

/// The version in the header of a minor version, where it is the same.
fn exact(ground: &Ground, prefix: &str, version: Option<Version>) -> Option<Version> {
    let version = version?;
    let header = format!("{prefix}/include/python{}/patchlevel.h", version.minor());
    let told = ground.text(&header, LONGEST);
    let told = told.and_then(|text| parse::patchlevel(&text));
    told.filter(|told| version.begins(told)).or(Some(version))
}

fn libraries(ground: &Ground, libs: &[&str], minor: Option<&Version>) -> Vec<Library> {
    let Some(minor) = minor else {
        return Vec::new();
    };
    let kinds = ["site-packages", "dist-packages"];
    let paths = libs
        .iter()
        .flat_map(|lib| kinds.map(|kind| format!("{lib}/python{minor}/{kind}")));
    paths.filter_map(|path| library(ground, path)).collect()
}

fn library(ground: &Ground, path: String) -> Option<Library> {
    let is_package = |is_file: &dyn Fn(&str) -> bool, name: &str| {
        name.ends_with(".egg-info")
            || (name.ends_with(".dist-info") && is_file(&format!("{name}/METADATA")))
    };
    ground.is_dir(&path).then(|| Library {
        packages: ground.count(&path, is_package),
        path,
    })
}
