//! A TCP, UDP or SCTP packet: which connection it belongs to, and what that connection does with it.
//! Same job as `ip_vs_in_hook` and `ip_vs_out_hook` of `ip_vs_core.c`.

use crate::app::blank_stamps;
use crate::conn::{
    ConnFlags, ConnKey, Connection, Ending, Entry, Method, Role, SctpEvent, SctpState, State, TcpState, View,
};
use crate::director::control::sysctl::Sysctl;
use crate::director::path::masquerade::stretch;
use crate::director::path::mtu::room_inside;
use crate::director::path::packet::{Packet, Segment};
use crate::director::path::schedule::Scheduled;
use crate::director::{Director, DropReason, Side, Verdict};
use crate::service::Protocol;
use crate::xmit::{self, Pieces, Rewrite, RouteInfo, TxPath};
use lvs_wire::{self, IcmpError, Outer, TcpFlags, sctp};

impl Director {
    pub(in crate::director) fn process_segment(&self, packet: &mut Packet<'_>, segment: &Segment) -> Verdict {
        let number = segment.protocol.number();
        let key_in = ConnKey::new(Role::In, number, segment.from, segment.to);
        let key_out = ConnKey::new(Role::Out, number, segment.from, segment.to);
        if packet.side == Side::Server
            && let Some(entry) = self.conns.lookup(&key_out, packet.now)
        {
            return self.output(packet, segment, entry);
        }
        if let Some(verdict) = self.call_out(packet, segment) {
            return verdict;
        }
        if self.is_backup_only() {
            return Verdict::Pass;
        }
        if let Some(entry) = self.conns.lookup(&key_in, packet.now) {
            return self.input(packet, segment, entry);
        }
        if packet.side != Side::Server
            && let Some(entry) = self.conns.lookup(&key_out, packet.now)
        {
            return self.output(packet, segment, entry);
        }
        self.unknown(packet, segment)
    }

    /// A packet of the client.
    fn input<'a>(&'a self, packet: &mut Packet<'_>, segment: &Segment, mut entry: Entry<'a>) -> Verdict {
        let is_gone = entry.server().is_some_and(|server| !server.is_available());
        if self.is_reused(packet, segment, &entry)
            || (is_gone && self.sysctls.is_on(Sysctl::ExpireNodestConn))
        {
            if entry.controlled > 0 {
                self.conns.unhash(entry);
            } else {
                let ending = is_gone.then_some(Ending::Flushed);
                packet.held.set(self.conns.end_keeping_port(entry, ending, packet.now));
            }
            let verdict = self.unknown(packet, segment);
            if let Some(held) = packet.held.take() {
                self.conns.ports().release(held);
            }
            return verdict;
        }
        if is_gone {
            return Verdict::Drop(DropReason::ServerGone);
        }
        if entry.flags.has(ConnFlags::NO_CLIENT_PORT) {
            match self.conns.fill_client_port(entry, segment.from.port) {
                Some(filled) => entry = filled,
                None => return self.unknown(packet, segment),
            }
        }
        self.forward(packet, segment, entry)
    }

    /// A packet of the client goes to its connection's server.
    pub(in crate::director) fn forward<'a>(
        &'a self,
        packet: &mut Packet<'_>,
        segment: &Segment,
        mut entry: Entry<'a>,
    ) -> Verdict {
        if segment.flags.has(TcpFlags::SYN) && entry.is_unstamped() {
            blank_stamps(packet.buf, &packet.headers);
        }
        self.arrive(packet, segment, &mut entry);
        self.synchronise(&mut entry, packet.now);
        self.conns.touch(&mut entry, packet.now);
        if packet.is_expired() {
            return self.answer_client(packet, &entry, IcmpError::TimeExceeded);
        }
        if entry.is_ftp_control() {
            match self.ftp_request(packet, entry) {
                Ok(unlocked) => entry = unlocked,
                Err(reason) => return Verdict::Drop(reason),
            }
        }
        if entry.handed().is_none() {
            return self.send_on(packet, &entry);
        }
        if let Some(mtu) = self.too_big(packet, entry.real().addr) {
            return packet.answer(entry.virt().addr, IcmpError::TooBig(mtu));
        }
        let follower = self.tell_server(packet, &mut entry);
        let verdict = self.send_on(packet, &entry);
        let id = entry.id;
        self.told(packet, (id, &mut entry), verdict, follower);
        verdict
    }

    /// Sends a packet of the client by its connection's method, if it fits.
    pub(in crate::director) fn send_on(&self, packet: &mut Packet<'_>, conn: &Connection) -> Verdict {
        let pmtu_discovery = self.sysctls.is_on(Sysctl::PmtuDisc);
        let route = |server| {
            let (source, is_local) = self.routes.way_to(server);
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
    fn answer_client(&self, packet: &mut Packet<'_>, conn: &Connection, error: IcmpError) -> Verdict {
        let Some(len) = packet.complain(self.complaint_source(conn), error) else {
            return Verdict::Drop(DropReason::NoServer);
        };
        if conn.method != Method::Masq
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
        let Some(len) = packet.complain(self.complaint_source(conn), IcmpError::HostUnreachable) else {
            return Verdict::Drop(reason);
        };
        if let Some(server) = conn.available_server() {
            server.counters().count_out(1, len);
        }
        Verdict::Refuse(reason)
    }

    /// Counts a packet of the client and moves the state.
    fn arrive(&self, packet: &Packet<'_>, segment: &Segment, conn: &mut Connection) {
        if let Some(server) = conn.available_server() {
            server.counters().count_in(1, packet.counted_len());
        }
        if let Some(account) = conn.account_mut() {
            account.count_in(packet.counted_len(), packet.now);
        }
        self.transition(packet, segment, conn, View::Input);
        self.note_positions(packet, segment, conn, Role::In);
        conn.in_packets = conn.in_packets.wrapping_add(1);
    }

    /// A packet of the server goes to its connection's client.
    pub(in crate::director) fn output<'a>(
        &'a self,
        packet: &mut Packet<'_>,
        segment: &Segment,
        mut entry: Entry<'a>,
    ) -> Verdict {
        // The last hop is used up before IPVS would see the packet: it counts nowhere.
        if packet.is_expired() {
            let from = self.routes.source_to(entry.real().addr).unwrap_or(segment.to.addr);
            return packet.answer(from, IcmpError::TimeExceeded);
        }
        if entry.is_ftp_control() {
            match self.ftp_answer(packet, entry) {
                Ok(unlocked) => entry = unlocked,
                Err(reason) => return Verdict::Drop(reason),
            }
        }
        if let Some(server) = entry.available_server() {
            server.counters().count_out(1, packet.counted_len());
        }
        if let Some(account) = entry.account_mut() {
            account.count_out(packet.counted_len(), packet.now);
        }
        self.transition(packet, segment, &mut entry, View::Output);
        self.note_positions(packet, segment, &mut entry, Role::Out);
        self.conns.touch(&mut entry, packet.now);
        if entry.handed().is_some() {
            self.heed_server(packet, &mut entry);
        }
        if let Some(mtu) = self.too_big(packet, entry.client().addr) {
            let from = self.routes.source_to(entry.real().addr).unwrap_or(segment.to.addr);
            return packet.answer(from, IcmpError::TooBig(mtu));
        }
        xmit::transmit(&Rewrite::to_client(&entry), packet.buf, &packet.headers, packet.outbox)
    }

    /// A packet that belongs to no connection.
    fn unknown(&self, packet: &mut Packet<'_>, segment: &Segment) -> Verdict {
        if !self.may_schedule(packet, segment) {
            return self.unclaimed(packet, segment);
        }
        match self.schedule(packet, segment) {
            Scheduled::Tracked(entry) => self.forward(packet, segment, entry),
            Scheduled::OnePacket(mut conn) => {
                self.arrive(packet, segment, &mut conn);
                self.synchronise_one_packet(&conn, packet.now);
                let verdict = self.send_on(packet, &conn);
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
        if !is_reset
            && self.sysctls.is_on(Sysctl::NatIcmpSend)
            && self.services.read().has_server(segment.protocol, segment.from)
        {
            let from = self.routes.source_to(segment.from.addr).unwrap_or(segment.to.addr);
            return packet.answer(from, IcmpError::PortUnreachable);
        }
        Verdict::Pass
    }

    /// Whether a packet without a connection may make one.
    fn may_schedule(&self, packet: &Packet<'_>, segment: &Segment) -> bool {
        match segment.protocol {
            Protocol::Udp => true,
            Protocol::Tcp => {
                !segment.flags.has(TcpFlags::RST)
                    && (segment.flags.has(TcpFlags::SYN) || self.sysctls.is_on(Sysctl::SloppyTcp))
            }
            Protocol::Sctp => match sctp::chunks(packet.payload()).next() {
                Some(sctp::INIT) => true,
                Some(sctp::ABORT) | None => false,
                Some(_) => self.sysctls.is_on(Sysctl::SloppySctp),
            },
        }
    }

    /// Whether the packet opens a new connection on the key of an old one that is to give way.
    fn is_reused(&self, packet: &Packet<'_>, segment: &Segment, conn: &Connection) -> bool {
        let is_new = match segment.protocol {
            Protocol::Tcp => segment.flags.has(TcpFlags::SYN),
            Protocol::Sctp => sctp::chunks(packet.payload()).next() == Some(sctp::INIT),
            Protocol::Udp => false,
        };
        if !is_new {
            return false;
        }
        let is_quiesced = conn.server().is_some_and(|server| server.weight() == 0);
        if is_quiesced && self.sysctls.is_on(Sysctl::ExpireNodestConn) {
            return true;
        }
        let mode = self.sysctls.value(Sysctl::ConnReuseMode);
        if mode == 0 || conn.controller.is_some() {
            return false;
        }
        match conn.state {
            State::Tcp(TcpState::TimeWait | TcpState::Close) => true,
            State::Tcp(TcpState::FinWait) => mode & 2 != 0 && conn.flags.has(ConnFlags::NO_OUTPUT),
            State::Sctp(SctpState::Closed) => true,
            State::Tcp(_) | State::Sctp(_) | State::Udp | State::Nameless | State::Echo => false,
            State::Template { .. } => false,
        }
    }

    /// Moves the state of a connection by a packet (`ip_vs_set_state`).
    fn transition(&self, packet: &Packet<'_>, segment: &Segment, conn: &mut Connection, direction: View) {
        let mut view = direction;
        if conn.flags.has(ConnFlags::NO_OUTPUT) && segment.protocol != Protocol::Udp {
            if direction == View::Output {
                conn.flags.set(ConnFlags::NO_OUTPUT, false);
            } else {
                view = View::InputOnly;
            }
        }
        let next = match conn.state {
            State::Tcp(state) => {
                let secure = self.defence.secures_tcp();
                State::Tcp(state.after(segment.flags, view, secure))
            }
            State::Sctp(state) => {
                let event = SctpEvent::of(sctp::chunks(packet.payload()));
                State::Sctp(event.map_or(state, |event| state.after(event, view)))
            }
            State::Udp | State::Nameless | State::Echo | State::Template { .. } => conn.state,
        };
        let before = conn.state;
        if direction == View::Output
            && conn.state == State::Tcp(TcpState::SynRecv)
            && let Some(server) = conn.server()
        {
            if segment.flags.has(TcpFlags::SYN) {
                server.count_answered();
            } else if segment.flags.has(TcpFlags::RST) {
                server.count_refused();
            }
        }
        let established = conn.enter(next, &self.timeouts);
        if conn.local().is_some() {
            stretch(conn);
            self.note_stand_in(packet, conn, direction, before);
        }
        let answered = conn.state == State::Udp && direction == View::Output;
        if (established || answered)
            && let Some(mut template) = conn.controller.and_then(|id| self.conns.get(id))
            && template.is_template()
        {
            template.state = State::Template { assured: true };
        }
    }
}
