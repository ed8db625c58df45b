//! The tools that are measured, each told to refresh once a second.

use std::fs;
use std::path::{Path, PathBuf};

/// A console, and how it is started.
pub(crate) struct Tool {
    /// As it is called in the table.
    pub(crate) name: &'static str,
    /// Its file name on `PATH`.
    program: &'static str,
    arguments: &'static [&'static str],
}

/// The one that is compared with the others.
pub(crate) const OURS: &str = "benchwarden";

/// Every tool, ours first.
pub(crate) const TOOLS: [Tool; 7] = [
    tool(OURS, "benchwarden", &[]),
    tool("btop", "btop", &[]),
    tool("htop", "htop", &["-d", "10"]),
    tool("top", "top", &["-d", "1"]),
    tool("atop", "atop", &["1"]),
    tool("below", "below", &["live", "--interval-s", "1"]),
    tool("bottom", "btm", &["--rate", "1000"]),
];

/// Settings that no argument makes: a file in the home directory and what is in it.
const SETTINGS: [(&str, &str); 1] = [(".config/btop/btop.conf", "update_ms = 1000\n")];

const fn tool(
    name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
) -> Tool {
    Tool {
        name,
        program,
        arguments,
    }
}

impl Tool {
    /// The command line, if the tool is installed.
    pub(crate) fn argv(&self) -> Option<Vec<String>> {
        let program = if self.name == OURS {
            ours()
        } else {
            on_path(self.program)
        };
        let program = program?.to_str()?.to_owned();
        let arguments = self.arguments.iter().copied().map(str::to_owned);
        Some(std::iter::once(program).chain(arguments).collect())
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.name == OURS
    }
}

/// The console of this repository: `BENCHWARDEN_BIN`, or the last release build.
fn ours() -> Option<PathBuf> {
    let named = std::env::var_os("BENCHWARDEN_BIN");
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/benchwarden");
    fs::canonicalize(named.map_or(built, PathBuf::from)).ok()
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

/// A home directory with nobody's settings in it but those that make the tools comparable.
pub(crate) fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a temporary directory");
    for (file, text) in SETTINGS {
        let file = home.path().join(file);
        let dir = file.parent().expect("settings are in a directory");
        fs::create_dir_all(dir).expect("the home directory is ours");
        fs::write(file, text).expect("the home directory is ours");
    }
    home
}
