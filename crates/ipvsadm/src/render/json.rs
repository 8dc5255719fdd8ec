//! Listings as JSON, in the schema of `docs/json.md`. Always numeric and exact.
//!
//! The schema is a promise to programs: these types say it, and `tests/cli_beyond.rs` holds them to it.

use std::cell::RefCell;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};

use super::connections::protocol_name;
use crate::matrix::tunnel_name;
use crate::{sched_flags, sort};
use lvs::director::{ConnEntry, DaemonSpec, EngineData, Reply, ServerEntry, ServiceEntry, TimeoutSettings};
use lvs::service::{
    ClientAddrMode, ClientLimit, Family, ProxyVersion, Rates, ServiceSpec, Stats, SynDefence, TunnelChecksum,
    TunnelKind,
};
use lvs_events::json::{End, Selector};

/// Raised with every change that could break a reader. New members do not raise it.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document {
    version: u32,
    #[serde(flatten)]
    content: Content,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Content {
    Services(Vec<Service>),
    Timeouts(TimeoutSettings),
    Daemons(Vec<DaemonSpec>),
}

#[derive(Serialize)]
struct Service {
    #[serde(flatten)]
    selector: Selector,
    scheduler: String,
    scheduler_flags: Vec<String>,
    one_packet: bool,
    persistence: Option<Persistence>,
    engine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy_protocol: Option<ProxyVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    toa: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rst_on_expire: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adopt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    syn_defence: Option<SynDefence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_limit: Option<ClientLimit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deny: Option<String>,
    stats: Stats,
    rates: Rates,
    servers: Vec<Server>,
}

#[derive(Serialize)]
struct Persistence {
    timeout: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    netmask: Option<Ipv4Addr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<u32>,
}

#[derive(Serialize)]
struct Server {
    address: IpAddr,
    port: u16,
    forwarding: String,
    tunnel: Option<Tunnel>,
    weight: i32,
    upper_threshold: u32,
    lower_threshold: u32,
    active_conns: u32,
    inactive_conns: u32,
    persistent_conns: u32,
    stats: Stats,
    rates: Rates,
}

#[derive(Serialize)]
struct Tunnel {
    #[serde(rename = "type")]
    kind: &'static str,
    port: Option<u16>,
    checksum: TunnelChecksum,
}

#[derive(Serialize)]
struct Connection {
    #[serde(flatten)]
    flow: FlowShape,
    engine: Option<EngineShape>,
}

/// The part of a connection that every document has.
#[derive(Serialize)]
pub struct FlowShape {
    protocol: String,
    state: String,
    /// Seconds.
    expires: u64,
    client: End,
    #[serde(rename = "virtual")]
    virt: End,
    real: End,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<End>,
}

/// The data of a persistence engine, as text.
#[derive(Serialize)]
pub struct EngineShape {
    name: String,
    data: String,
}

/// # Errors
/// Nobody takes the text.
pub(crate) fn json(out: &mut dyn Write, reply: Reply, sorted: bool) -> io::Result<()> {
    let content = match reply {
        Reply::Services(mut entries) => {
            if sorted {
                sort::services(&mut entries);
            }
            Content::Services(entries.into_iter().map(|entry| service(entry, sorted)).collect())
        }
        Reply::Timeouts(timeouts) => Content::Timeouts(timeouts),
        Reply::Daemons(daemons) => Content::Daemons(daemons),
        Reply::Info(_) | Reply::Totals { .. } | Reply::Status(_) | Reply::Sysctls(_) => return Ok(()),
    };
    serde_json::to_writer_pretty(&mut *out, &Document { version: VERSION, content })?;
    writeln!(out)
}

/// A document of connections, written as they come.
///
/// # Errors
/// Nobody takes the text. That there are no more entries is the inner result; the document is left open then.
pub(crate) fn connections<E>(
    out: &mut dyn Write,
    entries: impl Iterator<Item = Result<ConnEntry, E>>,
) -> io::Result<Result<(), E>> {
    let list =
        ConnectionList { version: VERSION, connections: StreamedEntries(RefCell::new((entries, None))) };
    let written = serde_json::to_writer_pretty(&mut *out, &list);
    match list.connections.0.into_inner() {
        (_, Some(error)) => Ok(Err(error)),
        (_, None) => {
            written?;
            writeln!(out).map(Ok)
        }
    }
}

#[derive(Serialize)]
struct ConnectionList<C> {
    version: u32,
    connections: C,
}

/// Entries that are still to come, and what ended them.
struct StreamedEntries<I, E>(RefCell<(I, Option<E>)>);

impl<E, I: Iterator<Item = Result<ConnEntry, E>>> Serialize for StreamedEntries<I, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (entries, error) = &mut *self.0.borrow_mut();
        let mut list = serializer.serialize_seq(None)?;
        for entry in entries {
            match entry {
                Ok(entry) => list.serialize_element(&Connection::from(entry))?,
                Err(source) => {
                    *error = Some(source);
                    return Err(S::Error::custom("the list is not whole"));
                }
            }
        }
        list.end()
    }
}

fn service(mut entry: ServiceEntry, sorted: bool) -> Service {
    if sorted {
        sort::servers(&mut entry.servers);
    }
    let spec = entry.spec;
    let flags = sched_flags::text(&spec.scheduler, spec.scheduler_flags);
    Service {
        selector: (&spec.key).into(),
        scheduler_flags: flags.split(',').filter(|flag| !flag.is_empty()).map(str::to_owned).collect(),
        one_packet: spec.one_packet,
        persistence: persistence(&spec),
        scheduler: spec.scheduler,
        engine: spec.engine,
        proxy_protocol: match spec.client_addr_mode {
            Some(ClientAddrMode::Proxy(version)) => Some(version),
            Some(ClientAddrMode::Toa) | None => None,
        },
        toa: (spec.client_addr_mode == Some(ClientAddrMode::Toa)).then_some(true),
        rst_on_expire: spec.rst_on_expire.then_some(true),
        adopt: spec.adopt.then_some(true),
        syn_defence: spec.syn_defence,
        client_limit: spec.client_limit,
        allow: spec.allow,
        deny: spec.deny,
        stats: entry.stats,
        rates: entry.rates,
        servers: entry.servers.into_iter().map(server).collect(),
    }
}

fn persistence(spec: &ServiceSpec) -> Option<Persistence> {
    let persistence = spec.persistence?;
    let (netmask, prefix) = match spec.key.family() {
        Family::V4 => (Some(Ipv4Addr::from(persistence.mask)), None),
        Family::V6 => (None, Some(persistence.mask)),
    };
    Some(Persistence { timeout: persistence.timeout, netmask, prefix })
}

fn server(entry: ServerEntry) -> Server {
    let weight = entry.weight();
    let spec = entry.spec;
    let tunnel = spec.forwarding.tunnel().map(|tunnel| Tunnel {
        kind: tunnel_name(tunnel.kind),
        port: (tunnel.kind == TunnelKind::Gue).then_some(tunnel.port),
        checksum: tunnel.checksum,
    });
    Server {
        address: spec.addr,
        port: spec.port,
        forwarding: spec.forwarding.name().to_lowercase(),
        tunnel,
        weight,
        upper_threshold: spec.upper_threshold,
        lower_threshold: spec.lower_threshold,
        active_conns: entry.active_conns,
        inactive_conns: entry.inactive_conns,
        persistent_conns: entry.persistent_conns,
        stats: entry.stats,
        rates: entry.rates,
    }
}

impl From<ConnEntry> for Connection {
    fn from(mut entry: ConnEntry) -> Self {
        Self { engine: entry.engine.take().map(EngineShape::from), flow: entry.into() }
    }
}

impl From<ConnEntry> for FlowShape {
    fn from(entry: ConnEntry) -> Self {
        Self {
            protocol: protocol_name(entry.protocol).to_lowercase(),
            state: entry.state,
            expires: entry.expires_in_ms / 1000,
            client: entry.client.into(),
            virt: entry.virt.into(),
            real: entry.real.into(),
            local: entry.local.map(End::from),
        }
    }
}

impl From<EngineData> for EngineShape {
    fn from(engine: EngineData) -> Self {
        Self { name: engine.name, data: String::from_utf8_lossy(&engine.data).into_owned() }
    }
}
