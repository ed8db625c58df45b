//! Words to systemd about this service, as `sd_notify(3)` sends them: a datagram.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Where systemd listens, if this was started as a service that notifies.
#[derive(Debug)]
pub struct Notify {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// From the environment that systemd gives; silent without one.
    #[must_use]
    pub fn of_this_process() -> Self {
        let socket = std::env::var_os("NOTIFY_SOCKET").and_then(|at| connect(at.as_bytes()).ok());
        let own =
            std::env::var("WATCHDOG_PID").map_or(true, |pid| pid.parse() == Ok(std::process::id()));
        let limit = std::env::var("WATCHDOG_USEC").ok();
        let limit = limit.filter(|_| own).and_then(|usec| usec.parse().ok());
        Self {
            socket,
            watchdog: limit.map(Duration::from_micros),
        }
    }

    /// How long systemd waits for a sign of life before it starts the service anew.
    #[must_use]
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Everything works.
    pub fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// What is going on, for `systemctl status`.
    pub fn status(&self, status: &str) {
        self.tell(&format!("STATUS={status}"));
    }

    /// A sign of life.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    fn tell(&self, words: &str) {
        if let Some(socket) = &self.socket {
            // Who does not listen cannot be helped.
            let _ = socket.send(words.as_bytes());
        }
    }
}

/// A path, or a name in the abstract space where it begins with `@`.
fn connect(at: &[u8]) -> io::Result<UnixDatagram> {
    let address = match at.split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(at))?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_arrive_at_a_path_and_at_an_abstract_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let abstract_name = format!("benchwarden-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        for (listener, at) in [
            (
                UnixDatagram::bind(&path).unwrap(),
                path.display().to_string(),
            ),
            (
                UnixDatagram::bind_addr(&address).unwrap(),
                format!("@{abstract_name}"),
            ),
        ] {
            let notify = Notify {
                socket: Some(connect(at.as_bytes()).unwrap()),
                watchdog: None,
            };
            notify.ready("watching");
            let mut room = [0; 64];
            let length = listener.recv(&mut room).unwrap();
            assert_eq!(&room[..length], b"READY=1\nSTATUS=watching");
        }
    }

    #[test]
    fn nobody_who_listens_is_no_failure() {
        let silent = Notify {
            socket: None,
            watchdog: None,
        };
        silent.alive();
        assert!(connect(b"/no/such/socket").is_err());
    }
}
