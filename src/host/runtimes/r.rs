//! R, found by its files.

use crate::model::runtimes::version::Version;
use crate::model::runtimes::{Found, Language, Library, Origin, broken, parse};

use super::ground::{Ground, Leads, Real};

/// Longer than any `DESCRIPTION`, `Renviron` or start script.
const LONGEST: u64 = 64 << 10;

/// R in a directory that is `R_HOME`, or has one in its `lib`; `None` where there is none.
pub(super) fn at(ground: &Ground, dir: &str, origin: Origin) -> Option<Found> {
    let homes = ["lib/R", "lib64/R", ""].map(|below| match below {
        "" => dir.to_owned(),
        below => format!("{dir}/{below}"),
    });
    let home = homes
        .iter()
        .find(|home| ground.is_dir(&format!("{home}/library/base")))?;
    Some(in_home(ground, dir, home, origin))
}

fn in_home(ground: &Ground, dir: &str, home: &str, origin: Origin) -> Found {
    let mut broken_ = Vec::new();
    let description = ground.text(&format!("{home}/library/base/DESCRIPTION"), LONGEST);
    let description = description.unwrap_or_default();
    let version = parse::dcf(&description, "Version").and_then(|text| Version::parse(&text));
    if version.is_none() {
        broken_.push(format!("{home}/library/base/DESCRIPTION tells no version"));
    }
    // Where it was installed with a front of its own, that is what people call.
    let front = format!("{dir}/bin/R");
    let own = format!("{home}/bin/R");
    let is_program = |path: &str| ground.real(path).is_some_and(|real| real.is_program());
    let path = match is_program(&front) {
        true => front,
        false => own,
    };
    let real_home = ground
        .real(home)
        .map_or_else(|| home.to_owned(), |real| real.path);
    let (real, mut roots, mut open) = match ground.leads(&path) {
        Leads::To(real) if real.is_program() => {
            if let Some(why) = lies(ground, &path, &real_home) {
                broken_.push(why);
            }
            (real.path, real.roots, real.open)
        }
        other => {
            broken_.push(format!("{path} {}", why_no_program(&other)));
            (path.clone(), false, false)
        }
    };
    let beside = |path: &str| path.strip_suffix("/R").map(|dir| format!("{dir}/Rscript"));
    let scripts = [beside(&path), Some(format!("{home}/bin/Rscript"))];
    let script = scripts.into_iter().flatten().find(|path| is_program(path));
    let program = format!("{home}/bin/exec/R");
    match ground.real(&program) {
        Some(found) if found.is_program() => {
            roots &= found.roots;
            open &= found.open;
        }
        _ => broken_.push(format!("{program}, the program itself, is missing")),
    }
    let name = dir.rsplit('/').next().unwrap_or_default();
    broken_.extend(broken::misnamed(
        dir,
        parse::directory(name).as_ref(),
        version.as_ref(),
    ));
    Found {
        language: Language::R,
        built: parse::built(&description),
        size: ground.size(home),
        libraries: libraries(ground, home, version.as_ref()),
        version,
        path,
        real,
        script,
        prefix: real_home,
        origin,
        roots,
        open,
        broken: broken_,
    }
}

/// What is wrong with where the start script says that R is.
fn lies(ground: &Ground, path: &str, real_home: &str) -> Option<String> {
    let told = parse::r_home_dir(&ground.text(path, LONGEST)?)?;
    match ground.leads(&told) {
        Leads::To(real) if real.path == real_home => None,
        Leads::To(_) | Leads::Out(_) => Some(format!(
            "{path} says R_HOME_DIR={told}, and lies in {real_home}"
        )),
        Leads::Nowhere(_) | Leads::Cannot(_) => {
            Some(format!("{path} says R_HOME_DIR={told}, which is not there"))
        }
    }
}

/// Why a path is no program, in words that follow it.
pub(super) fn why_no_program(leads: &Leads) -> String {
    match leads {
        Leads::To(real) if real.is_dir() => "is a directory".to_owned(),
        Leads::To(_) => "is no program that can be executed".to_owned(),
        Leads::Nowhere(at) => format!("leads to {at}, which is not there"),
        Leads::Out(to) => format!("leads to {to}, out of the home"),
        Leads::Cannot(why) => format!("cannot be looked at: {why}"),
    }
}

fn libraries(ground: &Ground, home: &str, version: Option<&Version>) -> Vec<Library> {
    let mut paths = Vec::new();
    // What is read later wins.
    for file in ["Renviron", "Renviron.site"] {
        let text = ground.text(&format!("{home}/etc/{file}"), LONGEST);
        let named = parse::r_libs_site(&text.unwrap_or_default(), home, version);
        if !named.is_empty() {
            paths = named;
        }
    }
    for own in ["site-library", "library"] {
        paths.push(format!("{home}/{own}"));
    }
    let mut seen = Vec::new();
    let mut libraries = Vec::new();
    for path in paths {
        let Some(real) = ground.real(&path).filter(Real::is_dir) else {
            continue;
        };
        if seen.contains(&real.path) {
            continue;
        }
        seen.push(real.path);
        libraries.push(Library {
            packages: ground.count(&path, |is_file, name| {
                is_file(&format!("{name}/DESCRIPTION"))
            }),
            path,
        });
    }
    libraries
}
