//! Hosts made of files: what the machine that runs the tests lacks.
//!
//! A [`Fixture`] is a directory tree with the `/proc`, `/sys/fs/cgroup` and `/etc` of a host in a
//! given moment. The program reads it with `--root`, without privileges.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses its own part"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

pub const MIB: u64 = 1 << 20;

/// A host as files.
pub struct Fixture {
    dir: TempDir,
    pids: u32,
    passwd: String,
    is_v2: bool,
}

/// One process of it.
pub struct Proc<'a> {
    pub uid: u32,
    pub name: &'a str,
    pub cgroup: &'a str,
    pub anon: u64,
    pub threads: u32,
    pub command: &'a [u8],
}

impl Default for Proc<'_> {
    fn default() -> Self {
        Self {
            uid: 0,
            name: "sh",
            cgroup: "/system.slice/x.service",
            anon: MIB,
            threads: 1,
            command: b"sh\0",
        }
    }
}

impl Fixture {
    fn bare(cpus: u32) -> Self {
        let fixture = Self {
            dir: tempfile::tempdir().unwrap(),
            pids: 1,
            passwd: "root:x:0:0:root:/root:/bin/bash\n".to_owned(),
            is_v2: false,
        };
        let mut stat = format!("cpu  {} 0 500 90000 10 0 5 0 0 0\n", 1000 * cpus);
        for cpu in 0..cpus {
            stat += &format!("cpu{cpu} 1000 0 5 900 1 0 0 0 0 0\n");
        }
        fixture.put("proc/stat", stat + "intr 1\nctxt 2\nbtime 1790000000\n");
        fixture.put(
            "proc/meminfo",
            "MemTotal:       268435456 kB\nMemFree:  1000 kB\nMemAvailable:   134217728 kB\n\
             Buffers: 1 kB\nCached: 1 kB\nSwapCached: 0 kB\nActive: 1 kB\nInactive: 1 kB\n\
             SwapTotal:       8388608 kB\nSwapFree:        6291456 kB\nDirty: 0 kB\n\
             Writeback: 0 kB\nAnonPages: 1 kB\nMapped: 1 kB\nShmem: 1 kB\nSlab: 1 kB\n\
             SReclaimable: 1 kB\nSUnreclaim: 1 kB\nKernelStack: 1 kB\nPageTables: 1 kB\n\
             CommitLimit: 1 kB\nCommitted_AS: 1 kB\nVmallocTotal: 1 kB\nVmallocUsed: 1 kB\n\
             VmallocChunk: 0 kB\n",
        );
        fixture.put("proc/loadavg", "21.40 20.50 18.20 5/1200 4242\n");
        fixture.put("proc/uptime", "1036800.50 99.00\n");
        fixture.put("proc/sys/kernel/hostname", "workbench\n");
        fixture.put(
            "etc/login.defs",
            "# comment\nUID_MIN\t\t 1000\nUID_MAX 60000\n",
        );
        fixture
    }

    /// cgroup v2 with every controller and pressure information.
    pub fn v2(cpus: u32) -> Self {
        let mut fixture = Self::bare(cpus);
        fixture.is_v2 = true;
        fixture.put("sys/fs/cgroup/cgroup.procs", "");
        fixture.put(
            "sys/fs/cgroup/cgroup.controllers",
            "cpuset cpu io memory hugetlb pids\n",
        );
        for (kind, some) in [("cpu", "12.00"), ("memory", "0.00"), ("io", "3.00")] {
            fixture.put(
                &format!("proc/pressure/{kind}"),
                format!(
                    "some avg10={some} avg60=0.00 avg300=0.00 total=1\n\
                     full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
                ),
            );
        }
        fixture
    }

    /// Controllers on v1 hierarchies, systemd's own tree, and an empty unified one.
    pub fn hybrid(cpus: u32) -> Self {
        let fixture = Self::v1(cpus);
        fixture.put("sys/fs/cgroup/unified/cgroup.controllers", "");
        fixture
    }

    /// Only v1 hierarchies.
    pub fn v1(cpus: u32) -> Self {
        let fixture = Self::bare(cpus);
        for controller in ["cpu", "memory", "pids", "blkio"] {
            fixture.put(&format!("sys/fs/cgroup/{controller}/tasks"), "");
        }
        fixture
    }

    /// Writes a file.
    pub fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Writes a file that may be executed.
    pub fn put_program(&self, path: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        self.put(path, "");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.dir.path().join(path), mode).unwrap();
    }

    /// A line in `etc/passwd`.
    pub fn account(&mut self, name: &str, uid: u32) {
        self.passwd += &format!("{name}:x:{uid}:{uid}::/home/{name}:/bin/bash\n");
        self.put("etc/passwd", self.passwd.clone());
    }

    /// The files of a `user-UID.slice`.
    pub fn slice(&self, uid: u32, anon: u64, cpu_usec: u64) {
        let dir = format!("sys/fs/cgroup/user.slice/user-{uid}.slice");
        let put = |file: &str, content: String| self.put(&format!("{dir}/{file}"), content);
        put("cgroup.procs", String::new());
        put(
            "cpu.stat",
            format!(
                "usage_usec {cpu_usec}\nuser_usec 1\nsystem_usec 1\nnr_periods 10\nnr_throttled 0\nthrottled_usec 0\n"
            ),
        );
        put(
            "memory.stat",
            format!(
                "anon {anon}\nfile {}\nkernel {}\nkernel_stack 0\nsock 0\nshmem 0\n\
                 slab_reclaimable {}\nslab_unreclaimable 0\n",
                8 * MIB,
                2 * MIB,
                MIB,
            ),
        );
        put("memory.swap.current", "0\n".to_owned());
        put("memory.max", format!("{}\n", 400 * MIB));
        put("memory.high", "max\n".to_owned());
        put(
            "memory.events",
            "low 0\nhigh 0\nmax 0\noom 0\noom_kill 2\n".to_owned(),
        );
        put("cpu.max", "400000 100000\n".to_owned());
        put("pids.current", "7\n".to_owned());
        put("pids.max", "4096\n".to_owned());
        put(
            "io.stat",
            "8:0 rbytes=4096 wbytes=8192 rios=1 wios=1\n".to_owned(),
        );
        put("cgroup.events", "populated 1\nfrozen 0\n".to_owned());
        for kind in ["cpu", "memory", "io"] {
            put(
                &format!("{kind}.pressure"),
                "some avg10=1.50 avg60=0 avg300=0 total=1\nfull avg10=0.25 avg60=0 avg300=0 total=1\n".to_owned(),
            );
        }
    }

    /// A process; returns its pid.
    pub fn process(&mut self, process: &Proc<'_>) -> u32 {
        self.pids += 1;
        let pid = self.pids;
        let Proc {
            uid,
            name,
            cgroup,
            anon,
            threads,
            command,
        } = process;
        self.put(
            &format!("proc/{pid}/stat"),
            format!(
                "{pid} ({name}) S 1 {pid} {pid} 0 -1 4194304 0 0 0 0 100 20 0 0 20 0 {threads} 0 5000 1 1\n"
            ),
        );
        self.put(
            &format!("proc/{pid}/status"),
            format!(
                "Name:\t{name}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nRssAnon:\t{} kB\nRssFile:\t9 kB\nRssShmem:\t0 kB\nVmSwap:\t0 kB\nThreads:\t{threads}\n",
                anon / 1024
            ),
        );
        self.put(&format!("proc/{pid}/cgroup"), format!("0::{cgroup}\n"));
        self.put(&format!("proc/{pid}/cmdline"), command);
        if self.is_v2 {
            let procs = format!("sys/fs/cgroup{}/cgroup.procs", cgroup.trim_end_matches('/'));
            let there = fs::read_to_string(self.dir.path().join(&procs)).unwrap_or_default();
            self.put(&procs, format!("{there}{pid}\n"));
        }
        pid
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Runs the program on it.
    pub fn run(&self, args: &[&str]) -> Output {
        benchwarden(&[&["--root", self.path().to_str().unwrap()], args].concat())
    }

    /// Runs a verb that has to succeed and returns its JSON.
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        let out = self.run(args);
        assert_eq!(out.status.code(), Some(0), "{out:?}");
        assert_eq!(String::from_utf8_lossy(&out.stderr), "");
        serde_json::from_slice(&out.stdout).unwrap()
    }
}

/// Runs the program.
pub fn benchwarden(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_benchwarden"))
        .args(args)
        .output()
        .unwrap()
}
