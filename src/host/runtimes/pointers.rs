//! What leads to interpreters: programs in the directories of programs, kernels of Jupyter, and
//! what RStudio Server is told.

use crate::model::runtimes::{Language, Pointer, PointerKind, parse};

use super::ground::{Ground, Leads, is_plain};
use super::r::why_no_program;

/// Longer than any `kernel.json` or `rserver.conf`.
const LONGEST: u64 = 256 << 10;
/// Programs that start an interpreter, and of which language.
const COMMANDS: [(&str, Language); 4] = [
    ("R", Language::R),
    ("Rscript", Language::R),
    ("python3", Language::Python),
    ("python", Language::Python),
];
/// Where a server that runs kernels looks for a program by its name.
const SERVER_PATH: [&str; 2] = ["/usr/local/bin", "/usr/bin"];
/// More kernels than this nobody chooses from.
const KERNELS: usize = 100;

/// What is called R and Python in a directory of programs.
pub(super) fn commands(ground: &Ground, dir: &str) -> Vec<Pointer> {
    let names = ground.names(dir).unwrap_or_default();
    let one = |name: &String| {
        let known = COMMANDS.iter().find(|(known, _)| known == name);
        let language = match known {
            Some((_, language)) => *language,
            None => parse::python_name(name).map(|_| Language::Python)?,
        };
        let file = format!("{dir}/{name}");
        let says = ground.link(&file);
        // One that is a program itself leads to itself.
        let says = says.unwrap_or_else(|| file.clone());
        let leads = ground.leads(&file);
        Some(pointer(
            PointerKind::Command,
            Some(language),
            name,
            file,
            (says, &leads),
        ))
    };
    names.iter().filter_map(one).collect()
}

/// Links among the directories of versions, as `current`.
pub(super) fn aliases(ground: &Ground, dir: &str, language: Language) -> Vec<Pointer> {
    let (program, names) = match language {
        Language::R => ("bin/R", ground.names(dir)),
        Language::Python => ("bin/python3", ground.names(dir)),
    };
    let names = names.unwrap_or_default();
    let links = names.iter().filter_map(|name| {
        let file = format!("{dir}/{name}");
        let says = ground.link(&file)?;
        let leads = ground.leads(&format!("{file}/{program}"));
        Some(pointer(
            PointerKind::Alias,
            Some(language),
            name,
            file,
            (says, &leads),
        ))
    });
    links.collect()
}

/// The kernels in a directory of kernels.
pub(super) fn kernels(ground: &Ground, dir: &str) -> Vec<Pointer> {
    let names = ground.names(dir).unwrap_or_default();
    let names = names.iter().take(KERNELS);
    names.filter_map(|name| kernel(ground, dir, name)).collect()
}

fn kernel(ground: &Ground, dir: &str, name: &str) -> Option<Pointer> {
    let file = format!("{dir}/{name}/kernel.json");
    if !ground.has(&file) {
        return None;
    }
    let broken = |why: &str| Pointer {
        kind: PointerKind::Kernel,
        language: None,
        name: name.to_owned(),
        file: file.clone(),
        says: "nothing".to_owned(),
        real: None,
        why_not: Some(why.to_owned()),
    };
    let Some(text) = ground.text(&file, LONGEST) else {
        return Some(broken("it is no file that can be read"));
    };
    let Some(spec) = parse::kernel(text.as_bytes()) else {
        return Some(broken("it is no kernel that Jupyter would understand"));
    };
    let program = spec.argv.first().cloned().unwrap_or_default();
    let is_called = |title: &str| spec.language.eq_ignore_ascii_case(title);
    let mut languages = Language::ALL.into_iter();
    let language = languages.find(|language| is_called(language.title()));
    let leads = if program.starts_with('/') {
        ground.leads(&program)
    } else {
        by_name(ground, &program)
    };
    Some(pointer(
        PointerKind::Kernel,
        language,
        name,
        file,
        (program, &leads),
    ))
}

/// Where a program is that is called by its name.
fn by_name(ground: &Ground, name: &str) -> Leads {
    let all = SERVER_PATH.map(|dir| ground.leads(&format!("{dir}/{name}")));
    let found = all
        .into_iter()
        .find(|leads| matches!(leads, Leads::To(real) if real.is_program()));
    found.unwrap_or_else(|| Leads::Nowhere(name.to_owned()))
}

/// What RStudio Server is told about R.
pub(super) fn rstudio(ground: &Ground) -> Vec<Pointer> {
    const CONF: &str = "/etc/rstudio/rserver.conf";
    const KEY: &str = "rsession-which-r";
    let text = ground.text(CONF, LONGEST).unwrap_or_default();
    let Some(says) = parse::setting(&text, KEY) else {
        return Vec::new();
    };
    let leads = ground.leads(&says);
    let language = Some(Language::R);
    vec![pointer(
        PointerKind::Rstudio,
        language,
        KEY,
        CONF.to_owned(),
        (says, &leads),
    )]
}

/// The directories of R that RStudio's list of versions names.
pub(super) fn r_versions(ground: &Ground) -> Vec<String> {
    let text = ground.text("/etc/rstudio/r-versions", LONGEST);
    let mut dirs = parse::r_versions(&text.unwrap_or_default());
    dirs.retain(|dir| {
        dir.split('/')
            .skip(1)
            .all(|name| name.is_empty() || is_plain(name))
    });
    dirs.truncate(KERNELS);
    dirs.into_iter()
        .map(|dir| dir.trim_end_matches('/').to_owned())
        .collect()
}

fn pointer(
    kind: PointerKind,
    language: Option<Language>,
    name: &str,
    file: String,
    (says, leads): (String, &Leads),
) -> Pointer {
    let (real, why_not) = match leads {
        Leads::To(real) if real.is_program() => (Some(real.path.clone()), None),
        // Out of a home: to one of the host's, or to nothing that is known.
        Leads::Out(to) => (Some(to.clone()), None),
        other => (None, Some(format!("it {}", why_no_program(other)))),
    };
    Pointer {
        kind,
        language,
        name: name.to_owned(),
        file,
        says,
        real,
        why_not,
    }
}
