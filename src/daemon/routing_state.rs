//! The host's routing as data, for a successor that has not read it yet.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use lvs::route::Route;

/// The host's routing, as it was read last.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Routing {
    pub(super) routes: Vec<RouteState>,
    pub(super) claimed: Vec<IpNet>,
    pub(super) links: Vec<(u32, [u8; 6])>,
    pub(super) has_policy: [bool; 2],
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RouteState {
    net: IpNet,
    mtu: u32,
    source: Option<IpAddr>,
    interface: u32,
    gateway: Option<IpAddr>,
    is_local: bool,
}

impl From<&Route> for RouteState {
    fn from(&Route { net, mtu, source, interface, gateway, is_local }: &Route) -> Self {
        Self { net, mtu, source, interface, gateway, is_local }
    }
}

impl From<RouteState> for Route {
    fn from(RouteState { net, mtu, source, interface, gateway, is_local }: RouteState) -> Self {
        Self { net, mtu, source, interface, gateway, is_local }
    }
}
