//! Names of things: protocols, endpoints, and the key of a virtual service.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    /// The IP protocol number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
        }
    }

    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            6 => Some(Self::Tcp),
            17 => Some(Self::Udp),
            132 => Some(Self::Sctp),
            _ => None,
        }
    }

    /// As listings print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }

    /// The option of ipvsadm that takes a service of it.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Tcp => "-t",
            Self::Udp => "-u",
            Self::Sctp => "--sctp-service",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub const fn of(addr: &IpAddr) -> Self {
        match addr {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// An address and a port, without the flow label and scope of `SocketAddr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Endpoint {
    pub addr: IpAddr,
    pub port: u16,
}

impl Endpoint {
    pub const fn new(addr: IpAddr, port: u16) -> Self {
        Self { addr, port }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.addr {
            IpAddr::V4(addr) => write!(f, "{addr}:{}", self.port),
            IpAddr::V6(addr) => write!(f, "[{addr}]:{}", self.port),
        }
    }
}

/// Identity of a virtual service: where its packets are sent, or the firewall mark they carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceKey {
    Mark { mark: u32, family: Family },
    Address { protocol: Protocol, addr: IpAddr, port: u16 },
}

impl ServiceKey {
    /// The options that name it to ipvsadm, by numbers.
    pub fn options(&self) -> String {
        match *self {
            Self::Mark { mark, family: Family::V4 } => format!("-f {mark}"),
            Self::Mark { mark, family: Family::V6 } => format!("-f {mark} -6"),
            Self::Address { protocol, addr, port } => {
                format!("{} {}", protocol.option(), Endpoint::new(addr, port))
            }
        }
    }

    pub const fn family(&self) -> Family {
        match self {
            Self::Mark { family, .. } => *family,
            Self::Address { addr, .. } => Family::of(addr),
        }
    }

    pub const fn is_mark(&self) -> bool {
        matches!(self, Self::Mark { .. })
    }

    /// The virtual port; 0 for a mark.
    pub const fn port(&self) -> u16 {
        match self {
            Self::Mark { .. } => 0,
            Self::Address { port, .. } => *port,
        }
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark { mark, family: Family::V4 } => write!(f, "FWM {mark}"),
            Self::Mark { mark, family: Family::V6 } => write!(f, "FWM {mark} IPv6"),
            Self::Address { protocol, addr, port } => {
                write!(f, "{protocol} {}", Endpoint::new(*addr, *port))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipvsadm_is_told_the_family_of_a_mark() {
        let options = |family| ServiceKey::Mark { mark: u32::MAX, family }.options();
        assert_eq!(options(Family::V4), "-f 4294967295");
        assert_eq!(options(Family::V6), "-f 4294967295 -6");
        let addr = "2001:db8::1".parse().unwrap();
        let key = ServiceKey::Address { protocol: Protocol::Sctp, addr, port: 80 };
        assert_eq!(key.options(), "--sctp-service [2001:db8::1]:80");
    }
}
