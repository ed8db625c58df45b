//! A copy of what was done for the journal, in systemd's own protocol: one datagram of fields.

use std::fmt::Write as _;
use std::os::unix::net::UnixDatagram;

use super::root::Root;

const SOCKET: &str = "/run/systemd/journal/socket";

/// Tells the journal. Without one there is the audit log, so a failure changes nothing.
pub fn tell(root: &Root, message: &str, fields: &[(&str, &str)]) {
    if !root.is_live() {
        return;
    }
    let mut datagram = String::from("PRIORITY=5\nSYSLOG_IDENTIFIER=benchwarden\n");
    for (key, value) in std::iter::once(&("MESSAGE", message)).chain(fields) {
        // One line a field; a line end in a value would begin another.
        let value = value.replace('\n', " ");
        let _ = writeln!(datagram, "{key}={value}");
    }
    let sent = UnixDatagram::unbound().and_then(|socket| {
        // A journal that waits for a disk is not waited for.
        socket.set_nonblocking(true)?;
        socket.send_to(datagram.as_bytes(), root.path(SOCKET))
    });
    drop(sent);
}
