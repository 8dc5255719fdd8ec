//! Whether a packet makes its connection be sent. Same job as `ip_vs_sync_conn_needed`.

use std::time::Duration;

use super::encode::Version;
use super::record::state_number;
use crate::conn::{Connection, SctpState, State, SyncedUntil, TcpState};
use crate::time::Time;

/// The settings that decide, at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    pub version: Version,
    /// `sync_threshold`: packets modulo `period` have to be `threshold`.
    pub threshold: u32,
    pub period: u32,
    /// `sync_refresh_period`: a change of the timer that is smaller is not worth it.
    pub refresh: Duration,
    /// `sync_retries`: how often it is sent all the same.
    pub retries: u8,
    /// `sync_persist_mode`: of persistent services templates alone are sent.
    pub templates_only: bool,
}

/// A change of the timer that is always worth it, whatever `sync_refresh_period` says.
const LARGE_CHANGE: Duration = Duration::from_secs(10);

impl Policy {
    /// Of the packets behind the number `before` up to `after`, the last whose turn it is; else the last.
    pub fn last_turn(&self, before: u32, after: u32) -> u32 {
        let back = match self.period {
            0 => after.wrapping_sub(self.threshold),
            period => (after % period + period).wrapping_sub(self.threshold) % period,
        };
        if back < after.wrapping_sub(before) { after.wrapping_sub(back) } else { after }
    }

    /// Decides about the `packets`th packet, and notes on the connection that it is sent.
    pub fn wants(&self, conn: &mut Connection, packets: u32, is_persistent: bool, now: Time) -> bool {
        let changed = conn.synced_state != state_number(conn.state) as u8;
        let is_forced = match conn.state {
            State::Template { .. } => false,
            _ if self.templates_only && is_persistent => return false,
            State::Tcp(state) if !is_sent_tcp(state) => return false,
            State::Sctp(state) if !is_sent_sctp(state) => return false,
            State::Tcp(state) => changed && state != TcpState::Established,
            State::Sctp(state) => changed && state != SctpState::Established,
            State::Udp | State::Stateless | State::Echo => false,
        };
        let until = now + conn.timeout();
        let mut retries = 0;
        if !is_forced {
            if !self.refresh.is_zero()
                && let Some(synced) = conn.synced_until()
                && self.is_small(conn, until, synced.deadline)
            {
                let again_at = synced.deadline - conn.timeout() + self.refresh / 8;
                if synced.retries >= self.retries || now < again_at {
                    return false;
                }
                retries = synced.retries + 1;
            }
            let is_turn = match self.period {
                0 => !self.refresh.is_zero() || packets == self.threshold,
                _ if conn.is_template() => true,
                period => packets % period == self.threshold,
            };
            if !is_turn {
                return false;
            }
        }
        conn.synced_state = state_number(conn.state) as u8;
        if !self.refresh.is_zero() {
            conn.note_synced(SyncedUntil { deadline: until, retries });
        }
        true
    }

    fn is_small(&self, conn: &Connection, until: Time, synced_until: Time) -> bool {
        let difference = until.since(synced_until).max(synced_until.since(until));
        difference < self.refresh.min(LARGE_CHANGE.max(conn.timeout() / 2))
    }
}

const fn is_sent_tcp(state: TcpState) -> bool {
    use TcpState::{Close, CloseWait, Established, FinWait, TimeWait};
    matches!(state, Established | FinWait | Close | CloseWait | TimeWait)
}

const fn is_sent_sctp(state: SctpState) -> bool {
    use SctpState::{Closed, Established, ShutdownAckSent, ShutdownReceived, ShutdownSent};
    matches!(state, Established | ShutdownSent | ShutdownReceived | ShutdownAckSent | Closed)
}
