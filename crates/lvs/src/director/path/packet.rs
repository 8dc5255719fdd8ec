//! A packet under decision: its buffer, its headers, and what came with it.

use std::cell::Cell;
use std::net::IpAddr;

use super::facts::{Facts, Message, Segment};
use super::icmp_limit::IcmpLimiter;
use crate::conn::{HeldPort, Numbers};
use crate::director::{DropReason, Side, Verdict};
use crate::service::{Endpoint, Protocol};
use crate::time::Time;
use lvs_wire::{
    self, Entry, Headers, IcmpError, Outbox, PacketBuf, ParseError, TcpFlags, Transport, add_hop, icmp, sctp,
};

/// Length of a UDP header.
const UDP_HEADER: usize = 8;

pub(in crate::director) struct Packet<'a> {
    pub(in crate::director) buf: &'a mut PacketBuf,
    pub(in crate::director) headers: Headers,
    pub(in crate::director) side: Side,
    pub(in crate::director) now: Time,
    pub(in crate::director) outbox: &'a mut Outbox,
    /// Limits of the errors that leave.
    pub(in crate::director) limiter: &'a IcmpLimiter,
    /// Length of the pieces that it came in, and leaves in.
    pub(in crate::director) pieces: Option<usize>,
    /// The local port of the connection that has given way to what this packet opens.
    pub(in crate::director) held: Cell<Option<HeldPort>>,
    pub(in crate::director) follower: Option<Follower>,
    /// Entry that the host has written into an option on the way here. It writes again on the way out, unless the packet leaves
    /// past it or inside another.
    pub(in crate::director) entry: Option<Entry>,
}

/// Packet that goes out behind another one by the same connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::director) struct Follower {
    /// Place in the outbox.
    pub(in crate::director) at: usize,
    pub(in crate::director) headers: Headers,
}

/// Side that a packet came by, and when.
#[derive(Clone, Copy, Debug)]
pub(in crate::director) struct Arrival {
    pub(in crate::director) side: Side,
    pub(in crate::director) now: Time,
}

impl<'a> Packet<'a> {
    /// One that came whole and without an entry of the host. Gets back the hop that the host took when it routed it into
    /// the TUN: what follows sees the packet as it came to the host, which takes a hop again on the way out.
    pub(in crate::director) fn new(
        buf: &'a mut PacketBuf,
        mut headers: Headers,
        Arrival { side, now }: Arrival,
        outbox: &'a mut Outbox,
        limiter: &'a IcmpLimiter,
    ) -> Self {
        add_hop(buf.bytes_mut(), &mut headers);
        Self {
            buf,
            headers,
            side,
            now,
            outbox,
            limiter,
            pieces: None,
            entry: None,
            follower: None,
            held: Cell::default(),
        }
    }

    /// Takes in what was written over the packet. False: it is none.
    pub(in crate::director) fn read_again(&mut self) -> bool {
        let Ok(headers) = Headers::parse(self.buf.bytes()) else { return false };
        (self.headers, self.pieces, self.entry) = (headers, None, None);
        true
    }

    pub(in crate::director) fn segment(&self, transport: Transport) -> Option<Segment> {
        let (protocol, src_port, dst_port, flags) = match transport {
            Transport::Tcp { src_port, dst_port, flags } => (Protocol::Tcp, src_port, dst_port, flags),
            Transport::Udp { src_port, dst_port } => (Protocol::Udp, src_port, dst_port, TcpFlags(0)),
            Transport::Sctp { src_port, dst_port } => (Protocol::Sctp, src_port, dst_port, TcpFlags(0)),
            Transport::Icmp { .. } | Transport::Other => return None,
        };
        let from = Endpoint::new(self.headers.src, src_port);
        let to = Endpoint::new(self.headers.dst, dst_port);
        Some(Segment { protocol, from, to, flags })
    }

    /// The transport header and what follows.
    pub(in crate::director) fn payload(&self) -> &[u8] {
        &self.buf.bytes()[self.headers.l4..self.headers.len]
    }

    /// Returns the facts that decisions go by.
    pub(in crate::director) fn facts(&self, segment: Segment) -> Facts<'_> {
        let message = self.message(segment.protocol);
        Facts { segment, mark: self.mark(), now: self.now, is_quoted: false, message }
    }

    /// The same for a packet that this one quotes.
    pub(in crate::director) const fn quoted_facts(&self, segment: Segment) -> Facts<'static> {
        Facts { segment, mark: self.mark(), now: self.now, is_quoted: true, message: Message::None }
    }

    /// The payload of a datagram.
    pub(in crate::director) fn message(&self, protocol: Protocol) -> Message<'_> {
        let is_datagram = protocol == Protocol::Udp && self.headers.protocol == protocol.number();
        let message = if is_datagram { self.payload().get(UDP_HEADER..) } else { None };
        message.map_or(Message::None, Message::Bytes)
    }

    /// Whether the packet begins a connection, whatever there was before (SYN, INIT).
    pub(in crate::director) fn opens(&self, segment: &Segment) -> bool {
        match segment.protocol {
            Protocol::Tcp => segment.flags.has(TcpFlags::SYN),
            Protocol::Sctp => sctp::chunks(self.payload()).next() == Some(sctp::INIT),
            Protocol::Udp => false,
        }
    }

    /// The sequence numbers of a TCP segment.
    pub(in crate::director) fn numbers(&self, segment: &Segment) -> Option<Numbers> {
        let payload = self.payload();
        let word = |at: usize| payload.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        let header = usize::from(*payload.get(12)? >> 4) * 4;
        let data = u32::try_from(payload.len().checked_sub(header)?).ok()?;
        let flags = segment.flags;
        let extra = u32::from(flags.has(TcpFlags::SYN)) + u32::from(flags.has(TcpFlags::FIN));
        let next = word(4)?.wrapping_add(data).wrapping_add(extra);
        let ack = if flags.has(TcpFlags::ACK) { word(8) } else { None };
        Some(Numbers { next, ack })
    }

    pub(in crate::director) const fn mark(&self) -> Option<u32> {
        match self.side {
            Side::Mark(mark) => Some(mark),
            Side::Client | Side::Server => None,
        }
    }

    /// Whether its last hop was the one to this host.
    pub(in crate::director) const fn is_expired(&self) -> bool {
        self.headers.ttl <= 1
    }

    /// Bytes as statistics count them.
    pub(in crate::director) const fn counted_len(&self) -> u64 {
        self.headers.len as u64
    }

    /// Length of the longest packet that this one becomes on the wire.
    pub(in crate::director) fn longest_piece(&self) -> usize {
        if self.buf.offload.gso.is_none() {
            return self.pieces.unwrap_or(self.headers.len);
        }
        lvs_wire::longest_segment(self.buf, &self.headers)
    }

    /// Whether routers on the way may cut it.
    pub(in crate::director) fn may_be_cut(&self) -> bool {
        !self.headers.is_v6() && self.buf.bytes()[6] & 0x40 == 0
    }

    /// Leaves the host's entry in an option where it is, under the address that the packet was sent to.
    pub(in crate::director) fn keep_entry(&mut self, own: IpAddr) {
        if let Some(entry) = self.entry.take() {
            entry.put_back(self.buf, &self.headers, own);
        }
    }

    /// Answers the sender with an error about this packet, from `from`; where none may be sent, the packet is dropped for
    /// what was wrong with it.
    pub(in crate::director) fn answer(&mut self, from: IpAddr, error: IcmpError) -> Verdict {
        match self.complain(from, error) {
            Some(_) => Verdict::Reply,
            None => Verdict::Drop(unanswered(error)),
        }
    }

    /// Sends such an error whatever becomes of the packet. Returns its length; None where no error may be sent.
    pub(in crate::director) fn complain(&mut self, from: IpAddr, error: IcmpError) -> Option<u64> {
        let complaint = icmp::error_about(self.buf.bytes(), &self.headers, from, error)?;
        if !self.limiter.allows(self.headers.src, error, self.now) {
            return None;
        }
        self.outbox.push(&complaint);
        Some(complaint.len() as u64)
    }
}

/// Why a packet is dropped about which this error cannot be sent.
pub(in crate::director) const fn unanswered(error: IcmpError) -> DropReason {
    match error {
        IcmpError::TimeExceeded => DropReason::HopsUsedUp,
        IcmpError::TooBig(_) => DropReason::TooBig,
        IcmpError::PortUnreachable | IcmpError::HostUnreachable | IcmpError::Relayed(..) => {
            DropReason::NoServer
        }
    }
}

impl From<ParseError> for DropReason {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::Truncated => Self::Truncated,
            ParseError::BadVersion => Self::BadVersion,
            ParseError::BadHeaderLength => Self::BadHeaderLength,
            ParseError::BadTotalLength => Self::BadTotalLength,
        }
    }
}
