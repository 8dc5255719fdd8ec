//! The key that a packet is looked up by, in each of its roles.

use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;

use super::{ConnFlags, Connection, Method};
use crate::service::Endpoint;

/// Role of a packet towards a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// From the client to the virtual service.
    In,
    /// From the real server to the client, or to the local end that stands for it.
    Out,
    /// A new connection's template: the client's network, port 0, and the virtual service or mark.
    Template,
}

/// Protocol and ends of a packet, and its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnKey {
    pub role: Role,
    pub protocol: u8,
    pub from: Endpoint,
    pub to: Endpoint,
    /// Stands for the data of a persistence engine; 0 where there are none.
    pub tag: u64,
}

impl ConnKey {
    pub const fn new(role: Role, protocol: u8, from: Endpoint, to: Endpoint) -> Self {
        Self { role, protocol, from, to, tag: 0 }
    }

    #[must_use]
    pub const fn tagged(self, tag: u64) -> Self {
        Self { tag, ..self }
    }

    /// 32 bits that are mixed well enough to choose a shard and a bucket by.
    pub(super) fn hash(&self, hasher: &impl BuildHasher) -> u32 {
        let mut hasher = hasher.build_hasher();
        match (self.from.addr, self.to.addr) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                hasher.write_u64(u64::from(u32::from(from)) << 32 | u64::from(u32::from(to)));
            }
            (from, to) => {
                hasher.write_u128(wide(from));
                hasher.write_u128(wide(to));
            }
        }
        if self.tag != 0 {
            hasher.write_u64(self.tag);
        }
        let ports = u64::from(self.from.port) << 16 | u64::from(self.to.port);
        hasher.write_u64(ports << 16 | u64::from(self.protocol) << 8 | self.role as u64);
        let hash = hasher.finish();
        (hash >> 32) as u32 ^ hash as u32
    }

    pub(super) fn matches(&self, conn: &Connection) -> bool {
        if self.protocol != conn.protocol || conn.flags.has(ConnFlags::UNHASHED) {
            return false;
        }
        match self.role {
            Role::In => !conn.is_template() && self.from == conn.client() && self.to == conn.virt(),
            Role::Out => !conn.is_template() && self.from == conn.real() && self.to == conn.return_end(),
            Role::Template => {
                conn.is_template()
                    && self.from == conn.client()
                    && self.to == conn.virt()
                    && self.tag == conn.tag()
            }
        }
    }
}

fn wide(addr: IpAddr) -> u128 {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().to_bits(),
        IpAddr::V6(addr) => addr.to_bits(),
    }
}

impl Connection {
    /// The key of the client's packets, or of a template.
    pub fn key_in(&self) -> ConnKey {
        let role = if self.is_template() { Role::Template } else { Role::In };
        ConnKey::new(role, self.protocol, self.client(), self.virt()).tagged(self.tag())
    }

    /// The key of the server's packets; only masquerading sees them.
    pub fn key_out(&self) -> Option<ConnKey> {
        let is_seen = self.method == Method::Masq && !self.is_template();
        is_seen.then(|| ConnKey::new(Role::Out, self.protocol, self.real(), self.return_end()))
    }
}
