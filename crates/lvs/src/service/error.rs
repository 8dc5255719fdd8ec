//! Why a change to the tables was refused, with the errno that the kernel would answer.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Endpoint, ServiceKey};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CommandError {
    #[error("virtual service {0} already exists")]
    ServiceExists(ServiceKey),
    #[error("no virtual service {0}")]
    NoSuchService(ServiceKey),
    #[error("no scheduler called {0:?}")]
    NoSuchScheduler(String),
    #[error("no persistence engine called {0:?}")]
    NoSuchEngine(String),
    #[error("real server {server} already belongs to {service}")]
    ServerExists { service: ServiceKey, server: Endpoint },
    #[error("no real server {server} in {service}")]
    NoSuchServer { service: ServiceKey, server: Endpoint },
    #[error("weight {0} is negative")]
    NegativeWeight(i32),
    #[error("lower threshold {lower} is above the upper threshold {upper}")]
    ThresholdsCrossed { lower: u32, upper: u32 },
    #[error("upper threshold {0} is above 2147483647")]
    ThresholdTooHigh(u32),
    #[error("GUE needs a destination port: give --tun-port")]
    NoTunnelPort,
    #[error("{0} is not a unicast address")]
    NotUnicast(IpAddr),
    #[error("IPv6 prefix length {0} is not in 1..=128")]
    BadPrefix(u32),
    #[error("a server of another address family needs tunneling, and no sync daemon may run")]
    MixedFamily,
    #[error(
        "one-packet scheduling (-o) forgets each datagram, so nothing would lead the answer of a FULLNAT server back"
    )]
    FullNatOnePacket,
    #[error(
        "port {0} is FTP, whose data connections FULLNAT does not follow: use -m, or take the port out of ftp_ports"
    )]
    FullNatFtp(u16),
    #[error(
        "{0} is no TCP service, and only TCP streams can tell a server of the client's address: leave --proxy-protocol and --toa out"
    )]
    #[serde(rename = "HandOnNeedsTcp")]
    ClientAddrNeedsTcp(ServiceKey),
    #[error("a PROXY header is put into streams that are rewritten: {0} needs -m or --fullnat")]
    ProxyNeedsNat(Endpoint),
    #[error("timeouts must be below 2^31 / 1000 seconds")]
    BadTimeout,
    #[error("sync daemon is already running")]
    DaemonRunning,
    #[error("no such sync daemon is running")]
    NoDaemon,
    #[error("no interface called {0:?}")]
    NoSuchInterface(String),
    #[error("a real server answers here, and no director: give the director's with --socket")]
    NoDirector,
    #[error("{0}")]
    BadDaemon(String),
    #[error("{0}")]
    HostCannot(String),
    #[error("{0}")]
    BadAccessFile(String),
    #[error("{0} is no TCP service, and only TCP has SYNs: leave --syn-defence out")]
    SynDefenceNeedsTcp(ServiceKey),
    #[error("no setting called {0:?}")]
    NoSuchSetting(String),
    #[error("{name} cannot be {value:?}: {expected}")]
    BadSetting { name: String, value: String, expected: String },
}

impl CommandError {
    /// Whether it is about something that IPVS does not have, so that no errno tells it.
    pub const fn is_of_ours(&self) -> bool {
        matches!(
            self,
            Self::FullNatOnePacket
                | Self::FullNatFtp(_)
                | Self::ClientAddrNeedsTcp(_)
                | Self::ProxyNeedsNat(_)
                | Self::HostCannot(_)
                | Self::BadAccessFile(_)
                | Self::SynDefenceNeedsTcp(_)
        )
    }

    /// Errno that the kernel's IPVS returns in this case; the classic tool turns it into its message.
    pub const fn errno(&self) -> i32 {
        const ENOENT: i32 = 2;
        const ESRCH: i32 = 3;
        const EEXIST: i32 = 17;
        const ENODEV: i32 = 19;
        const EINVAL: i32 = 22;
        const ERANGE: i32 = 34;
        match self {
            Self::ServiceExists(_) | Self::ServerExists { .. } | Self::DaemonRunning => EEXIST,
            Self::NoSuchService(_) | Self::NoDaemon => ESRCH,
            Self::NoSuchScheduler(_)
            | Self::NoSuchEngine(_)
            | Self::NoSuchServer { .. }
            | Self::NoSuchSetting(_) => ENOENT,
            Self::NegativeWeight(_) | Self::ThresholdsCrossed { .. } => ERANGE,
            Self::NoSuchInterface(_) | Self::NoDirector => ENODEV,
            Self::ThresholdTooHigh(_)
            | Self::NoTunnelPort
            | Self::NotUnicast(_)
            | Self::BadPrefix(_)
            | Self::MixedFamily
            | Self::FullNatOnePacket
            | Self::FullNatFtp(_)
            | Self::ClientAddrNeedsTcp(_)
            | Self::ProxyNeedsNat(_)
            | Self::BadTimeout
            | Self::BadDaemon(_)
            | Self::HostCannot(_)
            | Self::BadAccessFile(_)
            | Self::SynDefenceNeedsTcp(_)
            | Self::BadSetting { .. } => EINVAL,
        }
    }
}
