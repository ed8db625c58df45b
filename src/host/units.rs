//! What systemd has made of the files of its units, over D-Bus: asked, and told to read them
//! again. The connection is kept for as long as the program runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use zbus::connection::{Builder, Connection};
use zbus::{OwnedObjectPath, OwnedVariant, Variant};

use crate::plan::limits::directive::{Directive, joined};
use crate::plan::limits::present::Values;

use super::cgroup;
use super::root::Root;
use super::systemd::{BUS, BusError, MANAGER, MANAGER_PATH};

/// Reading the files of all units takes seconds on a large host, and minutes on one that suffers.
const PATIENCE: Duration = Duration::from_secs(180);
const UNIT_INTERFACE: &str = "org.freedesktop.systemd1.Unit";
const MANAGER_INTERFACE: &str = "org.freedesktop.systemd1.Manager";
/// The last part of the name of a slice that nothing is in.
const BESIDE: &str = "benchwarden.slice";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

static KEPT: Mutex<Option<Connection>> = Mutex::new(None);

/// Why systemd did not do as it was asked.
#[derive(Debug, thiserror::Error)]
pub enum UnitsError {
    /// It could not be asked.
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl From<zbus::Error> for UnitsError {
    fn from(error: zbus::Error) -> Self {
        Self::Bus(BusError::NoAnswer(error))
    }
}

/// Has systemd read the files of all units again, and waits until what they say is in force for
/// the units in these slices.
///
/// Since some version between 252 and 257 it writes the new settings to the cgroup of a unit that
/// runs only when another one starts beside it: so one does, a slice that holds nothing, and goes
/// again.
///
/// # Errors
/// When systemd does not answer, or refuses.
pub fn reload(root: &Root, within: &[String]) -> Result<(), UnitsError> {
    let bus = bus(root)?;
    let beside = within
        .iter()
        .filter_map(|slice| slice.strip_suffix(".slice"));
    let beside: Vec<String> = beside.map(|slice| format!("{slice}-{BESIDE}")).collect();
    let done = zbus::block_on(async {
        call(&bus, MANAGER_PATH, MANAGER_INTERFACE, "Reload", &()).await?;
        for slice in &beside {
            let nothing: Vec<(&str, Variant<'_>)> = Vec::new();
            let nobody: Vec<(&str, Vec<(&str, Variant<'_>)>)> = Vec::new();
            let body = (slice, "replace", nothing, nobody);
            let method = "StartTransientUnit";
            call(&bus, MANAGER_PATH, MANAGER_INTERFACE, method, &body).await?;
        }
        rounds(&bus).await?;
        for slice in &beside {
            let body = (slice, "replace");
            call(&bus, MANAGER_PATH, MANAGER_INTERFACE, "StopUnit", &body).await?;
        }
        rounds(&bus).await
    });
    Ok(kept(done)?)
}

/// systemd answers before it has done everything; each question is answered after a round of its
/// work.
async fn rounds(bus: &Connection) -> Result<(), zbus::Error> {
    for _ in 0..2 {
        let body = (MANAGER_INTERFACE, "Version");
        call(bus, MANAGER_PATH, PROPERTIES, "Get", &body).await?;
    }
    Ok(())
}

/// What systemd has of a unit, loaded for the question where it is not: settings in the wording
/// of plans; `None` where there is no unit of this name, as when a service is gone that another
/// program makes anew each time.
///
/// # Errors
/// When systemd does not answer.
pub fn settings(root: &Root, unit: &str) -> Result<Option<Values>, UnitsError> {
    let bus = bus(root)?;
    let Some(kind) = kind(unit) else {
        return Ok(None);
    };
    let told = zbus::block_on(async {
        let body = (unit,);
        let answer = call(&bus, MANAGER_PATH, MANAGER_INTERFACE, "LoadUnit", &body).await?;
        let path: OwnedObjectPath = answer.body().deserialize()?;
        let body = (UNIT_INTERFACE, "LoadState");
        let answer = call(&bus, path.as_str(), PROPERTIES, "Get", &body).await?;
        let state: OwnedVariant = answer.body().deserialize()?;
        if String::try_from(state).is_ok_and(|state| state != "loaded") {
            return Ok(None);
        }
        let answer = call(&bus, path.as_str(), PROPERTIES, "GetAll", &(kind,)).await?;
        let all: HashMap<String, OwnedVariant> = answer.body().deserialize()?;
        Ok::<_, zbus::Error>(Some(all))
    });
    let Some(mut all) = kept(told)? else {
        return Ok(None);
    };
    let device = |path: &str| cgroup::device_of(root, path);
    let one = |directive: Directive| {
        let value = all.remove(directive.property())?;
        Some((directive, value_of(directive, value, &device)?))
    };
    Ok(Some(Directive::all().into_iter().filter_map(one).collect()))
}

fn kind(unit: &str) -> Option<&'static str> {
    Some(match unit.rsplit_once('.')?.1 {
        "slice" => "org.freedesktop.systemd1.Slice",
        "service" => "org.freedesktop.systemd1.Service",
        "scope" => "org.freedesktop.systemd1.Scope",
        _ => return None,
    })
}

async fn call<B: serde::Serialize + zbus::DynamicType>(
    bus: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Result<zbus::Message, zbus::Error> {
    bus.call_method(Some(MANAGER), path, Some(interface), method, body)
        .await
}

/// The connection, made where there is none.
fn bus(root: &Root) -> Result<Connection, UnitsError> {
    if !root.is_live() || !root.exists(BUS) {
        return Err(BusError::NoBus.into());
    }
    if let Some(bus) = KEPT.lock().ok().and_then(|kept| kept.clone()) {
        return Ok(bus);
    }
    let made = zbus::block_on(async {
        let builder = Builder::address(format!("unix:path={BUS}").as_str());
        builder.method_timeout(PATIENCE).build().await
    })?;
    if let Ok(mut kept) = KEPT.lock() {
        *kept = Some(made.clone());
    }
    Ok(made)
}

/// A connection on which something failed is not used again.
fn kept<T>(result: Result<T, zbus::Error>) -> Result<T, zbus::Error> {
    if result.is_err()
        && let Ok(mut kept) = KEPT.lock()
    {
        *kept = None;
    }
    result
}

/// A property in the wording of plans.
fn value_of(
    directive: Directive,
    value: OwnedVariant,
    device: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    if directive.is_list() {
        return match directive.kernel_file() {
            Some(_) => rates(&value, device),
            None => addresses(value),
        };
    }
    let number = u64::try_from(value).ok()?;
    Some(match (number, directive.unbounded()) {
        // Where nothing is set, weights have this too.
        (u64::MAX, unbounded) => unbounded.to_owned(),
        (number, _) => number.to_string(),
    })
}

/// `a(st)`: the paths as they were written, and the rates.
fn rates(value: &OwnedVariant, device: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let list: Vec<(String, u64)> = value.clone().try_into().ok()?;
    let mut by_device = BTreeMap::new();
    for (path, rate) in list.into_iter().filter(|(_, rate)| *rate != u64::MAX) {
        by_device.insert(device(&path)?, rate);
    }
    let mut all: Vec<String> = by_device
        .into_iter()
        .map(|(device, rate)| format!("{device} {rate}"))
        .collect();
    Some(joined(&mut all, "infinity"))
}

/// `a(iayu)`: family, address, prefix.
fn addresses(value: OwnedVariant) -> Option<String> {
    let list: Vec<(i32, Vec<u8>, u32)> = value.try_into().ok()?;
    let mut all = Vec::new();
    for (_, address, prefix) in list {
        let address: std::net::IpAddr = match address.len() {
            4 => <[u8; 4]>::try_from(address.as_slice()).ok()?.into(),
            _ => <[u8; 16]>::try_from(address.as_slice()).ok()?.into(),
        };
        all.push(format!("{address}/{prefix}"));
    }
    Some(joined(&mut all, "none"))
}
