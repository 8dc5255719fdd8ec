//! One command line, option by option, with the defaults of what it does not say.

use std::net::{IpAddr, Ipv4Addr};

use super::fail::Fail;
use super::options::{Action, OptSet};
use super::own_options::OwnOption;
use lvs::director::{DaemonRole, DaemonSpec, TimeoutSettings};
use lvs::service::{
    Family, Method, Persistence, Protocol, SchedulerFlags, ServiceKey, ServiceSpec, TunnelKind,
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
    pub daemon: DaemonSpec,
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
    pub engine: String,
    /// Fields that our own options declare; no other counts.
    pub own: ServiceSpec,
    /// Our own options that are still to be read, with their words.
    pub own_last: Vec<(&'static OwnOption, Vec<u8>)>,
}

impl ServiceWords {
    pub(super) fn read_own(&mut self, own: &'static OwnOption, word: &[u8]) -> Result<(), Fail> {
        if own.is_read_last {
            self.own_last.push((own, word.to_vec()));
            return Ok(());
        }
        (own.read)(&mut self.own, word)
    }
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
                engine: String::new(),
                own: ServiceSpec::new(ServiceKey::Mark { mark: 0, family: Family::V4 }, ""),
                own_last: Vec::new(),
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
            daemon: DaemonSpec {
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
