//! Addresses and forwarding methods: `10.0.0.1:80`, `[2001:db8::1]:80`, or without a port.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::placed::Placed;
use crate::error::Mistake;
use lvs::service::{Endpoint, Family, Forwarding, Method, ServerSpec, ServiceKey, Tunnel};

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Address {
    pub(super) addr: IpAddr,
    pub(super) port: Option<u16>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no address: write 10.0.0.1:80, [2001:db8::1]:80, or leave the port out")]
pub(super) struct BadAddress(String);

impl TryFrom<String> for Address {
    type Error = BadAddress;

    fn try_from(text: String) -> Result<Self, BadAddress> {
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Ok(Self { addr: socket.ip(), port: Some(socket.port()) });
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&text);
        bare.parse().map(|addr| Self { addr, port: None }).map_err(|_| BadAddress(text))
    }
}

impl From<Address> for String {
    fn from(Address { addr, port }: Address) -> Self {
        port.map_or_else(|| addr.to_string(), |port| Endpoint::new(addr, port).to_string())
    }
}

impl From<Endpoint> for Address {
    fn from(Endpoint { addr, port }: Endpoint) -> Self {
        Self { addr, port: Some(port) }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AddressFamily {
    Ipv4,
    Ipv6,
}

impl From<AddressFamily> for Family {
    fn from(family: AddressFamily) -> Self {
        match family {
            AddressFamily::Ipv4 => Self::V4,
            AddressFamily::Ipv6 => Self::V6,
        }
    }
}

impl From<Family> for AddressFamily {
    fn from(family: Family) -> Self {
        match family {
            Family::V4 => Self::Ipv4,
            Family::V6 => Self::Ipv6,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Forward {
    Masq,
    FullNat,
    Route,
    Tunnel,
}

impl From<Forwarding> for Forward {
    /// Methods that only the kernel's programs declare are written as direct routing.
    fn from(forwarding: Forwarding) -> Self {
        let method = forwarding.with(());
        Self::ALL.into_iter().find(|word| word.method() == method).unwrap_or(Self::Route)
    }
}

impl Forward {
    const ALL: [Self; 4] = [Self::Masq, Self::FullNat, Self::Route, Self::Tunnel];

    pub(super) const fn method(self) -> Method {
        match self {
            Self::Masq => Method::Masq,
            Self::FullNat => Method::FullNat,
            Self::Route => Method::Route,
            Self::Tunnel => Method::Tunnel(()),
        }
    }

    /// The server of a service at that address. Without a port it has the service's.
    pub(super) fn server(
        self,
        key: &ServiceKey,
        address: &Placed<Address>,
        tunnel: Tunnel,
    ) -> Result<ServerSpec, Mistake> {
        let Address { addr, port } = **address;
        let method = self.method();
        if !method.is_rewritten() && !key.is_mark() && port.is_some_and(|port| port != key.port()) {
            let what = "only forward = \"masq\" and \"fullnat\" can change the port: leave the port out";
            return Err(address.wrong(what));
        }
        Ok(ServerSpec::new(addr, port.unwrap_or(key.port()), method.with(tunnel)))
    }
}
