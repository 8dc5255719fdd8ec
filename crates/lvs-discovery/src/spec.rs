//! Sources of real servers as they are declared, as plain data.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use lvs::service::{Endpoint, Family, Forwarding, ServerSpec, ServiceKey};
use lvs_health::spec::ServerHealth;

/// Servers of a source that are taken at most, where nobody says otherwise.
pub const MAX_SERVERS: usize = 1000;

/// Time that a server has for its connections when it leaves, where nobody says otherwise.
pub const DRAIN: Duration = Duration::from_secs(300);

/// The sources of one virtual service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDiscovery {
    pub service: ServiceKey,
    pub sources: Vec<Source>,
}

/// One of them, and what its servers are to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub feed: Feed,
    /// The Service of Kubernetes; None for other feeds.
    pub object: Option<ObjectName>,
    pub port: Option<Port>,
    pub family: Family,
    pub forwarding: Forwarding,
    /// None: as the source says, else 1.
    pub weight: Option<i32>,
    pub upper_threshold: u32,
    pub lower_threshold: u32,
    /// Node and zone of this director in Kubernetes.
    pub node: Option<String>,
    pub zone: Option<String>,
    /// Checks of each server. The address in it means nothing.
    pub health: ServerHealth,
    /// Time until the rest of the connections of a server that leaves is ended; zero removes it at once.
    pub drain: Duration,
    pub max_servers: usize,
}

impl Source {
    /// A source whose servers are as plain as can be.
    pub fn new(feed: Feed, family: Family, forwarding: Forwarding) -> Self {
        let nowhere = match family {
            Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Self {
            feed,
            object: None,
            port: None,
            family,
            forwarding,
            weight: None,
            upper_threshold: 0,
            lower_threshold: 0,
            node: None,
            zone: None,
            health: ServerHealth::new(Endpoint::new(nowhere, 0)),
            drain: DRAIN,
            max_servers: MAX_SERVERS,
        }
    }

    pub(crate) fn server(&self, server: Endpoint, weight: i32) -> ServerSpec {
        ServerSpec {
            weight,
            upper_threshold: self.upper_threshold,
            lower_threshold: self.lower_threshold,
            ..ServerSpec::new(server.addr, server.port, self.forwarding)
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Some(object) => write!(f, "{} {object}", self.feed),
            None => self.feed.fmt(f),
        }
    }
}

/// Something that is asked or read. Sources that have the same are told by one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feed {
    /// Addresses of a name (A or AAAA).
    Dns(Question),
    /// Hosts, ports and weights of a service (SRV).
    Srv(Question),
    /// A file of Prometheus' `file_sd`, or a directory of them.
    Files(PathBuf),
    /// Objects as kubectl prints them: a file, a directory of files, or a FIFO. A silence of that length is a fault.
    Kubernetes(PathBuf, Option<Duration>),
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(Question { name, .. }) => write!(f, "dns {name}"),
            Self::Srv(Question { name, .. }) => write!(f, "srv {name}"),
            Self::Files(path) => write!(f, "file {}", path.display()),
            Self::Kubernetes(path, _) => write!(f, "kubernetes {}", path.display()),
        }
    }
}

/// A question to name servers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question {
    pub name: String,
    pub family: Family,
    /// Empty: those of `/etc/resolv.conf`.
    pub servers: Vec<SocketAddr>,
    pub pace: Pace,
}

/// How often a name is asked for, and what a name without addresses means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pace {
    /// Bounds of the time that an answer counts for.
    pub min: Duration,
    pub max: Duration,
    /// So long a name is to have no address before that counts.
    pub hold: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let [min, max, hold] = [5, 300, 30].map(Duration::from_secs);
        Self { min, max, hold }
    }
}

impl Pace {
    /// When to ask again after an answer that counts so long.
    pub fn after(&self, ttl: Duration) -> Duration {
        ttl.max(self.min).min(self.max.max(self.min))
    }

    /// When to ask again after so many failures in a row.
    pub fn after_failures(&self, failures: u32) -> Duration {
        self.after(self.min.saturating_mul(1 << failures.saturating_sub(1).min(3)))
    }
}

/// A port by its number or by its name in Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    Number(u16),
    Name(String),
}

/// Namespace and name of an object of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    pub namespace: String,
    pub name: String,
}

impl ObjectName {
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// Reads `namespace/name`; without a namespace it is `default`.
    pub fn parse(text: &str) -> Option<Self> {
        let (namespace, name) = text.split_once('/').unwrap_or(("default", text));
        let is_fine = |part: &str| !part.is_empty() && !part.contains('/');
        (is_fine(namespace) && is_fine(name)).then(|| Self::new(namespace, name))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
