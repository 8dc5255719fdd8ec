//! Tracking: what a packet does to its connection. Both directions go through the same steps: hooks, counters, state, time,
//! hooks, the way out.

use super::facts::Segment;
use super::hooks::{HOOKS, Hooked, is_hooked};
use super::masquerade::extend_outward;
use super::packet::Packet;
use crate::conn::{ConnFlags, Connection, Entry, SctpEvent, State, TcpState, View};
use crate::director::{Director, Verdict};
use crate::service::Protocol;
use lvs_wire::{IcmpError, TcpFlags, sctp};

impl Director {
    /// Tracks a packet of the client (`Input`) or of the server (`Output`), and sends it on.
    pub(in crate::director) fn track<'a>(
        &'a self,
        packet: &mut Packet<'_>,
        segment: &Segment,
        mut conn: Entry<'a>,
        direction: View,
    ) -> Verdict {
        // IPVS would not see it, and so counts it nowhere.
        if direction == View::Output && packet.is_expired() {
            return packet.answer(self.icmp_source_to_sender(packet), IcmpError::TimeExceeded);
        }
        if !is_hooked(&conn, segment) {
            let ended = self.advance(packet, segment, &mut conn, direction);
            return ended.unwrap_or_else(|| self.send(packet, &conn, direction));
        }
        let mut conn = match self.track_hooked(packet, segment, conn, direction) {
            Ok(conn) => conn,
            Err(verdict) => return verdict,
        };
        let verdict = self.send(packet, &conn, direction);
        HOOKS.iter().for_each(|hook| hook.sent(self, packet, &mut conn, verdict));
        if conn.is_ftp_control() || conn.is_repeated() {
            self.conns.note_change(&conn);
        }
        // Numbers in its stream may be off by more from now on.
        if conn.is_ftp_control() || conn.client_addr_state().is_some() || conn.is_repeated() {
            self.conns.note_changed(&conn);
        }
        verdict
    }

    fn track_hooked<'a>(
        &'a self,
        packet: &mut Packet<'_>,
        segment: &Segment,
        mut conn: Entry<'a>,
        direction: View,
    ) -> Hooked<'a> {
        for hook in HOOKS {
            conn = hook.before(self, packet, segment, conn, direction)?;
        }
        if let Some(verdict) = self.advance(packet, segment, &mut conn, direction) {
            return Err(verdict);
        }
        HOOKS.iter().try_fold(conn, |conn, hook| hook.after(self, packet, conn, direction))
    }

    /// Counts the packet, moves the state and the deadline. Some: the packet ends here.
    fn advance(
        &self,
        packet: &mut Packet<'_>,
        segment: &Segment,
        conn: &mut Entry<'_>,
        direction: View,
    ) -> Option<Verdict> {
        let before = conn.state;
        self.offer(conn, segment, packet.now);
        self.count_and_move(packet, segment, conn, direction);
        if conn.state != before || conn.in_packets == 2 && conn.state == State::Udp {
            self.conns.note_change(conn);
        }
        if direction != View::Output {
            self.synchronise(conn, packet.now);
        }
        self.conns.touch(conn, packet.now);
        if conn.state != before {
            self.conns.note_changed(conn);
        }
        self.offer_early(conn, segment, before, direction);
        (direction != View::Output && packet.is_expired())
            .then(|| self.answer_client(packet, conn, IcmpError::TimeExceeded))
    }

    /// Counts a packet and moves the state.
    pub(in crate::director) fn count_and_move(
        &self,
        packet: &Packet<'_>,
        segment: &Segment,
        conn: &mut Connection,
        direction: View,
    ) {
        let len = packet.counted_len();
        if let Some(server) = conn.available_server() {
            match direction {
                View::Output => server.counters().count_out(1, len),
                View::Input | View::InputOnly => server.counters().count_in(1, len),
            }
        }
        if let Some(account) = conn.account_mut() {
            match direction {
                View::Output => account.count_out(len, packet.now),
                View::Input | View::InputOnly => account.count_in(len, packet.now),
            }
        }
        self.transition(packet, segment, conn, direction);
        if direction != View::Output {
            conn.in_packets = conn.in_packets.wrapping_add(1);
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
            State::Udp | State::Stateless | State::Echo | State::Template { .. } => conn.state,
        };
        let before = conn.state;
        if direction == View::Output {
            count_answer(conn, segment.flags);
        }
        let answered = conn.state == State::Udp && direction == View::Output;
        self.enter(conn, next);
        if conn.local().is_some() {
            self.note_local_end(packet, conn, direction, before);
        }
        if answered {
            self.assure_template(conn);
        }
    }

    /// Enters the state after a packet, with what follows from it for others.
    pub(in crate::director) fn enter(&self, conn: &mut Connection, next: State) {
        let established = conn.enter(next, &self.timeouts);
        if conn.state.is_over()
            && let Some(client) = conn.take_client_tag()
        {
            self.conns.clients.release(client);
        }
        if conn.local().is_some() {
            extend_outward(conn);
        }
        if established {
            self.assure_template(conn);
        }
    }

    /// A client that was answered makes its template outlive want of memory.
    pub(in crate::director) fn assure_template(&self, conn: &Connection) {
        if let Some(mut template) = self.conns.above(conn)
            && template.state == (State::Template { assured: false })
        {
            template.state = State::Template { assured: true };
            self.conns.note_changed(&template);
        }
    }
}

/// Counts what a server says to a client's SYN, before the state moves.
pub(in crate::director) fn count_answer(conn: &Connection, flags: TcpFlags) {
    if conn.state == State::Tcp(TcpState::SynRecv)
        && let Some(server) = conn.server()
    {
        if flags.has(TcpFlags::SYN) {
            server.count_answered();
        } else if flags.has(TcpFlags::RST) {
            server.count_refused();
        }
    }
}
