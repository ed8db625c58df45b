//! A connection to systemd's manager that is kept open, for who has to be fast: calls are sent
//! without waiting for the answer, which comes when it comes.
//!
//! The manager has a door of its own for root, which `systemctl` uses: nobody is in between who
//! could be starved, killed or started anew. Where it is closed there is the system bus.
//!
//! The encoding is `zbus`'s. The connection is not, since one thread has to listen to the kernel
//! and to the bus at once, and may neither wait nor start another.

mod wire;

use std::io::{self, IoSlice, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::num::NonZeroU32;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::{RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use serde::Serialize;
use zbus::message::Message;
use zbus::wire::{DynamicType, Fd};

use super::root::Root;
use super::systemd::{BUS, MANAGER, MANAGER_PATH};

pub use wire::{Answer, Heard};

/// A bus that needs longer for a greeting, or to take a message, is of no use.
const PATIENCE: Duration = Duration::from_secs(2);
/// What changes something may take longer, on a host that suffers.
const LONG_PATIENCE: Duration = Duration::from_secs(30);
/// Where systemd's manager itself listens, for root.
const OWN_DOOR: &str = "/run/systemd/private";
const MANAGER_INTERFACE: &str = "org.freedesktop.systemd1.Manager";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// Which signals are wanted: the end of systemd's jobs.
const MATCH: &str = "type='signal',sender='org.freedesktop.systemd1',\
    path='/org/freedesktop/systemd1',interface='org.freedesktop.systemd1.Manager',\
    member='JobRemoved'";
/// As many file descriptors as go with one message.
const MOST_FDS: usize = 64;

/// Why the bus is of no use now.
#[derive(Debug, thiserror::Error)]
pub enum BusLost {
    /// There is none, or it does not talk.
    #[error("no connection to systemd, by itself or over the system bus: {0}")]
    Io(#[from] io::Error),
    /// It said something that is no D-Bus.
    #[error("what answers for systemd does not speak D-Bus: {0}")]
    Odd(String),
    /// A message could not be made.
    #[error("no message for systemd: {0}")]
    Message(#[from] zbus::Error),
}

/// A connection.
#[derive(Debug)]
pub struct Bus {
    stream: UnixStream,
    incoming: Vec<u8>,
    serial: u32,
    /// systemd's major version, 252.
    version: u32,
}

impl Bus {
    /// Connects, and asks systemd for its version.
    ///
    /// # Errors
    /// When neither its own door nor the system bus leads to systemd.
    pub fn connect(root: &Root) -> Result<Self, BusLost> {
        Self::through(root, OWN_DOOR, false).or_else(|_| Self::through(root, BUS, true))
    }

    /// `shared` is a door that leads to others too: there one says who one is, and what one wants
    /// to hear of.
    fn through(root: &Root, door: &str, shared: bool) -> Result<Self, BusLost> {
        let stream = UnixStream::connect(root.path(door))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut bus = Self {
            stream,
            incoming: Vec::with_capacity(16 << 10),
            serial: 0,
            version: 0,
        };
        bus.greet()?;
        if shared {
            let daemon = "org.freedesktop.DBus";
            let daemon = (daemon, "/org/freedesktop/DBus", daemon);
            let hello = bus.call(daemon, "Hello", &())?;
            bus.wait_for(hello)?;
            let wanted = bus.call(daemon, "AddMatch", &MATCH)?;
            bus.wait_for(wanted)?;
        }
        let property = (MANAGER_INTERFACE, "Version");
        let asked = bus.call((MANAGER, MANAGER_PATH, PROPERTIES), "Get", &property)?;
        if let Answer::Text(version) = bus.wait_for(asked)? {
            let end = version.find(|c: char| !c.is_ascii_digit());
            let digits = &version[..end.unwrap_or(version.len())];
            bus.version = digits.parse().unwrap_or(0);
        }
        Ok(bus)
    }

    /// systemd's major version; 0 when it did not tell.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The handshake: who we are by the socket's credentials, and that file descriptors may be sent.
    fn greet(&mut self) -> Result<(), BusLost> {
        let uid = rustix::process::geteuid().as_raw().to_string();
        let hex: String = uid.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.stream
            .write_all(format!("\0AUTH EXTERNAL {hex}\r\n").as_bytes())?;
        self.expect_line("OK ")?;
        self.stream.write_all(b"NEGOTIATE_UNIX_FD\r\n")?;
        self.expect_line("AGREE_UNIX_FD")?;
        self.stream.write_all(b"BEGIN\r\n")?;
        Ok(())
    }

    fn expect_line(&mut self, start: &str) -> Result<(), BusLost> {
        let mut line = Vec::with_capacity(64);
        let mut byte = [0];
        while !line.ends_with(b"\r\n") {
            if line.len() > 512 || self.stream.read(&mut byte)? == 0 {
                return Err(BusLost::Odd("it broke off while greeting".to_owned()));
            }
            line.extend_from_slice(&byte);
        }
        let line = String::from_utf8_lossy(&line);
        if line.starts_with(start) {
            Ok(())
        } else {
            Err(BusLost::Odd(format!("{start:?} expected, {line:?} came")))
        }
    }

    /// Sends a call to a service, object and interface, and tells the call's number.
    ///
    /// # Errors
    /// When it cannot be sent; the connection is of no more use then.
    pub(super) fn call<B: Serialize + DynamicType>(
        &mut self,
        (service, path, interface): (&str, &str, &str),
        method: &str,
        body: &B,
    ) -> Result<u32, BusLost> {
        self.serial = self.serial.checked_add(1).unwrap_or(1);
        let number = self.serial;
        let message = Message::method_call(path, method)
            .destination(service)
            .interface(interface)
            .serial(NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN))
            .build(body)?;
        self.send(&message)?;
        Ok(number)
    }

    /// A property of a unit.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn ask_unit(
        &mut self,
        unit: &str,
        interface: &str,
        property: &str,
    ) -> Result<u32, BusLost> {
        let path = unit_path(unit);
        self.call((MANAGER, &path, PROPERTIES), "Get", &(interface, property))
    }

    /// A call of systemd's manager.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub(super) fn call_manager<B: Serialize + DynamicType>(
        &mut self,
        method: &str,
        body: &B,
    ) -> Result<u32, BusLost> {
        self.call((MANAGER, MANAGER_PATH, MANAGER_INTERFACE), method, body)
    }

    /// Sets a property of a unit until the host is started again, and waits until that is done.
    ///
    /// # Errors
    /// When systemd refuses, or does not answer.
    pub(super) fn set_for_now(
        &mut self,
        unit: &str,
        property: &str,
        value: u64,
    ) -> Result<(), BusLost> {
        self.stream.set_read_timeout(Some(LONG_PATIENCE))?;
        let properties = vec![(property, zbus::Variant::from(value))];
        let asked = self.call_manager("SetUnitProperties", &(unit, true, properties))?;
        self.wait_for(asked).map(drop)
    }

    fn send(&self, message: &Message) -> Result<(), BusLost> {
        let data = message.data();
        let fds: Vec<BorrowedFd<'_>> = data.fds().iter().map(Fd::as_fd).collect();
        let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
        let mut along = SendAncillaryBuffer::new(&mut room);
        if !fds.is_empty() && !along.push(SendAncillaryMessage::ScmRights(&fds)) {
            return Err(BusLost::Odd(format!("{} descriptors at once", fds.len())));
        }
        let bytes = data.bytes();
        let sent = rustix::net::sendmsg(
            &self.stream,
            &[IoSlice::new(bytes)],
            &mut along,
            SendFlags::NOSIGNAL,
        )
        .map_err(io::Error::from)?;
        (&self.stream).write_all(bytes.get(sent..).unwrap_or_default())?;
        Ok(())
    }

    /// What came; never waits.
    ///
    /// # Errors
    /// When the connection has ended.
    pub fn hear(&mut self) -> Result<Option<Heard>, BusLost> {
        if let Some(heard) = self.next()? {
            return Ok(Some(heard));
        }
        loop {
            let mut room = [0; 4096];
            match rustix::net::recv(&self.stream, &mut room, RecvFlags::DONTWAIT) {
                Ok((_, 0)) => {
                    return Err(BusLost::Io(io::ErrorKind::ConnectionReset.into()));
                }
                Ok((_, length)) => {
                    let came = room.get(..length).unwrap_or_default();
                    self.incoming.extend_from_slice(came);
                    if let Some(heard) = self.next()? {
                        return Ok(Some(heard));
                    }
                }
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(BusLost::Io(e.into())),
            }
        }
    }

    fn next(&mut self) -> Result<Option<Heard>, BusLost> {
        match wire::first(&self.incoming) {
            Ok(Some((heard, length))) => {
                self.incoming.drain(..length);
                Ok(Some(heard))
            }
            Ok(None) => Ok(None),
            Err(wire::Garbled) => Err(BusLost::Odd("bytes that are no message".to_owned())),
        }
    }

    /// Waits for an answer: while connecting, when there is nothing else to do.
    fn wait_for(&mut self, number: u32) -> Result<Answer, BusLost> {
        loop {
            while let Some(heard) = self.next()? {
                match heard {
                    Heard::Answer(to, answer) if to == number => return Ok(answer),
                    Heard::Refused(to, name, why) if to == number => {
                        return Err(BusLost::Odd(format!("{name}: {why}")));
                    }
                    _ => {}
                }
            }
            let mut room = [0; 4096];
            let length = self.stream.read(&mut room)?;
            if length == 0 {
                return Err(BusLost::Io(io::ErrorKind::ConnectionReset.into()));
            }
            self.incoming
                .extend_from_slice(room.get(..length).unwrap_or_default());
        }
    }
}

impl AsFd for Bus {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The object of a unit: what is no letter or digit is written as `_` and its code.
fn unit_path(unit: &str) -> String {
    use std::fmt::Write as _;
    let mut path = String::from("/org/freedesktop/systemd1/unit/");
    for (at, byte) in unit.bytes().enumerate() {
        // A digit at the beginning is written so as well.
        if byte.is_ascii_alphabetic() || (at > 0 && byte.is_ascii_digit()) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "_{byte:02x}");
        }
    }
    path
}

/// A file descriptor to be sent along.
pub(super) fn sendable(fd: OwnedFd) -> Fd<'static> {
    Fd::Owned(fd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_their_object() {
        for (unit, path) in [
            ("cron.service", "cron_2eservice"),
            ("user@1001.service", "user_401001_2eservice"),
            ("3x.scope", "_33x_2escope"),
        ] {
            let expected = format!("/org/freedesktop/systemd1/unit/{path}");
            assert_eq!(unit_path(unit), expected);
        }
    }
}
