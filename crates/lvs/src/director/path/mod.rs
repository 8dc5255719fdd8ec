//! The path of a packet: parse, defragment, classify, look up, decide, schedule, track, transmit.
//!
//! Called for every packet, with the tables shared; takes no lock for longer than one table access and allocates nothing for a
//! packet of a known connection. Same job as `ip_vs_core.c`.

pub(in crate::director) mod access;
pub(in crate::director) mod client_addr;
pub(in crate::director) mod decide;
pub(in crate::director) mod draw;
pub(in crate::director) mod engine;
pub(in crate::director) mod facts;
pub(in crate::director) mod ftp;
pub(in crate::director) mod fullnat;
pub(in crate::director) mod hooks;
pub(in crate::director) mod icmp_limit;
pub(in crate::director) mod ipsec;
pub(in crate::director) mod local_addrs;
pub(in crate::director) mod lookup;
pub(in crate::director) mod masquerade;
pub(in crate::director) mod masqueraded_nets;
pub(in crate::director) mod mtu;
pub(in crate::director) mod outer;
pub(in crate::director) mod packet;
pub(in crate::director) mod path_mtus;
pub(in crate::director) mod related;
pub(in crate::director) mod schedule;
pub(in crate::director) mod segment;
pub(in crate::director) mod steps;
pub(in crate::director) mod syn_counts;
pub(in crate::director) mod syn_proxy;
pub(in crate::director) mod template_key;
pub(in crate::director) mod track;
pub(in crate::director) mod transmit;

use crate::defragment::{Reassembly, gather, refragment};
use crate::director::{Director, DropReason, Side, Verdict};
use crate::time::Time;
use lvs_wire::{Fragment, Headers, Outbox, PacketBuf, ParseError, Transport, protocol, take_entry};
use packet::{Arrival, Packet};

impl Director {
    /// Decides on one packet, and rewrites it in place. Takes no lock for longer than one table access; never
    /// allocates for a packet of a known connection.
    pub fn process(&self, packet: &mut PacketBuf, side: Side, now: Time, outbox: &mut Outbox) -> Verdict {
        self.follow_steps();
        let verdict = self.process_after_steps(packet, side, now, outbox);
        self.take_early(now);
        verdict
    }

    fn process_after_steps(
        &self,
        packet: &mut PacketBuf,
        side: Side,
        now: Time,
        outbox: &mut Outbox,
    ) -> Verdict {
        let headers = match Headers::parse(packet.bytes()) {
            Ok(headers) => headers,
            Err(error) => return Verdict::Drop(error.into()),
        };
        let arrival = Arrival { side, now };
        match headers.fragment {
            Some(fragment) if self.is_directing(headers.is_v6()) => {
                self.process_fragment(packet, &headers, fragment, arrival, outbox)
            }
            _ => self.process_whole(packet, headers, None, arrival, outbox),
        }
    }

    /// Puts fragments together first; the whole packet leaves as it came, in pieces of the same length where they fit the
    /// way. All but the first lie in the outbox, and go the same way.
    fn process_fragment(
        &self,
        packet: &mut PacketBuf,
        headers: &Headers,
        fragment: Fragment,
        arrival: Arrival,
        outbox: &mut Outbox,
    ) -> Verdict {
        if is_headless(packet, headers, fragment) {
            return Verdict::Drop(DropReason::BadFragment);
        }
        let joined = self.fragments.add(packet, headers, fragment, arrival.now);
        let (longest, payloads) = match joined {
            Reassembly::Waiting => return Verdict::Hold,
            Reassembly::Refused(reason) => return Verdict::Drop(reason),
            Reassembly::Whole { longest, payloads } => (longest, payloads),
        };
        let whole = match Headers::parse(packet.bytes()) {
            Ok(headers) => headers,
            Err(error) => return Verdict::Drop(error.into()),
        };
        let verdict = self.process_whole(packet, whole, Some(longest), arrival, outbox);
        let to = match verdict {
            Verdict::Route(neighbour) => neighbour,
            Verdict::Forward | Verdict::Pass => match Headers::parse(packet.bytes()) {
                Ok(headers) => headers.dst,
                Err(error) => return Verdict::Drop(error.into()),
            },
            Verdict::Split | Verdict::Hold | Verdict::Reply | Verdict::Refuse(_) | Verdict::Drop(_) => {
                return verdict;
            }
        };
        let mtu = usize::try_from(self.routes.mtu_to(to)).unwrap_or(usize::MAX);
        let id = self.fragment_id(packet, headers, fragment.id);
        if to.is_ipv6() != headers.is_v6() {
            // A tunnel of the other family does not know how long the pieces were.
            refragment(packet, mtu, &[], id, outbox);
            return verdict;
        }
        let is_for_host = arrival.side != Side::Server && !headers.is_v6();
        let payloads = if is_for_host { gather(&payloads) } else { payloads };
        refragment(packet, longest.min(mtu), &payloads, id, outbox);
        verdict
    }

    fn process_whole(
        &self,
        packet: &mut PacketBuf,
        headers: Headers,
        pieces: Option<usize>,
        arrival: Arrival,
        outbox: &mut Outbox,
    ) -> Verdict {
        let transport = match headers.transport(packet.bytes()) {
            Ok(transport) => transport,
            Err(error) => return Verdict::Drop(error.into()),
        };
        let entry = take_entry(packet, &headers, |addr| self.routes.is_local(addr));
        let mut packet =
            Packet { pieces, entry, ..Packet::new(packet, headers, arrival, outbox, &self.icmp_limiter) };
        self.classify(&mut packet, transport)
    }

    /// Classifies the packet.
    fn classify(&self, packet: &mut Packet<'_>, transport: Transport) -> Verdict {
        if !self.is_directing(packet.headers.is_v6()) {
            return Verdict::Pass;
        }
        if let Some(segment) = packet.segment(transport) {
            return self.process_segment(packet, &segment);
        }
        match transport {
            Transport::Icmp { kind, .. } => self.process_icmp(packet, kind),
            _ => self.process_other(packet),
        }
    }
}

/// Whether the first piece of an IPv6 packet ends inside the TCP header (RFC 8200 4.5).
fn is_headless(packet: &PacketBuf, headers: &Headers, fragment: Fragment) -> bool {
    headers.is_v6()
        && headers.protocol == protocol::TCP
        && fragment.more
        && headers.transport(packet.bytes()) == Err(ParseError::Truncated)
}
