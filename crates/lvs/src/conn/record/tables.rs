//! Every kind of record, and those beside connections: a resting port, what a service and a server have carried, what is
//! known of a way, what a scheduler remembers, a piece of a packet.

use std::net::IpAddr;

use super::bytes::{
    Source, put_addr, put_end, put_option, put_service, put_stats, put_time, put_u32, put_u64,
};
use super::decode;
use super::encode::{put_connection, put_path};
use super::frame::{Frame, put_framed};
use super::{ConnRecord, Damage};
use crate::conn::{HeldPort, LastSegment, PortPoolKey, Rest};
use crate::service::{Endpoint, SchedulerCursor, ServiceKey, Stats};
use crate::time::Time;

const CONNECTION: u8 = 1;
const PORT: u8 = 2;
const SERVER: u8 = 3;
const SERVICE: u8 = 4;
const TOTALS: u8 = 5;
const PATH: u8 = 6;
const GONE: u8 = 7;
const ADDED: u8 = 8;
const RATES: u8 = 9;
const LOCALITY: u8 = 10;
const PIECE: u8 = 11;
const ENDED: u8 = 64;
const HEARSAY: u8 = 65;
const END: u8 = 255;

/// One record.
#[derive(Clone, Debug)]
pub enum Record {
    Connection(Box<ConnRecord>),
    Port(PortRecord),
    Server(ServerRecord),
    Service(ServiceRecord),
    /// Counters of all services together.
    Totals(Stats),
    Path(PathRecord),
    /// No connection is in that place any more.
    Gone(u32),
    /// Connections that were added since the copy began, wrapping around.
    Added(u32),
    Rates(RatesRecord),
    Locality(LocalityRecord),
    Piece(Box<PieceRecord>),
    /// A connection has ended before its time. Between directors only.
    Ended(EndedRecord),
    /// A connection that the director knows of another one alone. Between directors only.
    Hearsay(Box<ConnRecord>),
    /// So many records come before it.
    End(u64),
}

/// The ends of a connection that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedRecord {
    pub protocol: u8,
    pub client: Endpoint,
    pub virt: Endpoint,
}

/// A local port without a connection that rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRecord {
    pub pair: PortPoolKey,
    pub port: u16,
    pub rest: Rest,
}

impl PortRecord {
    pub const fn held(&self) -> HeldPort {
        HeldPort { pair: self.pair, port: self.port, rest: Some(self.rest) }
    }
}

/// Traffic of a server, and how it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerRecord {
    pub service: ServiceKey,
    pub end: Endpoint,
    pub stats: Stats,
    pub answered: u32,
    pub refused: u32,
    pub overloads: u32,
    pub is_overloaded: bool,
}

/// Traffic of a service, and the place of its scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceRecord {
    pub service: ServiceKey,
    pub stats: Stats,
    pub cursor: Option<SchedulerCursor>,
}

/// A way that is known to be narrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathRecord {
    pub addr: IpAddr,
    pub mtu: u32,
    pub until: Time,
}

/// How fast a server, a service, or all of them count: the estimator's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatesRecord {
    /// None: all services.
    pub service: Option<ServiceKey>,
    /// None: the service itself.
    pub server: Option<Endpoint>,
    pub numbers: [u64; 5],
}

/// Servers that a scheduler remembers of a virtual address, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalityRecord {
    pub service: ServiceKey,
    pub addr: IpAddr,
    pub servers: Vec<Endpoint>,
    pub last_use: Time,
    pub changed: Time,
}

/// A piece of a packet whose rest is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceRecord {
    pub src: IpAddr,
    pub dst: IpAddr,
    pub id: u32,
    pub protocol: u8,
    pub expires_at: Time,
    /// Length of the longest piece of that packet so far.
    pub longest: u32,
    /// Headers, in the first piece.
    pub head: Option<Vec<u8>>,
    /// Place of its bytes in the payload of the packet.
    pub offset: u32,
    pub is_last: bool,
    pub data: Vec<u8>,
}

impl Record {
    /// Appends it. False: it is too long, and left out.
    pub fn put(&self, out: &mut Vec<u8>, now: Time) -> bool {
        match self {
            Self::Connection(conn) => put_framed(out, CONNECTION, |out| put_connection(out, conn, now)),
            Self::Port(port) => put_framed(out, PORT, |out| put_port(out, port, now)),
            Self::Server(server) => put_framed(out, SERVER, |out| put_server(out, server)),
            Self::Service(service) => put_framed(out, SERVICE, |out| put_service_record(out, service)),
            Self::Totals(stats) => put_framed(out, TOTALS, |out| put_stats(out, stats)),
            Self::Path(path) => {
                put_framed(out, PATH, |out| put_path(out, path.addr, path.mtu, path.until, now))
            }
            Self::Gone(place) => put_framed(out, GONE, |out| put_u32(out, *place)),
            Self::Added(count) => put_framed(out, ADDED, |out| put_u32(out, *count)),
            Self::Rates(rates) => put_framed(out, RATES, |out| put_rates(out, rates)),
            Self::Locality(entry) => put_framed(out, LOCALITY, |out| put_locality(out, entry, now)),
            Self::Piece(piece) => put_framed(out, PIECE, |out| put_piece(out, piece, now)),
            Self::Ended(ended) => put_framed(out, ENDED, |out| {
                out.push(ended.protocol);
                put_end(out, ended.client);
                put_end(out, ended.virt);
            }),
            Self::Hearsay(conn) => put_framed(out, HEARSAY, |out| put_connection(out, conn, now)),
            Self::End(count) => put_framed(out, END, |out| put_u64(out, *count)),
        }
    }

    /// Reads one. None: its kind is not known. The number is that of parts that are not known.
    ///
    /// # Errors
    /// The record says what cannot be.
    pub fn read(frame: Frame<'_>, now: Time) -> Result<Option<(Self, u32)>, Damage> {
        let what = match frame.kind {
            CONNECTION => "a connection",
            PORT => "a resting port",
            SERVER => "the counters of a server",
            SERVICE => "the counters of a service",
            TOTALS => "the counters of all services",
            PATH => "a narrow way",
            GONE => "a place without a connection",
            ADDED => "the number of connections",
            RATES => "rates",
            LOCALITY => "the servers of an address",
            PIECE => "a piece of a packet",
            ENDED => "the end of a connection",
            HEARSAY => "a connection of another director",
            END => "the end of an export",
            _ => return Ok(None),
        };
        let mut source = Source::new(frame.content, what, now);
        let mut unknown = 0;
        let record = match frame.kind {
            CONNECTION => {
                let (conn, parts) = decode::connection(&mut source)?;
                unknown = parts;
                Self::Connection(Box::new(conn))
            }
            HEARSAY => {
                let (conn, parts) = decode::connection(&mut source)?;
                unknown = parts;
                Self::Hearsay(Box::new(conn))
            }
            ENDED => Self::Ended(EndedRecord {
                protocol: source.u8()?,
                client: source.end()?,
                virt: source.end()?,
            }),
            PORT => Self::Port(port(&mut source)?),
            SERVER => Self::Server(server(&mut source)?),
            SERVICE => Self::Service(service(&mut source)?),
            TOTALS => Self::Totals(source.stats()?),
            PATH => {
                Self::Path(PathRecord { addr: source.addr()?, mtu: source.u32()?, until: source.time()? })
            }
            GONE => Self::Gone(source.u32()?),
            ADDED => Self::Added(source.u32()?),
            RATES => Self::Rates(rates(&mut source)?),
            LOCALITY => Self::Locality(locality(&mut source)?),
            PIECE => Self::Piece(Box::new(piece(&mut source)?)),
            _ => Self::End(source.u64()?),
        };
        if source.is_empty() { Ok(Some((record, unknown))) } else { Err(Damage::Longer(what)) }
    }
}

fn put_port(out: &mut Vec<u8>, PortRecord { pair, port, rest }: &PortRecord, now: Time) {
    out.push(pair.protocol);
    put_end(out, Endpoint::new(pair.local, *port));
    put_end(out, pair.peer);
    put_time(out, rest.until, now);
    put_option(out, rest.last_segment, |out, last_segment| {
        put_u32(out, last_segment.sequence);
        put_option(out, last_segment.stamp, put_u32);
    });
}

fn port(source: &mut Source<'_>) -> Result<PortRecord, Damage> {
    let protocol = source.u8()?;
    let (local, peer) = (source.end()?, source.end()?);
    let until = source.time()?;
    let last_segment = source
        .option(|source| Ok(LastSegment { sequence: source.u32()?, stamp: source.option(Source::u32)? }))?;
    let pair = PortPoolKey { protocol, local: local.addr, peer };
    Ok(PortRecord { pair, port: local.port, rest: Rest { until, last_segment } })
}

fn put_server(out: &mut Vec<u8>, server: &ServerRecord) {
    put_service(out, &server.service);
    put_end(out, server.end);
    put_stats(out, &server.stats);
    [server.answered, server.refused, server.overloads].into_iter().for_each(|count| put_u32(out, count));
    out.push(server.is_overloaded.into());
}

fn server(source: &mut Source<'_>) -> Result<ServerRecord, Damage> {
    Ok(ServerRecord {
        service: source.service()?,
        end: source.end()?,
        stats: source.stats()?,
        answered: source.u32()?,
        refused: source.u32()?,
        overloads: source.u32()?,
        is_overloaded: source.bool()?,
    })
}

fn put_service_record(out: &mut Vec<u8>, service: &ServiceRecord) {
    put_service(out, &service.service);
    put_stats(out, &service.stats);
    put_option(out, service.cursor, |out, cursor| {
        put_option(out, cursor.last, put_end);
        put_u64(out, cursor.weight.cast_unsigned());
    });
}

fn service(source: &mut Source<'_>) -> Result<ServiceRecord, Damage> {
    Ok(ServiceRecord {
        service: source.service()?,
        stats: source.stats()?,
        cursor: source.option(|source| {
            let last = source.option(Source::end)?;
            Ok(SchedulerCursor { last, weight: source.u64()?.cast_signed() })
        })?,
    })
}

fn put_rates(out: &mut Vec<u8>, rates: &RatesRecord) {
    put_option(out, rates.service, |out, service| put_service(out, &service));
    put_option(out, rates.server, put_end);
    rates.numbers.into_iter().for_each(|number| put_u64(out, number));
}

fn rates(source: &mut Source<'_>) -> Result<RatesRecord, Damage> {
    let service = source.option(Source::service)?;
    let server = source.option(Source::end)?;
    let mut numbers = [0; 5];
    for number in &mut numbers {
        *number = source.u64()?;
    }
    Ok(RatesRecord { service, server, numbers })
}

fn put_locality(out: &mut Vec<u8>, entry: &LocalityRecord, now: Time) {
    put_service(out, &entry.service);
    put_addr(out, entry.addr);
    put_time(out, entry.last_use, now);
    put_time(out, entry.changed, now);
    entry.servers.iter().for_each(|server| put_end(out, *server));
}

fn locality(source: &mut Source<'_>) -> Result<LocalityRecord, Damage> {
    let (service, addr) = (source.service()?, source.addr()?);
    let (last_use, changed) = (source.time()?, source.time()?);
    let mut servers = Vec::new();
    while !source.is_empty() {
        servers.push(source.end()?);
    }
    Ok(LocalityRecord { service, addr, servers, last_use, changed })
}

fn put_piece(out: &mut Vec<u8>, piece: &PieceRecord, now: Time) {
    put_addr(out, piece.src);
    put_addr(out, piece.dst);
    put_u32(out, piece.id);
    out.push(piece.protocol);
    put_time(out, piece.expires_at, now);
    put_u32(out, piece.longest);
    put_option(out, piece.head.as_deref(), |out, head| {
        put_u32(out, head.len() as u32);
        out.extend_from_slice(head);
    });
    put_u32(out, piece.offset);
    out.push(piece.is_last.into());
    out.extend_from_slice(&piece.data);
}

fn piece(source: &mut Source<'_>) -> Result<PieceRecord, Damage> {
    Ok(PieceRecord {
        src: source.addr()?,
        dst: source.addr()?,
        id: source.u32()?,
        protocol: source.u8()?,
        expires_at: source.time()?,
        longest: source.u32()?,
        head: source.option(|source| {
            let len = source.u32()?;
            source.bytes(len as usize).map(<[u8]>::to_vec)
        })?,
        offset: source.u32()?,
        is_last: source.bool()?,
        data: source.remaining().to_vec(),
    })
}
