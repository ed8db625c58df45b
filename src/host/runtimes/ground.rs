//! Ground on which interpreters are looked for: the whole host, or one home. Links are followed by
//! hand and never out of it, and nothing is opened through a link, so that what lies there cannot
//! lead a look elsewhere; only regular files are read, and only so much of them.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat, openat2,
    readlinkat, statat,
};
use rustix::io::Errno;

use crate::host::root::Root;

/// Links in a row that the kernel would follow.
const LINKS: usize = 40;
/// More names than this of a directory are not looked at.
const NAMES: usize = 20_000;
/// Deeper than this nothing is added up.
const DEPTH: usize = 40;
/// More entries than this are not added up.
const ENTRIES: u64 = 300_000;
/// Group and others may write.
const OTHERS_WRITE: u32 = 0o022;

/// A directory that nothing leads out of.
pub(crate) struct Ground {
    dir: OwnedFd,
    /// Where it is on the host; empty for all of it.
    base: String,
    /// Who has to own what is root's: in a fixture tree its owner; in a home nobody.
    owner: u32,
    /// Whether sizes are added up.
    sizes: bool,
}

/// Where a path leads in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To something that is there.
    To(Real),
    /// To nothing: the first name that is missing.
    Nowhere(String),
    /// Out of the ground.
    Out(String),
    /// Round and round, or it cannot be looked at.
    Cannot(String),
}

/// Something that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Real {
    /// Without any link in it; absolute on the host.
    pub(crate) path: String,
    /// Its permission bits and what it is.
    pub(crate) mode: u32,
    /// Whether everything on the way is root's, and nobody else may write it.
    pub(crate) roots: bool,
    /// Whether everybody may go all the way, and execute what is there.
    pub(crate) open: bool,
}

impl Real {
    pub(crate) fn is_dir(&self) -> bool {
        FileType::from_raw_mode(self.mode).is_dir()
    }

    /// Whether it is a regular file that somebody may execute.
    pub(crate) fn is_program(&self) -> bool {
        FileType::from_raw_mode(self.mode).is_file() && self.mode & 0o111 != 0
    }
}

impl Leads {
    /// What is there, if something is.
    pub(crate) fn real(self) -> Option<Real> {
        match self {
            Self::To(real) => Some(real),
            _ => None,
        }
    }
}

impl Ground {
    /// The whole host, or the whole tree of a fixture.
    pub(crate) fn host(root: &Root) -> Option<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(CWD, root.path("/"), flags, Mode::empty()).ok()?;
        let owner = if root.is_live() {
            0
        } else {
            fstat(&dir).ok()?.st_uid
        };
        Some(Self {
            dir,
            base: String::new(),
            owner,
            sizes: true,
        })
    }

    /// The same ground, on which no sizes are added up.
    pub(crate) fn without_sizes(self) -> Self {
        Self {
            sizes: false,
            ..self
        }
    }

    /// A home that was opened.
    pub(crate) fn home(dir: OwnedFd, path: &str) -> Self {
        Self {
            dir,
            base: path.trim_end_matches('/').to_owned(),
            owner: u32::MAX,
            sizes: true,
        }
    }

    /// A path in it, as the host calls it.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// The part of a path of the host that is below it; `None` for one that is not.
    fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.base)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
    }

    fn lstat(&self, below: &str) -> Result<Stat, Errno> {
        let name = if below.is_empty() { "." } else { below };
        statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Where an absolute path of the host leads, link by link.
    pub(crate) fn leads(&self, path: &str) -> Leads {
        let Some(below) = self.below(path) else {
            return Leads::Out(path.to_owned());
        };
        let names = |text: &str| -> Vec<String> {
            let names = text.split('/').rev();
            names
                .filter(|name| !matches!(*name, "" | "."))
                .map(str::to_owned)
                .collect()
        };
        let (mut left, mut done, mut links) = (names(below), Vec::<String>::new(), 0);
        let cannot = |at: &str, why: Errno| {
            Leads::Cannot(format!("{}: {}", self.at(at), std::io::Error::from(why)))
        };
        let mut stat = match self.lstat("") {
            Ok(stat) => stat,
            Err(why) => return cannot("", why),
        };
        let (mut roots, mut open) = (self.is_roots(&stat), is_open(&stat));
        while let Some(name) = left.pop() {
            if name == ".." {
                if done.pop().is_none() && !self.base.is_empty() {
                    return Leads::Out(path.to_owned());
                }
                stat = match self.lstat(&done.join("/")) {
                    Ok(stat) => stat,
                    Err(why) => return cannot(&done.join("/"), why),
                };
                continue;
            }
            done.push(name);
            let here = done.join("/");
            stat = match self.lstat(&here) {
                Ok(stat) => stat,
                Err(Errno::NOENT | Errno::NOTDIR) => return Leads::Nowhere(self.at(&here)),
                Err(why) => return cannot(&here, why),
            };
            if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
                roots &= self.is_roots(&stat);
                open &= is_open(&stat);
                continue;
            }
            roots &= stat.st_uid == self.owner;
            links += 1;
            let target = readlinkat(&self.dir, &here, Vec::new());
            let target = target.ok().and_then(|target| target.into_string().ok());
            let Some(target) = target.filter(|_| links <= LINKS) else {
                return Leads::Cannot(format!("{}: links without end", self.at(&here)));
            };
            done.pop();
            let mut rest = target.as_str();
            if target.starts_with('/') {
                let Some(below) = self.below(&target) else {
                    return Leads::Out(target);
                };
                (rest, done) = (below, Vec::new());
            }
            left.extend(names(rest));
        }
        Leads::To(Real {
            path: self.at(&done.join("/")),
            mode: stat.st_mode,
            roots,
            open,
        })
    }

    fn is_roots(&self, stat: &Stat) -> bool {
        stat.st_uid == self.owner && stat.st_mode & OTHERS_WRITE == 0
    }

    /// Whether a directory has an entry of this name, wherever that leads.
    pub(crate) fn has(&self, path: &str) -> bool {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(dir) = self.real(dir).filter(Real::is_dir) else {
            return false;
        };
        let entry = format!("{}/{name}", dir.path);
        self.below(&entry)
            .is_some_and(|entry| self.lstat(entry).is_ok())
    }

    /// What is there in the end.
    pub(crate) fn real(&self, path: &str) -> Option<Real> {
        self.leads(path).real()
    }

    /// Whether a directory is there in the end.
    pub(crate) fn is_dir(&self, path: &str) -> bool {
        self.real(path).is_some_and(|real| real.is_dir())
    }

    /// What a link says, itself; `None` for what is no link.
    pub(crate) fn link(&self, path: &str) -> Option<String> {
        let target = readlinkat(&self.dir, self.below(path)?, Vec::new()).ok()?;
        target.into_string().ok()
    }

    /// Opens what has no link in its path any more.
    fn open(&self, real: &str, flags: OFlags) -> Option<OwnedFd> {
        let below = self.below(real)?;
        let name = if below.is_empty() { "." } else { below };
        let flags = flags | OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match openat2(
            &self.dir,
            name,
            flags | OFlags::NOFOLLOW,
            Mode::empty(),
            resolve,
        ) {
            // A kernel before 5.6, or a container's filter that does not know it.
            Err(Errno::NOSYS | Errno::PERM) => self.open_by_hand(name, flags),
            opened => opened.ok(),
        }
    }

    fn open_by_hand(&self, path: &str, flags: OFlags) -> Option<OwnedFd> {
        let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut at = self.dir.try_clone().ok()?;
        for part in dir.split('/').filter(|part| !part.is_empty()) {
            at = openat(&at, part, step, Mode::empty()).ok()?;
        }
        openat(&at, name, flags | OFlags::NOFOLLOW, Mode::empty()).ok()
    }

    /// The beginning of a regular file, as text.
    pub(crate) fn text(&self, path: &str, limit: u64) -> Option<String> {
        let real = self.real(path)?;
        // Not even opened: to open a pipe or a device may be more than a look.
        if !FileType::from_raw_mode(real.mode).is_file() {
            return None;
        }
        let file = self.open(&real.path, OFlags::empty())?;
        let stat = fstat(&file).ok()?;
        if !FileType::from_raw_mode(stat.st_mode).is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        let read = File::from(file).take(limit).read_to_end(&mut bytes);
        read.ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The names in a directory that are plain text, sorted; `None` where it cannot be read.
    pub(crate) fn names(&self, path: &str) -> Option<Vec<String>> {
        let real = self.real(path).filter(Real::is_dir)?;
        let mut names = self.raw_names(&real.path)?;
        names.retain(|name| is_plain(name));
        names.sort();
        Some(names)
    }

    fn raw_names(&self, real: &str) -> Option<Vec<String>> {
        let dir = Dir::new(self.open(real, OFlags::DIRECTORY)?).ok()?;
        let names = dir.filter_map(|entry| {
            let name = entry.ok()?.file_name().to_str().ok()?.to_owned();
            (name != "." && name != "..").then_some(name)
        });
        Some(names.take(NAMES).collect())
    }

    /// How many entries of a directory are packages; `None` where it cannot be read.
    pub(crate) fn count(
        &self,
        path: &str,
        is_package: impl Fn(&dyn Fn(&str) -> bool, &str) -> bool,
    ) -> Option<u64> {
        let real = self.real(path).filter(Real::is_dir)?;
        let below = self.below(&real.path)?.to_owned();
        let is_file = |name: &str| {
            let stat = self.lstat(&format!("{below}/{name}"));
            stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_file())
        };
        let names = self.raw_names(&real.path)?;
        let packages = names.iter().filter(|name| is_package(&is_file, name));
        Some(packages.count() as u64)
    }

    /// How many bytes are in a directory, files with several names once; `None` where that would
    /// take too long.
    pub(crate) fn size(&self, path: &str) -> Option<u64> {
        if !self.sizes {
            return None;
        }
        let real = self.real(path).filter(Real::is_dir)?;
        let (mut sum, mut seen, mut entries) = (0_u64, HashSet::new(), 0_u64);
        let mut left = vec![(real.path, 0)];
        while let Some((dir, depth)) = left.pop() {
            let opened = self.open(&dir, OFlags::DIRECTORY)?;
            for entry in Dir::read_from(&opened).ok()?.flatten() {
                let name = entry.file_name();
                if matches!(name.to_bytes(), b"." | b"..") {
                    continue;
                }
                entries += 1;
                if entries > ENTRIES {
                    return None;
                }
                let Ok(stat) = statat(opened.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW) else {
                    continue;
                };
                match FileType::from_raw_mode(stat.st_mode) {
                    FileType::RegularFile => {
                        let again = stat.st_nlink > 1 && !seen.insert((stat.st_dev, stat.st_ino));
                        let bytes = u64::try_from(stat.st_size).unwrap_or_default();
                        sum += if again { 0 } else { bytes };
                    }
                    FileType::Directory if depth < DEPTH => {
                        let name = name.to_str().ok()?;
                        left.push((format!("{dir}/{name}"), depth + 1));
                    }
                    FileType::Directory => return None,
                    _ => {}
                }
            }
        }
        Some(sum)
    }
}

/// Whether everybody may enter a directory, or execute a file.
fn is_open(stat: &Stat) -> bool {
    stat.st_mode & 0o001 != 0
}

/// Names that versions, packages and kernels have. Others are passed over: they cannot be chosen,
/// and a path with a line's end or a blank in it is no path for a table.
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@');
    !name.is_empty() && name.len() <= 128 && name.chars().all(plain)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn tree() -> (tempfile::TempDir, Ground) {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for path in ["proc", "opt/R/4.5.0/bin", "usr/local/bin", "home/ada"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        std::fs::write(at("opt/R/4.5.0/bin/R"), "#!/bin/sh\n").unwrap();
        symlink("/opt/R/4.5.0", at("opt/R/current")).unwrap();
        symlink("../../../opt/R/current/bin/R", at("usr/local/bin/R")).unwrap();
        symlink("/opt/gone", at("usr/local/bin/python3")).unwrap();
        symlink("b", at("home/ada/a")).unwrap();
        symlink("a", at("home/ada/b")).unwrap();
        symlink("/opt/R", at("home/ada/out")).unwrap();
        symlink("../../opt", at("home/ada/up")).unwrap();
        let root = Root::fixture(dir.path()).unwrap();
        let ground = Ground::host(&root).unwrap();
        (dir, ground)
    }

    fn home(dir: &tempfile::TempDir) -> Ground {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let home = openat(CWD, dir.path().join("home/ada"), flags, Mode::empty()).unwrap();
        Ground::home(home, "/home/ada")
    }

    #[test]
    fn links_are_followed_within_the_tree_whatever_they_say() {
        let (_dir, ground) = tree();
        let real = ground.real("/usr/local/bin/R").unwrap();
        assert_eq!(real.path, "/opt/R/4.5.0/bin/R");
        assert_eq!(
            ground.leads("/usr/local/bin/python3"),
            Leads::Nowhere("/opt/gone".to_owned())
        );
        let above = ground.real("/../../usr/./local//bin/../bin").unwrap();
        assert_eq!(above.path, "/usr/local/bin");
        assert!(matches!(ground.leads("/home/ada/a"), Leads::Cannot(_)));
    }

    #[test]
    fn nothing_leads_out_of_a_home() {
        let (dir, _) = tree();
        let home = home(&dir);
        assert_eq!(home.leads("/home/ada/out"), Leads::Out("/opt/R".to_owned()));
        assert!(matches!(home.leads("/home/ada/up/R"), Leads::Out(_)));
        assert!(matches!(home.leads("/home/adam"), Leads::Out(_)));
        assert_eq!(home.names("/home/ada/out"), None);
        assert_eq!(home.text("/home/ada/up/R/4.5.0/bin/R", 10), None);
    }

    #[test]
    fn pipes_and_directories_are_not_read_and_files_only_so_far() {
        let (dir, ground) = tree();
        let pipe = dir.path().join("home/ada/pipe");
        rustix::fs::mkfifoat(CWD, &pipe, Mode::from_raw_mode(0o600)).unwrap();
        assert_eq!(ground.text("/home/ada/pipe", 10), None);
        assert_eq!(ground.text("/home/ada", 10), None);
        assert_eq!(ground.text("/usr/local/bin/R", 5).as_deref(), Some("#!/bi"));
    }

    #[test]
    fn what_others_may_write_on_the_way_is_told() {
        use std::os::unix::fs::PermissionsExt as _;
        let (dir, ground) = tree();
        let mode = |path: &str, mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(dir.path().join(path), mode).unwrap();
        };
        for path in ["", "opt", "opt/R", "opt/R/4.5.0", "opt/R/4.5.0/bin"] {
            mode(path, 0o755);
        }
        mode("opt/R/4.5.0/bin/R", 0o755);
        assert!(ground.real("/opt/R/4.5.0/bin/R").unwrap().roots);
        mode("opt/R/4.5.0/bin", 0o775);
        assert!(!ground.real("/opt/R/4.5.0/bin/R").unwrap().roots);
    }

    #[test]
    fn names_that_hide_something_are_passed_over() {
        let (dir, ground) = tree();
        for name in ["4.2.2\u{1b}[m", "4.2 2", "x\ny", "\u{202e}4"] {
            std::fs::create_dir(dir.path().join("opt/R").join(name)).unwrap();
        }
        assert_eq!(ground.names("/opt/R").unwrap(), ["4.5.0", "current"]);
    }

    #[test]
    fn a_file_with_two_names_is_added_up_once() {
        let (dir, ground) = tree();
        let file = dir.path().join("opt/R/4.5.0/data");
        std::fs::write(&file, [0; 1000]).unwrap();
        std::fs::hard_link(&file, dir.path().join("opt/R/4.5.0/bin/again")).unwrap();
        assert_eq!(ground.size("/opt/R/current"), Some(1000 + 10));
        assert_eq!(ground.size("/nowhere"), None);
    }

    #[test]
    fn a_file_is_opened_alike_with_and_without_openat2() {
        let (_dir, ground) = tree();
        assert!(
            ground
                .open_by_hand("opt/R/4.5.0/bin/R", OFlags::RDONLY)
                .is_some()
        );
        assert!(
            ground
                .open_by_hand("opt/R/current/bin/R", OFlags::RDONLY)
                .is_none()
        );
        assert!(
            ground
                .open("/opt/R/current/bin/R", OFlags::empty())
                .is_none()
        );
    }
}
