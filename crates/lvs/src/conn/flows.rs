//! Connections as an account of them: what they carried while they lasted, and a record when they end.
//!
//! With nobody interested a packet costs one look at a pointer, and a connection nothing. Records wait in a bounded
//! queue, at a bounded rate; what does not fit is counted. The kernel's IPVS keeps no such account. Filled by the
//! table, emptied by the director's caller.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use parking_lot::Mutex;

use super::{Account, ConnFlags, Connection, SctpState, State, TcpState};
use crate::service::Endpoint;
use crate::time::Time;

/// Records that wait for their reader at most.
const MOST_WAITING: usize = 1 << 16;

/// Why a connection is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum CloseReason {
    /// Nothing came for as long as its state allows.
    Expired,
    /// An end has closed it.
    Fin,
    /// An end has reset it.
    Rst,
    /// Cut off at the deadline of a drain.
    Drained,
    /// The server was removed.
    Flushed,
    /// Given up for want of memory (`drop_entry`).
    GivenUp,
    /// The connection is still there, and the director ends.
    Stopped,
}

impl CloseReason {
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// Reason by the state of a connection whose time is up.
    const fn of(state: State) -> Self {
        match state {
            State::Tcp(TcpState::Close) | State::Sctp(SctpState::Rejected) => Self::Rst,
            State::Tcp(TcpState::FinWait | TcpState::TimeWait | TcpState::CloseWait | TcpState::LastAck)
            | State::Sctp(
                SctpState::ShutdownSent
                | SctpState::ShutdownReceived
                | SctpState::ShutdownAckSent
                | SctpState::Closed,
            ) => Self::Fin,
            State::Tcp(_)
            | State::Sctp(_)
            | State::Udp
            | State::Echo
            | State::Stateless
            | State::Template { .. } => Self::Expired,
        }
    }
}

/// Both ends are done with it already.
const fn is_over(state: State) -> bool {
    matches!(
        state,
        State::Tcp(TcpState::TimeWait | TcpState::Close | TcpState::LastAck)
            | State::Sctp(SctpState::Closed | SctpState::Rejected)
    )
}

/// A connection at its beginning or at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRecord {
    /// None: it begins.
    pub close_reason: Option<CloseReason>,
    pub at: Time,
    pub protocol: u8,
    pub state: State,
    pub client: Endpoint,
    pub virt: Endpoint,
    pub real: Endpoint,
    /// Of the director, in the client's place.
    pub local: Option<Endpoint>,
    pub fwmark: u32,
    /// Whether the server's packets come by here.
    pub is_answered_here: bool,
    pub forwarding: &'static str,
    pub from_sync: bool,
    /// Packets of the client, known of every connection.
    pub in_packets: u32,
    /// None where it began before somebody was interested.
    pub account: Option<Account>,
}

/// Whether it is told of. Not a template, nor one whose client is still to come.
pub(super) fn is_told(conn: &Connection) -> bool {
    !conn.is_template() && !conn.flags.has(ConnFlags::NO_CLIENT_PORT)
}

impl FlowRecord {
    pub(super) fn new(conn: &Connection, close_reason: Option<CloseReason>, at: Time) -> Self {
        Self {
            close_reason,
            at,
            protocol: conn.protocol(),
            state: conn.state,
            client: conn.client(),
            virt: conn.virt(),
            real: conn.real(),
            local: conn.local(),
            fwmark: conn.fwmark(),
            is_answered_here: conn.method.is_rewritten(),
            forwarding: conn.forwarding_name(),
            from_sync: conn.flags.has(ConnFlags::FROM_SYNC),
            in_packets: conn.in_packets,
            account: conn.account().copied(),
        }
    }
}

/// Settings of the flow log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowLogging {
    /// Beginnings too.
    pub begins: bool,
    /// Records a second at most.
    pub rate: u32,
}

/// Records that nobody will read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LostFlows {
    /// More than wished for a second.
    pub rate: u64,
    /// The reader was too slow.
    pub queue: u64,
}

const OFF: u8 = 0;
const ENDS: u8 = 1;
const BEGINS_TOO: u8 = 2;

#[derive(Debug, Default)]
pub(super) struct Flows {
    mode: AtomicU8,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<FlowRecord>,
    lost: LostFlows,
    rate: u64,
    /// Thousandths of a record that may be taken in.
    credit: u64,
    credited_at: Time,
}

impl Queue {
    fn push(&mut self, record: FlowRecord) {
        let elapsed = record.at.since(self.credited_at).as_millis();
        let gained = u64::try_from(elapsed).unwrap_or(u64::MAX).saturating_mul(self.rate);
        self.credit = self.credit.saturating_add(gained).min(self.rate * 1000);
        self.credited_at = self.credited_at.max(record.at);
        if self.credit < 1000 {
            self.lost.rate += 1;
        } else if self.waiting.len() >= MOST_WAITING {
            self.lost.queue += 1;
        } else {
            self.credit -= 1000;
            self.waiting.push(record);
        }
    }
}

/// Records of connections that have begun and ended.
#[derive(Clone, Debug, Default)]
pub struct TakenFlows {
    pub records: Vec<FlowRecord>,
    /// Records that were left out.
    pub lost: LostFlows,
}

impl Flows {
    pub(super) fn log(&self, logging: Option<FlowLogging>) {
        let mode = match logging {
            None => OFF,
            Some(FlowLogging { begins: false, .. }) => ENDS,
            Some(FlowLogging { begins: true, .. }) => BEGINS_TOO,
        };
        let mut queue = self.queue.lock();
        queue.rate = logging.map_or(0, |logging| u64::from(logging.rate));
        queue.credit = queue.rate * 1000;
        self.mode.store(mode, Relaxed);
    }

    /// Opens the account of a connection that goes into the table.
    pub(super) fn begin(&self, conn: &mut Connection) {
        let mode = self.mode.load(Relaxed);
        if mode == OFF || conn.is_template() {
            return;
        }
        let now = conn.expires_at() - conn.timeout();
        conn.open_account(now);
        if mode == BEGINS_TOO && is_told(conn) {
            self.queue.lock().push(FlowRecord::new(conn, None, now));
        }
    }

    /// Notes the end of one. Who knows nothing better leaves the reason to the state.
    pub(super) fn end(&self, conn: &Connection, close_reason: Option<CloseReason>, now: Time) {
        if self.mode.load(Relaxed) == OFF || !is_told(conn) {
            return;
        }
        let close_reason =
            close_reason.filter(|_| !is_over(conn.state)).unwrap_or_else(|| CloseReason::of(conn.state));
        self.queue.lock().push(FlowRecord::new(conn, Some(close_reason), now));
    }

    pub(super) fn take(&self) -> TakenFlows {
        let mut queue = self.queue.lock();
        TakenFlows { records: std::mem::take(&mut queue.waiting), lost: std::mem::take(&mut queue.lost) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(at: u64) -> FlowRecord {
        let end = Endpoint::new([10, 0, 0, 1].into(), 80);
        let conn = Connection::bypass(17, State::Udp, end, end, Time(at));
        FlowRecord::new(&conn, Some(CloseReason::Expired), Time(at))
    }

    #[test]
    fn records_come_at_a_bounded_rate_and_in_a_bounded_number() {
        let flows = Flows::default();
        flows.log(Some(FlowLogging { begins: false, rate: 10 }));
        (0..25).for_each(|_| flows.queue.lock().push(record(5)));
        let TakenFlows { records: taken, lost } = flows.take();
        assert_eq!((taken.len(), lost), (10, LostFlows { rate: 15, queue: 0 }));
        (0..25).for_each(|_| flows.queue.lock().push(record(505)));
        assert_eq!((flows.take().records.len(), flows.take().lost), (5, LostFlows::default()));

        flows.log(Some(FlowLogging { begins: false, rate: u32::MAX }));
        (0..MOST_WAITING + 7).for_each(|_| flows.queue.lock().push(record(600)));
        let TakenFlows { records: taken, lost } = flows.take();
        assert_eq!((taken.len(), lost), (MOST_WAITING, LostFlows { rate: 0, queue: 7 }));
    }

    #[test]
    fn the_state_says_how_it_ended() {
        let of = |state| CloseReason::of(State::Tcp(state)).name();
        assert_eq!(of(TcpState::TimeWait), "fin");
        assert_eq!(of(TcpState::Close), "rst");
        assert_eq!(of(TcpState::Established), "expired");
        assert_eq!(of(TcpState::SynRecv), "expired");
        assert_eq!(CloseReason::of(State::Sctp(SctpState::Closed)), CloseReason::Fin);
        assert_eq!(CloseReason::of(State::Udp), CloseReason::Expired);
    }
}
