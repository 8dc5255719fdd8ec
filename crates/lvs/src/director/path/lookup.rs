//! Looking a packet's connection up, and whether that connection still stands.

use crate::conn::{ConnFlags, ConnKey, Connection, Entry, Role, State, TcpState};
use crate::director::control::sysctl::Sysctl;
use crate::director::path::decide::Recorder;
use crate::director::path::facts::Segment;
use crate::director::{Director, Side};
use crate::time::Time;

/// Connection that a packet belongs to.
pub(in crate::director) enum Found<'a> {
    /// A packet of the client, for the connection's server.
    ToServer(Entry<'a>),
    /// A packet of the server, for the connection's client.
    ToClient(Entry<'a>),
    /// The packets of clients are another director's (`backup_only`).
    OnBackup,
    Nothing,
}

/// Whether a connection takes the next packet of its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::director) enum ConnValidity {
    Valid,
    /// The packet begins a new connection in its place.
    GivesWay {
        server_is_gone: bool,
    },
    /// The connection's server was removed, and it waits for its end.
    ServerGone,
}

impl Director {
    /// Finds the connection of a packet: of a server's packet by the server's end first, else by the client's.
    pub(in crate::director) fn look_up<R: Recorder>(
        &self,
        side: Side,
        segment: &Segment,
        now: Time,
    ) -> Found<'_> {
        let number = segment.protocol.number();
        let look = |role| {
            let key = ConnKey::new(role, number, segment.from, segment.to);
            if R::DECIDES { self.conns.lookup(&key, now) } else { self.conns.peek(&key, now) }
        };
        if side == Side::Server
            && let Some(entry) = look(Role::Out)
        {
            return Found::ToClient(entry);
        }
        if self.is_backup_only() {
            return Found::OnBackup;
        }
        if let Some(entry) = look(Role::In) {
            return Found::ToServer(entry);
        }
        match side {
            Side::Server => Found::Nothing,
            Side::Client | Side::Mark(_) => look(Role::Out).map_or(Found::Nothing, Found::ToClient),
        }
    }

    /// Whether a connection takes a packet of its client. `opens`: the packet would begin a connection.
    pub(in crate::director) fn validity(&self, conn: &Connection, opens: bool) -> ConnValidity {
        let server_is_gone = conn.server().is_some_and(|server| !server.is_available());
        let expires_with_server = self.sysctls.is_on(Sysctl::ExpireNodestConn);
        if (opens && self.is_reused(conn)) || (server_is_gone && expires_with_server) {
            return ConnValidity::GivesWay { server_is_gone };
        }
        if server_is_gone { ConnValidity::ServerGone } else { ConnValidity::Valid }
    }

    /// Whether a connection gives way to one that begins with the same ends.
    fn is_reused(&self, conn: &Connection) -> bool {
        let is_quiesced = conn.server().is_some_and(|server| server.weight() == 0);
        if is_quiesced && self.sysctls.is_on(Sysctl::ExpireNodestConn) {
            return true;
        }
        let mode = self.sysctls.value(Sysctl::ConnReuseMode);
        if mode == 0 || conn.stands_under().is_some() {
            return false;
        }
        match conn.state {
            state if state.is_over() => true,
            State::Tcp(TcpState::FinWait) => mode & 2 != 0 && conn.flags.has(ConnFlags::NO_OUTPUT),
            State::Tcp(_)
            | State::Sctp(_)
            | State::Udp
            | State::Stateless
            | State::Echo
            | State::Template { .. } => false,
        }
    }
}
