//! Ends of the host that stand for clients towards real servers: FULLNAT, and servers that share a link with their
//! client. Chooses the address and the port, and takes ports away from connections that are over when there are no
//! others.
//!
//! Never rewrites packets; called when a connection is made and when its state changes. The kernel's IPVS has
//! nothing like it; the rules for ports in TIME_WAIT are those of `tcp_timewait_state_process`.

use std::net::IpAddr;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use crate::app::ClientAddrState;
use crate::conn::{
    ConnKey, Connection, Entry, LastSegment, LocalEnd, LocalPort, PortPoolKey, Rest, Resting, Role, State,
    TcpState, View,
};
use crate::director::path::facts::Segment;
use crate::director::path::local_addrs::INNER_LADDRS;
use crate::director::path::packet::Packet;
use crate::director::{Director, DropReason, Verdict};
use crate::service::{Endpoint, Protocol, RealServer};
use crate::time::Time;
use lvs_wire::{Headers, IcmpError, PacketBuf, StreamPosition, protocol, reset_about, set_v4_id};

/// Ports of the host's own addresses: outside the range that Linux takes for the host's own connections, and enough
/// for 16,384 clients of each server.
pub const DEFAULT_LADDR_PORTS: RangeInclusive<u16> = 16_384..=32_767;

/// Ports of an address that has no other use.
pub(in crate::director) const ALL_PORTS: RangeInclusive<u16> = 1024..=u16::MAX;

/// Resting ports that are looked at for a connection that finds no free one.
const MOST_TRIES: usize = 32;

/// A UDP flow is over when it was silent for so long and its port is wanted (`nf_conntrack_udp_timeout`).
const UDP_SILENCE: Duration = Duration::from_secs(30);

/// Claimant of a local port.
#[derive(Clone, Copy, Debug)]
pub(in crate::director) struct PortClaim {
    pub(in crate::director) protocol: u8,
    pub(in crate::director) from: Endpoint,
}

/// Ends among which one is claimed.
#[derive(Clone, Copy, Debug)]
pub(in crate::director) struct LocalEnds<'a> {
    pub(in crate::director) addrs: &'a [IpAddr],
    pub(in crate::director) ports: &'a RangeInclusive<u16>,
}

impl PortClaim {
    pub(in crate::director) const fn of(segment: &Segment) -> Self {
        Self { protocol: segment.protocol.number(), from: segment.from }
    }

    /// Whether its connection has no end that packets would tell of.
    const fn is_endless(&self) -> bool {
        matches!(self.protocol, protocol::UDP | protocol::ICMP | protocol::ICMPV6)
    }
}

impl Director {
    /// The end that is to stand for the client of a new connection, with a port that is claimed for it. None where
    /// the server sees the client itself.
    ///
    /// # Errors
    /// No port is free, or no way leads to the server.
    pub(in crate::director) fn claim_local_end(
        &self,
        packet: &Packet<'_>,
        segment: &Segment,
        server: &RealServer,
        real: Endpoint,
        is_one_packet: bool,
    ) -> Result<Option<LocalEnd>, DropReason> {
        let pool = self.local_addrs.towards(real.addr);
        let forwarding = server.forwarding();
        if forwarding.hides_client() && !pool.is_empty() {
            let ends = LocalEnds { addrs: pool, ports: &ALL_PORTS };
            return self.claim(packet, &PortClaim::of(segment), real, ends).map(Some);
        }
        let is_out_of_reach =
            || forwarding.is_rewritten() && !is_one_packet && self.is_out_of_reach(segment, real.addr);
        if !forwarding.hides_client() && !is_out_of_reach() {
            return Ok(None);
        }
        if self.is_here(real.addr) {
            let inner = INNER_LADDRS[usize::from(real.addr.is_ipv6())];
            let ends = LocalEnds { addrs: &[inner], ports: &ALL_PORTS };
            return self.claim(packet, &PortClaim::of(segment), real, ends).map(Some);
        }
        // The server sees a client on this host by its address.
        let client = Some(segment.from.addr)
            .filter(|addr| !forwarding.hides_client() && self.routes.is_local(*addr) && !addr.is_loopback());
        let own = client.or_else(|| self.routes.source_to(real.addr)).ok_or(DropReason::NoWayToServer)?;
        let ends = LocalEnds { addrs: &[own], ports: &self.settings.laddr_ports };
        self.claim(packet, &PortClaim::of(segment), real, ends).map(Some)
    }

    fn is_here(&self, addr: IpAddr) -> bool {
        addr.is_loopback() || self.routes.is_local(addr)
    }

    /// Whether an answer to the client would not come here:
    /// - of a server on the loopback address, or of one without an address of its own on this host to a client there;
    /// - to the virtual address, where that is nobody's and a client on this host (by IPv6) has it as its own;
    /// - to any other address of this host, where it could not be told from answers to what the host asks by itself;
    /// - on the link that client and server share.
    fn is_out_of_reach(&self, segment: &Segment, real: IpAddr) -> bool {
        let (client, virt) = (segment.from.addr, segment.to.addr);
        if real.is_loopback() {
            return true;
        }
        if client == virt {
            return !self.routes.is_local(virt);
        }
        if self.routes.is_local(client) {
            // Of TCP, answers of a server on this host are known by their source.
            return segment.protocol == Protocol::Udp || !self.routes.is_local(real);
        }
        self.settings.hairpin && self.routes.share_link(client, real)
    }

    /// One of these ends towards `peer`: the one that this client had before, one with a free port, or with one that
    /// rests and that the peer will take a new connection from. A client has the same address as long as it has ports.
    pub(in crate::director) fn claim(
        &self,
        packet: &Packet<'_>,
        claimant: &PortClaim,
        peer: Endpoint,
        LocalEnds { addrs, ports: range }: LocalEnds<'_>,
    ) -> Result<LocalEnd, DropReason> {
        let protocol = claimant.protocol;
        let first = (self.hash_of(claimant.from.addr) % addrs.len().max(1) as u64) as usize;
        let pairs = || {
            let turned = addrs[first..].iter().chain(&addrs[..first]);
            turned.map(|local| PortPoolKey { protocol, local: *local, peer })
        };
        let ports = self.conns.ports();
        let held = packet.held.take();
        if let Some(held) = held.filter(|held| pairs().any(|pair| pair == held.pair)) {
            return Ok(LocalEnd { end: Endpoint::new(held.pair.local, held.port), is_unstamped: false });
        }
        packet.held.set(held);
        let is_endless = claimant.is_endless();
        let claim = |pair: PortPoolKey| {
            let port = ports.claim(&pair, range, packet.now)?;
            Some(LocalEnd { end: Endpoint::new(pair.local, port), is_unstamped: false })
        };
        let mut tries = 0..MOST_TRIES;
        let opening = opening(packet);
        let take = |pair: PortPoolKey| self.take_resting(&pair, &mut tries, opening, packet.now);
        let local =
            pairs().find_map(claim).or_else(|| pairs().find_map(take)).ok_or(DropReason::NoLocalPort)?;
        if is_endless {
            ports.rest(&PortPoolKey { protocol, local: local.end.addr, peer }, local.end.port);
        }
        Ok(local)
    }

    /// A resting port, if the peer would take a packet that opens another connection: as it is, or without timestamps.
    fn take_resting(
        &self,
        pair: &PortPoolKey,
        tries: &mut Range<usize>,
        opening: Option<StreamPosition>,
        now: Time,
    ) -> Option<LocalEnd> {
        let unstamped = opening.map(|opening| StreamPosition { stamp: None, ..opening });
        let mut second_best = None;
        let taken = tries.find_map(|_| {
            let resting = self.conns.ports().next_resting(pair)?;
            if second_best.is_none() && self.may_be_taken(pair, resting, unstamped, now) {
                second_best = Some(resting);
            }
            self.take(pair, resting, opening, now)
        });
        let is_unstamped = taken.is_none();
        let port = taken.or_else(|| self.take(pair, second_best?, unstamped, now))?;
        Some(LocalEnd { end: Endpoint::new(pair.local, port), is_unstamped })
    }

    fn hash_of(&self, addr: IpAddr) -> u64 {
        match addr {
            IpAddr::V4(addr) => self.conns.tag(&addr.octets()),
            IpAddr::V6(addr) => self.conns.tag(&addr.octets()),
        }
    }

    fn may_be_taken(
        &self,
        pair: &PortPoolKey,
        resting: Resting,
        opening: Option<StreamPosition>,
        now: Time,
    ) -> bool {
        match resting {
            Resting::Left(_, rest) => is_over_for(&rest, opening, now),
            Resting::Held(port) => self.lookup_resting(pair, port, opening, now).is_some(),
        }
    }

    /// Takes a resting port, and ends the connection that has it.
    fn take(
        &self,
        pair: &PortPoolKey,
        resting: Resting,
        opening: Option<StreamPosition>,
        now: Time,
    ) -> Option<u16> {
        match resting {
            Resting::Left(port, rest) => {
                (is_over_for(&rest, opening, now) && self.conns.ports().take_left(pair, port)).then_some(port)
            }
            Resting::Held(port) => {
                let entry = self.lookup_resting(pair, port, opening, now)?;
                self.conns.end_keeping_port(entry, None, now).map(|held| held.port)
            }
        }
    }

    /// The connection of a resting port, if it may be ended for a new one.
    fn lookup_resting(
        &self,
        pair: &PortPoolKey,
        port: u16,
        opening: Option<StreamPosition>,
        now: Time,
    ) -> Option<Entry<'_>> {
        let local = Endpoint::new(pair.local, port);
        let key = ConnKey::new(Role::Out, pair.protocol, pair.peer, local);
        let entry = self.conns.lookup(&key, now)?;
        let may_be_ended = match entry.state {
            state if state.is_over() => entry.rest(now).is_none_or(|rest| is_over_for(&rest, opening, now)),
            State::Udp | State::Echo => {
                entry.timeout().saturating_sub(entry.expires_at().since(now)) >= UDP_SILENCE
            }
            State::Tcp(_) | State::Sctp(_) | State::Stateless | State::Template { .. } => false,
        };
        may_be_ended.then_some(entry)
    }

    /// After a packet of a connection that a local end stands for: whether its port rests, and where its stream is.
    pub(in crate::director) fn note_local_end(
        &self,
        packet: &Packet<'_>,
        conn: &mut Connection,
        direction: View,
        before: State,
    ) {
        if is_noted(conn.state) && direction == View::Input {
            let shift = match conn.client_addr_state() {
                Some(ClientAddrState::Proxy(proxy)) => proxy.shift(),
                Some(ClientAddrState::Toa(_)) | None => 0,
            };
            let mut last_segment = LastSegment::of(StreamPosition::of(packet.payload()));
            last_segment.sequence = last_segment.sequence.wrapping_add(shift);
            // Numbers that lie far apart cannot be told in order, and those of long streams were not noted.
            if is_noted(before)
                && let Some(old) = conn.last_segment()
            {
                let later = last_segment;
                last_segment = old;
                last_segment.note(later);
            }
            conn.set_last_segment(last_segment);
        }
        if before.is_over() == conn.state.is_over() {
            return;
        }
        if let Some(LocalPort { pair, port }) = conn.local_port() {
            if conn.state.is_over() {
                self.conns.ports().rest(&pair, port);
            } else {
                self.conns.ports().resume(&pair, port);
            }
        }
    }

    /// All ports are in use: the client learns it as from a host that takes no more.
    pub(in crate::director) fn refuse_for_ports(&self, packet: &mut Packet<'_>) -> Verdict {
        let told = if packet.headers.protocol == protocol::TCP {
            let reset = reset_about(packet.buf.bytes(), &packet.headers);
            reset.map(|reset| packet.outbox.push(&reset))
        } else {
            packet.complain(packet.headers.dst, IcmpError::PortUnreachable).map(drop)
        };
        let reason = DropReason::NoLocalPort;
        if told.is_some() { Verdict::Refuse(reason) } else { Verdict::Drop(reason) }
    }

    /// Pieces of packets of several clients must not be put together, and they come from one address: identifications
    /// are given anew.
    pub(in crate::director) fn renumber(&self, packet: &mut Packet<'_>) {
        if packet.may_be_cut() {
            set_v4_id(packet.buf.bytes_mut(), self.next_id() as u16);
        }
    }

    /// The identification of the pieces that an IPv6 packet leaves in: as it came, or anew as with
    /// [`Self::renumber`].
    pub(in crate::director) fn fragment_id(&self, packet: &PacketBuf, before: &Headers, id: u32) -> u32 {
        let both_ends = |after: Headers| after.src != before.src && after.dst != before.dst;
        let is_anew = before.is_v6() && Headers::parse(packet.bytes()).is_ok_and(both_ends);
        if is_anew { self.next_id() } else { id }
    }
}

/// Position in the stream of a packet that opens a connection; ICMP errors open some too.
fn opening(packet: &Packet<'_>) -> Option<StreamPosition> {
    (packet.headers.protocol == protocol::TCP).then(|| StreamPosition::of(packet.payload()))
}

/// Whether the peer takes a new connection where this one was. Of what is no segment, nobody remembers anything.
fn is_over_for(rest: &Rest, opening: Option<StreamPosition>, now: Time) -> bool {
    let gives_way = || Some(rest.last_segment?.gives_way_to(opening?));
    rest.until <= now || gives_way() == Some(true)
}

/// States in which it is noted where the client's stream is: when it begins, and when it may be at its end.
const fn is_noted(state: State) -> bool {
    matches!(state, State::Tcp(state) if !matches!(state, TcpState::None | TcpState::Established))
}
