//! What the links called R, Rscript and python3 are: this program, which looks up who calls in a
//! table of root's and becomes the interpreter that is chosen for them.
//!
//! It runs before everything else of `main`, with the caller's rights and no others, asks no
//! directory and writes nothing. Whatever is wrong with the table, an R that is there is started.

use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::fs::{Mode, OFlags, Stat, fstat, open, stat};
use rustix::process::{getgid, getgroups, getuid};

use crate::base::text::printable;
use crate::model::runtimes::Language;
use crate::model::runtimes::table::{self, Because, Caller, Program, Table};

/// Larger than any table.
const LONGEST: usize = 4 << 20;
/// Group and others may write.
const OTHERS_WRITE: u32 = 0o022;
/// What a shell says of a program that is not there.
const NOT_FOUND: u8 = 127;

/// What is started where nothing else can be.
const LAST: [(&str, &[&str]); 3] = [
    (
        "R",
        &["/usr/bin/R", "/usr/lib/R/bin/R", "/usr/lib64/R/bin/R"],
    ),
    (
        "Rscript",
        &[
            "/usr/bin/Rscript",
            "/usr/lib/R/bin/Rscript",
            "/usr/lib64/R/bin/Rscript",
        ],
    ),
    ("python3", &["/usr/bin/python3"]),
];

/// Becomes an interpreter when this process was started as one; `None` when it is an ordinary
/// start. It returns only when no interpreter could be started.
#[must_use]
pub fn serve() -> Option<ExitCode> {
    let name = called()?;
    let (language, wish) = match name {
        "python3" => (Language::Python, "BENCHWARDEN_PYTHON"),
        _ => (Language::R, "BENCHWARDEN_R"),
    };
    let wish = std::env::var(wish).ok().filter(|wish| !wish.is_empty());
    let table = in_force();
    let mut gids: Vec<u32> = vec![getgid().as_raw()];
    gids.extend(
        getgroups()
            .unwrap_or_default()
            .iter()
            .map(|gid| gid.as_raw()),
    );
    let caller = Caller {
        uid: getuid().as_raw(),
        gids: &gids,
        wish: wish.as_deref(),
    };
    if let (Some(table), Some(wish)) = (&table, &wish)
        && table.is_vain(language, wish)
    {
        say(&format!(
            "there is no {} {} to be had here; yours is started",
            language.title(),
            printable(wish.as_bytes(), 40)
        ));
    }
    // R is told of a Python that is chosen; where none is, it finds one by itself.
    let python_wish = std::env::var("BENCHWARDEN_PYTHON").ok();
    let of_python = Caller {
        wish: python_wish.as_deref(),
        ..caller
    };
    let python = (language == Language::R && std::env::var_os("RETICULATE_PYTHON").is_none())
        .then(|| table.as_ref()?.given(Language::Python, of_python))
        .flatten()
        .filter(|given| matches!(given.because, Because::Chosen(_) | Because::Wish))
        .map(|given| given.program.path.as_str());
    let own = stat("/proc/self/exe").ok();
    // One that leads back here would do so for ever.
    let is_own = |found: &Stat| {
        own.as_ref()
            .is_some_and(|own| (own.st_dev, own.st_ino) == (found.st_dev, found.st_ino))
    };
    for path in candidates(name, language, table.as_ref(), caller) {
        match stat(path) {
            Ok(found) if is_own(&found) => {}
            Ok(_) => become_it(path, python),
            // Only what a table promises has to be there.
            Err(why) if table.is_some() => say(&format!("{path}: {}", std::io::Error::from(why))),
            Err(_) => {}
        }
    }
    say(&format!("{name}: no {} is here", language.title()));
    Some(ExitCode::from(NOT_FOUND))
}

/// What is tried, one after the other: what is chosen, what is there for those for whom nothing
/// is, what distributions bring.
fn candidates<'a>(
    name: &str,
    language: Language,
    table: Option<&'a Table>,
    caller: Caller<'_>,
) -> Vec<&'a str> {
    let program = |program: &'a Program| match name {
        "Rscript" => program.script.as_deref(),
        _ => Some(program.path.as_str()),
    };
    let given = table.and_then(|table| table.given(language, caller));
    let mut all: Vec<&str> = Vec::new();
    all.extend(given.and_then(|given| program(given.program)));
    let rest = table
        .into_iter()
        .flat_map(|table| table.others.iter().chain(&table.system));
    let rest = rest.filter(|(of, _)| *of == language);
    all.extend(rest.filter_map(|(_, found)| program(found)));
    let last = LAST.iter().find(|(of, _)| *of == name);
    all.extend(
        last.into_iter()
            .flat_map(|(_, paths)| paths.iter().copied()),
    );
    let mut seen: Vec<&str> = Vec::new();
    all.retain(|path| {
        let new = !seen.contains(path);
        seen.push(path);
        new
    });
    all
}

/// What this process was called: by its first argument, or, where whoever started it made that up,
/// by the path that was executed.
fn called() -> Option<&'static str> {
    let known = |path: &[u8]| {
        let name = path.rsplit(|byte| *byte == b'/').next()?;
        let mut all = LAST.iter().map(|(known, _)| *known);
        all.find(|known| known.as_bytes() == name)
    };
    let first = std::env::args_os().next();
    let by_argument = first.as_ref().and_then(|first| known(first.as_bytes()));
    by_argument.or_else(|| known(rustix::param::linux_execfn().to_bytes()))
}

/// The table, if it is root's.
fn in_force() -> Option<Table> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = open(table::PATH, flags, Mode::empty()).ok()?;
    let found = fstat(&file).ok()?;
    let is_roots = found.st_uid == 0 && found.st_mode & OTHERS_WRITE == 0;
    let size = usize::try_from(found.st_size).ok()?;
    if !is_roots || size > LONGEST {
        return None;
    }
    let mut bytes = vec![0; size];
    let mut read = 0;
    while read < size {
        match rustix::io::read(&file, bytes.get_mut(read..)?) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    bytes.truncate(read);
    Table::parse(std::str::from_utf8(&bytes).ok()?)
}

/// Becomes the program; comes back only when that fails.
fn become_it(path: &str, python: Option<&str>) {
    #[expect(
        clippy::disallowed_methods,
        reason = "nothing is started beside this process: it becomes the program, as its caller"
    )]
    let mut command = Command::new(path);
    // By its path, Python finds what belongs to it.
    command.arg0(path).args(std::env::args_os().skip(1));
    if let Some(python) = python {
        command.env("RETICULATE_PYTHON", python);
    }
    let failed = command.exec();
    say(&format!("{path}: {failed}"));
}

fn say(text: &str) {
    // Nobody is left to tell when this fails too.
    let _ = writeln!(std::io::stderr(), "benchwarden: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "benchwarden-runtimes 1\nperson 1000\n\
        have r 4.5.0 /opt/R/4.5.0/bin/R /opt/R/4.5.0/bin/Rscript\n\
        have r 4.2.2 /opt/R/4.2.2/bin/R -\n\
        system r /usr/lib/R/bin/R /usr/lib/R/bin/Rscript\n\
        others r /opt/R/4.2.2/bin/R -\n\
        everybody r 4.5.0\n";

    fn tried(name: &str, table: Option<&str>, uid: u32, wish: Option<&str>) -> Vec<String> {
        let table = table.and_then(Table::parse);
        let caller = Caller {
            uid,
            gids: &[uid],
            wish,
        };
        let language = match name {
            "python3" => Language::Python,
            _ => Language::R,
        };
        let all = candidates(name, language, table.as_ref(), caller);
        all.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_chosen_comes_first_and_something_always_follows() {
        let r = tried("R", Some(TABLE), 1001, None);
        let expected = [
            "/opt/R/4.5.0/bin/R",
            "/opt/R/4.2.2/bin/R",
            "/usr/lib/R/bin/R",
            "/usr/bin/R",
            "/usr/lib64/R/bin/R",
        ];
        assert_eq!(r, expected);
        assert_eq!(
            tried("R", Some(TABLE), 0, Some("4.5.0"))[0],
            "/usr/lib/R/bin/R"
        );
        assert_eq!(
            tried("R", Some(TABLE), 1001, Some("4.2"))[0],
            "/opt/R/4.2.2/bin/R"
        );
        // One that has no Rscript leaves it to the next.
        let script = tried("Rscript", Some(TABLE), 1001, Some("4.2.2"));
        assert_eq!(script[0], "/usr/lib/R/bin/Rscript");
    }

    #[test]
    fn without_a_table_or_a_word_in_it_the_distributions_is_tried() {
        assert_eq!(
            tried("python3", Some(TABLE), 1001, None),
            ["/usr/bin/python3"]
        );
        for broken in [None, Some(""), Some("something else")] {
            assert_eq!(tried("R", broken, 1001, None)[0], "/usr/bin/R");
        }
    }
}
