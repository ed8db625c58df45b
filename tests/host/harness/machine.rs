//! The emulated machine: started from a saved state or from its disk, and ended.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::leftovers::MARKER;

/// One QEMU.
pub(super) struct Machine {
    image: PathBuf,
    dir: PathBuf,
    port: u16,
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
        // Free when asked; whoever takes it in between makes QEMU end, which is told.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        Self {
            process: start(image, dir, port, &["-loadvm", "ready"]),
            image: image.to_owned(),
            dir: dir.to_owned(),
            port,
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
        self.process = start(&self.image, &self.dir, self.port, &[]);
    }

    /// Ends it.
    pub(super) fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Fails the test when the machine has ended by itself.
    pub(super) fn must_run(&mut self) {
        if let Ok(Some(status)) = self.process.try_wait() {
            let said = std::fs::read_to_string(self.dir.join("qemu.log")).unwrap_or_default();
            panic!("qemu ended: {status}\n{said}");
        }
    }

    /// The last lines of the serial console, for a host that cannot be asked any more.
    pub(super) fn serial_tail(&self) -> String {
        let bytes = std::fs::read(self.dir.join("serial.log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

fn start(image: &Path, dir: &Path, port: u16, more: &[&str]) -> Child {
    let args = std::fs::read_to_string(image.join("machine.args")).unwrap();
    let fill = |arg: &str| {
        arg.replace("%DISK%", dir.join("disk.qcow2").to_str().unwrap())
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
