//! Packets that the host must hand to the director for its services to work. Computed here, installed by the host edge.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::director::Director;
use crate::director::path::ipsec::ISAKMP;
use crate::service::{Endpoint, Family, Protocol, RealServer, ServiceKey};
use lvs_wire::protocol;

/// The traffic that the services need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    /// Virtual addresses: packets to them.
    pub virtuals: BTreeSet<IpAddr>,
    /// Real servers whose packets come back here (masqueraded, and FULLNAT by the host's own address), also removed ones that still have connections: packets from them.
    pub reals: BTreeSet<IpAddr>,
    /// Protocol number and server that these are asked by. Answers come by the same.
    pub answers: BTreeSet<(u8, IpAddr)>,
    /// Families in which keys are exchanged with a service: IPsec to virtual addresses.
    pub key_exchanges: BTreeSet<Family>,
    /// Firewall marks: packets that carry them.
    pub marks: BTreeSet<(u32, Family)>,
    /// Servers answer the host itself from virtual addresses, past the director.
    pub pinned_answers: bool,
    /// Services whose answers all go past the host, with their protocol and port: connection tracking would see half of
    /// their connections. Not of UDP, of which a datagram without an answer is as good as any.
    pub half_seen: BTreeSet<(IpAddr, u8, u16)>,
    /// Families of tunnels: the host has to send packets of these on.
    pub tunnels: BTreeSet<Family>,
}

impl Captures {
    fn answer(&mut self, server: &RealServer) {
        let addr = server.addr();
        self.reals.insert(addr);
        match *server.service() {
            key @ ServiceKey::Address { protocol, .. } => {
                self.answers.insert((protocol.number(), addr));
                if takes_key_exchanges(&key) {
                    self.answers.extend([protocol::ESP, protocol::AH].map(|number| (number, addr)));
                }
            }
            ServiceKey::Mark { .. } => {
                self.answers.extend(Protocol::ALL.map(|protocol| (protocol.number(), addr)))
            }
        }
    }
}

/// Whether it is a service of UDP port 500, or of all ports.
fn takes_key_exchanges(key: &ServiceKey) -> bool {
    matches!(key, ServiceKey::Address { protocol: Protocol::Udp, port: 0 | ISAKMP, .. })
}

/// Whether no server answers by way of this host.
fn is_half_seen(servers: &[Arc<RealServer>]) -> bool {
    !servers.is_empty() && servers.iter().all(|server| server.forwarding().is_half_seen())
}

impl Director {
    /// Returns what the services of this moment need captured.
    pub fn captures(&self) -> Captures {
        let mut captures =
            Captures { pinned_answers: self.has_pinned_flows.load(Relaxed), ..Captures::default() };
        let services = self.services.read();
        for service in services.iter() {
            match service.spec().key {
                key @ ServiceKey::Address { protocol, addr, port } => {
                    captures.virtuals.insert(addr);
                    captures.key_exchanges.extend(takes_key_exchanges(&key).then_some(Family::of(&addr)));
                    if protocol != Protocol::Udp && is_half_seen(service.servers()) {
                        captures.half_seen.insert((addr, protocol.number(), port));
                    }
                }
                ServiceKey::Mark { mark, family } => {
                    captures.marks.insert((mark, family));
                }
            }
            for server in service.servers().iter().filter(|server| self.is_captured(server)) {
                captures.answer(server);
            }
            let is_tunnel = |server: &&Arc<RealServer>| server.forwarding().is_tunnel();
            let tunnels = service.servers().iter().filter(is_tunnel);
            captures.tunnels.extend(tunnels.map(|server| Family::of(&server.addr())));
        }
        if !services.is_empty() {
            for server in services.leaving().filter(|server| self.is_captured(server)) {
                captures.answer(server);
            }
        }
        if self.follows_undeclared() {
            let declared = services.iter().filter_map(|service| match service.spec().key {
                ServiceKey::Address { protocol, addr, port } => {
                    Some((protocol.number(), Endpoint::new(addr, port)))
                }
                ServiceKey::Mark { .. } => None,
            });
            let declared: BTreeSet<(u8, Endpoint)> = declared.collect();
            drop(services);
            self.capture_undeclared(&declared, &mut captures);
        }
        captures
    }

    /// Whether its answers are known by their source. Those to addresses that stand for clients come in by themselves.
    fn is_captured(&self, server: &RealServer) -> bool {
        let (forwarding, addr) = (server.forwarding(), server.addr());
        let are_led_here =
            || forwarding.hides_client() && !addr.is_loopback() && !self.local_addrs.towards(addr).is_empty();
        forwarding.is_rewritten() && !are_led_here()
    }
}
