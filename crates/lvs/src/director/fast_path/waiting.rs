//! Flows that wait: their connections came in while packets of theirs could wait in the director's queues, and nothing is to be
//! overtaken.
//!
//! Queues say when they were found empty; the table compares that with what it has left to them.

use std::sync::atomic::Ordering::Relaxed;

use crate::director::{Director, Side};
use crate::fast_path::{Moment, Towards};

impl Director {
    /// The moment that it is for the fast path, while flows may wait.
    pub fn flows_wait_at(&self) -> Option<Moment> {
        self.fast_path.table.get()?.waits_at()
    }

    /// All packets of a side that were in a queue before that moment have gone on.
    pub fn note_gone(&self, side: Side, before: Moment) {
        let towards = match side {
            Side::Client => Towards::Server,
            Side::Server => Towards::Client,
            Side::Mark(_) => return,
        };
        if let Some(table) = self.fast_path.table.get() {
            table.note_gone(towards, before);
        }
    }

    /// Whether connections have come in that wait.
    pub fn has_come_late(&self) -> bool {
        self.fast_path.has_come_late.load(Relaxed)
    }

    /// As [`Self::has_come_late`], since this was last asked.
    pub fn take_come_late(&self) -> bool {
        self.has_come_late() && self.fast_path.has_come_late.swap(false, Relaxed)
    }
}
