//! Who asks, and from where: the login behind sudo, not just root.

use std::time::Duration;

use crate::base::id::Uid;
use crate::base::text::printable;
use crate::model::actor::Actor;

use super::nss;
use super::patience::within;
use super::root::Root;

const CHARS: usize = 100;
/// A directory that says nothing for so long leaves the number, which is true as well.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who runs this program.
#[must_use]
pub fn actor(root: &Root) -> Actor {
    let login_uid = root
        .peek("/proc/self/loginuid")
        .and_then(|text| text.trim().parse().ok())
        .filter(|uid| *uid != u32::MAX);
    let uid = login_uid.unwrap_or_else(|| rustix::process::getuid().as_raw());
    let asked = within(PATIENCE, move || nss::user(Uid(uid))).flatten();
    let user = asked.map_or_else(
        || uid.to_string(),
        |user| printable(user.name().as_encoded_bytes(), CHARS),
    );
    Actor {
        user,
        login_uid,
        sudo_user: variable("SUDO_USER"),
        tty: tty(),
        from: client(root),
    }
}

/// What the environment says; anybody can write there, so it only adds to what the kernel says.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    Some(printable(value.as_encoded_bytes(), CHARS)).filter(|value| !value.is_empty())
}

fn tty() -> Option<String> {
    let stdio = [
        rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new()),
        rustix::termios::ttyname(rustix::stdio::stderr(), Vec::new()),
    ];
    let path = stdio.into_iter().find_map(Result::ok)?;
    let path = printable(path.as_bytes(), CHARS);
    Some(path.strip_prefix("/dev/").unwrap_or(&path).to_owned())
}

/// The host at the other end of the session this runs in: sudo takes ssh's variables away, logind
/// still knows.
fn client(root: &Root) -> Option<String> {
    let session = root.peek("/proc/self/sessionid")?;
    let number: u32 = session.trim().parse().ok().filter(|id| *id != u32::MAX)?;
    let file = root.peek(&format!("/run/systemd/sessions/{number}"))?;
    let host = file
        .lines()
        .find_map(|line| line.strip_prefix("REMOTE_HOST="))?;
    Some(printable(host.as_bytes(), CHARS)).filter(|host| !host.is_empty())
}
