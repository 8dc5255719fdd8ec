//! The host as it is: links, addresses, rules, proxy neighbours and whatever sysctls the plan asks for. Read by `kernel` implementations, looked
//! at by `plan`. Plain data, no I/O.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::change::{Filter, Proxy, Rule};
use lvs::route::{Route, is_link_local};
use lvs::service::Family;
use lvs_wire::Framing;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    pub links: Vec<LinkState>,
    pub addresses: Vec<Interface>,
    /// Of both families, each in the order in which the kernel tries them.
    pub rules: Vec<Rule>,
    pub proxies: Vec<Proxy>,
    /// Routes of the tables that the host's own traffic takes.
    pub routes: Vec<Route>,
    /// Routes of ours, of all tables.
    pub ours: Vec<super::change::Route>,
    /// Numbers of all tables that have a route.
    pub tables: BTreeSet<u32>,
    /// Interfaces with a queueing discipline for packets that enter, and the fast path's filters there; looked at only where there may
    /// be such filters.
    pub clsact: BTreeSet<String>,
    pub filters: Vec<Filter>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinkState {
    pub index: u32,
    pub name: String,
    pub up: bool,
    pub loopback: bool,
    /// The hardware address of an interface that does ARP or neighbour discovery.
    pub ether: Option<[u8; 6]>,
    pub mtu: u32,
    /// Bytes of the longest super-packet that is put together or sent here.
    pub longest: u32,
    /// Beginning of its packets, where that is known.
    pub framing: Option<Framing>,
    /// Packets go on by another link: a bridge, a bond, a VRF.
    pub has_controller: bool,
}

/// An address and its subnet on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub dev: String,
    pub net: IpNet,
}

impl View {
    pub(super) fn rules_of(&self, family: Family) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.family == family)
    }

    /// The host's own addresses, without those on `except`.
    pub(super) fn own_addresses(&self, except: &[&str]) -> BTreeSet<IpAddr> {
        let kept = self.addresses.iter().filter(|interface| !except.contains(&interface.dev.as_str()));
        kept.map(|interface| interface.net.addr()).collect()
    }

    /// Subnets that have room for neighbours, on interfaces that can have them.
    pub(super) fn subnets(&self) -> impl Iterator<Item = &Interface> {
        self.addresses.iter().filter(|interface| {
            interface.net.prefix_len() < interface.net.max_prefix_len()
                && self.link(&interface.dev).is_some_and(|link| link.up && link.ether.is_some())
        })
    }

    /// The address that the host would use on a device towards `peer`: in the same subnet if there is one.
    pub(super) fn source_on(&self, dev: &str, peer: IpAddr) -> Option<IpAddr> {
        let on_dev = || {
            self.addresses
                .iter()
                .filter(|interface| interface.dev == dev && interface.net.addr().is_ipv4() == peer.is_ipv4())
        };
        let near = on_dev().find(|interface| interface.net.contains(&peer));
        near.or_else(|| on_dev().find(|interface| !is_link_local(interface.net.addr())))
            .map(|interface| interface.net.addr())
    }

    /// The routes that lead into none of the interfaces `except`.
    pub(super) fn routes_beside(&self, except: &[&str]) -> impl Iterator<Item = &Route> + use<'_> {
        let is_excepted = |link: &&LinkState| except.contains(&link.name.as_str());
        let excepted: Vec<u32> = self.links.iter().filter(is_excepted).map(|link| link.index).collect();
        self.routes.iter().filter(move |route| !excepted.contains(&route.interface))
    }

    /// Links that are up and have an address or a route of this family, which no host gives itself.
    pub(super) fn in_use(&self, family: Family) -> impl Iterator<Item = &str> {
        let is_of = move |addr: IpAddr| Family::of(&addr) == family && !is_link_local(addr);
        let up = self.links.iter().filter(|link| link.up && !link.loopback);
        up.filter(move |link| {
            self.addresses.iter().any(|interface| interface.dev == link.name && is_of(interface.net.addr()))
                || self
                    .routes
                    .iter()
                    .any(|route| route.interface == link.index && !route.is_local && is_of(route.net.addr()))
        })
        .map(|link| link.name.as_str())
    }

    pub(super) fn link(&self, name: &str) -> Option<&LinkState> {
        self.links.iter().find(|link| link.name == name)
    }
}
