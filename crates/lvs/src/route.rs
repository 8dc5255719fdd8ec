//! The host's routes as the core knows them, as data: the host edge fills them in and keeps them true.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

/// MTU that every way of IPv6 has at least (RFC 8200 5).
pub(crate) const LEAST_V6: u32 = 1280;

/// Way of packets to a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    pub net: IpNet,
    /// Of the interface or, where the route has one of its own, of the route.
    pub mtu: u32,
    /// The host's own address on that way.
    pub source: Option<IpAddr>,
    /// Index of the interface.
    pub interface: u32,
    /// The next hop; None where the destination is on the link itself.
    pub gateway: Option<IpAddr>,
    /// An address of the host.
    pub is_local: bool,
}

/// How packets of the host's own leave towards an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Egress {
    /// The host's own address on that way.
    pub source: Option<IpAddr>,
    /// Packets end at this host.
    pub is_local: bool,
}

/// All routes of the host. Empty until it is told: then nothing is ever too long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteTable {
    routes: HashMap<IpNet, Route, foldhash::fast::FixedState>,
    /// Prefix lengths that occur, IPv4 and IPv6, longest first: a look-up for each, however many routes there are.
    lens: [Vec<u8>; 2],
    least_mtu: Option<u32>,
    /// To what is this host's for the sake of the director: virtual addresses, and those that stand for clients.
    claimed: Option<Box<Self>>,
}

impl RouteTable {
    /// Of two routes to the same network the host's own address comes first, then the earlier one.
    pub fn new(routes: Vec<Route>) -> Self {
        let mut table = Self { least_mtu: routes.iter().map(|route| route.mtu).min(), ..Self::default() };
        for route in routes {
            let net = route.net.trunc();
            let lens = &mut table.lens[usize::from(net.addr().is_ipv6())];
            if let Err(at) = lens.binary_search_by(|len| net.prefix_len().cmp(len)) {
                lens.insert(at, net.prefix_len());
            }
            let present = table.routes.entry(net).or_insert(route);
            if route.is_local && !present.is_local {
                *present = route;
            }
        }
        table
    }

    /// With these networks claimed by the director for its host.
    #[must_use]
    pub fn with_claimed(self, claimed: impl Iterator<Item = IpNet>) -> Self {
        let route =
            |net| Route { net, mtu: u32::MAX, source: None, interface: 0, gateway: None, is_local: true };
        let claimed: Vec<Route> = claimed.map(route).collect();
        Self { claimed: (!claimed.is_empty()).then(|| Box::new(Self::new(claimed))), ..self }
    }

    /// Every route, in no particular order.
    pub fn all(&self) -> impl Iterator<Item = &Route> {
        self.routes.values()
    }

    /// Networks that the director claims for its host.
    pub fn claimed(&self) -> impl Iterator<Item = IpNet> {
        self.claimed.iter().flat_map(|claimed| claimed.routes.keys().copied())
    }

    /// Whether packets to `addr` end at this host, by an address of its own or by one that the director claims.
    pub fn ends_here(&self, addr: IpAddr) -> bool {
        self.ends(self.to(addr), addr)
    }

    /// How a packet of this host's leaves towards `addr`.
    pub fn egress_to(&self, addr: IpAddr) -> Egress {
        let route = self.to(addr);
        Egress { source: route.and_then(|route| route.source), is_local: self.ends(route, addr) }
    }

    fn ends(&self, route: Option<&Route>, addr: IpAddr) -> bool {
        route.is_some_and(|route| route.is_local)
            || self.claimed.as_ref().is_some_and(|claimed| claimed.to(addr).is_some())
    }

    /// The route that a packet to `addr` takes.
    pub fn to(&self, addr: IpAddr) -> Option<&Route> {
        let lens = &self.lens[usize::from(addr.is_ipv6())];
        lens.iter().find_map(|len| self.routes.get(&IpNet::new(addr, *len).ok()?.trunc()))
    }

    /// Whether two hosts reach each other on one link, without this host.
    pub fn share_link(&self, one: IpAddr, other: IpAddr) -> bool {
        let is_link = |route: &&Route| route.gateway.is_none() && !route.is_local;
        let link = |addr: IpAddr| self.to(addr).filter(is_link).map(|route| route.interface);
        let says_where = !is_link_local(one) && !is_link_local(other);
        says_where && link(one).is_some_and(|interface| link(other) == Some(interface))
    }

    /// No packet up to this length is too long for any route.
    pub fn least_mtu(&self) -> u32 {
        self.least_mtu.unwrap_or(u32::MAX)
    }
}

/// Whether the address says nothing about where it is.
pub const fn is_link_local(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(addr) => addr.is_link_local(),
        IpAddr::V6(addr) => addr.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(net: &str, mtu: u32) -> Route {
        Route { net: net.parse().unwrap(), mtu, source: None, interface: 1, gateway: None, is_local: false }
    }

    #[test]
    fn the_longest_prefix_wins() {
        let table = RouteTable::new(vec![
            route("0.0.0.0/0", 1500),
            route("10.0.0.0/8", 1400),
            route("10.1.0.0/16", 9000),
            route("::/0", 1280),
        ]);
        let mtu = |addr: &str| table.to(addr.parse().unwrap()).map(|route| route.mtu);
        assert_eq!(mtu("10.1.2.3"), Some(9000));
        assert_eq!(mtu("10.2.2.3"), Some(1400));
        assert_eq!(mtu("192.0.2.1"), Some(1500));
        assert_eq!(mtu("2001:db8::1"), Some(1280));
        assert_eq!(table.least_mtu(), 1280);
        assert_eq!(RouteTable::default().least_mtu(), u32::MAX);
        assert_eq!(RouteTable::default().to("192.0.2.1".parse().unwrap()), None);
    }

    #[test]
    fn what_is_claimed_ends_here_and_is_no_route() {
        let nets = ["10.50.0.0/24", "192.0.2.7/32"].map(|net| net.parse().unwrap());
        let table = RouteTable::new(vec![route("0.0.0.0/0", 1500)]).with_claimed(nets.into_iter());
        let ends_here = |addr: &str| table.ends_here(addr.parse().unwrap());
        assert!(ends_here("10.50.0.9") && ends_here("192.0.2.7"));
        assert!(!ends_here("192.0.2.8") && !ends_here("2001:db8::1"));
        assert!(table.to("10.50.0.9".parse().unwrap()).is_some_and(|route| !route.is_local));
    }

    #[test]
    fn of_equal_routes_the_hosts_own_address_wins_then_the_first() {
        let own = Route { is_local: true, ..route("10.0.0.1/32", 65_536) };
        let table = RouteTable::new(vec![
            route("10.0.0.1/32", 1500),
            own,
            route("10.2.0.0/16", 1500),
            route("10.2.0.0/16", 9000),
        ]);
        assert_eq!(table.to("10.0.0.1".parse().unwrap()), Some(&own));
        assert_eq!(table.to("10.2.0.1".parse().unwrap()).map(|route| route.mtu), Some(1500));
    }
}
