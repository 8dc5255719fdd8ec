//! The SCTP states of a connection. Same job as `ip_vs_proto_sctp.c`.

use serde::{Deserialize, Serialize};

use super::tcp_state::View;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum SctpState {
    None,
    Init1,
    Init,
    CookieSent,
    CookieReplied,
    CookieWait,
    Cookie,
    CookieEchoed,
    Established,
    ShutdownSent,
    ShutdownReceived,
    ShutdownAckSent,
    Rejected,
    Closed,
}

/// Chunks of a packet, as far as the state depends on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SctpEvent {
    Data,
    Init,
    InitAck,
    CookieEcho,
    CookieAck,
    Shutdown,
    ShutdownAck,
    ShutdownComplete,
    Error,
    Abort,
}

impl SctpEvent {
    const COOKIE_ECHO: u8 = 10;
    const COOKIE_ACK: u8 = 11;
    const ABORT: u8 = 6;

    /// The event of a packet with these chunk types: the first one counts, except that an ABORT may follow a
    /// cookie.
    pub fn of(mut chunks: impl Iterator<Item = u8>) -> Option<Self> {
        let first = chunks.next()?;
        if matches!(first, Self::COOKIE_ECHO | Self::COOKIE_ACK) && chunks.next() == Some(Self::ABORT) {
            return Some(Self::Abort);
        }
        Some(match first {
            1 => Self::Init,
            2 => Self::InitAck,
            Self::ABORT => Self::Abort,
            7 => Self::Shutdown,
            8 => Self::ShutdownAck,
            9 => Self::Error,
            Self::COOKIE_ECHO => Self::CookieEcho,
            Self::COOKIE_ACK => Self::CookieAck,
            14 => Self::ShutdownComplete,
            _ => Self::Data,
        })
    }
}

impl SctpState {
    pub const ALL: [Self; 14] = [
        Self::None,
        Self::Init1,
        Self::Init,
        Self::CookieSent,
        Self::CookieReplied,
        Self::CookieWait,
        Self::Cookie,
        Self::CookieEchoed,
        Self::Established,
        Self::ShutdownSent,
        Self::ShutdownReceived,
        Self::ShutdownAckSent,
        Self::Rejected,
        Self::Closed,
    ];

    /// As listings print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Init1 => "INIT1",
            Self::Init => "INIT",
            Self::CookieSent => "C-SENT",
            Self::CookieReplied => "C-REPLIED",
            Self::CookieWait => "C-WAIT",
            Self::Cookie => "COOKIE",
            Self::CookieEchoed => "C-ECHOED",
            Self::Established => "ESTABLISHED",
            Self::ShutdownSent => "S-SENT",
            Self::ShutdownReceived => "S-RECEIVED",
            Self::ShutdownAckSent => "S-ACK-SENT",
            Self::Rejected => "REJECTED",
            Self::Closed => "CLOSED",
        }
    }

    /// Whether the connection counts as active.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Established)
    }

    /// The state after a packet with this event.
    #[must_use]
    pub fn after(self, event: SctpEvent, view: View) -> Self {
        let moves = match view {
            View::Input => INPUT,
            View::Output => OUTPUT,
            View::InputOnly => INPUT_ONLY,
        };
        let found = moves.iter().find(|(state, events, _)| *state == self && events.contains(&event));
        found.map_or(self, |(_, _, next)| *next)
    }
}

type Moves = &'static [(SctpState, &'static [SctpEvent], SctpState)];

#[rustfmt::skip]
const INPUT: Moves = &[
    (S::None, &[E::Data, E::CookieAck], S::Established),
    (S::None, &[E::Init], S::Init1),
    (S::None, &[E::InitAck], S::CookieWait),
    (S::None, &[E::CookieEcho], S::CookieReplied),
    (S::None, &[E::Shutdown], S::ShutdownReceived),
    (S::None, &[E::ShutdownAck, E::ShutdownComplete, E::Error, E::Abort], S::Closed),
    (S::Init1, &[E::Init, E::CookieEcho, E::ShutdownAck], S::Init),
    (S::Init1, &[E::InitAck], S::CookieWait),
    (S::Init1, &[E::ShutdownComplete, E::Abort], S::Closed),
    (S::Init, &[E::InitAck], S::CookieWait),
    (S::Init, &[E::ShutdownComplete, E::Abort], S::Closed),
    (S::CookieSent, &[E::CookieEcho], S::CookieReplied),
    (S::CookieSent, &[E::Abort], S::Closed),
    (S::CookieReplied, &[E::Abort], S::Closed),
    (S::CookieWait, &[E::InitAck], S::Cookie),
    (S::CookieWait, &[E::Abort], S::Rejected),
    (S::Cookie, &[E::Abort], S::Closed),
    (S::CookieEchoed, &[E::CookieAck], S::Established),
    (S::CookieEchoed, &[E::Error, E::Abort], S::Closed),
    (S::Established, &[E::Shutdown], S::ShutdownReceived),
    (S::Established, &[E::Abort], S::Closed),
    (S::ShutdownSent, &[E::ShutdownAck, E::Abort], S::Closed),
    (S::ShutdownReceived, &[E::Abort], S::Closed),
    (S::ShutdownAckSent, &[E::ShutdownAck, E::ShutdownComplete, E::Abort], S::Closed),
    (S::Rejected, &[E::Init], S::Init),
    (S::Rejected, &[E::Abort], S::Closed),
    (S::Closed, &[E::Init], S::Init),
];

#[rustfmt::skip]
const OUTPUT: Moves = &[
    (S::None, &[E::Data, E::CookieAck], S::Established),
    (S::None, &[E::Init], S::CookieWait),
    (S::None, &[E::InitAck], S::CookieSent),
    (S::None, &[E::CookieEcho], S::CookieEchoed),
    (S::None, &[E::Shutdown], S::ShutdownSent),
    (S::None, &[E::ShutdownAck], S::ShutdownAckSent),
    (S::None, &[E::ShutdownComplete, E::Error, E::Abort], S::Closed),
    (S::Init1, &[E::Init], S::CookieWait),
    (S::Init1, &[E::InitAck], S::CookieSent),
    (S::Init1, &[E::CookieEcho], S::CookieEchoed),
    (S::Init1, &[E::CookieAck], S::Established),
    (S::Init1, &[E::Shutdown], S::ShutdownSent),
    (S::Init1, &[E::ShutdownAck], S::ShutdownAckSent),
    (S::Init1, &[E::Error], S::Closed),
    (S::Init1, &[E::Abort], S::Rejected),
    (S::Init, &[E::Init], S::CookieWait),
    (S::Init, &[E::InitAck], S::CookieSent),
    (S::Init, &[E::CookieEcho], S::CookieEchoed),
    (S::Init, &[E::CookieAck], S::Established),
    (S::Init, &[E::Shutdown], S::ShutdownSent),
    (S::Init, &[E::ShutdownAck], S::ShutdownAckSent),
    (S::Init, &[E::Error, E::Abort], S::Closed),
    (S::CookieSent, &[E::Init], S::CookieWait),
    (S::CookieSent, &[E::CookieEcho], S::CookieEchoed),
    (S::CookieSent, &[E::CookieAck], S::Established),
    (S::CookieSent, &[E::Shutdown], S::ShutdownSent),
    (S::CookieSent, &[E::ShutdownAck], S::ShutdownAckSent),
    (S::CookieSent, &[E::Error, E::Abort], S::Closed),
    (S::CookieReplied, &[E::Init], S::CookieWait),
    (S::CookieReplied, &[E::CookieEcho], S::CookieEchoed),
    (S::CookieReplied, &[E::CookieAck], S::Established),
    (S::CookieReplied, &[E::Shutdown], S::ShutdownSent),
    (S::CookieReplied, &[E::ShutdownAck], S::ShutdownAckSent),
    (S::CookieReplied, &[E::Error, E::Abort], S::Closed),
    (S::CookieWait, &[E::CookieEcho], S::CookieEchoed),
    (S::CookieWait, &[E::CookieAck], S::Established),
    (S::CookieWait, &[E::Shutdown], S::ShutdownSent),
    (S::CookieWait, &[E::Abort], S::Closed),
    (S::Cookie, &[E::Init], S::CookieWait),
    (S::Cookie, &[E::CookieEcho], S::CookieEchoed),
    (S::Cookie, &[E::CookieAck], S::Established),
    (S::Cookie, &[E::Shutdown], S::ShutdownSent),
    (S::Cookie, &[E::Abort], S::Closed),
    (S::CookieEchoed, &[E::Init], S::CookieWait),
    (S::CookieEchoed, &[E::CookieAck], S::Established),
    (S::CookieEchoed, &[E::Shutdown], S::ShutdownSent),
    (S::CookieEchoed, &[E::Abort], S::Closed),
    (S::Established, &[E::Shutdown], S::ShutdownSent),
    (S::Established, &[E::Abort], S::Closed),
    (S::ShutdownSent, &[E::Init], S::CookieWait),
    (S::ShutdownSent, &[E::ShutdownAck], S::ShutdownAckSent),
    (S::ShutdownSent, &[E::Abort], S::Closed),
    (S::ShutdownReceived, &[E::Init], S::CookieWait),
    (S::ShutdownReceived, &[E::ShutdownAck], S::ShutdownAckSent),
    (S::ShutdownReceived, &[E::Abort], S::Closed),
    (S::ShutdownAckSent, &[E::Init], S::CookieWait),
    (S::ShutdownAckSent, &[E::Abort], S::Closed),
    (S::Rejected, &[E::Init], S::CookieWait),
    (S::Rejected, &[E::Abort], S::Closed),
    (S::Closed, &[E::Init], S::CookieWait),
];

#[rustfmt::skip]
const INPUT_ONLY: Moves = &[
    (S::None, &[E::Data, E::CookieEcho, E::CookieAck], S::Established),
    (S::None, &[E::Init], S::Init1),
    (S::None, &[E::InitAck], S::CookieEchoed),
    (S::None, &[E::Shutdown], S::ShutdownReceived),
    (S::None, &[E::ShutdownAck, E::ShutdownComplete, E::Error, E::Abort], S::Closed),
    (S::Init1, &[E::Init, E::ShutdownAck], S::Init),
    (S::Init1, &[E::InitAck], S::CookieEchoed),
    (S::Init1, &[E::CookieEcho], S::Established),
    (S::Init1, &[E::ShutdownComplete, E::Abort], S::Closed),
    (S::Init, &[E::InitAck], S::CookieEchoed),
    (S::Init, &[E::CookieEcho], S::Established),
    (S::Init, &[E::ShutdownComplete, E::Abort], S::Closed),
    (S::CookieSent, &[E::Init], S::Init),
    (S::CookieSent, &[E::InitAck], S::CookieEchoed),
    (S::CookieSent, &[E::CookieEcho, E::CookieAck], S::Established),
    (S::CookieSent, &[E::ShutdownComplete, E::Abort], S::Closed),
    (S::CookieReplied, &[E::Init], S::Init),
    (S::CookieReplied, &[E::InitAck], S::CookieEchoed),
    (S::CookieReplied, &[E::CookieEcho, E::CookieAck], S::Established),
    (S::CookieReplied, &[E::ShutdownComplete, E::Abort], S::Closed),
    (S::CookieWait, &[E::Data, E::CookieEcho], S::Established),
    (S::CookieWait, &[E::Init], S::Init),
    (S::CookieWait, &[E::InitAck], S::CookieEchoed),
    (S::CookieWait, &[E::Abort], S::Rejected),
    (S::Cookie, &[E::CookieAck], S::Established),
    (S::Cookie, &[E::Abort], S::Closed),
    (S::CookieEchoed, &[E::CookieAck], S::Established),
    (S::CookieEchoed, &[E::Abort], S::Closed),
    (S::Established, &[E::Shutdown], S::ShutdownReceived),
    (S::Established, &[E::ShutdownAck, E::Abort], S::Closed),
    (S::ShutdownSent, &[E::ShutdownAck, E::Abort], S::Closed),
    (S::ShutdownReceived, &[E::ShutdownComplete, E::Abort], S::Closed),
    (S::ShutdownAckSent, &[E::ShutdownAck, E::ShutdownComplete, E::Abort], S::Closed),
    (S::Rejected, &[E::Init], S::Init),
    (S::Rejected, &[E::Abort], S::Closed),
    (S::Closed, &[E::Init], S::Init),
];

use {SctpEvent as E, SctpState as S};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_association_opens_and_shuts_down() {
        let steps = [
            (SctpEvent::Init, View::Input, SctpState::Init1),
            (SctpEvent::InitAck, View::Output, SctpState::CookieSent),
            (SctpEvent::CookieEcho, View::Input, SctpState::CookieReplied),
            (SctpEvent::CookieAck, View::Output, SctpState::Established),
            (SctpEvent::Data, View::Input, SctpState::Established),
            (SctpEvent::Shutdown, View::Input, SctpState::ShutdownReceived),
            (SctpEvent::ShutdownAck, View::Output, SctpState::ShutdownAckSent),
            (SctpEvent::ShutdownComplete, View::Input, SctpState::Closed),
        ];
        let mut state = SctpState::None;
        for (event, view, expected) in steps {
            state = state.after(event, view);
            assert_eq!(state, expected, "after {event:?}");
        }
    }

    #[test]
    fn an_abort_behind_a_cookie_counts() {
        assert_eq!(SctpEvent::of([10, 6].into_iter()), Some(SctpEvent::Abort));
        assert_eq!(SctpEvent::of([3].into_iter()), Some(SctpEvent::Data));
        assert_eq!(SctpEvent::of([].into_iter()), None);
    }
}
