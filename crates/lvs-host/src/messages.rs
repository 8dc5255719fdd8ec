//! Changes and listings as rtnetlink messages. Pure translation, no socket.

use std::io;
use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_core::{DefaultNla, Nla};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressMessage, AddressScope, CacheInfo,
};
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, In6AddrGenMode, LinkAttribute, LinkFlags, LinkMessage,
};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleFlags, RuleMessage, RulePortRange};

use super::change::{
    Action, Address, Change, Filter, KERNEL_PROTOCOL, Link, OUR_PROTOCOL, Proxy, Route, RouteKind, Rule,
    TABLE_LOCAL,
};
use super::clsact;
use super::routes::{ListedRoute, address_family};
use lvs::service::Family;

/// Lifetime without end.
const FOREVER: u32 = u32::MAX;

/// `FRA_DPORT_MASK`, which newer kernels list with a single port and the packet crate does not name.
const DPORT_MASK: u16 = 29;

/// A message and whether it makes something (and must not find it there, unless it is a filter).
pub(super) struct Request {
    pub(super) message: RouteNetlinkMessage,
    pub(super) creates: bool,
}

/// The message that makes a change; None for a change that is not netlink's. `index_of` finds an interface.
pub(super) fn request(
    change: &Change,
    index_of: impl Fn(&str) -> io::Result<u32>,
) -> io::Result<Option<Request>> {
    use RouteNetlinkMessage as M;
    let (message, creates) = match change {
        Change::AddRule(wanted) => (M::NewRule(rule(wanted)), true),
        Change::DeleteRule(wanted) => (M::DelRule(rule(wanted)), false),
        Change::AddRoute(wanted) => (M::NewRoute(route(wanted, &index_of)?), true),
        Change::DeleteRoute(wanted) => (M::DelRoute(route(wanted, &index_of)?), false),
        Change::AddAddress(wanted) => (M::NewAddress(address(wanted, &index_of)?), true),
        Change::DeleteAddress(wanted) => (M::DelAddress(address(wanted, &index_of)?), false),
        Change::AddProxy(wanted) => (M::NewNeighbour(proxy(wanted, &index_of)?), true),
        Change::DeleteProxy(wanted) => (M::DelNeighbour(proxy(wanted, &index_of)?), false),
        Change::Link(wanted) => (M::SetLink(link(wanted, &index_of)?), false),
        Change::DeleteLink(dev) => (M::DelLink(gone(index_of(dev)?)), false),
        Change::AddClsact(dev) => (clsact::add(index_of(dev)?), true),
        Change::DeleteFilter(Filter { dev, .. }) => (clsact::delete_filter(index_of(dev)?), false),
        Change::MoveRule { .. }
        | Change::Sysctl(_)
        | Change::Announce(_)
        | Change::DeleteClsact(_)
        | Change::AddFilter(_)
        | Change::Untrack(_)
        | Change::Track(_) => return Ok(None),
    };
    Ok(Some(Request { message, creates }))
}

fn rule(wanted: &Rule) -> RuleMessage {
    let mut message = RuleMessage::default();
    message.header.family = address_family(wanted.family);
    message.attributes.push(RuleAttribute::Priority(wanted.pref));
    message.attributes.push(RuleAttribute::Protocol(RouteProtocol::from(wanted.protocol)));
    if wanted.not {
        message.header.flags |= RuleFlags::Invert;
    }
    if let Some(net) = wanted.from {
        message.header.src_len = net.prefix_len();
        message.attributes.push(RuleAttribute::Source(net.addr()));
    }
    if let Some(net) = wanted.to {
        message.header.dst_len = net.prefix_len();
        message.attributes.push(RuleAttribute::Destination(net.addr()));
    }
    if let Some(iif) = &wanted.iif {
        message.attributes.push(RuleAttribute::Iifname(iif.clone()));
    }
    if let Some(mark) = wanted.mark {
        message.attributes.push(RuleAttribute::FwMark(mark));
        message.attributes.push(RuleAttribute::FwMask(u32::MAX));
    }
    if let Some(proto) = wanted.ipproto {
        message.attributes.push(RuleAttribute::IpProtocol(proto.into()));
    }
    if let Some((start, end)) = wanted.dport {
        message.attributes.push(RuleAttribute::DestinationPortRange(RulePortRange { start, end }));
    }
    message.header.action = match wanted.action {
        Action::Lookup(table) => {
            message.header.table = u8::try_from(table).unwrap_or(0);
            message.attributes.push(RuleAttribute::Table(table));
            RuleAction::ToTable
        }
        Action::Goto(pref) => {
            message.attributes.push(RuleAttribute::Goto(pref));
            RuleAction::Goto
        }
        Action::Nop => RuleAction::Nop,
        Action::Other(number) => RuleAction::from(number),
    };
    message
}

/// A rule as the host lists it.
pub(super) fn rule_of(message: &RuleMessage, family: Family) -> Rule {
    let mut rule = Rule::new(family, 0, Action::Nop);
    rule.protocol = KERNEL_PROTOCOL;
    rule.not = message.header.flags.contains(RuleFlags::Invert);
    let mut table = u32::from(message.header.table);
    let mut target = 0;
    for attribute in &message.attributes {
        match attribute {
            RuleAttribute::Priority(pref) => rule.pref = *pref,
            RuleAttribute::Table(number) => table = *number,
            RuleAttribute::Goto(pref) => target = *pref,
            RuleAttribute::Protocol(protocol) => rule.protocol = (*protocol).into(),
            RuleAttribute::Source(addr) => rule.from = IpNet::new(*addr, message.header.src_len).ok(),
            RuleAttribute::Destination(addr) => rule.to = IpNet::new(*addr, message.header.dst_len).ok(),
            RuleAttribute::Iifname(name) => rule.iif = Some(name.clone()),
            RuleAttribute::FwMark(mark) => rule.mark = Some(*mark),
            RuleAttribute::IpProtocol(proto) => rule.ipproto = Some((*proto).into()),
            RuleAttribute::DestinationPortRange(range) => rule.dport = Some((range.start, range.end)),
            // What every listing carries and what selects nothing.
            RuleAttribute::SuppressPrefixLen(u32::MAX)
            | RuleAttribute::SuppressIfGroup(u32::MAX)
            | RuleAttribute::FwMask(_) => {}
            RuleAttribute::Other(other) if other.kind() == DPORT_MASK && is_all_ones(other) => {}
            _ => rule.narrower = true,
        }
    }
    rule.action = match message.header.action {
        RuleAction::ToTable => Action::Lookup(table),
        RuleAction::Goto => Action::Goto(target),
        RuleAction::Nop => Action::Nop,
        other => Action::Other(other.into()),
    };
    rule
}

/// Protocol number of a listed rule.
pub(super) fn protocol_of(message: &RuleMessage) -> u8 {
    let named = message.attributes.iter().find_map(|attribute| match attribute {
        RuleAttribute::Protocol(protocol) => Some((*protocol).into()),
        _ => None,
    });
    named.unwrap_or(KERNEL_PROTOCOL)
}

fn is_all_ones(attribute: &DefaultNla) -> bool {
    let mut value = vec![0; attribute.value_len()];
    attribute.emit_value(&mut value);
    value.iter().all(|byte| *byte == u8::MAX)
}

fn route(wanted: &Route, index_of: &impl Fn(&str) -> io::Result<u32>) -> io::Result<RouteMessage> {
    let mut message = RouteMessage::default();
    message.header.address_family = address_family(Family::of(&wanted.dst.addr()));
    message.header.destination_prefix_length = wanted.dst.prefix_len();
    message.header.table = u8::try_from(wanted.table).unwrap_or(0);
    message.header.protocol = RouteProtocol::from(OUR_PROTOCOL);
    message.attributes.push(RouteAttribute::Table(wanted.table));
    message.attributes.push(RouteAttribute::Destination(route_address(wanted.dst.addr())));
    if wanted.metric != 0 {
        message.attributes.push(RouteAttribute::Priority(wanted.metric));
    }
    let (kind, scope, dev) = match &wanted.kind {
        RouteKind::Via(dev) => (RouteType::Unicast, RouteScope::Link, Some(dev)),
        RouteKind::Local(dev) => (RouteType::Local, RouteScope::Host, Some(dev)),
        RouteKind::Throw => (RouteType::Throw, RouteScope::Universe, None),
    };
    message.header.kind = kind;
    message.header.scope = scope;
    if let Some(dev) = dev {
        message.attributes.push(RouteAttribute::Oif(index_of(dev)?));
    }
    Ok(message)
}

/// A route of ours as the host lists it; None for any other.
pub(super) fn our_route(
    message: &RouteMessage,
    family: Family,
    name_of: impl Fn(u32) -> Option<String>,
) -> Option<Route> {
    /// `IP6_RT_PRIO_USER`: what IPv6 gives a route without a metric.
    const USUAL_V6: u32 = 1024;
    if message.header.protocol != RouteProtocol::from(OUR_PROTOCOL) {
        return None;
    }
    let listed = ListedRoute::of(message, family)?;
    let dev = || listed.index.and_then(&name_of);
    let kind = match message.header.kind {
        RouteType::Unicast => RouteKind::Via(dev()?),
        RouteType::Local => RouteKind::Local(dev()?),
        RouteType::Throw => RouteKind::Throw,
        _ => return None,
    };
    let metric = message.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Priority(metric) => Some(*metric),
        _ => None,
    });
    let metric = metric.filter(|metric| family == Family::V4 || *metric != USUAL_V6).unwrap_or(0);
    let dst = IpNet::new(listed.dst, message.header.destination_prefix_length).ok()?;
    Some(Route { table: table_of(message), dst, kind, metric })
}

/// A listed rule as the request that makes it at another preference.
pub(super) fn moved(listed: &RuleMessage, to: u32) -> RuleMessage {
    let mut message = listed.clone();
    message.header.flags &= RuleFlags::Invert;
    message.attributes.retain(|attribute| !matches!(attribute, RuleAttribute::Priority(_)));
    message.attributes.push(RuleAttribute::Priority(to));
    message
}

pub(super) fn route_address(addr: IpAddr) -> RouteAddress {
    match addr {
        IpAddr::V4(addr) => RouteAddress::Inet(addr),
        IpAddr::V6(addr) => RouteAddress::Inet6(addr),
    }
}

/// Never chosen as a source address: of link scope or, in the subnet of another, secondary (IPv4); deprecated (IPv6).
fn address(wanted: &Address, index_of: &impl Fn(&str) -> io::Result<u32>) -> io::Result<AddressMessage> {
    let addr = wanted.net.addr();
    let mut message = AddressMessage::default();
    message.header.family = address_family(Family::of(&addr));
    message.header.prefix_len = wanted.net.prefix_len();
    message.header.index = index_of(&wanted.dev)?;
    message.header.scope = if wanted.is_link_scope() { AddressScope::Link } else { AddressScope::Universe };
    message.attributes.push(AddressAttribute::Address(addr));
    message.attributes.push(AddressAttribute::Local(addr));
    if addr.is_ipv4() {
        message.attributes.push(AddressAttribute::Flags(AddressFlags::Noprefixroute));
    } else {
        let flags = AddressFlags::Nodad | AddressFlags::Noprefixroute;
        message.attributes.push(AddressAttribute::Flags(flags));
        let mut lifetime = CacheInfo::default();
        (lifetime.ifa_preferred, lifetime.ifa_valid) = (0, FOREVER);
        message.attributes.push(AddressAttribute::CacheInfo(lifetime));
    }
    Ok(message)
}

fn proxy(wanted: &Proxy, index_of: &impl Fn(&str) -> io::Result<u32>) -> io::Result<NeighbourMessage> {
    let mut message = NeighbourMessage::default();
    message.header.family = address_family(Family::of(&wanted.addr));
    message.header.ifindex = index_of(&wanted.dev)?;
    message.header.flags = NeighbourFlags::Proxy;
    let addr = match wanted.addr {
        IpAddr::V4(addr) => NeighbourAddress::Inet(addr),
        IpAddr::V6(addr) => NeighbourAddress::Inet6(addr),
    };
    message.attributes.push(NeighbourAttribute::Destination(addr));
    Ok(message)
}

fn link(wanted: &Link, index_of: &impl Fn(&str) -> io::Result<u32>) -> io::Result<LinkMessage> {
    let mut message = LinkMessage::default();
    message.header.index = index_of(&wanted.dev)?;
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up | LinkFlags::Multicast;
    message.attributes.push(LinkAttribute::Mtu(wanted.mtu));
    message.attributes.push(LinkAttribute::TxQueueLen(wanted.tx_queue_len));
    let no_address = AfSpecInet6::AddrGenMode(In6AddrGenMode::None);
    message.attributes.push(LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(vec![no_address])]));
    Ok(message)
}

fn gone(index: u32) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message
}

/// Whether a listed route is one of the host's own, and of which kind it is.
pub(super) const fn route_kind(message: &RouteMessage) -> Option<bool> {
    match message.header.kind {
        RouteType::Unicast => Some(false),
        RouteType::Local => Some(true),
        _ => None,
    }
}

/// The table of a listed route.
pub(super) fn table_of(message: &RouteMessage) -> u32 {
    let named = message.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Table(table) => Some(*table),
        _ => None,
    });
    named.unwrap_or_else(|| u32::from(message.header.table))
}

/// The preference of the table of local addresses over all others, in [`super::view::View::routes`].
pub(super) const fn is_host_table(table: u32) -> bool {
    matches!(table, TABLE_LOCAL | super::change::TABLE_MAIN | 253)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_listed_as_it_was_asked_for() {
        let mut wanted = Rule::new(Family::V4, 4, Action::Lookup(7601));
        wanted.from = "192.168.56.183/32".parse().ok();
        wanted.ipproto = Some(6);
        wanted.dport = Some((32768, 60999));
        wanted.iif = Some("eth2".to_owned());
        wanted.not = true;
        assert_eq!(rule_of(&rule(&wanted), Family::V4), wanted);
        let mut listed = rule(&wanted);
        listed.attributes.push(RuleAttribute::Other(DefaultNla::new(DPORT_MASK, vec![0xff, 0xff])));
        assert_eq!(rule_of(&listed, Family::V4), wanted);
        let goto = Rule::new(Family::V6, 0, Action::Goto(5));
        assert_eq!(rule_of(&rule(&goto), Family::V6), goto);
    }

    #[test]
    fn a_route_is_listed_as_it_was_asked_for() {
        for (net, kind, metric) in [
            ("192.168.1.183/32", RouteKind::Via("tunvs-vip".to_owned()), 0),
            ("192.168.1.183/32", RouteKind::Via("tunvs-rs".to_owned()), 4096),
            ("0.0.0.0/0", RouteKind::Via("tunvs-rs".to_owned()), 0),
            ("fd00::/64", RouteKind::Local("tunvs-vip".to_owned()), 0),
            ("ff00::/8", RouteKind::Throw, 0),
        ] {
            let dst: IpNet = net.parse().unwrap();
            let wanted = Route { table: 7600, dst, kind, metric };
            let index = |name: &str| Ok(if name == "tunvs-vip" { 4 } else { 5 });
            let mut listed = route(&wanted, &index).unwrap();
            if dst.addr().is_ipv6() {
                listed.attributes.push(RouteAttribute::Priority(1024));
            }
            let name = |index| Some(if index == 4 { "tunvs-vip" } else { "tunvs-rs" }.to_owned());
            assert_eq!(our_route(&listed, Family::of(&dst.addr()), name), Some(wanted.clone()));
            listed.header.protocol = RouteProtocol::Static;
            assert_eq!(our_route(&listed, Family::of(&dst.addr()), name), None);
        }
    }

    #[test]
    fn a_rule_moves_with_all_that_it_says() {
        let mut wanted = Rule::new(Family::V4, 0, Action::Lookup(51_820));
        (wanted.not, wanted.mark) = (true, Some(51_820));
        let mut listed = rule(&wanted);
        listed.header.flags |= RuleFlags::Unresolved;
        listed.attributes.push(RuleAttribute::SuppressPrefixLen(0));
        let moved = moved(&listed, 32_765);
        assert_eq!(moved.header.flags, RuleFlags::Invert);
        assert!(moved.attributes.contains(&RuleAttribute::SuppressPrefixLen(0)));
        assert_eq!(rule_of(&moved, Family::V4), Rule { pref: 32_765, narrower: true, ..wanted });
    }

    #[test]
    fn an_unknown_interface_is_an_error() {
        let change =
            Change::AddAddress(Address { net: "10.0.0.1/32".parse().unwrap(), dev: "none".to_owned() });
        let missing = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
        assert!(request(&change, missing).is_err());
    }
}
