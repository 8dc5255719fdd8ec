//! State of a director that is no connection, as data for its successor. A later version adds fields; an earlier one leaves out
//! what it does not know.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::daemon::declared_tables::DeclaredTables;
use crate::daemon::fast_path::FastLink;
use crate::daemon::history_file::History;
use crate::daemon::interface::InterfaceState;
use crate::daemon::kept_tables::KeptTables;
use crate::daemon::live_tables::LiveTables;
use crate::daemon::routing_state::Routing;
use lvs::director::{Command, Tables};
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
    pub(super) wanted: TablesState,
}

/// Tables and settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::daemon) struct TablesState {
    pub(in crate::daemon) tables: Tables,
    pub(in crate::daemon) sysctls: BTreeMap<String, String>,
    pub(in crate::daemon) drained: Vec<(ServiceKey, Endpoint)>,
    /// Shares of servers that begin slowly.
    pub(in crate::daemon) shares: Vec<Command>,
}

/// All else, when no packet is processed any more. Descriptors come in the order in which they are named here.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Last {
    pub(super) wanted: TablesState,
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
    /// Programs and maps of the fast path.
    #[serde(default)]
    pub(super) has_fast_path: bool,
    /// Links that have its program, behind all others.
    #[serde(default)]
    pub(super) fast_links: Vec<FastLink>,
}

/// Numbers of what the successor has.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Counted {
    pub(super) connections: u64,
    pub(super) templates: u64,
    pub(super) left_out: u64,
}

/// Tables and settings as they are, checks or not.
pub(super) fn wanted(live: &LiveTables, declared: &DeclaredTables) -> TablesState {
    let query = |query| live.director.query(&query, live.clock.now());
    TablesState {
        tables: Tables::present(query).unwrap_or_default(),
        sysctls: declared.other_sysctls(),
        drained: live.director.drained(),
        shares: live.director.share_commands(),
    }
}
