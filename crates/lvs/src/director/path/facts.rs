//! Facts of a packet, as data: its segment, and all that a decision goes by.

use crate::service::{Endpoint, Protocol};
use crate::time::Time;
use lvs_wire::TcpFlags;

/// The transport header of a packet that can belong to a connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::director) struct Segment {
    pub(in crate::director) protocol: Protocol,
    pub(in crate::director) from: Endpoint,
    pub(in crate::director) to: Endpoint,
    /// Of TCP; 0 otherwise.
    pub(in crate::director) flags: TcpFlags,
}

/// Facts of a packet that a decision goes by.
#[derive(Clone, Copy, Debug)]
pub(in crate::director) struct Facts<'p> {
    pub(in crate::director) segment: Segment,
    pub(in crate::director) mark: Option<u32>,
    pub(in crate::director) now: Time,
    /// The packet is only quoted, by an ICMP error.
    pub(in crate::director) is_quoted: bool,
    pub(in crate::director) message: Message<'p>,
}

/// Payload of a datagram, for persistence engines.
#[derive(Clone, Copy, Debug)]
pub(in crate::director) enum Message<'p> {
    /// Nobody has seen the packet.
    Unknown,
    None,
    Bytes(&'p [u8]),
}
