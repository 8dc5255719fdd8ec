//! State of a director that is no connection, as data for its successor. A later version adds fields; an earlier one leaves out
//! what it does not know.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::daemon::history_file::History;
use crate::daemon::table_file::KeptTables;
use lvs::director::{Command, Side, Tables};
use lvs::route::Route;
use lvs::service::{Endpoint, ServiceKey};

/// First message of a successor.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hello {
    pub(super) version: String,
    pub(super) reads: Vec<u32>,
}

/// First message to a successor, before the connections.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Before {
    pub(super) state: u32,
    /// Milliseconds of the director's time.
    pub(super) now: u64,
    /// Date of the start of the first director.
    pub(super) started: String,
    pub(super) routing: Routing,
    pub(super) wanted: Wanted,
}

/// Tables and settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::daemon) struct Wanted {
    pub(in crate::daemon) tables: Tables,
    pub(in crate::daemon) sysctls: BTreeMap<String, String>,
    pub(in crate::daemon) drained: Vec<(ServiceKey, Endpoint)>,
    /// Shares of servers that begin slowly.
    pub(in crate::daemon) shares: Vec<Command>,
}

/// The host's routing, as it was read last.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::daemon) struct Routing {
    pub(in crate::daemon) routes: Vec<RouteState>,
    pub(in crate::daemon) claimed: Vec<IpNet>,
    pub(in crate::daemon) links: Vec<(u32, [u8; 6])>,
    pub(in crate::daemon) has_policy: [bool; 2],
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::daemon) struct RouteState {
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

/// All else, when no packet is processed any more. Descriptors come in the order in which they are named here.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Last {
    pub(super) wanted: Wanted,
    pub(super) kept: KeptTables,
    #[serde(flatten)]
    pub(super) history: History,
    pub(super) interfaces: Vec<InterfaceState>,
    pub(super) made_directory: bool,
    /// Address of the metrics, where there are any.
    pub(super) metrics: Option<SocketAddr>,
    /// The program that lets devices take tunnels whole.
    pub(super) has_program: bool,
    /// The interface of announcements.
    #[serde(default)]
    pub(super) has_beacon: bool,
    /// Virtual addresses that routers may be told of.
    #[serde(default)]
    pub(super) announced: Vec<IpAddr>,
    /// Programs and maps of the fast path, behind all others.
    #[serde(default)]
    pub(super) has_fast_path: bool,
}

/// A drain that is not over.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::daemon) struct DrainState {
    pub(in crate::daemon) service: ServiceKey,
    pub(in crate::daemon) server: Endpoint,
    /// Milliseconds to the deadline.
    pub(in crate::daemon) left: Option<u64>,
    pub(in crate::daemon) asked: bool,
    pub(in crate::daemon) reset: u64,
}

/// An interface: a descriptor for each queue, then one for what takes tunnels whole.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::daemon) struct InterfaceState {
    pub(in crate::daemon) name: String,
    pub(in crate::daemon) side: SideState,
    pub(in crate::daemon) queues: usize,
    /// Bits of the offload.
    pub(in crate::daemon) features: u32,
    pub(in crate::daemon) takes_tunnels_whole: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::daemon) enum SideState {
    Client,
    Server,
    Mark(u32),
}

impl From<Side> for SideState {
    fn from(side: Side) -> Self {
        match side {
            Side::Client => Self::Client,
            Side::Server => Self::Server,
            Side::Mark(mark) => Self::Mark(mark),
        }
    }
}

impl From<SideState> for Side {
    fn from(side: SideState) -> Self {
        match side {
            SideState::Client => Self::Client,
            SideState::Server => Self::Server,
            SideState::Mark(mark) => Self::Mark(mark),
        }
    }
}
