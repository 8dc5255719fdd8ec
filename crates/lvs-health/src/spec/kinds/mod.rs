//! Kinds of checks: what each asks, and the answer that it expects. One file for each; this one lists them.

mod bfd;
mod dns;
mod file;
mod grpc;
mod http;
mod kind;
mod ping;
mod script;
mod smtp;
mod tcp;
mod udp;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

pub use bfd::BfdSource;
pub use dns::DnsCheck;
pub use file::FileCheck;
pub use grpc::GrpcCheck;
pub use http::{BodyRegex, HttpCheck, HttpUrl, HttpVersion, StatusRange, Tls};
pub use script::ScriptCheck;
pub use smtp::SmtpCheck;
pub use udp::{Reply, UdpCheck};

use kind::Kind;
use lvs::service::Endpoint;

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
    const fn kind(&self) -> &dyn Kind {
        match self {
            Self::Tcp => &tcp::TcpCheck,
            Self::Http(http) => http,
            Self::Dns(dns) => dns,
            Self::Udp(udp) => udp,
            Self::Ping => &ping::PingCheck,
            Self::Smtp(smtp) => smtp,
            Self::Grpc(grpc) => grpc,
            Self::Script(script) => script,
            Self::File(file) => file,
            Self::Bfd(source) => source,
        }
    }

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
    pub fn default_port(&self, server: u16) -> u16 {
        if server == 0 { self.kind().usual_port().unwrap_or(0) } else { server }
    }

    /// Whether the port makes a difference to what is asked.
    pub fn asks_a_port(&self) -> bool {
        self.kind().asks_a_port()
    }

    /// Names what is asked at that end, for people.
    pub fn asked(&self, at: Endpoint) -> String {
        self.kind().asked(at)
    }
}
