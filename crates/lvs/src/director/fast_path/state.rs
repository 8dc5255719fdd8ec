//! State of the fast path: the table, and the connections that are in it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;
use parking_lot::{Mutex, MutexGuard};

use crate::conn::ConnId;
use crate::fast_path::{FlowKey, FlowTable, Towards};
use crate::service::RealServer;
use crate::time::Time;

/// Packets of the client after which a connection is worth it. A request and its answer are over before, and who wants to
/// fill the table has to have a server answer first.
pub(in crate::director) const PACKETS: u32 = 8;

#[derive(Debug, Default)]
pub(in crate::director) struct FastPath {
    pub(super) table: OnceLock<Arc<dyn FlowTable>>,
    /// Packets may offer connections.
    pub(super) is_open: AtomicBool,
    /// Something is in the table, or was offered.
    pub(super) has_flows: AtomicBool,
    pub(super) has_offers: AtomicBool,
    /// Connections that wait to be taken in.
    pub(super) offers: Mutex<Vec<ConnId>>,
    pub(super) flows: Mutex<Flows>,
    pub(super) counters: Counters,
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
    pub(super) merged_at: Time,
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
    }
}
