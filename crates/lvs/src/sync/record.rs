//! One connection as messages carry it.

use std::time::Duration;

use crate::app::sequence::Correction;
use crate::conn::{ConnFlags, Connection, Engine, SctpState, State, TcpState};
use crate::service::{Endpoint, Method, Protocol};

const ESP: u8 = 50;
const AH: u8 = 51;

/// A connection or template in a message; plain values, as the kernel numbers them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// IP protocol number; 0 for the template of a mark.
    pub protocol: u8,
    pub flags: Flags,
    pub state: u16,
    pub client: Endpoint,
    pub virt: Endpoint,
    pub real: Endpoint,
    /// 0 in version 0, which has no place for it.
    pub fwmark: u32,
    /// Timeout that every packet sets, in seconds; 0: the usual one of the state.
    pub timeout: u32,
    /// Of the client's stream and of the server's.
    pub sequences: Option<[Sequence; 2]>,
    pub engine: Option<Engine>,
}

/// Offset of the sequence numbers of a stream, behind a position and before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    pub position: u32,
    pub after: u32,
    pub before: u32,
}

/// `IP_VS_CONN_F_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    const METHOD: u32 = 7;
    pub const FROM_SYNC: Self = Self(0x20);
    pub const HASHED: Self = Self(0x40);
    pub const NO_OUTPUT: Self = Self(0x80);
    pub const INACTIVE: Self = Self(0x100);
    pub const OUT_SEQUENCE: Self = Self(0x200);
    pub const IN_SEQUENCE: Self = Self(0x400);
    pub const NO_CLIENT_PORT: Self = Self(0x800);
    pub const TEMPLATE: Self = Self(0x1000);
    pub const ONE_PACKET: Self = Self(0x2000);
    const HAS_SEQUENCES: u32 = Self::OUT_SEQUENCE.0 | Self::IN_SEQUENCE.0;

    /// Flags that a backup takes over from version 1.
    pub(super) const TAKEN: u32 = Self::METHOD
        | Self::NO_OUTPUT.0
        | Self::INACTIVE.0
        | Self::HAS_SEQUENCES
        | Self::NO_CLIENT_PORT.0
        | Self::TEMPLATE.0
        | Self::ONE_PACKET.0;

    pub const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    pub const fn has_sequences(self) -> bool {
        self.0 & Self::HAS_SEQUENCES != 0
    }

    /// How packets go until there is a server, which says it itself. By a number that is none they are left to the host.
    pub fn method(self) -> Method {
        Method::from_number((self.0 & Self::METHOD) as u8).unwrap_or(Method::Local)
    }
}

impl Record {
    /// The record of a connection as it is.
    pub fn of(conn: &Connection) -> Self {
        let mut flags = u32::from(conn.method.number());
        let has = |flag| conn.flags.has(flag);
        let is_inactive = conn.is_template()
            || (conn.server().is_some() || has(ConnFlags::FROM_SYNC)) && has(ConnFlags::INACTIVE);
        for (is_set, flag) in [
            (has(ConnFlags::FROM_SYNC), Flags::FROM_SYNC),
            (has(ConnFlags::NO_OUTPUT), Flags::NO_OUTPUT),
            (is_inactive, Flags::INACTIVE),
            (has(ConnFlags::NO_CLIENT_PORT), Flags::NO_CLIENT_PORT),
            (conn.is_template(), Flags::TEMPLATE),
        ] {
            flags |= if is_set { flag.0 } else { 0 };
        }
        let sequences = conn.correction().map(|correction| {
            let Correction { position, before, after } = correction;
            flags |= Flags::OUT_SEQUENCE.0;
            [Sequence::default(), Sequence { position, after, before }]
        });
        Self {
            protocol: conn.protocol(),
            flags: Flags(flags),
            state: state_number(conn.state),
            client: conn.client(),
            virt: conn.virt(),
            real: conn.real(),
            fwmark: conn.fwmark(),
            timeout: u32::try_from(conn.timeout().as_secs()).unwrap_or(u32::MAX),
            sequences,
            engine: conn.engine().cloned(),
        }
    }

    pub const fn is_template(&self) -> bool {
        self.flags.has(Flags::TEMPLATE)
    }

    pub fn timeout(&self) -> Option<Duration> {
        (self.timeout != 0).then(|| Duration::from_secs(self.timeout.into()))
    }

    /// The state that its number stands for.
    pub fn state(&self) -> Option<State> {
        if self.is_template() {
            return (self.state <= 1).then_some(State::Template { assured: self.state == 1 });
        }
        let number = usize::from(self.state);
        if matches!(self.protocol, ESP | AH) {
            return (number == 0).then_some(State::Stateless);
        }
        match Protocol::from_number(self.protocol)? {
            Protocol::Tcp => TcpState::ALL.get(number).copied().map(State::Tcp),
            Protocol::Sctp => SctpState::ALL.get(number).copied().map(State::Sctp),
            Protocol::Udp => (number == 0).then_some(State::Udp),
        }
    }
}

/// A state as messages number it.
pub(super) const fn state_number(state: State) -> u16 {
    match state {
        State::Tcp(state) => state as u16,
        State::Sctp(state) => state as u16,
        State::Udp | State::Stateless | State::Echo => 0,
        State::Template { assured } => assured as u16,
    }
}
