//! The host's routes, kept true by what the kernel tells of them, so that one route that changes is not a reason to read all.
//!
//! Owns the listing and a socket that hears of changes. The kernel notes a change there before it answers whoever asked for
//! it, so what is read of the socket first is all that has happened. Changes that do not say wholly what they do (routes of
//! several hops, replaced and appended ones), and all of links, addresses and next hops, have the routes listed anew. Called by `kernel`.

use std::collections::BTreeMap;
use std::io;

use ipnet::IpNet;
use netlink_packet_core::{NLM_F_APPEND, NLM_F_REPLACE, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::route::{RouteAttribute, RouteFlags, RouteMessage};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{RcvBuf, RcvBufForce};
use rtnetlink::sys::Socket;
use rtnetlink::sys::protocols::NETLINK_ROUTE;

use super::messages::table_of;
use super::routes::ListedRoute;
use lvs::service::Family;

/// `RTNLGRP_LINK`, `_IPV4_IFADDR`, `_IPV4_ROUTE`, `_IPV6_IFADDR`, `_IPV6_ROUTE`, `_NEXTHOP`.
const GROUPS: [u32; 6] = [1, 5, 7, 9, 11, 32];

/// Room for changes that wait to be looked at: some 10,000 routes.
const ROOM: usize = 8 << 20;

/// One read.
const READ: usize = 64 << 10;

/// All routes are listed again after so many looks, whatever was heard.
const MOST_LOOKS: u32 = 200;

/// Key that tells routes of a host apart. The order is that in which the kernel tries routes to the same network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    is_v6: bool,
    table: u32,
    net: IpNet,
    metric: u32,
    tos: u8,
}

impl Key {
    fn of(message: &RouteMessage, family: Family) -> Option<Self> {
        let metric = message.attributes.iter().find_map(|attribute| match attribute {
            RouteAttribute::Priority(metric) => Some(*metric),
            _ => None,
        });
        let dst = ListedRoute::of(message, family)?.dst;
        Some(Self {
            is_v6: family == Family::V6,
            table: table_of(message),
            net: IpNet::new(dst, message.header.destination_prefix_length).ok()?,
            metric: metric.unwrap_or(0),
            tos: message.header.tos,
        })
    }
}

/// The routes of one moment.
#[derive(Debug, Default)]
pub(super) struct Listing(BTreeMap<Key, Vec<RouteMessage>>);

impl Listing {
    /// Of all routes of both families.
    pub(super) fn new(listed: impl IntoIterator<Item = (Family, RouteMessage)>) -> Self {
        let mut listing = Self::default();
        for (family, message) in listed {
            if let Some(key) = Key::of(&message, family) {
                listing.0.entry(key).or_default().push(message);
            }
        }
        listing
    }

    pub(super) fn of_family(&self, family: Family) -> impl Iterator<Item = &RouteMessage> {
        let is_v6 = family == Family::V6;
        self.0.iter().filter(move |(key, _)| key.is_v6 == is_v6).flat_map(|(_, messages)| messages)
    }

    /// Takes in the messages of one read. None: they do not say wholly what has changed.
    fn with(mut self, mut messages: &[u8]) -> Option<Self> {
        const ALIGN: usize = 4;
        while !messages.is_empty() {
            let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(messages).ok()?;
            let len = (message.header.length as usize).next_multiple_of(ALIGN);
            let NetlinkPayload::InnerMessage(inner) = message.payload else { return None };
            if !self.follow(message.header.flags, inner) {
                return None;
            }
            messages = messages.get(len..).unwrap_or_default();
        }
        Some(self)
    }

    /// Takes in a change. False: it cannot be told what it does.
    fn follow(&mut self, flags: u16, message: RouteNetlinkMessage) -> bool {
        let (route, is_new) = match message {
            RouteNetlinkMessage::NewRoute(route) => (route, true),
            RouteNetlinkMessage::DelRoute(route) => (route, false),
            _ => return false,
        };
        // What was learned on the way of a packet is none of the table's.
        if route.header.flags.contains(RouteFlags::Cloned) {
            return true;
        }
        let is_whole = |attribute: &RouteAttribute| !matches!(attribute, RouteAttribute::MultiPath(_));
        let family = match route.header.address_family {
            netlink_packet_route::AddressFamily::Inet => Family::V4,
            netlink_packet_route::AddressFamily::Inet6 => Family::V6,
            _ => return true,
        };
        let Some(key) = Key::of(&route, family) else { return false };
        if flags & (NLM_F_REPLACE | NLM_F_APPEND) != 0 && is_new && self.0.contains_key(&key)
            || !route.attributes.iter().all(is_whole)
        {
            return false;
        }
        match (self.0.get(&key).map(Vec::as_slice), is_new) {
            (None, true) => {
                self.0.insert(key, vec![route]);
                true
            }
            (None, false) => true,
            // Heard of while it was listed, too.
            (Some([there]), true) => same_way(there, &route),
            (Some([there]), false) if there.attributes.iter().all(is_whole) => {
                self.0.remove(&key);
                true
            }
            (Some(_), _) => false,
        }
    }
}

/// Whether two messages are about the same route.
fn same_way(one: &RouteMessage, other: &RouteMessage) -> bool {
    let says = |message: &RouteMessage| {
        let listed = ListedRoute::of(message, Family::V4);
        listed.map(|listed| (listed.gateway, listed.source, listed.index, listed.mtu))
    };
    one.header.kind == other.header.kind && says(one) == says(other)
}

/// The listing, and what has become of it since.
#[derive(Default)]
pub(super) struct RouteBook {
    /// None until it is first needed, and where the kernel gives none.
    socket: Option<Socket>,
    listing: Option<Listing>,
    looks: u32,
}

impl std::fmt::Debug for RouteBook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouteBook").field("looks", &self.looks).finish_non_exhaustive()
    }
}

impl RouteBook {
    /// Takes in all that has happened, and gives the routes as they are now; None where they have to be listed. To be called
    /// before links and addresses are read: what changes of those afterwards is found the next time.
    pub(super) fn caught_up(&mut self) -> Option<Listing> {
        let mut listing = self.listing.take();
        let Some(socket) = &self.socket else {
            self.socket =
                open().inspect_err(|error| tracing::debug!(%error, "routes are listed at each look")).ok();
            return None;
        };
        let mut room = Vec::with_capacity(READ);
        loop {
            room.clear();
            match socket.recv(&mut room, 0) {
                Ok(_) => listing = listing.take().and_then(|listing| listing.with(&room)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Some were lost.
                Err(_) => listing = None,
            }
        }
        self.looks = if listing.is_some() { self.looks + 1 } else { 0 };
        listing.filter(|_| self.looks < MOST_LOOKS)
    }

    /// Keeps what was caught up, or listed after that.
    pub(super) fn keep(&mut self, listing: Listing) {
        self.listing = Some(listing).filter(|_| self.socket.is_some());
    }
}

fn open() -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.set_non_blocking(true)?;
    if setsockopt(&socket, RcvBufForce, &ROOM).is_err() {
        setsockopt(&socket, RcvBuf, &ROOM)?;
    }
    GROUPS.iter().try_for_each(|group| socket.add_membership(*group))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use netlink_packet_route::AddressFamily;
    use netlink_packet_route::link::LinkMessage;
    use netlink_packet_route::route::{RouteAddress, RouteNextHop};

    use super::*;

    fn route(net: [u8; 4], len: u8, gateway: u8) -> RouteMessage {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        message.header.destination_prefix_length = len;
        message.header.table = 254;
        let gateway = RouteAddress::Inet(Ipv4Addr::new(10, 0, 0, gateway));
        message.attributes = vec![
            RouteAttribute::Destination(RouteAddress::Inet(net.into())),
            RouteAttribute::Gateway(gateway),
            RouteAttribute::Oif(2),
        ];
        message
    }

    fn listing() -> Listing {
        let routes = [route([10, 1, 0, 0], 16, 1), route([10, 2, 0, 0], 16, 1)];
        Listing::new(routes.into_iter().map(|route| (Family::V4, route)))
    }

    fn count(listing: &Listing) -> usize {
        listing.of_family(Family::V4).count()
    }

    #[test]
    fn routes_come_and_go_one_by_one() {
        use RouteNetlinkMessage::{DelRoute, NewRoute};
        let mut listing = listing();
        assert!(listing.follow(0, NewRoute(route([10, 3, 0, 0], 16, 1))));
        assert!(listing.follow(0, NewRoute(route([10, 3, 0, 0], 16, 1))), "told twice");
        assert_eq!(count(&listing), 3);
        assert!(listing.follow(0, DelRoute(route([10, 1, 0, 0], 16, 1))));
        assert!(listing.follow(0, DelRoute(route([10, 1, 0, 0], 16, 1))), "gone already");
        assert_eq!(count(&listing), 2);
        let mut learned = route([10, 9, 0, 1], 32, 1);
        learned.header.flags = RouteFlags::Cloned;
        assert!(listing.follow(0, NewRoute(learned)));
        assert_eq!(count(&listing), 2);
    }

    #[test]
    fn what_does_not_say_wholly_what_it_does_has_all_listed() {
        use RouteNetlinkMessage::{DelRoute, NewLink, NewRoute};
        assert!(!listing().follow(0, NewLink(LinkMessage::default())));
        assert!(!listing().follow(0, NewRoute(route([10, 1, 0, 0], 16, 2))), "another way");
        assert!(!listing().follow(NLM_F_REPLACE, NewRoute(route([10, 1, 0, 0], 16, 1))));
        let mut several = route([10, 1, 0, 0], 16, 1);
        several.attributes.push(RouteAttribute::MultiPath(vec![RouteNextHop::default()]));
        assert!(!listing().follow(0, DelRoute(several.clone())));
        let twice = [several, route([10, 1, 0, 0], 16, 2)].map(|route| (Family::V4, route));
        assert!(!Listing::new(twice).follow(0, DelRoute(route([10, 1, 0, 0], 16, 2))));
        assert!(listing().with(&[1, 2, 3]).is_none());
    }
}
