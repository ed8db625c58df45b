//! The programs of sudo: which there are, and what they say of the files.

use std::io::Read as _;
use std::time::Duration;

use crate::base::text::printable;
use crate::host::command;
use crate::host::probe::sudo_version;
use crate::host::root::Root;
use crate::model::sudo::view::Tool;
use crate::model::sudo::{Place, Problem};

const PATIENCE: Duration = Duration::from_secs(10);
/// More than this no tree says: 100,000 rules fit.
const LONGEST: u64 = 64 << 20;

pub(super) fn find(root: &Root) -> Tool {
    let path = root.find_executable("sudo");
    let version = path.as_deref().and_then(|path| sudo_version(root, path));
    let (implementation, version) = version.unzip();
    let notafter = match (implementation, &version) {
        (Some("sudo"), Some(version)) => Some(at_least(version, [1, 8, 20])),
        (Some(_), _) => Some(false),
        (None, _) => None,
    };
    Tool {
        cvtsudoers: root.find_executable("cvtsudoers"),
        visudo: root.find_executable("visudo"),
        implementation: implementation.map(str::to_owned),
        path,
        version,
        notafter,
    }
}

fn at_least(version: &str, least: [u32; 3]) -> bool {
    let number = |text: &str| -> u32 {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        text.get(..digits)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    };
    let mut parts = version.split('.').map(number);
    let own: [u32; 3] = std::array::from_fn(|_| parts.next().unwrap_or(0));
    own >= least
}

/// The tree as JSON.
pub(super) fn convert(program: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let args = ["-e", "-f", "json", super::SUDOERS];
    let out = command::pipe_from(program, &args, PATIENCE, |out| {
        out.take(LONGEST).read_to_end(&mut bytes).map(drop)
    });
    match out {
        Ok(out) if out.code == Some(0) => Ok(bytes),
        Ok(out) => {
            let line = out.stderr.split(|byte| *byte == b'\n').next();
            Err(printable(line.unwrap_or_default(), 200))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// What `visudo -c` says is wrong with the tree, line by line.
pub(super) fn broken(root: &Root, tool: &Tool, partial: &mut Vec<String>) -> Vec<Problem> {
    let Some(visudo) = tool.visudo.as_deref().filter(|_| root.is_live()) else {
        return Vec::new();
    };
    if !crate::host::is_root() {
        return Vec::new();
    }
    match command::run(visudo, &["-c"], PATIENCE) {
        Ok(out) if out.code == Some(0) => Vec::new(),
        Ok(out) => {
            let text = [out.stderr, out.stdout].concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            let problems = complaints(&text);
            let lines = text.lines().map(str::trim);
            let mut other = lines.filter(|line| line.contains(": ") && place(line).is_none());
            if problems.is_empty()
                && let Some(line) = other.next()
            {
                partial.push(format!("visudo -c: {}", printable(line.as_bytes(), 300)));
            }
            problems
        }
        Err(error) => {
            partial.push(error.to_string());
            Vec::new()
        }
    }
}

/// `FILE:LINE:COLUMN: WHAT`, as visudo says it.
fn complaints(text: &str) -> Vec<Problem> {
    let mut all: Vec<Problem> = Vec::new();
    for (place, what) in text.lines().filter_map(place) {
        let problem = Problem {
            place,
            what: what.to_owned(),
        };
        // visudo says it twice.
        if !all.contains(&problem) {
            all.push(problem);
        }
    }
    all
}

fn place(line: &str) -> Option<(Place, &str)> {
    let line = line.strip_prefix("visudo: ").unwrap_or(line);
    let (place, what) = line.split_once(": ")?;
    let number = |text: &str| -> Option<u32> { text.parse().ok() };
    let (head, last) = place.rsplit_once(':')?;
    let last = number(last)?;
    let (file, line) = match head.rsplit_once(':') {
        Some((file, line)) if number(line).is_some() => (file, number(line)?),
        _ => (head, last),
    };
    file.starts_with('/').then(|| {
        let place = Place {
            file: file.into(),
            line,
        };
        (place, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_visudo_says_has_a_file_and_a_line() {
        let text = "/etc/sudoers.d/x:2:13: syntax error\nbroken line here\n            ^~~~\n\
                    /etc/sudoers.d/x:2:13: syntax error\n/etc/sudoers: parsed OK\n";
        let found = complaints(text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place.to_string(), "/etc/sudoers.d/x:2");
        assert_eq!(found[0].what, "syntax error");
    }

    #[test]
    fn a_version_is_a_number_and_no_text() {
        assert!(at_least("1.9.13p3", [1, 8, 20]));
        assert!(at_least("1.10", [1, 8, 20]));
        assert!(!at_least("1.8.19p1", [1, 8, 20]));
        assert!(!at_least("", [1, 8, 20]));
    }
}
