//! A check: its kind, its target and its times.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::http::HttpCheck;
use super::kinds::{BfdSource, DnsCheck, FileCheck, GrpcCheck, ScriptCheck, SmtpCheck, UdpCheck};
use lvs::service::{Endpoint, Forwarding, ServiceKey};

/// One check: what is asked, where, and when.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Check {
    pub kind: CheckKind,
    pub target: Target,
    pub schedule: Schedule,
    /// The check begins as failed, whatever the service says of its servers.
    pub alpha: bool,
    /// Tell the log of every failed attempt, not only of changes.
    pub log_all_failures: bool,
}

impl Check {
    /// A check of the server's own address, with the usual times.
    pub fn new(kind: CheckKind) -> Self {
        Self {
            kind,
            target: Target::default(),
            schedule: Schedule::default(),
            alpha: false,
            log_all_failures: false,
        }
    }
}

impl Check {
    /// Returns the end that is asked: the server, or the virtual address by way of it.
    pub fn goes_to(&self, service: &ServiceKey, server: Endpoint) -> Endpoint {
        let asked = match *service {
            ServiceKey::Address { addr, port, .. } if self.target.via_server.is_some() => {
                Endpoint::new(addr, port)
            }
            _ => server,
        };
        Endpoint::new(
            self.target.connect_ip.unwrap_or(asked.addr),
            self.target.connect_port.unwrap_or_else(|| self.kind.default_port(asked.port)),
        )
    }
}

/// When a check runs and how many results make a change.
///
/// A round is one attempt and, as long as they fail, up to `retry` more. A server that is down is not tried again
/// within a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Schedule {
    /// From the start of a round to the start of the next (`delay_loop`).
    pub interval: Duration,
    /// Percent of the interval by which rounds vary at random, to both sides.
    pub jitter: u8,
    /// Time that one attempt has in all, connecting included (`connect_timeout`, `misc_timeout`).
    pub timeout: Duration,
    pub retry: u32,
    pub delay_before_retry: Duration,
    /// Good rounds in a row until it is up.
    pub rise: u32,
    /// Failed rounds in a row until it is down.
    pub fall: u32,
    /// The first round comes after a random part of this; None spreads over one interval.
    pub warmup: Option<Duration>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(2),
            jitter: 10,
            timeout: Duration::from_secs(2),
            retry: 0,
            delay_before_retry: Duration::from_secs(1),
            rise: 2,
            fall: 3,
            warmup: None,
        }
    }
}

impl Schedule {
    /// The schedule of keepalived where its file says nothing. `HTTP_GET` and `SSL_GET` set `retry` to 3.
    pub const KEEPALIVED: Self = Self {
        interval: Duration::from_secs(60),
        jitter: 0,
        timeout: Duration::from_secs(5),
        retry: 1,
        delay_before_retry: Duration::from_secs(1),
        rise: 1,
        fall: 1,
        warmup: None,
    };
}

/// Target of a check. The server's own address and port stand for what is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    pub connect_ip: Option<IpAddr>,
    pub connect_port: Option<u16>,
    /// Address, port and interface that it leaves from.
    pub bind_ip: Option<IpAddr>,
    pub bind_port: Option<u16>,
    pub bind_interface: Option<String>,
    /// Mark of its packets (`SO_MARK`).
    pub fwmark: Option<u32>,
    /// The virtual address is asked, and the director leads the packets to the server in this way.
    pub via_server: Option<Forwarding>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// A connection can be opened.
    Tcp,
    Http(HttpCheck),
    Dns(DnsCheck),
    Udp(UdpCheck),
    /// An ICMP echo is answered.
    Ping,
    Smtp(SmtpCheck),
    Grpc(GrpcCheck),
    Script(ScriptCheck),
    File(FileCheck),
    /// A session of a BFD daemon on this host with `connect_ip`, or the server's address, from `bind_ip`, is up.
    Bfd(BfdSource),
}

/// Types of checks, as files and listings name them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum CheckType {
    #[default]
    Tcp,
    Http,
    Https,
    Dns,
    Udp,
    Ping,
    Smtp,
    Grpc,
    Grpcs,
    Script,
    File,
    Bfd,
}

impl CheckKind {
    pub const fn check_type(&self) -> CheckType {
        match self {
            Self::Tcp => CheckType::Tcp,
            Self::Http(http) if http.tls.is_some() => CheckType::Https,
            Self::Http(_) => CheckType::Http,
            Self::Dns(_) => CheckType::Dns,
            Self::Udp(_) => CheckType::Udp,
            Self::Ping => CheckType::Ping,
            Self::Smtp(_) => CheckType::Smtp,
            Self::Grpc(grpc) if grpc.tls.is_some() => CheckType::Grpcs,
            Self::Grpc(_) => CheckType::Grpc,
            Self::Script(_) => CheckType::Script,
            Self::File(_) => CheckType::File,
            Self::Bfd(_) => CheckType::Bfd,
        }
    }

    /// As listings print it.
    pub fn name(&self) -> &'static str {
        self.check_type().into()
    }

    /// Port that is asked when the target names none.
    pub const fn default_port(&self, server: u16) -> u16 {
        match (self, server) {
            (Self::Dns(_), 0) => 53,
            (Self::Smtp(_), 0) => 25,
            (Self::Http(HttpCheck { tls: Some(_), .. }), 0) => 443,
            (Self::Http(_), 0) => 80,
            (_, port) => port,
        }
    }
}
