//! ICMP and ICMPv6 errors that are about a packet of a connection. Same job as `ip_vs_in_icmp` and
//! `ip_vs_out_icmp`.

use crate::conn::{ConnKey, Connection, Role};
use crate::director::control::sysctl::Sysctl;
use crate::director::path::client_addr::restore_quoted;
use crate::director::path::facts::Segment;
use crate::director::path::ipsec::Quoted;
use crate::director::path::packet::{Arrival, Packet};
use crate::director::path::schedule::Scheduled;
use crate::director::path::syn_proxy::restore_quoted_of_server;
use crate::director::{Director, DropReason, Side, Verdict};
use crate::service::Protocol;
use lvs_wire::{
    Checksum, End, Headers, PacketBuf, TcpFlags, checksum, icmp, protocol, take_hop, translate,
    translate_error,
};

pub(in crate::director) const ICMP_HEADER: usize = 8;

/// Type of what the host says of a header that is wrong; IPVS relates it to nothing.
const PARAMETER_PROBLEM: u8 = 12;

/// Type and code of what the host says when a neighbour does not answer, by IPv4 and IPv6.
const NEXT_HOP: [[u8; 2]; 2] = [[3, 1], [1, 3]];

/// Type and code of what the host says when the last hop of a packet was the one to it.
const HOPS_USED_UP: [[u8; 2]; 2] = [[11, 0], [3, 0]];

impl Director {
    pub(in crate::director) fn process_icmp(&self, packet: &mut Packet<'_>, kind: u8) -> Verdict {
        let is_v6 = packet.headers.is_v6();
        let is_own_word = || packet.side == Side::Server && self.routes.is_local(packet.headers.src);
        let is_own_problem = kind == PARAMETER_PROBLEM && !is_v6 && is_own_word();
        if !is_own_problem && !icmp::is_related_error(kind, is_v6) {
            if self.masquerade.is_of(packet.headers.is_v6())
                && let Some(echo) = icmp::Echo::of(&packet.headers, packet.buf.bytes())
            {
                return self.process_echo(packet, echo);
            }
            return Verdict::Pass;
        }
        let message = packet.payload();
        let Ok(quoted) = Headers::parse_quoted(&message[ICMP_HEADER..]) else { return Verdict::Pass };
        if let Some(verdict) = self.outer_error(packet, &quoted) {
            return verdict;
        }
        let message = packet.payload();
        let Some(ends) = Quoted::of(&quoted, &message[ICMP_HEADER..]) else { return Verdict::Pass };
        if quoted.is_v6() != packet.headers.is_v6() {
            return Verdict::Pass;
        }
        if is_own_problem {
            return self.correct_own_error(packet, &quoted, &ends);
        }
        // The quoted packet went the other way than the error: it came from who the error is for.
        let about_request = ConnKey::new(Role::Out, ends.protocol, ends.dst, ends.src);
        let about_reply = ConnKey::new(Role::In, ends.protocol, ends.dst, ends.src);
        let order = match packet.side {
            Side::Server => [about_request, about_reply],
            Side::Client | Side::Mark(_) => [about_reply, about_request],
        };
        for key in order {
            let found = self.conns.lookup(&key, packet.now).filter(|entry| ends.is_of(entry));
            let Some(entry) = found else { continue };
            // What is sent on as it is, its receiver checks.
            if entry.method.is_rewritten() && !has_right_checksum(packet) {
                return Verdict::Drop(DropReason::BadChecksum);
            }
            return self.forward_error(packet, &quoted, &entry, key.role);
        }
        if packet.side == Side::Server && self.is_own_error(packet) {
            return self.correct_own_error(packet, &quoted, &ends);
        }
        if packet.side == Side::Server {
            self.count_error(packet, &ends);
            return Verdict::Pass;
        }
        if self.sysctls.is_on(Sysctl::ScheduleIcmp) {
            return self.schedule_error(packet, &quoted, &ends);
        }
        Verdict::Pass
    }

    /// Whether the host itself made an error. About hops it does so from a virtual address, too, that is claimed for it (IPv6).
    fn is_own_error(&self, packet: &Packet<'_>) -> bool {
        let from = packet.headers.src;
        self.routes.is_local(from) || says(packet, HOPS_USED_UP) && self.routes.ends_here(from)
    }

    /// An error of a real server of direct routing or a tunnel, which saw the packet as the client sent it: as it is,
    /// counted.
    fn count_error(&self, packet: &Packet<'_>, ends: &Quoted) {
        let key = ConnKey::new(Role::In, ends.protocol, ends.src, ends.dst);
        let found = self.conns.lookup(&key, packet.now).filter(|entry| !entry.method.is_rewritten());
        if let Some(server) = found.as_ref().and_then(|entry| entry.available_server()) {
            server.counters().count_out(1, packet.counted_len());
        }
    }

    /// An error that the host itself made about a packet from a client on its way here. About one that the
    /// services take it comes from the virtual address, as IPVS would have sent it; else, and about a real server that
    /// does not answer on its link, from the host's address on that way, which the rule that led it here may have
    /// kept the host from choosing.
    fn correct_own_error(&self, packet: &mut Packet<'_>, quoted: &Headers, ends: &Quoted) -> Verdict {
        let (headers, client, virt) = (packet.headers, ends.src, ends.dst);
        let is_taken = || {
            let services = self.services.read();
            Protocol::from_number(quoted.protocol)
                .is_some_and(|protocol| services.find(None, protocol, virt.addr, virt.port).is_some())
        };
        let key = ConnKey::new(Role::In, ends.protocol, client, virt);
        let is_its = |entry: &Connection| ends.is_of(entry) && !entry.is_masqueraded();
        let found = self.conns.lookup(&key, packet.now).filter(|entry| is_its(entry));
        let is_claimed = found.is_some() || is_taken();
        let of_next_hop = says(packet, NEXT_HOP);
        if of_next_hop && let Some(server) = found.as_ref().and_then(|entry| entry.available_server()) {
            server.counters().count_out(1, packet.counted_len());
        }
        drop(found);
        if says(packet, HOPS_USED_UP)
            && (is_claimed || self.routes.is_local(virt.addr))
            && let Some(verdict) = self.take_expired(packet)
        {
            return verdict;
        }
        // The destination itself complains: the address is right.
        if headers.src == virt.addr {
            return Verdict::Pass;
        }
        let from = if !of_next_hop && is_claimed {
            virt.addr
        } else {
            self.routes.source_to(headers.dst).unwrap_or(headers.src)
        };
        let mut offload = packet.buf.offload;
        translate(packet.buf.bytes_mut(), &headers, End::Source, (from, 0), &mut offload);
        Verdict::Pass
    }

    /// A packet of a client whose hops were used up at this host. IPVS takes such a packet in before it looks at them, and
    /// complains itself. The host gets what it was to have. None where it is not quoted whole, or is somebody else's.
    fn take_expired(&self, packet: &mut Packet<'_>) -> Option<Verdict> {
        let mut quote = PacketBuf::from_packet(&packet.payload()[ICMP_HEADER..]);
        let mut headers = Headers::parse(quote.bytes()).ok().filter(|headers| headers.fragment.is_none())?;
        let transport = headers.transport(quote.bytes()).ok()?;
        // The host took none for the way into the TUN.
        take_hop(quote.bytes_mut(), &headers);
        headers.ttl = headers.ttl.saturating_sub(1);
        let arrival = Arrival { side: Side::Client, now: packet.now };
        let mut expired = Packet::new(&mut quote, headers, arrival, packet.outbox, packet.limiter);
        let segment = expired.segment(transport)?;
        match self.process_segment(&mut expired, &segment) {
            // Nothing was complained of without the way into the TUN.
            Verdict::Pass if self.routes.is_local(headers.dst) => {
                packet.outbox.push(&packet.buf.bytes()[packet.headers.l4 + ICMP_HEADER..]);
                Some(Verdict::Reply)
            }
            Verdict::Pass => None,
            verdict @ (Verdict::Reply | Verdict::Refuse(_) | Verdict::Drop(_)) => Some(verdict),
            Verdict::Forward | Verdict::Route(_) | Verdict::Split | Verdict::Hold => {
                Some(Verdict::Drop(DropReason::HopsUsedUp))
            }
        }
    }

    /// An error about a reply that belongs to no connection: makes one, as a packet of the client would.
    fn schedule_error(&self, packet: &mut Packet<'_>, quoted: &Headers, ends: &Quoted) -> Verdict {
        let Some(protocol) = Protocol::from_number(quoted.protocol) else { return Verdict::Pass };
        let segment = Segment { protocol, from: ends.dst, to: ends.src, flags: TcpFlags(0) };
        if !has_right_checksum(packet) {
            return Verdict::Drop(DropReason::BadChecksum);
        }
        match self.schedule(packet, &packet.quoted_facts(segment)) {
            Scheduled::Tracked(entry) => self.forward_error(packet, quoted, &entry, Role::In),
            Scheduled::OnePacket(mut conn, _) => {
                let verdict = self.forward_error(packet, quoted, &conn, Role::In);
                conn.unbind();
                verdict
            }
            Scheduled::NoService | Scheduled::Ignored => Verdict::Pass,
            Scheduled::NoServer => Verdict::Drop(DropReason::NoServer),
            Scheduled::NoLocalPort => Verdict::Drop(DropReason::NoLocalPort),
            Scheduled::Failed(reason) => Verdict::Drop(reason),
        }
    }

    /// Sends an error on: about a reply to the server, about a request to the client.
    fn forward_error(
        &self,
        packet: &mut Packet<'_>,
        quoted: &Headers,
        conn: &Connection,
        role: Role,
    ) -> Verdict {
        let server = conn.available_server();
        let ends = if role == Role::In {
            server.inspect(|server| server.counters().count_in(1, packet.counted_len()));
            if !conn.method.is_rewritten() {
                return self.send_to_server(packet, conn);
            }
            [Some((End::Destination, conn.real())), conn.local().map(|local| (End::Source, local))]
        } else {
            server.inspect(|server| server.counters().count_out(1, packet.counted_len()));
            let client = conn.local().map(|_| (End::Destination, conn.client()));
            // Whoever complains of a masqueraded connection is no server that has to be hidden.
            let virt = (!conn.is_masqueraded()).then(|| (End::Source, conn.virt()));
            [virt, client]
        };
        let headers = packet.headers;
        let mut offload = packet.buf.offload;
        for (outer, to) in ends.into_iter().flatten() {
            let to = (to.addr, to.port);
            translate_error(packet.buf.bytes_mut(), &headers, quoted, outer, to, &mut offload);
        }
        if role == Role::Out {
            packet.buf.offload = offload;
            restore_quoted(packet.buf, &headers, quoted, conn);
        } else {
            restore_quoted_of_server(packet, quoted, conn);
        }
        Verdict::Forward
    }
}

/// Whether an error has the type and code that these are by IPv4 and IPv6.
fn says(packet: &Packet<'_>, kinds: [[u8; 2]; 2]) -> bool {
    packet.payload()[..2] == kinds[usize::from(packet.headers.is_v6())]
}

pub(in crate::director) fn has_right_checksum(packet: &Packet<'_>) -> bool {
    if packet.buf.offload.checksum != Checksum::Full {
        return true;
    }
    let headers = &packet.headers;
    let message = packet.payload();
    let pseudo = if headers.is_v6() {
        checksum::pseudo_header(headers.src, headers.dst, protocol::ICMPV6, message.len())
    } else {
        0
    };
    checksum::fold(u32::from(checksum::fold(pseudo)) + u32::from(checksum::fold(checksum::sum(message))))
        == 0xffff
}
