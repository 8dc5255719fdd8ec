//! Keys and values of the kernel's maps as bytes, the same that the program reads and writes.

use std::net::IpAddr;

use lvs::fast_path::{Closed, Flow, FlowKey, Moment, Tells, Towards, UNDER_WAY};
use lvs::service::Endpoint;
use lvs_wire::TcpFlags;

/// Protocol family of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V4,
    V6,
}

impl Version {
    pub(super) const ALL: [Self; 2] = [Self::V4, Self::V6];

    pub(super) const fn of(addr: IpAddr) -> Self {
        if addr.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    pub(super) const fn addr_len(self) -> usize {
        match self {
            Self::V4 => 4,
            Self::V6 => 16,
        }
    }

    /// Two addresses and two ports, in the order and form of headers.
    pub(super) const fn ends_len(self) -> usize {
        2 * self.addr_len() + 4
    }

    /// Ends, protocol, and zeroes.
    pub(super) const fn key_len(self) -> usize {
        self.ends_len() + 4
    }

    pub(super) const fn value_len(self) -> usize {
        self.ends_len() + TAIL
    }
}

/// Version of what is said here, and of what the program makes of it. To be changed with either.
pub(super) const LAYOUT: u32 = 1;

/// Fields of a value behind the new ends: words, bytes, then doubles. Times are nanoseconds of the monotonic clock.
pub(super) const LONGEST: usize = 0;
/// Index of the interface that packets seem to come by from there on.
pub(super) const WAY: usize = 4;
/// [`Closed`], or 0.
pub(super) const CLOSED: usize = 8;
pub(super) const GENERATION: usize = 12;
pub(super) const ONLY_WHOLE: usize = 16;
/// Direction, as in [`Towards`].
pub(super) const TOWARDS: usize = 17;
/// The next packet is told of.
pub(super) const FIRST: usize = 18;
/// Packets that end the connection, and the answer to its SYN, are told of and go on.
pub(super) const ENDS: usize = 19;
pub(super) const PACKETS: usize = 20;
pub(super) const BYTES: usize = 28;
/// Time of the last packet; 0 before the first.
pub(super) const SEEN: usize = 36;
/// Number of the connection.
pub(super) const CONN: usize = 44;
/// Packets go by the flow once all have gone on that were in a queue of the director before; 0: they do.
pub(super) const WAITS: usize = 52;
/// Time after which packets go by it in any case.
pub(super) const WAITS_END: usize = 60;
const TAIL: usize = 68;

/// Value that says which flows hold, and what has gone on.
pub(super) const SWITCH: usize = 32;
/// Fields of it: a word each, then times.
pub(super) const HOLDING: usize = 0;
pub(super) const LAYOUT_AT: usize = 4;
/// Flows hold until then; [`u64::MAX`]: for as long as the program is there.
pub(super) const LEASE: usize = 8;
/// All packets towards servers that were in a queue before have gone on; then those towards clients.
pub(super) const GONE: [usize; 2] = [16, 24];

/// Length of a record about a packet: the connection's number, the time as above, flags of TCP in a word, the direction.
pub(super) const STEP: usize = 24;

fn put_ends(out: &mut Vec<u8>, source: Endpoint, destination: Endpoint) {
    for addr in [source.addr, destination.addr] {
        match addr {
            IpAddr::V4(addr) => out.extend(addr.octets()),
            IpAddr::V6(addr) => out.extend(addr.octets()),
        }
    }
    out.extend(source.port.to_be_bytes());
    out.extend(destination.port.to_be_bytes());
}

pub(super) fn key_bytes(key: &FlowKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(Version::V6.key_len());
    put_ends(&mut bytes, key.from, key.to);
    bytes.extend([key.protocol, 0, 0, 0]);
    bytes
}

/// The key that has these bytes; None of another length.
pub(super) fn key_of(version: Version, bytes: &[u8]) -> Option<FlowKey> {
    let addr = |at: usize| -> Option<IpAddr> {
        let octets = bytes.get(at..at + version.addr_len())?;
        Some(match version {
            Version::V4 => <[u8; 4]>::try_from(octets).ok()?.into(),
            Version::V6 => <[u8; 16]>::try_from(octets).ok()?.into(),
        })
    };
    let ports = version.ends_len() - 4;
    let port = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    Some(FlowKey {
        protocol: *bytes.get(version.ends_len())?,
        from: Endpoint::new(addr(0)?, port(ports)?),
        to: Endpoint::new(addr(version.addr_len())?, port(ports + 2)?),
    })
}

/// A value without any use so far, of a flow that comes in at `now`.
pub(super) fn value_bytes(flow: &Flow, way: u32, generation: u32, now: Moment) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(Version::V6.value_len());
    put_ends(&mut bytes, flow.source, flow.destination);
    for word in [flow.longest, way, 0, generation] {
        bytes.extend(word.to_ne_bytes());
    }
    let Tells { conn, first, ends } = flow.tells.unwrap_or(Tells { conn: 0, first: false, ends: false });
    bytes.extend([u8::from(flow.only_whole), flow.towards as u8, u8::from(first), u8::from(ends)]);
    let waits = flow.waits.map_or([Moment(0); 2], |most| [now.after(UNDER_WAY), now.after(most)]);
    for double in [0, 0, 0, conn, waits[0].0, waits[1].0] {
        bytes.extend(double.to_ne_bytes());
    }
    bytes
}

/// A record about a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StepRecord {
    pub(super) conn: u64,
    /// Of the monotonic clock.
    pub(super) nanos: u64,
    pub(super) flags: TcpFlags,
    pub(super) towards: Towards,
}

pub(super) fn step_of(record: [u8; STEP]) -> StepRecord {
    let double = |at: usize| u64::from_ne_bytes(std::array::from_fn(|byte| record[at + byte]));
    let words = double(16).to_ne_bytes();
    let word = |at: usize| u32::from_ne_bytes(std::array::from_fn(|byte| words[at + byte]));
    let towards = if word(4) == Towards::Server as u32 { Towards::Server } else { Towards::Client };
    StepRecord { conn: double(0), nanos: double(8), flags: TcpFlags(word(0) as u8), towards }
}

/// Use of a flow, as its value says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) seen: u64,
    pub(super) closed: Option<Closed>,
}

/// Reads a value; None of another length.
pub(super) fn used(version: Version, value: &[u8]) -> Option<Used> {
    let tail = value.get(version.ends_len()..)?;
    let double = |at: usize| Some(u64::from_ne_bytes(tail.get(at..at + 8)?.try_into().ok()?));
    let closed = Closed::from_repr(u32::from_ne_bytes(tail.get(CLOSED..CLOSED + 4)?.try_into().ok()?));
    Some(Used { packets: double(PACKETS)?, bytes: double(BYTES)?, seen: double(SEEN)?, closed })
}
