//! Holding a unit back until the host is started again: through systemd where it keeps the value,
//! through the kernel where it does not. No program is started for it, and no disk is written to.

use crate::plan::hold::Knob;

use super::bus::{Bus, BusLost};
use super::cgroup::USER_SLICE;
use super::root::Root;

/// Where systemd keeps what was set for now.
const KEPT: &str = "/run/systemd/system.control";

/// Why somebody is not held back.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// systemd does not do it.
    #[error("systemd does not set {property} of {unit}: {why}")]
    Bus {
        /// What.
        property: &'static str,
        /// Of which unit.
        unit: String,
        /// What is in the way.
        why: BusLost,
    },
    /// It was set, and is not there.
    #[error("{path} reads back as {found}, not as {wished}; something else sets it")]
    NotInForce {
        /// The kernel's file.
        path: String,
        /// What it says.
        found: String,
        /// What was set.
        wished: u64,
    },
}

/// Whether systemd has a value that was set for now.
#[must_use]
pub fn is_kept(root: &Root, unit: &str, knob: Knob) -> bool {
    root.exists(&format!("{}/{}", kept(unit), knob.kept_in()))
}

fn kept(unit: &str) -> String {
    format!("{KEPT}/{unit}.d")
}

fn file(unit: &str, name: &str) -> String {
    format!("{USER_SLICE}/{unit}/{name}")
}

/// What the kernel has for a person's slice; `None` where it has nothing of the kind.
#[must_use]
pub fn value(root: &Root, unit: &str, knob: Knob) -> Option<u64> {
    knob.read(&root.peek(&file(unit, knob.file()))?)
}

/// Sets a value for now, and looks whether it is in force.
///
/// # Errors
/// When it is not.
pub fn set(root: &Root, unit: &str, knob: Knob, to: u64) -> Result<(), HoldError> {
    let property = knob.property();
    let done = Bus::connect(root).and_then(|mut bus| bus.set_for_now(unit, property, to));
    done.map_err(|why| HoldError::Bus {
        property,
        unit: unit.to_owned(),
        why,
    })?;
    let path = file(unit, knob.file());
    match root.peek(&path) {
        Some(text) if knob.read(&text).is_none_or(|now| !knob.same(now, to)) => {
            Err(HoldError::NotInForce {
                path,
                found: text.trim().replace('\n', " "),
                wished: to,
            })
        }
        // Without the file nobody is there to be held back, or the kernel weighs nothing.
        _ => Ok(()),
    }
}

/// Gives back what was taken, where it still is what was set, and has systemd forget that it was.
///
/// # Errors
/// When it is not as it was.
pub fn let_go(root: &Root, unit: &str, knob: Knob, from: u64, to: u64) -> Result<(), HoldError> {
    let now = value(root, unit, knob);
    let done = match now {
        Some(now) if knob.same(now, from) => set(root, unit, knob, to),
        _ => Ok(()),
    };
    let dir = root.path(&kept(unit));
    // Neither has to be there.
    let _ = rustix::fs::unlink(dir.join(knob.kept_in()));
    let _ = rustix::fs::rmdir(dir);
    done
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_has_is_read() {
        let tree = tempfile::tempdir().unwrap();
        let slice = tree.path().join("sys/fs/cgroup/user.slice/user-7.slice");
        std::fs::create_dir_all(&slice).unwrap();
        std::fs::create_dir(tree.path().join("proc")).unwrap();
        std::fs::write(slice.join("cpu.max"), "50000 100000\n").unwrap();
        let root = Root::fixture(tree.path()).unwrap();
        let unit = "user-7.slice";
        assert_eq!(value(&root, unit, Knob::CpuQuota), Some(500_000));
        assert_eq!(value(&root, unit, Knob::MemoryHigh), None);
    }

    #[test]
    fn systemd_forgets_what_was_set_for_now() {
        let tree = tempfile::tempdir().unwrap();
        let dir = tree
            .path()
            .join("run/systemd/system.control/user-7.slice.d");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::create_dir(tree.path().join("proc")).unwrap();
        for name in [Knob::CpuQuota.kept_in(), "50-TasksMax.conf"] {
            std::fs::write(dir.join(name), "[Slice]\n").unwrap();
        }
        let root = Root::fixture(tree.path()).unwrap();
        let_go(&root, "user-7.slice", Knob::CpuQuota, 1, 2).unwrap();
        assert!(!dir.join(Knob::CpuQuota.kept_in()).exists());
        assert!(dir.join("50-TasksMax.conf").exists(), "not ours");
    }
}
