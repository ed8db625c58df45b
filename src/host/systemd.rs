//! systemd's manager over D-Bus: no child process, so it answers when nothing can be forked.

use std::time::Duration;

use zbus::connection::Builder;
use zbus::names::InterfaceName;

use super::root::Root;

pub(super) const MANAGER: &str = "org.freedesktop.systemd1";
pub(super) const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
pub(super) const BUS: &str = "/run/dbus/system_bus_socket";
/// A manager that needs longer is in trouble, and the caller should say so.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why systemd could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// There is no system bus.
    #[error("no D-Bus system bus at {BUS}")]
    NoBus,
    /// The bus or the manager did not answer as it should.
    #[error("systemd did not answer over D-Bus: {0}")]
    NoAnswer(#[from] zbus::Error),
}

/// Whether systemd is the init of this host, as `sd_booted(3)` tells.
#[must_use]
pub fn is_init(root: &Root) -> bool {
    root.is_dir("/run/systemd/system")
}

/// The version as the manager itself tells it, for example `252.39-1~deb12u1`.
///
/// # Errors
/// When there is no system bus, or no answer within two seconds.
pub fn version(root: &Root) -> Result<String, BusError> {
    if !root.is_live() || !root.exists(BUS) {
        return Err(BusError::NoBus);
    }
    let answer = zbus::block_on(async {
        let bus = Builder::address(format!("unix:path={BUS}").as_str())
            .method_timeout(PATIENCE)
            .build()
            .await?;
        let properties = zbus::fdo::PropertiesProxy::new(&bus, MANAGER, MANAGER_PATH).await?;
        let interface =
            InterfaceName::from_static_str_unchecked("org.freedesktop.systemd1.Manager");
        let value = properties
            .get(interface, "Version")
            .await
            .map_err(zbus::Error::from)?;
        String::try_from(value)
    })?;
    Ok(answer)
}
