//! Who uses how much at this moment, at the least cost that tells who causes pressure.

use crate::base::id::Uid;
use crate::base::units::{Bytes, Nanos};

use super::cgroup::{self, MOUNT, USER_SLICE};
use super::clock;
use super::root::Root;

/// What one person has used and waited for so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// CPU time.
    pub cpu: Nanos,
    /// What only ending something would free.
    pub held: Bytes,
    /// How often a page was asked for that was not there.
    pub faults: u64,
    /// Bytes to and from disks.
    pub moved: Bytes,
}

/// Everybody at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// When.
    pub at: Nanos,
    /// CPU time of the whole host.
    pub cpu: Nanos,
    /// By person.
    pub people: Vec<(Uid, Use)>,
}

/// Looks at everybody.
#[must_use]
pub fn now(root: &Root) -> Uses {
    let slices = root.list_names(USER_SLICE).filter_map(|name| {
        let uid = name.strip_prefix("user-")?.strip_suffix(".slice")?;
        let dir = format!("{USER_SLICE}/{name}");
        Some((Uid(uid.parse().ok()?), one(root, &dir)))
    });
    Uses {
        at: clock::monotonic(),
        cpu: cpu(root, MOUNT),
        people: slices.collect(),
    }
}

fn cpu(root: &Root, dir: &str) -> Nanos {
    let text = root.peek(&format!("{dir}/cpu.stat"));
    let usage = text.and_then(|text| cgroup::cpu_stat(&text).usage);
    usage.unwrap_or(Nanos(0))
}

fn one(root: &Root, dir: &str) -> Use {
    let read = |file: &str| root.peek(&format!("{dir}/{file}")).unwrap_or_default();
    let stat = read("memory.stat");
    let parts = ["anon", "shmem"].map(|key| cgroup::keyed(&stat, key).unwrap_or(0));
    Use {
        cpu: cpu(root, dir),
        held: Bytes(parts.iter().sum()),
        faults: cgroup::keyed(&stat, "pgfault").unwrap_or(0),
        moved: Bytes(moved(&read("io.stat"))),
    }
}

/// Both ways, all devices: a device made of another one counts twice for everybody.
fn moved(text: &str) -> u64 {
    let fields = text.split_ascii_whitespace();
    let bytes = fields.filter_map(|field| {
        let number = field
            .strip_prefix("rbytes=")
            .or(field.strip_prefix("wbytes="))?;
        number.parse::<u64>().ok()
    });
    bytes.fold(0, u64::saturating_add)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_read_and_what_is_not_there_is_nothing() {
        let tree = tempfile::tempdir().unwrap();
        let at = |path: &str| tree.path().join(path);
        let slice = at("sys/fs/cgroup/user.slice/user-1001.slice");
        std::fs::create_dir_all(&slice).unwrap();
        std::fs::create_dir_all(at("sys/fs/cgroup/user.slice/user-1002.slice")).unwrap();
        std::fs::create_dir(at("proc")).unwrap();
        for (file, text) in [
            ("cpu.stat", "usage_usec 7\n"),
            ("memory.stat", "anon 100\nfile 9\nshmem 20\npgfault 5\n"),
            ("io.stat", "8:0 rbytes=3 wbytes=4 rios=9\n8:16 rbytes=1\n"),
        ] {
            std::fs::write(slice.join(file), text).unwrap();
        }
        std::fs::write(at("sys/fs/cgroup/cpu.stat"), "usage_usec 70\n").unwrap();
        let mut uses = now(&Root::fixture(tree.path()).unwrap());
        uses.people.sort_by_key(|(uid, _)| *uid);
        let alice = Use {
            cpu: Nanos(7_000),
            held: Bytes(120),
            faults: 5,
            moved: Bytes(8),
        };
        assert_eq!(
            uses.people,
            [(Uid(1001), alice), (Uid(1002), Use::default())]
        );
        assert_eq!(uses.cpu, Nanos(70_000));
    }
}
