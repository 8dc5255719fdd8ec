//! From what a source says to the servers that a service can have: ports, weights, and what is left out, with reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::found::{Content, Found, Stage};
use crate::kubernetes::{SelectError, Want};
use crate::spec::{ObjectName, Port, Source};
use lvs::service::{Endpoint, Family, Forwarding, ServiceKey};

/// Servers that a service can have of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    pub servers: BTreeMap<Endpoint, Picked>,
    /// Why others were left out, and how many.
    pub left_out: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Picked {
    pub stage: Stage,
    pub weight: i32,
}

/// Why a server cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    Loopback,
    NotUnicast,
    Virtual,
    OtherFamily,
    OtherPort,
    TooMany,
}

impl Reason {
    const fn text(self) -> &'static str {
        match self {
            Self::Loopback => "addresses of the loopback",
            Self::NotUnicast => "addresses that no server can have",
            Self::Virtual => "virtual addresses of this director",
            Self::OtherFamily => "addresses of another family",
            Self::OtherPort => "servers with another port, which only masq and fullnat can reach",
            Self::TooMany => "servers above max_servers",
        }
    }
}

/// The servers of a service by what a source says. `vips`: virtual addresses, none of which is a server.
///
/// # Errors
/// The source does not say what it is asked for.
pub fn select(
    source: &Source,
    key: &ServiceKey,
    content: &Content,
    vips: &BTreeSet<IpAddr>,
) -> Result<Selected, SelectError> {
    let of_cluster;
    let found = match content {
        Content::Servers(found) => found,
        Content::Cluster(cluster) => {
            let none = ObjectName::new("", "");
            let object = source.object.as_ref().unwrap_or(&none);
            let (node, zone) = (source.node.as_deref(), source.zone.as_deref());
            let want = Want { object, key, port: source.port.as_ref(), family: source.family, node, zone };
            of_cluster = cluster.servers(&want)?;
            &of_cluster
        }
    };
    let mut selected = Selected::default();
    let mut left_out: BTreeMap<Reason, usize> = BTreeMap::new();
    for server in found {
        match place(source, key, server, vips) {
            Ok(end) => {
                let picked = picked(source, server);
                // Of what is told twice the better counts, in whatever order it comes.
                let known = selected.servers.entry(end).or_insert(picked);
                *known = picked.max(*known);
            }
            Err(reason) => *left_out.entry(reason).or_default() += 1,
        }
    }
    // The same ones on every director.
    let surplus: Vec<Endpoint> = selected.servers.keys().skip(source.max_servers).copied().collect();
    if !surplus.is_empty() {
        left_out.insert(Reason::TooMany, surplus.len());
    }
    for end in surplus {
        selected.servers.remove(&end);
    }
    selected.left_out =
        left_out.into_iter().map(|(reason, count)| format!("{count} {}", reason.text())).collect();
    Ok(selected)
}

fn picked(source: &Source, server: &Found) -> Picked {
    let weight = match server.stage {
        Stage::Unready => 0,
        Stage::Serving | Stage::Draining => source.weight.or(server.weight).unwrap_or(1),
    };
    Picked { stage: server.stage, weight }
}

fn place(
    source: &Source,
    key: &ServiceKey,
    server: &Found,
    vips: &BTreeSet<IpAddr>,
) -> Result<Endpoint, Reason> {
    let addr = server.addr;
    check_address(addr)?;
    if vips.contains(&addr) {
        return Err(Reason::Virtual);
    }
    if Family::of(&addr) != source.family {
        return Err(Reason::OtherFamily);
    }
    let port = match source.port {
        Some(Port::Number(number)) => Some(number),
        Some(Port::Name(_)) | None => server.port,
    };
    // Whoever has no port to tell of, says 0 in SRV records.
    let port = port.filter(|port| *port != 0).unwrap_or_else(|| key.port());
    let changes_port = matches!(source.forwarding, Forwarding::Masq | Forwarding::FullNat);
    if !changes_port && !key.is_mark() && port != key.port() {
        return Err(Reason::OtherPort);
    }
    Ok(Endpoint::new(addr, port))
}

fn check_address(addr: IpAddr) -> Result<(), Reason> {
    let is_broadcast = matches!(addr, IpAddr::V4(addr) if addr.is_broadcast() || addr.octets()[0] == 0);
    let is_mapped = matches!(addr, IpAddr::V6(addr) if addr.to_ipv4_mapped().is_some());
    match addr {
        _ if addr.is_loopback() => Err(Reason::Loopback),
        _ if addr.is_unspecified() || addr.is_multicast() || is_broadcast || is_mapped => {
            Err(Reason::NotUnicast)
        }
        _ => Ok(()),
    }
}
