//! The rooms of the house and the arrows between them: nothing points back.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and those it may use. A room that is not in the table does not exist.
const HOUSE: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("model", &["base"]),
    ("policy", &["model", "base"]),
    ("plan", &["policy", "model", "base"]),
    ("host", &["plan", "policy", "model", "base"]),
    ("store", &["plan", "policy", "model", "base"]),
    (
        "engine",
        &["host", "store", "plan", "policy", "model", "base"],
    ),
    (
        "tui",
        &["engine", "host", "store", "plan", "policy", "model", "base"],
    ),
    (
        "cli",
        &["engine", "host", "store", "plan", "policy", "model", "base"],
    ),
    (
        "guard",
        &["engine", "host", "store", "plan", "policy", "model", "base"],
    ),
];

/// Rooms whose files may open paths, run programs, read clocks or call the kernel.
const MACHINE_ROOM: &str = "host";
/// What only that room may name. The terminal is the console's own, so `tui` has `std::io`.
const MACHINE_WORDS: &[&str] = &[
    "std::fs",
    "std::process::Command",
    "std::env",
    "rustix::",
    "libc::",
    "zbus::",
    "uzers::",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Files of a room: its folder, or the file of its name.
fn files_of(room: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let (dir, file) = (source().join(room), source().join(format!("{room}.rs")));
    if dir.is_dir() {
        rust_files(&dir, &mut files);
    }
    if file.is_file() {
        files.push(file);
    }
    files
}

/// The file without comments: what the compiler sees.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|l| !l.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Rooms named as `crate::room`, alone or within `crate::{…}`.
fn rooms_used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or(list),
            None => rest
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap(),
        };
        for name in names.split(',') {
            let name = name.trim().split("::").next().unwrap_or("");
            used.insert(name.to_owned());
        }
    }
    used
}

#[test]
fn every_folder_is_a_room_of_the_house() {
    for entry in fs::read_dir(source()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let known = HOUSE.iter().any(|(room, _)| *room == name);
        assert!(
            known || ["lib", "main"].contains(&name),
            "{} is no room of the house; give it a place in tests/house.rs and lib.rs",
            path.display()
        );
    }
}

#[test]
fn no_arrow_points_back() {
    for (room, may_use) in HOUSE {
        for file in files_of(room) {
            for used in rooms_used(&code(&file)) {
                let is_room = HOUSE.iter().any(|(name, _)| *name == used);
                assert!(
                    !is_room || used == *room || may_use.contains(&used.as_str()),
                    "{}: {room} must not use {used}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn only_the_host_touches_the_machine() {
    for (room, _) in HOUSE.iter().filter(|(room, _)| *room != MACHINE_ROOM) {
        for file in files_of(room) {
            let code = code(&file);
            for word in MACHINE_WORDS {
                assert!(
                    !code.contains(word),
                    "{}: {word} belongs to {MACHINE_ROOM}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn the_tests_of_this_file_can_fail() {
    let code = "use crate::{tui::App, base};\nuse crate::engine::Engine;\ncrate::cli::run()";
    let used: Vec<String> = rooms_used(code).into_iter().collect();
    assert_eq!(used, ["base", "cli", "engine", "tui"]);
    assert!(!files_of("base").is_empty() && !files_of("tui").is_empty());
}
