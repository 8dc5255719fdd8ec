//! The operator's declaration of a service and its servers, as plain data.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Endpoint, Family, Forwarding, ServiceKey, SynDefence};

/// A virtual service as declared (`ip_vs_service_user_kern`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSpec {
    pub key: ServiceKey,
    /// Name of the scheduler; `none` binds none, and then nothing is ever scheduled.
    pub scheduler: String,
    pub scheduler_flags: SchedulerFlags,
    /// `--ops`: every datagram is scheduled on its own.
    pub one_packet: bool,
    pub persistence: Option<Persistence>,
    /// Persistence engine (`sip`).
    pub engine: Option<String>,
    /// How real servers learn the addresses of clients; what the kernel's IPVS does not have.
    #[serde(default, rename = "hand_on")]
    pub client_addr_mode: Option<ClientAddrMode>,
    /// Both ends of a TCP connection are told when it ends by a timeout or with its server. Not in the kernel.
    #[serde(default)]
    pub rst_on_expire: bool,
    /// A TCP segment in the middle of a connection that is not known is scheduled where the scheduler is a hash: another director,
    /// which chose the same server, had it. Not in the kernel.
    #[serde(default)]
    pub adopt: bool,
    /// Defence against SYNs of nobody; None: as the director is told. Not in the kernel.
    #[serde(default)]
    pub syn_defence: Option<SynDefence>,
    /// Limits of each client. Not in the kernel.
    #[serde(default)]
    pub client_limit: Option<ClientLimit>,
    /// File of prefixes whose clients alone have new connections. Not in the kernel.
    #[serde(default)]
    pub allow: Option<String>,
    /// File of prefixes whose clients have none.
    #[serde(default)]
    pub deny: Option<String>,
}

impl ServiceSpec {
    pub fn new(key: ServiceKey, scheduler: &str) -> Self {
        Self {
            key,
            scheduler: scheduler.to_owned(),
            scheduler_flags: SchedulerFlags::default(),
            one_packet: false,
            persistence: None,
            engine: None,
            client_addr_mode: None,
            rst_on_expire: false,
            adopt: false,
            syn_defence: None,
            client_limit: None,
            allow: None,
            deny: None,
        }
    }
}

/// Limits of new connections of a client, or of all clients of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientLimit {
    /// New connections a second in the long run; 0 is no limit.
    pub rate: u32,
    /// New connections at once.
    pub burst: u32,
    /// Connections at the same time; 0 is no limit.
    pub conns: u32,
    /// Length of the prefix whose clients count as one.
    pub prefix: u8,
}

impl ClientLimit {
    /// The prefix that is usual for one client.
    pub const fn usual_prefix(family: Family) -> u8 {
        match family {
            Family::V4 => 32,
            Family::V6 => 64,
        }
    }

    /// With what is not given filled in. None: it limits nothing, or the prefix is too long.
    pub fn new([rate, burst, conns]: [Option<u32>; 3], prefix: Option<u8>, family: Family) -> Option<Self> {
        let rate = rate.unwrap_or(0);
        let longest = if family == Family::V4 { 32 } else { 128 };
        let limit = Self {
            rate,
            burst: burst.unwrap_or(rate).max(rate.min(1)),
            conns: conns.unwrap_or(0),
            prefix: prefix.unwrap_or(Self::usual_prefix(family)),
        };
        (limit.prefix <= longest && (limit.rate > 0 || limit.conns > 0)).then_some(limit)
    }
}

/// A way to tell real servers of the client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAddrMode {
    /// A PROXY header at the start of each TCP stream.
    Proxy(ProxyVersion),
    /// An option in the first segments of TCP streams whose source is rewritten.
    Toa,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyVersion {
    V1,
    V2,
}

impl ProxyVersion {
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

/// The three flag bits that a scheduler may give a meaning to (`IP_VS_SVC_F_SCHED1..3`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchedulerFlags(pub u8);

impl SchedulerFlags {
    pub const FLAG_1: Self = Self(1);
    pub const FLAG_2: Self = Self(2);
    pub const FLAG_3: Self = Self(4);

    pub const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }
}

/// Clients of the same network (under the mask) stay with one real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persistence {
    /// Seconds a template outlives the last new connection.
    pub timeout: u32,
    /// IPv4: the mask as a number (`0xffff_ff00`); IPv6: the prefix length, 1 to 128.
    pub mask: u32,
}

impl Persistence {
    /// The mask that keeps every client apart.
    pub const fn host_mask(family: Family) -> u32 {
        match family {
            Family::V4 => u32::MAX,
            Family::V6 => 128,
        }
    }
}

/// A real server as declared (`ip_vs_dest_user_kern`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSpec {
    pub addr: IpAddr,
    pub port: u16,
    pub forwarding: Forwarding,
    pub weight: i32,
    /// Connections from which the server counts as overloaded; 0 is no limit.
    pub upper_threshold: u32,
    /// Connections below which an overloaded server returns; 0 is three quarters of the upper one.
    pub lower_threshold: u32,
}

impl ServerSpec {
    /// A server as `ipvsadm -a -r ADDR:PORT` with that method declares it: weight 1, no thresholds.
    pub const fn new(addr: IpAddr, port: u16, forwarding: Forwarding) -> Self {
        Self { addr, port, forwarding, weight: 1, upper_threshold: 0, lower_threshold: 0 }
    }

    pub const fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.addr, self.port)
    }
}

/// A service with all its servers, as one declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredService {
    pub spec: ServiceSpec,
    /// In the order in which they are added; listings show the last one first.
    pub servers: Vec<ServerSpec>,
}
