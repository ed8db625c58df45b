//! Who runs which interpreter now: what each process of a person was executed from.

use crate::base::hostile::Hostile;
use crate::base::id::Uid;
use crate::host::root::{Root, numeric};
use crate::model::runtimes::{InUse, Language, Origin, Runtime};

/// Counts the processes of these people.
pub(super) fn add(root: &Root, all: &mut [Runtime], people: &[(Uid, Option<Hostile>)]) {
    for name in root.list("/proc") {
        let Some(pid) = numeric(&name) else {
            continue;
        };
        let (Some(uid), Some(exe)) = (
            root.owner(&format!("/proc/{pid}")),
            root.link(&format!("/proc/{pid}/exe")),
        ) else {
            continue;
        };
        let Some((_, user)) = people.iter().find(|(one, _)| *one == uid) else {
            continue;
        };
        let Some(exe) = exe.to_str() else {
            continue;
        };
        // What runs in a virtual environment is executed from the interpreter it was made of.
        let own = |one: &&mut Runtime| one.origin != Origin::Venv && is_of(exe, one);
        let Some(runtime) = all.iter_mut().find(own) else {
            continue;
        };
        match runtime.in_use.iter_mut().find(|using| using.uid == uid) {
            Some(using) => using.processes += 1,
            None => runtime.in_use.push(InUse {
                uid,
                user: user.clone(),
                processes: 1,
            }),
        }
    }
    for runtime in all {
        runtime.in_use.sort_by_key(|using| using.uid);
    }
}

/// Whether a program is an interpreter's own. The program of R is another one than its script.
fn is_of(exe: &str, runtime: &Runtime) -> bool {
    let real = Hostile::from(exe);
    runtime.real == real
        || (runtime.language == Language::R
            && exe
                .strip_prefix(runtime.prefix.raw())
                .is_some_and(|rest| rest.starts_with("/bin/exec/")))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
mod tests {
    use super::*;
    use crate::model::runtimes::version::Version;
    use crate::model::runtimes::{Found, Runs};
    use std::os::unix::fs::symlink;

    fn runtime(language: Language, real: &str, prefix: &str, origin: Origin) -> Runtime {
        let found = Found {
            language,
            version: Version::parse("4.2.2"),
            path: real.to_owned(),
            real: real.to_owned(),
            script: None,
            prefix: prefix.to_owned(),
            origin,
            built: None,
            size: None,
            libraries: Vec::new(),
            roots: true,
            open: true,
            broken: Vec::new(),
        };
        Runtime::new(found, None, Runs::NotAsked("x"))
    }

    #[test]
    fn processes_are_counted_for_their_owner_with_what_they_were_executed_from() {
        let dir = tempfile::tempdir().unwrap();
        for (pid, exe) in [
            (7, "/opt/R/4.2.2/lib/R/bin/exec/R"),
            (8, "/opt/R/4.2.2/lib/R/bin/exec/R"),
            (9, "/usr/bin/python3.11"),
            (10, "/opt/R/4.2.22/lib/R/bin/exec/R"),
            (11, "/usr/bin/bash"),
        ] {
            let process = dir.path().join(format!("proc/{pid}"));
            std::fs::create_dir_all(&process).unwrap();
            symlink(exe, process.join("exe")).unwrap();
        }
        let root = Root::fixture(dir.path()).unwrap();
        let me = root.owner("/proc/7").unwrap();
        let mut all = [
            runtime(
                Language::R,
                "/opt/R/4.2.2/lib/R/bin/R",
                "/opt/R/4.2.2/lib/R",
                Origin::Opt,
            ),
            runtime(
                Language::Python,
                "/usr/bin/python3.11",
                "/opt/hub",
                Origin::Venv,
            ),
            runtime(
                Language::Python,
                "/usr/bin/python3.11",
                "/usr",
                Origin::Distribution,
            ),
        ];
        let ada = Some(Hostile::from("ada"));
        add(&root, &mut all, &[(me, ada.clone())]);
        let one = |processes| InUse {
            uid: me,
            user: ada.clone(),
            processes,
        };
        assert_eq!(all[0].in_use, [one(2)]);
        assert!(
            all[1].in_use.is_empty(),
            "it is executed from what it was made of"
        );
        assert_eq!(all[2].in_use, [one(1)]);
        all[0].in_use.clear();
        add(&root, &mut all, &[(Uid(me.0 + 1), None)]);
        assert!(all[0].in_use.is_empty(), "it is somebody else's");
    }
}
