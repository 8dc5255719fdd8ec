//! State of the fast path: the table, and the connections that are in it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;
use parking_lot::{Mutex, MutexGuard};

use crate::conn::ConnId;
use crate::fast_path::{FlowKey, FlowTable, Towards};
use crate::service::RealServer;
use crate::time::Time;

/// Packets of the client after which a connection is busy, wherever it has found no place before.
pub(in crate::director) const PACKETS: u32 = 8;

/// The part of the places that connections may have which no packet was seen of.
const YOUNG: usize = 8;

/// Connections whose server has not answered may come in so many at a time: a flood of SYNs writes few entries, and real
/// connections come in with the answer then.
const UNANSWERED: usize = 1024;

/// The part of the places that may be taken before no more connections come in that are not known to be busy.
const EARLY: usize = 2;

#[derive(Debug, Default)]
pub(in crate::director) struct FastPath {
    pub(super) table: OnceLock<Arc<dyn FlowTable>>,
    /// Packets may offer connections.
    pub(super) is_open: AtomicBool,
    /// Something is in the table, or was offered.
    pub(super) has_flows: AtomicBool,
    pub(super) has_offers: AtomicBool,
    /// Whether there is room for connections that are not known to be busy.
    pub(super) takes_early: AtomicBool,
    /// Whether the host tracks connections, as was seen at the last SYN. It is to see their handshakes: it takes packets for invalid
    /// whose handshake it has not seen, and forgets connections after a minute of silence of which it has seen half.
    pub(super) is_tracked: AtomicBool,
    /// Connections that were offered by their SYN within the last second or so, less those whose server has answered.
    pub(super) unanswered: AtomicUsize,
    /// Whether one of them waits to be taken in.
    pub(super) has_early: AtomicBool,
    /// Connections that are over, and have a place still.
    pub(super) over: Mutex<Vec<ConnId>>,
    /// Whether they are as many as are worth the time.
    pub(super) has_over: AtomicBool,
    /// Whether connections have come in that wait, and nobody has had the queues looked at since.
    pub(super) has_come_late: AtomicBool,
    /// Connections that wait to be taken in.
    pub(super) offers: Mutex<Vec<Offered>>,
    pub(super) flows: Mutex<Flows>,
    pub(super) counters: Counters,
}

/// Connection that is to go by the fast path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offered {
    pub(super) id: ConnId,
    /// Offered before it was known to be busy, and before its next packet can come.
    pub(super) is_early: bool,
    /// Taken in later: the next packet may have come since.
    pub(super) is_late: bool,
}

impl Offered {
    /// Whether packets of it may wait for the director.
    pub(super) const fn waits(self) -> bool {
        self.is_late || !self.is_early
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) packets: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) installed: AtomicU64,
    pub(super) full: AtomicU64,
    pub(super) refused: AtomicU64,
}

/// Connections that are in the table.
#[derive(Debug, Default)]
pub(super) struct Flows {
    pub(super) by_conn: HashMap<ConnId, Member, RandomState>,
    pub(super) by_key: HashMap<FlowKey, (ConnId, Towards), RandomState>,
    /// Connections that were refused: they are not offered again before the next merge.
    pub(super) refused: Vec<ConnId>,
    /// How many have come early, and no packet was seen of.
    pub(super) young: usize,
    pub(super) merged_at: Time,
    /// When connections whose server has not answered were last forgotten.
    pub(super) forgiven_at: Time,
    pub(super) generation: u32,
    /// Packets go by flows of this generation.
    pub(super) is_switched_on: bool,
    /// How many want nothing to go past the director.
    pub(super) suspended: u32,
}

/// A connection that is in the table.
#[derive(Debug)]
pub(super) struct Member {
    /// Tells it from others that were in its place.
    pub(super) number: u32,
    pub(super) server: Arc<RealServer>,
    pub(super) keys: [FlowKey; 2],
    /// Packets and bytes of each direction that were merged.
    pub(super) merged: [(u64, u64); 2],
    /// When it came, or was last seen.
    pub(super) seen_at: Time,
    /// Whether it came early and no packet was seen of it.
    pub(super) is_young: bool,
    /// Whether packets that end it go by its flows.
    pub(super) tells_ends: bool,
}

/// Nothing goes past the director while this lives.
#[derive(Debug)]
pub(in crate::director) struct Held<'a> {
    pub(super) fast_path: &'a FastPath,
    pub(super) flows: MutexGuard<'a, Flows>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.fast_path.open(&mut self.flows);
    }
}

impl FastPath {
    /// Goes on, unless somebody does not want that; under another generation if all were taken back.
    pub(super) fn open(&self, flows: &mut Flows) {
        let Some(table) = self.table.get().filter(|_| flows.suspended == 0) else { return };
        if !flows.is_switched_on {
            flows.generation = flows.generation.wrapping_add(1).max(1);
            table.switch(flows.generation);
            flows.is_switched_on = true;
        }
        self.is_open.store(true, Relaxed);
        self.note_room(flows);
    }

    /// Says whether there is room for connections that are not known to be busy.
    pub(super) fn note_room(&self, flows: &Flows) {
        let room = self.table.get().map_or(0, |table| table.room());
        let takes = flows.young < room / YOUNG && flows.by_conn.len() < room / EARLY;
        self.takes_early.store(takes, Relaxed);
    }

    /// Counts a connection that comes in before its server has answered, if there may be one more.
    pub(super) fn note_unanswered(&self) -> bool {
        let one_more = |count: usize| (count < UNANSWERED).then_some(count + 1);
        self.unanswered.fetch_update(Relaxed, Relaxed, one_more).is_ok()
    }

    /// The server of such a connection has answered.
    pub(super) fn note_answered(&self) {
        let one_less = |count: usize| count.checked_sub(1);
        // None is left where they were forgotten meanwhile.
        let _ = self.unanswered.fetch_update(Relaxed, Relaxed, one_less);
    }
}
