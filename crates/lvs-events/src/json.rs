//! Services and ends in the JSON that people and programs read, as `docs/json.md` promises it.
//!
//! For `#[serde(with = "...")]`. The control protocol's own messages are written as the types derive it; what is printed
//! for others goes through here.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use lvs::service::{Endpoint, Family, Protocol, ServiceKey};

/// A service by address, or by firewall mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Selector {
    Address { protocol: Protocol, address: IpAddr, port: u16 },
    Mark { fwmark: u32, family: MarkFamily },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkFamily {
    Ipv4,
    Ipv6,
}

impl From<&ServiceKey> for Selector {
    fn from(key: &ServiceKey) -> Self {
        match *key {
            ServiceKey::Address { protocol, addr, port } => Self::Address { protocol, address: addr, port },
            ServiceKey::Mark { mark, family: Family::V4 } => {
                Self::Mark { fwmark: mark, family: MarkFamily::Ipv4 }
            }
            ServiceKey::Mark { mark, family: Family::V6 } => {
                Self::Mark { fwmark: mark, family: MarkFamily::Ipv6 }
            }
        }
    }
}

impl From<Selector> for ServiceKey {
    fn from(selector: Selector) -> Self {
        match selector {
            Selector::Address { protocol, address, port } => Self::Address { protocol, addr: address, port },
            Selector::Mark { fwmark, family: MarkFamily::Ipv4 } => {
                Self::Mark { mark: fwmark, family: Family::V4 }
            }
            Selector::Mark { fwmark, family: MarkFamily::Ipv6 } => {
                Self::Mark { mark: fwmark, family: Family::V6 }
            }
        }
    }
}

/// `{"address": ..., "port": ...}`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub address: IpAddr,
    pub port: u16,
}

impl From<Endpoint> for End {
    fn from(end: Endpoint) -> Self {
        Self { address: end.addr, port: end.port }
    }
}

impl From<End> for Endpoint {
    fn from(end: End) -> Self {
        Self::new(end.address, end.port)
    }
}

/// A [`ServiceKey`] as a [`Selector`].
pub mod service {
    use super::{Deserialize, Deserializer, Selector, Serialize, Serializer, ServiceKey};

    /// # Errors
    /// Errors of the writer.
    pub fn serialize<S: Serializer>(key: &ServiceKey, serializer: S) -> Result<S::Ok, S::Error> {
        Selector::from(key).serialize(serializer)
    }

    /// # Errors
    /// The text is no selector.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ServiceKey, D::Error> {
        Selector::deserialize(deserializer).map(ServiceKey::from)
    }
}

/// An [`Endpoint`] as an [`End`].
pub mod end {
    use super::{Deserialize, Deserializer, End, Endpoint, Serialize, Serializer};

    /// # Errors
    /// Errors of the writer.
    pub fn serialize<S: Serializer>(end: &Endpoint, serializer: S) -> Result<S::Ok, S::Error> {
        End::from(*end).serialize(serializer)
    }

    /// # Errors
    /// The text is no end.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Endpoint, D::Error> {
        End::deserialize(deserializer).map(Endpoint::from)
    }
}
