//! State of synchronisation: the daemons, the queue of the master, and counts.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;

use super::tellers::Tellers;
use crate::director::control::command::DaemonSpec;
use crate::sync::{Master, Rejected};

/// The daemons of this director, as far as packets are concerned.
#[derive(Debug, Default)]
pub(in crate::director) struct Sync {
    pub(in crate::director) is_master: AtomicBool,
    pub(in crate::director) is_backup: AtomicBool,
    /// Identifier whose messages the backup takes; 0: everybody's.
    pub(in crate::director) backup_id: AtomicU8,
    /// Of each daemon, from the start of the first to the stop of the last.
    pub(in crate::director) ports: AtomicUsize,
    pub(in crate::director) master: Mutex<Option<(DaemonSpec, Master)>>,
    pub(in crate::director) has_full: AtomicBool,
    /// Connections came whose servers are not declared here, since the answers of those were last captured.
    pub(in crate::director) has_undeclared: AtomicBool,
    /// Answers of such servers are captured.
    pub(in crate::director) captures_undeclared: AtomicBool,
    pub(in crate::director) counters: Counters,
    pub(in crate::director) tellers: Mutex<Tellers>,
}

#[derive(Debug, Default)]
pub(in crate::director) struct Counters {
    pub(in crate::director) sent_messages: AtomicU64,
    pub(in crate::director) sent_records: AtomicU64,
    /// Messages that found the queue full.
    pub(in crate::director) lost_messages: AtomicU64,
    pub(in crate::director) heard_messages: AtomicU64,
    pub(in crate::director) heard_records: AtomicU64,
    pub(in crate::director) rejected: [AtomicU64; Rejected::ALL.len()],
}

impl Counters {
    pub(in crate::director) fn reject(&self, reason: Rejected) {
        self.rejected[reason as usize].fetch_add(1, Relaxed);
    }
}
