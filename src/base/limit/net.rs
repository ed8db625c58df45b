//! Addresses that may or may not be reached, as `IPAddressAllow=` takes them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::base::account::BadValue;

/// Some addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IpRule {
    /// All of them.
    Any,
    /// `127.0.0.0/8` and `::1`.
    Localhost,
    /// `169.254.0.0/16` and `fe80::/64`.
    LinkLocal,
    /// `224.0.0.0/4` and `ff00::/8`.
    Multicast,
    /// A network, or one address where the prefix is as long as it can be.
    Net {
        /// The network's own address: no bit is set behind the prefix.
        address: IpAddr,
        /// How many bits count.
        prefix: u8,
    },
}

const WORDS: [(&str, IpRule); 4] = [
    ("any", IpRule::Any),
    ("localhost", IpRule::Localhost),
    ("link-local", IpRule::LinkLocal),
    ("multicast", IpRule::Multicast),
];

/// Several of them; an empty list lifts what a wider table says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IpRules(pub Vec<IpRule>);

impl FromStr for IpRule {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = |why: String| BadValue::new("an address", text, why);
        if let Some((_, rule)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(*rule);
        }
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let words = "any, localhost, link-local or multicast";
        let address: IpAddr = address.parse().map_err(|_| {
            bad(format!(
                "write an address such as 10.0.0.1, a network such as 10.0.0.0/8, or {words}; names \
                 of hosts do not work here"
            ))
        })?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|bits| *bits <= longest && !prefix.starts_with('+'))
                .ok_or_else(|| bad(format!("what follows / is no number from 0 to {longest}")))?,
        };
        let network = network(address, prefix);
        if network != address {
            return Err(bad(format!(
                "bits behind the prefix are set; the network is {network}/{prefix}"
            )));
        }
        Ok(Self::Net { address, prefix })
    }
}

pub(super) fn network(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::from((v4.to_bits() & mask).to_be_bytes())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::from((v6.to_bits() & mask).to_be_bytes())
        }
    }
}

impl fmt::Display for IpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Net { address, prefix } = self {
            let longest = if address.is_ipv4() { 32 } else { 128 };
            return if *prefix == longest {
                address.fmt(f)
            } else {
                write!(f, "{address}/{prefix}")
            };
        }
        let word = WORDS.iter().find(|(_, rule)| rule == self);
        f.pad(word.map_or("", |(word, _)| word))
    }
}

impl fmt::Display for IpRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.pad("none");
        }
        join(f, &self.0)
    }
}

/// With commas between, as people read them.
pub(super) fn join<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T]) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        item.fmt(f)?;
    }
    Ok(())
}
