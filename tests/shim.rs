//! The built program called `R`, `Rscript` or `python3`, as the links of `runtime default` call it.
//!
//! As root, in a mount namespace of its own, with a table and interpreters that say who they are;
//! without root, on whatever the machine that runs the tests has.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_benchwarden");

/// Links to the program under the names of interpreters.
fn links() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["R", "Rscript", "python3"] {
        symlink(PROGRAM, dir.path().join(name)).unwrap();
    }
    dir
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_a_table_it_becomes_the_distributions_with_all_arguments() {
    let dir = links();
    let code = "import sys; print(sys.executable, sys.argv[1:]); sys.exit(7)";
    let args = ["-c", code, "a b", "", "--yes"];
    let link = dir.path().join("python3");
    let by_link = Command::new(&link).args(args).output().unwrap();
    if !Path::new("/usr/bin/python3").exists() {
        assert_eq!(by_link.status.code(), Some(127), "{by_link:?}");
        return;
    }
    let direct = Command::new("/usr/bin/python3")
        .args(args)
        .output()
        .unwrap();
    assert_eq!(by_link.status.code(), Some(7));
    assert_eq!(text(&by_link.stdout), text(&direct.stdout));
    assert!(by_link.stderr.is_empty(), "{by_link:?}");
    // Whoever starts it may call it as they like.
    let other = Command::new(&link).arg0("-x").args(args).output().unwrap();
    assert_eq!(text(&other.stdout), text(&direct.stdout));
}

#[test]
fn where_no_interpreter_is_it_says_so_as_a_shell_would() {
    let dir = links();
    let there = ["/usr/bin/R", "/usr/lib/R/bin/R", "/usr/lib64/R/bin/R"];
    if there.iter().any(|path| Path::new(path).exists()) {
        return;
    }
    let out = Command::new(dir.path().join("R")).output().unwrap();
    assert_eq!(out.status.code(), Some(127));
    assert_eq!(text(&out.stderr), "benchwarden: R: no R is here\n");
}

#[test]
fn under_its_own_name_it_is_itself() {
    let out = Command::new(PROGRAM).arg("--version").output().unwrap();
    assert!(text(&out.stdout).starts_with("benchwarden "), "{out:?}");
}

/// A host in a namespace: interpreters in `/opt`, a table in `/etc/benchwarden`, links.
struct Bench {
    dir: TempDir,
}

impl Bench {
    /// None without root or without namespaces.
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let is_root = fs::metadata(dir.path()).unwrap().uid() == 0;
        let may = Command::new("unshare").args(["-m", "true"]).output();
        if !is_root || !may.is_ok_and(|out| out.status.success()) {
            return None;
        }
        let bench = Self { dir };
        fs::set_permissions(bench.dir.path(), Permissions::from_mode(0o755)).unwrap();
        for name in ["etc", "opt/R-new", "opt/R-old", "opt/python"] {
            fs::create_dir_all(bench.dir.path().join(name)).unwrap();
        }
        for (program, says) in [
            ("opt/R-new/R", "new"),
            ("opt/R-new/Rscript", "new script"),
            ("opt/R-old/R", "old"),
            ("opt/R-old/Rscript", "old script"),
            ("opt/system-R", "system"),
            ("opt/python/python3", "python"),
        ] {
            let script = format!("#!/bin/sh\necho \"{says} $0 $* $RETICULATE_PYTHON\"\n");
            bench.put(program, &script, 0o755);
        }
        for name in ["R", "Rscript", "python3"] {
            symlink("/opt/benchwarden", bench.dir.path().join("opt").join(name)).unwrap();
        }
        fs::copy(PROGRAM, bench.dir.path().join("opt/benchwarden")).unwrap();
        let program = bench.dir.path().join("opt/benchwarden");
        fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
        bench.table(TABLE, 0o644);
        Some(bench)
    }

    fn put(&self, path: &str, content: &str, mode: u32) {
        let path = self.dir.path().join(path);
        fs::write(&path, content).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn table(&self, content: &str, mode: u32) {
        fs::create_dir_all(self.dir.path().join("etc/benchwarden")).unwrap();
        self.put("etc/benchwarden/runtimes.table", content, mode);
    }

    /// What a command says that is run by a uid in these groups.
    fn run(&self, uid: u32, groups: &str, command: &str) -> Output {
        let dir = self.dir.path().display();
        let script = format!(
            "mount --make-rprivate / && mount --bind {dir}/etc /etc && mount --bind {dir}/opt /opt \
             && exec setpriv --reuid={uid} --regid={uid} --groups={groups} \
             env PATH=/opt:/usr/bin:/bin sh -c \"$1\""
        );
        Command::new("unshare")
            .args(["-m", "sh", "-c", &script, "sh", command])
            .output()
            .unwrap()
    }

    fn says(&self, uid: u32, groups: &str, command: &str) -> String {
        text(&self.run(uid, groups, command).stdout)
            .trim()
            .to_owned()
    }
}

const TABLE: &str = "benchwarden-runtimes 1\nperson 1000\n\
    have r 4.5.0 /opt/R-new/R /opt/R-new/Rscript\n\
    have r 4.2.2 /opt/R-old/R /opt/R-old/Rscript\n\
    have python 3.13.1 /opt/python/python3 -\n\
    system r /opt/system-R /opt/system-R\nsystem python /usr/bin/python3 -\n\
    others r /opt/R-old/R /opt/R-old/Rscript\nothers python /usr/bin/python3 -\n\
    everybody r 4.5.0\ngroup 3000 r 4.2.2\nuser 1007 r 4.5.0\nuser 1007 python 3.13.1\n";

#[test]
fn everybody_gets_what_is_chosen_for_them() {
    let Some(bench) = Bench::new() else {
        return;
    };
    assert_eq!(
        bench.says(1001, "1001", "R a 'b c'"),
        "new /opt/R-new/R a b c"
    );
    assert_eq!(bench.says(1001, "1001,3000", "R"), "old /opt/R-old/R");
    assert_eq!(
        bench.says(1001, "1001,3000", "Rscript x"),
        "old script /opt/R-old/Rscript x"
    );
    // The most specific wins, and R learns of the Python that is chosen.
    let own = bench.says(1007, "1007,3000", "R");
    assert_eq!(own, "new /opt/R-new/R  /opt/python/python3");
    assert_eq!(
        bench.says(1007, "1007", "python3"),
        "python /opt/python/python3"
    );
    let set = bench.says(1007, "1007", "RETICULATE_PYTHON=/mine R");
    assert_eq!(set, "new /opt/R-new/R  /mine");
    for uid in [0, 33, 65_534] {
        assert_eq!(
            bench.says(uid, "3000", "R"),
            "system /opt/system-R",
            "{uid}"
        );
    }
    let wish = bench.run(
        1001,
        "1001",
        "BENCHWARDEN_R=4.2 R; BENCHWARDEN_R=/tmp/evil R",
    );
    assert_eq!(
        text(&wish.stdout).split_whitespace().collect::<Vec<_>>(),
        ["old", "/opt/R-old/R", "new", "/opt/R-new/R"]
    );
    assert_eq!(
        text(&wish.stderr),
        "benchwarden: there is no R /tmp/evil to be had here; yours is started\n"
    );
}

#[test]
fn a_table_that_cannot_be_trusted_does_not_count_and_r_is_started_all_the_same() {
    let Some(bench) = Bench::new() else {
        return;
    };
    // Without a word of the table there is no R in this namespace.
    let last = |bench: &Bench| bench.run(1001, "1001", "R");
    let is_last = |out: &Output| !text(&out.stdout).contains("/opt/");
    bench.table(TABLE, 0o666);
    assert!(is_last(&last(&bench)), "others may write it");
    bench.table("nonsense\n", 0o644);
    assert!(is_last(&last(&bench)));
    bench.table(TABLE, 0o644);
    // What is chosen has gone: the next is started, and why is said.
    fs::remove_file(bench.dir.path().join("opt/R-new/R")).unwrap();
    let out = last(&bench);
    assert_eq!(text(&out.stdout).trim(), "old /opt/R-old/R");
    assert!(
        text(&out.stderr).starts_with("benchwarden: /opt/R-new/R: No such file"),
        "{out:?}"
    );
    // What leads back to itself is no way out, and not tried for ever.
    symlink("/opt/R", bench.dir.path().join("opt/R-new/R")).unwrap();
    assert_eq!(text(&last(&bench).stdout).trim(), "old /opt/R-old/R");
}

#[test]
fn what_the_caller_sets_steers_nothing() {
    let Some(bench) = Bench::new() else {
        return;
    };
    let hostile = "cd /tmp; mkdir -p $$; cd $$; printf '#!/bin/sh\\necho stolen\\n' > R; chmod 755 R; \
        R_HOME=/tmp LD_LIBRARY_PATH=. LD_PRELOAD= RHOME=. ENV=./R PATH=.:/opt:$PATH /opt/R; \
        cd /; rm -r /tmp/$$";
    assert_eq!(bench.says(1001, "1001", hostile), "new /opt/R-new/R");
}

#[test]
fn what_it_costs_is_little_beside_what_it_starts() {
    let Some(bench) = Bench::new() else {
        return;
    };
    // The least that an interpreter can cost: a program that does nothing.
    fs::remove_file(bench.dir.path().join("opt/R-new/R")).unwrap();
    symlink("/bin/true", bench.dir.path().join("opt/R-new/R")).unwrap();
    // All by turns, so that whatever else the machine does strikes them alike.
    let timed = "a=0; b=0; c=0; i=0; now() { date +%s%N; }; while [ $i -lt 100 ]; do \
        s=$(now); /opt/R; m=$(now); /opt/R-new/R; n=$(now); /opt/benchwarden --version >/dev/null; \
        e=$(now); a=$((a+m-s)); b=$((b+n-m)); c=$((c+e-n)); i=$((i+1)); done; \
        echo $a; echo $b; echo $c";
    let said = bench.says(1001, "1001", timed);
    let nanos: Vec<u64> = said.lines().map(|line| line.parse().unwrap()).collect();
    let [by_link, direct, ourselves] = nanos[..] else {
        panic!("{said}");
    };
    // To be looked up costs no more than to start a program of this size and say a word.
    assert!(
        by_link < 2 * (direct + ourselves),
        "{by_link} ns by the link, {direct} direct, {ourselves} for --version"
    );
}
