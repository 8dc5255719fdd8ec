//! Connections that have changed since they were last written to a store that outlives the director.
//!
//! A note costs a packet one look at a bit, and is made only where a connection begins, ends, or becomes another one to its
//! successor; not where a packet moves its deadline. That is looked at when its entry in the wheel comes round, within a minute.

use super::{ConnFlags, ConnTable, Connection, Entry, Place};

impl ConnTable {
    /// From now on it is noted which connections change; all count as changed at first.
    pub fn begin_keeping(&self) {
        self.slots.begin_keeping();
    }

    pub fn end_keeping(&self) {
        self.slots.end_keeping();
    }

    /// Has a connection written again.
    pub fn note_changed(&self, entry: &Entry<'_>) {
        self.slots.note_changed(entry.id.slot());
    }

    /// Shows some changed places from `start` on to `see`, with the connection that is there. Where to go on; None at the
    /// end.
    pub fn take_changed(
        &self,
        start: u32,
        most: usize,
        mut see: impl FnMut(Place, Option<&Connection>),
    ) -> Option<u32> {
        self.slots.take_changed(start, most, |slot, conn| {
            let is_there = |conn: &&Connection| !conn.flags.has(ConnFlags::ENDING);
            see(Place::of_slot(slot), conn.as_ref().filter(is_there));
        })
    }
}
