//! What is wrong: with an interpreter, with what leads to one, with what leads nowhere.

use jiff::civil::Date;

use crate::base::hostile::Hostile;

use super::version::Version;
use super::{Language, Origin, PointerKind, PointerOf, Runtimes, ends};

/// Completes what is known of each: what leads to it, when it ends, what is wrong.
pub fn complete(all: &mut Runtimes, today: Date) {
    for runtime in &mut all.runtimes {
        if runtime.language == Language::Python
            && let Some(version) = &runtime.version
        {
            runtime.end = ends::of_python(version, today);
        }
        if let Some(end) = runtime.end.as_ref().filter(|end| end.over) {
            let told = format!("it gets no fixes since {}", end.on);
            runtime.broken.push(told.into());
        }
        if runtime.runs == Some(false) {
            let why = runtime.runs_why.as_ref().map_or("", Hostile::raw);
            runtime
                .broken
                .push(format!("it does not run: {why}").into());
        }
        let leads = |pointer: &&PointerOf| {
            // A virtual environment shares its interpreter with the one it was made of.
            let by_says = pointer.says == runtime.path;
            let by_real =
                runtime.origin != Origin::Venv && pointer.real.as_ref() == Some(&runtime.real);
            (by_says || by_real) && pointer.file != runtime.path
        };
        runtime.pointed_by = all.pointers.iter().filter(leads).map(words).collect();
    }
    let known = |real: &Hostile| {
        let mut all = all.runtimes.iter();
        all.any(|runtime| runtime.real == *real)
    };
    for pointer in &all.pointers {
        let what = words(pointer);
        let says = pointer.says.raw();
        let whose = pointer
            .owner
            .as_ref()
            .map_or_else(String::new, |owner| format!(" of {}", owner.raw()));
        let told = match (&pointer.why_not, &pointer.real) {
            (Some(why), _) => format!("{}{whose} leads to {says}: {}", what.raw(), why.raw()),
            (None, Some(real)) if pointer.kind == PointerKind::Rstudio && !known(real) => {
                format!("{} leads to {says}, which is no R known here", what.raw())
            }
            _ => continue,
        };
        all.broken.push(told.into());
    }
}

/// Something that leads to an interpreter, in words.
#[must_use]
pub fn words(pointer: &PointerOf) -> Hostile {
    let (name, file) = (pointer.name.raw(), pointer.file.raw());
    match pointer.kind {
        PointerKind::Command | PointerKind::Alias => file.into(),
        PointerKind::Kernel => format!("kernel {name} ({file})").into(),
        PointerKind::Rstudio => format!("{name} in {file}").into(),
    }
}

/// What is wrong with a directory that is called after a version.
#[must_use]
pub fn misnamed(dir: &str, called: Option<&Version>, holds: Option<&Version>) -> Option<String> {
    let (called, holds) = (called?, holds?);
    let alike = called.begins(holds) || holds.begins(called);
    (!alike).then(|| format!("{dir} is called {called} and holds {holds}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Found, Library, Pointer, Runs, Runtime};
    use super::*;

    fn python(version: &str, runs: Runs) -> Runtime {
        let found = Found {
            language: Language::Python,
            version: Version::parse(version),
            path: format!("/opt/python/{version}/bin/python3"),
            real: format!("/opt/python/{version}/bin/python3.x"),
            script: None,
            prefix: format!("/opt/python/{version}"),
            origin: Origin::Opt,
            built: None,
            size: Some(7),
            libraries: vec![Library {
                path: "/x".to_owned(),
                packages: Some(3),
            }],
            roots: true,
            open: true,
            broken: Vec::new(),
        };
        Runtime::new(found, None, runs)
    }

    fn pointer(kind: PointerKind, file: &str, real: Option<&str>) -> PointerOf {
        let pointer = Pointer {
            kind,
            language: Some(Language::Python),
            name: "n".to_owned(),
            file: file.to_owned(),
            says: "/gone".to_owned(),
            real: real.map(str::to_owned),
            why_not: real.is_none().then(|| "nothing is there".to_owned()),
        };
        PointerOf::new(pointer, None)
    }

    fn all(runtimes: Vec<Runtime>, pointers: Vec<PointerOf>) -> Runtimes {
        let mut all = Runtimes {
            ends_of: ends::table_date(),
            runtimes,
            pointers,
            broken: Vec::new(),
            partial: Vec::new(),
        };
        complete(&mut all, "2026-11-22".parse().unwrap());
        all
    }

    fn texts(list: &[Hostile]) -> Vec<&str> {
        list.iter().map(Hostile::raw).collect()
    }

    #[test]
    fn a_version_that_is_over_and_one_that_does_not_run_say_so() {
        let old = python("3.9.2", Runs::NotAsked("x"));
        let dead = python("3.13.1", Runs::No("no answer".to_owned()));
        let all = all(vec![old, dead], Vec::new());
        assert_eq!(
            texts(&all.runtimes[0].broken),
            ["it gets no fixes since 2025-10-31"]
        );
        assert_eq!(
            texts(&all.runtimes[1].broken),
            ["it does not run: no answer"]
        );
        assert!(!all.runtimes[1].may_be_chosen());
    }

    #[test]
    fn what_it_says_counts_more_than_what_its_files_say() {
        let said = Runs::Yes(Version::parse("3.11.2").unwrap(), None);
        let lying = python("3.13.1", said.clone());
        assert_eq!(lying.version, Version::parse("3.11.2"));
        assert_eq!(
            texts(&lying.broken),
            ["its files say 3.13.1, and it says 3.11.2"]
        );
        assert!(
            python("3.11", said).broken.is_empty(),
            "3.11 is 3.11.2, less exactly"
        );
    }

    #[test]
    fn what_leads_nowhere_is_told_and_what_leads_here_is_with_it() {
        let one = python("3.13.1", Runs::NotAsked("x"));
        let here = Some("/opt/python/3.13.1/bin/python3.x");
        let all = all(
            vec![one],
            vec![
                pointer(PointerKind::Kernel, "/k/kernel.json", here),
                pointer(PointerKind::Command, "/usr/local/bin/python3", None),
                pointer(
                    PointerKind::Rstudio,
                    "/etc/rserver.conf",
                    Some("/bin/false"),
                ),
            ],
        );
        assert_eq!(
            texts(&all.runtimes[0].pointed_by),
            ["kernel n (/k/kernel.json)"]
        );
        assert_eq!(
            texts(&all.broken),
            [
                "/usr/local/bin/python3 leads to /gone: nothing is there",
                "n in /etc/rserver.conf leads to /gone, which is no R known here",
            ]
        );
    }

    #[test]
    fn a_directory_may_say_less_than_what_is_in_it_but_nothing_else() {
        let version = |text| Version::parse(text);
        let told =
            |called, holds| misnamed("/d", version(called).as_ref(), version(holds).as_ref());
        assert_eq!(told("3.13", "3.13.1"), None);
        assert_eq!(told("3.13.1", "3.13"), None);
        assert!(told("9.9.9", "3.11").is_some());
        assert_eq!(misnamed("/d", None, version("3.1").as_ref()), None);
    }
}
