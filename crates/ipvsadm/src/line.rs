//! One command line, option by option, with the defaults of what it does not say.

use std::net::{IpAddr, Ipv4Addr};

use super::options::{Action, OptSet};
use lvs::director::{DaemonRole, TimeoutSettings};
use lvs::service::{
    ClientAddrMode, Family, Method, Persistence, Protocol, SchedulerFlags, SynDefence, TunnelKind,
};

/// Interface that a sync daemon sends and listens on when nobody says otherwise.
pub(super) const DEFAULT_INTERFACE: &str = "eth0";

/// One command line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub action: Action,
    pub options: OptSet,
    pub service: ServiceWords,
    pub server: ServerWords,
    pub timeouts: TimeoutSettings,
    pub daemon: DaemonWords,
}

/// The options of the virtual service.
#[derive(Clone, Debug)]
pub(super) struct ServiceWords {
    /// None without `-t`, `-u`, `--sctp-service` or `-f`; a mark counts as TCP for names of ports.
    pub protocol: Option<Protocol>,
    pub addr: IpAddr,
    pub port: u16,
    /// 0: none.
    pub mark: u32,
    pub family: Family,
    pub scheduler: String,
    pub scheduler_flags: SchedulerFlags,
    pub persistence: Option<u32>,
    pub netmask: u32,
    pub one_packet: bool,
    pub rst_on_expire: bool,
    pub syn_defence: Option<SynDefence>,
    pub client_limit: Option<String>,
    pub allow: Option<String>,
    pub deny: Option<String>,
    pub engine: String,
    pub client_addr_mode: Option<ClientAddrMode>,
}

/// The options of the real server.
#[derive(Clone, Debug)]
pub(super) struct ServerWords {
    pub addr: IpAddr,
    pub port: u16,
    pub method: Method,
    pub weight: i32,
    pub upper_threshold: u32,
    pub lower_threshold: u32,
    pub tunnel: TunnelKind,
    pub tunnel_port: u16,
}

/// The options of the sync daemon; 0 and None: not given.
#[derive(Clone, Debug)]
pub(super) struct DaemonWords {
    pub role: DaemonRole,
    pub interface: String,
    pub sync_id: u32,
    pub max_len: u16,
    pub group: Option<IpAddr>,
    pub port: u16,
    pub ttl: u8,
}

impl Line {
    pub(super) fn new(action: Action) -> Self {
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self {
            action,
            options: OptSet::default(),
            service: ServiceWords {
                protocol: None,
                addr: nowhere,
                port: 0,
                mark: 0,
                family: Family::V4,
                scheduler: String::new(),
                scheduler_flags: SchedulerFlags::default(),
                persistence: None,
                netmask: Persistence::host_mask(Family::V4),
                one_packet: false,
                rst_on_expire: false,
                syn_defence: None,
                client_limit: None,
                allow: None,
                deny: None,
                engine: String::new(),
                client_addr_mode: None,
            },
            server: ServerWords {
                addr: nowhere,
                port: 0,
                method: Method::Route,
                weight: 1,
                upper_threshold: 0,
                lower_threshold: 0,
                tunnel: TunnelKind::Ipip,
                tunnel_port: 0,
            },
            timeouts: TimeoutSettings { tcp: 0, tcp_fin: 0, udp: 0 },
            daemon: DaemonWords {
                role: DaemonRole::Master,
                interface: DEFAULT_INTERFACE.to_owned(),
                sync_id: 0,
                max_len: 0,
                group: None,
                port: 0,
                ttl: 0,
            },
        }
    }
}
