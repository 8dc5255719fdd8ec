//! Ends of the host that stand for clients towards real servers: FULLNAT, and servers that share a link with their
//! client. Chooses the address and the port, and takes ports away from connections that are over when there are no
//! others.
//!
//! Never rewrites packets; called when a connection is made and when its state changes. The kernel's IPVS has
//! nothing like it; the rules for ports in TIME_WAIT are those of `tcp_timewait_state_process`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;

use super::packet::{Packet, Segment};
use super::{Director, DropReason, Verdict};
use crate::lvs::app::Handed;
use crate::lvs::conn::{ConnKey, Connection, Newest, Pair, Role, SctpState, State, TcpState, View};
use crate::lvs::service::{Endpoint, Forwarding, Protocol, RealServer};
use crate::lvs::time::Time;
use crate::lvs::wire::{
    Headers, IcmpError, PacketBuf, StreamPosition, icmp, is_after, protocol, reset_about, set_v4_id,
};

/// Ports of the host's own addresses: outside the range that Linux takes for the host's own connections, and enough
/// for 16,384 clients of each server.
pub const DEFAULT_LADDR_PORTS: RangeInclusive<u16> = 16_384..=32_767;

/// Addresses of one subnet that are used at most; each has 64,512 ports towards each server.
pub const MOST_LADDRS: usize = 256;

/// What stands for clients towards servers on this host: addresses that nobody has anywhere (the dummy address of RFC
/// 7600, the discard prefix of RFC 6666). An answer to a client of the host's own would never leave its stack, and one
/// from a socket without an address of its own is routed before it has one.
pub const INNER_LADDRS: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(192, 0, 0, 8)), IpAddr::V6(Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 8))];

/// Ports of an address that has no other use.
const ALL_PORTS: RangeInclusive<u16> = 1024..=u16::MAX;

/// Resting ports that are looked at for a connection that finds no free one.
const MOST_TRIES: usize = 32;

/// A UDP flow is over when it was silent for so long and its port is wanted (`nf_conntrack_udp_timeout`).
const UDP_SILENCE: Duration = Duration::from_secs(30);

/// The addresses that stand for clients and have no other use, by family.
#[derive(Debug, Default)]
pub(super) struct StandIns {
    v4: Vec<IpAddr>,
    v6: Vec<IpAddr>,
}

impl StandIns {
    pub(super) fn new(nets: &[IpNet]) -> Self {
        let (v4, v6) = nets.iter().flat_map(laddrs).partition(IpAddr::is_ipv4);
        Self { v4, v6 }
    }

    /// Those of the family of `peer`.
    pub(super) fn towards(&self, peer: IpAddr) -> &[IpAddr] {
        if peer.is_ipv4() { &self.v4 } else { &self.v6 }
    }
}

/// The addresses of a subnet that stand for clients: its hosts, up to [`MOST_LADDRS`].
pub fn laddrs(net: &IpNet) -> impl Iterator<Item = IpAddr> + use<> {
    // The first address of an IPv6 subnet is that of all its routers.
    let is_subnet = net.addr().is_ipv6() && net.prefix_len() < 127;
    net.hosts().skip(usize::from(is_subnet)).take(MOST_LADDRS)
}

/// Whom a local port is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claimant {
    pub(super) protocol: u8,
    pub(super) from: Endpoint,
}

impl Claimant {
    pub(super) const fn of(segment: &Segment) -> Self {
        Self { protocol: segment.protocol.number(), from: segment.from }
    }

    /// Its connection has no end that packets would tell of.
    const fn is_endless(&self) -> bool {
        matches!(self.protocol, protocol::UDP | protocol::ICMP | protocol::ICMPV6)
    }
}

impl Director {
    /// The end that is to stand for the client of a new connection, with a port that is claimed for it. None where
    /// the server sees the client itself.
    ///
    /// # Errors
    /// There is no port, or no way to the server.
    pub(super) fn stand_in(
        &self,
        packet: &Packet<'_>,
        segment: &Segment,
        (server, real): (&RealServer, Endpoint),
        is_one_packet: bool,
    ) -> Result<Option<Endpoint>, DropReason> {
        let pool = self.stand_ins.towards(real.addr);
        let is_needed = match server.forwarding() {
            Forwarding::FullNat if !pool.is_empty() => {
                return self.claim(packet, &Claimant::of(segment), real, (pool, &ALL_PORTS)).map(Some);
            }
            Forwarding::FullNat => true,
            Forwarding::Masq => !is_one_packet && self.is_out_of_reach(segment, real.addr),
            Forwarding::Local | Forwarding::Tunnel(_) | Forwarding::Route | Forwarding::Bypass => false,
        };
        if !is_needed {
            return Ok(None);
        }
        if self.is_here(real.addr) {
            let inner = INNER_LADDRS[usize::from(real.addr.is_ipv6())];
            return self.claim(packet, &Claimant::of(segment), real, (&[inner], &ALL_PORTS)).map(Some);
        }
        let own = self.routes.source_to(real.addr).ok_or(DropReason::NoWayToServer)?;
        self.claim(packet, &Claimant::of(segment), real, (&[own], &self.settings.laddr_ports)).map(Some)
    }

    fn is_here(&self, addr: IpAddr) -> bool {
        addr.is_loopback() || self.routes.is_local(addr)
    }

    /// Whether an answer to the client would not come here:
    /// - of a server on the loopback address, or of one without an address of its own on this host to a client there;
    /// - to the virtual address, where that is nobody's and a client on this host (by IPv6) has it as its own;
    /// - on the link that client and server share.
    fn is_out_of_reach(&self, segment: &Segment, real: IpAddr) -> bool {
        let (client, virt) = (segment.from.addr, segment.to.addr);
        if real.is_loopback() {
            return true;
        }
        if client == virt {
            return !self.routes.is_local(virt);
        }
        let is_datagram = segment.protocol == Protocol::Udp;
        is_datagram && self.routes.is_local(client) && self.routes.is_local(real)
            || self.settings.hairpin && self.routes.share_link(client, real)
    }

    /// A free port towards `peer` of one of these addresses; a client has the same address as long as it has ports.
    pub(super) fn claim(
        &self,
        packet: &Packet<'_>,
        claimant: &Claimant,
        peer: Endpoint,
        (addrs, range): (&[IpAddr], &RangeInclusive<u16>),
    ) -> Result<Endpoint, DropReason> {
        let protocol = claimant.protocol;
        let first = (self.hash_of(claimant.from.addr) % addrs.len().max(1) as u64) as usize;
        let pairs = || {
            let turned = addrs[first..].iter().chain(&addrs[..first]);
            turned.map(|local| Pair { protocol, local: *local, peer })
        };
        let ports = self.conns.ports();
        let claim = |pair: Pair| {
            let port = ports.claim(&pair, range)?;
            if claimant.is_endless() {
                ports.rest(&pair, port);
            }
            Some(Endpoint::new(pair.local, port))
        };
        if let Some(local) = pairs().find_map(claim) {
            return Ok(local);
        }
        let opening = opening(packet);
        let mut tries = 0..MOST_TRIES;
        pairs()
            .find_map(|pair| {
                while tries.next().is_some() {
                    let port = ports.longest_resting(&pair)?;
                    if self.take_away(&pair, port, opening, packet.now) {
                        return claim(pair);
                    }
                }
                None
            })
            .ok_or(DropReason::NoLocalPort)
    }

    fn hash_of(&self, addr: IpAddr) -> u64 {
        match addr {
            IpAddr::V4(addr) => self.conns.tag(&addr.octets()),
            IpAddr::V6(addr) => self.conns.tag(&addr.octets()),
        }
    }

    /// Ends the connection that has this resting port, if the server would take a packet that opens another one.
    fn take_away(&self, pair: &Pair, port: u16, opening: Option<StreamPosition>, now: Time) -> bool {
        let local = Endpoint::new(pair.local, port);
        let key = ConnKey::new(Role::Out, pair.protocol, pair.peer, local);
        let Some(entry) = self.conns.lookup(&key, now) else { return false };
        let may_be_taken = match entry.state {
            State::Tcp(TcpState::Close) | State::Sctp(SctpState::Closed) => true,
            State::Tcp(TcpState::TimeWait) => match (entry.newest(), opening) {
                (Some(Newest::Stamp(old)), Some(StreamPosition { stamp: Some(new), .. })) => {
                    is_after(new, old)
                }
                (Some(Newest::Sequence(old)), Some(new)) => is_after(new.sequence, old),
                _ => false,
            },
            State::Udp | State::Echo => {
                entry.timeout().saturating_sub(entry.expires_at().since(now)) >= UDP_SILENCE
            }
            State::Tcp(_) | State::Sctp(_) | State::Nameless | State::Template { .. } => false,
        };
        if may_be_taken {
            self.conns.end(entry, now);
        }
        may_be_taken
    }

    /// After a packet of a connection that a local end stands for: whether its port rests, and where its stream is.
    pub(super) fn note_stand_in(
        &self,
        packet: &Packet<'_>,
        conn: &mut Connection,
        direction: View,
        before: State,
    ) {
        if let State::Tcp(TcpState::TimeWait | TcpState::CloseWait | TcpState::FinWait | TcpState::LastAck) =
            conn.state
            && direction == View::Input
        {
            let at = StreamPosition::of(packet.payload());
            let shift = match conn.handed() {
                Some(Handed::Proxy(preface)) => preface.shift(),
                Some(Handed::Toa(_)) | None => 0,
            };
            conn.set_newest(at.stamp.map_or(Newest::Sequence(at.next.wrapping_add(shift)), Newest::Stamp));
        }
        if is_over(before) == is_over(conn.state) {
            return;
        }
        if let Some((pair, port)) = conn.pair() {
            if is_over(conn.state) {
                self.conns.ports().rest(&pair, port);
            } else {
                self.conns.ports().resume(&pair, port);
            }
        }
    }

    /// All ports are in use: the client learns it as from a host that takes no more.
    pub(super) fn refuse_for_ports(&self, packet: &mut Packet<'_>) -> Verdict {
        packet.add_hop();
        let (bytes, headers) = (packet.buf.bytes(), &packet.headers);
        let answer = if headers.protocol == protocol::TCP {
            reset_about(bytes, headers)
        } else {
            icmp::error_about(bytes, headers, headers.dst, IcmpError::PortUnreachable)
        };
        if let Some(answer) = answer {
            packet.outbox.push(&answer);
        }
        Verdict::Drop(DropReason::NoLocalPort)
    }

    /// Pieces of packets of several clients must not be put together, and they come from one address: identifications
    /// are given anew.
    pub(super) fn renumber(&self, packet: &mut Packet<'_>) {
        if packet.may_be_cut() {
            set_v4_id(packet.buf.bytes_mut(), self.next_id() as u16);
        }
    }

    /// The identification of the pieces that an IPv6 packet leaves in: as it came, or anew as with
    /// [`Self::renumber`].
    pub(super) fn fragment_id(&self, packet: &PacketBuf, before: &Headers, id: u32) -> u32 {
        let both_ends = |after: Headers| after.src != before.src && after.dst != before.dst;
        let is_anew = before.is_v6() && Headers::parse(packet.bytes()).is_ok_and(both_ends);
        if is_anew { self.next_id() } else { id }
    }
}

/// Where the stream of a packet that opens a connection begins; ICMP errors open some too.
fn opening(packet: &Packet<'_>) -> Option<StreamPosition> {
    (packet.headers.protocol == protocol::TCP).then(|| StreamPosition::of(packet.payload()))
}

/// Nothing more is to come on it but repetitions.
const fn is_over(state: State) -> bool {
    matches!(state, State::Tcp(TcpState::TimeWait | TcpState::Close) | State::Sctp(SctpState::Closed))
}
