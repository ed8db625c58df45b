//! What a site's admins wrote for this program: files that only root can have written, or none.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, open, openat};
use rustix::io::Errno;

use super::root::Root;

/// Longer than any note.
const LONGEST: u64 = 16 << 10;
/// Group and others may write.
const OTHERS_WRITE: u32 = 0o022;

/// A file that is there and cannot be trusted, and why.
#[derive(Debug, thiserror::Error)]
#[error("{path} is not used: {reason}")]
pub struct NotUsed {
    path: String,
    reason: String,
}

impl NotUsed {
    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// The text of a file of the site's; `None` when there is none.
///
/// # Errors
/// When it, or the directory it lies in, is a link, is not root's, or can be written by others;
/// when it is no regular file, is longer than 16 KiB or no text. In a fixture tree its owner
/// stands for root.
pub fn text(root: &Root, path: &str) -> Result<Option<String>, NotUsed> {
    let Some(bytes) = bytes(root, path, LONGEST)? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| NotUsed {
        path: path.to_owned(),
        reason: "it is no UTF-8 text".to_owned(),
    })
}

/// A file of the site's, whatever is in it; `None` when there is none.
///
/// # Errors
/// As for [`text`], with another length.
pub fn bytes(root: &Root, path: &str, longest: u64) -> Result<Option<Vec<u8>>, NotUsed> {
    read(root, path, longest).map_err(|reason| NotUsed {
        path: path.to_owned(),
        reason,
    })
}

fn read(root: &Root, path: &str, longest: u64) -> Result<Option<Vec<u8>>, String> {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let owner = if root.is_live() {
        0
    } else {
        root.owner("/").map_or(0, |uid| uid.0)
    };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = open(root.path(dir), flags | OFlags::DIRECTORY, Mode::empty());
    let Some(dir) = there(opened, "its directory is a link or none at all")? else {
        return Ok(None);
    };
    let stat = fstat(&dir).map_err(|error| error.to_string())?;
    is_roots(&stat, owner).map_err(|why| format!("its directory {why}"))?;
    let opened = openat(&dir, name, flags, Mode::empty());
    let Some(file) = there(opened, "it is a symbolic link")? else {
        return Ok(None);
    };
    let stat = fstat(&file).map_err(|error| error.to_string())?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err("it is no regular file".to_owned());
    }
    is_roots(&stat, owner).map_err(|why| format!("it {why}"))?;
    let mut bytes = Vec::new();
    let mut start = File::from(file).take(longest + 1);
    start
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > longest {
        return Err(format!("it is longer than {} KiB", longest >> 10));
    }
    Ok(Some(bytes))
}

/// What was opened; `None` when nothing is there.
fn there(opened: Result<OwnedFd, Errno>, link: &str) -> Result<Option<OwnedFd>, String> {
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(Errno::NOENT) => Ok(None),
        Err(Errno::ACCESS) => Err("only root may read it".to_owned()),
        Err(Errno::LOOP | Errno::NOTDIR) => Err(link.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn is_roots(stat: &Stat, owner: u32) -> Result<(), String> {
    if stat.st_uid != owner {
        return Err(format!("belongs to uid {}; chown root it", stat.st_uid));
    }
    if stat.st_mode & OTHERS_WRITE != 0 {
        let mode = stat.st_mode & 0o7777;
        return Err(format!(
            "has mode {mode:04o}, so others than root can write it; chmod go-w it"
        ));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    const NOTE: &str = "/etc/benchwarden/welcome.txt";

    struct Site {
        _tree: tempfile::TempDir,
        root: Root,
        dir: PathBuf,
    }

    impl Site {
        fn new() -> Self {
            let tree = tempfile::tempdir().unwrap();
            let dir = tree.path().join("etc/benchwarden");
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::create_dir_all(tree.path().join("proc")).unwrap();
            let site = Self {
                root: Root::fixture(tree.path()).unwrap(),
                _tree: tree,
                dir,
            };
            site.mode("", 0o755);
            site
        }

        fn put(&self, name: &str, text: &[u8]) {
            std::fs::write(self.dir.join(name), text).unwrap();
            self.mode(name, 0o644);
        }

        fn mode(&self, name: &str, mode: u32) {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(self.dir.join(name), mode).unwrap();
        }

        fn refusal(&self) -> String {
            text(&self.root, NOTE).unwrap_err().to_string()
        }
    }

    #[test]
    fn a_file_of_roots_is_read_and_none_is_an_answer() {
        let site = Site::new();
        assert_eq!(text(&site.root, NOTE).unwrap(), None);
        assert_eq!(text(&site.root, "/etc/nowhere/welcome.txt").unwrap(), None);
        site.put("welcome.txt", b"hello\n");
        assert_eq!(text(&site.root, NOTE).unwrap().as_deref(), Some("hello\n"));
    }

    #[test]
    fn what_others_can_write_is_not_used() {
        let site = Site::new();
        site.put("welcome.txt", b"hello\n");
        site.mode("welcome.txt", 0o664);
        let why = "/etc/benchwarden/welcome.txt is not used: it has mode 0664";
        assert!(site.refusal().starts_with(why), "{}", site.refusal());
        site.mode("welcome.txt", 0o644);
        site.mode("", 0o777);
        assert!(site.refusal().contains("its directory has mode 0777"));
    }

    #[test]
    fn links_pipes_and_endless_files_are_not_used() {
        let site = Site::new();
        site.put("other.txt", b"hello\n");
        let note = site.dir.join("welcome.txt");
        std::os::unix::fs::symlink("other.txt", &note).unwrap();
        assert!(site.refusal().ends_with("it is a symbolic link"));
        std::fs::remove_file(&note).unwrap();
        let mode = Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &note, mode).unwrap();
        assert!(site.refusal().ends_with("it is no regular file"));
        std::fs::remove_file(&note).unwrap();
        site.put("welcome.txt", &vec![b'x'; (16 << 10) + 1]);
        assert!(site.refusal().ends_with("it is longer than 16 KiB"));
        site.put("welcome.txt", b"J\xfcrgen");
        assert!(site.refusal().ends_with("it is no UTF-8 text"));
    }

    #[test]
    fn a_directory_that_is_a_link_is_not_followed() {
        let site = Site::new();
        site.put("welcome.txt", b"hello\n");
        let moved = site.dir.with_file_name("elsewhere");
        std::fs::rename(&site.dir, &moved).unwrap();
        std::os::unix::fs::symlink("elsewhere", &site.dir).unwrap();
        assert!(site.refusal().contains("its directory is a link"));
    }

    #[test]
    fn another_owner_is_named() {
        let site = Site::new();
        site.put("welcome.txt", b"hello\n");
        let file = std::fs::File::open(site.dir.join("welcome.txt")).unwrap();
        let stat = fstat(&file).unwrap();
        let why = is_roots(&stat, stat.st_uid + 1).unwrap_err();
        assert!(why.ends_with("chown root it"), "{why}");
    }
}
