//! The tools that are measured, each told how often to refresh.

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
    tool("htop", "htop", &["-d", "TENTHS"]),
    tool("top", "top", &["-d", "SECONDS"]),
    tool("atop", "atop", &["SECONDS"]),
    tool("below", "below", &["live", "--interval-s", "SECONDS"]),
    tool("bottom", "btm", &["--rate", "MILLISECONDS"]),
];

/// Settings that no argument makes: a file in the home directory and what is in it.
const SETTINGS: [(&str, &str); 1] = [(".config/btop/btop.conf", "update_ms = MILLISECONDS\n")];

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
    pub(crate) fn argv(&self, every: u32) -> Option<Vec<String>> {
        let program = if self.name == OURS {
            ours()
        } else {
            on_path(self.program)
        };
        let program = program?.to_str()?.to_owned();
        let arguments = self.arguments.iter().map(|argument| timed(argument, every));
        Some(std::iter::once(program).chain(arguments).collect())
    }

    pub(crate) fn is_installed(&self) -> bool {
        self.argv(1).is_some()
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.name == OURS
    }
}

/// A setting, with the seconds between two refreshes in it.
fn timed(setting: &str, every: u32) -> String {
    setting
        .replace("MILLISECONDS", &(every * 1000).to_string())
        .replace("SECONDS", &every.to_string())
        .replace("TENTHS", &(every * 10).to_string())
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
pub(crate) fn home(every: u32) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a temporary directory");
    for (file, text) in SETTINGS {
        let file = home.path().join(file);
        let dir = file.parent().expect("settings are in a directory");
        fs::create_dir_all(dir).expect("the home directory is ours");
        fs::write(file, timed(text, every)).expect("the home directory is ours");
    }
    home
}
