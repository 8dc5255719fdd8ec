//! Routes as the kernel tells of them: listed, and what a message says. Used by `kernel` and `survey`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use futures::TryStreamExt;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteMetric};
use rtnetlink::Handle;

use super::error::HostError;
use super::error::netlink_error;
use lvs::service::Family;

/// All routes of a family, of all tables.
pub(super) async fn listed(handle: &Handle, family: Family) -> Result<Vec<RouteMessage>, HostError> {
    let mut wanted = RouteMessage::default();
    wanted.header.address_family = address_family(family);
    let routes = handle.route().get(wanted).execute().try_collect().await;
    routes.map_err(|error| netlink_error("list routes", error))
}

/// Route as a message describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListedRoute {
    /// The first address of its network.
    pub(super) dst: IpAddr,
    pub(super) gateway: Option<IpAddr>,
    pub(super) source: Option<IpAddr>,
    /// The interface; of several the first.
    pub(super) index: Option<u32>,
    pub(super) mtu: Option<u32>,
}

impl ListedRoute {
    /// None for a destination that is no IP address.
    pub(super) fn of(message: &RouteMessage, family: Family) -> Option<Self> {
        let any = match family {
            Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
        };
        let mut listed = Self { dst: any, gateway: None, source: None, index: None, mtu: None };
        for attribute in &message.attributes {
            match attribute {
                RouteAttribute::Destination(addr) => listed.dst = ip(addr)?,
                RouteAttribute::Gateway(addr) => listed.gateway = ip(addr),
                RouteAttribute::PrefSource(addr) => listed.source = ip(addr),
                RouteAttribute::Oif(oif) => listed.index = Some(*oif),
                RouteAttribute::Metrics(metrics) => {
                    listed.mtu = metrics.iter().find_map(|metric| match metric {
                        RouteMetric::Mtu(mtu) => Some(*mtu),
                        _ => None,
                    });
                }
                RouteAttribute::MultiPath(hops) => {
                    listed.index = listed.index.or(hops.first().map(|hop| hop.interface_index));
                }
                _ => {}
            }
        }
        Some(listed)
    }
}

const fn ip(addr: &RouteAddress) -> Option<IpAddr> {
    match addr {
        RouteAddress::Inet(addr) => Some(IpAddr::V4(*addr)),
        RouteAddress::Inet6(addr) => Some(IpAddr::V6(*addr)),
        _ => None,
    }
}

pub(super) const fn address_family(family: Family) -> AddressFamily {
    match family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    }
}
