//! What the files of R, Python, conda, Jupyter and RStudio say, read without running anything.
//!
//! All of it may be somebody else's text: every parser takes anything and answers with what it
//! understood, or nothing.

use jiff::civil::Date;

use super::version::Version;

/// A field of the first record of a DCF file, as `DESCRIPTION` is, continuation lines joined.
#[must_use]
pub fn dcf(text: &str, field: &str) -> Option<String> {
    let mut value: Option<String> = None;
    for line in text.lines() {
        if line.trim().is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some(value) = &mut value {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        if value.is_some() {
            break;
        }
        let (key, rest) = line.split_once(':')?;
        if key == field {
            value = Some(rest.trim().to_owned());
        }
    }
    value
}

/// When a package of R was built, from the field `Built`: `R 4.2.2; ; 2023-04-03 …; unix`.
#[must_use]
pub fn built(description: &str) -> Option<String> {
    let built = dcf(description, "Built")?;
    let mut parts = built.split(';');
    let moment = parts.nth(2)?.trim();
    day(moment)
}

/// The day that a text begins with, as `2023-04-03`.
fn day(text: &str) -> Option<String> {
    let day: Date = text.get(..10)?.parse().ok()?;
    Some(day.to_string())
}

/// Where the script that starts R says that R is; `None` where it says nothing plain.
#[must_use]
pub fn r_home_dir(script: &str) -> Option<String> {
    const KEY: &str = "R_HOME_DIR=";
    let lines = script.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.starts_with('#'));
    let value = lines.find_map(|line| {
        let at = line.find(KEY)?;
        let before = line.get(..at)?;
        let begins = before.is_empty() || before.ends_with([' ', ';', '\t']);
        begins.then(|| line.get(at + KEY.len()..))?
    })?;
    let end = value
        .find(|c: char| c.is_whitespace() || c == ';')
        .unwrap_or(value.len());
    let value = value.get(..end)?.trim_matches(['"', '\'']);
    (value.starts_with('/') && !value.contains(['$', '`'])).then(|| value.to_owned())
}

/// What `R --version` says of itself: the version, and the day of its release.
#[must_use]
pub fn r_says(output: &str) -> Option<(Version, Option<String>)> {
    let rest = output
        .lines()
        .find_map(|line| line.strip_prefix("R version "))?;
    let version = Version::leading(rest)?;
    let day = rest.split_once('(').and_then(|(_, rest)| self::day(rest));
    Some((version, day))
}

/// The version in `patchlevel.h`: `#define PY_VERSION "3.11.2"`.
#[must_use]
pub fn patchlevel(header: &str) -> Option<Version> {
    let value = header.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("#define")?.trim_start();
        let rest = rest.strip_prefix("PY_VERSION")?;
        rest.starts_with([' ', '\t']).then(|| rest.trim())
    })?;
    Version::leading(value.trim_matches('"'))
}

/// The version that the name of an interpreter tells: `python3.11`, not `python3.11-config`.
#[must_use]
pub fn python_name(name: &str) -> Option<Version> {
    let rest = name.strip_prefix("python")?;
    Version::parse(rest.strip_suffix('t').unwrap_or(rest))
}

/// Where the interpreter of a virtual environment is, and its version, from `pyvenv.cfg`.
#[must_use]
pub fn pyvenv(text: &str) -> (Option<String>, Option<Version>) {
    let value = |wanted: &[&str]| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            wanted
                .contains(&key.trim())
                .then(|| value.trim().to_owned())
        })
    };
    let home = value(&["home"]).filter(|home| home.starts_with('/'));
    let version = value(&["version", "version_info"]);
    (home, version.and_then(|text| Version::leading(&text)))
}

/// The version of a package of conda, from the name of its record: `python-3.12.1-h1_0.json`.
#[must_use]
pub fn conda_record(name: &str, package: &str) -> Option<Version> {
    let rest = name.strip_prefix(package)?.strip_prefix('-')?;
    let (version, build) = rest.strip_suffix(".json")?.split_once('-')?;
    (!build.contains('-')).then(|| Version::leading(version))?
}

/// The version in the name of a directory: `3.12.1`, `R-4.1.0`, `cpython-3.12.1-linux-x86_64-gnu`.
#[must_use]
pub fn directory(name: &str) -> Option<Version> {
    let rest = ["cpython-", "python-", "python", "R-"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    Version::leading(rest)
}

/// A kernel of Jupyter: what it is called, what it runs, which language it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelSpec {
    /// What people see.
    pub display: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// As it calls it.
    pub language: String,
}

/// What a `kernel.json` says; `None` for one that says nothing Jupyter would understand.
#[must_use]
pub fn kernel(json: &[u8]) -> Option<KernelSpec> {
    let value: serde_json::Value = serde_json::from_slice(json).ok()?;
    let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
    let argv = value.get("argv")?.as_array()?;
    let argv: Option<Vec<String>> = argv
        .iter()
        .map(|arg| Some(arg.as_str()?.to_owned()))
        .collect();
    let argv = argv.filter(|argv| !argv.is_empty())?;
    Some(KernelSpec {
        display: text("display_name").unwrap_or_default(),
        language: text("language").unwrap_or_default(),
        argv,
    })
}

/// A setting of `rserver.conf`: the last one counts.
#[must_use]
pub fn setting(text: &str, key: &str) -> Option<String> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.starts_with('#'));
    let mut values = lines.filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim().to_owned())
    });
    values.next_back().filter(|value| !value.is_empty())
}

/// The directories that RStudio's `r-versions` names, as plain lines or as `Path:` of records.
#[must_use]
pub fn r_versions(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    let paths = lines.filter_map(|line| {
        let path = line.strip_prefix("Path:").map_or(line, str::trim);
        path.starts_with('/').then(|| path.to_owned())
    });
    paths.collect()
}

/// The directories in `R_LIBS_SITE` of an `Renviron`, as far as they are plain.
#[must_use]
pub fn r_libs_site(text: &str, home: &str, version: Option<&Version>) -> Vec<String> {
    let Some(value) = setting(text, "R_LIBS_SITE") else {
        return Vec::new();
    };
    // ${R_LIBS_SITE-'…'} and ${R_LIBS_SITE:-…}: what counts where nobody says otherwise.
    let inner = value
        .strip_prefix("${R_LIBS_SITE")
        .and_then(|rest| rest.strip_suffix('}'))
        .map(|rest| rest.trim_start_matches(':').trim_start_matches('-'));
    let value = inner.unwrap_or(&value).trim_matches(['"', '\'']);
    let known = |version: &Version| (version.minor().to_string(), version.to_string());
    let (minor, whole) = version.map_or_else(Default::default, known);
    let value = value
        .replace("${R_HOME}", home)
        .replace("%v", &minor)
        .replace("%V", &whole);
    let plain = |dir: &&str| dir.starts_with('/') && !dir.contains(['$', '%']);
    value
        .split(':')
        .filter(plain)
        .map(|dir| dir.trim_end_matches('/').to_owned())
        .collect()
}

#[cfg(test)]
mod tests;
