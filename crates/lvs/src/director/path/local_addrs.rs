//! Addresses of the director that stand for clients.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Addresses of one subnet that are used at most; each has 64,512 ports towards each server.
pub const MOST_LADDRS: usize = 256;

/// Addresses that stand for clients towards servers on this host: nobody has them anywhere (the dummy address of RFC
/// 7600, the discard prefix of RFC 6666). An answer to a client of the host's own would never leave its stack, and one
/// from a socket without an address of its own is routed before it has one.
pub const INNER_LADDRS: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(192, 0, 0, 8)), IpAddr::V6(Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 8))];

/// The addresses that stand for clients and have no other use, by family.
#[derive(Debug, Default)]
pub(in crate::director) struct LocalAddrPool {
    v4: Vec<IpAddr>,
    v6: Vec<IpAddr>,
}

impl LocalAddrPool {
    pub(in crate::director) fn new(nets: &[IpNet]) -> Self {
        let (v4, v6) = nets.iter().flat_map(laddrs).partition(IpAddr::is_ipv4);
        Self { v4, v6 }
    }

    /// Addresses of the family of `peer`.
    pub(in crate::director) fn towards(&self, peer: IpAddr) -> &[IpAddr] {
        if peer.is_ipv4() { &self.v4 } else { &self.v6 }
    }
}

/// The addresses of a subnet that stand for clients: its hosts, up to [`MOST_LADDRS`].
pub fn laddrs(net: &IpNet) -> impl Iterator<Item = IpAddr> + use<> {
    // The first address of an IPv6 subnet is that of all its routers.
    let is_subnet = net.addr().is_ipv6() && net.prefix_len() < 127;
    net.hosts().skip(usize::from(is_subnet)).take(MOST_LADDRS)
}
