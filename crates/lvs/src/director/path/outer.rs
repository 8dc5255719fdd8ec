//! ICMP errors of routers on the way to the end of a tunnel: they are about the outer packet, which this host sent, and so
//! they come to this host. The client hears of them, and how much gets through is remembered. Same job as the parts
//! of `ip_vs_in_icmp` for tunnels, and RFC 2473 8 where the kernel does nothing: IPv6 outside, short quotes.

use crate::conn::{ConnKey, Role};
use crate::director::path::ipsec::Quoted;
use crate::director::path::mtu::room_inside;
use crate::director::path::packet::{Arrival, Packet};
use crate::director::path::related::{ICMP_HEADER, has_right_checksum};
use crate::director::{Director, DropReason, Side, Verdict};
use crate::service::{Forwarding, Tunnel, TunnelKind};
use crate::time::Time;
use crate::xmit;
use lvs_wire::{
    Headers, IcmpError, IcmpHead, Outbox, PacketBuf, Transport, icmp, inner_at, protocol, take_entry,
};

/// Message of a router about an outer packet.
#[derive(Clone, Copy, Debug)]
struct IcmpMessage {
    head: IcmpHead,
    is_v6: bool,
}

/// The inner packet of a quote.
struct Inner {
    /// Offset in the quote.
    at: usize,
    headers: Headers,
    /// Of its connection.
    key: ConnKey,
}

impl Director {
    /// Decides on an ICMP message that was sent to this host. None where it is not for the director: the host has it already.
    pub fn process_heard(&self, packet: &mut PacketBuf, now: Time, outbox: &mut Outbox) -> Option<Verdict> {
        let headers = Headers::parse(packet.bytes()).ok()?;
        let transport = headers.transport(packet.bytes()).ok()?;
        let Transport::Icmp { kind, .. } = transport else { return None };
        let for_director = |verdict| (verdict != Verdict::Pass).then_some(verdict);
        if !icmp::is_related_error(kind, headers.is_v6()) || headers.fragment.is_some() {
            return for_director(self.process(packet, Side::Client, now, outbox));
        }
        let entry = take_entry(packet, &headers, |addr| self.routes.is_local(addr));
        let mut heard = Packet {
            entry,
            ..Packet::new(packet, headers, Arrival { side: Side::Client, now }, outbox, &self.icmp_limiter)
        };
        let quoted = Headers::parse_quoted(&heard.payload()[ICMP_HEADER..]);
        let verdict = quoted.ok().and_then(|quoted| self.outer_error(&mut heard, &quoted));
        for_director(verdict.unwrap_or_else(|| self.classify(&mut heard, transport)))
    }

    /// None where the packet that is quoted is not the outer one of a tunnel.
    pub(in crate::director) fn outer_error(
        &self,
        packet: &mut Packet<'_>,
        quoted: &Headers,
    ) -> Option<Verdict> {
        let is_ours = quoted.src == packet.headers.dst && self.routes.is_local(quoted.src);
        if !is_ours || !may_be_outer(quoted.protocol) {
            return None;
        }
        let message = packet.payload();
        let quote = &message[ICMP_HEADER..];
        let said = IcmpMessage {
            head: IcmpHead {
                kind: message[0],
                code: message[1],
                rest: u32::from_be_bytes([message[4], message[5], message[6], message[7]]),
            },
            is_v6: packet.headers.is_v6(),
        };
        let Some(Inner { at, headers: inner, key }) = Inner::of(quote, quoted) else {
            return self.hear_of_tunnel(packet, quoted, said);
        };
        let entry = self.conns.lookup(&key, packet.now);
        let found = entry.filter(|entry| entry.method.is_tunnel() && entry.real().addr == quoted.dst);
        let Some(entry) = found else { return self.hear_of_tunnel(packet, quoted, said) };
        let tunnel = match entry.server().map(|server| server.forwarding()) {
            Some(Forwarding::Tunnel(tunnel)) if is_of(tunnel, quoted, quote) => tunnel,
            _ => return None,
        };
        if !has_right_checksum(packet) {
            return Some(Verdict::Drop(DropReason::BadChecksum));
        }
        self.learn_from(quoted, said, packet.now);
        let overhead = xmit::encapsulation(tunnel, key.from).overhead(quoted.is_v6());
        let room = room_inside(self.routes.path_mtu_to(quoted.dst), overhead, inner.is_v6());
        let quote = &packet.payload()[ICMP_HEADER + at..];
        let complaint = said
            .to_sender_of(&inner, quote, room)
            .filter(|error| packet.limiter.allows(inner.src, *error, packet.now))
            .and_then(|error| icmp::error_about(quote, &inner, entry.virt().addr, error));
        if let (Some(complaint), Some(server)) = (&complaint, entry.available_server()) {
            // IPVS counts what it was told, and what it says.
            server.counters().count_out(1, quote.len() as u64);
            server.counters().count_out(1, complaint.len() as u64);
        }
        drop(entry);
        complaint.iter().for_each(|complaint| packet.outbox.push(complaint));
        Some(Verdict::Reply)
    }

    /// An error about the outer packet of no connection that could be found, most often because so little is quoted: what it
    /// says of the way is remembered, and the client's next packet is answered.
    fn hear_of_tunnel(&self, packet: &Packet<'_>, quoted: &Headers, said: IcmpMessage) -> Option<Verdict> {
        let quote = &packet.payload()[ICMP_HEADER..];
        let leads_there = || {
            let services = self.services.read();
            services.iter().flat_map(|service| service.servers()).any(|server| {
                server.addr() == quoted.dst
                    && matches!(server.forwarding(), Forwarding::Tunnel(tunnel) if is_of(tunnel, quoted, quote))
            })
        };
        if said.mtu().is_some() && has_right_checksum(packet) && leads_there() {
            self.learn_from(quoted, said, packet.now);
        }
        None
    }

    fn learn_from(&self, quoted: &Headers, said: IcmpMessage, now: Time) {
        if let Some(mtu) = said.mtu() {
            self.routes.learn(quoted.dst, mtu, now);
        }
    }
}

impl IcmpMessage {
    /// The MTU, if that is what it is about.
    fn mtu(self) -> Option<u32> {
        match (self.is_v6, self.head.kind, self.head.code) {
            (false, 3, 4) => Some(self.head.rest & 0xffff),
            (true, 2, _) => Some(self.head.rest),
            _ => None,
        }
    }

    /// Message for the sender of the inner packet; None where it can do nothing about it.
    fn to_sender_of(self, inner: &Headers, quote: &[u8], room: u32) -> Option<IcmpError> {
        if self.mtu().is_some() {
            let may_be_cut = !inner.is_v6() && quote[6] & 0x40 == 0;
            let fits = inner.is_v6() && u32::try_from(inner.len).is_ok_and(|len| len <= room);
            return (!may_be_cut && !fits).then_some(IcmpError::TooBig(room));
        }
        Some(if self.is_v6 == inner.is_v6() {
            IcmpError::Relayed(self.head)
        } else {
            IcmpError::HostUnreachable
        })
    }
}

impl Inner {
    fn of(quote: &[u8], outer: &Headers) -> Option<Self> {
        let at = inner_at(quote, outer)?;
        let headers = Headers::parse_quoted(&quote[at..]).ok()?;
        let ends = Quoted::of(&headers, &quote[at..])?;
        Some(Self { at, headers, key: ConnKey::new(Role::In, ends.protocol, ends.src, ends.dst) })
    }
}

const fn may_be_outer(number: u8) -> bool {
    matches!(number, protocol::IPIP | protocol::IPV6 | protocol::GRE | protocol::UDP)
}

/// Whether the quoted packet went into such a tunnel.
fn is_of(tunnel: Tunnel, quoted: &Headers, quote: &[u8]) -> bool {
    match tunnel.kind {
        TunnelKind::Ipip => matches!(quoted.protocol, protocol::IPIP | protocol::IPV6),
        TunnelKind::Gre => quoted.protocol == protocol::GRE,
        TunnelKind::Gue => {
            let ports = quoted.quoted_ports(quote);
            quoted.protocol == protocol::UDP && ports.is_some_and(|ports| ports.dst == tunnel.port)
        }
    }
}
