//! The files of a sudoers tree, read in sudo's order, with what it includes and what it passes
//! over.

use std::sync::Arc;

use rustix::fs::FileType;

use crate::base::text::printable;
use crate::host::root::Root;
use crate::model::sudo::lines::{self, Include};
use crate::model::sudo::parse::Reader;
use crate::model::sudo::view::Ignored;
use crate::model::sudo::{Place, Problem, Tree};

use super::{SUDOERS, surround};

/// How deep files may include each other, as in sudo.
const DEEP: usize = 128;
/// So many files no tree has.
const MOST: usize = 10_000;

/// What was read.
#[derive(Default)]
pub(super) struct Read {
    pub(super) tree: Tree,
    pub(super) files: Vec<String>,
    pub(super) dirs: Vec<String>,
    pub(super) ignored: Vec<Ignored>,
    pub(super) partial: Vec<String>,
    pub(super) readable: bool,
}

struct Walk<'a> {
    root: &'a Root,
    host: String,
    owner: u32,
    reader: Reader,
    read: Read,
    problems: Vec<Problem>,
}

pub(super) fn read(root: &Root) -> Read {
    let host = surround::host_name(root);
    let mut walk = Walk {
        root,
        host: host.split('.').next().unwrap_or("").to_owned(),
        // Of a tree of files whoever owns the tree is root.
        owner: root.owner("/").map_or(0, |uid| uid.0),
        reader: Reader::default(),
        read: Read::default(),
        problems: Vec::new(),
    };
    walk.read.readable = walk.file(SUDOERS, None, 0);
    let mut read = walk.read;
    read.tree = walk.reader.finish();
    read.tree.problems.extend(walk.problems);
    read.tree.problems.sort_by(|a, b| a.place.cmp(&b.place));
    read
}

impl Walk<'_> {
    /// Reads one file; tells whether it was there to be read. `from` is what includes it.
    fn file(&mut self, path: &str, from: Option<&Place>, deep: usize) -> bool {
        if self.read.files.len() >= MOST {
            return false;
        }
        match self.stat(path) {
            Some(Ok(())) => {}
            Some(Err(why)) => {
                self.read.ignored.push(Ignored {
                    file: path.to_owned(),
                    why,
                });
                return false;
            }
            None => {
                if let Some(place) = from {
                    self.problems.push(Problem {
                        place: place.clone(),
                        what: format!("{path} is included and is not there"),
                    });
                }
                return from.is_none() && !self.root.is_live();
            }
        }
        let bytes = match self.root.read(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return false,
            Err(error) => {
                let remedy = if error.denied() { "; root may" } else { "" };
                self.read
                    .partial
                    .push(format!("sudo's rules: {error}{remedy}"));
                return false;
            }
        };
        self.read.files.push(path.to_owned());
        let file: Arc<str> = path.into();
        for statement in lines::statements(&lines::text(&bytes)) {
            let place = Place {
                file: file.clone(),
                line: statement.line,
            };
            match lines::include(&statement.text, &self.host) {
                None => self.reader.take(&statement.text, &place),
                Some(_) if deep >= DEEP => self.problems.push(Problem {
                    place,
                    what: "too many files include each other".to_owned(),
                }),
                Some(Include::File(other)) => {
                    let other = beside(path, &other);
                    self.file(&other, Some(&place), deep + 1);
                }
                Some(Include::Dir(dir)) => self.dir(&beside(path, &dir), deep + 1),
            }
        }
        true
    }

    fn dir(&mut self, dir: &str, deep: usize) {
        self.read.dirs.push(dir.to_owned());
        if !self.root.is_dir(dir) {
            return;
        }
        if let Some(Err(why)) = self.secure(dir, FileType::Directory) {
            self.read.ignored.push(Ignored {
                file: dir.to_owned(),
                why,
            });
            return;
        }
        if let Err(error) = self.root.may_list(dir) {
            self.read
                .partial
                .push(format!("sudo's rules: {error}; root may"));
        }
        for name in self.root.list(dir) {
            let shown = printable(name.as_encoded_bytes(), 255);
            let Some(name) = name.to_str() else {
                self.read
                    .partial
                    .push(format!("{dir}/{shown} is not read: its name is no text"));
                continue;
            };
            let path = format!("{dir}/{name}");
            if let Some(why) = lines::passed_over(name) {
                // An editor's lock and a package's note are nobody's rules.
                if self.stat(&path).is_some() && name != ".placeholder" {
                    self.read.ignored.push(Ignored {
                        file: path,
                        why: why.to_owned(),
                    });
                }
                continue;
            }
            if self.root.is_dir(&path) {
                continue;
            }
            self.file(&path, None, deep);
        }
    }

    /// Whether sudo takes a file; `None` where there is none.
    fn stat(&self, path: &str) -> Option<Result<(), String>> {
        self.secure(path, FileType::RegularFile)
    }

    fn secure(&self, path: &str, kind: FileType) -> Option<Result<(), String>> {
        let stat = match rustix::fs::stat(self.root.path(path)) {
            Ok(stat) => stat,
            Err(rustix::io::Errno::ACCESS) => return Some(Ok(())),
            Err(_) => return None,
        };
        Some(if FileType::from_raw_mode(stat.st_mode) != kind {
            Err("it is no regular file".to_owned())
        } else if stat.st_uid != self.owner {
            Err(format!(
                "it is owned by uid {}, and not by root",
                stat.st_uid
            ))
        } else if stat.st_mode & 0o002 != 0 {
            Err("everybody can write to it".to_owned())
        } else if stat.st_mode & 0o020 != 0 && self.root.is_live() && stat.st_gid != 0 {
            Err(format!("the group {} can write to it", stat.st_gid))
        } else {
            Ok(())
        })
    }
}

/// A path of an include, which may be beside the file that includes it.
fn beside(file: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.trim_end_matches('/').to_owned();
    }
    let dir = file.rsplit_once('/').map_or("", |(dir, _)| dir);
    format!("{dir}/{}", path.trim_end_matches('/'))
}
