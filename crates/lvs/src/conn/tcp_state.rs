//! The TCP states of a connection: which flag moves it where. Same job as `ip_vs_proto_tcp.c`.
//!
//! Sequence numbers are not looked at. Where replies are not seen (direct routing, tunneling) the client's
//! packets alone drive the state, by a table of their own.

use serde::{Deserialize, Serialize};

use lvs_wire::TcpFlags;

/// The kernel's states, by their numbers on the wire of the sync protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum TcpState {
    None,
    Established,
    SynSent,
    SynRecv,
    FinWait,
    TimeWait,
    Close,
    CloseWait,
    LastAck,
    Listen,
    SynAck,
}

impl TcpState {
    pub const ALL: [Self; 11] = [NO, ES, SS, SR, FW, TW, CL, CW, LA, LI, SA];

    /// As listings print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Established => "ESTABLISHED",
            Self::SynSent => "SYN_SENT",
            Self::SynRecv => "SYN_RECV",
            Self::FinWait => "FIN_WAIT",
            Self::TimeWait => "TIME_WAIT",
            Self::Close => "CLOSE",
            Self::CloseWait => "CLOSE_WAIT",
            Self::LastAck => "LAST_ACK",
            Self::Listen => "LISTEN",
            Self::SynAck => "SYNACK",
        }
    }

    /// Whether the connection counts as active.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Established | Self::SynSent | Self::SynRecv | Self::SynAck)
    }

    /// The state after a segment. One with none of SYN, FIN, ACK and RST closes.
    #[must_use]
    pub fn after(self, flags: TcpFlags, view: View, secure: bool) -> Self {
        let flag = if flags.has(TcpFlags::RST) {
            3
        } else if flags.has(TcpFlags::SYN) {
            0
        } else if flags.has(TcpFlags::FIN) {
            1
        } else if flags.has(TcpFlags::ACK) {
            2
        } else {
            return Self::Close;
        };
        let table = if secure { &SECURE } else { &NORMAL };
        table[view as usize][flag][self as usize]
    }
}

/// Sender of a segment, and what else is seen of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum View {
    Input,
    Output,
    InputOnly,
}

const NO: TcpState = TcpState::None;
const ES: TcpState = TcpState::Established;
const SS: TcpState = TcpState::SynSent;
const SR: TcpState = TcpState::SynRecv;
const FW: TcpState = TcpState::FinWait;
const TW: TcpState = TcpState::TimeWait;
const CL: TcpState = TcpState::Close;
const CW: TcpState = TcpState::CloseWait;
const LA: TcpState = TcpState::LastAck;
const LI: TcpState = TcpState::Listen;
const SA: TcpState = TcpState::SynAck;

/// Indexed by view, by flag (syn, fin, ack, rst), by the present state.
type Table = [[[TcpState; 11]; 4]; 3];

#[rustfmt::skip]
/// The usual table.
const NORMAL: Table = [
    // client to server
    [
        //  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
        [SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR], // syn
        [CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW], // fin
        [ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES], // ack
        [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR], // rst
    ],
    // server to client
    [
        //  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
        [SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR], // syn
        [TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW], // fin
        [ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES], // ack
        [CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL], // rst
    ],
    // client to server, replies unseen
    [
        //  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
        [SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR], // syn
        [CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW], // fin
        [ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES], // ack
        [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL], // rst
    ],
];

#[rustfmt::skip]
/// With `secure_tcp`: established only after the whole handshake was seen.
const SECURE: Table = [
    // client to server
    [
        //  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
        [SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SA], // syn
        [CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, SA], // fin
        [ES, ES, SS, SR, FW, TW, CL, CW, CL, LI, SA], // ack
        [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL], // rst
    ],
    // server to client
    [
        //  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
        [SS, ES, SS, SA, SS, SS, SS, SS, SS, LI, SA], // syn
        [TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW], // fin
        [ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES], // ack
        [CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL], // rst
    ],
    // client to server, replies unseen
    [
        //  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
        [SA, ES, ES, SR, SA, SA, SA, SA, SA, SA, SA], // syn
        [CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW], // fin
        [ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES], // ack
        [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL], // rst
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(view_flags: &[(View, u8)], secure: bool) -> TcpState {
        view_flags
            .iter()
            .fold(TcpState::None, |state, (view, flags)| state.after(TcpFlags(*flags), *view, secure))
    }

    const SYN: u8 = TcpFlags::SYN;
    const ACK: u8 = TcpFlags::ACK;
    const FIN: u8 = TcpFlags::FIN | TcpFlags::ACK;

    #[test]
    fn a_handshake_and_a_close_by_the_client() {
        use View::{Input, Output};
        let mut steps = vec![(Input, SYN), (Output, SYN | ACK)];
        assert_eq!(walk(&steps, false), TcpState::SynRecv);
        steps.push((Input, ACK));
        assert_eq!(walk(&steps, false), TcpState::Established);
        steps.push((Input, FIN));
        assert_eq!(walk(&steps, false), TcpState::CloseWait);
        steps.push((Output, FIN));
        assert_eq!(walk(&steps, false), TcpState::TimeWait);
    }

    #[test]
    fn secure_tcp_waits_for_data_of_the_server() {
        use View::{Input, Output};
        let mut steps = vec![(Input, SYN), (Output, SYN | ACK), (Input, ACK)];
        assert_eq!(walk(&steps, true), TcpState::SynAck);
        steps.push((Output, ACK));
        assert_eq!(walk(&steps, true), TcpState::Established);
    }

    #[test]
    fn the_client_alone_moves_a_connection_whose_replies_are_unseen() {
        use View::InputOnly;
        assert_eq!(walk(&[(InputOnly, SYN), (InputOnly, ACK)], false), TcpState::Established);
        assert_eq!(walk(&[(InputOnly, SYN), (InputOnly, ACK), (InputOnly, FIN)], false), TcpState::FinWait);
        assert_eq!(walk(&[(InputOnly, 0)], false), TcpState::Close);
    }
}
