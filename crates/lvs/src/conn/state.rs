//! State and flags of a connection.

use super::{SctpState, TcpState};

/// The state of a connection's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Tcp(TcpState),
    Udp,
    Sctp(SctpState),
    /// Of a protocol without states (AH, ESP), as another director may tell of.
    Stateless,
    /// Requests of ICMP echo, and their answers.
    Echo,
    /// Assured: one of its connections was established, so it outlives them under pressure.
    Template {
        assured: bool,
    },
}

impl State {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp(state) => state.name(),
            Self::Udp => "UDP",
            Self::Sctp(state) => state.name(),
            Self::Stateless => "ERR!",
            Self::Echo => "ECHO",
            Self::Template { assured: true } => "ASSURED",
            Self::Template { assured: false } => "NONE",
        }
    }

    /// Whether nothing more is to come on the connection but repetitions.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Tcp(TcpState::TimeWait | TcpState::Close) | Self::Sctp(SctpState::Closed))
    }

    /// Whether it counts as an active connection of its server.
    pub const fn is_active(self) -> bool {
        match self {
            Self::Tcp(state) => state.is_active(),
            Self::Sctp(state) => state.is_active(),
            Self::Udp | Self::Stateless | Self::Echo | Self::Template { .. } => false,
        }
    }
}

/// Facts about a connection that are true or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnFlags(pub(super) u8);

impl ConnFlags {
    /// No packet of the server was seen (yet): the client's packets alone drive the state.
    pub const NO_OUTPUT: Self = Self(1);
    /// Counts as inactive at its server.
    pub const INACTIVE: Self = Self(2);
    pub const ONE_PACKET: Self = Self(4);
    /// Learnt from a synchronisation message.
    pub const FROM_SYNC: Self = Self(8);
    /// No key leads to it any more.
    pub const UNHASHED: Self = Self(16);
    /// Being taken out of the table.
    pub const ENDING: Self = Self(32);
    /// Another connection has, or had, the same client and server ends (and another virtual one).
    pub const SHARES_ENDS: Self = Self(64);
    /// Expected, from a client port that its first packet will show.
    pub const NO_CLIENT_PORT: Self = Self(128);

    pub const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    pub const fn set(&mut self, flag: Self, on: bool) {
        if on {
            self.0 |= flag.0;
        } else {
            self.0 &= !flag.0;
        }
    }
}
