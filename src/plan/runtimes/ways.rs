//! Which R and Python somebody gets by each way in, and why, from what leads to them.

use serde::Serialize;

use crate::base::hostile::Hostile;
use crate::model::runtimes::version::Version;
use crate::model::runtimes::{Language, PointerKind, PointerOf, Runtime, Runtimes};

/// Where a shell looks that nobody has told otherwise.
const SHELL: [&str; 2] = ["/usr/local/bin", "/usr/bin"];
/// Where cron looks for a job whose crontab says nothing of it.
const CRON: [&str; 1] = ["/usr/bin"];

/// One way in to one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// What is started.
    pub language: Language,
    /// By what.
    pub way: String,
    /// The program that is started; `None` where there is none.
    pub path: Option<Hostile>,
    /// Its version, as far as it is known.
    pub version: Option<Version>,
    /// Why it is that one.
    pub why: Hostile,
}

/// Everything that somebody gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ways {
    /// Who.
    pub user: Hostile,
    /// Way by way.
    pub ways: Vec<Way>,
    /// What they have in their own home, which their own settings may put before it.
    pub own: Vec<OwnRuntime>,
    /// What was not looked at, each in one sentence.
    pub partial: Vec<Hostile>,
}

/// One of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnRuntime {
    /// Of which language.
    pub language: Language,
    /// Which version, as its files say.
    pub version: Option<Version>,
    /// How it is called.
    pub path: Hostile,
}

/// What somebody gets as things are.
#[must_use]
pub fn of(all: &Runtimes, user: &Hostile, has_rstudio: bool) -> Ways {
    let mut ways = Vec::new();
    for (language, program) in [(Language::R, "R"), (Language::Python, "python3")] {
        let by_path = |way: &str, dirs: &[&str]| first_of(all, language, program, way, dirs);
        ways.push(by_path("shells, ssh, at, env", &SHELL));
        ways.push(by_path("cron", &CRON));
        if language == Language::R && has_rstudio {
            ways.push(rstudio(all));
        }
        ways.extend(kernels(all, language, user));
    }
    let own = all
        .runtimes
        .iter()
        .filter(|one| one.owner.as_ref() == Some(user));
    Ways {
        user: user.clone(),
        ways,
        own: own
            .map(|one| OwnRuntime {
                language: one.language,
                version: one.version.clone(),
                path: one.path.clone(),
            })
            .collect(),
        partial: all.partial.clone(),
    }
}

/// The interpreter at a place where something leads.
fn at<'a>(all: &'a Runtimes, language: Language, pointer: &PointerOf) -> Option<&'a Runtime> {
    let real = pointer.real.as_ref()?;
    let of_language = || all.runtimes.iter().filter(|one| one.language == language);
    let exact = of_language().find(|one| one.path == pointer.says);
    exact.or_else(|| of_language().find(|one| one.real == *real))
}

/// The first program of a name in these directories.
fn first_of(all: &Runtimes, language: Language, program: &str, way: &str, dirs: &[&str]) -> Way {
    let looked = dirs.join(":");
    let mut passed = String::new();
    for dir in dirs {
        let file = format!("{dir}/{program}");
        let pointers = all.pointers.iter();
        let mut pointers = pointers.filter(|one| one.kind == PointerKind::Command);
        let Some(pointer) = pointers.find(|one| one.file == file.as_str() && one.owner.is_none())
        else {
            continue;
        };
        if let Some(why) = &pointer.why_not {
            // A shell goes on to the next directory.
            passed += &format!("{file} is passed over: {}; ", why.raw());
            continue;
        }
        let leads = match &pointer.real {
            Some(real) if *real != file.as_str() => format!("; it leads to {}", real.raw()),
            _ => String::new(),
        };
        let of_path = if way == "cron" {
            "for a job whose crontab sets no PATH"
        } else {
            "unless their own PATH says otherwise"
        };
        return Way {
            language,
            way: way.to_owned(),
            path: Some(pointer.file.clone()),
            version: at(all, language, pointer).and_then(|one| one.version.clone()),
            why: format!("{passed}the first in {looked}, {of_path}{leads}").into(),
        };
    }
    Way {
        language,
        way: way.to_owned(),
        path: None,
        version: None,
        why: format!("{passed}there is no {program} in {looked}").into(),
    }
}

/// What RStudio Server starts, for everybody.
fn rstudio(all: &Runtimes) -> Way {
    const WAY: &str = "RStudio Server";
    let mut pointers = all.pointers.iter();
    let Some(pointer) = pointers.find(|one| one.kind == PointerKind::Rstudio) else {
        let way = first_of(all, Language::R, "R", WAY, &SHELL);
        let why = format!(
            "{} tells it nothing; it looks itself",
            "/etc/rstudio/rserver.conf"
        );
        return Way {
            why: why.into(),
            ..way
        };
    };
    let (name, file) = (pointer.name.raw(), pointer.file.raw());
    let why = match &pointer.why_not {
        Some(why) => format!(
            "{name} in {file} says {}: {}",
            pointer.says.raw(),
            why.raw()
        ),
        None => format!("{name} in {file} says so, for everybody"),
    };
    Way {
        language: Language::R,
        way: WAY.to_owned(),
        path: pointer.real.is_some().then(|| pointer.says.clone()),
        version: at(all, Language::R, pointer).and_then(|one| one.version.clone()),
        why: why.into(),
    }
}

/// The kernels that somebody may choose; one of their own hides one of the host's.
fn kernels(all: &Runtimes, language: Language, user: &Hostile) -> Vec<Way> {
    let kernels = all
        .pointers
        .iter()
        .filter(|one| one.kind == PointerKind::Kernel && one.language == Some(language));
    let mut mine: Vec<&PointerOf> = Vec::new();
    let (own, hosts): (Vec<_>, Vec<_>) = kernels
        .filter(|one| one.owner.is_none() || one.owner.as_ref() == Some(user))
        .partition(|one| one.owner.is_some());
    for kernel in own.into_iter().chain(hosts) {
        if !mine.iter().any(|known| known.name == kernel.name) {
            mine.push(kernel);
        }
    }
    let ways = mine.into_iter().map(|kernel| {
        let runtime = at(all, language, kernel);
        let file = kernel.file.raw();
        let why = match (&kernel.why_not, runtime) {
            (Some(why), _) => format!("{file} starts {}: {}", kernel.says.raw(), why.raw()),
            (None, _) => format!("{file} says so"),
        };
        Way {
            language,
            way: format!("kernel {}", kernel.name.raw()),
            path: kernel.real.is_some().then(|| kernel.says.clone()),
            version: runtime.and_then(|one| one.version.clone()),
            why: why.into(),
        }
    });
    ways.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::runtimes::{Found, Origin, Pointer, Runs, ends};

    fn runtime(language: Language, version: &str, path: &str) -> Runtime {
        let found = Found {
            language,
            version: Version::parse(version),
            path: path.to_owned(),
            real: path.to_owned(),
            prefix: format!("/p/{version}"),
            origin: Origin::Opt,
            built: None,
            size: None,
            libraries: Vec::new(),
            roots: true,
            open: true,
            broken: Vec::new(),
        };
        Runtime::new(found, None, Runs::NotAsked("x"))
    }

    fn pointer(kind: PointerKind, name: &str, file: &str, real: Option<&str>) -> Pointer {
        Pointer {
            kind,
            language: Some(Language::R),
            name: name.to_owned(),
            file: file.to_owned(),
            says: real.unwrap_or("/gone").to_owned(),
            real: real.map(str::to_owned),
            why_not: real.is_none().then(|| "nothing is there".to_owned()),
        }
    }

    const NEW: &str = "/opt/R/4.5.0/bin/R";
    const OLD: &str = "/usr/lib/R/bin/R";

    fn host(pointers: Vec<(Pointer, Option<&str>)>) -> Runtimes {
        Runtimes {
            ends_of: ends::table_date(),
            runtimes: vec![
                runtime(Language::R, "4.5.0", NEW),
                runtime(Language::R, "4.2.2", OLD),
            ],
            pointers: pointers
                .into_iter()
                .map(|(one, owner)| PointerOf::new(one, owner.map(Hostile::from).as_ref()))
                .collect(),
            broken: Vec::new(),
            partial: Vec::new(),
        }
    }

    fn told(all: &Runtimes) -> Vec<(String, Option<String>)> {
        let ways = of(all, &Hostile::from("ada"), true).ways.into_iter();
        ways.filter(|way| way.language == Language::R)
            .map(|way| (way.way, way.version.map(|version| version.to_string())))
            .collect()
    }

    fn some(version: &str) -> Option<String> {
        Some(version.to_owned())
    }

    #[test]
    fn a_shell_and_cron_look_in_different_places() {
        use PointerKind::{Command, Rstudio};
        let all = host(vec![
            (pointer(Command, "R", "/usr/local/bin/R", Some(NEW)), None),
            (pointer(Command, "R", "/usr/bin/R", Some(OLD)), None),
            (
                pointer(
                    Rstudio,
                    "rsession-which-r",
                    "/etc/rstudio/rserver.conf",
                    Some(OLD),
                ),
                None,
            ),
        ]);
        assert_eq!(
            told(&all),
            [
                ("shells, ssh, at, env".to_owned(), some("4.5.0")),
                ("cron".to_owned(), some("4.2.2")),
                ("RStudio Server".to_owned(), some("4.2.2")),
            ]
        );
    }

    #[test]
    fn a_link_that_leads_nowhere_is_passed_over_and_told() {
        use PointerKind::Command;
        let all = host(vec![
            (pointer(Command, "R", "/usr/local/bin/R", None), None),
            (pointer(Command, "R", "/usr/bin/R", Some(OLD)), None),
        ]);
        let ways = of(&all, &Hostile::from("ada"), false).ways;
        assert_eq!(ways[0].path, Some("/usr/bin/R".into()));
        assert!(
            ways[0]
                .why
                .raw()
                .starts_with("/usr/local/bin/R is passed over: ")
        );
        let python = ways
            .iter()
            .find(|way| way.language == Language::Python)
            .unwrap();
        assert_eq!((&python.path, &python.version), (&None, &None));
    }

    #[test]
    fn a_kernel_of_ones_own_hides_the_hosts_and_nobody_elses_counts() {
        use PointerKind::Kernel;
        let all = host(vec![
            (pointer(Kernel, "ir", "/usr/share/k", Some(OLD)), None),
            (pointer(Kernel, "ir", "/home/ada/k", Some(NEW)), Some("ada")),
            (
                pointer(Kernel, "other", "/home/bob/k", Some(NEW)),
                Some("bob"),
            ),
        ]);
        let kernels: Vec<_> = told(&all)
            .into_iter()
            .filter(|(way, _)| way.starts_with("kernel"))
            .collect();
        assert_eq!(kernels, [("kernel ir".to_owned(), some("4.5.0"))]);
    }
}
