//! The only way to change or read the tables, whether the wish came from a command line, a file or a socket.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::director::{SysctlEntry, TableStatus};
use crate::service::{DeclaredService, Endpoint, Rates, ServerSpec, ServiceKey, ServiceSpec, Stats};

pub use crate::service::CommandError;

/// A change of the tables. Each one is done whole or refused whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    AddService(ServiceSpec),
    EditService(ServiceSpec),
    DeleteService(ServiceKey),
    AddServer {
        service: ServiceKey,
        server: ServerSpec,
    },
    EditServer {
        service: ServiceKey,
        server: ServerSpec,
    },
    DeleteServer {
        service: ServiceKey,
        addr: IpAddr,
        port: u16,
    },
    /// No new connections for the server, whatever its weight and the templates that lead to it; or again.
    SetDrained {
        service: ServiceKey,
        server: Endpoint,
        drained: bool,
    },
    /// A server that begins slowly gets these thousandths of the new connections that are fair for it; 1000 ends it.
    SetShare {
        service: ServiceKey,
        server: Endpoint,
        share: u32,
    },
    /// Removes all services.
    Flush,
    /// Zeroes the counters of one service, or of all and the totals.
    Zero(Option<ServiceKey>),
    SetTimeouts(TimeoutSettings),
    StartDaemon(DaemonSpec),
    /// A setting below `net.ipv4.vs`.
    SetSysctl {
        name: String,
        value: String,
    },
    StopDaemon {
        role: DaemonRole,
        sync_id: u32,
    },
    /// Makes the tables be as declared, in one step. What stays keeps its counters and connections.
    Replace(Tables),
}

/// All that commands can declare. None: left as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tables {
    pub services: Vec<DeclaredService>,
    pub timeouts: Option<TimeoutSettings>,
    pub daemons: Option<Vec<DaemonSpec>>,
}

/// Seconds; 0 in a command leaves a timeout as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeoutSettings {
    pub tcp: u32,
    pub tcp_fin: u32,
    pub udp: u32,
}

impl Default for TimeoutSettings {
    fn default() -> Self {
        Self { tcp: 900, tcp_fin: 120, udp: 300 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DaemonRole {
    Master,
    Backup,
}

/// A connection synchronisation daemon; 0 and None stand for "not given".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonSpec {
    pub role: DaemonRole,
    pub interface: String,
    pub sync_id: u32,
    pub max_len: u16,
    pub group: Option<IpAddr>,
    pub port: u16,
    pub ttl: u8,
}

impl DaemonSpec {
    /// With what was not given filled in for an interface of that MTU (`start_sync_thread`).
    #[must_use]
    pub fn resolved(&self, mtu: u32) -> Self {
        let group = self.group.unwrap_or(IpAddr::V4(SYNC_GROUP));
        let headers = if group.is_ipv6() { 40 + 8 } else { 20 + 8 };
        let (mtu, shortest) = match self.role {
            DaemonRole::Master => (1500, 1),
            DaemonRole::Backup => (mtu.clamp(1500, 65_535), 1024),
        };
        let max_len = match self.max_len {
            0 => mtu - headers,
            wanted => u32::from(wanted).clamp(shortest, 65_535 - headers),
        };
        Self {
            role: self.role,
            interface: self.interface.clone(),
            sync_id: self.sync_id,
            max_len: u16::try_from(max_len).unwrap_or(u16::MAX),
            group: Some(group),
            port: if self.port == 0 { SYNC_PORT } else { self.port },
            ttl: self.ttl.max(1),
        }
    }
}

/// Multicast group of sync daemons.
const SYNC_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 81);
const SYNC_PORT: u16 = 8848;

/// A question about the tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    Info,
    /// All services with their servers, as one consistent picture.
    Services,
    Service(ServiceKey),
    Timeouts,
    Daemons,
    /// How large the tables are and how full.
    Status,
    /// Counters of all services together.
    Totals,
    /// One setting below `net.ipv4.vs`, or all.
    Sysctls(Option<String>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Info(Info),
    /// In the kernel's order: services of addresses before those of marks and no particular order otherwise,
    /// newest first among servers.
    Services(Vec<ServiceEntry>),
    Timeouts(TimeoutSettings),
    Daemons(Vec<DaemonSpec>),
    Status(TableStatus),
    Totals {
        stats: Stats,
        rates: Rates,
    },
    Sysctls(Vec<SysctlEntry>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Buckets of the connection table, as the heading of a listing shows them.
    pub conn_table_size: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceEntry {
    pub spec: ServiceSpec,
    pub stats: Stats,
    pub rates: Rates,
    pub servers: Vec<ServerEntry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerEntry {
    pub spec: ServerSpec,
    /// Marked by `tunvs drain`: no new connections, whatever its weight.
    #[serde(default)]
    pub drained: bool,
    pub active_conns: u32,
    pub inactive_conns: u32,
    pub persistent_conns: u32,
    pub stats: Stats,
    pub rates: Rates,
}

impl ServiceEntry {
    /// The declaration that makes it. Listings show the newest server first.
    pub fn into_declared(self) -> DeclaredService {
        let servers = self.servers.into_iter().rev().map(|server| server.spec).collect();
        DeclaredService { spec: self.spec, servers }
    }
}

impl Tables {
    /// The tables of a director that answers questions.
    ///
    /// # Errors
    /// The director does not answer.
    pub fn present<E>(mut ask: impl FnMut(Query) -> Result<Reply, E>) -> Result<Self, E> {
        let mut tables = Self::default();
        for query in [Query::Services, Query::Timeouts, Query::Daemons] {
            match ask(query)? {
                Reply::Services(entries) => {
                    tables.services = entries.into_iter().map(ServiceEntry::into_declared).collect();
                }
                Reply::Timeouts(timeouts) => tables.timeouts = Some(timeouts),
                Reply::Daemons(daemons) => tables.daemons = Some(daemons),
                Reply::Info(_) | Reply::Totals { .. } | Reply::Status(_) | Reply::Sysctls(_) => {}
            }
        }
        Ok(tables)
    }
}

impl ServerEntry {
    /// The weight that counts, as listings show it.
    pub const fn weight(&self) -> i32 {
        if self.drained { 0 } else { self.spec.weight }
    }
}

/// How a server stands to its upper threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overload {
    pub service: ServiceKey,
    pub server: Endpoint,
    /// How often it reached it.
    pub times: u32,
    pub is_overloaded: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnEntry {
    /// IP protocol number; 0 for the template of a mark.
    pub protocol: u8,
    /// The kernel's name of the state.
    pub state: String,
    pub expires_in_ms: u64,
    pub client: Endpoint,
    pub virt: Endpoint,
    pub real: Endpoint,
    /// The end that stands for the client towards the server, where the source is rewritten too.
    #[serde(default)]
    pub local: Option<Endpoint>,
    /// Learnt from a synchronisation message.
    pub from_sync: bool,
    pub engine: Option<EngineData>,
}

/// Data by which a persistence engine knows the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineData {
    pub name: String,
    pub data: Vec<u8>,
}
