//! Connections that hosts behind this one open outwards: they leave with this host's own address, and a port of it
//! that is claimed for them. Decides which packets begin one, and follows ICMP echo, whose identifiers are its ports.
//!
//! A connection like any of FULLNAT, but without a service: what a service or a connection takes never comes here.
//! Netfilter has this in `nf_nat_masquerade.c`.

use std::net::IpAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::conn::{ConnKey, Connection, Entry, Role, SctpState, State, TcpState, View};
use crate::defragment::refragment;
use crate::director::path::facts::Segment;
use crate::director::path::fullnat::{LocalEnds, PortClaim};
use crate::director::path::packet::Packet;
use crate::director::path::schedule::initial_state;
use crate::director::{Director, DropReason, Side, Verdict};
use crate::route::is_link_local;
use crate::service::{Endpoint, Protocol};
use crate::xmit::{self, Rewrite};
use lvs_wire::icmp::Echo;
use lvs_wire::{IcmpError, TcpFlags, sctp};

/// An established connection is not given up before that, whatever services do with theirs (RFC 5382, REQ-5).
const ESTABLISHED: Duration = Duration::from_secs(2 * 3600 + 4 * 60);

impl Director {
    /// Whether hosts are masqueraded, by IPv4 and by IPv6: then answers of echo are to be handed in, which no rule leads
    /// here.
    pub fn masqueraded_families(&self) -> [bool; 2] {
        self.masquerade.families()
    }

    /// A segment that no connection and no service took: if it opens a connection outwards it gets one. None: it is to
    /// be treated as any other.
    pub(in crate::director) fn masquerade(
        &self,
        packet: &mut Packet<'_>,
        segment: &Segment,
    ) -> Option<Verdict> {
        if packet.side != Side::Server {
            return None;
        }
        let (from, to) = (segment.from.addr, segment.to.addr);
        if segment.protocol == Protocol::Udp && self.masquerade.enters(from, to) {
            return Some(self.let_in(packet, segment));
        }
        if !self.leaves(from, to) || !self.opens(packet, segment) {
            return None;
        }
        let claimant = PortClaim::of(segment);
        Some(match self.open(packet, initial_state(segment.protocol), segment.to, claimant)? {
            Ok(entry) => self.track(packet, segment, entry, View::Input),
            Err(DropReason::NoLocalPort) => self.refuse_for_ports(packet),
            Err(reason) => Verdict::Drop(reason),
        })
    }

    /// Whether it goes from a host of the subnets to the outside.
    pub(in crate::director) fn leaves(&self, from: IpAddr, to: IpAddr) -> bool {
        let masquerade = &self.masquerade;
        masquerade.has(from)
            && !masquerade.has(to)
            && !is_nobodys(to)
            && !is_link_local(from)
            && !self.routes.ends_here(to)
            && !self.routes.is_local(from)
    }

    /// A datagram to a host of the subnets. It goes on as it is, and is remembered, so that the answer does too.
    fn let_in(&self, packet: &mut Packet<'_>, segment: &Segment) -> Verdict {
        let number = segment.protocol.number();
        let conn = Connection::bypass(number, State::Udp, segment.from, segment.to, packet.now);
        match self.conns.insert(conn) {
            Ok(entry) => self.track(packet, segment, entry, View::Input),
            Err(_) => Verdict::Pass,
        }
    }

    /// Whether it answers a datagram that was let in.
    fn is_answer(&self, packet: &Packet<'_>, segment: &Segment) -> bool {
        let asked = ConnKey::new(Role::In, segment.protocol.number(), segment.to, segment.from);
        let found = self.conns.lookup(&asked, packet.now);
        found.map(|mut entry| self.conns.touch(&mut entry, packet.now)).is_some()
    }

    /// An answer opens nothing, nor does what a server sends for its service. Who asks for TCP by a SYN is seen by the
    /// packet alone.
    fn opens(&self, packet: &Packet<'_>, segment: &Segment) -> bool {
        match segment.protocol {
            Protocol::Tcp => segment.flags.has(TcpFlags::SYN) && !segment.flags.has(TcpFlags::ACK),
            Protocol::Sctp => sctp::chunks(packet.payload()).next() == Some(sctp::INIT),
            Protocol::Udp => {
                !self.services.read().has_server(segment.protocol, segment.from)
                    && !self.is_answer(packet, segment)
            }
        }
    }

    /// The connection, by the address that the host would use towards `to`. None where there is no way.
    fn open(
        &self,
        packet: &Packet<'_>,
        state: State,
        to: Endpoint,
        claimant: PortClaim,
    ) -> Option<Result<Entry<'_>, DropReason>> {
        let own = self.routes.source_to(to.addr).filter(|own| !is_link_local(*own))?;
        let ends = LocalEnds { addrs: &[own], ports: &self.settings.laddr_ports };
        let local = match self.claim(packet, &claimant, to, ends) {
            Ok(local) => local,
            Err(reason) => return Some(Err(reason)),
        };
        let conn = Connection::masqueraded(claimant.protocol, state, [claimant.from, to], local, packet.now);
        let entry = self.conns.insert(conn).map_err(|_| DropReason::TableFull);
        if entry.is_ok() {
            self.masquerade.opened.fetch_add(1, Relaxed);
        }
        Some(entry)
    }

    /// A request or an answer of ICMP echo. Both ends of an echo are addresses; the identifier is the asker's port.
    pub(in crate::director) fn process_echo(&self, packet: &mut Packet<'_>, echo: Echo) -> Verdict {
        let (src, dst) = (packet.headers.src, packet.headers.dst);
        let number = packet.headers.protocol;
        match echo {
            Echo::Request(id) => {
                let (from, to) = (Endpoint::new(src, id), Endpoint::new(dst, 0));
                if packet.side != Side::Server || !self.leaves(src, dst) {
                    return Verdict::Pass;
                }
                let found = self.conns.lookup(&ConnKey::new(Role::In, number, from, to), packet.now);
                let entry = match found {
                    Some(entry) => entry,
                    None => match self.open(packet, State::Echo, to, PortClaim { protocol: number, from }) {
                        Some(Ok(entry)) => entry,
                        Some(Err(DropReason::NoLocalPort)) => return self.refuse_for_ports(packet),
                        Some(Err(reason)) => return Verdict::Drop(reason),
                        None => return Verdict::Pass,
                    },
                };
                self.ask(packet, entry)
            }
            Echo::Reply(id) => {
                let key = ConnKey::new(Role::Out, number, Endpoint::new(src, 0), Endpoint::new(dst, id));
                match self.conns.lookup(&key, packet.now) {
                    Some(entry) => self.answer_echo(packet, entry),
                    None => Verdict::Pass,
                }
            }
        }
    }

    fn ask<'a>(&'a self, packet: &mut Packet<'_>, mut entry: Entry<'a>) -> Verdict {
        entry.in_packets = entry.in_packets.wrapping_add(1);
        entry.enter(State::Echo, &self.timeouts);
        self.conns.touch(&mut entry, packet.now);
        if packet.is_expired() {
            return packet.answer(self.icmp_source(&entry), IcmpError::TimeExceeded);
        }
        self.send_to_server(packet, &entry)
    }

    fn answer_echo<'a>(&'a self, packet: &mut Packet<'_>, mut entry: Entry<'a>) -> Verdict {
        self.conns.touch(&mut entry, packet.now);
        let client = entry.client().addr;
        if packet.is_expired() {
            return packet.answer(self.icmp_source_to_sender(packet), IcmpError::TimeExceeded);
        }
        let too_big = self.too_big(packet, client);
        let verdict = xmit::transmit(&Rewrite::to_client(&entry), packet.buf, &packet.headers, packet.outbox);
        // The host put the pieces of an answer to its own address together, so it is for us to cut it.
        if let Some(mtu) = too_big {
            refragment(packet.buf, mtu as usize, &[], self.next_id(), packet.outbox);
        }
        verdict
    }

    /// The address from which a client's packet is complained of: the virtual one, or the host's own.
    pub(in crate::director) fn icmp_source(&self, conn: &Connection) -> IpAddr {
        let virt = conn.virt().addr;
        if !conn.is_masqueraded() {
            return virt;
        }
        self.routes.source_to(conn.client().addr).unwrap_or(virt)
    }
}

/// A masqueraded connection may be silent for longer than one of a service.
pub(in crate::director) fn extend_outward(conn: &mut Connection) {
    let is_established =
        matches!(conn.state, State::Tcp(TcpState::Established) | State::Sctp(SctpState::Established));
    if is_established && conn.is_masqueraded() && conn.timeout() < ESTABLISHED {
        conn.set_timeout(ESTABLISHED);
    }
}

/// No single host has that address, or none beyond the link.
fn is_nobodys(addr: IpAddr) -> bool {
    let is_broadcast = addr == IpAddr::from([255; 4]);
    addr.is_multicast() || addr.is_unspecified() || addr.is_loopback() || is_broadcast || is_link_local(addr)
}
