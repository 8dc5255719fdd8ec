//! The article's network: a client, the director with two legs, two real servers behind it.
//!
//! Owns the namespaces and what is in them before the director starts; reads rules and routes for the comparison
//! at the end. Never configures balancing. Called by the demo's `run` and by the walk.

use std::net::Ipv4Addr;

use futures::TryStreamExt;
use nix::net::if_::if_nametoindex;
use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::route::{RouteAttribute, RouteMessage};
use rtnetlink::{
    Handle, IpVersion, LinkBridge, LinkMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder,
};

use super::error::DemoError;
use super::netns::Namespace;

pub(super) const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 10);
pub(super) const DS_OUTSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 181);
pub(super) const DS_INSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 56, 181);
pub(super) const RS1: Ipv4Addr = Ipv4Addr::new(192, 168, 56, 183);
pub(super) const RS2: Ipv4Addr = Ipv4Addr::new(192, 168, 56, 184);

/// Prefix length of both networks.
const PREFIX: u8 = 24;

#[derive(Debug)]
pub(super) struct Topology {
    pub(super) client: Namespace,
    pub(super) ds: Namespace,
    pub(super) rs1: Namespace,
    pub(super) rs2: Namespace,
    _switch: Namespace,
}

/// Rules of both families and all IPv4 routes of a host, each as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Snapshot(Vec<String>);

impl Topology {
    pub(super) fn build() -> Result<Self, DemoError> {
        let [client, ds, rs1, rs2, switch] = ["client", "ds", "rs1", "rs2", "switch"].map(Namespace::create);
        let topology = Self { client: client?, ds: ds?, rs1: rs1?, rs2: rs2?, _switch: switch? };
        let Self { client, ds, rs1, rs2, _switch: switch } = &topology;

        bridge(switch)?;
        cable(ds, "eth1", client, "eth0")?;
        for (port, host, interface) in [("ds", ds, "eth2"), ("rs1", rs1, "eth0"), ("rs2", rs2, "eth0")] {
            cable(switch, port, host, interface)?;
            plug(switch, port)?;
        }
        for (host, interface, addr) in [
            (client, "eth0", CLIENT),
            (ds, "eth1", DS_OUTSIDE),
            (ds, "eth2", DS_INSIDE),
            (rs1, "eth0", RS1),
            (rs2, "eth0", RS2),
        ] {
            up(host, "lo")?;
            up(host, interface)?;
            add_address(host, interface, addr)?;
        }
        for server in [rs1, rs2] {
            default_route(server, DS_INSIDE)?;
        }
        Ok(topology)
    }

    /// Returns what the director finds, and has to leave behind.
    pub(super) fn snapshot(&self) -> Result<Snapshot, DemoError> {
        self.ds.netlink("list rules and routes".into(), async |handle| {
            let mut lines = Vec::new();
            for version in [IpVersion::V4, IpVersion::V6] {
                let mut rules = handle.rule().get(version).execute();
                while let Some(rule) = rules.try_next().await? {
                    lines.push(format!("{rule:?}"));
                }
            }
            let mut wanted = RouteMessage::default();
            wanted.header.address_family = AddressFamily::Inet;
            let mut routes = handle.route().get(wanted).execute();
            while let Some(mut route) = routes.try_next().await? {
                route.attributes.retain(|attribute| !matches!(attribute, RouteAttribute::CacheInfo(_)));
                lines.push(format!("{route:?}"));
            }
            lines.sort();
            Ok(Snapshot(lines))
        })
    }
}

/// `ip addr add ADDR/24 dev INTERFACE`.
pub(super) fn add_address(host: &Namespace, interface: &str, addr: Ipv4Addr) -> Result<(), DemoError> {
    host.netlink(format!("add {addr} to {interface}"), async |handle| {
        handle.address().add(index(interface)?, addr.into(), PREFIX).execute().await
    })
}

/// `ip addr del ADDR/24 dev INTERFACE`.
pub(super) fn delete_address(host: &Namespace, interface: &str, addr: Ipv4Addr) -> Result<(), DemoError> {
    host.netlink(format!("remove {addr} from {interface}"), async |handle| {
        let address = rtnetlink::AddressMessageBuilder::<Ipv4Addr>::new()
            .index(index(interface)?)
            .address(addr, PREFIX)
            .build();
        handle.address().del(address).execute().await
    })
}

const BRIDGE: &str = "bridge";

fn bridge(switch: &Namespace) -> Result<(), DemoError> {
    switch.netlink("make a bridge".into(), async |handle| {
        handle.link().add(LinkBridge::new(BRIDGE).up().build()).execute().await
    })
}

/// Connects two hosts with a pair of virtual Ethernet devices.
fn cable(near: &Namespace, interface: &str, far: &Namespace, far_interface: &str) -> Result<(), DemoError> {
    const LOOSE_END: &str = "loose-end";
    let doing = format!("connect {interface} with {far_interface} of {}", far.name());
    near.netlink(doing, async |handle| {
        handle.link().add(LinkVeth::new(interface, LOOSE_END).build()).execute().await?;
        let moved =
            LinkUnspec::new_with_index(index(LOOSE_END)?).setns_by_fd(far.fd()).name(far_interface).build();
        handle.link().set(moved).execute().await
    })
}

fn plug(switch: &Namespace, port: &str) -> Result<(), DemoError> {
    switch.netlink(format!("plug {port} into the bridge"), async |handle| {
        set_link(&handle, port, |link| Ok(link.controller(index(BRIDGE)?).up())).await
    })
}

fn up(host: &Namespace, interface: &str) -> Result<(), DemoError> {
    host.netlink(format!("set {interface} up"), async |handle| {
        set_link(&handle, interface, |link| Ok(link.up())).await
    })
}

fn default_route(host: &Namespace, gateway: Ipv4Addr) -> Result<(), DemoError> {
    host.netlink(format!("add the default route via {gateway}"), async |handle| {
        let route = RouteMessageBuilder::<Ipv4Addr>::new().gateway(gateway).build();
        handle.route().add(route).execute().await
    })
}

type LinkChange = LinkMessageBuilder<LinkUnspec>;

async fn set_link(
    handle: &Handle,
    name: &str,
    change: impl FnOnce(LinkChange) -> Result<LinkChange, rtnetlink::Error>,
) -> Result<(), rtnetlink::Error> {
    let link = change(LinkUnspec::new_with_index(index(name)?))?;
    handle.link().set(link.build()).execute().await
}

/// The number of an interface in the namespace of the calling thread.
fn index(name: &str) -> Result<u32, rtnetlink::Error> {
    if_nametoindex(name)
        .map_err(|error| rtnetlink::Error::NamespaceError(format!("no interface {name}: {error}")))
}
