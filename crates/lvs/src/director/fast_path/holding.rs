//! Beginning with a fast path, standing back, and taking all connections back while tables change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::state::{FastPath, Held};
use crate::director::{Command, Director};
use crate::fast_path::{FastPathStatus, FlowTable};
use crate::time::Time;

impl Director {
    /// Has plain packets of busy connections go by that table from now on. Once; a second table is not taken.
    pub fn use_fast_path(&self, table: Arc<dyn FlowTable>) {
        let mut flows = self.fast_path.flows.lock();
        if self.fast_path.table.set(table).is_ok() {
            self.fast_path.open(&mut flows);
        }
    }

    /// Has nothing go past the director until [`Self::resume_fast_path`], as often as this was called.
    pub fn suspend_fast_path(&self) {
        self.hold_flows().flows.suspended += 1;
    }

    pub fn resume_fast_path(&self) {
        let mut flows = self.fast_path.flows.lock();
        flows.suspended = flows.suspended.saturating_sub(1);
        self.fast_path.open(&mut flows);
    }

    /// How the fast path does.
    pub fn fast_path_status(&self) -> FastPathStatus {
        let FastPath { counters, flows, table, .. } = &self.fast_path;
        let flows = flows.lock();
        let value = |counter: &AtomicU64| counter.load(Relaxed);
        FastPathStatus {
            is_on: table.get().is_some() && flows.suspended == 0,
            connections: flows.by_conn.len() as u64,
            packets: value(&counters.packets),
            bytes: value(&counters.bytes),
            installed: value(&counters.installed),
            full: value(&counters.full),
            refused: value(&counters.refused),
        }
    }

    /// Takes all connections back for a change that may concern them, while the caller has the result; merges what they
    /// carried before counters are set back.
    pub(in crate::director) fn take_flows_back_for(&self, command: &Command, now: Time) -> Option<Held<'_>> {
        match command {
            // Weights, shares and thresholds are for connections that begin.
            Command::EditServer { .. } | Command::SetShare { .. } => None,
            Command::Zero(_) => {
                self.merge_flows(now);
                None
            }
            _ => Some(self.hold_flows()),
        }
    }

    /// Takes all connections back. The caller changes tables while it has the result.
    pub(in crate::director) fn hold_flows(&self) -> Held<'_> {
        let fast_path = &self.fast_path;
        let mut flows = fast_path.flows.lock();
        fast_path.is_open.store(false, Relaxed);
        if let Some(table) = fast_path.table.get()
            && (table.has_steps() || fast_path.has_flows.load(Relaxed) || self.has_offers())
        {
            table.switch(0);
            flows.is_switched_on = false;
            self.follow_steps();
            self.take_all_back(&mut flows, &**table);
        }
        Held { fast_path, flows }
    }
}
