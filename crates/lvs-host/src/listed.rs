//! Listings of the kernel as parts of a [`View`]. Pure. Used by `kernel`.

use ipnet::IpNet;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkLayerType, LinkMessage};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage,
};
use netlink_packet_route::route::RouteMessage;

use super::change::Proxy;
use super::ingress_links::framing;
use super::messages;
use super::routes::ListedRoute;
use super::view::{Interface, LinkState, View};
use lvs::route::{Route, is_link_local};
use lvs::service::Family;

pub(super) fn link_state(message: &LinkMessage) -> LinkState {
    let flags = message.header.flags;
    let mut state = LinkState {
        index: message.header.index,
        name: String::new(),
        up: flags.contains(LinkFlags::Up),
        loopback: flags.contains(LinkFlags::Loopback),
        ether: None,
        mtu: 0,
        longest: 0,
        framing: framing(message.header.link_layer_type),
        has_controller: false,
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => state.name.clone_from(name),
            LinkAttribute::Controller(_) => state.has_controller = true,
            LinkAttribute::Mtu(mtu) => state.mtu = *mtu,
            LinkAttribute::GroMaxSize(size)
            | LinkAttribute::GsoMaxSize(size)
            | LinkAttribute::GroIpv4MaxSize(size)
            | LinkAttribute::GsoIpv4MaxSize(size) => state.longest = state.longest.max(*size),
            LinkAttribute::Address(addr)
                if message.header.link_layer_type == LinkLayerType::Ether
                    && !flags.contains(LinkFlags::Noarp) =>
            {
                state.ether = addr.as_slice().try_into().ok();
            }
            _ => {}
        }
    }
    state
}

pub(super) fn interface(message: &AddressMessage, links: &[LinkState]) -> Option<Interface> {
    let dev = links.iter().find(|link| link.index == message.header.index)?.name.clone();
    let local = |attribute: &AddressAttribute| match attribute {
        AddressAttribute::Local(addr) => Some(*addr),
        _ => None,
    };
    let any = |attribute: &AddressAttribute| match attribute {
        AddressAttribute::Address(addr) => Some(*addr),
        _ => None,
    };
    // Where both are there the other one is the far end of a point-to-point link.
    let addr =
        message.attributes.iter().find_map(local).or_else(|| message.attributes.iter().find_map(any))?;
    Some(Interface { dev, net: IpNet::new(addr, message.header.prefix_len).ok()? })
}

pub(super) fn route(message: &RouteMessage, view: &View, family: Family) -> Option<Route> {
    let is_local = messages::route_kind(message)?;
    if !messages::is_host_table(messages::table_of(message)) {
        return None;
    }
    let ListedRoute { dst, gateway, source, index, mtu } = ListedRoute::of(message, family)?;
    let link = view.links.iter().find(|link| Some(link.index) == index)?;
    Some(Route {
        net: IpNet::new(dst, message.header.destination_prefix_length).ok()?,
        mtu: mtu.unwrap_or(link.mtu),
        source: source.or_else(|| {
            // A router's link-local address says nothing of what lies behind it.
            let near = gateway.filter(|gateway| !is_link_local(*gateway)).unwrap_or(dst);
            if is_local { Some(dst) } else { view.source_on(&link.name, near) }
        }),
        interface: link.index,
        gateway,
        is_local,
    })
}

pub(super) fn proxy(message: &NeighbourMessage, links: &[LinkState]) -> Option<Proxy> {
    if !message.header.flags.contains(NeighbourFlags::Proxy) {
        return None;
    }
    let dev = links.iter().find(|link| link.index == message.header.ifindex)?.name.clone();
    message.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::Destination(NeighbourAddress::Inet(addr)) => {
            Some(Proxy { addr: (*addr).into(), dev: dev.clone() })
        }
        NeighbourAttribute::Destination(NeighbourAddress::Inet6(addr)) => {
            Some(Proxy { addr: (*addr).into(), dev: dev.clone() })
        }
        _ => None,
    })
}
