//! Defences against want of memory: half-open connections are given up, a share of new ones, and the usual TCP
//! states. Same job as `update_defense_level` of `ip_vs_ctl.c` and `ip_vs_random_dropentry` of `ip_vs_conn.c`.
//!
//! How much memory is free is told by the daemon; nobody who does not tell is ever short of it. A table that is nearly full
//! is a want of memory, too: its bound stands for it.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::defence_state::Spared;
use crate::conn::{CloseReason, Connection, SctpState, State, TcpState};
use crate::director::Director;
use crate::director::control::sysctl::Sysctl;
use crate::time::Time;

/// How often the level is looked at, and a part of the table gone through.
pub(in crate::director) const EVERY: Duration = Duration::from_secs(1);

/// The part of the table that is gone through each time.
const PART: u32 = 32;

/// A connection that a packet came for within this time is no waste.
const FRESH: Duration = Duration::from_secs(60);

/// The modes of a defence.
const OFF: i64 = 0;
const AUTOMATIC: i64 = 1;
const AUTOMATIC_ACTIVE: i64 = 2;

impl Director {
    /// Tells how many pages of 4096 bytes of memory are free; to be called every second.
    pub fn set_free_memory(&self, pages: u64) {
        self.defence.free_memory.store(i64::try_from(pages).unwrap_or(i64::MAX), Relaxed);
    }

    /// Turns the defences on and off, as their modes and the free memory say.
    pub(in crate::director) fn update_defence(&self) {
        let defence = &self.defence;
        let threshold = self.sysctls.value(Sysctl::Amemthresh);
        let lack = threshold.saturating_sub(defence.free_memory.load(Relaxed));
        let is_short = lack > 0 || self.conns.is_crowded();
        defence.drops_entries.store(self.is_defending(Sysctl::DropEntry, is_short), Relaxed);
        defence.secures_tcp.store(self.is_defending(Sysctl::SecureTcp, is_short), Relaxed);
        let drops_packets = self.is_defending(Sysctl::DropPacket, is_short);
        match self.sysctls.value(Sysctl::DropPacket) {
            AUTOMATIC_ACTIVE if drops_packets => {
                let rate = threshold / lack.max(1);
                defence.drop_rate.store(rate, Relaxed);
                defence.drop_counter.store(rate, Relaxed);
            }
            _ if drops_packets => {
                defence.drop_rate.store(self.sysctls.value(Sysctl::AmDroprate), Relaxed);
            }
            _ => defence.drop_rate.store(0, Relaxed),
        }
    }

    /// Whether a defence is on; an automatic mode shows in its setting whether it is.
    fn is_defending(&self, mode: Sysctl, is_short: bool) -> bool {
        match self.sysctls.value(mode) {
            OFF => false,
            AUTOMATIC | AUTOMATIC_ACTIVE => {
                let shown = if is_short { AUTOMATIC_ACTIVE } else { AUTOMATIC };
                let _ = self.sysctls.set(mode, shown);
                is_short
            }
            _ => true,
        }
    }

    /// Ends what can be done without in a part of the table, if it has come to that.
    pub(in crate::director) fn drop_entries(&self, now: Time) {
        if !self.defence.drops_entries.load(Relaxed) {
            return;
        }
        let start = (self.draw() % u64::from(PART)) as u32;
        self.drop_part(start, now);
        // One part a second is too little for a flood where the room is small.
        for part in (start + 1..start + PART).map(|part| part % PART) {
            if !self.conns.is_crowded() {
                return;
            }
            self.drop_part(part, now);
        }
    }

    fn drop_part(&self, part: u32, now: Time) {
        let mut spared = self.defence.spared.lock();
        let mut doomed = Vec::new();
        self.conns.for_each_part(part, PART, |id, conn| {
            if is_dispensable(conn, now, &mut spared) {
                doomed.push((id, self.conns.above(conn).map(|above| above.id)));
            }
        });
        drop(spared);
        for (id, above) in doomed {
            for entry in [Some(id), above].into_iter().flatten().filter_map(|id| self.conns.get(id)) {
                self.conns.end_as(entry, Some(CloseReason::GivenUp), now);
            }
        }
    }
}

fn is_dispensable(conn: &Connection, now: Time, spared: &mut Spared) -> bool {
    if conn.controlled > 0 {
        return false;
    }
    match conn.state {
        State::Template { assured } => !assured,
        State::Tcp(TcpState::SynRecv | TcpState::SynAck) => true,
        State::Sctp(SctpState::Init1 | SctpState::Init) => true,
        State::Tcp(TcpState::Established)
        | State::Sctp(SctpState::Established)
        | State::Udp
        | State::Echo => is_nearly_unused(conn, now, spared),
        State::Tcp(_) | State::Sctp(_) | State::Stateless => false,
    }
}

/// Idle for a minute after few packets, and its turn has come (`todrop_entry`).
fn is_nearly_unused(conn: &Connection, now: Time, spared: &mut Spared) -> bool {
    if now + conn.timeout() < conn.expires_at() + FRESH {
        return false;
    }
    let packets = conn.in_packets;
    let Some(left) = spared.get_mut(packets as usize).filter(|_| packets > 0) else { return false };
    *left = left.saturating_sub(1);
    if *left > 0 {
        return false;
    }
    *left = packets;
    true
}
