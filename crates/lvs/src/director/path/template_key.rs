//! Keys of persistence templates: a client's network, and an address or a mark.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::conn::{ConnKey, Role};
use crate::service::{Endpoint, Family, Persistence};

/// The key of a client's template: its network, and no port.
pub(in crate::director) fn client_key(
    protocol: u8,
    client: IpAddr,
    virt: Endpoint,
    persistence: Persistence,
) -> ConnKey {
    let client = Endpoint::new(network(client, persistence.mask), 0);
    ConnKey::new(Role::Template, protocol, client, virt)
}

/// The client's network under the persistence mask.
fn network(addr: IpAddr, mask: u32) -> IpAddr {
    match addr {
        IpAddr::V4(addr) => Ipv4Addr::from_bits(addr.to_bits() & mask).into(),
        IpAddr::V6(addr) => {
            let prefix = mask.clamp(0, 128);
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            Ipv6Addr::from_bits(addr.to_bits() & mask).into()
        }
    }
}

/// A mark in the place of an address, as templates are listed: in the first word.
pub(in crate::director) fn mark_addr(mark: u32, family: Family) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::from_bits(mark).into(),
        Family::V6 => Ipv6Addr::from_bits(u128::from(mark) << 96).into(),
    }
}
