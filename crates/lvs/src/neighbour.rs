//! The host's neighbours, as data: which next hop has which link address, and how sure that is.
//! The host edge keeps it true, devices ask it where a packet leaves to. Same job as the look-ups of
//! `include/net/neighbour.h`.
//!
//! Resolves nothing itself: what is not known here is given to the host, which asks its links.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use parking_lot::RwLock;

use super::route::RouteTable;

/// Address of an interface on an Ethernet link.
pub type LinkAddr = [u8; 6];

/// State that the host gives a neighbour (`NUD_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeighbourState {
    /// The neighbour was heard of lately, or is being asked at its known address.
    Known(LinkAddr),
    /// Nothing was heard of it for a while: the next packet that the host sends has it asked.
    Stale(LinkAddr),
    /// Being looked for.
    Sought,
    /// The neighbour does not answer.
    Failed,
}

/// Something that the host says about a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    pub interface: u32,
    pub addr: IpAddr,
    /// None: forgotten.
    pub reach: Option<NeighbourState>,
}

/// How a frame to a next hop begins, and where it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    pub interface: u32,
    pub mtu: u32,
    pub from: LinkAddr,
    pub to: LinkAddr,
    /// The host has to send one packet itself, so that it finds out whether the neighbour is still there.
    pub is_stale: bool,
}

/// Next hops of this moment. Who keeps answers asks again when [`Self::generation`] has moved.
#[derive(Debug, Default)]
pub struct Neighbours {
    table: RwLock<Table>,
    generation: AtomicU64,
    unreached: AtomicU64,
}

type SeqAck = (u32, IpAddr);

/// The host's part in where packets leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostRouting {
    pub routes: Arc<RouteTable>,
    /// Own addresses of the Ethernet interfaces.
    pub links: HashMap<u32, LinkAddr>,
    /// IPv4 and IPv6: policy rules of the host may know better than its routes.
    pub has_policy: [bool; 2],
}

#[derive(Debug, Default)]
struct Table {
    routing: HostRouting,
    reach: HashMap<SeqAck, NeighbourState>,
    /// Next hops that somebody has asked for; the others may change as they like.
    asked: HashSet<SeqAck>,
    /// Packets that the host holds until it has found their next hop.
    waiting: HashMap<SeqAck, u64>,
}

impl Table {
    fn next_hop(&self, addr: IpAddr) -> Option<(SeqAck, u32)> {
        let is_plain = !self.routing.has_policy[usize::from(addr.is_ipv6())];
        let route = self.routing.routes.to(addr).filter(|route| is_plain && !route.is_local)?;
        Some(((route.interface, route.gateway.unwrap_or(addr)), route.mtu))
    }
}

impl Neighbours {
    /// Moves whenever an answer of [`Self::hop_to`] may have become another.
    pub fn generation(&self) -> u64 {
        self.generation.load(Acquire)
    }

    /// Returns the hop of a packet to `addr`, if it leaves by an Ethernet link and the neighbour is known there.
    pub fn hop_to(&self, addr: IpAddr) -> Option<Hop> {
        let mut table = self.table.write();
        let (place, mtu) = table.next_hop(addr)?;
        let from = *table.routing.links.get(&place.0)?;
        table.asked.insert(place);
        let (to, is_stale) = match table.reach.get(&place)? {
            NeighbourState::Known(to) => (*to, false),
            NeighbourState::Stale(to) => (*to, true),
            NeighbourState::Sought | NeighbourState::Failed => return None,
        };
        Some(Hop { interface: place.0, mtu, from, to, is_stale })
    }

    /// A packet to `addr`, whose next hop is not known, was given to the host.
    pub fn wait_for(&self, addr: IpAddr) {
        let mut table = self.table.write();
        let Some((place, _)) = table.next_hop(addr) else { return };
        let is_known =
            matches!(table.reach.get(&place), Some(NeighbourState::Known(_) | NeighbourState::Stale(_)));
        if !is_known && table.routing.links.contains_key(&place.0) {
            *table.waiting.entry(place).or_default() += 1;
        }
    }

    /// Packets that were lost because their next hop did not answer.
    pub fn unreached(&self) -> u64 {
        self.unreached.load(Relaxed)
    }

    /// The longest packet that its way to `addr` takes.
    pub fn mtu_to(&self, addr: IpAddr) -> Option<u32> {
        self.table.read().routing.routes.to(addr).map(|route| route.mtu)
    }

    /// To be called whenever the host's routes or links change.
    pub fn set_routing(&self, routing: HostRouting) {
        let mut table = self.table.write();
        if table.routing == routing {
            return;
        }
        table.routing = routing;
        table.asked.clear();
        self.generation.fetch_add(1, Release);
    }

    /// The host says something of a neighbour.
    pub fn learn(&self, said: Neighbour) {
        self.learn_into(&mut self.table.write(), said);
    }

    /// The host says all that it knows; what was known before is forgotten.
    pub fn learn_all(&self, said: &[Neighbour]) {
        let mut table = self.table.write();
        let present: HashSet<SeqAck> = said.iter().map(|said| (said.interface, said.addr)).collect();
        let gone: Vec<SeqAck> =
            table.reach.keys().filter(|place| !present.contains(*place)).copied().collect();
        for (interface, addr) in gone {
            self.learn_into(&mut table, Neighbour { interface, addr, reach: None });
        }
        for said in said {
            self.learn_into(&mut table, *said);
        }
    }

    fn learn_into(&self, table: &mut Table, said: Neighbour) {
        let place = (said.interface, said.addr);
        let before = match said.reach {
            Some(reach) => table.reach.insert(place, reach),
            None => table.reach.remove(&place),
        };
        if before != said.reach && table.asked.contains(&place) {
            self.generation.fetch_add(1, Release);
        }
        match said.reach {
            Some(NeighbourState::Sought) => {}
            Some(NeighbourState::Known(_) | NeighbourState::Stale(_)) => drop(table.waiting.remove(&place)),
            Some(NeighbourState::Failed) | None => {
                self.unreached.fetch_add(table.waiting.remove(&place).unwrap_or(0), Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Route;

    const OURS: LinkAddr = [2, 0, 0, 0, 0, 1];
    const SERVER: LinkAddr = [2, 0, 0, 0, 0, 9];
    const OTHER: LinkAddr = [2, 0, 0, 0, 0, 10];

    fn addr(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn neighbours() -> Neighbours {
        let route = |net: &str, interface, gateway: Option<&str>| Route {
            net: net.parse().unwrap(),
            mtu: 1500,
            source: None,
            interface,
            gateway: gateway.map(addr),
            is_local: net == "192.168.1.181/32",
        };
        let routes = RouteTable::new(vec![
            route("192.168.1.181/32", 2, None),
            route("192.168.1.0/24", 2, None),
            route("10.8.0.0/16", 3, None),
            route("0.0.0.0/0", 2, Some("192.168.1.1")),
            route("fd00:1::/64", 2, None),
        ]);
        let neighbours = Neighbours::default();
        let links = HashMap::from([(2, OURS)]);
        neighbours.set_routing(HostRouting { routes: Arc::new(routes), links, has_policy: [false, true] });
        neighbours
    }

    fn said(host: &str, reach: impl Into<Option<NeighbourState>>) -> Neighbour {
        Neighbour { interface: 2, addr: addr(host), reach: reach.into() }
    }

    #[test]
    fn only_a_neighbour_with_a_link_address_is_a_next_hop() {
        let neighbours = neighbours();
        let server = addr("192.168.1.191");
        let to = || neighbours.hop_to(server).map(|hop| (hop.to, hop.is_stale));
        assert_eq!(to(), None);
        let rows = [
            (Some(NeighbourState::Sought), None),
            (Some(NeighbourState::Known(SERVER)), Some((SERVER, false))),
            (Some(NeighbourState::Stale(SERVER)), Some((SERVER, true))),
            (Some(NeighbourState::Known(OTHER)), Some((OTHER, false))),
            (Some(NeighbourState::Failed), None),
            (Some(NeighbourState::Stale(OTHER)), Some((OTHER, true))),
            (None, None),
        ];
        for (reach, expected) in rows {
            let before = neighbours.generation();
            neighbours.learn(said("192.168.1.191", reach));
            assert_ne!(neighbours.generation(), before, "{reach:?}");
            assert_eq!(to(), expected, "{reach:?}");
        }
    }

    #[test]
    fn a_server_further_away_is_reached_by_its_gateway_and_only_over_ethernet() {
        let neighbours = neighbours();
        neighbours.learn(said("192.168.1.1", NeighbourState::Known(OTHER)));
        let hop = Hop { interface: 2, mtu: 1500, from: OURS, to: OTHER, is_stale: false };
        assert_eq!(neighbours.hop_to(addr("203.0.113.9")), Some(hop));
        assert_eq!(neighbours.hop_to(addr("192.168.1.181")), None);
        let beyond =
            Neighbour { interface: 3, addr: addr("10.8.0.1"), reach: Some(NeighbourState::Known(SERVER)) };
        neighbours.learn(beyond);
        assert_eq!(neighbours.hop_to(addr("10.8.0.1")), None);
        neighbours.learn(said("fd00:1::191", NeighbourState::Known(SERVER)));
        assert_eq!(neighbours.hop_to(addr("fd00:1::191")), None, "the host has policy rules for IPv6");
        assert_eq!(neighbours.mtu_to(addr("fd00:1::191")), Some(1500));
    }

    #[test]
    fn neighbours_that_nobody_asks_for_move_nothing() {
        let neighbours = neighbours();
        neighbours.hop_to(addr("192.168.1.191"));
        let before = neighbours.generation();
        neighbours.learn(said("192.168.1.77", NeighbourState::Known(OTHER)));
        neighbours.learn(said("192.168.1.77", NeighbourState::Stale(OTHER)));
        assert_eq!(neighbours.generation(), before);
    }

    #[test]
    fn packets_that_waited_in_vain_are_counted() {
        let neighbours = neighbours();
        let server = addr("192.168.1.199");
        let wait = || (0..3).for_each(|_| neighbours.wait_for(server));
        wait();
        neighbours.learn(said("192.168.1.199", NeighbourState::Sought));
        assert_eq!(neighbours.unreached(), 0);
        neighbours.learn(said("192.168.1.199", NeighbourState::Failed));
        assert_eq!(neighbours.unreached(), 3);
        wait();
        neighbours.learn(said("192.168.1.199", NeighbourState::Known(SERVER)));
        neighbours.learn(said("192.168.1.199", NeighbourState::Failed));
        assert_eq!(neighbours.unreached(), 3);
        wait();
        neighbours.learn_all(&[]);
        assert_eq!(neighbours.unreached(), 6);
    }
}
