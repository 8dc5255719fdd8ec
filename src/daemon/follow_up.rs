//! Consequences of changed tables: announcements are judged anew, the host follows, and who keeps files is told.

use std::sync::Arc;

use super::fleet::Fleet;
use super::host_reconciler::{Cause, HostReconciler};
use super::live_tables::LiveTables;

#[derive(Debug)]
pub(super) struct FollowUp {
    tables: Arc<LiveTables>,
    fleet: Arc<Fleet>,
    host: Arc<HostReconciler>,
}

impl FollowUp {
    pub(super) const fn new(tables: Arc<LiveTables>, fleet: Arc<Fleet>, host: Arc<HostReconciler>) -> Self {
        Self { tables, fleet, host }
    }

    /// Makes all else follow tables that a command changed. What could not be done, as sentences.
    pub(super) async fn after_change(&self) -> Vec<String> {
        let mut warnings = self.tables.sync.take_troubles();
        warnings.extend(self.host().await);
        self.tables.changed.notify_one();
        warnings
    }

    /// Makes the host follow if the tables want something else captured than the last time. What could not be done,
    /// as sentences.
    pub(super) async fn host(&self) -> Vec<String> {
        self.fleet.judge();
        self.host.follow(Cause::Tables).await
    }
}
