//! R and Python on the host, found by looking and never by running them.

use serde::Serialize;
use serde_json::json;

use crate::base::text::printable;
use crate::host::root::Root;
use crate::model::findings::{Finding, Status};

/// One interpreter.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Runtime {
    version: Option<String>,
    path: String,
}

pub(super) fn r(root: &Root) -> Finding {
    let mut found = Vec::new();
    for name in root.list_names("/opt/R") {
        push(root, &mut found, &format!("/opt/R/{name}/bin/R"), || {
            ["lib", "lib64"]
                .iter()
                .find_map(|lib| r_version(root, &format!("/opt/R/{name}/{lib}/R")))
                .or_else(|| looks_like_version(&name))
        });
    }
    for (home, path) in [
        ("/usr/lib/R", "/usr/bin/R"),
        ("/usr/lib64/R", "/usr/bin/R"),
        ("/usr/local/lib/R", "/usr/local/bin/R"),
        ("/usr/local/lib64/R", "/usr/local/bin/R"),
    ] {
        if root.is_dir(home) {
            push(root, &mut found, path, || r_version(root, home));
        }
    }
    finding(found, "r", "R", "install r-base, or versions under /opt/R")
}

/// The version an R installation says of itself, in the description of its base package.
fn r_version(root: &Root, home: &str) -> Option<String> {
    let text = root.peek(&format!("{home}/library/base/DESCRIPTION"))?;
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("Version:"))?;
    looks_like_version(version.trim())
}

pub(super) fn python(root: &Root) -> Finding {
    let mut found = Vec::new();
    for dir in ["/usr/bin", "/usr/local/bin"] {
        for name in root.list_names(dir) {
            // `python3.11`, but not `python3`, which is a link to one, nor `python3.11-config`.
            if let Some(version) = name.strip_prefix("python").and_then(looks_like_version)
                && version.contains('.')
            {
                push(root, &mut found, &format!("{dir}/{name}"), || Some(version));
            }
        }
    }
    for name in root.list_names("/opt/python") {
        push(
            root,
            &mut found,
            &format!("/opt/python/{name}/bin/python3"),
            || looks_like_version(&name),
        );
    }
    for base in [
        "/opt/conda",
        "/opt/miniconda3",
        "/opt/miniforge3",
        "/opt/anaconda3",
    ] {
        push(root, &mut found, &format!("{base}/bin/python3"), || {
            conda_version(root, base)
        });
    }
    finding(
        found,
        "python",
        "Python",
        "install python3, or versions under /opt/python",
    )
}

/// The version of a conda prefix's Python, from the name of its package record.
fn conda_version(root: &Root, prefix: &str) -> Option<String> {
    root.list_names(&format!("{prefix}/conda-meta"))
        .find_map(|name| {
            let rest = name.strip_prefix("python-")?;
            looks_like_version(rest.split('-').next()?)
        })
}

fn push(
    root: &Root,
    found: &mut Vec<Runtime>,
    path: &str,
    version: impl FnOnce() -> Option<String>,
) {
    if root.is_executable(path) {
        found.push(Runtime {
            version: version(),
            path: printable(path.as_bytes(), 256),
        });
    }
}

/// Digits and dots alone.
fn looks_like_version(text: &str) -> Option<String> {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    (digits && plain && text.len() <= 20).then(|| text.to_owned())
}

fn finding(mut found: Vec<Runtime>, topic: &'static str, name: &str, install: &str) -> Finding {
    found.sort();
    found.dedup();
    let told: Vec<String> = found
        .iter()
        .map(|r| {
            format!(
                "{} ({})",
                r.version.as_deref().unwrap_or("version unknown"),
                r.path
            )
        })
        .collect();
    let (status, todo) = if found.is_empty() {
        (Status::Missing, Some(install.to_owned()))
    } else {
        (Status::Ok, None)
    };
    Finding {
        topic,
        status,
        found: if told.is_empty() {
            format!("no {name} found")
        } else {
            told.join(", ")
        },
        why: "what analysts run; which version each gets",
        todo,
        facts: json!({ "found": found }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_and_dots_are_a_version() {
        assert_eq!(looks_like_version("4.5.0").as_deref(), Some("4.5.0"));
        for other in [
            "current",
            "3-config",
            "3.11-dbg",
            "",
            ".5",
            "4.5.0\u{1b}[m",
            "4 5",
        ] {
            assert_eq!(looks_like_version(other), None, "{other:?}");
        }
    }
}
