//! Counts of the defence against SYNs of nobody.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SynCounts {
    /// SYNs that were answered by a cookie.
    pub sent: u64,
    /// Clients that came back with one.
    pub taken: u64,
    /// Segments of no connection, to a service that is defended, without a cookie.
    pub refused: u64,
    /// Clients whose server did not answer, and who were told.
    pub unanswered: u64,
}

/// The same, as they grow.
#[derive(Debug, Default)]
pub(in crate::director) struct SynTally {
    pub(in crate::director) sent: AtomicU64,
    pub(in crate::director) taken: AtomicU64,
    pub(in crate::director) refused: AtomicU64,
    pub(in crate::director) unanswered: AtomicU64,
}

impl SynTally {
    pub(in crate::director) fn counts(&self) -> SynCounts {
        SynCounts {
            sent: self.sent.load(Relaxed),
            taken: self.taken.load(Relaxed),
            refused: self.refused.load(Relaxed),
            unanswered: self.unanswered.load(Relaxed),
        }
    }
}
