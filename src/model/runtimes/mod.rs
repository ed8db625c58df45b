//! R and Python on a host as plain data: what was found, what leads to it, what is broken.
//!
//! Paths and names here may be other people's text: they are [`Hostile`], or checked before they
//! get in.

pub mod broken;
pub mod ends;
pub mod parse;
pub mod table;
pub mod version;

use serde::{Deserialize, Serialize};

use crate::base::hostile::Hostile;
use crate::base::id::Uid;
use crate::base::units::Bytes;

use ends::End;
use version::Version;

/// A language whose version is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// R.
    R,
    /// Python.
    Python,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::R, Self::Python];

    /// As written in commands, policies and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::R => "r",
            Self::Python => "python",
        }
    }

    /// As people write it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::R => "R",
            Self::Python => "Python",
        }
    }
}

/// Who put an interpreter there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A package of the distribution.
    Distribution,
    /// Built into `/usr/local` or `/opt/local`.
    Local,
    /// In `/opt/R` or `/opt/python`.
    Opt,
    /// In `/opt/R`, where rig is the installer.
    Rig,
    /// pyenv.
    Pyenv,
    /// uv.
    Uv,
    /// A conda prefix.
    Conda,
    /// A virtual environment: another one's interpreter with packages of its own.
    Venv,
    /// Somebody's own, by other means.
    Own,
}

impl Origin {
    /// As written in JSON and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Distribution => "distribution",
            Self::Local => "local",
            Self::Opt => "opt",
            Self::Rig => "rig",
            Self::Pyenv => "pyenv",
            Self::Uv => "uv",
            Self::Conda => "conda",
            Self::Venv => "venv",
            Self::Own => "own",
        }
    }
}

/// An interpreter as it lies there, read without running it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Of which language.
    pub language: Language,
    /// What its files say; `None` where they say nothing.
    pub version: Option<Version>,
    /// How it is called: an absolute path.
    pub path: String,
    /// Where that leads in the end; the same file under all its names.
    pub real: String,
    /// `Rscript` beside it, where there is one.
    pub script: Option<String>,
    /// What it is installed in; for R, `R_HOME`.
    pub prefix: String,
    /// Who put it there.
    pub origin: Origin,
    /// When its base package was built, where that is told.
    pub built: Option<String>,
    /// Bytes on disk; `None` where that takes too long to add up.
    pub size: Option<u64>,
    /// Where its packages are.
    pub libraries: Vec<Library>,
    /// Whether root owns it and all directories above it, and nobody else may write there.
    pub roots: bool,
    /// Whether everybody may reach and execute it.
    pub open: bool,
    /// What is wrong with it, each in one sentence.
    pub broken: Vec<String>,
}

/// A directory of packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Which.
    pub path: String,
    /// How many are in it; `None` where it cannot be read.
    pub packages: Option<u64>,
}

/// Something that leads to an interpreter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// What it is.
    pub kind: PointerKind,
    /// To which language, as far as it says.
    pub language: Option<Language>,
    /// A command's, a kernel's, a setting's name.
    pub name: String,
    /// The link, or the file that says it.
    pub file: String,
    /// What it says: a path, or the name of a program.
    pub says: String,
    /// The file that it leads to in the end.
    pub real: Option<String>,
    /// Why it leads to none.
    pub why_not: Option<String>,
}

/// What leads to an interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PointerKind {
    /// A program in a directory of programs.
    Command,
    /// A kernel of Jupyter.
    Kernel,
    /// A setting of RStudio Server.
    Rstudio,
    /// Another name of a directory, such as `/opt/R/current`.
    Alias,
}

/// What a look at one place brings: everything in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Interpreters.
    pub found: Vec<Found>,
    /// What leads to some.
    pub pointers: Vec<Pointer>,
    /// What was not looked at, each in one sentence.
    pub partial: Vec<String>,
}

/// Whether an interpreter runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// It said its version, and R the day of its release.
    Yes(Version, Option<String>),
    /// It was started and did not.
    No(String),
    /// It was not asked, and why.
    NotAsked(&'static str),
}

/// What somebody runs of an interpreter now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InUse {
    /// Who.
    pub uid: Uid,
    /// Their name; `None` where nobody knows it.
    pub user: Option<Hostile>,
    /// How many processes.
    pub processes: u64,
}

/// Everything that is known of one interpreter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Runtime {
    /// Of which language.
    pub language: Language,
    /// Which version: what it says when it runs, else what its files say.
    pub version: Option<Version>,
    /// How it is called.
    pub path: Hostile,
    /// Where that leads in the end.
    pub real: Hostile,
    /// `Rscript` beside it, where there is one.
    pub script: Option<Hostile>,
    /// What it is installed in; for R, `R_HOME`.
    pub prefix: Hostile,
    /// Who put it there.
    pub origin: Origin,
    /// In whose home it is; `None` for one of the host's.
    pub owner: Option<Hostile>,
    /// Whether it runs; `None` where it was not asked.
    pub runs: Option<bool>,
    /// Why it does not, or why it was not asked.
    pub runs_why: Option<Hostile>,
    /// Whether root owns it and all directories above it, and nobody else may write there.
    pub roots: bool,
    /// Whether everybody may reach and execute it.
    pub open: bool,
    /// The day of its release, where it tells.
    pub released: Option<String>,
    /// When its base package was built, where that is told.
    pub built: Option<String>,
    /// When it gets no more fixes; `None` where no table knows.
    pub end: Option<End>,
    /// Bytes on disk; `None` where that takes too long to add up.
    #[serde(rename = "size_bytes")]
    pub size: Option<Bytes>,
    /// Where its packages are.
    pub libraries: Vec<LibraryOf>,
    /// How many packages there are in all that can be read.
    pub packages: u64,
    /// What leads to it: commands, kernels, settings.
    pub pointed_by: Vec<Hostile>,
    /// For whom the policy means it: everybody, a group, a person.
    pub chosen_by: Vec<Chosen>,
    /// Who runs it now.
    pub in_use: Vec<InUse>,
    /// What is wrong with it, each in one sentence.
    pub broken: Vec<Hostile>,
}

/// A directory of packages, safe to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LibraryOf {
    /// Which.
    pub path: Hostile,
    /// How many are in it; `None` where it cannot be read.
    pub packages: Option<u64>,
}

/// A table of the policy that means a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// The table's name: `[runtimes.group.legacy]`.
    pub table: String,
    /// As it is written there.
    pub version: String,
    /// The file and line that say it.
    pub at: String,
}

/// All interpreters of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Runtimes {
    /// Of when the table of ends is.
    pub ends_of: &'static str,
    /// R first, then by version, the newest first.
    pub runtimes: Vec<Runtime>,
    /// What leads somewhere: commands, kernels, settings.
    pub pointers: Vec<PointerOf>,
    /// What is wrong with what leads nowhere, and with choices that nothing is there for.
    pub broken: Vec<Hostile>,
    /// What was not looked at, each in one sentence.
    pub partial: Vec<Hostile>,
}

/// Something that leads to an interpreter, safe to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PointerOf {
    /// What it is.
    pub kind: PointerKind,
    /// To which language, as far as it says.
    pub language: Option<Language>,
    /// A command's, a kernel's, a setting's name.
    pub name: Hostile,
    /// The link, or the file that says it.
    pub file: Hostile,
    /// What it says.
    pub says: Hostile,
    /// In whose home it is; `None` for one of the host's.
    pub owner: Option<Hostile>,
    /// The file that it leads to in the end.
    pub real: Option<Hostile>,
    /// Why it leads to none.
    pub why_not: Option<Hostile>,
}

impl PointerOf {
    /// Of whom it is and what it says.
    #[must_use]
    pub fn new(pointer: Pointer, owner: Option<&Hostile>) -> Self {
        Self {
            kind: pointer.kind,
            language: pointer.language,
            name: pointer.name.into(),
            file: pointer.file.into(),
            says: pointer.says.into(),
            owner: owner.cloned(),
            real: pointer.real.map(Hostile::from),
            why_not: pointer.why_not.map(Hostile::from),
        }
    }
}

impl Runtime {
    /// From what lies there and what it said.
    #[must_use]
    pub fn new(found: Found, owner: Option<&Hostile>, runs: Runs) -> Self {
        let packages = found.libraries.iter().filter_map(|lib| lib.packages).sum();
        let (said, runs, why, released) = match runs {
            Runs::Yes(version, day) => (Some(version), Some(true), None, day),
            Runs::No(why) => (None, Some(false), Some(why.into()), None),
            Runs::NotAsked(why) => (None, None, Some(why.into()), None),
        };
        let mut broken = found.broken;
        if let (Some(said), Some(told)) = (&said, &found.version)
            && !told.begins(said)
        {
            broken.push(format!("its files say {told}, and it says {said}"));
        }
        Self {
            language: found.language,
            version: said.or(found.version),
            path: found.path.into(),
            real: found.real.into(),
            script: found.script.map(Hostile::from),
            prefix: found.prefix.into(),
            origin: found.origin,
            owner: owner.cloned(),
            runs,
            runs_why: why,
            roots: found.roots,
            open: found.open,
            released,
            built: found.built,
            end: None,
            size: found.size.map(Bytes),
            libraries: found
                .libraries
                .into_iter()
                .map(|library| LibraryOf {
                    path: library.path.into(),
                    packages: library.packages,
                })
                .collect(),
            packages,
            pointed_by: Vec::new(),
            chosen_by: Vec::new(),
            in_use: Vec::new(),
            broken: broken.into_iter().map(Hostile::from).collect(),
        }
    }

    /// Whether a choice of the policy can mean it: it is the host's, root's alone, for everybody,
    /// and was not seen to fail. Python 2 is another language by the same name.
    #[must_use]
    pub fn may_be_chosen(&self) -> bool {
        let is_hosts = self.owner.is_none() && self.origin != Origin::Venv;
        let is_two = self.language == Language::Python
            && self.version.as_ref() < Version::parse("3").as_ref();
        is_hosts && self.roots && self.open && self.runs != Some(false) && !is_two
    }
}
