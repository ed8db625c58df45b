//! The emulated machine: started from a saved state or from its disk, and ended.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::leftovers::MARKER;
use super::program;

/// What brings the saved state back; without it the machine boots from its disk.
const RESUME: &[&str] = &["-loadvm", "ready"];

/// One QEMU.
pub(super) struct Machine {
    image: PathBuf,
    dir: PathBuf,
    port: u16,
    how: &'static [&'static str],
    /// How often the port was lost to another program.
    beaten: u32,
    process: Child,
}

impl Machine {
    /// Brings the saved state of an image back, on a copy of its disk.
    pub(super) fn resume(image: &Path, dir: &Path) -> Self {
        let copied = Command::new("cp")
            .args(["--reflink=auto", "--sparse=always"])
            .arg(image.join("ready.qcow2"))
            .arg(dir.join("disk.qcow2"))
            .status()
            .unwrap();
        assert!(copied.success(), "cannot copy {}", image.display());
        let port = free_port();
        Self {
            process: start(image, dir, port, RESUME),
            image: image.to_owned(),
            dir: dir.to_owned(),
            port,
            how: RESUME,
            beaten: 0,
        }
    }

    /// Where the host's sshd answers on 127.0.0.1.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The image it was made from.
    pub(super) fn image(&self) -> &Path {
        &self.image
    }

    /// Ends it as a power cut does, and switches it on again.
    pub(super) fn power_cut(&mut self) {
        self.end();
        self.how = &[];
        self.process = start(&self.image, &self.dir, self.port, self.how);
    }

    /// Ends it.
    pub(super) fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Fails the test when the machine has ended by itself. When another program was faster to
    /// take the port, it starts on another.
    pub(super) fn must_run(&mut self) {
        let Ok(Some(status)) = self.process.try_wait() else {
            return;
        };
        let said = std::fs::read_to_string(self.dir.join("qemu.log")).unwrap_or_default();
        self.beaten += 1;
        assert!(
            said.contains("host forwarding") && self.beaten <= 3,
            "qemu ended: {status}\n{said}"
        );
        self.port = free_port();
        self.process = start(&self.image, &self.dir, self.port, self.how);
    }

    /// The last lines of the serial console, for a host that cannot be asked any more.
    pub(super) fn serial_tail(&self) -> String {
        let tail = |name: &str| {
            let bytes = std::fs::read(self.dir.join(name)).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(60)..].join("\n")
        };
        format!("{}\n--- qemu\n{}", tail("serial.log"), tail("qemu.log"))
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn start(image: &Path, dir: &Path, port: u16, more: &[&str]) -> Child {
    let args = image.join("machine.args");
    let args = std::fs::read_to_string(&args).unwrap_or_else(|e| panic!("{}: {e}", args.display()));
    let fill = |arg: &str| {
        arg.replace("%DISK%", dir.join("disk.qcow2").to_str().unwrap())
            .replace("%PROGRAM%", program::disk().to_str().unwrap())
            .replace("%DIR%", dir.to_str().unwrap())
            .replace("%PORT%", &port.to_string())
    };
    let log = std::fs::File::create(dir.join("qemu.log")).unwrap();
    // Nothing outlives the test run, even one that is killed.
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--", "qemu-system-x86_64"])
        .args(args.lines().map(fill))
        .args(more)
        .env(MARKER, dir)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .expect("setpriv and qemu-system-x86_64 are installed")
}
