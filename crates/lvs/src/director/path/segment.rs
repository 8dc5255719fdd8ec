//! A TCP, UDP or SCTP packet: the stages in their order. Same job as `ip_vs_in_hook` and `ip_vs_out_hook` of
//! `ip_vs_core.c`.

use super::decide::Deciding;
use super::facts::Segment;
use super::lookup::{ConnValidity, Found};
use super::packet::Packet;
use super::schedule::Scheduled;
use super::syn_proxy::Defended;
use crate::conn::{CloseReason, ConnFlags, Entry, View};
use crate::director::control::sysctl::Sysctl;
use crate::director::{Director, DropReason, Verdict};
use crate::service::{Protocol, VirtualService};
use lvs_wire::{IcmpError, TcpFlags, sctp, take_hop};

impl Director {
    pub(in crate::director) fn process_segment(&self, packet: &mut Packet<'_>, segment: &Segment) -> Verdict {
        if let Some(verdict) = self.schedule_from_server(packet, segment) {
            return verdict;
        }
        match self.look_up::<Deciding>(packet.side, segment, packet.now) {
            Found::ToClient(conn) => self.track(packet, segment, conn, View::Output),
            Found::ToServer(conn) => self.input(packet, segment, conn),
            Found::OnBackup => Verdict::Pass,
            Found::Nothing => self.unknown(packet, segment),
        }
    }

    /// A packet of the client that belongs to a connection, if that still stands.
    fn input<'a>(&'a self, packet: &mut Packet<'_>, segment: &Segment, mut conn: Entry<'a>) -> Verdict {
        match self.validity(&conn, packet.opens(segment)) {
            ConnValidity::Valid => {}
            ConnValidity::ServerGone => return Verdict::Drop(DropReason::ServerGone),
            ConnValidity::GivesWay { server_is_gone } => {
                if conn.controlled > 0 {
                    self.conns.unhash(conn);
                } else {
                    let close_reason = server_is_gone.then_some(CloseReason::Flushed);
                    packet.held.set(self.conns.end_keeping_port(conn, close_reason, packet.now));
                }
                let verdict = self.unknown(packet, segment);
                if let Some(held) = packet.held.take() {
                    self.conns.ports().release(held);
                }
                return verdict;
            }
        }
        if conn.flags.has(ConnFlags::NO_CLIENT_PORT) {
            match self.conns.fill_client_port(conn, segment.from.port) {
                Some(filled) => conn = filled,
                None => return self.unknown(packet, segment),
            }
        }
        self.track(packet, segment, conn, View::Input)
    }

    /// A packet that belongs to no connection.
    fn unknown(&self, packet: &mut Packet<'_>, segment: &Segment) -> Verdict {
        match self.defend(packet, segment) {
            Defended::Not => {}
            Defended::Done(verdict) => return verdict,
            Defended::Opens(proxy) => return self.open_proven(packet, segment, proxy),
        }
        if !self.may_schedule(packet, segment) {
            return self.unclaimed(packet, segment);
        }
        match self.schedule(packet, &packet.facts(*segment)) {
            Scheduled::Tracked(conn) => self.track(packet, segment, conn, View::Input),
            Scheduled::OnePacket(mut conn, template) => {
                self.count_and_move(packet, segment, &mut conn, View::Input);
                self.synchronise_one_packet(template, packet.now);
                let verdict = if packet.is_expired() {
                    self.answer_client(packet, &conn, IcmpError::TimeExceeded)
                } else {
                    self.send(packet, &conn, View::Input)
                };
                conn.unbind();
                verdict
            }
            Scheduled::NoService => self.unclaimed(packet, segment),
            Scheduled::Ignored => Verdict::Pass,
            Scheduled::NoServer => packet.answer(segment.to.addr, IcmpError::PortUnreachable),
            Scheduled::NoLocalPort => self.refuse_for_ports(packet),
            Scheduled::Failed(reason) => Verdict::Drop(reason),
        }
    }

    /// No connection and no service: the host's own business, unless a real server talks out of turn.
    fn unclaimed(&self, packet: &mut Packet<'_>, segment: &Segment) -> Verdict {
        if self.masquerade.is_of(packet.headers.is_v6())
            && let Some(verdict) = self.masquerade(packet, segment)
        {
            return verdict;
        }
        let is_reset = match segment.protocol {
            Protocol::Tcp => segment.flags.has(TcpFlags::RST),
            Protocol::Sctp => sctp::chunks(packet.payload()).next() == Some(sctp::ABORT),
            Protocol::Udp => false,
        };
        // The host speaks first of hops that are used up, and shows the packet as it would have gone on.
        if !is_reset
            && !packet.is_expired()
            && self.sysctls.is_on(Sysctl::NatIcmpSend)
            && self.services.read().has_server(segment.protocol, segment.from)
        {
            take_hop(packet.buf.bytes_mut(), &packet.headers);
            return match packet.complain(self.icmp_source_to_sender(packet), IcmpError::PortUnreachable) {
                Some(_) => Verdict::Reply,
                None => Verdict::Drop(DropReason::Unclaimed),
            };
        }
        Verdict::Pass
    }

    /// Whether a packet without a connection may make one.
    fn may_schedule(&self, packet: &Packet<'_>, segment: &Segment) -> bool {
        match segment.protocol {
            Protocol::Udp => true,
            Protocol::Tcp => {
                !segment.flags.has(TcpFlags::RST)
                    && (segment.flags.has(TcpFlags::SYN)
                        || self.sysctls.is_on(Sysctl::SloppyTcp)
                        || self.adopts(packet, segment))
            }
            Protocol::Sctp => match sctp::chunks(packet.payload()).next() {
                Some(sctp::INIT) => true,
                Some(sctp::ABORT) | None => false,
                Some(_) => self.sysctls.is_on(Sysctl::SloppySctp),
            },
        }
    }

    /// Whether the service takes connections that began at another director.
    fn adopts(&self, packet: &Packet<'_>, segment: &Segment) -> bool {
        let services = self.services.read();
        let service = services.find(packet.mark(), segment.protocol, segment.to.addr, segment.to.port);
        service.is_some_and(VirtualService::adopts)
    }
}
