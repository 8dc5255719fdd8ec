//! Telling both ends of a TCP connection that it has ended: RST with numbers that they believe.
//!
//! Packets have shown where an end is; an end that has long been silent is asked, by a segment outside its window,
//! which every TCP answers with its numbers (RFC 9293, 3.10.7.4). The kernel's IPVS tells nobody.

use crate::conn::{ConnId, Connection, Role, SeqAck};
use crate::director::path::facts::Segment;
use crate::director::path::packet::{Arrival, Packet};
use crate::director::upkeep::reset_queue::HalfTold;
use crate::director::{Director, Side, Verdict};
use crate::service::{Endpoint, Protocol, ServiceKey, VirtualService};
use crate::time::Time;
use lvs_wire::make::{self, Ends};
use lvs_wire::{Headers, Outbox, PacketBuf, TcpFlags};

/// Counts of a server's connections that were cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CutOff {
    pub ended: u64,
    /// Of these, the ones whose ends are told.
    pub told: u64,
}

impl Director {
    /// Notes where the ends are by a packet, if this is of interest.
    pub(in crate::director) fn note_positions(
        &self,
        packet: &Packet<'_>,
        segment: &Segment,
        conn: &mut Connection,
        from: Role,
    ) {
        if segment.protocol != Protocol::Tcp {
            return;
        }
        if conn.positions().is_none() {
            if !conn.server().is_some_and(|server| server.is_drained()) {
                return;
            }
            conn.watch_positions(false);
        }
        if let (Some(numbers), Some(positions)) = (packet.numbers(segment), conn.positions_mut()) {
            positions.note(from, numbers);
        }
    }

    /// The next packet that tells an end of its connection's end, or asks where it is. None when nothing is left.
    /// To be carried out as what [`Self::process`] returns.
    pub fn next_reset(&self, packet: &mut PacketBuf, now: Time, outbox: &mut Outbox) -> Option<Verdict> {
        let mut queue = self.reset_queue.lock();
        if let Some(ends) = queue.questions.pop() {
            let draw = self.draw();
            outbox.push(&make::tcp_at(ends, TcpFlags::ACK, draw as u32, (draw >> 32) as u32));
            return Some(Verdict::Reply);
        }
        let HalfTold { conn, packets } = match queue.under_way.take() {
            Some(under_way) => under_way,
            None => HalfTold { conn: self.conns.pop_pending_reset()?, packets: 0 },
        };
        let positions = conn.positions().copied().unwrap_or_default();
        // Each end by itself: the server's may go to a neighbour, and then all that lies in the outbox goes there.
        let Some(at_server) = packets.checked_sub(1) else {
            for SeqAck { seq, ack } in positions.places(Role::Out) {
                let seq = conn.syn_proxy().map_or(seq, |proxy| proxy.seen_by_client(seq));
                outbox.push(&make::tcp_at(ends(conn.virt(), conn.client()), RESET, seq, ack));
            }
            queue.under_way = Some(HalfTold { conn, packets: 1 });
            return Some(Verdict::Reply);
        };
        let Some(SeqAck { seq, ack }) = positions.places(Role::In).nth(at_server) else {
            return Some(Verdict::Reply);
        };
        packet.fill(&make::tcp_at(ends(conn.client(), conn.virt()), RESET, seq, ack));
        let Ok(headers) = Headers::parse(packet.bytes()) else { return Some(Verdict::Reply) };
        let mut packet =
            Packet::new(packet, headers, Arrival { side: Side::Client, now }, outbox, &self.icmp_limiter);
        let verdict = self.send_to_server(&mut packet, &conn);
        queue.under_way = Some(HalfTold { conn, packets: packets + 1 });
        Some(verdict)
    }

    /// Ends all connections of a server. TCP ends are told, if it is known where they are.
    pub fn cut_off(&self, service: &ServiceKey, server: Endpoint, now: Time) -> CutOff {
        let _held = self.hold_flows();
        let mut done = CutOff::default();
        // Templates and control connections in the second turn, when what stood under them is gone.
        for _ in 0..2 {
            for id in self.conns_of(service, server) {
                let Some(entry) = self.conns.get(id) else { continue };
                let (is_template, is_free) = (entry.is_template(), entry.controlled == 0);
                let told = self.conns.cut_off(entry, now);
                if is_free && !is_template {
                    done.ended += 1;
                    done.told += u64::from(told);
                }
            }
        }
        done
    }

    /// Asks the clients of a server where they are, if it is not known. How many are asked.
    pub fn ask_positions(&self, service: &ServiceKey, server: Endpoint) -> usize {
        let _held = self.hold_flows();
        let mut questions = Vec::new();
        for id in self.conns_of(service, server) {
            let Some(mut entry) = self.conns.get(id) else { continue };
            if entry.protocol() != Protocol::Tcp.number() || entry.is_template() {
                continue;
            }
            entry.watch_positions(false);
            if !entry.positions().is_some_and(|positions| positions.is_known()) {
                questions.push(ends(entry.virt(), entry.client()));
            }
        }
        let count = questions.len();
        self.reset_queue.lock().questions.extend(questions);
        count
    }

    fn conns_of(&self, service: &ServiceKey, server: Endpoint) -> Vec<ConnId> {
        let mut ids = Vec::new();
        self.conns.for_each(|id, conn| {
            let is_its =
                |real: &crate::service::RealServer| real.endpoint() == server && real.service() == service;
            if conn.server().is_some_and(|real| is_its(real)) {
                ids.push(id);
            }
        });
        ids
    }

    /// Whether ends of this service's connections are told of everything.
    pub(in crate::director) fn watch(service: &VirtualService, conn: &mut Connection) {
        if service.spec().rst_on_expire && conn.protocol() == Protocol::Tcp.number() {
            conn.watch_positions(true);
        }
    }
}

const RESET: u8 = TcpFlags::RST | TcpFlags::ACK;

const fn ends(from: Endpoint, to: Endpoint) -> Ends {
    Ends::new(from.addr, from.port, to.addr, to.port)
}
