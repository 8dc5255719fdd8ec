//! Sending a packet to its server or its client: does it fit its way, and what is its sender told if not.

use std::net::IpAddr;

use super::mtu::room_inside;
use super::packet::{Packet, unanswered};
use crate::conn::{ConnFlags, Connection, View};
use crate::director::control::sysctl::Sysctl;
use crate::director::{Director, DropReason, Verdict};
use crate::route::Egress;
use crate::service::Method;
use crate::xmit::{self, Pieces, Rewrite, RouteInfo, TxPath};
use lvs_wire::{self, IcmpError, Outer};

impl Director {
    /// Sends a packet of a connection on, if it fits.
    pub(in crate::director) fn send(
        &self,
        packet: &mut Packet<'_>,
        conn: &Connection,
        direction: View,
    ) -> Verdict {
        match direction {
            View::Output => self.send_to_client(packet, conn),
            View::Input | View::InputOnly => self.send_to_server(packet, conn),
        }
    }

    fn send_to_client(&self, packet: &mut Packet<'_>, conn: &Connection) -> Verdict {
        if let Some(mtu) = self.too_big(packet, conn.client().addr) {
            return packet.answer(self.icmp_source_to_sender(packet), IcmpError::TooBig(mtu));
        }
        xmit::transmit(&Rewrite::to_client(conn), packet.buf, &packet.headers, packet.outbox)
    }

    /// Address from which a server is told of its packet: the host's own on that route, else the one it was sent to.
    pub(in crate::director) fn icmp_source_to_sender(&self, packet: &Packet<'_>) -> IpAddr {
        self.routes.source_to(packet.headers.src).unwrap_or(packet.headers.dst)
    }

    /// Sends a packet of the client by its connection's method, if it fits.
    pub(in crate::director) fn send_to_server(&self, packet: &mut Packet<'_>, conn: &Connection) -> Verdict {
        let pmtu_discovery = self.sysctls.is_on(Sysctl::PmtuDisc);
        let route = |server| {
            let Egress { source, is_local } = self.routes.egress_to(server);
            let id = self.next_ids(lvs_wire::segment_count(packet.buf, &packet.headers)) as u16;
            RouteInfo { source, is_local, pmtu_discovery, id }
        };
        let mut rewrite = match Rewrite::to_server(conn, &packet.headers, packet.may_be_cut(), route) {
            Ok(rewrite) => rewrite,
            Err(reason) => return self.refuse_for_want_of_way(packet, conn, reason),
        };
        let to = if conn.method == Method::Bypass { conn.virt().addr } else { conn.real().addr };
        let too_big = match &mut rewrite.path {
            TxPath::Tunnel(outer, pieces) => self.fit_tunnel(packet, outer, pieces),
            TxPath::Host | TxPath::Neighbour(_) => self.too_big(packet, to),
            TxPath::Local => None,
        };
        if let Some(mtu) = too_big {
            // IPVS takes the hop before it measures.
            lvs_wire::take_hop(packet.buf.bytes_mut(), &packet.headers);
            return self.answer_client(packet, conn, IcmpError::TooBig(mtu));
        }
        if conn.local().is_some() {
            self.renumber(packet);
        }
        if let TxPath::Tunnel(outer, _) = &rewrite.path
            && self.settings.mss_clamp
        {
            let mtu = || {
                let mtu = usize::try_from(self.routes.path_mtu_to(to)).unwrap_or(usize::MAX);
                Some(mtu.saturating_sub(outer.overhead()))
            };
            lvs_wire::clamp_mss(packet.buf, &packet.headers, mtu);
        }
        if matches!(rewrite.path, TxPath::Tunnel(..) | TxPath::Neighbour(_)) {
            packet.keep_entry(conn.virt().addr);
        }
        xmit::transmit(&rewrite, packet.buf, &packet.headers, packet.outbox)
    }

    /// The MTU that a packet does not fit inside its tunnel. One that is longer than the way, but goes in all the same,
    /// leaves in pieces. The host makes them only of IPv4, and only where its own link is too narrow.
    fn fit_tunnel(&self, packet: &Packet<'_>, outer: &mut Outer, pieces: &mut Option<Pieces>) -> Option<u32> {
        let is_v6 = packet.headers.is_v6();
        let mtu = self.narrow_way(packet, outer.dst, outer.overhead())?;
        let room = room_inside(mtu, outer.overhead(), is_v6);
        let may_be_asked = is_v6 || self.sysctls.is_on(Sysctl::PmtuDisc) && !packet.may_be_cut();
        let longest = packet.longest_piece();
        if may_be_asked && u32::try_from(longest).is_ok_and(|longest| longest > room) {
            return Some(room);
        }
        outer.dont_fragment = false;
        if outer.dst.is_ipv6() || mtu < self.routes.mtu_to(outer.dst) {
            let mtu = usize::try_from(mtu).unwrap_or(usize::MAX);
            let longest = packet.pieces.map_or(mtu, |longest| longest.min(mtu));
            *pieces = Some(Pieces {
                longest,
                id: self.next_ids(lvs_wire::segment_count(packet.buf, &packet.headers)),
            });
        }
        None
    }

    /// Answers a packet of the client with an error. It counts for a server whose own answers go past the director, since
    /// IPVS takes what comes from the virtual address for one of them.
    pub(in crate::director) fn answer_client(
        &self,
        packet: &mut Packet<'_>,
        conn: &Connection,
        error: IcmpError,
    ) -> Verdict {
        let Some(len) = packet.complain(self.icmp_source(conn), error) else {
            return Verdict::Drop(unanswered(error));
        };
        // IPVS counts what it finds a connection for, and one for a single packet is in no table.
        if !conn.method.is_rewritten()
            && !conn.flags.has(ConnFlags::ONE_PACKET)
            && let Some(server) = conn.available_server()
        {
            server.counters().count_out(1, len);
        }
        Verdict::Reply
    }

    /// Nothing can be sent to the server: the client is told as by a router (`dst_link_failure`).
    fn refuse_for_want_of_way(
        &self,
        packet: &mut Packet<'_>,
        conn: &Connection,
        reason: DropReason,
    ) -> Verdict {
        let Some(len) = packet.complain(self.icmp_source(conn), IcmpError::HostUnreachable) else {
            return Verdict::Drop(reason);
        };
        if let Some(server) = conn.available_server() {
            server.counters().count_out(1, len);
        }
        Verdict::Refuse(reason)
    }
}
