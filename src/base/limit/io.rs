//! Bounds on reading and writing a device: `50M` on the one that holds the home, or `/dev/vdb 50M`.

use std::fmt;
use std::str::FromStr;

use super::{Limit, size};
use crate::base::account::BadValue;

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IoDevice {
    /// The one that holds the person's home.
    Home,
    /// A device, or a file or directory on one, as systemd takes it: an absolute path.
    Path(String),
}

/// Bytes or operations a second; a K is 1000 here, as in systemd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IoRate(pub u64);

/// A bound on one device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IoMax {
    /// On which.
    pub device: IoDevice,
    /// How much in a second.
    pub max: Limit<IoRate>,
}

/// Bounds on devices, each of them once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IoRates(Vec<IoMax>);

impl IoRates {
    /// Takes bounds together.
    ///
    /// # Errors
    /// When there is none, or two for one device.
    pub fn new(rates: Vec<IoMax>) -> Result<Self, BadValue> {
        let what = "a list of rates";
        if rates.is_empty() {
            return Err(BadValue::new(what, "", "there is none in it"));
        }
        for (at, rate) in rates.iter().enumerate() {
            if rates[..at].iter().any(|other| other.device == rate.device) {
                let why = "the same device stands there before";
                return Err(BadValue::new(what, &rate.to_string(), why));
            }
        }
        Ok(Self(rates))
    }

    /// Each of them.
    #[must_use]
    pub fn each(&self) -> &[IoMax] {
        &self.0
    }
}

impl FromStr for IoRate {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = |why: String| BadValue::new("a rate", text, why);
        match size::parse(text, size::Base::Decimal).map_err(bad)? {
            0 => Err(bad("it lets nothing through at all".to_owned())),
            rate => Ok(Self(rate)),
        }
    }
}

impl fmt::Display for IoRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&size::print(self.0, size::Base::Decimal))
    }
}

impl FromStr for IoMax {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = |why| BadValue::new("a rate", text, why);
        let Some((path, rate)) = text.rsplit_once(' ') else {
            return Ok(Self {
                device: IoDevice::Home,
                max: text.parse()?,
            });
        };
        let path = path.trim();
        if !path.starts_with('/') {
            return Err(bad(
                "write a rate alone, or an absolute path, a blank and a rate",
            ));
        }
        if path
            .chars()
            .any(|c| c.is_control() || matches!(c, '"' | '\\' | '%'))
        {
            return Err(bad(
                "the path holds what systemd would read as something else",
            ));
        }
        Ok(Self {
            device: IoDevice::Path(path.to_owned()),
            max: rate.parse()?,
        })
    }
}

impl fmt::Display for IoMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.device {
            IoDevice::Home => self.max.fmt(f),
            IoDevice::Path(path) => write!(f, "{path} {}", self.max),
        }
    }
}

impl fmt::Display for IoRates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::net::join(f, &self.0)
    }
}
