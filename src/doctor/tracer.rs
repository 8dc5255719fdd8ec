//! The packets of a service on their way through the host: who may ask, by which links, and what the host's firewalls
//! see of it. Pure.
//!
//! A packet of a client passes the host's hooks twice before it is at a masqueraded server, and its answer twice more: into
//! a TUN and out of it. Direct routing and tunnels show the host one direction only.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::filter::{End, Hook, Packet, Ruleset, Trace, Tracking, traces};
use super::site::Site;
use lvs::director::{ServerEntry, ServiceEntry};
use lvs::service::{Protocol, ServiceKey, TunnelKind};
use lvs_host::{LinkRoute, SurveyedAddress};

/// Addresses of somebody far away (RFC 5737, RFC 3849), to ask the host for its way out.
pub const FAR: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 1)),
];

/// Ports that clients have.
const CLIENT_PORTS: Option<(u16, u16)> = Some((1024, u16::MAX));

/// Name of programs of this host as clients.
pub(super) const HERE: &str = "clients on this host";

/// Nets of sources, named in rules, that are tried at most.
const MOST_NAMED: usize = 64;

/// Clients that the rules may tell from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clients {
    pub(super) addr: IpAddr,
    pub(super) link: String,
    /// As they are called in a finding.
    pub(super) named: String,
    /// A rule names them; they are not simply those of a link, or of everywhere.
    pub(super) is_named_by_rule: bool,
    /// The clients are programs of this host.
    pub(super) is_here: bool,
}

/// Direction of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    ToService,
    ToServer,
    FromServer,
    ToClient,
    /// To a server, or a check, of this host.
    Delivered,
}

/// Effect of the rules on packets of one direction.
#[derive(Clone, Debug)]
pub(super) struct TracedFlow {
    pub(super) direction: Direction,
    pub(super) iif: String,
    pub(super) oif: String,
    /// Addresses that a mend may name.
    pub(super) destination: IpAddr,
    /// The host sees this direction only.
    pub(super) is_half_seen: bool,
    pub(super) traces: Vec<Trace>,
}

/// Returns who may ask for an address, by links. `named` are nets that rules tell sources by.
pub(super) fn clients(site: &Site, vip: IpAddr, named: &[IpNet]) -> Vec<Clients> {
    let is_family = |net: &IpNet| net.addr().is_ipv6() == vip.is_ipv6() && !is_link_local(net.addr());
    let outer: Vec<&str> = site.outer_links().map(|link| link.name.as_str()).collect();
    let subnets = || {
        let of = site.survey.addresses.iter();
        of.filter(|SurveyedAddress { dev, net }| {
            outer.contains(&dev.as_str()) && is_family(net) && net.prefix_len() < net.max_prefix_len()
        })
    };
    let neighbour = |net: &IpNet| {
        let is_taken =
            |addr: &IpAddr| site.is_own(*addr) || *addr == vip || site.survey.ways.contains_key(addr);
        net.hosts().take(4096).find(|addr| !is_taken(addr))
    };
    let mut clients: Vec<Clients> = Vec::new();
    let mut add = |addr, link: &str, named: String, is_named_by_rule| {
        if !clients.iter().any(|other| other.addr == addr && other.link == link) {
            let link = link.to_owned();
            clients.push(Clients { addr, link, named, is_named_by_rule, is_here: false });
        }
    };
    let far = FAR.into_iter().find(|addr| addr.is_ipv6() == vip.is_ipv6());
    let far = far.and_then(|addr| match site.survey.ways.get(&addr) {
        Some(LinkRoute::Out { dev, .. }) => Some((addr, dev.as_str())),
        _ => None,
    });
    let is_near = subnets().any(|own| own.net.contains(&vip));
    // An address of no subnet, without a way to anywhere: clients may be on any link.
    let may_have = |own: &&SurveyedAddress| own.net.contains(&vip) || !is_near && far.is_none();
    for SurveyedAddress { dev, net } in subnets().filter(may_have) {
        if let Some(addr) = neighbour(net) {
            add(addr, dev, format!("neighbours on {dev}"), false);
        }
    }
    if let Some((addr, dev)) = far {
        add(addr, dev, format!("clients from afar by {dev}"), false);
    }
    let links: Vec<String> = clients.iter().map(|client| client.link.clone()).collect();
    for net in named.iter().filter(|net| is_family(net) && net.prefix_len() > 0).take(MOST_NAMED) {
        let Some(addr) = neighbour(net).or_else(|| net.hosts().next()) else { continue };
        let is_nobodys = addr.is_loopback() || addr.is_multicast() || addr.is_unspecified();
        if is_nobodys || site.is_own(addr) || addr == vip {
            continue;
        }
        let link = match own_subnet(site, addr) {
            Some(dev) => Some(dev).filter(|dev| links.iter().any(|link| link == dev)),
            None => far.map(|(_, dev)| dev),
        };
        if let Some(link) = link {
            clients.push(Clients {
                addr,
                link: link.to_owned(),
                named: format!("clients of {net}"),
                is_named_by_rule: true,
                is_here: false,
            });
        }
    }
    clients
}

/// The link on whose narrowest subnet an address is.
fn own_subnet(site: &Site, addr: IpAddr) -> Option<&str> {
    let all = site.survey.addresses.iter().filter(|own| own.net.prefix_len() < own.net.max_prefix_len());
    let around = all.filter(|own| own.net.contains(&addr));
    around.max_by_key(|own| own.net.prefix_len()).map(|own| own.dev.as_str())
}

/// Programs of this host, from the address that they would ask from.
pub(super) fn own_clients(site: &Site, vip: IpAddr) -> Option<Clients> {
    let outer: Vec<&str> = site.outer_links().map(|link| link.name.as_str()).collect();
    let is_usual = |dev: &str, addr: IpAddr| {
        outer.contains(&dev) && addr.is_ipv6() == vip.is_ipv6() && addr != vip && !is_link_local(addr)
    };
    let mut own = site.survey.addresses.iter();
    let addr = own.find(|own| is_usual(&own.dev, own.net.addr()))?.net.addr();
    let (link, named) = (String::new(), HERE.to_owned());
    Some(Clients { addr, link, named, is_named_by_rule: false, is_here: true })
}

fn is_link_local(addr: IpAddr) -> bool {
    lvs::route::is_link_local(addr)
}

/// Effect of the host's rules on everything that one client's connection with a service needs.
pub(super) struct Tracer<'a> {
    pub(super) site: &'a Site,
    pub(super) rules: &'a Ruleset,
    pub(super) client: &'a Clients,
    pub(super) vip_tun: String,
    pub(super) rs_tun: String,
    /// Of a service by firewall mark: packets without it are none of the service.
    pub(super) mark: Option<u32>,
}

/// Hooks of a packet that is forwarded, of one that is delivered, and of one that is sent.
const FORWARDED: [Hook; 4] = [Hook::Ingress, Hook::Prerouting, Hook::Forward, Hook::Postrouting];
const DELIVERED: [Hook; 3] = [Hook::Ingress, Hook::Prerouting, Hook::Input];
const SENT: [Hook; 2] = [Hook::Output, Hook::Postrouting];

impl Tracer<'_> {
    pub(super) fn flows(&self, service: &ServiceEntry, to: &Ask) -> Vec<TracedFlow> {
        let mut flows = Vec::new();
        let servers = &service.servers;
        let is_half = |server: &ServerEntry| server.spec.forwarding.is_half_seen();
        let (half, whole): (Vec<&ServerEntry>, Vec<&ServerEntry>) =
            servers.iter().partition(|server| is_half(server));
        let protocol = to.protocol;
        let all_half = whole.is_empty() && !half.is_empty();
        let is_kept = self.site.untracks && self.mark.is_none() && !self.client.is_here;
        let untracked_by_us = all_half && protocol != Protocol::Udp && is_kept;
        let first = if untracked_by_us { Tracking::Untracked } else { Tracking::New };
        let asked = self.ask(to, first);
        let is_tracked = asked.is_tracked();
        flows.push(asked);
        let mut answers_tracked = true;
        for server in whole {
            answers_tracked &= self.answered(to, server, is_tracked, &mut flows);
        }
        if !half.is_empty() && !self.client.is_here {
            let tracking = if untracked_by_us { Tracking::Untracked } else { unanswered(protocol) };
            flows.push(TracedFlow { is_half_seen: true, ..self.ask(to, tracking) });
            flows.extend(half.iter().filter_map(|server| self.tunnelled(server)));
        }
        if flows.len() > 1 && !all_half {
            let tracking = if answers_tracked { Tracking::Established } else { unanswered(protocol) };
            flows.push(self.ask(to, tracking));
        }
        flows
    }

    /// The way to a masqueraded server and back. Whether the answers to the client are tracked.
    fn answered(
        &self,
        to: &Ask,
        server: &ServerEntry,
        is_tracked: bool,
        flows: &mut Vec<TracedFlow>,
    ) -> bool {
        let &Ask { protocol, vip, port } = to;
        let (spec, client) = (&server.spec, self.client);
        let ports = if spec.port == 0 || self.mark.is_some() { port } else { open(spec.port) };
        let back = |is_tracked| if is_tracked { Tracking::Established } else { unanswered(protocol) };
        let (dev, own) = match self.site.survey.ways.get(&spec.addr) {
            Some(LinkRoute::Out { dev, source, .. }) => (dev.as_str(), *source),
            Some(LinkRoute::Local) => {
                flows.extend(self.delivered(to, spec.addr, ports));
                return true;
            }
            _ => return true,
        };
        let is_full = spec.forwarding.hides_client() || client.is_here;
        let seen = own.filter(|_| is_full).unwrap_or(client.addr);
        let there = |tracking| Packet {
            source: seen,
            destination: spec.addr,
            destination_port: ports,
            destination_is_local: Some(false),
            source_is_local: Some(is_full),
            comes_straight: Some(false),
            ..self.packet(protocol, &self.vip_tun, dev, vip, tracking)
        };
        let to_server = self.trace(Direction::ToServer, there(Tracking::New));
        let answer = Packet {
            source: spec.addr,
            destination: seen,
            source_port: ports,
            destination_port: CLIENT_PORTS,
            is_reply: true,
            source_is_local: Some(false),
            destination_is_local: Some(is_full),
            ..self.packet(protocol, dev, &self.rs_tun, vip, back(to_server.is_tracked()))
        };
        let from_server = self.trace(Direction::FromServer, answer);
        let later = if from_server.is_tracked() { Tracking::Established } else { unanswered(protocol) };
        let to_server_later = self.trace(Direction::ToServer, there(later));
        let reply = Packet {
            source: vip,
            destination: client.addr,
            source_port: port,
            destination_port: CLIENT_PORTS,
            is_reply: true,
            source_is_local: Some(true),
            destination_is_local: Some(client.is_here),
            comes_straight: Some(false),
            ..self.packet(protocol, &self.rs_tun, &client.link, vip, back(is_tracked))
        };
        let to_client = self.trace(Direction::ToClient, reply);
        let answers_tracked = to_client.is_tracked();
        flows.extend([to_server, from_server, to_server_later, to_client]);
        answers_tracked
    }

    /// The first packet to a server on this host, and those that follow it.
    fn delivered(&self, to: &Ask, server: IpAddr, port: Option<(u16, u16)>) -> [TracedFlow; 2] {
        [Tracking::New, Tracking::Established].map(|tracking| {
            let packet = Packet {
                destination: server,
                destination_port: port,
                destination_is_local: Some(true),
                ..self.packet(to.protocol, &self.vip_tun, "", to.vip, tracking)
            };
            self.trace(Direction::Delivered, packet)
        })
    }

    fn ask(&self, to: &Ask, tracking: Tracking) -> TracedFlow {
        let packet = Packet {
            destination_port: to.port,
            ..self.packet(to.protocol, &self.client.link, &self.vip_tun, to.vip, tracking)
        };
        let mut flow = self.trace(Direction::ToService, packet);
        let is_of_service = |trace: &Trace| match (self.mark, trace.mark) {
            (Some(mark), Some(is)) => is == u64::from(mark),
            _ => true,
        };
        flow.traces.retain(is_of_service);
        flow
    }

    /// The outer packet, from the director's own address.
    fn tunnelled(&self, server: &ServerEntry) -> Option<TracedFlow> {
        let tunnel = server.spec.forwarding.tunnel()?;
        let Some(LinkRoute::Out { dev, source: Some(source), .. }) =
            self.site.survey.ways.get(&server.spec.addr)
        else {
            return None;
        };
        let (protocol, port) = match tunnel.kind {
            TunnelKind::Ipip if self.client.addr.is_ipv6() => (41, None),
            TunnelKind::Ipip => (4, None),
            TunnelKind::Gre => (47, None),
            TunnelKind::Gue => (17, open(tunnel.port)),
        };
        let packet = Packet {
            source: *source,
            destination: server.spec.addr,
            protocol,
            source_port: port.and(CLIENT_PORTS),
            destination_port: port,
            source_is_local: Some(true),
            destination_is_local: Some(false),
            comes_straight: Some(false),
            ..self.packet(Protocol::Udp, &self.vip_tun, dev, server.spec.addr, Tracking::New)
        };
        Some(self.trace(Direction::ToServer, packet))
    }

    /// A packet of the client to the service.
    fn packet(&self, protocol: Protocol, iif: &str, oif: &str, vip: IpAddr, tracking: Tracking) -> Packet {
        Packet {
            iif: iif.to_owned(),
            oif: oif.to_owned(),
            source: self.client.addr,
            destination: vip,
            protocol: protocol.number(),
            source_port: CLIENT_PORTS,
            destination_port: None,
            tracking,
            is_reply: false,
            comes_straight: Some(true),
            source_is_local: Some(self.client.is_here),
            destination_is_local: Some(self.site.is_claimed(vip)),
        }
    }

    fn trace(&self, direction: Direction, packet: Packet) -> TracedFlow {
        let hooks = match (packet.iif.as_str(), packet.oif.as_str()) {
            ("", _) => &SENT[..],
            (_, "") => &DELIVERED[..],
            _ => &FORWARDED[..],
        };
        let traces = traces(self.rules, hooks, &packet);
        let Packet { iif, oif, destination, .. } = packet;
        TracedFlow { direction, iif, oif, destination, is_half_seen: false, traces }
    }
}

/// Destination of a client's packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) protocol: Protocol,
    pub(super) vip: IpAddr,
    pub(super) port: Option<(u16, u16)>,
}

impl Ask {
    /// None for a service by firewall mark.
    pub(super) const fn of(key: &ServiceKey) -> Option<Self> {
        match *key {
            ServiceKey::Address { protocol, addr: vip, port } => {
                Some(Self { protocol, vip, port: open(port) })
            }
            ServiceKey::Mark { .. } => None,
        }
    }
}

impl TracedFlow {
    /// Whether a connection stands for it afterwards.
    fn is_tracked(&self) -> bool {
        !self.traces.iter().any(|trace| trace.end == End::Passed && trace.tracking == Tracking::Untracked)
    }
}

/// Port 0 of a service is every port.
const fn open(port: u16) -> Option<(u16, u16)> {
    if port == 0 { Some((1, u16::MAX)) } else { Some((port, port)) }
}

/// Tracking after a first packet whose answer was not seen, or an answer to one that was not (`nf_conntrack_proto_tcp.c`, `nf_conntrack_proto_sctp.c`).
const fn unanswered(protocol: Protocol) -> Tracking {
    match protocol {
        Protocol::Tcp | Protocol::Sctp => Tracking::Invalid,
        Protocol::Udp => Tracking::New,
    }
}
