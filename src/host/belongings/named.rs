//! Files of the system that name a person: units that run as them, sudo rules about them. They are
//! searched as text; who may do what in the end is sudo's own to say.

use crate::host::root::Root;
use crate::model::people::belongings::Place;

/// Where an admin puts units, and what changes them.
const UNITS: [&str; 2] = ["/etc/systemd/system", "/run/systemd/system"];
const SUDOERS: &str = "/etc/sudoers";
const SUDOERS_DIR: &str = "/etc/sudoers.d";
/// Nobody's rules and units are longer.
const LONGEST: usize = 1 << 20;

/// Lines with `User=` of units and their drop-ins, by name or uid.
pub(super) fn units(root: &Root, name: &str, uid: u32) -> Vec<Place> {
    let mut files = Vec::new();
    for dir in UNITS {
        for entry in root.list_names(dir) {
            let path = format!("{dir}/{entry}");
            if entry.ends_with(".d") {
                let parts = root
                    .list_names(&path)
                    .filter(|part| part.ends_with(".conf"));
                files.extend(parts.map(|part| format!("{path}/{part}")));
            } else if entry.ends_with(".service") {
                files.push(path);
            }
        }
    }
    let uid = uid.to_string();
    let theirs = |line: &str| {
        let value = line.trim().strip_prefix("User").map(str::trim_start);
        let value = value.and_then(|rest| rest.strip_prefix('=')).map(str::trim);
        value.is_some_and(|value| value == name || value == uid)
    };
    lines(root, files, theirs)
}

/// Lines of the sudoers files that name the person, their group or their uid outside a comment.
pub(super) fn sudo_rules(root: &Root, name: &str, uid: u32) -> Vec<Place> {
    // sudo passes over these names, see sudoers(5).
    let counts = |file: &String| !file.contains('.') && !file.ends_with('~');
    let more = root.list_names(SUDOERS_DIR).filter(counts);
    let files =
        std::iter::once(SUDOERS.to_owned()).chain(more.map(|file| format!("{SUDOERS_DIR}/{file}")));
    let number = format!("#{uid}");
    lines(root, files, |line| {
        let rule = without_comment(line);
        has_word(rule, name) || has_word(rule, &number)
    })
}

/// A `#` begins a comment, unless a number follows: that is a uid.
fn without_comment(line: &str) -> &str {
    let begins =
        |(at, _): &(usize, &str)| !line[at + 1..].starts_with(|next: char| next.is_ascii_digit());
    let comment = line.match_indices('#').find(begins);
    comment.map_or(line, |(at, _)| &line[..at])
}

/// Whether a name stands in a line by itself, and not as a part of another one.
fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let alone = |(at, _): (usize, &str)| {
        !line[..at].ends_with(part) && !line[at + word.len()..].starts_with(part)
    };
    !word.is_empty() && line.match_indices(word).any(alone)
}

fn lines(
    root: &Root,
    files: impl IntoIterator<Item = String>,
    is_meant: impl Fn(&str) -> bool,
) -> Vec<Place> {
    let mut found = Vec::new();
    let mut bytes = Vec::new();
    for file in files {
        // What is no file, as a unit that is masked, names nobody.
        if !matches!(root.read_start(&file, LONGEST, &mut bytes), Ok(true)) {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes);
        let meant = text.lines().enumerate().filter(|(_, line)| is_meant(line));
        found.extend(meant.map(|(at, _)| Place {
            file: file.clone(),
            line: at + 1,
        }));
    }
    found
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn host(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("proc")).unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let root = Root::fixture(dir.path()).unwrap();
        (dir, root)
    }

    fn told(places: &[Place]) -> Vec<String> {
        places.iter().map(Place::told).collect()
    }

    #[test]
    fn rules_are_found_by_name_group_and_uid() {
        let (_dir, root) = host(&[
            (
                "etc/sudoers",
                "Defaults env_reset\nroot ALL=(ALL) ALL\n# ada was here\n@includedir /etc/sudoers.d\n",
            ),
            (
                "etc/sudoers.d/ada",
                "bob,ada ALL=(ALL) ALL # daily\n%ada ALL=ALL\n#1001 ALL=ALL\nadam ALL=ALL\n\
                 ada.lovelace ALL=ALL\n#10010 ALL=ALL\n",
            ),
            ("etc/sudoers.d/old.bak", "ada ALL=ALL\n"),
        ]);
        assert_eq!(
            told(&sudo_rules(&root, "ada", 1001)),
            ["1", "2", "3"].map(|line| format!("/etc/sudoers.d/ada line {line}"))
        );
    }

    #[test]
    fn units_are_found_by_whom_they_run_as() {
        let (_dir, root) = host(&[
            (
                "etc/systemd/system/shiny.service",
                "[Service]\nUser = ada\n",
            ),
            (
                "etc/systemd/system/x.service.d/a.conf",
                "[Service]\nUser=1001\n",
            ),
            (
                "etc/systemd/system/other.service",
                "[Service]\nUser=adam\n#User=ada\n",
            ),
        ]);
        assert_eq!(
            told(&units(&root, "ada", 1001)),
            [
                "/etc/systemd/system/shiny.service line 2",
                "/etc/systemd/system/x.service.d/a.conf line 2",
            ]
        );
    }

    proptest! {
        #[test]
        fn no_line_breaks_it(line in any::<String>(), word in any::<String>()) {
            let _ = has_word(without_comment(&line), &word);
        }
    }
}
