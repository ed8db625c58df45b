//! Which R and Python somebody gets by each way in, and why, from what leads to them.

use serde::Serialize;

use crate::base::hostile::Hostile;
use crate::model::runtimes::table::{Because, Caller, Given, Table, Whom};
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

/// Who it is about.
#[derive(Clone, Debug)]
pub struct Person<'a> {
    /// What they are called.
    pub user: &'a Hostile,
    /// Their uid.
    pub uid: u32,
    /// Their groups, by gid and name.
    pub groups: &'a [(u32, String)],
    /// The table of choices that is in force.
    pub table: Option<&'a Table>,
}

impl Person<'_> {
    /// What is chosen for them.
    fn given(&self, language: Language) -> Option<Given<'_>> {
        let gids: Vec<u32> = self.groups.iter().map(|(gid, _)| *gid).collect();
        let caller = Caller {
            uid: self.uid,
            gids: &gids,
            wish: None,
        };
        self.table?.given(language, caller)
    }

    /// Why they get it.
    fn because(&self, language: Language, because: Because) -> String {
        let title = language.title();
        match because {
            Because::Wish => "they ask for it".to_owned(),
            Because::Chosen(Whom::Everybody) => "it is chosen for everybody".to_owned(),
            Because::Chosen(Whom::User(_)) => "it is chosen for them".to_owned(),
            Because::Chosen(Whom::Group(gid)) => {
                let mut groups = self.groups.iter();
                let name = groups.find(|(own, _)| *own == gid);
                let name = name.map_or_else(|| gid.to_string(), |(_, name)| name.clone());
                format!("it is chosen for group {name}")
            }
            Because::Unchosen => format!("no {title} is chosen for them, so it is what was there"),
            Because::System => "they are no person, so it is the system's own".to_owned(),
        }
    }
}

/// The variable by which somebody asks for another version.
#[must_use]
pub fn variable(language: Language) -> &'static str {
    match language {
        Language::R => "BENCHWARDEN_R",
        Language::Python => "BENCHWARDEN_PYTHON",
    }
}

/// Whether something leads to the program that decides.
fn decides(pointer: &PointerOf) -> bool {
    let real = pointer.real.as_ref();
    real.is_some_and(|real| real.raw().ends_with("/benchwarden"))
}

/// What choices do not reach, in words, where there are any.
#[must_use]
pub fn not_reached(table: Option<&Table>, has_rstudio: bool) -> Vec<String> {
    let Some(table) = table else {
        return Vec::new();
    };
    let mut told = vec![
        "cron looks in /usr/bin alone: a crontab gets what is chosen where it says \
         PATH=/usr/local/bin:/usr/bin:/bin"
            .to_owned(),
    ];
    let mut choices = table.choices.iter();
    let of_some =
        choices.any(|choice| choice.language == Language::R && choice.whom != Whom::Everybody);
    if has_rstudio && of_some {
        told.push(
            "RStudio Server starts one R for everybody: what is chosen for a group or a person \
             does not count there"
                .to_owned(),
        );
    }
    told
}

/// What somebody gets as things are.
#[must_use]
pub fn of(all: &Runtimes, person: &Person<'_>, has_rstudio: bool) -> Ways {
    let user = person.user;
    let mut ways = Vec::new();
    for (language, program) in [(Language::R, "R"), (Language::Python, "python3")] {
        let by_path =
            |way: &str, dirs: &[&str]| first_of(all, (language, program), person, way, dirs);
        ways.push(by_path("shells, ssh, at, env", &SHELL));
        let cron = by_path("cron", &CRON);
        ways.push(match person.given(language) {
            Some(_) => by_cron(cron),
            None => cron,
        });
        if language == Language::R && has_rstudio {
            ways.push(rstudio(all, person));
        }
        if language == Language::Python {
            ways.extend(reticulate(person));
        }
        ways.extend(kernels(all, language, person));
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

/// What is chosen is not reached by a job that looks in `/usr/bin` alone.
fn by_cron(way: Way) -> Way {
    let why = way.why.raw();
    let why = format!(
        "{why}; what is chosen is reached where the crontab says \
         PATH=/usr/local/bin:/usr/bin:/bin"
    );
    Way {
        why: why.into(),
        ..way
    }
}

/// What R gives its package for Python, where Python is chosen.
fn reticulate(person: &Person<'_>) -> Option<Way> {
    let given = person.given(Language::Python)?;
    let chosen = matches!(given.because, Because::Chosen(_));
    person.given(Language::R).filter(|_| chosen)?;
    Some(Way {
        language: Language::Python,
        way: "reticulate".to_owned(),
        path: Some(given.program.path.as_str().into()),
        version: given.version.cloned(),
        why: "RETICULATE_PYTHON, which R is given at its start unless it is set; not in RStudio \
              Server and in kernels that name an R of their own"
            .into(),
    })
}

/// What the program that decides gives them.
fn decided(
    all: &Runtimes,
    (language, way): (Language, &str),
    person: &Person<'_>,
    (before, file): (&str, &str),
) -> Way {
    let Some(given) = person.given(language) else {
        return Way {
            language,
            way: way.to_owned(),
            path: None,
            version: None,
            why: format!("{before}{file} decides, and its table says nothing of them").into(),
        };
    };
    let have = person.table.iter().flat_map(|table| &table.have);
    let have = have.filter(|have| have.language == language);
    let have: Vec<String> = have.map(|have| have.version.to_string()).collect();
    let asked = match given.because {
        Because::System => String::new(),
        _ => format!(
            "; {}= asks for one of {}",
            variable(language),
            have.join(", ")
        ),
    };
    let why = person.because(language, given.because);
    let path = given.program.path.as_str();
    let is_it =
        |one: &&Runtime| one.path == path || one.pointed_by.iter().any(|other| *other == path);
    let there = all.runtimes.iter().find(is_it);
    let there = there.and_then(|one| one.version.as_ref());
    Way {
        language,
        way: way.to_owned(),
        path: Some(path.into()),
        version: given.version.or(there).cloned(),
        why: format!("{before}{file} decides: {why}{asked}").into(),
    }
}

/// The first program of a name in these directories.
fn first_of(
    all: &Runtimes,
    (language, program): (Language, &str),
    person: &Person<'_>,
    way: &str,
    dirs: &[&str],
) -> Way {
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
        if decides(pointer) {
            return decided(all, (language, way), person, (&passed, &file));
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
fn rstudio(all: &Runtimes, person: &Person<'_>) -> Way {
    const WAY: &str = "RStudio Server";
    let mut pointers = all.pointers.iter();
    let Some(pointer) = pointers.find(|one| one.kind == PointerKind::Rstudio) else {
        // It looks as root does.
        let root = Person {
            uid: 0,
            ..person.clone()
        };
        let way = first_of(all, (Language::R, "R"), &root, WAY, &SHELL);
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
    let started = at(all, Language::R, pointer).and_then(|one| one.version.clone());
    let theirs = person.given(Language::R).and_then(|given| given.version);
    let why = match theirs.filter(|theirs| Some(*theirs) != started.as_ref()) {
        Some(theirs) => format!("{why}; {theirs}, which is chosen for them, is not reached"),
        None => why,
    };
    Way {
        language: Language::R,
        way: WAY.to_owned(),
        path: pointer.real.is_some().then(|| pointer.says.clone()),
        version: started,
        why: why.into(),
    }
}

/// The kernels that somebody may choose; one of their own hides one of the host's.
fn kernels(all: &Runtimes, language: Language, person: &Person<'_>) -> Vec<Way> {
    let user = person.user;
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
        let name = format!("kernel {}", kernel.name.raw());
        if decides(kernel) {
            return decided(all, (language, &name), person, ("", kernel.says.raw()));
        }
        let runtime = at(all, language, kernel);
        let file = kernel.file.raw();
        let why = match (&kernel.why_not, runtime) {
            (Some(why), _) => format!("{file} starts {}: {}", kernel.says.raw(), why.raw()),
            (None, _) => format!("{file} says so"),
        };
        Way {
            language,
            way: name,
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
            script: None,
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

    fn got(all: &Runtimes, has_rstudio: bool) -> Vec<Way> {
        let person = Person {
            user: &Hostile::from("ada"),
            uid: 1001,
            groups: &[],
            table: None,
        };
        of(all, &person, has_rstudio).ways
    }

    fn told(all: &Runtimes) -> Vec<(String, Option<String>)> {
        let ways = got(all, true).into_iter();
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
        let ways = got(&all, false);
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
