//! ICMP and ICMPv6 errors: which of them quote a packet, and how to make one.

use std::net::IpAddr;

use pnet_packet::icmp::{IcmpCode, IcmpType, MutableIcmpPacket};
use pnet_packet::icmpv6::{Icmpv6Code, Icmpv6Type, MutableIcmpv6Packet};
use pnet_packet::ip::IpNextHeaderProtocols;
use pnet_packet::ipv4::MutableIpv4Packet;
use pnet_packet::ipv6::MutableIpv6Packet;

use super::header::protocol;
use super::{End, Headers, checksum};

/// Hops that a packet made here starts with: the host takes one when it routes it out of the TUN, so that 64 are
/// left on the wire.
const START_TTL: u8 = 65;

/// IPv4 errors are at most this long (RFC 1812 4.3.2.3), IPv6 errors fit the minimum MTU (RFC 4443 2.4c).
const MAX_V4_ERROR: usize = 576;
const MAX_V6_ERROR: usize = 1280;

const INTERNET_CONTROL: u8 = 0xc0;
const TOS_MASK: u8 = 0x1e;

/// A message of ICMP echo, and its identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    Request(u16),
    Reply(u16),
}

/// Offset of the identifier in the message.
pub const ECHO_ID: usize = 4;

impl Echo {
    /// None when the packet, of which at least this much has to be there, is none.
    pub fn of(headers: &Headers, bytes: &[u8]) -> Option<Self> {
        let number = if headers.is_v6() { protocol::ICMPV6 } else { protocol::ICMP };
        if headers.protocol != number || headers.is_later_fragment() {
            return None;
        }
        let message = bytes.get(headers.l4..headers.l4 + ECHO_ID + 2)?;
        let id = u16::from_be_bytes([message[ECHO_ID], message[ECHO_ID + 1]]);
        match (message[0], headers.is_v6()) {
            (8, false) | (128, true) => Some(Self::Request(id)),
            (0, false) | (129, true) => Some(Self::Reply(id)),
            _ => None,
        }
    }

    /// The end whose port the identifier is.
    pub const fn end(self) -> End {
        match self {
            Self::Request(_) => End::Source,
            Self::Reply(_) => End::Destination,
        }
    }
}

/// Complaint about a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpError {
    PortUnreachable,
    HostUnreachable,
    TimeExceeded,
    /// The packet may not be cut and is longer than this.
    TooBig(u32),
    /// As somebody else on the way said it.
    Relayed(IcmpHead),
}

/// Beginning of a message, without its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpHead {
    pub kind: u8,
    pub code: u8,
    /// The second word.
    pub rest: u32,
}

impl IcmpError {
    /// Beginning of the message.
    pub const fn head(self, is_v6: bool) -> IcmpHead {
        let (kind, code, rest) = match (self, is_v6) {
            (Self::PortUnreachable, false) => (3, 3, 0),
            (Self::HostUnreachable, false) => (3, 1, 0),
            (Self::TimeExceeded, false) => (11, 0, 0),
            (Self::TooBig(mtu), false) => (3, 4, mtu & 0xffff),
            (Self::PortUnreachable, true) => (1, 4, 0),
            (Self::HostUnreachable, true) => (1, 3, 0),
            (Self::TimeExceeded, true) => (3, 0, 0),
            (Self::TooBig(mtu), true) => (2, 0, mtu),
            (Self::Relayed(head), _) => return head,
        };
        IcmpHead { kind, code, rest }
    }
}

/// Whether a message of this type is an error that IPVS relates to a connection.
pub const fn is_related_error(kind: u8, is_v6: bool) -> bool {
    if is_v6 { kind < 128 } else { matches!(kind, 3 | 4 | 11) }
}

/// The error about `packet`, of which more may be missing than is there, that `from` sends to its source. None when no error may be sent about it: it is an
/// error itself, a later fragment, or has no single sender (RFC 1122 3.2.2, RFC 4443 2.4e).
pub fn error_about(packet: &[u8], headers: &Headers, from: IpAddr, error: IcmpError) -> Option<Vec<u8>> {
    let is_v6 = headers.is_v6();
    let is_icmp = headers.protocol == if is_v6 { protocol::ICMPV6 } else { protocol::ICMP };
    let is_error = is_icmp && packet.get(headers.l4).is_some_and(|kind| is_any_error(*kind, is_v6));
    let has_sender = !headers.src.is_unspecified() && !headers.src.is_multicast();
    if is_error || headers.is_later_fragment() || !has_sender || headers.dst.is_multicast() {
        return None;
    }
    let IcmpHead { kind, code, rest } = error.head(is_v6);
    match (from, headers.src) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let quote = &packet[..packet.len().min(MAX_V4_ERROR - 28)];
            let mut bytes = vec![0; 28 + quote.len()];
            let len = bytes.len() as u16;
            let mut ip = MutableIpv4Packet::new(&mut bytes)?;
            ip.set_version(4);
            ip.set_header_length(5);
            ip.set_dscp(((packet[1] & TOS_MASK) | INTERNET_CONTROL) >> 2);
            ip.set_total_length(len);
            ip.set_ttl(START_TTL);
            ip.set_next_level_protocol(IpNextHeaderProtocols::Icmp);
            ip.set_source(from);
            ip.set_destination(to);
            ip.set_checksum(pnet_packet::ipv4::checksum(&ip.to_immutable()));
            let mut icmp = MutableIcmpPacket::new(&mut bytes[20..])?;
            icmp.set_icmp_type(IcmpType::new(kind));
            icmp.set_icmp_code(IcmpCode::new(code));
            bytes[24..28].copy_from_slice(&rest.to_be_bytes());
            bytes[28..].copy_from_slice(quote);
            let sum = checksum::plain(&bytes[20..]);
            bytes[22..24].copy_from_slice(&sum.to_be_bytes());
            Some(bytes)
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let quote = &packet[..packet.len().min(MAX_V6_ERROR - 48)];
            let mut bytes = vec![0; 48 + quote.len()];
            let len = (bytes.len() - 40) as u16;
            let mut ip = MutableIpv6Packet::new(&mut bytes)?;
            ip.set_version(6);
            ip.set_payload_length(len);
            ip.set_next_header(IpNextHeaderProtocols::Icmpv6);
            ip.set_hop_limit(START_TTL);
            ip.set_source(from);
            ip.set_destination(to);
            let mut icmp = MutableIcmpv6Packet::new(&mut bytes[40..])?;
            icmp.set_icmpv6_type(Icmpv6Type::new(kind));
            icmp.set_icmpv6_code(Icmpv6Code::new(code));
            bytes[44..48].copy_from_slice(&rest.to_be_bytes());
            bytes[48..].copy_from_slice(quote);
            let sum = checksum::transport(from.into(), to.into(), protocol::ICMPV6, &bytes[40..]);
            bytes[42..44].copy_from_slice(&sum.to_be_bytes());
            Some(bytes)
        }
        _ => None,
    }
}

const fn is_any_error(kind: u8, is_v6: bool) -> bool {
    if is_v6 { kind < 128 } else { matches!(kind, 3 | 4 | 5 | 11 | 12) }
}

/// Ports of a quoted packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub src: u16,
    pub dst: u16,
}

impl Headers {
    /// The ports of a quoted packet, of which often only the first eight bytes are there. Of ICMP echo the asker's is
    /// the identifier, and the other one is 0.
    pub fn quoted_ports(&self, bytes: &[u8]) -> Option<Ports> {
        if let Some(echo) = Echo::of(self, bytes) {
            return Some(match echo {
                Echo::Request(id) => Ports { src: id, dst: 0 },
                Echo::Reply(id) => Ports { src: 0, dst: id },
            });
        }
        let has_ports = matches!(self.protocol, protocol::TCP | protocol::UDP | protocol::SCTP);
        if !has_ports || self.is_later_fragment() {
            return None;
        }
        let ports = bytes.get(self.l4..self.l4 + 4)?;
        let word = |at: usize| u16::from_be_bytes([ports[at], ports[at + 1]]);
        Some(Ports { src: word(0), dst: word(2) })
    }
}
