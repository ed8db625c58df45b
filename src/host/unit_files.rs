//! The files that systemd reads about some units, from every directory it looks in.

use std::collections::BTreeSet;
use std::io::Read as _;

use crate::plan::limits::dropin;
use crate::plan::limits::files::{LOOKED_IN, UnitFile, directories};
use crate::plan::limits::wishes::uid_of;

use super::root::Root;
use super::{durable, observe, plain};

/// No unit's file is longer.
const LONGEST: u64 = 256 << 10;

/// All files about these units, and about slices of people whether they are named or not.
#[must_use]
pub fn about(root: &Root, units: &BTreeSet<String>) -> Vec<UnitFile> {
    let named: BTreeSet<String> = units.iter().flat_map(|unit| directories(unit)).collect();
    let mut files = Vec::new();
    let mut seen_dirs = BTreeSet::new();
    for dir in LOOKED_IN {
        // On most hosts /lib is a link to /usr/lib.
        let real = root.path(dir).canonicalize().ok();
        if real.is_none_or(|real| !seen_dirs.insert(real)) {
            continue;
        }
        for name in root.list_names(dir) {
            let path = format!("{dir}/{name}");
            if units.contains(&name) {
                files.extend(file(root, path));
            } else if named.contains(&name) || is_a_persons(&name) {
                let inside = root.list_names(&path);
                let conf = inside.filter(|name| name.ends_with(".conf"));
                files.extend(conf.filter_map(|name| file(root, format!("{path}/{name}"))));
            }
        }
    }
    files
}

/// Slices of people that anything on disk is about.
#[must_use]
pub fn people(root: &Root) -> BTreeSet<String> {
    let dirs = LOOKED_IN.iter().flat_map(|dir| root.list_names(dir));
    dirs.filter(|name| is_a_persons(name))
        .filter_map(|name| Some(name.strip_suffix(".d")?.to_owned()))
        .collect()
}

/// Units, slices of people apart, that a file of ours is about.
#[must_use]
pub fn ours(root: &Root) -> BTreeSet<String> {
    let bases = ["/etc/systemd/system", "/run/systemd/system"];
    let dirs = bases.iter().flat_map(|dir| root.list_names(dir));
    let units = dirs.filter_map(|name| Some(name.strip_suffix(".d")?.to_owned()));
    let is_ours = |unit: &String| dropin::paths(unit).iter().any(|path| root.exists(path));
    units.filter(is_ours).collect()
}

fn is_a_persons(name: &str) -> bool {
    name.strip_suffix(".d").and_then(uid_of).is_some()
}

/// One file; a link is what it points to, as systemd has it, and one of ours is never one.
fn file(root: &Root, path: String) -> Option<UnitFile> {
    let stat = durable::stat(root, &path)?;
    let is_link = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_symlink();
    let text = if is_link && !dropin::is_ours(&path) {
        let mut bytes = Vec::new();
        let read = root.read_start(&path, usize::try_from(LONGEST).unwrap_or(0), &mut bytes);
        read.ok().map(|_| bytes)
    } else {
        plain::start(root, &path, LONGEST).ok().flatten()
    };
    let text = text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Some(UnitFile {
        fact: observe::file_fact(root, &path).ok().flatten()?,
        text,
        owner: stat.st_uid,
        modified: stat.st_mtime,
        path,
    })
}

/// The Debian package that a file came with, by dpkg's lists.
#[must_use]
pub fn package(root: &Root, path: &str) -> Option<String> {
    const LISTS: &str = "/var/lib/dpkg/info";
    let is_of = |name: &String| {
        let opened = plain::file(root, &format!("{LISTS}/{name}")).ok().flatten();
        let mut text = String::new();
        let read = opened.and_then(|mut file| file.read_to_string(&mut text).ok());
        read.is_some() && text.lines().any(|line| line == path)
    };
    let lists = root.list_names(LISTS);
    let mut lists = lists.filter(|name| name.ends_with(".list"));
    let found = lists.find(is_of)?;
    let name = found.trim_end_matches(".list");
    Some(name.split(':').next().unwrap_or(name).to_owned())
}
