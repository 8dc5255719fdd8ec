//! Connections that the fast path has, or is offered: packets may pass that the table does not see.
//!
//! Never talks to the fast path; the director does, and notes here what it has. A connection with such a note ends by its
//! timeout only when the note is gone, since a packet may have come for it meanwhile.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::{ConnFlags, ConnId, ConnTable, Connection, Entry, State, TcpState};
use crate::time::Time;

/// By so much the end of a connection is put off until the fast path was asked.
const PUT_OFF: Duration = Duration::from_millis(250);

impl Connection {
    /// Tells the connection in a place from one that was there before.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Whether each of its packets but those that begin and end it gets new ends and nothing else: a masqueraded server
    /// that is declared, and nothing that looks into the packets.
    pub fn is_plain(&self) -> bool {
        matches!(self.state, State::Tcp(TcpState::Established) | State::Udp) && self.has_plain_packets()
    }

    /// As [`Self::is_plain`], of one that a server has answered and that is about to be established.
    pub fn is_plain_soon(&self) -> bool {
        matches!(self.state, State::Tcp(TcpState::SynRecv)) && self.has_plain_packets()
    }

    /// Whether the fast path may go on with it. `ends`: it tells of packets that end it.
    pub fn stays_plain(&self, ends: bool) -> bool {
        let is_open = match self.state {
            State::Udp => true,
            State::Tcp(TcpState::Established | TcpState::SynRecv | TcpState::SynAck) => true,
            State::Tcp(TcpState::FinWait | TcpState::CloseWait) => ends,
            _ => false,
        };
        is_open && self.has_plain_packets()
    }

    /// Whether all its packets get new ends and nothing else, while the state is one in which that may be.
    fn has_plain_packets(&self) -> bool {
        const ODD: [ConnFlags; 5] = [
            ConnFlags::NO_OUTPUT,
            ConnFlags::ONE_PACKET,
            ConnFlags::UNHASHED,
            ConnFlags::SHARES_ENDS,
            ConnFlags::NO_CLIENT_PORT,
        ];
        self.method.is_rewritten()
            && !ODD.iter().any(|flag| self.flags.has(*flag))
            && self.available_server().is_some_and(|server| !server.is_drained())
            && !self.has_work_on_packets()
    }

    /// Whether one of its rare properties concerns its packets.
    fn has_work_on_packets(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| {
            extra.fwmark != 0
                || extra.pinned
                || extra.is_too_long
                || extra.ftp.is_some()
                || extra.positions.is_some()
                || extra.client_addr_state.is_some()
                || extra.syn_proxy.is_some()
        })
    }
}

impl ConnTable {
    /// Notes that the fast path is offered a connection. False: that was noted already.
    pub fn note_offered(&self, entry: &Entry<'_>) -> bool {
        self.slots.note_offered(entry.id.slot())
    }

    /// The fast path does not have it any more.
    pub fn note_withdrawn(&self, entry: &Entry<'_>) {
        self.slots.note_withdrawn(entry.id.slot());
    }

    pub fn is_offered(&self, id: ConnId) -> bool {
        self.slots.is_offered(id.slot())
    }

    /// Whether the end of a connection was put off since this was last asked.
    pub fn take_put_off(&self) -> bool {
        self.has_put_off.load(Relaxed) && self.has_put_off.swap(false, Relaxed)
    }

    /// Whether its time is not up, or cannot be told.
    pub(super) fn is_alive(&self, entry: &Entry<'_>, now: Time) -> bool {
        entry.expires_at() > now || self.slots.is_offered(entry.id.slot())
    }

    /// Has a connection whose time seems to be up looked at again soon, if the fast path has it.
    pub(super) fn put_off(&self, entry: &mut Entry<'_>, now: Time) -> bool {
        let slot = entry.id.slot();
        let is_offered = self.slots.is_offered(slot);
        if is_offered {
            entry.queued = self.expiry.lock().push(slot, now + PUT_OFF);
            self.has_put_off.store(true, Relaxed);
        }
        is_offered
    }
}
