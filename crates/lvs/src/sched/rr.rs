//! Round robin: the next usable server in the list. Same job as `ip_vs_rr.c`.

use std::sync::Arc;

use super::{Cursor, Flow, Scheduler, SchedulerClass, ServerChange, is_usable};
use crate::service::RealServer;

#[derive(Clone, Debug, Default)]
pub(super) struct RoundRobin {
    /// The server chosen last; None is the head of the list itself, before the first server.
    last: Option<usize>,
}

impl Scheduler for RoundRobin {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::RoundRobin { weighted: false }
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], _flow: &Flow) -> Option<usize> {
        let start = self.last.map_or(0, |last| last + 1);
        let chosen = (start..servers.len()).chain(0..start).find(|&at| is_usable(&servers[at]))?;
        self.last = Some(chosen);
        Some(chosen)
    }

    fn servers_changed(&mut self, _servers: &[Arc<RealServer>], change: ServerChange) {
        match (change, self.last) {
            (ServerChange::Added, Some(last)) => self.last = Some(last + 1),
            // A removed server hands the position to its predecessor.
            (ServerChange::Removed(at), Some(last)) if at <= last => self.last = last.checked_sub(1),
            (ServerChange::Added | ServerChange::Edited(_) | ServerChange::Removed(_), _) => {}
        }
    }

    fn cursor(&self) -> Option<Cursor> {
        Some(Cursor { last: self.last, weight: 0 })
    }

    fn resume(&mut self, cursor: Cursor) {
        self.last = cursor.last;
    }
}
