//! How long a connection of each state lives without a packet.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use super::{SctpState, State, TcpState};

/// A new connection's, until its first packet sets the state (`ip_vs_conn_new`).
pub const NEW: Duration = Duration::from_secs(3);

/// By how much a template goes on that still controls connections (`ip_vs_conn_expire`).
pub const EXTENSION: Duration = Duration::from_secs(60);

/// Seconds for each state; three of them can be set (`ipvsadm --set`), and a change counts from the next packet on.
#[derive(Debug)]
pub struct Timeouts {
    tcp: AtomicU32,
    tcp_fin: AtomicU32,
    udp: AtomicU32,
}

//                                             NONE EST  SS   SR  FW   TW   CL  CW  LA  LI   SA
const TCP: [u32; TcpState::ALL.len()] = [2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120];
//                                               NONE I1 I   CS  CR  CW  C   CE  EST  SS  SR  SAS REJ CL
const SCTP: [u32; SctpState::ALL.len()] = [2, 4, 61, 61, 61, 61, 61, 61, 900, 61, 61, 61, 4, 61];
const UDP: u32 = 300;
/// The least that RFC 5508 3.2 allows.
const ECHO: u32 = 60;

impl Timeouts {
    /// Sets those that are not 0.
    pub fn set(&self, tcp: u32, tcp_fin: u32, udp: u32) {
        for (timeout, secs) in [(&self.tcp, tcp), (&self.tcp_fin, tcp_fin), (&self.udp, udp)] {
            if secs != 0 {
                timeout.store(secs, Relaxed);
            }
        }
    }

    /// TCP established, TCP FIN_WAIT, UDP.
    pub fn settable(&self) -> [u32; 3] {
        [self.tcp.load(Relaxed), self.tcp_fin.load(Relaxed), self.udp.load(Relaxed)]
    }

    /// The shortest of those that can be set.
    pub fn shortest(&self) -> Duration {
        let secs = self.settable().into_iter().min().unwrap_or_default();
        Duration::from_secs(secs.into())
    }

    /// Timeout of a state; none for a template, which keeps its own.
    pub fn of(&self, state: State) -> Option<Duration> {
        let secs = match state {
            State::Tcp(TcpState::Established) => self.tcp.load(Relaxed),
            State::Tcp(TcpState::FinWait) => self.tcp_fin.load(Relaxed),
            State::Tcp(state) => TCP[state as usize],
            State::Udp => self.udp.load(Relaxed),
            State::Sctp(state) => SCTP[state as usize],
            State::Echo => ECHO,
            State::Template { .. } | State::Stateless => return None,
        };
        Some(Duration::from_secs(u64::from(secs)))
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tcp: AtomicU32::new(TCP[TcpState::Established as usize]),
            tcp_fin: AtomicU32::new(TCP[TcpState::FinWait as usize]),
            udp: AtomicU32::new(UDP),
        }
    }
}
