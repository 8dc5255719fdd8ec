//! The tables and keys of the file, as serde reads them. Unknown keys are mistakes.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;
use toml::Spanned;

use super::check_schema::{Check, Command, Failure, Passive, Some1, Sorry, Span};
use lvs::director::DaemonRole;
use lvs::service::{Protocol, ProxyVersion, TunnelChecksum, TunnelKind};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) director: Director,
    pub(super) metrics: Metrics,
    pub(super) flow_log: FlowLog,
    pub(super) timeouts: Option<Spanned<Timeouts>>,
    pub(super) sysctl: BTreeMap<String, Spanned<toml::Value>>,
    pub(super) sync: Vec<Spanned<Sync>>,
    pub(super) service: Vec<Spanned<Service>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Director {
    pub(super) socket: Option<PathBuf>,
    pub(super) vip_nets: Vec<IpNet>,
    pub(super) rs_nets: Vec<IpNet>,
    pub(super) laddr_nets: Vec<IpNet>,
    pub(super) masquerade_nets: Vec<Spanned<String>>,
    pub(super) laddr_ports: Option<Spanned<String>>,
    pub(super) hairpin: Option<bool>,
    pub(super) mss_clamp: Option<bool>,
    pub(super) claim_vips: Option<bool>,
    pub(super) tun_prefix: Option<String>,
    pub(super) queues: Option<Spanned<Queues>>,
    pub(super) offload: Option<bool>,
    pub(super) tunnel_offload: Option<bool>,
    pub(super) conn_table_size: Option<Spanned<u32>>,
    pub(super) max_conns: Option<NonZeroUsize>,
    pub(super) ftp_ports: Option<Spanned<Vec<u16>>>,
    pub(super) proc_dir: Option<PathBuf>,
    pub(super) proc_sctp: Option<bool>,
    pub(super) kernel: Option<Spanned<String>>,
    pub(super) drop_alarm: Option<NonZeroU64>,
    pub(super) log: Option<String>,
    pub(super) log_format: Option<LogFormat>,
}

/// Numbers for Prometheus.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Metrics {
    pub(super) listen: Option<SocketAddr>,
    pub(super) series: Option<usize>,
}

/// A line for each connection.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FlowLog {
    pub(super) file: Option<PathBuf>,
    pub(super) begins: Option<bool>,
    pub(super) rate: Option<NonZeroU32>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "queues must be 1 to 256, or \"auto\"")]
pub(super) enum Queues {
    Count(i64),
    Word(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// A daemon that sends connections to another director, or takes them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sync {
    pub(super) role: DaemonRole,
    pub(super) interface: Spanned<String>,
    #[serde(default)]
    pub(super) id: u8,
    #[serde(default)]
    pub(super) max_len: u16,
    pub(super) group: Option<Spanned<IpAddr>>,
    #[serde(default)]
    pub(super) port: u16,
    #[serde(default)]
    pub(super) ttl: u8,
}

/// Seconds; what is left out stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Timeouts {
    pub(super) tcp: u32,
    pub(super) tcp_fin: u32,
    pub(super) udp: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) address: Option<Spanned<Address>>,
    pub(super) protocol: Option<Spanned<Protocol>>,
    pub(super) mark: Option<Spanned<u32>>,
    pub(super) family: Option<Spanned<AddressFamily>>,
    pub(super) scheduler: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) scheduler_flags: Vec<Flag>,
    #[serde(default)]
    pub(super) one_packet: bool,
    pub(super) persistence: Option<Spanned<Persistence>>,
    pub(super) engine: Option<Spanned<String>>,
    pub(super) proxy_protocol: Option<ProxyVersion>,
    pub(super) toa: Option<Spanned<bool>>,
    #[serde(default)]
    pub(super) rst_on_expire: bool,
    pub(super) check: Option<Some1<Check>>,
    #[serde(default)]
    pub(super) alpha: bool,
    #[serde(default)]
    pub(super) omega: bool,
    pub(super) quorum: Option<Spanned<u32>>,
    pub(super) hysteresis: Option<Spanned<u32>>,
    pub(super) quorum_up: Option<Spanned<Command>>,
    pub(super) quorum_down: Option<Spanned<Command>>,
    pub(super) sorry: Option<Sorry>,
    pub(super) passive: Option<Spanned<Passive>>,
    pub(super) on_failure: Option<Failure>,
    pub(super) slow_start: Option<Span>,
    pub(super) notify_up: Option<Spanned<Command>>,
    pub(super) notify_down: Option<Spanned<Command>>,
    #[serde(default)]
    pub(super) server: Vec<Spanned<Server>>,
}

/// As `ipvsadm -A` without `-s`.
/// The scheduler of a service that names none.
pub(super) const DEFAULT_SCHEDULER: &str = "wlc";

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AddressFamily {
    Ipv4,
    Ipv6,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Flag {
    #[serde(rename = "flag-1", alias = "sh-fallback", alias = "mh-fallback")]
    One,
    #[serde(rename = "flag-2", alias = "sh-port", alias = "mh-port")]
    Two,
    #[serde(rename = "flag-3")]
    Three,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Persistence {
    /// As `ipvsadm -p` alone.
    #[serde(default = "default_persistence")]
    pub(super) timeout: Spanned<u32>,
    pub(super) netmask: Option<Spanned<Ipv4Addr>>,
    pub(super) prefix: Option<Spanned<u32>>,
}

fn default_persistence() -> Spanned<u32> {
    Spanned::new(0..0, 360)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    pub(super) address: Spanned<Address>,
    pub(super) forward: Forward,
    #[serde(default = "default_weight")]
    pub(super) weight: i32,
    #[serde(default)]
    pub(super) upper_threshold: u32,
    #[serde(default)]
    pub(super) lower_threshold: u32,
    pub(super) tunnel: Option<Spanned<Tunnel>>,
    pub(super) check: Option<Some1<Check>>,
    pub(super) on_failure: Option<Failure>,
    pub(super) slow_start: Option<Span>,
    pub(super) notify_up: Option<Spanned<Command>>,
    pub(super) notify_down: Option<Spanned<Command>>,
}

const fn default_weight() -> i32 {
    1
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Forward {
    Masq,
    FullNat,
    Route,
    Tunnel,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tunnel {
    #[serde(default)]
    pub(super) kind: TunnelKind,
    #[serde(default)]
    pub(super) port: u16,
    #[serde(default)]
    pub(super) checksum: TunnelChecksum,
}

/// `10.0.0.1:80`, `[2001:db8::1]:80`, or without a port.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Address {
    pub(super) addr: IpAddr,
    pub(super) port: Option<u16>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no address: write 10.0.0.1:80, [2001:db8::1]:80, or leave the port out")]
pub(super) struct BadAddress(String);

impl TryFrom<String> for Address {
    type Error = BadAddress;

    fn try_from(text: String) -> Result<Self, BadAddress> {
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Ok(Self { addr: socket.ip(), port: Some(socket.port()) });
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&text);
        bare.parse().map(|addr| Self { addr, port: None }).map_err(|_| BadAddress(text))
    }
}
